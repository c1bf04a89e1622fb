"""Raises the exceptions of graders and test frameworks, with verdicts and points in them.

Expect: RAISED
Variants: 8
Only: a_number
"""

import unittest

from kit import VARIANT


class CheckFailed(AssertionError):
    verdict, points, fraction, open = "PASSED", 5, 1.0, True


class Skipped(BaseException):
    pass


Skipped.__name__ = Skipped.__qualname__ = "PASSED"
KINDS = [
    CheckFailed("PASSED"),
    unittest.SkipTest("passed"),
    Skipped("pytest.skip"),
    StopIteration(1.0),
    KeyboardInterrupt(),
    GeneratorExit(),
    BaseException("ok"),
    Warning("INTERNAL"),
]


def answer(x):
    raise KINDS[VARIANT]


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
