"""Limits of time: what a question has, however many sandboxes it takes, and what the code of a check has.

A check is held by the clock of the process that runs it, which ends what Python can be interrupted in: loops, sleeping,
waiting. A call into C that never comes back is ended by whoever watches the process
(`autograder.grading.job_processes`).
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from types import FrameType

from autograder.checks.errors import StudentError, Verdict
from autograder.checks.wording import seconds
from autograder.messages import NOT_ENDED
from autograder.results import Limits

__all__ = ["Budget", "Imports", "Overdue", "ended_after", "not_ended"]


_LEAST_SECONDS = 0.05
"""With less than this left, a sandbox could not even import a module."""


class Budget:
    """What is left of some limits: what one sandbox used counts against the next one.

    The sandbox that answers most checks of a question has all of its limits while it lives; what it used is paid when
    it dies. A sandbox for one check, with parts replaced by the reference's, is paid however it ends.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.wall = self.cpu = 0.0

    def pay(self, wall: float, cpu: float) -> None:
        """That many seconds of wall time and of CPU time were used by what is dead now."""
        self.wall += max(wall, 0.0)
        self.cpu += max(cpu, 0.0)

    def left(self, spent_by: str = "earlier checks of this question", *, running: float = 0.0) -> Limits:
        """The limits of the next sandbox.

        Args:
            spent_by: what to blame when nothing is left.
            running: seconds of wall time that a sandbox has used which is still alive.

        Raises:
            StudentError: nothing is left (TIME).
        """
        wall, cpu = self.limits.wall_seconds - self.wall - running, self.limits.cpu - self.cpu
        if min(wall, cpu) < _LEAST_SECONDS:
            over = wall < _LEAST_SECONDS
            limit = (
                f"time limit of {seconds(self.limits.wall_seconds)} s"
                if over
                else f"CPU time limit of {seconds(self.limits.cpu)} s"
            )
            error = StudentError(Verdict.TIME, f"Not run: {spent_by} used up the {limit}.", open=True)
            error.step = ""  # what took so long has said it
            raise error
        return (
            replace(self.limits, wall_seconds=wall, cpu_seconds=cpu)
            if self.wall or self.cpu or running
            else self.limits
        )


@dataclass(frozen=True, slots=True)
class _Failed:
    """An import that failed in a fresh sandbox, and the limits which that had."""

    error: StudentError
    limits: Limits


class Imports:
    """The imports of one submission that failed: they fail again, so nobody waits for them a second time."""

    def __init__(self) -> None:
        self._failed: dict[str, _Failed] = {}

    def watched(self, limits: Limits) -> Callable[[str, StudentError | None], None]:
        """What a sandbox with those limits calls before it imports a module, and when that failed.

        Called without an error it raises the one of an earlier sandbox that had no less of anything; a module that took
        too long may still be imported under the larger limits of another question.
        """

        def report(module: str, error: StudentError | None) -> None:
            if error is not None:
                self._failed[module] = _Failed(error, limits)
                return
            known = self._failed.get(module)
            if known and (_is_certain(known.error) or _within(limits, known.limits)):
                raise known.error.with_traceback(None)

        return report


def _is_certain(error: StudentError) -> bool:
    """Whether the limits had no part in it."""
    return error.verdict in (Verdict.RAISED, Verdict.NOT_ATTEMPTED) and not error.limit


def _within(limits: Limits, others: Limits) -> bool:
    mine, theirs = replace(limits, cpu_seconds=limits.cpu), replace(others, cpu_seconds=others.cpu)
    return all(getattr(mine, each.name) <= getattr(theirs, each.name) for each in fields(Limits))


_RETRY_SECONDS = 0.05
_AGAIN_SECONDS = 1.0
_UNDISTURBED = ("autograder.sandbox", "autograder.remote", "autograder.grading", "autograder.wire")
_RUNNER = "autograder.grading.runner"


class Overdue(BaseException):
    """The time is up. It is no `Exception`, so that no handler of a check takes it for an answer's fault."""


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Interrupt what runs here by `Overdue` when it takes longer; outside of the main thread nothing is limited.

    A request to a sandbox is not interrupted: its answer would be taken for the answer to the next one. Requests have
    time limits of their own; the interrupt comes behind them.

    Raises:
        Overdue: the time is up; raised again each second for as long as it is caught in here.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(_signal: int, frame: FrameType | None) -> None:
        if "pdb" in sys.modules and sys.gettrace() is not None:
            return  # somebody debugs the check, and takes the time that this takes
        if not _asks(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
            raise Overdue

    before = signal.signal(signal.SIGALRM, interrupt)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _RETRY_SECONDS)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:  # another clock was running, such as the one of a test
            signal.setitimer(signal.ITIMER_REAL, remaining, interval)


def not_ended(function: Callable[..., object], seconds: float, error: Overdue) -> str:
    """The sentence for staff about a check that was ended, with the line of it that was under way."""
    code = function.__code__
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == code.co_filename]
    place = f", in line {lines[-1]} of assignment.py" if lines else ""
    return (
        f"{NOT_ENDED} within {seconds:g} s{place}, and was ended: a loop without an end, or "
        "something that is waited for? If it needs more time, say so with Assignment(check_seconds=...)."
    )


def _asks(frame: FrameType | None) -> bool:
    """Whether the check is asking a sandbox: between the runner and the place of the interrupt is code that does so."""
    while frame is not None and (name := str(frame.f_globals.get("__name__"))) != _RUNNER:
        if name.startswith(_UNDISTURBED) and name != __name__:
            return True
        frame = frame.f_back
    return False
