"""Leaves children behind: forked twice, in their own session, deaf to signals, in another program.

Expect: FAILED, RAISED
Only: a_number
"""

import os
import subprocess

from kit import TOKEN, linger


def answer(x):
    for _ in range(3):
        if os.fork() == 0:
            try:
                os.setsid()
            except OSError:
                pass
            if os.fork() == 0:
                linger()
            os._exit(0)
        os.wait()
    for command in (
        ["sh", "-c", f"exec -a {TOKEN} sleep 4321 &"],
        ["setsid", "sh", "-c", f": {TOKEN}; sleep 4321; : {TOKEN}"],
    ):
        try:
            subprocess.Popen(command, stdin=subprocess.DEVNULL)
        except OSError:
            pass
    return 0.0
