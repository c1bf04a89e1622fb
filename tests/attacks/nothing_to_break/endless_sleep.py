"""Sleeps, and costs no CPU time.

Expect: TIME
Says: Time limit of 3 s reached in `answer`
Only: a_number
"""

import time


def answer(x):
    time.sleep(4321)
