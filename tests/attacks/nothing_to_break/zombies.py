"""Leaves dead children that nobody waits for.

Expect: RAISED, FAILED, TIME
Only: a_number
"""

import os


def answer(x):
    for _ in range(200):
        if os.fork() == 0:
            os._exit(0)
    return 0.0
