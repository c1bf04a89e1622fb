"""What every learning platform is asked for, and what it answers: courses, assignments, people, and their grades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from autograder.formats.hand_ins import Found

__all__ = ["AssignmentThere", "Change", "Comment", "CourseThere", "Platform", "Present", "Seat", "page_name"]


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
