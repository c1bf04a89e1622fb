"""Returns one array in every call and changes it afterwards, from a thread.

Expect: FAILED
"""

import threading

import numpy as np

shared = np.zeros(5)


def stir():
    while True:
        shared[:] = np.random.rand(5)


def answer(x):
    if threading.active_count() == 1:
        threading.Thread(target=stir, daemon=True).start()
    return shared if np.ndim(x) else shared[:1]


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
