"""What the store has of one student, and how it is erased.

Erased are the reports, the files of checks, comments, the texts of requests, hashes of what was handed in, and the
name. Kept, under a pseudonym that is drawn and not computed, is what statistics of a course need: which check gave
which verdict and points, marks, and that there were publications and requests. The log stays whole: it has no names.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.settings import near
from autograder.store.artefacts import file_in
from autograder.store.database import DatabaseError, iso
from autograder.store.history import record, students
from autograder.store.results import Store

__all__ = ["Held", "forget_student", "held_of", "pseudonym"]


@dataclass(frozen=True, slots=True)
class Held:
    """How much there is of a student: what is erased, and then what stays under a pseudonym."""

    reports: int
    artefacts: int
    comments: int
    request_texts: int
    check_results: int
    marks: int
    publications: int
    log_lines: int

    @property
    def anything(self) -> bool:
        """Whether there is anything."""
        return any((self.reports, self.artefacts, self.comments, self.request_texts, self.marks, self.publications))


_COUNTS = (
    "SELECT count(*) FROM runs WHERE student_id = :student AND report <> ''",
    "SELECT count(*) FROM artefacts WHERE run_id IN (SELECT id FROM runs WHERE student_id = :student)",
    "SELECT count(*) FROM comments WHERE student_id = :student",
    "SELECT count(*) FROM requests WHERE student_id = :student",
    "SELECT count(*) FROM check_results WHERE run_id IN (SELECT id FROM runs WHERE student_id = :student)",
    "SELECT count(*) FROM marks WHERE student_id = :student",
    "SELECT count(*) FROM publications WHERE student_id = :student",
    "SELECT count(*) FROM log WHERE student_id = :student",
)

_ERASE = (
    "DELETE FROM artefacts WHERE run_id IN (SELECT id FROM runs WHERE student_id = :student)",
    "DELETE FROM comments WHERE student_id = :student",
    "UPDATE runs SET report = '', key = 'forgotten-' || id WHERE student_id = :student",
    "UPDATE attempts SET sha256 = 'forgotten-' || id WHERE student_id = :student",
    "UPDATE check_results SET key = '' WHERE run_id IN (SELECT id FROM runs WHERE student_id = :student)",
    "UPDATE publications SET sha256 = '' WHERE student_id = :student",
    "DELETE FROM readings WHERE student_id = :student",
    "UPDATE requests SET text = '', answer = '' WHERE student_id = :student",
    "UPDATE students SET name = :pseudonym, forgotten = :at WHERE id = :student",
)


def pseudonym() -> str:
    """A name that says nothing: drawn, because what is computed from a name can be computed again from a list."""
    return f"forgotten-{secrets.token_hex(6)}"


def _number(store: Store, student: str) -> int | None:
    with store.reading():
        return next((each.id for each in students(store.database) if each.name == student), None)


def held_of(store: Store, student: str) -> Held | None:
    """How much the store has of a student; None where it does not know the name."""
    if (number := _number(store, student)) is None:
        return None
    with store.reading():
        return Held(*(store.database.rows(count, {"student": number})[0][0] for count in _COUNTS))


def forget_student(store: Store, student: str, others: Sequence[Store] = ()) -> Held:
    """Erase a student, in one transaction, and the files of checks that nobody else shares after it.

    Args:
        store: an open store.
        student: the name.
        others: other open stores; where their files lie in the same folder, what they name stays.

    Returns:
        What there was.

    Raises:
        UsageError: the store does not know the name, or the database refuses it; then nothing is erased.
    """
    held = held_of(store, student)
    if held is None:
        with store.reading():
            names = [each.name for each in students(store.database) if each.forgotten is None]
        raise UsageError(f"{store.shown} has nothing of {student!r}; {near(student, names)}")
    folder = store.artefacts if held.artefacts else Path()  # refused before anything is erased, if it is refused
    sharing = [each for each in others if each is not store and each.files == folder]
    change, number = store.change(), _number(store, student)
    values = {"student": number, "pseudonym": pseudonym(), "at": iso(change.at)}
    with store.reading():
        _leave_no_trace(store)
        own = store.database.rows(
            "SELECT DISTINCT sha256 FROM artefacts WHERE run_id IN (SELECT id FROM runs WHERE student_id = :student)",
            values,
        )
    with store.writing("what is left of a student"):
        for statement in _ERASE:
            store.database.change(statement, {name: values[name] for name in values if f":{name}" in statement})
        record(store.database, change, "forgot", student=number, subject="student")
    with store.writing("files of a student"):  # nobody names one meanwhile; where this is killed, they are orphans
        for (sha256,) in own:
            if not any(_names_file(each, sha256) for each in (store, *sharing)):
                with suppress(FileNotFoundError):
                    file_in(folder, sha256).unlink()
    with suppress(DatabaseError):  # somebody reads all the while; pages were overwritten already
        store.database.change("VACUUM")
    return held


def _names_file(store: Store, sha256: str) -> bool:
    return bool(store.database.rows("SELECT 1 FROM artefacts WHERE sha256 = :sha256", {"sha256": sha256}))


def _leave_no_trace(store: Store) -> None:
    """Let SQLite overwrite what it deletes, which it otherwise only marks as free."""
    if store.database.dialect == "sqlite":
        store.database.rows("PRAGMA secure_delete = ON")
