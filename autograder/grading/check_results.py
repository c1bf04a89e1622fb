"""The result of one check: what came of its function, in words, with the pictures that go with it.

A check may return nothing, a `Credit`, or what a later check takes as a parameter; all else is a mistake. A check fails
by raising: one that returns ``bool(np.allclose(...))`` would pass whatever the answer is.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import re
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from autograder.assignment.question import Check
from autograder.checks import Credit
from autograder.checks.errors import GraderError, InstructorError, StudentError
from autograder.checks.measurement import Measured
from autograder.checks.value_text import show, what
from autograder.messages import REFERENCE_TO_BE_CORRECTED, TO_BE_CORRECTED, case_by_case, sentence
from autograder.pictures import raster
from autograder.remote.reference import ReferenceFailed
from autograder.results import CaseResult, CheckResult, Score, Verdict
from autograder.scoring import check_points, verdict_of

__all__ = [
    "GIVES_CREDIT",
    "Found",
    "Pictures",
    "asserted",
    "last_line",
    "made_result",
    "makes_credit",
    "mistaken",
    "needed_not_passed",
    "shortened",
    "text_of",
    "together",
    "unusable",
    "whose_fault",
]

_LONGEST_TEXT = 8192
GIVES_CREDIT = ("Credit", "points_at", "points_between")
"""Names by which a check makes a `Credit`."""

_SAID_NONE = re.compile(r"^\s*return None\s*(#.*)?$", re.MULTILINE)

_HOW = "a check fails by raising: compare with close(...) or same(...), write assert, or return a Credit"


def mistaken(check: Check, value: Any, *, handed_on: bool) -> str:
    """The sentence for staff about a value that a check should not have returned; "" for one that it may.

    Args:
        check: the check, or one case of it.
        value: what its function returned.
        handed_on: whether a later check takes the value as a parameter.
    """
    if isinstance(value, Credit) or handed_on:
        return ""
    code = check.function.__code__
    place = f"{code.co_filename}:{code.co_firstlineno}: the check {check.id!r}"
    if value is None:
        if makes_credit(code) and not _says_none(check):
            return (
                f"{place} makes a Credit and returned None: return the Credit, "
                "or write `return None` where nothing else can go wrong."
            )
        return ""
    if hasattr(value, "close") and hasattr(value, "__await__"):
        value.close()  # a coroutine that nobody waits for would warn at an unrelated place
    kind = type(value).__name__
    return f"{place} returned {show(value)} ({kind}), and no later check takes it as a parameter; {_HOW}."


def makes_credit(code: CodeType) -> bool:
    """Whether a function makes a `Credit` somewhere, as far as its names tell."""
    return any(name in code.co_names for name in GIVES_CREDIT)


def _says_none(check: Check) -> bool:
    """Whether ``return None`` stands in the function: then nothing is what it means to return."""
    try:
        return bool(_SAID_NONE.search(inspect.getsource(check.function)))
    except (OSError, TypeError):
        return True


def made_result(
    check: Check,
    verdict: Verdict,
    credit: float = 0.0,
    seconds: float = 0.0,
    error: StudentError | None = None,
    failure: str = "",
    note: str = "",
    concealed: bool = False,
    *,
    noted: bool = True,
) -> CheckResult:
    """A result; what is `concealed` is shown as that of a hidden check.

    `note` stands behind what staff read, and where it is `noted` behind what the student reads as well.
    """
    hidden = check.hidden or concealed
    message, staff = sentence(verdict, hidden=hidden, hint=check.hint, error=error, failure=failure)
    if error is not None and error.trace and verdict is Verdict.RAISED:
        staff = f"{staff}\n{error.trace}"
        message = f"{message}\n{error.trace}" if not hidden or error.open else message
    points = check_points(verdict, credit, check.points)
    staff = f"{staff}\n{note}".strip()
    message = (f"{message}\n{note}" if noted else message).strip()
    return CheckResult(
        check.id,
        check.title,
        check.hidden,
        verdict,
        points,
        check.points,
        round(seconds, 4),
        message,
        staff,
        visible=check.visible,
        credit=credit if verdict is Verdict.PARTIAL else 0.0,
        remark=note,
    )


def needed_not_passed(title: str) -> str:
    """Why a check is SKIPPED: it needs another one, of this title."""
    return f"Not run: it needs the check {title!r} to pass."


def scores_of(measured: Iterable[Measured]) -> tuple[Score, ...]:
    """What was measured, as a report keeps it; without what is no number, such as a loss that is infinite."""
    return tuple(
        Score(each.name, each.value, each.low, each.high, each.n, each.higher_is_better, each.percent)
        for each in measured
        if all(map(math.isfinite, (each.value, each.low, each.high)))
    )


def together(check: Check, found: Sequence[tuple[str, CheckResult]], concealed: bool) -> CheckResult:
    """The result of a check from those of its cases, by name: the sum of their points."""
    cases = tuple(
        CaseResult(
            name, each.verdict, each.points, each.max_points, each.message, each.staff_message, each.credit, each.remark
        )
        for name, each in found
    )
    message, staff = case_by_case(cases, hidden=concealed)
    verdict, points = verdict_of(cases)
    return CheckResult(
        check.id,
        check.title,
        check.hidden,
        verdict,
        points,
        check.points,
        round(sum(each.seconds for _, each in found), 4),
        message,
        staff,
        tuple(picture for _, each in found for picture in each.pictures),
        tuple(picture for _, each in found for picture in each.staff_pictures),
        cases=cases,
        alarms=tuple(f"{name}: {alarm}" for name, each in found for alarm in each.alarms),
        answers=next((each.answers for _, each in found if each.answers), ""),
        scores=tuple(score for _, each in found for score in each.scores),
        visible=check.visible,
        cpu_seconds=round(sum(each.cpu_seconds for _, each in found), 4),
        peak_memory_mib=max((each.peak_memory_mib for _, each in found), default=0.0),
    )


def text_of(error: Exception) -> str:
    """What an error says, of bearable length; an answer in it may be too long to be printed."""
    try:
        return shortened(str(error))
    except Exception:  # noqa: BLE001  (Python prints no integer of more than 4,300 digits)
        return "its text cannot be shown"


def shortened(text: str) -> str:
    """A text of bearable length."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} ..."


