"""Late rules as an instructor writes them, and what they cost: pure functions to points and a sum in words.

Lateness is time that has passed, so changes of the clock between deadline and hand-in do not matter: a day is 24 hours.
For the same student nothing here depends on the order of hand-ins, more time never costs points, and points never
become negative. Without a hand-in time nothing is taken off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from autograder import settings
from autograder.checks.errors import InstructorError
from autograder.checks.wording import counted
from autograder.results import Lateness
from autograder.scoring import rounded, shown

__all__ = [
    "DAY",
    "NO_DAYS",
    "UNKNOWN",
    "Days",
    "Due",
    "HandedIn",
    "LateDays",
    "LateRule",
    "Score",
    "Use",
    "free_of_points",
    "judged",
    "late_by",
    "length",
    "spent",
]

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


DAY = timedelta(days=1)
UNKNOWN = ("late, by an unknown time", "time unknown")
"""States of hand-ins whose time is not known."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """When something was handed in, with a zone; None where nobody knows. `late` is what the platform says about it."""

    time: datetime | None
    late: bool | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When one student or team has to hand in, in UTC: without any extension (`usual`) and with it (`deadline`).

    `usual_last` and `last` are the moments after which nothing counts any more, or None. `zone` is that in which times
    are shown.
    """

    deadline: datetime
    usual: datetime
    last: datetime | None = None
    usual_last: datetime | None = None
    release: datetime | None = None
    zone: tzinfo = UTC

    @property
    def extended(self) -> bool:
        """Whether there is more time than usual."""
        return self.deadline > self.usual


@dataclass(frozen=True, slots=True)
class Days:
    """Late days that were used for one hand-in, and how many are left after it (None: the term has none)."""

    used: int = 0
    left: int | None = None


NO_DAYS = Days()


