"""Returns values that are endless, cyclic, deep, or larger than they look.

Expect: FAILED, RAISED, OUTPUT, MEMORY, TIME
Only: a_number
Variants: 9
"""

import itertools

import numpy as np
from kit import VARIANT

cyclic = []
cyclic.append(cyclic)
looped = {}
looped["self"] = looped
deep = []
for _ in range(100_000):
    deep = [deep]
holds_itself = np.empty(1, object)
holds_itself[0] = holds_itself
shared = ["x"]
for _ in range(60):
    shared = [shared, shared]
VALUES = [
    cyclic,
    looped,
    deep,
    holds_itself,
    shared,
    itertools.count(),
    range(1 << 60),
    1 << (1 << 22),
    (set(range(1 << 21)),),
]


def answer(x):
    return VALUES[VARIANT]
