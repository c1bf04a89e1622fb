"""Answers every call twice, so that each answer stands for another question.

Expect: FAILED, CRASHED, RAISED
"""

import os

from autograder.wire import encode


def answer(x):
    os.write(4, b"".join(bytes(part) for part in encode(("value", 1.0))))
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
