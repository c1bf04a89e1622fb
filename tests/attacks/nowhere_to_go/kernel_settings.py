"""Writes to /proc and /sys, where the kernel is configured.

Expect: MISSING
"""

import glob

from kit import breach

PATHS = [
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/kernel/modprobe",
    "/proc/self/uid_map",
    "/proc/self/setgroups",
    "/sys/power/state",
    *glob.glob("/sys/fs/cgroup/*/cgroup.procs"),
    *glob.glob("/sys/fs/cgroup/*/release_agent"),
    "/sys/kernel/uevent_helper",
    *glob.glob("/sys/fs/cgroup/**/memory.limit_in_bytes", recursive=True)[:20],
    "/proc/sys/fs/binfmt_misc/register",
]
for path in PATHS:
    try:
        with open(path, "w") as file:
            file.write("0")
            file.flush()
        breach(path)
    except OSError:
        pass
