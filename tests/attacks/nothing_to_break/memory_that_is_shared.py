"""Maps shared memory, which no limit on data counts.

Expect: MEMORY, RAISED
Says: Memory limit of 192 MiB reached in `answer` | PermissionError
Only: a_number
"""

import mmap
import time


def answer(x):
    kept = []
    for _ in range(64):
        block = mmap.mmap(-1, 16 << 20)
        block.write(b"x" * (16 << 20))
        kept.append(block)
        time.sleep(0.02)
    time.sleep(4321)
