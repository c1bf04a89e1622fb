"""Ends Python with status 0 while it is imported.

Expect: CRASHED
Says: Python ended with exit code 0 in `import hw`
"""

import os

os._exit(0)
