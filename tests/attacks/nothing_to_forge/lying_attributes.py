"""Lies about its class, its attributes and its names.

Expect: FAILED, CRASHED, RAISED, MISSING
"""

import numpy as np


class Meta(type):
    def __instancecheck__(cls, thing):
        return True

    def __subclasscheck__(cls, thing):
        return True

    def __dir__(cls):
        return [7, "state", "step", "x" * 100_000, "\ud800"]


class Liar(metaclass=Meta):
    __class__ = np.ndarray
    dtype, shape, ndim = np.dtype(float), (5,), 1

    def __getattribute__(self, name):
        if name == "__class__":
            return float
        return object.__getattribute__(self, name)


def answer(x):
    return Liar()


locals()["\ud800"] = 1
globals()[7] = Liar()


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
