"""Puts data where no process's memory counts it: anonymous files, shared segments, pipes, sockets.

Expect: FAILED, RAISED, MEMORY
Only: a_number
"""

import os
import socket

from kit import breach, libc


def answer(x):
    held = 0
    for number in range(20):
        try:
            file = os.memfd_create(str(number))
            held += os.write(file, bytes(1 << 22))
        except OSError:
            break
    for _ in range(8):
        segment = libc.shmget(0, 32 << 20, 0o1600)
        if segment >= 0:
            held += 32 << 20
    try:
        for _ in range(12):
            one, other = socket.socketpair()
            one.setblocking(False)
            one.send(bytes(1 << 22))
    except OSError:
        pass
    if held > 64 << 20:
        breach(f"{held >> 20} MiB held by nobody")
    return 0.0
