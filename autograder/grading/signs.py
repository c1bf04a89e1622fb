"""Signs of shortcuts that need extra runs of student code: after the points, and apart from them.

What a check returns may carry functions (`Credit.with_sign`). Each is called when the credit is known, with the
submission in a sandbox of its own, which gets the question's limits once more: nothing that happens in there, an error,
a time-out or the end of the worker, reaches the sandbox that answers for points, its time, or what is known of failed
imports and notebooks. Sentences become alarms; what went wrong is a note for staff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from autograder.assignment.question import Check
from autograder.checks import Credit
from autograder.checks.errors import StudentError
from autograder.checks.measurement import Sign
from autograder.grading.check_results import shortened, text_of
from autograder.grading.context import Case, Spare, random_numbers_kept
from autograder.grading.sandboxes import Room
from autograder.grading.time_limits import Imports, Overdue
from autograder.grading.usage import Usage
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import CheckResult, Limits

__all__ = ["apart", "with_signs"]

_NOT_COMPUTED = "A sign of shortcuts was not computed, which costs no points"


@contextmanager
def apart(room: Room, check: Check, limits: Limits) -> Iterator[RemoteStudent]:
    """The submission of a room in a sandbox of its own, while the room's is left alone.

    Args:
        room: whose sandbox answers for points; asking its objects raises MisuseError meanwhile.
        check: by which random numbers are seeded.
        limits: of the sandbox; what it uses is paid by nobody.

    Raises:
        SandboxError: no sandbox could be opened.
    """
    case = _copy(room.case)
    with ExitStack() as stack:
        if room.stand_in is not None:
            stack.enter_context(Controls(room.stand_in).resting())
        stack.callback(case.spare.close)
        beside = Room(case, limits, room.passed, unread=True)
        stack.callback(beside.close)
        yield beside.student(check)


def with_signs(
    result: CheckResult,
    signs: Iterable[Sign],
    sandbox: Callable[[], AbstractContextManager[RemoteStudent]],
    timed: Callable[[], AbstractContextManager[Any]],
) -> CheckResult:
    """A result with the alarms of some signs; its verdict, points and seconds are as they were, whatever happens.

    Args:
        result: of a check whose credit is known.
        signs: what the check wants to be computed for staff.
        sandbox: gives a fresh one with the submission for each sign.
        timed: ends a sign that takes longer than a check may.
    """
    alarms, notes = list(result.alarms), []
    for sign in signs:
        try:
            with random_numbers_kept(), sandbox() as student, timed():
                found = Credit(1.0).alarmed(sign(student)).alarms
        except (Exception, Overdue) as error:  # noqa: BLE001  (whoever is to blame, the points are settled)
            notes.append(f"{_NOT_COMPUTED}: {shortened(_reason(error))}")
        else:
            alarms += map(shortened, found)
    staff = "\n".join(filter(None, (result.staff_message, *dict.fromkeys(notes))))
    return replace(result, alarms=tuple(dict.fromkeys(alarms)), staff_message=staff)


def _copy(case: Case) -> Case:
    """The same submission, of which nothing that is learned here is known where points are given."""
    return replace(
        case,
        notebooks=case.notebooks.run_anew(),
        outcomes=[],
        spare=Spare(),
        first_imports={},
        imports=Imports(),
        at_end=[],
        usage=Usage(),
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, StudentError):
        return f"{error.verdict}: {error.message}"
    if isinstance(error, Overdue):
        return "it took longer than a check may."
    return f"{type(error).__name__}: {text_of(error)}" if isinstance(error, Exception) else type(error).__name__
