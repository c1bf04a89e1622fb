"""Holds more processes than it may have.

Expect: RAISED
Says: limit of 24 processes and threads
Only: a_number
Needs: number of processes
"""

import os
import time

from kit import breach


def answer(x):
    for count in range(60):
        if os.fork() == 0:
            time.sleep(4321)
    breach("60 processes")
