"""Tries to make its own failure look like a fault of the grader, which costs nothing.

Expect: CRASHED, RAISED, FAILED
"""

import os
import struct


class SandboxError(Exception):
    verdict = "INTERNAL"


def answer(x):
    message = b"\x83\xa5fault\xa4gone\xa7verdict\xa8INTERNAL\xa4open\xc3"
    os.write(4, struct.pack("<IQ", len(message), 0) + message)
    raise SandboxError("No sandbox: the forkserver of the sandbox does not answer")


def word(number):
    return answer(number)


def classify(X):
    return answer(X)


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
