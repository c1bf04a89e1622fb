"""Hangs while it is imported, in the hope that each check waits for it anew.

Expect: TIME
Says: Time limit of 3 s reached in `import hw`
"""

import time

time.sleep(60)
