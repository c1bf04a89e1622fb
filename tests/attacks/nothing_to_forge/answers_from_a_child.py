"""Leaves a child that takes the requests over and answers in its place.

Expect: FAILED, CRASHED, RAISED, TIME
"""

import os

from autograder.wire import encode


def answer(x):
    if os.fork() == 0:
        frame = b"".join(bytes(part) for part in encode(("value", True)))
        for _ in range(50):
            os.read(3, 1 << 16)
            os.write(4, frame)
        os._exit(0)
    os._exit(0)


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
