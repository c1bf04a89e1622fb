"""Looks into the memory of every process that it sees, and for one that is less confined than itself.

Expect: MISSING
"""

import os

from kit import breach, libc

try:
    others = {1, *(int(name) for name in os.listdir("/proc") if name.isdigit())} - {os.getpid()}
except OSError:
    others = {1, 2}
for pid in sorted(others):
    for name, flags in (("mem", os.O_RDWR), ("mem", os.O_RDONLY), ("environ", os.O_RDONLY), ("maps", os.O_RDONLY)):
        try:
            descriptor = os.open(f"/proc/{pid}/{name}", flags)
        except OSError:
            continue
        try:
            os.read(descriptor, 1) if name != "mem" else None
            breach(f"/proc/{pid}/{name}")
        except OSError:
            pass
        os.close(descriptor)
    for name in ("cwd", "root", "exe", "ns/user"):
        try:
            os.readlink(f"/proc/{pid}/{name}")
            breach(f"/proc/{pid}/{name}")
        except OSError:
            pass
    try:
        os.listdir(f"/proc/{pid}/fd")
        breach(f"/proc/{pid}/fd")
    except OSError:
        pass
    if libc.ptrace(16, pid, 0, 0) == 0 or libc.ptrace(0x4206, pid, 0, 0) == 0:
        breach(f"attached to {pid}")
    try:
        status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    except OSError:
        continue
    if status["NoNewPrivs"].strip() != "1" or status["Seccomp"].strip() != "2":
        breach(f"no filter around process {pid}")
    if any(int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")):
        breach(f"process {pid} has capabilities")
    groups = [open(f"/proc/{each}/cgroup").read() for each in ("self", pid)]
    if groups[0] != groups[1]:
        breach(f"process {pid} is in other control groups")
