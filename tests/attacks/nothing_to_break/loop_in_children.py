"""Spreads endless loops over children, so that no process reaches the CPU limit alone.

Expect: TIME
Says: CPU time limit of 1 s reached in `answer`
Only: a_number
"""

import os
import time


def answer(x):
    for _ in range(12):
        if os.fork() == 0:
            while True:
                pass
    time.sleep(4321)
