"""Holds more threads than it may have.

Expect: RAISED
Says: limit of 24 processes and threads
Only: a_number
Needs: number of processes
"""

import threading
import time

from kit import breach


def answer(x):
    for count in range(60):
        threading.Thread(target=time.sleep, args=(4321,), daemon=True).start()
    breach("60 threads")
