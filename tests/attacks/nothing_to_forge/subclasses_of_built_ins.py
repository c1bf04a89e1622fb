"""Returns subclasses of float, str, list and dict that agree with everything.

Expect: FAILED
Variants: 4
"""

from kit import VARIANT


class Agrees:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None

    def __lt__(self, other):
        return True

    __gt__ = __le__ = __ge__ = __lt__

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__


class Number(Agrees, float):
    pass


class Text(Agrees, str):
    pass


class Many(Agrees, list):
    pass


class Map(Agrees, dict):
    pass


def answer(x):
    return [Number(1.0), Text("word"), Many([Number(1.0)]), Map(a=1)][VARIANT]


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
