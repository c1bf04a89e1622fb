"""What the kernel tells of processes from outside, where no control group counts for us."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

__all__ = ["cpu_seconds", "descendants", "resident_mib"]


def descendants(pid: int) -> list[int]:
    """A process and all below it, as far as they are still there."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children that were waited for, in seconds; 0 when it is gone."""
    with contextlib.suppress(OSError):
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB; 0 when it is gone."""
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / (1 << 20)
    return 0.0
