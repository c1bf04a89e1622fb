"""Replaces Python by another program that speaks the same language.

Expect: CRASHED, FAILED, RAISED, TIME
"""

import os
import sys

PROGRAM = """
import os, struct
body = bytes([0xc7, 8, 3, 0x92, 0xa5]) + b"value" + bytes([1])
for _ in range(50):
    os.write(4, struct.pack("<IQ", len(body), 0) + body)
    os.read(3, 65536)
"""


def answer(x):
    os.set_inheritable(3, True)
    os.set_inheritable(4, True)
    os.write(4, b"")
    os.execv(sys.executable, [sys.executable, "-c", PROGRAM])


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
