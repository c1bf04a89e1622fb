"""What leaves for other programs: the grades of a class, how they are asked for, and what an exporter is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.reports.pages import AnsweredRequest
from autograder.reports.visibility import NOTHING_KNOWN, Moment, Shown, shown_report
from autograder.results import CheckResult, Report, Verdict
from autograder.scoring import rounded, shown

__all__ = ["CHANGEABLE", "COLUMN", "INTO", "MISSING", "SCALE", "ClassGrades", "Exporter", "Grade", "Request", "Written"]

INTO, COLUMN, SCALE, MISSING, CHANGEABLE = "into", "column", "scale", "missing", "changeable"
"""Names of options that an exporter may take; all take OUT, --to, --course, --roster and --submissions."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What one student gets for one assignment.

    `points` are those after late rules, with bonus points, or None where they are not final; `why` says then what is
    missing. `most` is what can be reached without bonus points. `name` and `ids` are those of the roster, `keys` what
    learning platforms call the student, by the kind of download. For a team, `team` is its name, and there is one grade
    for each member that is known; `page` is the feedback page, if there is one. `published` says whether
    `autograder publish` showed the student a page, `waits` that another attempt may count, which waits for an answer.
    `requests` are those that a published page answers.
    `collected` are the times of the last attempts that grading knew, by the kind of download that says them.
    """

    student: str
    report: Report
    points: float | None
    most: float
    why: str = ""
    name: str = ""
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    team: str = ""
    page: Path | None = None
    published: bool = False
    waits: bool = False
    collected: Mapping[str, datetime] = field(default_factory=dict)
    requests: Sequence[AnsweredRequest] = ()

    def points_of(self, check: CheckResult) -> float | None:
        """The points of a check; None where they are not final."""
        if self.points is not None:
            return check.points
        whole = self.waits or self.report.not_final
        return None if whole or check.verdict in (Verdict.MANUAL, Verdict.INTERNAL) else check.points

    def out_of(self, most: float | None, scale: bool | None) -> float | None:
        """The points in a table that has room for `most`; None where they are not final.

        Args:
            most: the most points there, None where the table does not say.
            scale: whether points are converted; None where nobody said.

        Raises:
            UsageError: the most points differ and nobody said what to do, or there is nothing to convert.
        """
        if self.points is None or most is None or abs(most - self.most) < 0.005:
            return self.points
        here, there = counted(self.most, "point"), shown(most)
        if scale is None:
            raise UsageError(
                f"{self.report.assignment} has {here} here and {there} there; --scale converts points, --no-scale "
                "writes them as they are."
            )
        if scale and not self.most:
            raise UsageError(f"{self.report.assignment} has no points here, so nothing can be converted to {there}.")
        return rounded(self.points / self.most * most) if scale else self.points


@dataclass(frozen=True, slots=True)
class ClassGrades:
    """The grades of one assignment, by student, and the folder that they lie in.

    `ungraded` are those who handed in, or may have, and have no report: what they get is not known yet. `remarks` are
    sentences about the points for whoever exports them. `moment` is when students read what is written of checks, as
    long as theirs are not published. `course` is the title of the course, or "". `downloads` are the names of those, or
    the addresses, that the submissions were collected from.
    """

    assignment: str
    title: str
    grades: tuple[Grade, ...]
    out: Path
    ungraded: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    moment: Moment = NOTHING_KNOWN
    course: str = ""
    downloads: tuple[str, ...] = ()

    def moment_of(self, grade: Grade) -> Moment:
        """When the student of a grade reads what is written of checks."""
        return replace(self.moment, published=True) if grade.published else self.moment

    def shown(self, grade: Grade) -> Shown:
        """What the student of a grade may read of the report at that moment."""
        return shown_report(grade.report, self.moment_of(grade))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an exporter.

    `to` is the folder for what is written. `into` is the file of the platform that is filled, `column` which of its
    columns, `scale` whether points are converted to its maximum, `missing` the points of those without a submission
    (None leaves them blank), `changeable` the platform's word for yes, where its language is not known here.
    """

    to: Path
    into: Path | None = None
    column: str = ""
    scale: bool | None = None
    missing: float | None = None
    changeable: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What an exporter wrote, sentences about it, and whether somebody's grade found no place."""

    files: tuple[Path, ...]
    sentences: tuple[str, ...] = ()
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format: its help on the command line, what writes it, and the options that it takes.

    `needs_file` says how to get the file that has to be named with --into, or is "" where there need not be one.
    """

    help: str
    write: Callable[[ClassGrades, Request], Written]
    options: frozenset[str] = frozenset()
    needs_file: str = ""
