"""Which of a student's attempts counts: the last, the first or the best one, of so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from autograder import settings
from autograder.checks.errors import InstructorError

__all__ = ["AttemptRule", "Tried", "may_count"]

_COUNTS = ("last", "best", "first")
_LATE = ("always", "if none in time")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class AttemptRule:
    """Which attempt counts.

    Args:
        counts: "last", "first", or "best": all are graded, and the one with the most points after lateness counts.
        at_most: attempts after the first so many do not count; None for no limit.
        late: whether late attempts count "always", or only "if none in time" is there.
    """

    counts: str = "last"
    at_most: int | None = None
    late: str = "always"

    def __post_init__(self) -> None:
        for name, known in (("counts", _COUNTS), ("late", _LATE)):
            value = getattr(self, name)
            if value not in known:
                raise InstructorError(
                    f"AttemptRule.{name} is {settings.written(value)}; give one of {', '.join(map(repr, known))}."
                )
        if self.at_most is not None:
            settings.number(self.at_most, "AttemptRule.at_most", least=1, most=_MOST, whole=True)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: its number, when it was handed in (None: not known), and whether it was late (None: not known)."""

    number: int
    time: datetime | None = None
    late: bool | None = None


def may_count(attempts: Sequence[Tried], rule: AttemptRule) -> tuple[int, ...]:
    """The numbers of the attempts of which one counts, the first one first; more than one only where the best does.

    Attempts are ordered by time where all times are known, else by number; so the order in which they are given does
    not matter. Whether an attempt is late matters only where it is known.
    """
    timed = all(each.time is not None for each in attempts)
    ordered = sorted(attempts, key=lambda each: (each.time.timestamp() if timed and each.time else 0.0, each.number))
    within = ordered[: rule.at_most]
    if rule.late == "if none in time":
        within = [each for each in within if not each.late] or within
    numbers = [each.number for each in within]
    if rule.counts == "best" or not numbers:
        return tuple(numbers)
    return (numbers[-1 if rule.counts == "last" else 0],)
