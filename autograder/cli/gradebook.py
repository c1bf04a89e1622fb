"""`autograder export nbgrader`, `autograder export html` and `autograder import nbgrader --grades`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import reports as export
from autograder.checks.errors import GraderError, StudentError, UsageError
from autograder.checks.wording import counted, reason_of
from autograder.cli.common import console, staging
from autograder.course import CONFIG_FILE, open_course
from autograder.formats.nbgrader import stamp_of
from autograder.formats.nbgrader.config import CONFIG_FILE as NBGRADER_CONFIG
from autograder.notebooks import Notebook, read
from autograder.reports.class_folder import show_grades
from autograder.reports.manual_grades import FILE, with_hand_grades, write_hand_grades
from autograder.reports.marks import MARKS, all_hand_grades, read_marks
from autograder.results import Report
from autograder.submissions import Submission, collect

if TYPE_CHECKING:
    from autograder.formats.nbgrader.gradebook import Person
    from autograder.formats.nbgrader.source_notebook import Original
    from autograder.reports.graded_notebook import GradedNotebook
    from autograder.reports.pages import Heading

__all__ = ["Source", "export_gradebook", "export_pages", "heading_of", "import_grades"]


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
class _HandedIn:
    """Files of one submission by name (None: not at hand), and when it came."""

    files: Mapping[str, bytes] | None = None
    received: datetime | None = None


@dataclass(slots=True)
class _Gathered:
    """Everything about one folder of reports."""

    reports: tuple[Report, ...]
    ids: dict[str, str]
    notebooks: dict[str, tuple[GradedNotebook, ...]] = field(default_factory=dict)
    received: dict[str, datetime | None] = field(default_factory=dict)


def export_gradebook(source: Source, db: str | None, students: Path | None, due: datetime | None) -> None:
    """Write reports into a gradebook, and say what came of it.

    Raises:
        UsageError: no gradebook is named, or something cannot be read or written.
    """
    from autograder.formats.nbgrader.gradebook import Graded, Person, course_directory, write_gradebook

    address, home = _gradebook(db, source.nbgrader)
    people = _people(students)
    course = course_directory(home)
    gathered = _gather(source, course if source.nbgrader else None)
    if address.startswith("sqlite:///"):
        _folder_for(Path(address.removeprefix("sqlite:///")))
    screen = console()
    for assignment in dict.fromkeys(report.assignment for report in gathered.reports):
        graded = []
        for report in gathered.reports:
            if report.assignment == assignment:
                id_ = gathered.ids[report.student]
                unlike = Person(last_name=report.student) if id_ != report.student else None
                person = people.get(report.student) or people.get(id_) or unlike
                graded.append(
                    Graded(id_, gathered.notebooks[report.student], gathered.received.get(report.student), person)
                )
        originals = _originals(source, course if source.nbgrader else None, assignment)
        written = write_gradebook(assignment, graded, course, db=address, due=_in_utc(due), originals=originals)
        screen.print(
            f"{assignment}: {counted(written.submissions, 'submission')} and {counted(written.notebooks, 'notebook')} "
            f"written; {counted(written.waiting, 'cell')} left to a person.",
            markup=False,
        )
    if left_out := _marked(source.out, gathered.reports):
        screen.print(
            f"The points that {MARKS} gives for {counted(left_out, 'answer')} were left out, because formgrader keeps "
            "its own; grades.csv has them.",
            markup=False,
            soft_wrap=True,
        )
    screen.print(f"Gradebook:  {address or course.db_url}", markup=False, soft_wrap=True)
    screen.print(f"Notebooks:  {Path(course.root) / course.autograded_directory}", markup=False, soft_wrap=True)


def _marked(out: Path, reports: Sequence[Report]) -> int:
    """How many answers of these students have points in `marks.csv`."""
    marks, students = read_marks(out / MARKS), {report.student for report in reports}
    rows = marks.rows if marks else ()
    return len({(row.student, row.answer) for row in rows if row.points is not None and row.student in students})


def export_pages(source: Source, to: Path | None, pdf: bool) -> None:
    """Write each graded notebook as HTML, and as PDF if asked for.

    Raises:
        UsageError: something cannot be read, written or converted.
    """
    from autograder.formats.nbgrader.conversions import html_page, pdf_of
    from autograder.reports.graded_notebook import notebook_node

    course = None
    if source.nbgrader:
        from autograder.formats.nbgrader.gradebook import course_directory

        course = course_directory(source.nbgrader)
    hand = all_hand_grades(source.out, export.read_reports(source.out))
    gathered = _gather(source, course, hand=hand)
    folder = to or source.out / "notebooks"
    pages = 0
    for report in gathered.reports:
        for notebook in gathered.notebooks[report.student]:
            if notebook.handed_in:
                page = html_page(notebook_node(notebook), f"{report.student}: {notebook.name}")
                path = folder / gathered.ids[report.student] / f"{notebook.name}.html"
                export.write_text(path, page)
                pages += 1
                if pdf:
                    export.write_bytes(path.with_suffix(".pdf"), pdf_of(page))
    console().print(
        f"{counted(pages, 'page')}{', also as PDF,' if pdf else ''} in {folder}", markup=False, soft_wrap=True
    )


def import_grades(grades: bool, db: str | None, out: Path | None, course: Path | None) -> None:
    """Read what people gave from a gradebook, keep it beside the reports, and write what shows grades anew.

    Raises:
        UsageError: it is not said what to import and where to, or something cannot be read or written.
    """
    from autograder.formats.nbgrader.gradebook import course_directory, hand_grades

    if not grades:
        raise UsageError("Say what to import: --grades brings back what people graded by hand.")
    if out is None:
        raise UsageError("Say where to: --out DIR, the folder that `autograder grade ... --out DIR` wrote.")
    source = Source(out, course)
    address, home = _gradebook(db, source.nbgrader)
    directory = course_directory(home)
    address = address or directory.db_url
    file = address.removeprefix("sqlite:///")
    if file != address and not Path(file).is_file():
        raise UsageError(f"There is no gradebook {file}; name it with --db.")
    reports = export.read_reports(out)
    assignments = list(dict.fromkeys(report.assignment for report in reports))
    if len(assignments) > 1:
        raise UsageError(f"{out} holds reports of several assignments ({', '.join(assignments)}); grade each apart.")
    ids = export.file_names(report.student for report in reports)
    names = {id_: student for student, id_ in ids.items()}
    found = hand_grades(assignments[0], directory, db=address, names=names)
    found = replace(found, submissions={report.student: report.replay.submission_sha256 for report in reports})
    write_hand_grades(found, out / FILE)
    show_grades(out, reports, heading_of(source, assignments[0]), ids)
    screen = console()
    given = sum(each.given for each in found.grades)
    comments = sum(bool(each.comment) for each in found.grades)
    waiting = sum(each.needs_review for each in found.grades)
    screen.print(
        f"{counted(given, 'score')} and {counted(comments, 'comment')} given manually; "
        f"{counted(waiting, 'cell')} left to a person."
    )
    screen.print(f"By hand:  {out / FILE}", markup=False, soft_wrap=True)
    screen.print(f"Grades:   {out / 'grades.csv'}", markup=False, soft_wrap=True)


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


def _gradebook(db: str | None, course: Path | None) -> tuple[str, Path]:
    """The gradebook's address ("" for the nbgrader course's own), and the folder in which nbgrader's folders are."""
    if db is None:
        if course is None:
            raise UsageError("Say which gradebook: --db FILE, such as --db gradebook.db in nbgrader's course folder.")
        return "", course
    if "://" in db:
        file = Path(db.removeprefix("sqlite:///")) if db.startswith("sqlite:///") else None
        return db, course or (file.resolve().parent if file else Path.cwd())
    path = Path(db).resolve()
    return f"sqlite:///{path}", course or path.parent


