"""Answers again, and exits with 0, when Python ends.

Expect: FAILED
"""

import atexit
import os


def forge():
    os.write(4, b"\0" * 24)
    os._exit(0)


atexit.register(forge)


def answer(x):
    return 1.0


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
