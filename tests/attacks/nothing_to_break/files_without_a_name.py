"""Writes to files that it has removed, and into folders that nobody may look into.

Expect: RAISED, OUTPUT
Says: 8 MiB | PermissionError
Only: a_number
Needs: scratch space
Variants: 2
"""

import os
import time

from kit import VARIANT, breach


def answer(x):
    kept = []
    if VARIANT:
        os.mkdir("closed", 0o300)
        os.chdir("closed")
    for number in range(40):
        file = open(f"full{number}", "wb", buffering=0)
        if not VARIANT:
            os.unlink(f"full{number}")
        kept.append(file)
        file.write(bytes(1 << 20))
        time.sleep(0.05)
    breach("40 MiB that nobody sees")
