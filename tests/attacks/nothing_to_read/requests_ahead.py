"""Reads on in the pipe of requests, for what the grader will ask next and why.

Expect: CRASHED, TIME, MISSING
Only: a_number
"""

import os

from kit import look_for_secrets


def answer(x):
    os.set_blocking(3, False)
    try:
        look_for_secrets(os.read(3, 1 << 20), "requests")
    except BlockingIOError:
        pass
    os.set_blocking(3, True)
    look_for_secrets(os.read(3, 1 << 20), "requests")
    return 0.0
