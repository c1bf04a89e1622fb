"""The time limit of a check's own code, held by the clock of the process that runs it.

It ends what Python can be interrupted in: loops, sleeping, waiting. A call into C that never comes back is ended by
whoever watches the process (`autograder.grading.crew`).
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from autograder.messages import NOT_ENDED

__all__ = ["Overdue", "ended_after", "not_ended"]

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
