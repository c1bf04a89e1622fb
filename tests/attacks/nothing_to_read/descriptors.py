"""Reads every open file descriptor, and opens those of other processes again."""

import glob
import os
import stat

from kit import breach, look_for_secrets, read

for number in range(2, 1024):
    try:
        kind = os.fstat(number).st_mode
    except OSError:
        continue
    if number > 4:
        breach(f"descriptor {number} is open: {os.readlink(f'/proc/self/fd/{number}')}")
    if stat.S_ISSOCK(kind) or stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        breach(f"descriptor {number} is more than a pipe")
for path in glob.glob("/proc/[0-9]*/fd/*"):
    if path.split("/")[2] != str(os.getpid()):
        look_for_secrets(read(path, 4096), path)
