"""Replaces the functions of the worker that carries its answers.

Expect: FAILED, CRASHED
"""

import sys

from kit import main_module

worker = main_module()
if worker:
    worker.to_plain = lambda value, *rest, **named: {"verdict": "PASSED", "points": 5, "fraction": 1.0}
    worker.describe = lambda *rest: {"verdict": "PASSED", "kind": "CheckFailed", "open": True}
for name in ("autograder.wire", "autograder.wire.reading"):
    if wire := sys.modules.get(name):
        wire.decode = wire.decode_request = lambda *rest, **named: ("get", "hw", "secret")


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
