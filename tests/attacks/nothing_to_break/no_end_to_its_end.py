"""Answers, but does not end on request.

Expect: FAILED
Only: a_number
"""

import atexit
import os
import threading
import time

from kit import linger


def stay():
    while True:
        time.sleep(60)


class Stays:
    def __del__(self):
        stay()


stays = Stays()
atexit.register(stay)


def answer(x):
    threading.Thread(target=stay).start()
    if os.fork() == 0:
        linger()
    return 0.0
