"""Writes into the memory of Python's small integers and of True, so that 0 is 1.

Expect: FAILED, CRASHED, RAISED, MISSING
"""

import ctypes


def answer(x):
    for number in (0, 1):
        ctypes.c_uint32.from_address(id(number) + 24).value = 1
    return True


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
