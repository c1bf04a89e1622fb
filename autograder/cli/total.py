"""`autograder total`: the points of a homework set, from the graded folders of its assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.cli.common import console
from autograder.course import HomeworkSet, open_course
from autograder.loader import NOTEBOOK_FORM
from autograder.reports.csv_files import Cell, csv_text
from autograder.reports.grades import waiting
from autograder.reports.manual_grades import with_hand_grades
from autograder.reports.marks import all_hand_grades
from autograder.results import Report
from autograder.scoring import rounded, set_points, shown
from autograder.settings import near

__all__ = ["total_of"]


@dataclass(frozen=True, slots=True)
class _Line:
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


def total_of(name: str, folders: Sequence[Path], out: Path | None, course: Path | None) -> None:
    """Add up what each student has in the assignments of a set, up to its cap, and write it as CSV if asked for.

    Raises:
        UsageError: the folder of `out` does not exist, no such set, a folder without reports, of another assignment,
            or the same assignment twice.
    """
    if out and not out.parent.is_dir():
        raise UsageError(f"--csv: the folder {out.parent} does not exist; correct the path, or make that folder first.")
    told = open_course(course)[1]
    sets = {each.id: each for each in told.homework_sets}
    if name not in sets:
        raise UsageError(f"There is no homework set {name!r} in grader_config.py; {near(name, list(sets))}")
    chosen = sets[name]
    lines = _lines(chosen, _reports(chosen, folders))
    if out:
        export.write_text(out, _csv(chosen, lines))
    _show(chosen, lines, out)


def _reports(chosen: HomeworkSet, folders: Sequence[Path]) -> dict[str, dict[str, Report]]:
    """Of each assignment of the set that is there, the report of each student, with what people gave."""
    found: dict[str, dict[str, Report]] = {}
    places: dict[str, Path] = {}
    for folder in folders:
        reports = export.read_reports(folder)
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


def _lines(chosen: HomeworkSet, found: dict[str, dict[str, Report]]) -> list[_Line]:
    """Everybody who handed in anything, by name."""
    lines = []
    for student in sorted({student for reports in found.values() for student in reports}):
        reports = tuple(found.get(each, {}).get(student) for each in chosen.assignments)
        parts = [(report.points, report.bonus_points) for report in reports if report]
        lines.append(_Line(student, reports, set_points(parts, chosen.cap)))
    return lines


def _csv(chosen: HomeworkSet, lines: Sequence[_Line]) -> str:
    """Columns student, one for each assignment (points with bonus points; empty where nothing was graded), total."""
    rows: list[list[Cell]] = [["student", *chosen.assignments, "total", "cap", "by_hand", "flag"]]
    for line in lines:
        parts = (rounded(each.points + each.bonus_points) if each else None for each in line.reports)
        rows.append([line.student, *parts, line.points, chosen.cap, line.waiting, line.flag or None])
    return csv_text(rows)


def _show(chosen: HomeworkSet, lines: Sequence[_Line], out: Path | None) -> None:
    screen = console()
    table = Table(title=f"{chosen.title}, counted up to {shown(chosen.cap)} points", title_justify="left")
    table.add_column("Student")
    for assignment in chosen.assignments:
        table.add_column(assignment, justify="right")
    table.add_column("Total", justify="right")
    table.add_column("Waiting", justify="right")
    for line in lines:
        table.add_row(escape(line.student), *map(_part, line.reports), shown(line.points), shown(line.waiting))
    screen.print(table)
    missing = [
        assignment
        for number, assignment in enumerate(chosen.assignments)
        if not any(line.reports[number] for line in lines)
    ]
    if missing:
        screen.print(f"[yellow]Not graded yet:[/] {escape(', '.join(missing))}; counted as 0.")
    if any(line.waiting for line in lines):
        screen.print("Points that wait for a person count in no total; `autograder mark` gives them.", markup=False)
    for line in lines:
        for report in line.reports:
            if report and report.not_final:
                screen.print(f"NOT FINAL: {line.student}. {report.not_final}", markup=False, soft_wrap=True)
    if any(line.flag == "INTERNAL" for line in lines):
        screen.print("[yellow]INTERNAL:[/] some checks ended by our fault; grade these submissions again.")
    if out:
        screen.print(f"Totals:   {out}", markup=False, soft_wrap=True)


def _part(report: Report | None) -> str:
    """20, or 20 + 5 with bonus points."""
    if report is None:
        return ""
    return shown(report.points) + (f" + {shown(report.bonus_points)}" if report.bonus_points else "")
