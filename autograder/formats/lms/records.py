"""What every learning platform is asked for, what it answers, and the journal of what was written there.

The journal is a file of the graded folder, by the platform's numbers of students, so that a grade or comment that
somebody else gave there is recognised. It is no record of what is there: only the platform has that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.formats.hand_ins import Found

__all__ = [
    "JOURNAL",
    "AssignmentThere",
    "Change",
    "Comment",
    "CourseThere",
    "Journal",
    "Platform",
    "Present",
    "Seat",
    "page_name",
    "same_points",
]


@dataclass(frozen=True, slots=True)
class CourseThere:
    """A course on a platform: its title and the address of its page."""

    title: str
    address: str
    number: str


@dataclass(frozen=True, slots=True)
class AssignmentThere:
    """An assignment on a platform.

    `most` are the points that it is worth, None where it has no number; `refused` says why points cannot be written, or
    is "". `capped` says that no more than `most` can be written, `replaces` that a comment takes the place
    of the one that is there, `takes_text` and `takes_file` whether there is a place
    for a comment and for a page. `remarks` are sentences for whoever writes grades.
    """

    title: str
    address: str
    course: str
    due: datetime | None = None
    most: float | None = None
    capped: bool = False
    replaces: bool = False
    takes_text: bool = True
    takes_file: bool = True
    refused: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """What a student has there now.

    `points` is None where there is no grade. `comments` are the texts and `files` the names of the pages that staff
    gave. `kept` says why nothing is to be written, or is "". `taken` are points that the platform takes off by itself.
    Where it does not show comments now, they are not `readable`.
    """

    points: float | None = None
    comments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    kept: str = ""
    taken: float = 0.0
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Seat:
    """One student of an assignment there: the platform's number, ids by kind (the surest first), names, the grade.

    `group` is the number of a group whose members all get the points that one of them is given, "" for none.
    `handed_in` is the time of the last attempt there, None where there is none.
    """

    number: str
    shown: str
    ids: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    present: Present = Present()
    group: str = ""
    handed_in: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """What goes with a grade: a text, "" for none, and a page, whose name has the hash of its content."""

    text: str = ""
    file: str = ""
    page: bytes = b""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written for one student: points, or None to leave them, and a comment, or None."""

    points: float | None
    comment: Comment | None


class Platform(Protocol):
    """One site, as somebody with a token sees it."""

    def courses(self) -> Sequence[CourseThere]:
        """The courses of the token's user."""

    def assignments(self) -> Sequence[AssignmentThere]:
        """The assignments of the course that the address names."""

    def assignment(self) -> AssignmentThere:
        """The assignment that the address names."""

    def hand_ins(self) -> Found:
        """Everything that was handed in; a file is downloaded when it is read."""

    def seats(self) -> Sequence[Seat]:
        """Everybody who can get a grade, with what they have now."""

    def present(self, seat: Seat) -> Present:
        """What one student has at this moment."""

    def write(self, seat: Seat, change: Change) -> None:
        """Write a grade and a comment; the comment once, even where this raises `Unsure` and is called again."""


def page_name(assignment: str, sha256: str) -> str:
    """The name under which a page goes up: another one for other content.

    Examples:
        >>> page_name("hw1", "0123456789abcdef")
        'hw1-feedback-0123456789.html'
    """
    return f"{assignment}-feedback-{sha256[:10]}.html"


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
