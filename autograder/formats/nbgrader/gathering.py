"""What an export is made of: reports, what was handed in and out, and when, of our assignments and of nbgrader's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import reports as export
from autograder.checks.errors import GraderError, StudentError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import CONFIG_FILE, open_course
from autograder.course.term import Term
from autograder.formats.nbgrader import stamp_of
from autograder.formats.nbgrader.config import CONFIG_FILE as NBGRADER_CONFIG
from autograder.notebooks import Notebook, read
from autograder.reports.final_points import known_hand_ins
from autograder.reports.manual_grades import with_hand_grades
from autograder.reports.publishing import published_names
from autograder.reports.visibility import NOTHING_KNOWN, Moment, moment_of, shown_report
from autograder.results import Lateness, Report
from autograder.submissions import Submission, collect
from autograder.submissions.names import some
from autograder.submissions.term import term_at

if TYPE_CHECKING:
    from autograder.formats.nbgrader.source_notebook import Original
    from autograder.reports.graded_notebook import GradedNotebook
    from autograder.reports.pages import Heading

__all__ = ["Gathered", "Late", "Source", "gather", "heading_of", "in_utc", "late_of", "originals_of", "term_of"]


@dataclass(frozen=True, slots=True)
class Source:
    """What is exported: a folder of reports, the course that it belongs to, and what was handed in."""

    out: Path
    course: Path | None = None
    submissions: Path | None = None

    @property
    def nbgrader(self) -> Path | None:
        """nbgrader's course folder, where one was named; it may have a grader_config.py, too."""
        if self.course is None:
            return None
        theirs = (self.course / NBGRADER_CONFIG).is_file() or (self.course / "source").is_dir()
        return self.course if theirs or not (self.course / CONFIG_FILE).is_file() else None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Files of one submission by name (None: not at hand), and when it came."""

    files: Mapping[str, bytes] | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """What the dates and the late rule of `grader_config.py` say of one submission, with times in UTC.

    `due` is the deadline of everybody, `extension` how much later this student's is, `earned` what being early earns.
    `takes` says how many of so many points lateness takes off, where there are so many at most.
    """

    due: datetime
    extension: timedelta
    handed_in: datetime | None
    earned: float
    takes: Callable[[float, float], float]


@dataclass(slots=True)
class Gathered:
    """Everything about one folder of reports; those that are `not_final` are in no gradebook and on no page.

    `late` has those whose lateness follows from `grader_config.py`; that of others is nbgrader's.
    """

    reports: tuple[Report, ...]
    not_final: tuple[Report, ...]
    ids: dict[str, str]
    notebooks: dict[str, tuple[GradedNotebook, ...]] = field(default_factory=dict)
    received: dict[str, datetime | None] = field(default_factory=dict)
    late: dict[str, Late] = field(default_factory=dict)


def heading_of(source: Source, assignment: str) -> Heading:
    """The titles of course and assignment, or their names where the course is not at hand."""
    from autograder import loader
    from autograder.reports import pages as feedback

    if source.nbgrader:
        return feedback.Heading(source.nbgrader.resolve().name, assignment)
    try:
        root, course = open_course(source.course)
        return feedback.Heading(course.title, loader.load(root, assignment).assignment.title)
    except GraderError:
        return feedback.Heading("", assignment)


def in_utc(time: datetime | None) -> datetime | None:
    """The same time in UTC, without saying so, as nbgrader keeps it; one without a zone as it is."""
    return time.astimezone(UTC).replace(tzinfo=None) if time is not None and time.tzinfo else time


def term_of(source: Source, reports: Sequence[Report]) -> Term | None:
    """The term of the course that reports are of, with their hand-ins; None in nbgrader's course, or without a course.

    Raises:
        GraderError: the course or its hand-ins cannot be read.
    """
    return None if source.nbgrader else known_hand_ins(source.out, reports, term_at(source.course))


def late_of(term: Term, report: Report) -> Late | None:
    """What lateness costs a submission by the course's rule; None where the assignment has no dates."""
    usual, own = term.course.due(report.assignment), term.judged(report).lateness
    if usual is None or own is None:
        return None

    def takes(points: float, most: float) -> float:
        judged = term.judged(replace(report, points=points, bonus_points=0.0, max_points=most)).lateness
        return judged.taken if judged else 0.0

    return Late(usual.usual, own.deadline - usual.usual, own.handed_in, own.earned, takes)


