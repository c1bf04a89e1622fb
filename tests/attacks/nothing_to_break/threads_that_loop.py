"""Lets many threads without the interpreter's lock use every processor.

Expect: TIME
Says: CPU time limit of 1 s reached in `answer`
Only: a_number
"""

import threading
import time
import zlib

DATA = b"x" * (1 << 22)


def work():
    while True:
        zlib.compress(DATA)


def answer(x):
    for _ in range(10):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(4321)
