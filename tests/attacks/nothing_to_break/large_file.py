"""Writes a file that is larger than it may be.

Expect: RAISED
Says: limit of 4 MiB for a file
Only: a_number
"""

from kit import breach


def answer(x):
    with open("large", "wb", buffering=0) as file:
        for _ in range(6):
            file.write(bytes(1 << 20))
    breach("6 MiB in one file")
