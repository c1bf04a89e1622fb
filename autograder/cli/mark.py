"""`autograder mark`: people's points for written answers, in a spreadsheet, laid over the results."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from rich.markup import escape

from autograder import reports as export
from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import DATABASE, console, staging
from autograder.course import open_course
from autograder.formats.nbgrader import find_course
from autograder.formats.nbgrader.gathering import Source, heading_of
from autograder.formats.recorded_marks import database_of_course, place_of, recorded_marks
from autograder.loader import load
from autograder.reports import pages as feedback
from autograder.reports.class_folder import show_grades
from autograder.reports.final_points import all_hand_grades, known_hand_ins, unknown_before
from autograder.reports.manual_grades import with_hand_grades
from autograder.reports.marks import (
    ABSENT,
    MARKS,
    Marks,
    Row,
    filled,
    given_twice,
    read_marks,
    with_recorded,
    write_marks,
)
from autograder.reports.pages import Asked
from autograder.reports.pages.text import visible
from autograder.reports.regrading import counting_folder
from autograder.reports.visibility import moment_of
from autograder.results import Report
from autograder.scoring import rounded
from autograder.submissions.term import term_at

__all__ = ["mark_answers"]

_UNFINISHED = "the answer has points for some items only, and does not count before this one has some"
_UNREAD = "there is no answer to read, and these points count all the same"
_MOST_LINES = 20
"""So many lines of the file are named, of each kind."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Written answers of an assignment: their rubrics, and what staff read about each."""

    rubrics: dict[str, tuple[RubricItem, ...]]
    summary: dict[str, str]


def mark_answers(name: str, out: Path, course: Path | None, *, excel: bool = False, db: str | None = None) -> None:
    """Write the lines that are to be filled in, read those that are, and write what shows grades anew.

    Points and comments go into the results database as well, with a line in its log for each that changed. A line that
    is not in the file any more takes nothing back: it is written again from the database.

    Raises:
        UsageError: there are no reports of that assignment or no written answers, a line of the file is wrong, or the
            database cannot be used.
    """
    asked = _asked(name, course)
    if (counting := counting_folder(out)) != out:
        raise UsageError(
            f"{out} holds what grading again gave; marks belong to {counting}, and hold for both: "
            f"`autograder mark {name} --out {counting}`."
        )
    with staging(out):
        reports = export.read_reports(out)
        assignments = list(dict.fromkeys(report.assignment for report in reports))
        if assignments != [name]:
            raise UsageError(f"{out} holds reports of {', '.join(assignments)}; name the folder of {name}.")
        if not any(report.waiting for report in reports):
            raise UsageError(
                f"No person grades anything in {out}; declare answers with question.written(...), and grade again."
            )
        path = out / MARKS
        address = db or database_of_course(name, course)
        recorded = recorded_marks(out, reports, address, begins=True)
        twice = given_twice(read_marks(path), recorded)
        found, lost = with_recorded(read_marks(path), recorded, reports, asked.rubrics)
        marks = filled(found, reports, asked.rubrics, path)
        with_hand_grades(
            reports, all_hand_grades(out, reports, recorded)
        )  # what is wrong is said before anything is written
        _keep(name, marks, path, address)
        write_marks(replace(marks, excel=marks.excel or excel), path)
        marks = read_marks(path) or marks  # with the lines of the file as it is now
        names = export.file_names(report.student for report in reports)
        heading = heading_of(Source(out, course), name)
        foreign = find_course(course or Path.cwd(), name) is not None
        term = None if foreign else term_at(course)
        shown_ = show_grades(out, reports, heading, names, moment_of(term, name), term=term, recorded=())
        pages = [out / "answers" / f"{one.id}.html" for one in _questions(reports, asked)]
        for one, page in zip(_questions(reports, asked), pages, strict=True):
            export.write_text(page, feedback.answers_page(one, shown_, heading, names))
    absent = {(report.student, each.id) for report in reports for each in report.waiting if each.verdict in ABSENT}
    _say(out, marks, shown_, absent)
    for row, points in twice:
        said = f"the page of `autograder review` gave {counted(points or 0.0, 'point')}; those of the file count"
        _name_lines(path, [row], said)
    for sentence in unknown_before(shown_, known_hand_ins(out, reports, term)):
        console().print(visible(f"Late days: {sentence}"), markup=False, soft_wrap=True)
    if lost:
        students = ", ".join(dict.fromkeys(row.student for row in lost))
        said = (
            f"Not in {MARKS}, and written again from the results database: {counted(len(lost), 'line')} of {students}."
        )
        console().print(visible(said), markup=False, soft_wrap=True)
    gone = {row.student for row in found.rows} - {report.student for report in reports} if found else set()
    if gone:
        said = f"Left out of {MARKS}, because there is no submission of theirs any more: {', '.join(sorted(gone))}."
        console().print(visible(said), markup=False, soft_wrap=True)
    for page in pages:
        console().print(f"Answers:  {page}", markup=False, soft_wrap=True)
    console().print(f"Grades:   {out / 'grades.csv'}", markup=False, soft_wrap=True)


