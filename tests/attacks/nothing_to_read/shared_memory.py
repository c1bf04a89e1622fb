"""Looks for memory and semaphores that others share."""

import os

from kit import breach, libc, look_for_secrets, read

for folder in ("/dev/shm", "/dev/mqueue", "/run/shm"):
    try:
        for name in os.listdir(folder):
            look_for_secrets(read(f"{folder}/{name}"), folder)
            breach(f"{folder}/{name} is not mine")
    except OSError:
        pass
for kind in ("shm", "sem", "msg"):
    if len(read(f"/proc/sysvipc/{kind}").splitlines()) > 1:
        breach(f"System V objects ({kind}) of others")
if libc.shmget(0x1234, 4096, 0o1666) >= 0:
    breach("a shared memory segment that outlives this submission")
