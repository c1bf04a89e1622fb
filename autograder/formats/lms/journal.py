"""What was written to a learning platform, in a file of the graded folder, by the platform's numbers of students.

So a grade or comment that somebody else gave there is recognised. It is no record of what is there: only the platform
has that.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of

__all__ = ["JOURNAL", "Journal", "same_points"]

JOURNAL = "pushed.jsonl"
_SAME = 0.005  # points; platforms keep two decimals


class _Entry(msgspec.Struct, frozen=True):
    at: datetime
    address: str
    number: str
    points: float | None = None
    comment: str = ""


@dataclass(slots=True)
class Journal:
    """What was written to one assignment of a platform, by the platform's number of the student."""

    path: Path
    address: str
    _points: dict[str, float] = field(default_factory=dict)
    _comments: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path, address: str) -> Journal:
        """Read it; a line that a killed command did not finish is passed over.

        Raises:
            UsageError: it cannot be read.
        """
        made = cls(path, address)
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {reason_of(error)}; make it readable, or remove it.") from None
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=_Entry)
            except msgspec.MsgspecError:
                continue
            if entry.address == address:
                made._take(entry)
        return made

    def gave(self, number: str, points: float) -> bool:
        """Whether these are the points that were written last."""
        last = self._points.get(number)
        return last is not None and abs(last - points) < _SAME

    def commented(self, number: str) -> bool:
        """Whether a comment was written to a student."""
        return any(each == number for each, _ in self._comments)

    def wrote(self, number: str, comment: str) -> bool:
        """Whether a comment is one that was written."""
        return (number, _hash(comment)) in self._comments

    def add(self, number: str, points: float | None, comment: str) -> None:
        """Keep what a student has now, on the disk before anything else is written.

        Raises:
            UsageError: it cannot be written.
        """
        entry = _Entry(datetime.now(UTC), self.address, number, points, _hash(comment) if comment else "")
        if (points is None or self.gave(number, points)) and (not comment or self.wrote(number, comment)):
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" * (file.tell() > 0) + msgspec.json.encode(entry))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(f"Cannot write {self.path}: {reason_of(error)}; make the folder writable.") from None
        self._take(entry)

    def _take(self, entry: _Entry) -> None:
        if entry.points is not None:
            self._points[entry.number] = entry.points
        if entry.comment:
            self._comments.add((entry.number, entry.comment))


def same_points(one: float | None, other: float | None) -> bool:
    """Whether two are the same points, where there are both."""
    return one is not None and other is not None and abs(one - other) < _SAME


def _hash(comment: str) -> str:
    return hashlib.sha256(" ".join(comment.split()).encode("utf-8", "replace")).hexdigest()[:32]
