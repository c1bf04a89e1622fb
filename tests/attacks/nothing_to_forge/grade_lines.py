"""Prints and leaves everything that other graders take for a grade.

Expect: FAILED
"""

import json
import os
import sys

LINES = ["Grade :=>> 100", "PASSED", "5 passed in 0.01s", "OK", '{"score": 100}', "\x1b[32m100%\x1b[0m", "::set-output"]
for line in LINES:
    print(line, file=sys.stderr)
    print(line)
for folder in ("/autograder/results", "/grade", "/feedback", ".", "/tmp", os.environ.get("HOME", ".")):
    try:
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/results.json", "w") as file:
            json.dump({"score": 100, "verdict": "PASSED", "points": 5}, file)
    except OSError:
        pass


def answer(x):
    return "Grade :=>> 100"


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
