"""Sends its answer one byte at a time.

Expect: TIME
Says: Time limit of 3 s reached in `answer`
Only: a_number
"""

import os
import struct
import time


def answer(x):
    for byte in struct.pack("<IQ", 1 << 20, 0) + bytes(1 << 20):
        os.write(4, bytes([byte]))
        time.sleep(0.05)
