"""Opens more files than it may.

Expect: RAISED
Says: limit of 64 open files
Only: a_number
"""

from kit import breach


def answer(x):
    kept = [open("/dev/null") for _ in range(200)]
    breach(f"{len(kept)} open files")
