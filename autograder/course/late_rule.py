"""What lateness costs, as an instructor writes it: rules of the course and of assignments, late days of a term."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from autograder import settings
from autograder.checks.errors import InstructorError

__all__ = ["UNITS", "LateDays", "LateRule"]

UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
"""Of what a started one may cost something."""
_MOST_HOURS = 24 * 366.0
_TEAM = ("latest", "earliest")
_OF = ("earned", "maximum")
_SPENT = ("automatically", "as stated")


@dataclass(frozen=True, slots=True)
class LateRule:
    """What lateness costs, and what being early earns; percentages are numbers from 0 to 100.

    Args:
        grace_minutes: so late is still in time; after that, lateness counts from the deadline.
        percent: what each started unit of lateness costs.
        per: the unit: "day" (24 hours), "hour" or "minute".
        steps: in place of `percent`: pairs of hours and a percentage. Later than so many hours costs so much in all.
        of: a percentage of the points "earned", or of the "maximum" of the assignment.
        floor: the percentage of the points earned that a late submission keeps at least, until the cut-off.
        cut_off_hours: what is handed in later than so many hours after the deadline gets 0 points; None for never. A
            late deadline of an assignment takes its place.
        team: whose extension counts for a team: that of the member with the "latest" deadline, or the "earliest".
        early_percent: what each whole day before the deadline earns, in per cent of the points earned.
        early_most: the most that being early earns, in per cent.
    """

    grace_minutes: float = 0
    percent: float = 0
    per: str = "day"
    steps: tuple[tuple[float, float], ...] = ()
    of: str = "earned"
    floor: float = 0
    cut_off_hours: float | None = None
    team: str = "latest"
    early_percent: float = 0
    early_most: float = 0

    def __post_init__(self) -> None:
        settings.number(self.grace_minutes, "LateRule.grace_minutes", least=0, most=60 * _MOST_HOURS)
        for name in ("percent", "floor", "early_percent", "early_most"):
            settings.number(getattr(self, name), f"LateRule.{name}", least=0, most=100)
        for name, known in (("per", tuple(UNITS)), ("of", _OF), ("team", _TEAM)):
            if not isinstance(getattr(self, name), str) or getattr(self, name) not in known:
                raise InstructorError(
                    f"LateRule.{name} is {settings.written(getattr(self, name))}; give one of "
                    f"{', '.join(map(repr, known))}."
                )
        if self.cut_off_hours is not None:
            settings.number(self.cut_off_hours, "LateRule.cut_off_hours", least=0, most=_MOST_HOURS)
            if self.cut_off_hours * 60 < self.grace_minutes:
                raise InstructorError(
                    f"LateRule.cut_off_hours is {self.cut_off_hours:g}, which is within the grace of "
                    f"{self.grace_minutes:g} minutes; give a later cut-off, or less grace."
                )
        if bool(self.early_percent) != bool(self.early_most):
            raise InstructorError(
                "LateRule.early_percent and LateRule.early_most: give both, such as early_percent=1, early_most=5."
            )
        self._check_steps()

    def _check_steps(self) -> None:
        if not isinstance(self.steps, tuple) or not all(
            isinstance(each, tuple) and len(each) == 2 for each in self.steps
        ):
            raise InstructorError(
                f"LateRule.steps is {settings.written(self.steps)}; give pairs of hours and per cent, such as "
                "((0, 10), (24, 50))."
            )
        for hours, percent in self.steps:
            settings.number(hours, "LateRule.steps (hours)", least=0, most=_MOST_HOURS)
            settings.number(percent, "LateRule.steps (per cent)", least=0, most=100)
        if any(a[0] >= b[0] or a[1] > b[1] for a, b in zip(self.steps, self.steps[1:], strict=False)):
            raise InstructorError(
                f"LateRule.steps is {settings.written(self.steps)}; hours have to rise from pair to pair, and per cent "
                "must not fall."
            )
        if self.steps and self.percent:
            raise InstructorError("LateRule.percent and LateRule.steps: give one of them, and leave the other out.")


@dataclass(frozen=True, slots=True)
class LateDays:
    """Days that each student may be late in a term at no cost; one covers 24 hours.

    Args:
        total: how many each student has.
        each: the most for one assignment; None for as many as there are.
        spent: "automatically", from the first deadline of the term to the last, or "as stated" in `late_days.csv`.
    """

    total: int
    each: int | None = None
    spent: str = "automatically"

    def __post_init__(self) -> None:
        settings.number(self.total, "LateDays.total", least=0, most=366, whole=True)
        if self.each is not None:
            settings.number(self.each, "LateDays.each", least=1, most=366, whole=True)
        if self.spent not in _SPENT:
            raise InstructorError(
                f"LateDays.spent is {settings.written(self.spent)}; give one of {', '.join(map(repr, _SPENT))}."
            )
