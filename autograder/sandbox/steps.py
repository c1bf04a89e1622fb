"""Work that waits for other processes, in steps: while that of one sandbox waits, that of others goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator

from autograder.isolation.first_process import PATIENCE_SECONDS

__all__ = ["REAPING_SECONDS", "Steps", "all_from", "late", "until_end"]

Steps = Generator[int, None, None]
"""Work that goes on when something can be read from the descriptor that it yields, or the process of a pidfd has ended.

Whoever drives it throws a TimeoutError into it where neither came in time.
"""

REAPING_SECONDS = 0.05
"""So often strays are collected while something is waited for."""

_PART = 1 << 12


def late() -> TimeoutError:
    """What is thrown into steps that have waited long enough."""
    return TimeoutError(f"no answer within {PATIENCE_SECONDS:.0f} s")


def all_from(descriptor: int) -> Generator[int, None, bytes]:
    """What comes through a pipe until it is closed at the other end."""
    parts: list[bytes] = []
    while True:
        yield descriptor
        if not (part := os.read(descriptor, _PART)):
            return b"".join(parts)
        parts.append(part)


def until_end(pidfd: int) -> Steps:
    """Wait for a process that ends when all others of its namespace are gone; not for ever."""
    with contextlib.suppress(TimeoutError):
        yield pidfd
