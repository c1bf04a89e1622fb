"""Calls replaced parts forever, with giant arguments, and so that the reference itself never ends or fills its memory.

Target: substitution
Only: replaced
Expect: TIME, MEMORY, OUTPUT
Variants: 5
"""

import threading

import numpy
from kit import VARIANT


def answer(x):
    return 0.0


def table(n):
    return []


def total(x):
    if VARIANT == 0:
        while True:
            answer(x)
    if VARIANT == 1:
        return answer(numpy.ones(1 << 22))
    if VARIANT == 2:
        return table(1 << 40)
    if VARIANT == 3:
        while True:
            answer(numpy.ones(1 << 17))
    for _ in range(8):
        threading.Thread(target=total_of_a_thread, daemon=True).start()
    while True:
        answer(x)


def total_of_a_thread():
    while True:
        answer(1.0)
