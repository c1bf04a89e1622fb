"""Burns time in children that end quickly, one after the other.

Expect: TIME
Says: CPU time limit of 1 s reached in `answer`
Only: a_number
"""

import os
import time


def answer(x):
    while True:
        if os.fork() == 0:
            end = time.process_time() + 0.05
            while time.process_time() < end:
                pass
            os._exit(0)
        os.wait()