def gather(source: Source, course: Any, folder: Path, *, hand: Any = None, sums: bool = False) -> Gathered:
    """Reports with what was handed in and handed out: all that a graded notebook is made of.

    Args:
        source: what is exported.
        course: nbgrader's `CourseDirectory`, or None.
        folder: an empty one of ours, for copies.
        hand: what people gave, to be laid over the reports.
        sums: whether a notebook says how many points are left after lateness, where all of them are shown.

    Raises:
        UsageError: something cannot be read.
    """
    from autograder.notebooks.reading_process import Reader
    from autograder.reports.graded_notebook import graded_notebooks

    everybody = export.read_reports(source.out)
    reports = tuple(report for report in everybody if not report.not_final)
    left_out = tuple(report for report in everybody if report.not_final)
    gathered = Gathered(reports, left_out, export.file_names(report.student for report in reports))
    published, term = published_names(source.out), term_of(source, everybody)
    with Reader() as reader:
        for assignment in dict.fromkeys(report.assignment for report in reports):
            released, moment = _handed_out(source, course, assignment), _present(source, assignment)
            own = [report for report in reports if report.assignment == assignment]
            found = _handed_in(source, course, assignment, own, released, folder)
            for report, shown in zip(own, with_hand_grades(own, hand), strict=True):
                one = found.get(report.student, HandedIn())
                late = late_of(term, report) if term else None
                gathered.received[report.student] = (late and in_utc(late.handed_in)) or one.received
                own_moment = replace(moment, published=True) if gathered.ids[report.student] in published else moment
                if term and late:
                    gathered.late[report.student] = late
                    shown = _with_lines(shown, term.judged(shown).lateness, own_moment, sums=sums)
                gathered.notebooks[report.student] = graded_notebooks(shown, one.files, released, reader, own_moment)
    return gathered


def _with_lines(report: Report, lateness: Lateness | None, moment: Moment, *, sums: bool) -> Report:
    """The report with notes on lateness, and with what is left where that says nothing of points not shown yet."""
    lines = lateness.lines if lateness else ()
    if lateness and lateness.sum and sums and shown_report(report, moment).is_whole:
        lines = (*lines, lateness.sum)
    return replace(report, notes=(*report.notes, *lines))


def _present(source: Source, assignment: str) -> Moment:
    """The present, by the dates of the course; where these are not at hand, as little as possible is shown."""
    if source.nbgrader:
        return NOTHING_KNOWN
    try:
        return moment_of(term_at(source.course), assignment)
    except GraderError:
        return NOTHING_KNOWN


def _handed_out(source: Source, course: Any, assignment: str) -> dict[str, Notebook]:
    """The notebooks that students got, by name; none for an assignment of modules."""
    if course is not None:
        steps = (course.release_directory, course.source_directory)
        folders = [Path(course.format_path(step, ".", assignment)) for step in steps]
    else:
        try:
            folders = [open_course(source.course)[0] / "release" / assignment]
        except UsageError:
            folders = []
    for folder in folders:
        paths = sorted(folder.glob("*.ipynb"))
        if paths:
            config = course.config if course is not None else None
            return {path.stem: _released(path, config, as_source=folder != folders[0]) for path in paths}
    return {}


