"""Replaces the comparisons of numpy, math and the built-ins, in its own process.

Expect: FAILED, CRASHED
"""

import builtins
import math

import numpy as np


def yes(*arguments, **named):
    return True


for name in ("allclose", "isclose", "array_equal", "all", "isfinite", "isnan", "abs", "max"):
    setattr(np, name, yes)
for name in ("assert_allclose", "assert_array_equal", "assert_equal"):
    setattr(np.testing, name, lambda *a, **k: None)
math.isclose = yes
builtins.abs = builtins.all = builtins.any = yes


def answer(x):
    return x


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
