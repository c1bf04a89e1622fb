"""Collected attempts: `submissions/NAME/STUDENT/ATTEMPT/`, each with a record, and which of them count by the course's
rule.

The record and the original are hidden files, which no reader of submissions takes for a part of one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.course.dates import AttemptRule, Tried, may_count
from autograder.course.term import HandIn, Term
from autograder.submissions.expected_files import Question
from autograder.submissions.records import COLLECTED

__all__ = [
    "FILE_TIME",
    "ORIGINAL",
    "WHO",
    "Attempt",
    "attempts_of",
    "candidates",
    "counting",
    "hand_in_of",
    "hand_ins_in",
    "is_collected",
    "read_attempts",
    "remove_attempt",
    "write_attempt",
    "write_record",
]

WHO = "who handed in"
"""What a question is about whose candidates are people on the roster."""
FILE_TIME = "a file"
"""Where a time comes from that is only that of the newest file."""
RECORD = ".attempt.json"
ORIGINAL = ".original"
_FORM = 1

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hand-in of one student or team.

    `source` is the kind of download, `download` its name, `key` what it calls whoever handed in. `sha256` stands for
    everything that was handed in. `received` is the hand-in time in UTC and `late` what the platform says about it,
    None where the download does not say. `member_keys` are what the source calls the members. `files` maps the path of
    a file to the one that it was handed in under.
    `questions` wait for an answer; with one, or with a `problem`, the attempt is not graded. `answers` are those that
    were used. One that does not count (`counts`) was set aside by staff. Of a `blind` one, the platform hides
    who handed in. Of an `unread` one, something could not be read, which may be another time. `time_from` says where
    the time comes from, if not from the download: a file of times, or "a file" that was handed in, whose time says
    little.
    """

    student: str
    number: int
    source: str
    download: str
    key: str
    sha256: str
    received: datetime | None = None
    late: bool | None = None
    name: str = ""
    members: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    counts: bool = True
    blind: bool = False
    unread: bool = False
    time_from: str = ""
    member_keys: Mapping[str, str] = field(default_factory=dict)
    form: int = _FORM

    @property
    def waits(self) -> bool:
        """Whether a person has to say something before it can be graded."""
        return bool(self.questions or self.problem)

    @property
    def handed_in(self) -> datetime | None:
        """The hand-in time, where it is known; the time of a file is none."""
        guessed = self.time_from == FILE_TIME or (self.source == "plain" and not self.time_from)
        return None if guessed else self.received

    def folder(self, collected: Path) -> Path:
        """Where it lies."""
        return collected / self.student / str(self.number)


def is_collected(folder: Path) -> bool:
    """Whether a folder holds what was collected."""
    return (folder / COLLECTED).is_file()


def read_attempts(collected: Path) -> list[Attempt]:
    """Every attempt in a folder of collected ones, by student and number; none where the folder is not there.

    Raises:
        UsageError: a record cannot be read.
    """
    found = []
    for path in sorted(collected.glob(f"*/*/{RECORD}")):
        if path.parent.parent.name.startswith(".") or path.is_symlink():
            continue
        try:
            attempt = msgspec.json.decode(path.read_bytes(), type=Attempt)
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"{path} cannot be read ({reason_of(error)}); remove {path.parent} and collect it again."
            ) from None
        if (attempt.student, str(attempt.number)) != (path.parent.parent.name, path.parent.name):
            raise UsageError(
                f"{path} is about attempt {attempt.number} of {attempt.student}; move the folder back, or remove it "
                "and collect it again."
            )
        found.append(attempt)
    return sorted(found, key=lambda each: (each.student.casefold(), each.student, each.number))


def attempts_of(student: Path) -> list[Path]:
    """The folders of the collected attempts in a student's folder, by number; none where there are none."""
    found = [path.parent for path in student.glob(f"*/{RECORD}") if path.parent.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))


