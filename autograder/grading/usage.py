"""What the sandboxes of one submission have used so far: for each of its checks, and against its budget.

A sandbox that has ended says it itself; of one that lives the kernel is asked, about the worker and the children that
it has waited for. The reference's sandboxes count for no submission.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.checks.errors import StudentError, Verdict
from autograder.checks.local.usage import processor_seconds
from autograder.checks.wording import seconds
from autograder.results import CheckResult, Limits
from autograder.sandbox import Outcome, Session
from autograder.sandbox.session import PipeSession

__all__ = ["Mark", "OverBudgetError", "Usage"]

_LEAST_SECONDS = 0.05
"""With less than this left, a sandbox could not even import a module."""


class OverBudgetError(StudentError):
    """The submission used up its budget."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: CPU seconds until then, and how many sandboxes had ended."""

    cpu_seconds: float
    ended: int


@dataclass(slots=True)
class _Live:
    """A sandbox that lives: what its worker held when it was opened, and the last that was read of its CPU time."""

    session: Session
    held_mib: float
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class Usage:
    """Counts for one submission; `budget` are the CPU seconds that it may use in all checks together, 0 for any."""

    budget: float = 0.0
    _live: list[_Live] = field(default_factory=list)
    _ended: float = 0.0
    _peaks: list[float] = field(default_factory=list)

    def opened(self, session: Session) -> None:
        """A sandbox with the submission begins."""
        self._live.append(_Live(session, _resident(session, "VmRSS")))

    def ended(self, session: Session, outcome: Outcome) -> None:
        """A sandbox is over."""
        self._live = [each for each in self._live if each.session is not session]
        self._ended += outcome.cpu_seconds
        self._peaks.append(outcome.peak_memory_mib)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all sandboxes so far."""
        for each in self._live:
            each.cpu_seconds = max(each.cpu_seconds, _processor(each.session))
        return self._ended + sum(each.cpu_seconds for each in self._live)

    def mark(self) -> Mark:
        """This moment."""
        return Mark(self.cpu_seconds, len(self._peaks))

    def noted(self, result: CheckResult, mark: Mark) -> CheckResult:
        """A result with the CPU seconds since a moment, and the most MiB of the sandboxes that were there meanwhile.

        Of a sandbox that began before, that is the most since its beginning.
        """
        peaks = [_resident(each.session, "VmHWM", each.held_mib) for each in self._live]
        most = max([*self._peaks[mark.ended :], *peaks], default=0.0)
        cpu = max(0.0, self.cpu_seconds - mark.cpu_seconds)
        return replace(result, cpu_seconds=round(cpu, 4), peak_memory_mib=round(most, 1))

    # --- the budget ---

    @property
    def left(self) -> float:
        """CPU seconds that are left of the budget; infinity without one."""
        return self.budget - self.cpu_seconds if self.budget else math.inf

    def within(self, limits: Limits) -> Limits:
        """The limits of the next sandbox: of CPU time no more than what is left of the budget.

        Raises:
            StudentError: nothing is left (TIME).
        """
        self.refuse()
        left = self.left
        return replace(limits, cpu_seconds=left) if left < limits.cpu else limits

    def refuse(self) -> None:
        """Nothing more is run once the budget is used up.

        Raises:
            StudentError: it is (TIME).
        """
        if self.left < _LEAST_SECONDS:
            raise self._over("Not run: earlier checks used up")

    def explained(self, error: StudentError) -> StudentError:
        """An error, or in its place the budget, where that is what ended a sandbox."""
        over = (
            error.verdict is Verdict.TIME and self.left < _LEAST_SECONDS and not error.message.startswith("Not run: ")
        )
        return self._over("This used up what was left of") if over else error

    def _over(self, begin: str) -> OverBudgetError:
        message = f"{begin} the budget of {seconds(self.budget)} s of CPU time for one submission."
        error = OverBudgetError(Verdict.TIME, message, open=True)
        error.step = ""  # the sentence says it
        return error


def _processor(session: Session) -> float:
    """CPU seconds of a sandbox that lives; 0 where nobody knows."""
    if not isinstance(session, PipeSession):
        return 0.0
    if session.gauge is not None:
        return session.gauge.seen()[0]
    return processor_seconds(session.pid) or 0.0


def _resident(session: Session, field: str, before: float = 0.0) -> float:
    """A line of the kernel's about a worker's memory, in MiB above what it held before; 0 where nobody knows."""
    if not isinstance(session, PipeSession):
        return 0.0
    if session.gauge is not None:
        return session.gauge.seen()[1]
    if session.pid:
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{session.pid}/status").read_text()
            return max(0.0, int(text.partition(f"{field}:")[2].split(maxsplit=1)[0]) / 1024 - before)
    return 0.0
