"""Asks numpy for much more memory than there is.

Expect: MEMORY
Says: Memory limit of 192 MiB reached in `answer`
Only: a_number
"""

import numpy as np


def answer(x):
    return np.ones((1 << 20, 1 << 10)).sum()
