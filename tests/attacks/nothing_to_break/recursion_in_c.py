"""Calls itself without end where Python does not count, until the stack is full.

Expect: CRASHED, RAISED, MEMORY
Only: a_number
"""

import sys


def answer(x):
    sys.setrecursionlimit(1 << 30)

    class Deep:
        def __getattr__(self, name):
            return getattr(self, name)

        __repr__ = lambda self: repr([self])

    return repr(Deep())
