"""What goes into the store and comes out of it: frozen records, one for each table that is read by itself.

Times are UTC. Students and assignments go by their names here, whatever numbers the tables have for them; a student
who was forgotten goes by a pseudonym. `who` is the user of the machine that made a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "PAGE",
    "STATES",
    "Artefact",
    "LogEntry",
    "Mark",
    "Publication",
    "Request",
    "Run",
    "Student",
]

PAGE = "autograder review"
"""The place of points and comments that were given on the page."""

STATES = ("open", "answered", "closed")
"""The states of a request, in order."""


@dataclass(frozen=True, slots=True)
class Student:
    """Somebody of whom there is something; `forgotten` is when the name became a pseudonym, or None."""

    id: int
    name: str
    forgotten: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One grading of one attempt; `key` is the hash of everything that its result follows from.

    Points are None where a report of an earlier version did not say them.
    """

    id: int
    attempt: int
    student: str
    assignment: str
    key: str
    finished: datetime
    internal: bool
    points: float | None
    max_points: float | None
    bonus_points: float | None


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a check of a run left, such as a trained model; its content lies beside the database, by its hash."""

    run: int
    check: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person gave for one item of one answer: points, None for none yet, and a comment.

    `place` is where it was written, such as the path of ``marks.csv``; `marked` is None for one that is new. Of points
    and a comment that were given on the page (`PAGE`), `filed` and `filed_comment` are what ``marks.csv`` had by then.
    """

    student: str
    question: str
    answer: str
    item: str
    most: float
    points: float | None
    comment: str = ""
    who: str = ""
    place: str = ""
    marked: datetime | None = None
    filed: float | None = None
    comment_place: str = ""
    filed_comment: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """What one student was shown: the run, the points as they stood on the page, and the hash of the page."""

    student: str
    assignment: str
    sha256: str
    points: float | None = None
    max_points: float | None = None
    bonus_points: float | None = None
    run: int | None = None
    published: datetime | None = None
    who: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A student's request to look at a grade again; `state` is one of `STATES`."""

    student: str
    assignment: str
    question: str
    text: str
    made: datetime
    state: str = "open"
    answer: str = ""
    changed: datetime | None = None
    who: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change: who made it, when, what it was about, and the values before and after (None for none).

    `verb` is a word such as ``"graded"``; `subject` names a question or an item. Values are numbers, states, or
    references such as ``"comment 12"``: no names and no texts, so that nothing of a student has to be erased here.
    """

    at: datetime
    who: str
    verb: str
    student: str | None
    assignment: str | None
    subject: str = ""
    before: str | None = None
    after: str | None = None