def originals_of(source: Source, course: Any, assignment: str) -> dict[str, Original]:
    """The instructor's notebooks by name, with all of their tests where they lie in nbgrader's folders."""
    from autograder.formats.nbgrader.source_notebook import Original

    if course is None:
        try:
            handed = open_course(source.course)[0] / "release" / assignment
        except UsageError:
            return {}
        return {path.stem: Original(path.read_bytes(), whole=False) for path in sorted(handed.glob("*.ipynb"))}
    steps = (course.release_directory, course.source_directory, course.source_with_tests_directory)
    released, sources, made = (Path(course.format_path(step, ".", assignment)) for step in steps)
    found = {path.stem: Original(path.read_bytes(), whole=False) for path in sorted(released.glob("*.ipynb"))}
    for path in sorted(sources.glob("*.ipynb")):
        better = made / path.name  # tests in the place of AUTOTEST lines
        of_source = better if b"AUTOTEST" in path.read_bytes() and better.is_file() else path
        found[path.stem] = Original(of_source.read_bytes(), whole=True)
    return found


def _released(path: Path, config: Any, *, as_source: bool) -> Notebook:
    """A notebook as students got it; of a source without solutions, hidden tests and mark schemes."""
    try:
        content = path.read_bytes()
        if as_source:
            content = _without_solutions(content, config)
        return read(content, path.name)
    except (OSError, StudentError) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; fix the notebook.") from None


def _without_solutions(content: bytes, config: Any) -> bytes:
    import warnings

    import nbformat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
        from nbgrader.preprocessors.clearmarkingscheme import ClearMarkScheme

        node = nbformat.reads(content.decode("utf-8", "replace"), as_version=4)
        for kind in (ClearSolutions, ClearHiddenTests, ClearMarkScheme):
            node, _ = kind(config=config, enforce_metadata=False).preprocess(node, {})
        return str(nbformat.writes(node)).encode()


def _handed_in(
    source: Source,
    course: Any,
    assignment: str,
    reports: Sequence[Report],
    released: Mapping[str, Notebook],
    folder: Path,
) -> dict[str, HandedIn]:
    """What each student handed in, by student."""
    if course is not None and source.submissions is None:
        names = [f"{name}.ipynb" for name in released]
        return dict(_from_nbgrader(course, assignment, reports, names, folder))
    if source.submissions is None:
        return {}
    try:
        from autograder.loader import load

        files: tuple[str, ...] = load(open_course(source.course)[0], assignment).assignment.handed_in
    except GraderError:
        if not released:
            raise
        files = tuple(f"{name}.ipynb" for name in released)
    found = {}
    for submission in collect(source.submissions, files, folder):
        where = source.submissions / submission.student
        stamp = stamp_of(where, *_times(course))
        received = submission.received if stamp is None else in_utc(stamp.time)
        found[submission.student] = HandedIn(_contents(submission), received)
    students = {report.student for report in reports}
    if students and not students.intersection(found):
        raise UsageError(
            f"{source.submissions} holds nothing of the students that have reports ({some(sorted(students))}); name "
            "the folder that was graded."
        )
    return found


def _from_nbgrader(
    course: Any, assignment: str, reports: Sequence[Report], names: Sequence[str], staging: Path
) -> Iterator[tuple[str, HandedIn]]:
    from autograder.submissions import collect_one

    for number, report in enumerate(reports):
        where = Path(course.format_path(course.submitted_directory, report.student, assignment))
        if where.is_dir():
            try:
                submission = collect_one((where,), names, staging / str(number), "student")
            except UsageError:
                continue
            stamp = stamp_of(where, *_times(course))
            yield report.student, HandedIn(_contents(submission), in_utc(stamp.time) if stamp else None)
        else:
            yield report.student, HandedIn({})


def _contents(submission: Submission) -> dict[str, bytes]:
    """The staged files by path; they are regular files of ours."""
    paths = sorted(path for path in submission.folder.rglob("*") if path.is_file())
    return {path.relative_to(submission.folder).as_posix(): path.read_bytes() for path in paths}


def _times(course: Any) -> tuple[str, str]:
    """The zone and the form of times in a course of nbgrader's, as its configuration says."""
    exchange = course.config.Exchange if course is not None else {}
    zone, form = (exchange.get(name) for name in ("timezone", "timestamp_format"))
    return zone if isinstance(zone, str) else "UTC", form if isinstance(form, str) else ""
