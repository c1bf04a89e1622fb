"""Waiting with a deadline: whatever a submission does to a process or a pipe, the forkserver goes on."""

from __future__ import annotations

import os
import resource
import select
import time

__all__ = ["ended", "has_ended", "is_readable", "read_all", "read_some"]

_ALL_KINDS_OF_CHILDREN = 0x40000000  # __WALL: also those that end with another signal than SIGCHLD
_PART = 1 << 16


def ended(pid: int, seconds: float) -> tuple[int, resource.struct_rusage] | None:
    """Collect a child: its status and what it used, or None if it is still there after that many seconds.

    Raises:
        ChildProcessError: it is no child of ours, or was collected before.
    """
    found, status, usage = os.wait4(pid, os.WNOHANG | _ALL_KINDS_OF_CHILDREN)
    if not found and has_ended(pid, seconds):
        found, status, usage = os.wait4(pid, os.WNOHANG | _ALL_KINDS_OF_CHILDREN)
    return (status, usage) if found else None


def has_ended(pid: int, seconds: float) -> bool:
    """Wait that many seconds for the end of a process, and say whether it came; a child is not collected."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return _ready(descriptor, time.monotonic() + seconds)
    finally:
        os.close(descriptor)


def read_some(descriptor: int, seconds: float, most: int = _PART) -> bytes:
    """What can be read from a pipe first; b"" at its end.

    Raises:
        TimeoutError: nothing came within that many seconds.
    """
    if not _ready(descriptor, time.monotonic() + seconds):
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return os.read(descriptor, most)


def read_all(descriptor: int, seconds: float) -> bytes:
    """What comes through a pipe until it is closed at the other end.

    Raises:
        TimeoutError: it was still open after that many seconds.
    """
    parts, deadline = [], time.monotonic() + seconds
    while part := read_some(descriptor, max(0.0, deadline - time.monotonic())):
        parts.append(part)
    return b"".join(parts)


def is_readable(descriptor: int, seconds: float) -> bool:
    """Wait that many seconds until something can be read, or the process of a pidfd has ended; whether that came."""
    return _ready(descriptor, time.monotonic() + seconds)


def _ready(descriptor: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