def _asked(name: str, course: Path | None) -> _Asked:
    """The rubrics; an assignment of nbgrader's has none."""
    if find_course(course or Path.cwd(), name) is not None:
        return _Asked({}, {})
    written = load(open_course(course)[0], name).assignment.written
    return _Asked({each.id: each.rubric for each in written}, {each.id: each.summary_for_staff for each in written})


def _keep(name: str, marks: Marks, path: Path, database: str | None) -> None:
    """Write what changed into the results database: that of the folder, where no other is named."""
    from autograder.store import Store, sqlite_address
    from autograder.store.marking import record_marks
    from autograder.store.records import Mark

    given = [
        Mark(row.student, row.question, row.answer, row.item, row.most, row.points, row.comment.strip())
        for row in marks.rows
    ]
    with (
        Store(database or sqlite_address(path.parent.resolve() / DATABASE)) as store,
        store.writing(f"the points of {name}"),
    ):
        record_marks(store.database, name, given, place_of(path, database), store.change())


def _questions(reports: tuple[Report, ...], asked: _Asked) -> list[Asked]:
    """Everything that people grade, once."""
    found: dict[tuple[str, str], Asked] = {}
    for report in reports:
        for question in report.questions:
            for check in question.checks:
                if check.by_hand:
                    summary = asked.summary.get(check.id) or f"{counted(check.by_hand, 'point')}."
                    found.setdefault((question.id, check.id), Asked(question.id, check.id, check.title, summary))
    return list(found.values())


def _say(out: Path, marks: Marks, reports: tuple[Report, ...], absent: Set[tuple[str, str]]) -> None:
    """How far the work is, and which lines of the file need a look; `absent` are answers that were not handed in."""
    screen = console()
    answers = {(row.student, row.question, row.answer) for row in marks.rows}
    waiting = {(report.student, check.id) for report in reports for check in report.waiting}
    begun = {
        (row.student, row.answer)
        for row in marks.rows
        if row.points is not None and (row.student, row.answer) in waiting
    }
    points = rounded(sum(check.by_hand for report in reports for check in report.waiting))
    path = out / MARKS
    screen.print(
        f"{len(answers) - len(waiting)} of {len(answers)} answers are graded, {len(begun)} have points for some items "
        f"only, {len(waiting) - len(begun)} have none; {counted(points, 'point')} still to be given.",
        markup=False,
        soft_wrap=True,
    )
    unfinished = [row for row in marks.rows if row.points is None and (row.student, row.answer) in begun]
    _name_lines(path, unfinished, _UNFINISHED)
    unread = [row for row in marks.rows if row.points is not None and (row.student, row.answer) in absent]
    _name_lines(path, unread, _UNREAD)
    changed = sorted({row.student for row in marks.rows if row.state == "changed since"})
    if changed:
        screen.print(
            f"[yellow]Handed in again since points were given:[/] {escape(', '.join(changed))}. The points hold; empty "
            "the cell 'seen' of a line when you have looked.",
            soft_wrap=True,
        )
    screen.print(f"Marks:    {path} (fill it in, then run this again)", markup=False, soft_wrap=True)


def _name_lines(path: Path, rows: Sequence[Row], said: str) -> None:
    """One sentence about each of some lines of the file, with file and line."""
    screen = console()
    for row in rows[:_MOST_LINES]:
        sentence = f"{path}:{row.line}: {row.student}, {row.answer}, {row.item!r}: {said}."
        screen.print(visible(sentence), markup=False, soft_wrap=True)
    if len(rows) > _MOST_LINES:
        screen.print(f"{counted(len(rows) - _MOST_LINES, 'more such line')}.", markup=False)
