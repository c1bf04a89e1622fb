"""Calls itself without end.

Expect: RAISED
Says: RecursionError
Only: a_number
"""


def answer(x):
    return answer(x)