def asserted(error: AssertionError) -> str:
    """The source of an assertion that has no message of its own."""
    frames = traceback.extract_tb(error.__traceback__)
    line = frames[-1].line if frames else ""
    return f"This does not hold: {(line or 'an assertion').removeprefix('assert ')}"


def unusable(error: Exception) -> str:
    """An answer with which a line of the check cannot go on, such as None where two values are unpacked."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.line for frame in frames if Path(frame.filename).name == "assignment.py"]
    place = f" in `{lines[-1]}`" if lines and lines[-1] else ""
    said = f"{type(error).__name__}: {text_of(error)}"
    if isinstance(error, AttributeError) and error.name and not isinstance(error.obj, (type, ModuleType)):
        said = f"{what(error.obj)} has no `{error.name}`"
    return f"The check cannot use what was returned{place}: {said}"


def last_line(error: Exception) -> str:
    """Class, text and place of an exception of ours, for staff."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text_of(error)}{place}"


def whose_fault(check: Check, error: Exception, *, same: bool) -> str:
    """The sentence for staff about an error that the answer is not to blame for.

    It begins with who must be corrected where a second try would end the same: a check that is misused, or that
    raises the same for the reference (`same`), or where no answer is.
    """
    message = text_of(error) if isinstance(error, GraderError) else last_line(error)
    if isinstance(error, ReferenceFailed):
        return f"{REFERENCE_TO_BE_CORRECTED}: {message}" if error.steady else message
    if isinstance(error, InstructorError):
        return f"{TO_BE_CORRECTED}: {message}"
    if isinstance(error, GraderError):
        return message
    alone = not {"student", *check.needs} & set(check.parameters)
    if not isinstance(error, (OSError, MemoryError)) and (alone or same):
        return f"{TO_BE_CORRECTED}: {message}"
    return f"The check itself failed: {message}"


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one check or case, and the exception that ended it, if one did.

    `concealed` says that the student sees of it what is seen of a hidden check.
    """

    result: CheckResult
    error: Exception | None = None
    concealed: bool = False


class Pictures:
    """The pictures that the results of one submission hold: each once, and all within what a report may hold."""

    def __init__(self) -> None:
        self._bytes = 0
        self._known: set[tuple[bool, bytes]] = set()

    def added(self, result: CheckResult, drawn: list[str], left_out: list[str], *, concealed: bool) -> CheckResult:
        """The result with the pictures of the figures that were looked at, as many as a report may hold.

        What is concealed is for staff: a picture can carry out all that a check gave to the submission.
        """
        shown = []
        for picture in drawn:
            # Checks may look at the same figures of a notebook.
            known = (concealed, hashlib.sha256(picture.encode()).digest())
            if known in self._known:
                continue
            self._known.add(known)
            self._bytes += len(picture.encode())
            if self._bytes > raster.MAX_TOTAL:
                left_out = [*left_out, f"Pictures of more than {raster.MAX_TOTAL >> 20} MiB in all were left out."]
                break
            shown.append(picture)
        result = replace(result, staff_pictures=tuple(shown)) if concealed else replace(result, pictures=tuple(shown))
        if not left_out:
            return result
        return replace(result, staff_message="\n".join(filter(None, [result.staff_message, *left_out])))
