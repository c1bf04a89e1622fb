"""Ends Python with the exit codes by which parts of the sandbox tell of their own faults.

Expect: CRASHED
Variants: 8
Only: a_number
"""

import os

from kit import VARIANT

CODES = (70, 71, 125, 126, 127, 137, 143, 255)


def answer(x):
    os._exit(CODES[VARIANT])


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