@dataclass(frozen=True, slots=True)
class Use:
    """One hand-in that late days may be used for; `stated` are those that the student asked for, None for no word."""

    assignment: str
    student: str
    people: tuple[str, ...]
    handed_in: HandedIn
    due: Due
    rule: LateRule
    stated: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Points before lateness: of ordinary questions, of bonus questions, and of what there is."""

    points: float
    bonus: float
    maximum: float


def late_by(handed_in: HandedIn, due: Due, rule: LateRule | None, days: int = 0) -> timedelta | None:
    """How late a hand-in is after so many late days; zero within the grace, None where its time is not known."""
    if handed_in.time is None:
        return None
    late = handed_in.time - due.deadline - days * DAY
    grace = timedelta(minutes=rule.grace_minutes if rule else 0)
    return late if late > grace else timedelta()


def cost(late: timedelta, rule: LateRule) -> float:
    """What lateness costs in per cent, without a floor and a cut-off; at most 100."""
    if late <= timedelta():
        return 0.0
    if rule.steps:
        return max((percent for hours, percent in rule.steps if late > timedelta(hours=hours)), default=0.0)
    return min(100.0, rule.percent * -(-late // UNITS[rule.per]))


def free_of_points(rule: LateRule) -> timedelta | None:
    """How late a hand-in may be until it earns nothing, without a cut-off; None where lateness never costs everything.

    >>> free_of_points(LateRule(percent=40)), free_of_points(LateRule(percent=100)), free_of_points(LateRule())
    (datetime.timedelta(days=2), datetime.timedelta(0), None)
    """
    if rule.floor or rule.of != "earned":  # of the maximum, bonus points may be left
        return None
    if rule.steps:
        whole = [timedelta(hours=hours) for hours, percent in rule.steps if percent >= 100]
        late = min(whole, default=None)
    else:
        late = (math.ceil(100 / rule.percent) - 1) * UNITS[rule.per] if rule.percent else None
    return None if late is None else max(late, timedelta(minutes=rule.grace_minutes))


def spent(uses: Iterable[Use], budget: LateDays) -> dict[tuple[str, str], Days]:
    """The late days of a term, by assignment and student (or team): from the first deadline to the last.

    A hand-in takes as many as bring it into time, if there are; those of a team come from each member. None is used
    where lateness costs nothing, or for what is after the cut-off, also where only an extension brought it back before
    that: so no extension leaves fewer days than there would be without it.
    """
    left: dict[str, int] = {}
    found: dict[tuple[str, str], Days] = {}
    for use in sorted(uses, key=lambda each: (each.due.usual, each.assignment, each.student)):
        have = min((left.setdefault(person, budget.total) for person in use.people), default=0)
        used = min(have, _needed(use), budget.total if budget.each is None else budget.each)
        if budget.spent == "as stated":
            used = min(used, use.stated or 0)
        for person in use.people:
            left[person] -= used
        found[use.assignment, use.student] = Days(used, have - used)
    return found


def _needed(use: Use) -> int:
    """How many late days bring a hand-in into time."""
    time = use.handed_in.time
    late = late_by(use.handed_in, use.due, use.rule)
    if time is None or not late or not cost(late, use.rule):
        return 0
    if use.due.usual_last is not None and time > use.due.usual_last:
        return 0
    return math.ceil((late - timedelta(minutes=use.rule.grace_minutes)) / DAY)


def judged(
    score: Score, handed_in: HandedIn, due: Due, rule: LateRule | None, days: Days = NO_DAYS
) -> tuple[float, float, Lateness]:
    """Points and bonus points after lateness, and how they came about, line by line.

    Args:
        score: points before.
        handed_in: when.
        due: until when.
        rule: of the assignment or the course; without one, lateness is reported and costs nothing before the last
            moment of `due`.
        days: late days that are used.

    What is taken off is taken from the ordinary points first; what being early earns is a bonus.
    """
    total = rounded(score.points + score.bonus)
    lines = [_when(handed_in, due)]
    late, before = late_by(handed_in, due, rule, days.used), late_by(handed_in, due, rule)
    taken = earned = 0.0
    kept = ""
    if before is None or late is None or handed_in.time is None:
        states = {True: "late, by an unknown time", False: "in time", None: "time unknown"}
        state = states[handed_in.late]
        if handed_in.late is not False:
            lines.append("Without a hand-in time, nothing is taken off.")
    elif due.last is not None and handed_in.time > due.last:
        state, taken = "after the cut-off", max(0.0, total)
        lines.append(f"Nothing counts that is handed in after {_shown(due.last, due)}: 0 points.")
    elif not before:
        state = "in time"
        if handed_in.time > due.deadline and rule:
            lines.append(f"This is within the grace of {counted(rule.grace_minutes, 'minute')}, so it is in time.")
        earned = _early(handed_in.time, due, rule, total, lines)
    else:
        state = "late" if late else "late, covered by late days"
        if days.left is not None:
            lines.append(f"{counted(days.used, 'late day')} used, {days.left} left.")
        taken, kept = _taken(late, rule, score.maximum, total, lines) if late else (0.0, "")
    points = rounded(score.points - min(taken, max(0.0, score.points)))
    bonus = rounded(score.bonus - max(0.0, rounded(taken - max(0.0, score.points))) + earned)
    said = kept
    if taken or earned:
        sign, by = ("-", taken) if taken else ("+", earned)
        said += f"{' ' if kept else ''}{shown(total)} {sign} {shown(by)} = {counted(rounded(points + bonus), 'point')}."
    seconds = None if before is None else before.total_seconds()
    made = Lateness(state, handed_in.time, due.deadline, seconds, total, taken, earned, days.used, tuple(lines), said)
    return points, bonus, made


def _when(handed_in: HandedIn, due: Due) -> str:
    """When it was handed in, by the clock of the course."""
    deadline = f"the deadline{' with the extension' if due.extended else ''}, {_shown(due.deadline, due)}"
    if handed_in.time is None:
        said = {True: "Handed in late, as the platform says", False: "Handed in in time, as the platform says"}
        start = "Handed in" if handed_in.late is None else said[handed_in.late]
        return f"{start}; when is not known. {deadline[0].upper()}{deadline[1:]}."
    difference = handed_in.time - due.deadline
    if not difference:
        return f"Handed in exactly at {deadline}, which is in time."
    which = "after" if difference > timedelta() else "before"
    return f"Handed in on {_shown(handed_in.time, due)}, {length(abs(difference))} {which} {deadline}."


def _shown(time: datetime, due: Due) -> str:
    local = time.astimezone(due.zone)
    return f"{local:%a %Y-%m-%d %H:%M}{f':{local.second:02}' if local.second else ''} ({due.zone})"


def _early(time: datetime, due: Due, rule: LateRule | None, total: float, lines: list[str]) -> float:
    """What being early earns, by the deadline without an extension."""
    days = (due.usual - time) // DAY
    if rule is None or not rule.early_percent or days < 1:
        return 0.0
    percent = min(rule.early_most, days * rule.early_percent)
    most = f", at most {shown(rule.early_most)} %" if days * rule.early_percent > rule.early_most else ""
    lines.append(
        f"{counted(days, 'whole day')} early at {shown(rule.early_percent)} %{most} = {shown(percent)} % of the points "
        "earned."
    )
    return rounded(max(0.0, total) * percent / 100)


def _taken(late: timedelta, rule: LateRule | None, maximum: float, total: float, lines: list[str]) -> tuple[float, str]:
    """How many points lateness takes off, and a sentence where the floor limits it.

    The sentence is no line, because whether it is there may say something about the points.
    """
    percent = cost(late, rule) if rule else 0.0
    if rule is None or not percent:
        lines.append("Nothing is taken off for that.")
        return 0.0, ""
    what = "the points earned" if rule.of == "earned" else counted(maximum, "point")
    if rule.steps:
        hours = max(hours for hours, _ in rule.steps if late > timedelta(hours=hours))
        lines.append(f"More than {shown(hours)} h late: {shown(percent)} % of {what}.")
    else:
        started = -(-late // UNITS[rule.per])
        most = ", at most 100 %" if started * rule.percent > 100 else ""
        units = counted(started, f"started {rule.per}")
        lines.append(f"{units} at {shown(rule.percent)} %{most} = {shown(percent)} % of {what}.")
    taken = rounded(max(0.0, total if rule.of == "earned" else maximum) * percent / 100)
    most_taken = rounded(max(0.0, total) * (100 - rule.floor) / 100)
    if taken <= most_taken:
        return taken, ""
    return most_taken, f"At least {shown(rule.floor)} % of the points earned are kept." if rule.floor else ""


def length(time: timedelta) -> str:
    """Such as "2 days 3 h", in the two largest units."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "less than 1 s"
