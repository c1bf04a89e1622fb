"""Fills /dev/shm.

Expect: RAISED, MEMORY, FAILED, OUTPUT
Only: a_number
"""

from kit import breach


def answer(x):
    written = 0
    try:
        for number in range(60):
            with open(f"/dev/shm/f{number}", "wb", buffering=0) as file:
                written += file.write(bytes(4 << 20))
    finally:
        if written > 64 << 20:
            breach(f"{written >> 20} MiB in /dev/shm")
