"""Raises SystemExit(0), also from where nobody looks.

Expect: RAISED
"""

import sys


class Last:
    def __del__(self):
        sys.exit(0)


last = Last()


def answer(x):
    global last
    del last
    last = Last()
    sys.exit(0)


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
