"""Holds memory in children whose first thread has ended, where the kernel shows none.

Expect: MEMORY
Says: Memory limit of 192 MiB reached in `answer`
Only: a_number
"""

import os
import threading
import time

from kit import libc


def hold():
    kept = b"x" * (90 << 20)
    time.sleep(4321)


def answer(x):
    for _ in range(4):
        if os.fork() == 0:
            threading.Thread(target=hold).start()
            time.sleep(0.05)
            libc.syscall(60, 0)
    time.sleep(4321)
