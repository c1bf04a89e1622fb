"""Fills its scratch space, and every other place that can be written.

Expect: RAISED, OUTPUT
Says: 8 MiB
Only: a_number
Needs: scratch space
"""

import time

from kit import breach


def answer(x):
    for number in range(40):
        with open(f"full{number}", "wb", buffering=0) as file:
            file.write(bytes(1 << 20))
        time.sleep(0.05)
    breach("40 MiB of scratch space")
