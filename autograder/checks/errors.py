"""The three kinds of fault: the student's, the instructor's (or the caller's), and ours.

`StudentError` and `CheckFailed` are about a submission and become verdicts. `GraderError` is everything that
must never cost a student a point: its subclasses say who has to act.

This module is shipped to students: standard library only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

__all__ = [
    "CheckFailed",
    "GraderError",
    "InstructorError",
    "MisuseError",
    "SandboxError",
    "StudentError",
    "UsageError",
    "Verdict",
    "as_type_error",
]


class CheckFailed(AssertionError):
    """An answer was compared and found wrong; the text is the sentence that its reader sees.

    `measured` is what was held against thresholds (of the type `measurement.Measured`), for `autograder calibrate`; no
    reader of the sentence sees it.

    Examples:
        what a check raises to say in a sentence of its own what is wrong

        >>> CheckFailed('The rows of P are not probabilities; expected sums of 1.')
        The rows of P are not probabilities; expected sums of 1.
    """

    def __init__(self, *sentence: object, measured: tuple[Any, ...] = ()) -> None:
        super().__init__(*sentence)
        self.measured = measured


class Verdict(StrEnum):
    """How one check ended. INTERNAL is our fault, is never scored, and is listed for staff.

    MANUAL is an answer that a person grades and has not graded yet.
    """

    PASSED = "PASSED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"
    MISSING = "MISSING"
    RAISED = "RAISED"
    TIME = "TIME"
    MEMORY = "MEMORY"
    OUTPUT = "OUTPUT"
    CRASHED = "CRASHED"
    SKIPPED = "SKIPPED"
    MANUAL = "MANUAL"
    INTERNAL = "INTERNAL"


class StudentError(Exception):
    """The submission did not give an answer at all.

    Args:
        verdict: how the check ends that asked for the answer.
        message: one sentence for staff, and for the student when the check is public.
        kind: name of the built-in exception behind it, or ``""``; safe to show for hidden checks.
        file: file of the submission in which it happened, or ``""``.
        line: line in that file, or 0.
        limit: the limit that it probably ran into, in our own words; safe to show for hidden checks.
        trace: what Python printed, for staff; never shown for hidden checks.
        open: it happened before the submission had been given anything of a hidden check, so that its text can carry
            nothing out and may be shown everywhere.

    `cell` is the number of the notebook's cell in which it happened, as the submission tells it, or 0. `quote` is the
    line of the student's own code, read from the handed-in file, or ``""``. `step` is what the student should do next,
    ``""`` where `message` says it; None for the usual next step of the verdict. `everywhere` is what the student reads
    in hidden checks too, made of names of the assignment and of the handed-in text alone, or ``""``. `again` says that
    a fresh sandbox leaves out what ended this one, so that what was asked should be asked again.
    """

    cell: int = 0
    quote: str = ""
    step: str | None = None
    everywhere: str = ""
    again: bool = False

    def __init__(
        self,
        verdict: Verdict,
        message: str,
        *,
        kind: str = "",
        file: str = "",
        line: int = 0,
        limit: str = "",
        trace: str = "",
        open: bool = False,
    ) -> None:
        super().__init__(message)
        self.verdict = Verdict(verdict)
        self.message = message
        self.kind = kind
        self.file = file
        self.line = line
        self.limit = limit
        self.trace = trace
        self.open = open


def as_type_error(error: Exception) -> Exception:
    """The same error, but a TypeError, too: `list` asks for a length first, and passes over that one."""
    made: Exception = Exception.__new__(type(type(error).__name__, (type(error), TypeError), {}), *error.args)
    made.__dict__.update(error.__dict__)
    return made


class GraderError(Exception):
    """Something outside of the sandbox went wrong; never scored, shown to staff in one sentence."""


class UsageError(GraderError):
    """The call cannot be carried out as asked: what, where, and how to correct it, in one sentence."""


class InstructorError(GraderError):
    """An assignment, a reference or a configuration is wrong; the sentence names the file and, if known, the line."""


class MisuseError(InstructorError):
    """A check asks its stand-in for what that cannot give, whatever the submission answered."""


class SandboxError(GraderError):
    """The sandbox could not be built, or died by no fault of the submission; worth another try."""
