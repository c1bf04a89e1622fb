"""Returns NaN, infinities and numbers that overflow, alone and in arrays.

Expect: FAILED
Variants: 7
"""

import numpy as np
from kit import VARIANT


def answer(x):
    bad = [float("nan"), float("inf"), -float("inf"), 10**400, -(1 << 70), 1e308 * 10, complex(0, 1e-9)][VARIANT]
    return np.full(np.shape(x), bad) if np.ndim(x) and not isinstance(bad, int) else bad


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
