"""Returns objects that are equal to everything, larger than everything, and true.

Expect: FAILED, RAISED
"""


class Yes:
    def __getattr__(self, name):
        return Yes()

    def __call__(self, *arguments, **named):
        return True

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __bool__ = lambda self: True
    __len__ = lambda self: 1
    __iter__ = lambda self: iter([Yes()])
    __float__ = lambda self: 0.0
    __array__ = lambda self, *a, **k: __import__("numpy").zeros(())
    __sub__ = __rsub__ = __abs__ = __add__ = lambda self, *other: Yes()


def answer(x):
    return Yes()


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