def _folder_for(file: Path) -> None:
    """The folder of a new gradebook is made below one that is there; a misspelt path makes none."""
    folder = file.parent
    if not folder.is_dir():
        if not folder.parent.is_dir():
            raise UsageError(f"--db: {folder} does not exist; correct the path, or make that folder first.")
        folder.mkdir()


def _people(path: Path | None) -> dict[str, Person]:
    """Names by id, from a table in the form of `nbgrader db student import`."""
    from autograder.formats.nbgrader.gradebook import Person

    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; name another one with --students.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; correct it.") from None
    if not rows or "id" not in rows[0]:
        raise UsageError(f"{path} has no column id; its first line is: id,first_name,last_name,email,lms_user_id.")
    wanted = ("first_name", "last_name", "email", "lms_user_id")
    return {row["id"]: Person(**{name: row.get(name) or "" for name in wanted}) for row in rows}


def _in_utc(time: datetime | None) -> datetime | None:
    return time.astimezone(UTC).replace(tzinfo=None) if time is not None and time.tzinfo else time


def _gather(source: Source, course: Any, *, hand: Any = None) -> _Gathered:
    """Reports with what was handed in and handed out: all that a graded notebook is made of."""
    from autograder.notebooks.apart import Reader
    from autograder.reports.graded_notebook import graded_notebooks

    everybody = export.read_reports(source.out)
    reports = tuple(report for report in everybody if not report.not_final)
    for report in everybody:
        if report.not_final:
            said = f"Left out, because the report is not final: {report.student}. {report.not_final}"
            console().print(said, markup=False, soft_wrap=True)
    gathered = _Gathered(reports, export.file_names(report.student for report in reports))
    with staging(source.out) as folder, Reader() as reader:
        for assignment in dict.fromkeys(report.assignment for report in reports):
            released = _handed_out(source, course, assignment)
            own = [report for report in reports if report.assignment == assignment]
            found = _handed_in(source, course, assignment, own, released, folder)
            for report, shown in zip(own, with_hand_grades(own, hand), strict=True):
                one = found.get(report.student, _HandedIn())
                gathered.received[report.student] = one.received
                gathered.notebooks[report.student] = graded_notebooks(shown, one.files, released, reader)
    return gathered


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


