"""Holds memory in grandchildren whose parents have ended.

Expect: MEMORY
Says: Memory limit of 192 MiB reached in `answer`
Only: a_number
"""

import os
import time


def answer(x):
    for _ in range(4):
        if os.fork() == 0:
            if os.fork() == 0:
                kept = b"x" * (90 << 20)
                time.sleep(4321)
            os._exit(0)
        os.wait()
    time.sleep(4321)
