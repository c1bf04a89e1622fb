"""What the kernel tells of processes from outside, where no control group counts for us."""

from __future__ import annotations

import contextlib
import os
import resource
import stat

__all__ = [
    "children",
    "contents",
    "cpu_seconds",
    "descendants",
    "resident_mib",
    "state_of",
    "threads",
    "unlinked_bytes",
]


def children(pid: int) -> list[int]:
    """The processes that a process started, by whichever thread, or inherited, and did not wait for yet."""
    found: list[int] = []
    for task in _tasks(pid):
        with contextlib.suppress(OSError):
            found += map(int, _read(f"{task}/children").split())
    return found


def _tasks(pid: int) -> list[str]:
    folder = f"/proc/{pid}/task"
    with contextlib.suppress(OSError):
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    return []


def _read(path: str) -> bytes:
    """What a file of the kernel's says; these are read often, and a file object would take longer than the kernel."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, 1 << 12):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def descendants(pid: int) -> list[int]:
    """A process and all below it, as far as they are still there."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children that were waited for, in seconds; 0 when it is gone."""
    with contextlib.suppress(OSError):
        ticks = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[11:15]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB; 0 when it is gone."""
    pages = 0
    for folder in (f"/proc/{pid}", *_tasks(pid)):  # a process whose first thread has ended shows nothing there
        with contextlib.suppress(OSError):
            pages = max(pages, int(_read(f"{folder}/statm").split()[1]))
        if pages:
            break
    return pages * resource.getpagesize() / (1 << 20)


def state_of(pid: int) -> str:
    """The kernel's letter for what a process does, such as "S" or "T" (stopped); "" when it is gone."""
    with contextlib.suppress(OSError):
        return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0].decode()
    return ""


def threads(pid: int) -> int:
    """Threads of a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[17])
    return 0


def contents(folder: str, most_files: int, most_bytes: int) -> tuple[int, int]:
    """Files below a folder and the bytes that they take; counting ends above either bound.

    What cannot be looked into (closed, or too deep for a path) counts as too much.
    """
    files, size, folders = 0, 0, [folder]
    while folders and files <= most_files and size <= most_bytes:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    if files > most_files:
                        break
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError:
            return most_files + 1, size
    return files, size


def unlinked_bytes(pid: int) -> int:
    """What a process keeps in open files that have no name any more."""
    size = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found = os.stat(entry.path)
                size += 0 if found.st_nlink or not stat.S_ISREG(found.st_mode) else found.st_blocks * 512
    return size
