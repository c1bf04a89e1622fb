"""Returns an array whose class decides every comparison of numpy.

Expect: FAILED
"""

import numpy as np


class Agrees(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        shape = np.broadcast_shapes(*(np.shape(each) for each in inputs))
        return (
            np.ones(shape, bool) if ufunc.__name__ in ("equal", "less", "less_equal", "isfinite") else np.zeros(shape)
        )

    def __array_function__(self, function, types, arguments, named):
        return True

    def __eq__(self, other):
        return True


def answer(x):
    return np.zeros(np.shape(x)).view(Agrees)


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
