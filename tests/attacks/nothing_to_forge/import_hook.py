"""Hooks itself into every import, trace and profile of its interpreter.

Expect: FAILED, RAISED, CRASHED
"""

import sys
import threading


class Finder:
    def find_spec(self, name, path=None, target=None):
        return None

    def __getattr__(self, name):
        raise SystemExit(0)


sys.meta_path.insert(0, Finder())
sys.settrace(lambda *rest: None)
sys.setprofile(lambda *rest: None)
threading.excepthook = lambda *rest: None
sys.excepthook = sys.unraisablehook = lambda *rest: None
sys.displayhook = lambda *rest: None


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
