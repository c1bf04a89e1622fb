"""The points of a homework set: what each student has in its assignments, up to its cap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.course import HomeworkSet
from autograder.course.term import Term
from autograder.loader import NOTEBOOK_FORM
from autograder.reports.csv_files import Cell, csv_text
from autograder.reports.files import read_reports
from autograder.reports.grades import waiting
from autograder.reports.lateness import known_hand_ins, laid_over, unknown_before
from autograder.reports.marks import Row
from autograder.results import Report, Verdict
from autograder.scoring import lowest, rounded, set_points

__all__ = ["TotalLine", "reports_of_set", "total_lines", "totals_csv"]


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
