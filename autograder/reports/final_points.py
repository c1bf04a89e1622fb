"""From reports to the points that count: with what people gave, after lateness, and in a homework set up to its cap.

Points stand in `marks.csv`, in what formgrader gave (`manual_grades.json`), and in the results database, which has
every line of `marks.csv` that had points or a comment. Grades, pages, exports and totals are made with all of them, so
that a file that was lost takes nothing back.

`reports/` hold what the checks found, and `hand_ins.json` when it was handed in. What lateness costs is computed anew
from both and from `grader_config.py` whenever grades are written or added up, so that a changed rule, date or extension
needs nothing to be graded again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.course import HomeworkSet
from autograder.course.term import Term
from autograder.loader import NOTEBOOK_FORM
from autograder.reports.files import HAND_INS, Cell, csv_text, read_hand_ins, read_reports
from autograder.reports.graded_notebook import is_cell_of
from autograder.reports.grades import waiting
from autograder.reports.manual_grades import HandGrade, HandGrades, read_hand_grades, with_hand_grades
from autograder.reports.marks import ABSENT, MARKS, WHOLE, Marks, Row, fingerprint, read_marks, with_page
from autograder.results import Report, Verdict
from autograder.scoring import lowest, rounded, set_points, shown

__all__ = [
    "TotalLine",
    "all_hand_grades",
    "final_reports",
    "known_hand_ins",
    "laid_over",
    "lost_lines",
    "reports_of_set",
    "total_lines",
    "totals_csv",
    "unknown_before",
]

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
    marks = with_page(marks, recorded)
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


_MOST_NAMES = 20


def final_reports(out: Path, term: Term | None, recorded: Sequence[Row]) -> tuple[Report, ...]:
    """The reports of a graded folder with the points that count: with what people gave, and after lateness.

    Arguments as of `laid_over`.

    Raises:
        UsageError: there are no reports, or a file is wrong.
    """
    found = read_reports(out)
    return laid_over(out, found, known_hand_ins(out, found, term), recorded)


def laid_over(out: Path, reports: Sequence[Report], term: Term | None, recorded: Sequence[Row]) -> tuple[Report, ...]:
    """What checks found, with what people gave in its place and then after lateness.

    Args:
        out: the folder that `autograder grade --out` wrote.
        reports: its reports.
        term: the course with its dates, which knows the hand-ins.
        recorded: what the results database has from `marks.csv`, for lines that are lost.

    Raises:
        UsageError: what people gave cannot be read.
    """
    graded = with_hand_grades(reports, all_hand_grades(out, reports, recorded))
    return graded if term is None else tuple(map(term.judged, graded))


def known_hand_ins(out: Path, reports: Sequence[Report], term: Term | None) -> Term | None:
    """The term with the hand-ins that a graded folder is about.

    Those that the term knows already, from what was collected, hold for a folder without `hand_ins.json`.

    Raises:
        UsageError: `hand_ins.json` cannot be read.
    """
    if term is None or not reports or not (out / HAND_INS).is_file():
        return term
    return term.with_hand_ins(reports[0].assignment, read_hand_ins(out))


def unknown_before(reports: Iterable[Report], term: Term | None) -> tuple[str, ...]:
    """A sentence for each assignment whose hand-ins are not known, though they may have taken late days from somebody.

    Args:
        reports: of any assignments of the course.
        term: with all hand-ins that are known; None for a course without dates.
    """
    students: dict[str, list[str]] = {}
    for report in reports:
        for name in term.unknown_before(report) if term else ():
            students.setdefault(name, []).append(report.student)
    sentences = []
    for name, each in students.items():
        known = list(dict.fromkeys(each))
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        sentences.append(
            f"No hand-in of {name} is known for {', '.join(known[:_MOST_NAMES])}{more}, so no late days are counted as "
            "spent on it; if there is one, collect or grade it, and run this command again."
        )
    return tuple(sentences)


@dataclass(frozen=True, slots=True)
class TotalLine:
    """One student: a report of each assignment, or None, the points of the set, and the assignments that it drops."""

    student: str
    reports: tuple[Report | None, ...]
    points: float
    dropped: tuple[str, ...] = ()

    @property
    def late_days(self) -> int | None:
        """The late days that were used for assignments of the set; None where none has dates."""
        found = [report.lateness.late_days for report in self.reports if report and report.lateness]
        return sum(found) if found else None

    @property
    def waiting(self) -> float:
        """Points that a person still has to give."""
        return rounded(sum(waiting(report) for report in self.reports if report))

    @property
    def flag(self) -> str:
        """NOT FINAL where a report is none yet, INTERNAL where our fault left checks out."""
        if any(report and report.not_final for report in self.reports):
            return "NOT FINAL"
        return Verdict.INTERNAL if any(report and report.internal for report in self.reports) else ""


def reports_of_set(
    chosen: HomeworkSet,
    folders: Sequence[Path],
    term: Term | None,
    recorded: Callable[[Path, Sequence[Report]], Sequence[Row]],
) -> tuple[dict[str, dict[str, Report]], tuple[str, ...]]:
    """Of each assignment of the set that is there, the report of each student, with what people gave, after lateness.

    `recorded` gives what the results database has from `marks.csv` of a folder with these reports.

    Beside them, sentences about hand-ins that are not known and may have taken late days.

    Raises:
        UsageError: a folder without reports, of another assignment, or two of the same.
    """
    read: dict[str, tuple[Path, tuple[Report, ...]]] = {}
    for folder in folders:
        reports = read_reports(folder)
        for report in reports:
            name = report.assignment
            if name not in chosen.assignments:  # an assignment of modules may be handed in as a notebook
                name = name.removesuffix(NOTEBOOK_FORM)
            if name not in chosen.assignments:
                raise UsageError(
                    f"{folder} holds reports of {report.assignment}, which does not belong to {chosen.id} "
                    f"({', '.join(chosen.assignments)})."
                )
            if (other := read.setdefault(name, (folder, reports))[0]) != folder:
                raise UsageError(f"{other} and {folder} both hold reports of {name}; name one of them.")
        term = known_hand_ins(folder, reports, term)
    found = {
        name: {report.student: report for report in laid_over(folder, reports, term, recorded(folder, reports))}
        for name, (folder, reports) in read.items()
    }
    return found, unknown_before((report for each in found.values() for report in each.values()), term)


def total_lines(chosen: HomeworkSet, found: dict[str, dict[str, Report]]) -> list[TotalLine]:
    """Everybody who handed in anything, by name."""
    lines = []
    for student in sorted({student for reports in found.values() for student in reports}):
        reports = tuple(found.get(each, {}).get(student) for each in chosen.assignments)
        parts = [(report.points, report.bonus_points) if report else (0.0, 0.0) for report in reports]
        points = set_points(
            parts,
            chosen.cap,
            drop_lowest=chosen.drop_lowest,
            round_to=chosen.round_to,
            rounding=chosen.rounding,
        )
        dropped = (chosen.assignments[number] for number in lowest([*map(sum, parts)], chosen.drop_lowest))
        lines.append(TotalLine(student, reports, points, tuple(dropped)))
    return lines


def totals_csv(chosen: HomeworkSet, lines: Sequence[TotalLine]) -> str:
    """Columns student, one for each assignment (points with bonus points; empty where nothing was graded), total.

    Where the set drops the lowest there is a column dropped, and where the course has dates a column late_days.
    """
    dropped = ("dropped",) if chosen.drop_lowest else ()
    late_days = ("late_days",) if any(line.late_days is not None for line in lines) else ()
    rows: list[list[Cell]] = [["student", *chosen.assignments, "total", "cap", *dropped, *late_days, "by_hand", "flag"]]
    for line in lines:
        parts = (rounded(each.points + each.bonus_points) if each else None for each in line.reports)
        more: list[Cell] = [" ".join(line.dropped)] if dropped else []
        more += [line.late_days] if late_days else []
        rows.append([line.student, *parts, line.points, chosen.cap, *more, line.waiting, line.flag or None])
    return csv_text(rows)
