"""Returns more than an answer may hold.

Expect: OUTPUT
Says: An answer larger than 2 MiB came in `answer`
Only: a_number
"""

import numpy as np


def answer(x):
    return np.ones(1 << 20)
