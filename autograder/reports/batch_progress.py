"""How far a class is that is being graded, in a file that other processes may read while the command is at work."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from autograder import atomic_files

__all__ = ["BatchProgress", "ProgressFile", "read_progress"]

_NAME = ".progress.json"
_PAUSE = 0.5  # seconds between two writings
_MOST_FAULTS = 20
_SILENT = 120.0  # seconds without a word, after which it is said that there was none


class BatchProgress(msgspec.Struct, frozen=True):
    """How far it is: of `total` submissions `done` are graded, `known` of them from before, and `running` are at work.

    Times are seconds since 1970. `faults` are sentences about what went wrong, the newest last.

    Example:
        >>> half = BatchProgress("backprop", 10, 6, 2, 2, began=100.0, updated=140.0)
        >>> half.waiting, half.seconds_left(140.0)
        (2, 40.0)
    """

    assignment: str
    total: int
    done: int
    known: int
    running: int
    began: float
    updated: float
    faults: tuple[str, ...] = ()

    @property
    def waiting(self) -> int:
        """How many have not begun."""
        return max(self.total - self.done - self.running, 0)

    def seconds_left(self, now: float) -> float | None:
        """How long the rest takes at the pace so far; None before the first is graded."""
        graded = self.done - self.known
        return (now - self.began) / graded * (self.total - self.done) if graded > 0 else None

    def is_silent(self, now: float) -> bool:
        """Whether nothing has been heard of it for long: it may have been killed."""
        return now - self.updated > _SILENT


class ProgressFile:
    """Writes how far a batch is; what cannot be written stops nothing.

    What ends is followed by what begins, so ends alone are written at most twice a second.
    """

    def __init__(self, out: Path, assignment: str, total: int) -> None:
        self._path, self._written = out / _NAME, 0.0
        self._done, self._faults = 0, tuple[str, ...]()
        self._state = BatchProgress(assignment, total, 0, 0, 0, time.time(), 0.0)

    def fault(self, sentence: str) -> None:
        """Something went wrong that is not the end of it."""
        self._faults = (*self._faults, sentence)[-_MOST_FAULTS:]

    def reached(self, done: int, known: int, running: int) -> None:
        """So far it is now."""
        now, ends = time.monotonic(), done > self._done
        self._done = done
        if ends and now - self._written < _PAUSE and done + running < self._state.total:
            return
        self._written = now
        state = msgspec.structs.replace(
            self._state, done=done, known=known, running=running, updated=time.time(), faults=self._faults
        )
        with suppress(OSError):
            atomic_files.write(self._path, msgspec.json.encode(state))

    def ended(self) -> None:
        """The batch is over."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def read_progress(out: Path) -> BatchProgress | None:
    """How far the class is that is being graded into a folder; None where none is."""
    try:
        return msgspec.json.decode((out / _NAME).read_bytes(), type=BatchProgress)
    except (OSError, msgspec.MsgspecError):
        return None
