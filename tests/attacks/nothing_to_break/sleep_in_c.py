"""Sleeps in C with the interpreter's lock held and every signal blocked.

Expect: TIME
Says: Time limit of 3 s reached in `answer`
Only: a_number
"""

import ctypes
import signal


def answer(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    ctypes.PyDLL(None).sleep(4321)
