"""The course as values: what `grader_config.py` says, in frozen records that refuse wrong values in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path

from autograder import settings
from autograder.assignment.dataset import Dataset
from autograder.backends import NAMES
from autograder.checks.errors import InstructorError, UsageError
from autograder.course.dates import AttemptRule, Dates, Extension, due_of, moment, zone_of
from autograder.course.late import Due, LateDays, LateRule
from autograder.course.roster import Person
from autograder.early_start import NOTEBOOK_FORM
from autograder.results import Limits
from autograder.scoring import rounded

__all__ = ["SANDBOXES", "Course", "HomeworkSet"]

SANDBOXES = ("auto", *NAMES)
_ROUNDING = ("nearest", "up", "down")
_LAST = AttemptRule()


@dataclass(frozen=True, slots=True)
class HomeworkSet:
    """Assignments that are graded together: their points and bonus points are added, up to the cap.

    The `drop_lowest` assignments with the fewest points are left out. The sum is rounded to a multiple of `round_to`
    before the cap: to the "nearest" one (halves up), "up" or "down".
    """

    id: str
    title: str
    assignments: tuple[str, ...]
    cap: float
    drop_lowest: int = 0
    round_to: float = 0.01
    rounding: str = "nearest"

    def __post_init__(self) -> None:
        _text(self, "id")
        _text(self, "title")
        _texts(self, "assignments")
        settings.points(self.cap, "HomeworkSet.cap")
        settings.number(self.drop_lowest, "HomeworkSet.drop_lowest", least=0, most=1000, whole=True)
        if self.drop_lowest and self.drop_lowest >= len(self.assignments):
            raise InstructorError(
                f"HomeworkSet.drop_lowest is {self.drop_lowest}, of {len(self.assignments)} assignments; leave at "
                "least one that counts."
            )
        settings.number(self.round_to, "HomeworkSet.round_to", least=0.01, most=1000)
        if rounded(self.round_to) != self.round_to:
            raise InstructorError(f"HomeworkSet.round_to is {self.round_to:g}; give a multiple of 0.01, as points are.")
        if self.rounding not in _ROUNDING:
            raise InstructorError(
                f"HomeworkSet.rounding is {settings.written(self.rounding)}; give one of "
                f"{', '.join(map(repr, _ROUNDING))}."
            )


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that holds for a whole course; what each field means is said in `grader_config.py`."""

    title: str
    assignments: tuple[str, ...]
    homework_sets: tuple[HomeworkSet, ...] = ()
    sandbox: str = "auto"
    jobs: int = 0
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    data: Path | None = None
    database: str | None = None
    artefacts: Path | None = None
    mirrors: tuple[str, ...] = ()
    accept_close_names: bool = True
    datasets: tuple[Dataset, ...] = ()
    roster: Path | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timezone: str | None = None
    dates: Mapping[str, Dates] = field(default_factory=dict)
    late: LateRule | None = None
    late_days: LateDays | None = None
    attempts: AttemptRule = _LAST
    extensions: tuple[Extension, ...] = ()
    price_per_cpu_hour: float | None = None

    def __post_init__(self) -> None:
        for name in ("title", "sandbox"):
            _text(self, name)
        if self.data is not None and not isinstance(self.data, Path):
            raise InstructorError(
                f"Course.data is {settings.written(self.data)}; give None or a Path, such as Path('/srv/data')."
            )
        if self.artefacts is not None and not isinstance(self.artefacts, Path):
            raise InstructorError(
                f"Course.artefacts is {settings.written(self.artefacts)}; give None or a Path, such as "
                "Path('/srv/course/artefacts')."
            )
        if self.database is not None:
            settings.database(self.database, "Course.database")
        _texts(self, "assignments")
        _texts(self, "mirrors")
        if self.sandbox not in SANDBOXES:
            raise InstructorError(f"Course.sandbox is {self.sandbox!r}; give one of {', '.join(SANDBOXES)}.")
        settings.number(self.jobs, "Course.jobs", least=0, most=settings.MOST_JOBS, whole=True)
        settings.flag(self.accept_close_names, "Course.accept_close_names")
        if self.price_per_cpu_hour is not None:
            settings.number(self.price_per_cpu_hour, "Course.price_per_cpu_hour", least=0, most=1_000_000)
        if not isinstance(self.datasets, tuple) or not all(isinstance(each, Dataset) for each in self.datasets):
            raise InstructorError("Course.datasets must be a tuple of Dataset values, such as (Dataset(...),).")
        names = [each.name for each in self.datasets]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise InstructorError(f"Course.datasets has two data sets called {twice!r}; rename one of them.")
        self._check_sets()
        self._check_limits()
        self._check_people()
        self._check_rules()
        self._check_dates()

    def _check_sets(self) -> None:
        if not isinstance(self.homework_sets, tuple) or not all(isinstance(s, HomeworkSet) for s in self.homework_sets):
            raise InstructorError(
                "Course.homework_sets must be a tuple of HomeworkSet values, such as (HomeworkSet(...),)."
            )
        ids = [each.id for each in self.homework_sets]
        for name in ids:
            if ids.count(name) > 1:
                raise InstructorError(f"Course.homework_sets has two sets called {name!r}; rename one of them.")

    def _check_limits(self) -> None:
        if not isinstance(self.limits, Mapping):
            raise InstructorError('Course.limits must map an assignment to its limits, such as {"backprop": {...}}.')
        for name, changes in self.limits.items():
            where = f"Course.limits[{name!r}]"
            if name not in self.assignments:
                raise InstructorError(f"{where} is about no assignment of Course.assignments; correct its name.")
            if not isinstance(changes, Mapping):
                raise InstructorError(f'{where} must map limits to numbers, such as {{"wall_seconds": 60}}.')
            try:
                Limits().changed(dict(changes))
            except UsageError as error:
                raise InstructorError(f"{where}: {error}") from None

    def _check_people(self) -> None:
        if self.roster is not None and not isinstance(self.roster, Path):
            raise InstructorError(
                f"Course.roster is {settings.written(self.roster)}; give None or a Path, such as Path('roster.csv')."
            )
        if not isinstance(self.groups, Mapping):
            raise InstructorError(
                'Course.groups must map the name of a group to ids of its members, such as {"Team 1": ("ada", "ben")}.'
            )
        owner: dict[str, str] = {}
        for name, members in self.groups.items():
            settings.text(name, "Course.groups (a name)")
            given: object = members
            if isinstance(given, list):
                raise InstructorError(
                    f"Course.groups[{name!r}] is a list; give ids in parentheses with a comma after each, such as "
                    '("ada", "ben").'
                )
            for member in settings.texts(members, f"Course.groups[{name!r}]", example='("ada", "ben")'):
                if owner.setdefault(member, name) != name:
                    raise InstructorError(
                        f"Course.groups[{name!r}] names {member!r}, who is in {owner[member]!r}; take one out."
                    )

    def _check_rules(self) -> None:
        kinds: tuple[tuple[str, type, bool], ...] = (
            ("late", LateRule, True),
            ("late_days", LateDays, True),
            ("attempts", AttemptRule, False),
        )
        for name, kind, optional in kinds:
            value = getattr(self, name)
            if not isinstance(value, kind) and not (optional and value is None):
                none = "None or " if optional else ""
                raise InstructorError(
                    f"Course.{name} is {settings.written(value)}; give {none}{kind.__name__}(...) of autograder.course."
                )
        if not isinstance(self.extensions, tuple) or not all(isinstance(each, Extension) for each in self.extensions):
            raise InstructorError("Course.extensions must be a tuple of Extension values, such as (Extension(...),).")

    def _check_dates(self) -> None:
        """Read every time once, so that what is wrong with one is said when the file is read."""
        zone = None if self.timezone is None else zone_of(self.timezone, "Course.timezone")
        if not isinstance(self.dates, Mapping):
            raise InstructorError('Course.dates must map an assignment to its dates, such as {"backprop": Dates(...)}.')
        for name, dates in self.dates.items():
            where = f"Course.dates[{name!r}]"
            if name not in self.assignments:
                raise InstructorError(f"{where} is about no assignment of Course.assignments; correct its name.")
            if not isinstance(dates, Dates):
                raise InstructorError(f"{where} is {settings.written(dates)}; give Dates(...) of autograder.course.")
            times = [
                (each, moment(value, zone, f"{where}.{each}"))
                for each in ("release", "deadline", "late_deadline")
                if (value := getattr(dates, each)) is not None
            ]
            for (first, before), (second, after) in pairwise(times):
                if before >= after and not (second == "late_deadline" and before == after):
                    raise InstructorError(
                        f"{where}.{second} is {getattr(dates, second)}, which is not after the "
                        f"{first.replace('_', ' ')} ({getattr(dates, first)}); correct one of them."
                    )
            automatic = self.late_days is not None and dates.late_days and self.late_days.spent == "automatically"
            if automatic and self.attempt_rule(name).counts == "best":
                raise InstructorError(
                    f"{where}: which attempt is the best depends on late days, and these are spent automatically by "
                    "the time of the attempt that counts; set Dates.late_days=False for this assignment, or "
                    'LateDays.spent="as stated".'
                )
        for number, each in enumerate(self.extensions):
            if each.until is not None:
                moment(each.until, zone, f"Course.extensions[{number}].until")
            for name in each.assignments:
                if name not in self.dates:
                    raise InstructorError(
                        f"Course.extensions[{number}].assignments names {name!r}, which has no dates; give it some in "
                        "Course.dates, or correct the name."
                    )

    @property
    def zone(self) -> tzinfo | None:
        """The course's time zone; None where it names none."""
        return None if self.timezone is None else zone_of(self.timezone, "Course.timezone")

    def artefacts_at(self, root: Path) -> Path | None:
        """The folder of files that checks left, of a course in this folder; None for the one beside a database file."""
        return None if self.artefacts is None else root / self.artefacts

    def dates_of(self, assignment: str) -> Dates | None:
        """The dates of an assignment, also in its form as a notebook; None without any."""
        return self.dates.get(assignment) or self.dates.get(assignment.removesuffix(NOTEBOOK_FORM))

    def late_rule(self, assignment: str) -> LateRule | None:
        """The late rule of an assignment: its own, else the course's."""
        dates = self.dates_of(assignment)
        return dates.late if dates is not None and dates.late is not None else self.late

    def attempt_rule(self, assignment: str) -> AttemptRule:
        """Which attempt counts: by the assignment's own rule, else the course's."""
        dates = self.dates_of(assignment)
        return dates.attempts if dates is not None and dates.attempts is not None else self.attempts

    def due(self, assignment: str, people: Iterable[Person] = ()) -> Due | None:
        """When somebody, or a team with these members, has to hand in an assignment; None where it has no dates."""
        dates = self.dates_of(assignment)
        if dates is None:
            return None
        name = assignment if assignment in self.dates else assignment.removesuffix(NOTEBOOK_FORM)
        return due_of(dates, self.late_rule(assignment), self.extensions, people, name, self.zone)

    def jobs_at_once(self, option: int | None, threads: int = 1) -> int:
        """How many run at a time: what `--jobs` says, else the course.

        0 stands for as many as there are processors for, where each uses so many threads.
        """
        return (self.jobs if option is None else option) or max(1, (os.cpu_count() or 1) // threads)

    def absent(self, root: Path) -> tuple[str, ...]:
        """Assignments that a homework set counts and that are not in the repository (yet), in order."""
        named = (name for each in self.homework_sets for name in each.assignments)
        return tuple(dict.fromkeys(name for name in named if not (root / "assignments" / name).is_dir()))


def _text(record: object, name: str) -> None:
    settings.text(getattr(record, name), _where(record, name))


def _texts(record: object, name: str) -> None:
    value = getattr(record, name)
    if not isinstance(value, tuple) or not all(isinstance(each, str) and each for each in value):
        raise InstructorError(
            f"{_where(record, name)} is {settings.written(value)}; "
            'give names in parentheses with a comma after each, such as ("this",).'
        )
    for each in value:
        if value.count(each) > 1:
            raise InstructorError(f"{type(record).__name__}.{name} names {each!r} twice; take one out.")


def _where(record: object, name: str) -> str:
    return f"{type(record).__name__}.{name}"
