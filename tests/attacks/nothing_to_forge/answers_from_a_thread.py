"""Lets a thread go on writing answers after its call has returned.

Expect: FAILED, CRASHED, RAISED
"""

import os
import threading
import time

from autograder.wire import encode


def go_on():
    frame = b"".join(bytes(part) for part in encode(("value", 1.0)))
    for _ in range(200):
        os.write(4, frame)
        time.sleep(0.001)


def answer(x):
    threading.Thread(target=go_on, daemon=True).start()
    return 2.0


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
