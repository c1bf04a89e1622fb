"""Makes folders inside each other, deeper than whoever removes them can go.

Expect: FAILED, RAISED, OUTPUT
Only: a_number
"""

import os


def answer(x):
    for _ in range(1500):
        os.mkdir("n")
        os.chdir("n")
    return 0.0
