"""The time limit of a check's own code, held by the clock of the process that runs it.

It ends what Python can be interrupted in: loops, sleeping, waiting. A call into C that never comes back is ended by
whoever watches the process (`autograder.batch`).
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Overdue", "ended_after"]

_AGAIN_SECONDS = 1.0


class Overdue(BaseException):
    """The time is up. It is no `Exception`, so that no handler of a check takes it for an answer's fault."""


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Interrupt what runs here by `Overdue` when it takes longer; outside of the main thread nothing is limited.

    Raises:
        Overdue: the time is up; raised again each second for as long as it is caught in here.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if "pdb" in sys.modules and sys.gettrace() is not None:
            return  # somebody debugs the check, and takes the time that this takes
        raise Overdue

    before = signal.signal(signal.SIGALRM, interrupt)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:  # another clock was running, such as the one of a test
            signal.setitimer(signal.ITIMER_REAL, remaining, interval)
