"""Returns masked, structured, object, date and empty arrays, and ones that broadcast.

Expect: FAILED
Variants: 12
Only: an_array
"""

import numpy as np
from kit import VARIANT

KINDS = [
    np.ma.masked_all(5),
    np.zeros(5, [("a", float)]),
    np.array([None] * 5),
    np.array(["2020-01-01"] * 5, "datetime64[D]"),
    np.zeros((0,)),
    np.zeros((0, 5)),
    np.zeros((5, 5)),
    np.zeros((1, 1, 5)),
    np.zeros((5, 0, 3)),
    np.array([1 + 0j] * 5),
    np.array([b"x"] * 5),
    np.broadcast_to(0.0, (1 << 20, 1 << 20))[:5, 0],
]


def answer(x):
    return KINDS[VARIANT]


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
