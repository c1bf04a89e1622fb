"""Uses most of the CPU time in each call and dies, so that the next sandbox would have all of it again.

Expect: CRASHED, TIME
Says: earlier checks of this question used up the CPU time limit of 1 s | s of it went into earlier calls
Variants: 2
"""

import os
import time

import kit


def answer(x):
    until = time.process_time() + 0.7
    while time.process_time() < until:
        pass
    if kit.VARIANT:
        os.kill(os.getpid(), 9)
    os._exit(0)


word = classify = Model = answer
