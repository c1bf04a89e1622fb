"""What intake takes, what it gives back, and how much it is willing to read."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autograder.checks.errors import UsageError, Verdict
from autograder.course.term import HandIn, Term
from autograder.settings import near

__all__ = ["COLLECTED", "LAST", "MIB", "Caps", "Contents", "Submission", "Which", "chosen_of"]

MIB = 2**20
COLLECTED = ".collected"
"""A file that says of a folder: its submissions were put there by `autograder collect`."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's files for one assignment, staged: a private copy that holds regular files only.

    `sha256` stands for the staged names and bytes. A submission that cannot be graded has a `problem`, one sentence
    for the student, and the verdict that its checks get; its folder is then empty. `notes` are sentences
    about what was fixed or left out. `received` is the time of the newest file, in UTC, and `hand_in` what is known
    of an attempt that was collected. `meant` has pairs of a missing
    file and the handed-in one that looks like it.
    """

    student: str
    folder: Path
    sha256: str
    problem: str = ""
    problem_verdict: Verdict = Verdict.MISSING
    notes: tuple[str, ...] = ()
    received: datetime | None = None
    hand_in: HandIn | None = None
    meant: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of one submission is read. What students write is far below; data and weights mostly are, too.

    `entries` counts the files that are kept, `scanned` everything that is looked at. `archive_mib` caps a zipped
    file as it lies there, `submission_mib` what all files have together once unzipped.
    """

    file_mib: float = 16
    submission_mib: float = 64
    entries: int = 1000
    scanned: int = 20_000
    archive_mib: float = 64
    depth: int = 12

    def beside(self, sizes: Collection[int]) -> Caps:
        """As much again as files of these sizes, in bytes, take."""
        mib = sum(sizes) / MIB
        return replace(
            self,
            file_mib=max(self.file_mib, math.ceil(max(sizes, default=0) / MIB)),
            submission_mib=self.submission_mib + mib,
            archive_mib=self.archive_mib + mib,
            entries=self.entries + len(sizes),
        )

    @property
    def file_bytes(self) -> int:
        """The largest file that is kept, in bytes."""
        return int(self.file_mib * MIB)

    @property
    def submission_bytes(self) -> int:
        """The most that all files together may have, in bytes."""
        return int(self.submission_mib * MIB)


@dataclass(slots=True)
class Contents:
    """What was read of one submission, before it is known what of it is asked for.

    `files` maps a path (its parts) to bytes; `left_out` maps a path to the reason why it was not read: the end of a
    sentence that begins with the path. `newest` is the time of the newest file, in seconds since 1970. `unpacked` is
    the archive in a folder whose files are among them, as it is shown, or "".
    """

    caps: Caps
    files: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    left_out: dict[tuple[str, ...], str] = field(default_factory=dict)
    newest: float = 0.0
    total: int = 0
    unpacked: str = ""


@dataclass(frozen=True, slots=True)
class Which:
    """Which attempts are graded: by the rule of the term, the last one that may count, or in a later turn an earlier.

    Without a term, it is the last one of all.
    """

    term: Term | None = None
    assignment: str = ""
    turn: int = 0


LAST = Which()


def chosen_of(everyone: Sequence[Submission], students: Sequence[str]) -> tuple[Submission, ...]:
    """The submissions of the students that were named, or all.

    Raises:
        UsageError: a student without a submission; the sentence gives near names.
    """
    names = [submission.student for submission in everyone]
    for student in students:
        if student not in names:
            raise UsageError(f"--students: there is no submission of {student!r}; {near(student, names)}")
    return tuple(submission for submission in everyone if not students or submission.student in students)
