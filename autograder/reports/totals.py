"""The points of a homework set: what each student has in its assignments, up to its cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.course import HomeworkSet
from autograder.loader import NOTEBOOK_FORM
from autograder.reports.csv_files import Cell, csv_text
from autograder.reports.files import read_reports
from autograder.reports.grades import waiting
from autograder.reports.manual_grades import with_hand_grades
from autograder.reports.marks import all_hand_grades
from autograder.results import Report
from autograder.scoring import rounded, set_points

__all__ = ["TotalLine", "reports_of_set", "total_lines", "totals_csv"]


@dataclass(frozen=True, slots=True)
class TotalLine:
    """One student: a report of each assignment, or None, and the points of the set."""

    student: str
    reports: tuple[Report | None, ...]
    points: float

    @property
    def waiting(self) -> float:
        """Points that a person still has to give."""
        return rounded(sum(waiting(report) for report in self.reports if report))

    @property
    def flag(self) -> str:
        """NOT FINAL where a report is none yet, INTERNAL where our fault left checks out."""
        if any(report and report.not_final for report in self.reports):
            return "NOT FINAL"
        return "INTERNAL" if any(report and report.internal for report in self.reports) else ""


def reports_of_set(chosen: HomeworkSet, folders: Sequence[Path]) -> dict[str, dict[str, Report]]:
    """Of each assignment of the set that is there, the report of each student, with what people gave.

    Raises:
        UsageError: a folder without reports, of another assignment, or two of the same.
    """
    found: dict[str, dict[str, Report]] = {}
    places: dict[str, Path] = {}
    for folder in folders:
        reports = read_reports(folder)
        for report in with_hand_grades(reports, all_hand_grades(folder, reports)):
            name = report.assignment
            if name not in chosen.assignments:  # an assignment of modules may be handed in as a notebook
                name = name.removesuffix(NOTEBOOK_FORM)
            if name not in chosen.assignments:
                raise UsageError(
                    f"{folder} holds reports of {report.assignment}, which does not belong to {chosen.id} "
                    f"({', '.join(chosen.assignments)})."
                )
            if places.setdefault(name, folder) != folder:
                raise UsageError(f"{places[name]} and {folder} both hold reports of {name}; name one of them.")
            found.setdefault(name, {})[report.student] = report
    return found


def total_lines(chosen: HomeworkSet, found: dict[str, dict[str, Report]]) -> list[TotalLine]:
    """Everybody who handed in anything, by name."""
    lines = []
    for student in sorted({student for reports in found.values() for student in reports}):
        reports = tuple(found.get(each, {}).get(student) for each in chosen.assignments)
        parts = [(report.points, report.bonus_points) for report in reports if report]
        lines.append(TotalLine(student, reports, set_points(parts, chosen.cap)))
    return lines


def totals_csv(chosen: HomeworkSet, lines: Sequence[TotalLine]) -> str:
    """Columns student, one for each assignment (points with bonus points; empty where nothing was graded), total."""
    rows: list[list[Cell]] = [["student", *chosen.assignments, "total", "cap", "by_hand", "flag"]]
    for line in lines:
        parts = (rounded(each.points + each.bonus_points) if each else None for each in line.reports)
        rows.append([line.student, *parts, line.points, chosen.cap, line.waiting, line.flag or None])
    return csv_text(rows)
