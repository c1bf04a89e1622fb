"""Prints without end, on every way out.

Expect: OUTPUT
Says: More than 128 KiB printed in `answer`
Only: a_number
"""

import os


def answer(x):
    while True:
        os.write(1, b"x" * 65536)
        os.write(2, b"y" * 65536)
