"""Whole frames through the worker's pipes."""

from __future__ import annotations

import os

from autograder.wire import PREFIX, Gather, frame_for

__all__ = ["announce_too_much", "read_frame", "write_all"]

_LARGEST_REQUEST = 1 << 34  # what the grader sends is trusted; the memory limit still holds


def read_frame(descriptor: int) -> memoryview | None:
    """One whole frame, or None when the grader has no more."""
    prefix = bytearray(PREFIX.size)
    if not _read_into(descriptor, memoryview(prefix)):
        return None
    frame = frame_for(prefix, cap=_LARGEST_REQUEST)
    return frame if _read_into(descriptor, frame[PREFIX.size :]) else None


def _read_into(descriptor: int, space: memoryview) -> bool:
    while space:
        count = os.readv(descriptor, [space])
        if count == 0:
            return False
        space = space[count:]
    return True


def announce_too_much(descriptor: int, size: int) -> None:
    """In place of a frame that would be larger than `size` bytes, only how long it would be: the reader stops there."""
    write_all(descriptor, [PREFIX.pack(0, size + 1)])


def write_all(descriptor: int, buffers: list[bytes | memoryview]) -> None:
    """As few writes as possible: each may wake the reader."""
    waiting = Gather(buffers)
    while waiting:
        waiting.passed(os.writev(descriptor, waiting.next()))
