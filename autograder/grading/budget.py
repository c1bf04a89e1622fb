"""One budget of time for a question, however many sandboxes it takes, and imports that need no second try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from autograder.checks.errors import StudentError, Verdict
from autograder.checks.wording import seconds
from autograder.results import Limits

__all__ = ["Budget", "Imports"]

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

        def tell(module: str, error: StudentError | None) -> None:
            if error is not None:
                self._failed[module] = _Failed(error, limits)
                return
            known = self._failed.get(module)
            if known and (_is_certain(known.error) or _within(limits, known.limits)):
                raise known.error.with_traceback(None)

        return tell


def _is_certain(error: StudentError) -> bool:
    """Whether the limits had no part in it."""
    return error.verdict in (Verdict.RAISED, Verdict.NOT_ATTEMPTED) and not error.limit


def _within(limits: Limits, others: Limits) -> bool:
    mine, theirs = replace(limits, cpu_seconds=limits.cpu), replace(others, cpu_seconds=others.cpu)
    return all(getattr(mine, each.name) <= getattr(theirs, each.name) for each in fields(Limits))
