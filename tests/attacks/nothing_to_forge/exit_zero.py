"""Ends Python with status 0 inside every call, as if all had gone well.

Expect: CRASHED
Says: Python ended with exit code 0 in `answer`
"""

import os


def answer(x):
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
