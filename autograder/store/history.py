"""The log of who changed what and when, and the numbers that students and assignments have in the tables.

The log is append-only: triggers of the database refuse to change or delete a line. It holds numbers and states, never
a name or a text that somebody wrote, so that it stays whole when a student is forgotten.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from autograder.store.database import Database, Values, iso, moment_of

if TYPE_CHECKING:  # grading needs none of them, and making eleven records takes 5 ms
    from autograder.store.records import LogEntry, Student

__all__ = [
    "VERBS",
    "Change",
    "LogLine",
    "current_user",
    "id_of_assignment",
    "id_of_student",
    "log_entries",
    "record",
    "record_all",
    "students",
    "value_text",
]

VERBS = (
    "graded",
    "marked",
    "commented",
    "published",
    "requested",
    "answered",
    "closed",
    "forgot",
    "restored",
    "rescored",
)
"""What the log says of a change."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes something now, and when."""

    who: str
    at: datetime

    @classmethod
    def now(cls, who: str = "") -> Change:
        """A change of this moment, by the user of this process where no other is named."""
        return cls(who or current_user(), datetime.now(UTC))

    @property
    def values(self) -> Values:
        """`who` and `at` as the tables hold them."""
        return {"who": self.who, "at": iso(self.at)}


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a line of the log is about, by the numbers of student and assignment, and the values before and after."""

    student: int | None
    assignment: int | None
    subject: str
    before: str | None
    after: str | None


def current_user() -> str:
    """The name of the user of this process, by the system and not by its environment; else its number."""
    if not hasattr(os, "getuid"):
        return os.environ.get("USERNAME") or "unknown"
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def id_of_student(database: Database, name: str) -> int:
    """The number of a student, who is added where there is none of that name; inside a transaction."""
    return _id_of(database, "students", name)


def id_of_assignment(database: Database, name: str) -> int:
    """The number of an assignment, which is added where there is none of that name; inside a transaction."""
    return _id_of(database, "assignments", name)


def _id_of(database: Database, table: str, name: str) -> int:
    found = database.rows(f"SELECT id FROM {table} WHERE name = :name", {"name": name})
    return int(found[0][0]) if found else database.add(f"INSERT INTO {table} (name) VALUES (:name)", {"name": name})


def students(database: Database) -> tuple[Student, ...]:
    """Everybody of whom there is something, by name."""
    from autograder.store.records import Student

    found = database.rows("SELECT id, name, forgotten FROM students ORDER BY name, id")
    return tuple(Student(id_, name, moment_of(forgotten) if forgotten else None) for id_, name, forgotten in found)


def record(
    database: Database,
    change: Change,
    verb: str,
    *,
    student: int | None = None,
    assignment: int | None = None,
    subject: str = "",
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Add a line to the log, inside the transaction of the change that it is about.

    Args:
        database: where.
        change: who makes the change, and when.
        verb: one of `VERBS`.
        student: the student's number.
        assignment: the assignment's number.
        subject: a question, check or item.
        before: the value before: a number, a state or a reference, never a text that somebody wrote.
        after: the value after.
    """
    record_all(database, change, verb, [LogLine(student, assignment, subject, before, after)])


def record_all(database: Database, change: Change, verb: str, lines: Sequence[LogLine]) -> None:
    """The same for several lines of one change."""
    assert verb in VERBS, verb
    values = [
        {
            **change.values,
            "verb": verb,
            "student": line.student,
            "assignment": line.assignment,
            "subject": line.subject,
            "before": line.before,
            "after": line.after,
        }
        for line in lines
    ]
    database.change_all(
        "INSERT INTO log (at, who, verb, student_id, assignment_id, subject, before, after) "
        "VALUES (:at, :who, :verb, :student, :assignment, :subject, :before, :after)",
        values,
    )


def log_entries(
    database: Database,
    *,
    student: str = "",
    assignment: str = "",
    since: datetime | None = None,
    who: str = "",
    verb: str = "",
) -> tuple[LogEntry, ...]:
    """The log, oldest first; of one student, assignment, user or verb where that is named, from a time on."""
    from autograder.store.records import LogEntry

    found = database.rows(
        "SELECT l.at, l.who, l.verb, s.name, a.name, l.subject, l.before, l.after FROM log l "
        "LEFT JOIN students s ON s.id = l.student_id LEFT JOIN assignments a ON a.id = l.assignment_id "
        "WHERE (:student = '' OR s.name = :student) AND (:assignment = '' OR a.name = :assignment) "
        "AND (:who = '' OR l.who = :who) AND (:verb = '' OR l.verb = :verb) AND l.at >= :since ORDER BY l.id",
        {
            "student": student,
            "assignment": assignment,
            "who": who,
            "verb": verb,
            "since": iso(since) if since is not None else "",
        },
    )
    return tuple(LogEntry(moment_of(at), *more) for at, *more in found)


def value_text(value: float | None) -> str | None:
    """A number as the log holds it."""
    return None if value is None else repr(float(value))
