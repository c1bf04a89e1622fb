"""Forks without end.

Expect: CRASHED, FAILED, RAISED, TIME, MEMORY
Only: a_number
"""

import os


def answer(x):
    while True:
        try:
            os.fork()
        except OSError:
            pass
