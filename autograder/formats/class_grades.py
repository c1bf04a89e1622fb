"""The grades of a class that leave for other programs: how they are asked for, and how they are gathered.

`class_grades` reads the final points of each student from a graded folder, with the names by which platforms know them;
an `Exporter` writes them in its format. These points are those of grades.csv: with what people gave, and after
lateness.

Points that a person still has to give, that our own fault left open, or that belong to an attempt which waits for an
answer are no grade: such a student is in the class without points, and with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from autograder import loader
from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import counted
from autograder.course import open_course
from autograder.course.term import Term
from autograder.formats.recorded_marks import database_of_course, lost_sentence, recorded_marks
from autograder.reports.files import file_names, read_hand_ins, read_reports
from autograder.reports.final_points import known_hand_ins, laid_over, unknown_before
from autograder.reports.grades import waiting
from autograder.reports.pages import AnsweredRequest
from autograder.reports.publishing import published_names, published_requests
from autograder.reports.visibility import NOTHING_KNOWN, Moment, Shown, moment_of, shown_report
from autograder.results import CheckResult, Report, Verdict
from autograder.scoring import rounded, shown
from autograder.submissions import Which, waiting_in
from autograder.submissions.attempts import Attempt, is_collected, read_attempts
from autograder.submissions.names import student_name
from autograder.submissions.term import Person, Roster, course_roster, read_roster, term_at

__all__ = [
    "CHANGEABLE",
    "COLUMN",
    "INTO",
    "MISSING",
    "SCALE",
    "ClassGrades",
    "Exporter",
    "Grade",
    "Request",
    "Written",
    "class_grades",
]


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
    `requests` are those that the published page answers.
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


_NUMBERED = ("canvas", "moodle", "moodle-api")
"""Kinds of downloads whose keys are the platform's own numbers, perhaps with a name before them."""


def class_grades(
    out: Path, *, course: Path | None = None, roster: Path | None = None, submissions: Path | None = None
) -> ClassGrades:
    """The grades of a folder that `autograder grade --out` wrote.

    Args:
        out: that folder.
        course: the course's folder; found from here upwards by default. There need not be one.
        roster: the file with names, e-mails and other ids; by default roster.csv of the course.
        submissions: what `autograder collect` filed, which knows students by the platform's own ids; by default
            submissions/NAME of the course.

    Raises:
        UsageError: there are no reports, or reports of several assignments; or a file cannot be used.
        InstructorError: the roster is wrong.
    """
    reports = read_reports(out)
    assignments = list(dict.fromkeys(report.assignment for report in reports))
    if len(assignments) > 1:
        raise UsageError(f"{out} holds reports of several assignments ({', '.join(assignments)}); grade each apart.")
    root = _root(course)
    term = term_at(root) if root else None
    people = _roster(roster, term, root)
    collected = submissions or (root / "submissions" / assignments[0] if root else None)
    attempts = read_attempts(collected) if collected and is_collected(collected) else []
    if submissions is not None and not attempts:
        raise UsageError(f"{submissions} holds nothing that was collected; name another folder with --submissions.")
    open_ = waiting_in(collected, Which(term, assignments[0])) if collected and attempts else ()
    known: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        known.setdefault(attempt.student, []).append(attempt)
    made: list[Grade] = []
    seen = {each.student: each.attempts for each in read_hand_ins(out)}
    pages, published = file_names(report.student for report in reports), published_names(out)
    term = known_hand_ins(out, reports, term)
    database = database_of_course(assignments[0], root)
    recorded = recorded_marks(out, reports, database)
    final = laid_over(out, reports, term, recorded)
    for report in final:
        page = out / "feedback" / f"{pages[report.student]}.html"
        own = known.get(report.student, [])
        one = _grades(report, own, people, page if page.is_file() else None, report.student in open_)
        waits, times = report.student in open_, _last_times(own, seen.get(report.student, 0))
        requests = published_requests(out, page.stem) if page.stem in published else ()
        given = partial(replace, published=page.stem in published, waits=waits, collected=times, requests=requests)
        made += map(given, one)
    handed_in = {*known, *(waiting_in(collected, perhaps=True) if collected and attempts else ())}
    ungraded = sorted(handed_in - {report.student for report in reports})
    title, moment = _title(root, assignments[0]), moment_of(term, assignments[0])
    lost = lost_sentence(out, reports, recorded)
    remarks = (*([lost] if lost else []), *unknown_before(final, term))
    title_of_course = term.course.title if term else ""
    return ClassGrades(
        assignments[0],
        title,
        tuple(made),
        out,
        tuple(ungraded),
        remarks,
        moment,
        title_of_course,
        tuple(dict.fromkeys(attempt.download for attempt in attempts)),
    )


