"""Looks into /proc of every process but its own: command lines, memory, working folders."""

import os

from kit import GRADER, breach, look_for_secrets, read

own = os.getpid()
others = []
try:
    others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
except OSError:
    pass
for pid in {*others, GRADER, os.getppid(), 1} - {own}:
    for name in ("cmdline", "environ", "maps", "auxv", "stack", "root/etc/passwd"):
        look_for_secrets(read(f"/proc/{pid}/{name}"), f"/proc/{pid}/{name}")
    helper = read(f"/proc/{pid}/cmdline").split("\0")[0] in ("bwrap", "cat")  # of the sandbox; they hold no secret
    if read(f"/proc/{pid}/maps") and not helper:
        breach(f"memory of process {pid}")
    for line in read(f"/proc/{pid}/maps").splitlines():
        start, _, end = line.split()[0].partition("-")
        try:
            with open(f"/proc/{pid}/mem", "rb", 0) as memory:
                memory.seek(int(start, 16))
                look_for_secrets(memory.read(min(int(end, 16) - int(start, 16), 1 << 22)), f"memory of process {pid}")
        except (OSError, ValueError, OverflowError):
            continue
    if any(word in read(f"/proc/{pid}/cmdline") for word in ("pytest", "run.py", "autograder grade")):
        breach(f"process {pid} of the grader: {read(f'/proc/{pid}/cmdline')[:60]!r}")
