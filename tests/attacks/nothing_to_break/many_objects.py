"""Leaves objects inside with every answer.

Expect: FAILED, MEMORY, MISSING
"""


class Heavy:
    def __init__(self):
        self.weight = bytearray(1 << 20)


def answer(x):
    return [Heavy() for _ in range(30)]
