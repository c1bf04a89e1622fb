"""Sends frames that are cut, endless, empty, nested, or announce more than they bring.

Expect: CRASHED, OUTPUT, TIME
Variants: 11
Only: a_number
"""

import os
import struct

from kit import VARIANT

FRAMES = [
    struct.pack("<IQ", 0, 0),
    struct.pack("<IQ", 0xFFFFFFFF, 0),
    struct.pack("<IQ", 1, 1 << 63),
    struct.pack("<IQ", 5, 0) + b"\x91" * 5,
    struct.pack("<IQ", 60_000, 0) + b"\x91" * 60_000,
    struct.pack("<IQ", 5, 0) + b"\xdd\xff\xff\xff\xff",
    struct.pack("<IQ", 5, 0) + b"\xdf\xff\xff\xff\xff",
    struct.pack("<IQ", 6, 0) + b"\xc9\xff\xff\xff\xff\x01",
    struct.pack("<IQ", 1, 0) + b"\xc1",
    struct.pack("<IQ", 8, 1 << 19) + b"\x92\xa5value\xc0",
    b"\0" * 7,
]


def answer(x):
    os.write(4, FRAMES[VARIANT])
    os._exit(0)


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
