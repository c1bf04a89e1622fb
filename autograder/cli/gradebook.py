"""`autograder export nbgrader`, `autograder export html` and `autograder import nbgrader --grades`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.cli.common import console, staging
from autograder.formats.nbgrader.gathering import Gathered, Source, gather, heading_of, in_utc, originals_of
from autograder.formats.recorded_marks import database_of_course, lost_sentence, recorded_marks
from autograder.reports.class_folder import show_grades
from autograder.reports.final_points import all_hand_grades
from autograder.reports.manual_grades import FILE, write_hand_grades
from autograder.reports.marks import MARKS, Row, read_marks
from autograder.results import Report
from autograder.scoring import shown
from autograder.submissions.names import some
from autograder.submissions.term import term_at

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.formats.nbgrader.gradebook import Person

__all__ = ["export_gradebook", "export_pages", "import_grades"]


def export_gradebook(source: Source, db: str | None, students: Path | None, due: datetime | None) -> None:
    """Write reports into a gradebook, and say what came of it.

    Raises:
        UsageError: no gradebook is named, or something cannot be read or written.
    """
    from autograder.formats.nbgrader.gradebook import Graded, Person, write_gradebook
    from autograder.formats.nbgrader.gradebook_file import course_directory

    address, home = _gradebook(db, source.nbgrader)
    people = _people(students)
    course = course_directory(home)
    gathered = _gathered(source, course if source.nbgrader else None)
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
                late = gathered.late.get(report.student)
                graded.append(
                    Graded(
                        id_,
                        gathered.notebooks[report.student],
                        gathered.received.get(report.student),
                        person,
                        late.takes if late else None,
                        late.extension if late else timedelta(),
                    )
                )
        originals = originals_of(source, course if source.nbgrader else None, assignment)
        written = write_gradebook(
            assignment, graded, course, db=address, due=in_utc(due) or _due(gathered), originals=originals
        )
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
    _say_lateness(screen, gathered)
    screen.print(f"Gradebook:  {address or course.db_url}", markup=False, soft_wrap=True)
    screen.print(f"Notebooks:  {Path(course.root) / course.autograded_directory}", markup=False, soft_wrap=True)


def _due(gathered: Gathered) -> datetime | None:
    """The deadline by `grader_config.py`, as nbgrader keeps it; None where it has none."""
    return in_utc(next((late.due for late in gathered.late.values()), None))


def _say_lateness(screen: Console, gathered: Gathered) -> None:
    """Where lateness stands in the gradebook, and whose points for being early nbgrader has no place for."""
    if not gathered.late:
        return
    screen.print(
        "Scores are those before lateness; what the late rule of grader_config.py takes off is the late penalty, and "
        "nbgrader subtracts it.",
        markup=False,
        soft_wrap=True,
    )
    if early := [f"{student} (+{shown(late.earned)})" for student, late in gathered.late.items() if late.earned]:
        screen.print(
            f"Not in the gradebook, as nbgrader has no field for it: points for being early of {', '.join(early)}.",
            markup=False,
            soft_wrap=True,
        )


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
        from autograder.formats.nbgrader.gradebook_file import course_directory

        course = course_directory(source.nbgrader)
    reports = export.read_reports(source.out)
    recorded = _recorded(source, reports)
    hand = all_hand_grades(source.out, reports, recorded)
    gathered = _gathered(source, course, hand, sums=True)
    folder = to or source.out / "notebooks"
    pages, missing = 0, []
    for report in gathered.reports:
        for notebook in gathered.notebooks[report.student]:
            path = folder / gathered.ids[report.student] / f"{notebook.name}.html"
            if not notebook.handed_in:
                missing.append(report.student)
                for old in (path, path.with_suffix(".pdf")):  # of an export that did not know what was handed in
                    old.unlink(missing_ok=True)
            else:
                page = html_page(notebook_node(notebook), f"{report.student}: {notebook.name}")
                export.write_text(path, page)
                pages += 1
                if pdf:
                    export.write_bytes(path.with_suffix(".pdf"), pdf_of(page))
    screen = console()
    if missing:
        names = some(sorted(set(missing)))
        screen.print(f"No notebook handed in, so no page: {names}.", markup=False, soft_wrap=True)
    screen.print(f"{counted(pages, 'page')}{', also as PDF,' if pdf else ''} in {folder}", markup=False, soft_wrap=True)


def import_grades(grades: bool, db: str | None, out: Path | None, course: Path | None) -> None:
    """Read what people gave from a gradebook, keep it beside the reports, and write what shows grades anew.

    Raises:
        UsageError: it is not said what to import and where to, or something cannot be read or written.
    """
    from autograder.formats.nbgrader.gradebook import hand_grades
    from autograder.formats.nbgrader.gradebook_file import course_directory

    if not grades:
        raise UsageError("Say what to import: --grades brings back what people graded.")
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
    term = None if source.nbgrader else term_at(course)
    if term is not None and term.course.dates_of(assignments[0]) is not None:
        found = replace(found, late_penalties={})  # from the export; the dates give them anew
    write_hand_grades(found, out / FILE)
    show_grades(out, reports, heading_of(source, assignments[0]), ids, term=term, recorded=_recorded(source, reports))
    screen = console()
    given = sum(each.given for each in found.grades)
    comments = sum(bool(each.comment) for each in found.grades)
    waiting = sum(each.needs_review for each in found.grades)
    screen.print(
        f"{counted(given, 'score')} and {counted(comments, 'comment')} given manually; "
        f"{counted(waiting, 'cell')} left to a person."
    )
    screen.print(f"Manual:   {out / FILE}", markup=False, soft_wrap=True)
    screen.print(f"Grades:   {out / 'grades.csv'}", markup=False, soft_wrap=True)


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
    expected = ("first_name", "last_name", "email", "lms_user_id")
    return {row["id"]: Person(**{name: row.get(name) or "" for name in expected}) for row in rows}


def _recorded(source: Source, reports: Sequence[Report]) -> tuple[Row, ...]:
    """What the results database has from `marks.csv` of the folder; that lines of it are lost is said."""
    recorded = recorded_marks(source.out, reports, database_of_course(reports[0].assignment, source.course))
    if said := lost_sentence(source.out, reports, recorded):
        console().print(said, markup=False, soft_wrap=True)
    return recorded


def _gathered(source: Source, course: Any, hand: Any = None, *, sums: bool = False) -> Gathered:
    """All that is exported; reports that are not final are named."""
    with staging(source.out) as folder:
        gathered = gather(source, course, folder, hand=hand, sums=sums)
    for report in gathered.not_final:
        said = f"Left out, because the report is not final: {report.student}. {report.not_final}"
        console().print(said, markup=False, soft_wrap=True)
    return gathered
