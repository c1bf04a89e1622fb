"""Reads, changes and removes message queues, semaphores and shared segments of the host: System V's and POSIX's.

Expect: MISSING
"""

import ctypes
import os

from kit import TOKEN, breach, libc, look_for_secrets, read

PAGE = ctypes.create_string_buffer(1 << 14)
libc.shmat.restype = ctypes.c_void_p
IPC_RMID, IPC_STAT, SHM_STAT_ANY, MSG_STAT_ANY, SEM_STAT_ANY, IPC_NOWAIT = 0, 2, 15, 13, 20, 0o4000

for number in range(64):
    for name, result in (
        ("shmctl", libc.shmctl(number, SHM_STAT_ANY, PAGE)),
        ("msgctl", libc.msgctl(number, MSG_STAT_ANY, PAGE)),
        ("semctl", libc.semctl(number, 0, SEM_STAT_ANY, PAGE)),
        ("msgrcv", libc.msgrcv(number, PAGE, 4096, 0, IPC_NOWAIT)),
        ("removal of a queue", libc.msgctl(number, IPC_RMID, 0)),
        ("removal of a semaphore", libc.semctl(number, 0, IPC_RMID, 0)),
        ("removal of a segment", libc.shmctl(number, IPC_RMID, 0)),
    ):
        if result >= 0:
            breach(name)
            look_for_secrets(PAGE.raw.decode("latin-1"), name)
    if (address := libc.shmat(number, 0, 0)) not in (None, ctypes.c_void_p(-1).value):
        breach("a shared segment")
        look_for_secrets(ctypes.string_at(address, 64).decode("latin-1"), "a shared segment")
for key in (0xA0706, 0):
    for name, result in (
        ("msgget", libc.msgget(key, 0o666)),
        ("semget", libc.semget(key, 1, 0o666)),
        ("shmget", libc.shmget(key, 64, 0o666)),
    ):
        if result >= 0:
            breach(name)
for name in (TOKEN.encode(), b"/" + TOKEN.encode()):
    queue = libc.syscall(240, name, os.O_RDWR | os.O_NONBLOCK, 0, 0)
    if queue >= 0:
        breach("mq_open")
        libc.syscall(243, queue, PAGE, 1 << 13, 0, 0)
        look_for_secrets(PAGE.raw.decode("latin-1"), "a queue")
    if libc.syscall(241, name) >= 0:
        breach("mq_unlink")
semaphore = f"/dev/shm/sem.{TOKEN}"
look_for_secrets(read(semaphore), semaphore)
for what, call in (("written", lambda: open(semaphore, "r+")), ("removed", lambda: os.unlink(semaphore))):
    try:
        call()
        breach(f"{semaphore} {what}")
    except OSError:
        pass
