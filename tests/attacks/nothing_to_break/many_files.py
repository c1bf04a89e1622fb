"""Makes more files than it may.

Expect: RAISED, OUTPUT, TIME
Says: 2,000 files | CPU time limit
Only: a_number
Needs: scratch space
"""

import time

from kit import breach


def answer(x):
    for number in range(30_000):
        open(f"f{number}", "w").close()
        if number % 50 == 0:
            time.sleep(0.02)
    breach("30,000 files")