def _originals(source: Source, course: Any, assignment: str) -> dict[str, Original]:
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
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; mend the notebook.") from None


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
) -> dict[str, _HandedIn]:
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
        received = submission.received if stamp is None else _in_utc(stamp.time)
        found[submission.student] = _HandedIn(_contents(submission), received)
    return found


def _from_nbgrader(
    course: Any, assignment: str, reports: Sequence[Report], names: Sequence[str], staging: Path
) -> Iterator[tuple[str, _HandedIn]]:
    from autograder.submissions import collect_one

    for number, report in enumerate(reports):
        where = Path(course.format_path(course.submitted_directory, report.student, assignment))
        if where.is_dir():
            try:
                submission = collect_one((where,), names, staging / str(number), "student")
            except UsageError:
                continue
            stamp = stamp_of(where, *_times(course))
            yield report.student, _HandedIn(_contents(submission), _in_utc(stamp.time) if stamp else None)
        else:
            yield report.student, _HandedIn({})


def _contents(submission: Submission) -> dict[str, bytes]:
    """The staged files by path; they are regular files of ours."""
    paths = sorted(path for path in submission.folder.rglob("*") if path.is_file())
    return {path.relative_to(submission.folder).as_posix(): path.read_bytes() for path in paths}


def _times(course: Any) -> tuple[str, str]:
    """The zone and the form of times in a course of nbgrader's, as its configuration says."""
    told = course.config.Exchange if course is not None else {}
    zone, form = (told.get(name) for name in ("timezone", "timestamp_format"))
    return zone if isinstance(zone, str) else "UTC", form if isinstance(form, str) else ""
