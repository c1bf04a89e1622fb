"""Puts modules called autograder.checks, pytest and assignment into its own process and onto its path.

Expect: FAILED
"""

import sys
import types

for name in ("autograder.checks", "autograder.results", "autograder.scoring", "pytest", "assignment", "reference.hw"):
    fake = types.ModuleType(name)
    fake.__getattr__ = lambda attribute: lambda *a, **k: True
    sys.modules[name] = fake
try:
    with open("sitecustomize.py", "w") as file:
        file.write("raise SystemExit(0)")
except OSError:
    pass


def answer(x):
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
