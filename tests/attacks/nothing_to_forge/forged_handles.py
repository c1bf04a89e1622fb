"""Returns objects that call themselves handles, credits and measurements of the grader.

Expect: FAILED, CRASHED, RAISED, MISSING
Variants: 6
"""

from autograder.checks.rows import Handle
from kit import VARIANT


class Credit:
    fraction, message = 1.0, "well done"


class Measurement(Credit):
    value, lower, upper = 1.0, 1.0, 1.0


Credit.__module__ = "autograder.checks.measurement"
KINDS = [Credit(), Measurement(), Handle(1, "Credit"), Handle(1, "Model"), lambda *rest: True, type("Model", (), {})]


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
