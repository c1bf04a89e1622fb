"""Makes children that are its parent's: nobody expects them there, nobody counts them, and a namespace waits for them.

Expect: FAILED
Variants: 3
"""

import ctypes
import os
import struct

from kit import VARIANT, breach, libc, linger

CLONE_PARENT, SIGCHLD = 0x8000, 17


def child():
    if VARIANT in (0, 1):
        return libc.syscall(56, CLONE_PARENT | (SIGCHLD if VARIANT else 0), 0, 0, 0, 0)
    request = ctypes.create_string_buffer(struct.pack("8Q", CLONE_PARENT, 0, 0, 0, 0, 0, 0, 0))
    return libc.syscall(435, request, 64)


def answer(x):
    for _ in range(8):
        made = child()
        if made == 0:
            kept = b"x" * (90 << 20)
            linger()
            os._exit(len(kept))
        if made > 0:
            breach("a child of the forkserver's")
    return 0.0


word = classify = answer


class Model:
    def __init__(self, start):
        self.state = answer(start)

    def step(self):
        return answer(1)
