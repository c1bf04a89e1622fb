"""When assignments are released and due, and which of a student's attempts counts.

A text without an offset is a time on the course's own clocks (`Course.timezone`). What clocks show twice, or never, at
a change of daylight saving time is refused. Everything is compared in UTC, so that a change of clocks between deadline
and hand-in changes nobody's lateness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from autograder import settings
from autograder.checks.errors import InstructorError
from autograder.course.late import Due, LateRule
from autograder.course.roster import Person

__all__ = ["AttemptRule", "Dates", "Extension", "Tried", "due_of", "may_count", "moment", "zone_of"]

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


_EXAMPLE = "'2026-11-30 23:59'"
_DATE_ALONE = re.compile(r"\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d(-?\d)?")
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Dates:
    """When one assignment is released and due, and what it has of its own.

    Args:
        deadline: until when it may be handed in without being late.
        release: when students get it, or None.
        late_deadline: what is handed in after it gets 0 points; None for the cut-off of the late rule, if it has one.
        late: the assignment's own late rule in place of the course's.
        attempts: the assignment's own rule about attempts in place of the course's.
        late_days: whether late days of the term may be used for it.
    """

    deadline: str | datetime
    release: str | datetime | None = None
    late_deadline: str | datetime | None = None
    late: LateRule | None = None
    attempts: AttemptRule | None = None
    late_days: bool = True

    def __post_init__(self) -> None:
        for name in ("deadline", "release", "late_deadline"):
            value = getattr(self, name)
            if value is not None or name == "deadline":
                _read(value, f"Dates.{name}")
        if self.late is not None and not isinstance(self.late, LateRule):
            raise InstructorError(f"Dates.late is {settings.written(self.late)}; give None or a LateRule(...).")
        if self.attempts is not None and not isinstance(self.attempts, AttemptRule):
            raise InstructorError(
                f"Dates.attempts is {settings.written(self.attempts)}; give None or an AttemptRule(...)."
            )
        settings.flag(self.late_days, "Dates.late_days")


@dataclass(frozen=True, slots=True)
class Extension:
    """More time for some: until a moment, or so many days (on the clock) and hours (of 60 minutes) longer.

    It is for everybody who is named, in any of the three ways. Without assignments it holds for each one. Of several
    extensions the longest counts; they are not added up. The reason is for staff, and is on no page.
    """

    reason: str
    students: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    until: str | datetime | None = None
    days: int = 0
    hours: float = 0

    def __post_init__(self) -> None:
        settings.text(self.reason, "Extension.reason")
        for name in ("students", "groups", "sections", "assignments"):
            settings.texts(getattr(self, name), f"Extension.{name}", example='("this",)')
            if not isinstance(getattr(self, name), tuple):
                raise InstructorError(
                    f"Extension.{name} is a list; give names in parentheses with a comma after each, such as ('this',)."
                )
        if not (self.students or self.groups or self.sections):
            raise InstructorError(
                "Extension.students, groups and sections are empty; say whom the extension is for, such as "
                "students=('ada',)."
            )
        settings.number(self.days, "Extension.days", least=0, most=_MOST_DAYS, whole=True)
        settings.number(self.hours, "Extension.hours", least=0, most=24 * _MOST_DAYS)
        if self.until is not None:
            _read(self.until, "Extension.until")
        if (self.until is None) != bool(self.days or self.hours):
            raise InstructorError("Extension.until: give either a time, or days or hours, such as days=2.")

    def is_for(self, person: Person, assignment: str) -> bool:
        """Whether it is for somebody, for an assignment."""
        named = person.id in self.students or person.group in self.groups or person.section in self.sections
        return named and (not self.assignments or assignment in self.assignments)


def due_of(
    dates: Dates,
    rule: LateRule | None,
    extensions: Iterable[Extension],
    people: Iterable[Person],
    assignment: str,
    zone: tzinfo | None,
) -> Due:
    """When somebody, or a team, has to hand in an assignment.

    Args:
        dates: of the assignment.
        rule: its late rule: it may have a cut-off, and says whose extension counts for a team.
        extensions: of the course.
        people: whoever handed in; the members of a team.
        assignment: its name.
        zone: of times without an offset.
    """
    usual = moment(dates.deadline, zone, "Dates.deadline")
    release = None if dates.release is None else moment(dates.release, zone, "Dates.release")
    last = None if dates.late_deadline is None else moment(dates.late_deadline, zone, "Dates.late_deadline")
    if last is None and rule is not None and rule.cut_off_hours is not None:
        last = usual + timedelta(hours=rule.cut_off_hours)
    own = []
    for person in people:
        later = [_until(each, usual, zone) for each in extensions if each.is_for(person, assignment)]
        own.append(max([usual, *later]))
    choose = min if rule is not None and rule.team == "earliest" else max
    deadline = choose(own) if own else usual
    return Due(deadline, usual, last and last + (deadline - usual), last, release, zone or UTC)


def _until(extension: Extension, usual: datetime, zone: tzinfo | None) -> datetime:
    """The end of an extension; days are counted on the clock, and a time that it shows twice is the later one."""
    if extension.until is not None:
        return moment(extension.until, zone, "Extension.until")
    local = usual.astimezone(zone or UTC).replace(tzinfo=None) + timedelta(days=extension.days)
    later = max(local.replace(tzinfo=zone or UTC, fold=fold).astimezone(UTC) for fold in (0, 1))
    return later + timedelta(hours=extension.hours)


def zone_of(name: object, where: str) -> tzinfo:
    """A time zone by its name in the time-zone database.

    Raises:
        InstructorError: there is none of that name.
    """
    text = settings.text(name, where)
    if text.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, LookupError):
        known = settings.near(text, sorted(available_timezones()))
        raise InstructorError(
            f"{where} is {text!r}, which is no time zone; give its name, such as 'Europe/Berlin': {known}"
        ) from None


def moment(value: str | datetime, zone: tzinfo | None, where: str) -> datetime:
    """A time as it is written, in UTC.

    Args:
        value: a text such as "2026-11-30 23:59", with an offset or without, or a `datetime`.
        zone: that of times without an offset; None where the course names none.
        where: the field, for sentences.

    Raises:
        InstructorError: it is no time, has no zone, or one that the clocks of the zone show twice or never.
    """
    time = _read(value, where)
    zone = time.tzinfo or zone  # a zone in the value has the same changes of clocks
    if zone is None:
        raise InstructorError(
            f"{where} is {settings.written(value)}, which names no time zone; set Course.timezone, such as "
            "'Europe/Berlin', or write the offset, such as '2026-11-30 23:59+01:00'."
        )
    time = time.replace(tzinfo=None)
    first, second = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return _utc(first, where)
    shown = f"{time:%Y-%m-%d %H:%M}"
    given = settings.written(value) if isinstance(value, str) else shown
    if _utc(first, where).astimezone(zone).replace(tzinfo=None, fold=0) != time:
        raise InstructorError(
            f"{where} is {given}, a time that clocks in {zone} skip when daylight saving time begins; give another one."
        )
    raise InstructorError(
        f"{where} is {given}, a time that clocks in {zone} show twice when daylight saving time "
        f"ends; write '{shown}{_offset(first)}' for the first one, or '{shown}{_offset(second)}' for the second."
    )


def _utc(time: datetime, where: str) -> datetime:
    try:
        return time.astimezone(UTC)
    except (OverflowError, ValueError):
        raise InstructorError(f"{where} is {time}; give a time such as {_EXAMPLE}.") from None


def _offset(time: datetime) -> str:
    text = f"{time:%z}"
    return f"{text[:3]}:{text[3:5]}"


def _read(value: object, where: str) -> datetime:
    """The date and time that a text says, with a zone where it has one.

    Raises:
        InstructorError: it is none.
    """
    if isinstance(value, datetime):
        time = value
    else:
        if not isinstance(value, str):
            raise InstructorError(f"{where} is {settings.written(value)}; give a time in quotes, such as {_EXAMPLE}.")
        if _DATE_ALONE.fullmatch(value.strip()):
            raise InstructorError(
                f"{where} is {value!r}, a date without a time of day; write both, such as {_EXAMPLE}."
            )
        try:
            time = datetime.fromisoformat(value.strip())
        except ValueError:
            raise InstructorError(
                f"{where} is {settings.written(value)}, which is no time; write it as {_EXAMPLE}."
            ) from None
    if not 1990 <= time.year <= 2200:
        raise InstructorError(f"{where} is {settings.written(value)}; give a year from 1990 to 2200.")
    return time
