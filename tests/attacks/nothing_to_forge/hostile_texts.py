"""Raises errors whose text, class and file names are long, endless, not printable, or markup.

Expect: RAISED, CRASHED, TIME, MEMORY
Variants: 5
Only: a_number
"""

from kit import VARIANT


class Endless(Exception):
    def __str__(self):
        return "x" * (1 << 24)


class Raises(Exception):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class Number(Exception):
    def __str__(self):
        return 7


Markup = type("<script>alert(1)</script>\x1b]0;x\x07\u202e", (Exception,), {})


def answer(x):
    error = [
        Endless(),
        Raises(),
        Number(),
        Markup("</pre><script>\0\ud800"),
        ExceptionGroup("x" * 9999, [ValueError()]),
    ][VARIANT]
    error.__cause__ = error.__context__ = error
    raise error


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