def _root(course: Path | None) -> Path | None:
    """The course's folder; where none was named, there need not be one."""
    try:
        return open_course(course)[0]
    except UsageError:
        if course is not None:
            raise
        return None


def _roster(named: Path | None, term: Term | None, root: Path | None) -> Roster:
    if named is not None:
        return read_roster(named)
    return (course_roster(term.course, root) if term and root else None) or Roster(())


def _title(root: Path | None, assignment: str) -> str:
    try:
        return loader.load(root, assignment).assignment.title if root else assignment
    except GraderError:
        return assignment  # the course is elsewhere, or has changed; the name still says what it is


def _grades(report: Report, attempts: Sequence[Attempt], roster: Roster, page: Path | None, waits: bool) -> list[Grade]:
    """One grade; of a team whose members are known, one for each."""
    why = _why_open(report, waits)
    points = None if why else rounded(report.points + report.bonus_points)
    members = tuple(dict.fromkeys(member for attempt in attempts for member in attempt.members))
    if not members and report.student not in roster.by_id:
        members = tuple(person.id for person in roster.members(report.student))
    page = None if why else page
    if members:
        keys = {member: _member_keys(member, attempts, roster) for member in members}
        return [
            _named(member, report, points, why, page, (), roster, keys[member], team=report.student)
            for member in members
        ]
    return [_named(report.student, report, points, why, page, attempts, roster, _keys(attempts))]


def _named(
    student: str,
    report: Report,
    points: float | None,
    why: str,
    page: Path | None,
    attempts: Sequence[Attempt],
    roster: Roster,
    keys: Mapping[str, tuple[str, ...]],
    team: str = "",
) -> Grade:
    numbered = bool(team or student not in roster.by_id) and _is_number(student, keys)
    person = Person("") if numbered else roster.by_id.get(student, Person(student))
    known = person.name or person.id
    names = dict.fromkeys([known, *(each.name for each in attempts if not each.blind)])
    return Grade(
        student=student,
        report=report,
        points=points,
        most=report.max_points,
        why=why,
        name=person.name,
        names=tuple(name for name in names if name),
        ids=tuple(id_ for id_ in dict.fromkeys((person.id, *person.aliases)) if id_),
        emails=person.emails,
        keys=keys,
        team=team,
        page=page,
    )


def _keys(attempts: Sequence[Attempt]) -> Mapping[str, tuple[str, ...]]:
    """What each platform calls whoever handed in these attempts."""
    found: dict[str, dict[str, None]] = {}
    for attempt in attempts:
        found.setdefault(attempt.source, {})[attempt.key] = None
    return {source: tuple(keys) for source, keys in found.items()}


def _member_keys(member: str, attempts: Sequence[Attempt], roster: Roster) -> Mapping[str, tuple[str, ...]]:
    """What each platform calls a member of a team.

    A record without keys is from a time when they were not kept: whoever is not on the roster has one as the name.
    """
    found: dict[str, dict[str, None]] = {}
    for attempt in attempts:
        old = attempt.source in _NUMBERED and not attempt.member_keys and member not in roster.by_id
        if key := attempt.member_keys.get(member, member if old else ""):
            found.setdefault(attempt.source, {})[key] = None
    return {source: tuple(keys) for source, keys in found.items()}


def _last_times(attempts: Sequence[Attempt], graded: int) -> Mapping[str, datetime]:
    """When the last attempt of each kind of download was handed in, as that says it; not where one has no such time.

    Args:
        attempts: of one student or team.
        graded: so many were there when it was graded; 0 where that is not known.
    """
    found: dict[str, list[datetime | None]] = {}
    for attempt in (each for each in attempts if not graded or each.number <= graded):
        found.setdefault(attempt.source, []).append(None if attempt.time_from else attempt.handed_in)
    times = {source: [time for time in own if time] for source, own in found.items()}
    return {source: max(own) for source, own in times.items() if own and len(own) == len(found[source])}


def _is_number(student: str, keys: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a platform's own number stands in the place of a name: it may be somebody else's id elsewhere."""
    return any(
        student in (student_name(key), student_name(f"{source} {key}"))
        for source in _NUMBERED
        for key in keys.get(source, ())
    )


def _why_open(report: Report, waits: bool) -> str:
    """Why the points are not final, as what follows a name; "" where they are."""
    if waits:
        return "an attempt waits for an answer in questions.csv"
    if report.not_final:
        return "the report is not final"
    if report.internal:
        return "a check is INTERNAL, to be graded again"
    if left := waiting(report):
        return f"{counted(left, 'point')} to be given manually"
    return ""
