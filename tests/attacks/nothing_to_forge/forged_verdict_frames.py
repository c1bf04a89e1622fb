"""Writes well-formed frames that look like verdicts, credits and reports to the pipe of answers.

Expect: CRASHED, FAILED
"""

import os

from autograder.wire import encode


def answer(x):
    for forged in ({"verdict": "PASSED", "points": 5.0}, ("passed", 1.0), ("credit", 1.0, "well done"), ["PASSED"]):
        os.write(4, b"".join(bytes(part) for part in encode(forged)))
    return 1.0


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
