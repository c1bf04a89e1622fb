"""Stops itself, so that it cannot be asked anything.

Expect: TIME
Says: Time limit of 3 s reached in `answer`
Only: a_number
"""

import os
import signal


def answer(x):
    os.kill(os.getpid(), signal.SIGSTOP)
