"""What people gave for the answers of a graded folder, from all places where it stands: one function for everybody.

Points stand in `marks.csv`, in what formgrader gave (`manual_grades.json`), and in the results database, which has
every line of `marks.csv` that had points or a comment. Grades, pages, exports and totals are made with all of them, so
that a file that was lost takes nothing back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.reports.graded_notebook import is_cell_of
from autograder.reports.manual_grades import HandGrade, HandGrades, read_hand_grades
from autograder.reports.marks import ABSENT, MARKS, WHOLE, Marks, Row, fingerprint, read_marks
from autograder.results import Report
from autograder.scoring import rounded, shown

__all__ = ["all_hand_grades", "lost_lines"]

_NO_ANSWER = "There was no answer to read."
_UNRECORDED = "items without points"


def all_hand_grades(out: Path, reports: Sequence[Report], recorded: Sequence[Row]) -> HandGrades | None:
    """What people gave: in formgrader (`manual_grades.json`) and in `marks.csv`, which goes first; None for nothing.

    A line that the file had once and has no more, as a file that was lost, counts as it was recorded. An answer in
    `marks.csv` counts when each of its items has points. Once there are marks, an answer that is missing or as it was
    handed out counts as 0 of its points, because nobody can read it, unless a person began to grade it.

    Args:
        out: the folder that `autograder grade --out` wrote.
        reports: its reports.
        recorded: what was read from `marks.csv` before.

    Raises:
        UsageError: one of the files is wrong.
    """
    earlier, marks = read_hand_grades(out), _with_lost(read_marks(out / MARKS), recorded, reports)
    if marks is None or not reports:
        return earlier
    base = earlier or HandGrades(reports[0].assignment)
    given = _given(marks.rows)
    by_student = {report.student: report for report in reports}
    left = [each for each in base.grades if not any(_same(each, mine) for mine in given)]
    begun = {(row.student, row.answer) for row in marks.rows if row.points is not None}
    zeros = [
        HandGrade(report.student, question.id, check.id, check.by_hand, None, 0.0, comment=_NO_ANSWER)
        for report in reports
        for question in report.questions
        for check in question.checks
        if check.by_hand and check.verdict in ABSENT and (report.student, check.id) not in begun
    ]
    zeros = [zero for zero in zeros if not any(_same(each, zero) and each.given for each in (*given, *left))]
    left = [each for each in left if not any(_same(each, zero) for zero in zeros)]
    submissions = dict(base.submissions)
    for row in marks.rows:
        report = by_student.get(row.student)
        check = next((each for each in report.waiting if each.id == row.answer), None) if report else None
        if report and check and row.points is not None and row.seen and row.seen != fingerprint(report, check):
            submissions[row.student] = "another one"
    return replace(base, grades=(*given, *zeros, *left), submissions=submissions)


def _same(grade: HandGrade, mark: HandGrade) -> bool:
    """Whether a grade is about the answer of a mark."""
    return grade.student == mark.student and is_cell_of(mark.cell, grade.notebook, grade.cell)


def _given(rows: Iterable[Row]) -> list[HandGrade]:
    """The answers that were graded to the end."""
    answers: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        answers.setdefault((row.student, row.question, row.answer), []).append(row)
    made = []
    for (student, question, answer), own in answers.items():
        points = [row.points for row in own if row.points is not None]
        if len(points) == len(own):
            most = rounded(sum(row.most for row in own))
            comment = "; ".join(filter(None, map(_said, own)))
            made.append(HandGrade(student, question, answer, most, None, rounded(sum(points)), comment=comment))
    return made


def _said(row: Row) -> str:
    """What the student reads about one item."""
    comment = " ".join(row.comment.split())
    if row.item == WHOLE:
        return comment
    text = f"{row.for_student or row.item}: {shown(row.points or 0.0)} of {shown(row.most)}"
    return f"{text} ({comment})" if comment else text


def lost_lines(marks: Marks | None, recorded: Iterable[Row], reports: Sequence[Report]) -> list[Row]:
    """The recorded lines that the file has no more, about answers that a person grades and that are there.

    Args:
        marks: what there is; None for nothing.
        recorded: what was read from this file before.
        reports: what was graded.
    """
    there = {row.key for row in marks.rows} if marks else set()
    asked = {(report.student, check.id) for report in reports for check in report.waiting}
    return [row for row in recorded if row.key not in there and (row.student, row.answer) in asked]


def _with_lost(marks: Marks | None, recorded: Iterable[Row], reports: Sequence[Report]) -> Marks | None:
    """The file with its lost lines, as far as sums need them.

    Lines without points were never recorded. So of an answer whose lines are worth less together than it is, another
    line is without points, and it waits for a person as it did.
    """
    lost = lost_lines(marks, recorded, reports)
    if not lost:
        return marks
    rows = [*(marks.rows if marks else ()), *lost]
    worth: Counter[tuple[str, str]] = Counter()
    for row in rows:
        worth[row.student, row.answer] += row.most  # type: ignore[assignment]  # a sum of points
    for report in reports:
        for question in report.questions:
            for check in question.checks:
                left = rounded(check.by_hand - worth.get((report.student, check.id), check.by_hand))
                if left > 0:
                    rows.append(Row(report.student, question.id, check.id, _UNRECORDED, left))
    return replace(marks or Marks(), rows=tuple(rows))
