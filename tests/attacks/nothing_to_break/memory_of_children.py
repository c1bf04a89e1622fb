"""Spreads memory over children, none of which is over the limit.

Expect: MEMORY
Says: Memory limit of 192 MiB reached in `answer`
Only: a_number
"""

import os
import time


def answer(x):
    for _ in range(6):
        if os.fork() == 0:
            kept = b"x" * (60 << 20)
            time.sleep(4321)
    time.sleep(4321)
