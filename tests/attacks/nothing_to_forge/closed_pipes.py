"""Closes, swaps and fills the pipes that lead to the grader.

Expect: CRASHED, TIME, RAISED
"""

import os


def answer(x):
    os.dup2(4, 3)
    os.closerange(0, 3)
    os.close(4)
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
