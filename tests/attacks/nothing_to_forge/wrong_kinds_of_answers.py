"""Returns what no check can do anything with, so that the failure looks like the grader's own.

Expect: FAILED, RAISED, SKIPPED, OUTPUT, CRASHED
Variants: 11
"""

import numpy as np

from kit import VARIANT

deep = 1
for _ in range(31):
    deep = [deep]
KINDS = [None, "x", object(), float("nan"), 10**5000, deep, {}, [], np.zeros((1 << 19, 0)), "y" * (1 << 20), b"\xff"]


def answer(x):
    return KINDS[VARIANT]


word = classify = answer


class Model:
    def __init__(self, start):
        self.state = KINDS[VARIANT]

    def step(self):
        return KINDS[VARIANT]
