"""What the kernel tells of processes from outside, where no control group counts for us."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

__all__ = ["children", "contents", "cpu_seconds", "descendants", "resident_mib", "threads"]


def children(pid: int) -> list[int]:
    """The processes that a process of one thread started, or inherited, and did not wait for yet."""
    with contextlib.suppress(OSError):
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return []


def descendants(pid: int) -> list[int]:
    """A process and all below it, as far as they are still there."""
    found = [pid]
    for parent in found:
        found += children(parent)
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


def threads(pid: int) -> int:
    """Threads of a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[17])
    return 0


def contents(folder: str, most_files: int, most_bytes: int) -> tuple[int, int]:
    """Files below a folder and the bytes that they take; counting ends above either bound."""
    files, size, folders = 0, 0, [folder]
    while folders and files <= most_files and size <= most_bytes:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                files += 1
                with contextlib.suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                if files > most_files:
                    break
    return files, size
