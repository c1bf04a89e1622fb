"""Forks from a second thread, where the list of children of the first does not show them.

Expect: TIME
Says: CPU time limit of 1 s reached in `answer`
Only: a_number
"""

import os
import threading
import time


def work():
    for _ in range(4):
        if os.fork() == 0:
            while True:
                pass
    time.sleep(4321)


def answer(x):
    threading.Thread(target=work, daemon=True).start()
    time.sleep(4321)