def write_attempt(
    attempt: Attempt,
    files: Mapping[Parts, bytes],
    originals: Mapping[Parts, bytes],
    *,
    collected: Path,
    staging: Path,
    modified: float,
) -> None:
    """Put an attempt in its place, as a whole or not at all; one that is there is replaced.

    Args:
        attempt: its record.
        files: what is graded, by path.
        originals: what was handed in, by path.
        collected: the folder of all attempts.
        staging: an own folder on the same file system.
        modified: the time that its files get, in seconds since 1970.

    Raises:
        OSError: it cannot be written.
    """
    draft = staging / "attempt"
    shutil.rmtree(draft, ignore_errors=True)
    for below, contents in ((draft, files), (draft / ORIGINAL, originals)):
        below.mkdir(parents=True)
        for parts, data in contents.items():
            path = below.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (modified, modified))
    (draft / RECORD).write_bytes(_text(attempt))
    (collected / COLLECTED).touch()
    target = attempt.folder(collected)
    target.parent.mkdir(exist_ok=True)
    atomic_files.exchange(draft, target)
    shutil.rmtree(draft, ignore_errors=True)


def write_record(attempt: Attempt, collected: Path) -> None:
    """Write the record of an attempt that is there anew.

    Raises:
        OSError: it cannot be written.
    """
    atomic_files.write(attempt.folder(collected) / RECORD, _text(attempt))


def _text(attempt: Attempt) -> bytes:
    return msgspec.json.format(msgspec.json.encode(attempt), indent=1) + b"\n"


def remove_attempt(attempt: Attempt, collected: Path, staging: Path) -> None:
    """Take an attempt away, and its student's folder where nothing else is in it."""
    shutil.rmtree(staging / "removed", ignore_errors=True)
    attempt.folder(collected).rename(staging / "removed")
    student = collected / attempt.student
    if not os.listdir(student):
        student.rmdir()


_LAST = AttemptRule()


def candidates(
    attempts: Iterable[Attempt], term: Term | None = None, assignment: str = ""
) -> dict[str, tuple[Attempt, ...]]:
    """The attempts of each student of which one counts, in order; more than one only where the best one does.

    Args:
        attempts: all that were collected.
        term: the course and its dates; without it, the last attempt counts.
        assignment: what they are attempts at.

    What staff set aside counts only where nothing else is there.
    """
    by_student: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_student.setdefault(attempt.student, []).append(attempt)
    rule = term.course.attempt_rule(assignment) if term else _LAST
    found = {}
    for student, own in by_student.items():
        known = {each.number: each for each in own if each.counts} or {each.number: each for each in own}
        tried = [
            Tried(each.number, each.handed_in, term.is_late(assignment, hand_in_of(each)) if term else None)
            for each in known.values()
        ]
        found[student] = tuple(known[number] for number in may_count(tried, rule))
    return found


def counting(attempts: Iterable[Attempt], term: Term | None = None, assignment: str = "") -> dict[str, Attempt]:
    """The attempt of each student that counts; where the best one does, the last of them, until all are graded."""
    return {student: own[-1] for student, own in candidates(attempts, term, assignment).items()}


def hand_in_of(attempt: Attempt, attempts: int = 0) -> HandIn:
    """What an attempt says about when it was handed in, and by whom; it is one of so many."""
    time = attempt.handed_in
    late = None if time is not None else attempt.late
    return HandIn(attempt.student, time, late, attempt.members, attempt.number, attempts)


def hand_ins_in(collected: Path, term: Term | None, assignment: str) -> tuple[HandIn, ...]:
    """The hand-ins that count of a folder of collected attempts; none of any other folder.

    Raises:
        UsageError: a record cannot be read.
    """
    if not is_collected(collected):
        return ()
    attempts = read_attempts(collected)
    numbers: dict[str, int] = {}
    for each in attempts:
        numbers[each.student] = numbers.get(each.student, 0) + 1
    return tuple(hand_in_of(each, numbers[each.student]) for each in counting(attempts, term, assignment).values())
