"""Kills every process that it may signal: group, parent, init, grader.

Expect: CRASHED, FAILED
"""

import os
import signal

from kit import GRADER


def answer(x):
    own = os.getpid()
    for target in (-1, GRADER, os.getppid(), 1, 2, 3, *range(2, 60)):
        if target not in (own, 0):
            for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(target, number)
                except OSError:
                    pass
    os.killpg(0, signal.SIGKILL)
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
