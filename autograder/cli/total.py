"""`autograder total`: the points of a homework set, from the graded folders of its assignments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.course import HomeworkSet, open_course
from autograder.course.late import UNKNOWN
from autograder.formats.recorded_marks import lost_sentence, recorded_marks
from autograder.reports.final_points import TotalLine, reports_of_set, total_lines, totals_csv
from autograder.reports.marks import Row
from autograder.results import Report, Verdict
from autograder.scoring import shown
from autograder.settings import near
from autograder.submissions.term import open_term

__all__ = ["total_of"]


def total_of(name: str, folders: Sequence[Path], out: Path | None, course: Path | None) -> None:
    """Add up what each student has in the assignments of a set, up to its cap, and write it as CSV if asked for.

    Raises:
        UsageError: the folder of `out` does not exist, no such set, a folder without reports, of another assignment,
            or the same assignment twice.
    """
    if out and not out.parent.is_dir():
        raise UsageError(f"--csv: the folder {out.parent} does not exist; correct the path, or make that folder first.")
    root, settings = open_course(course)
    sets = {each.id: each for each in settings.homework_sets}
    if not sets:
        raise UsageError(
            f"grader_config.py has no homework sets; write HomeworkSet({name!r}, ...) into Course.homework_sets first."
        )
    if name not in sets:
        raise UsageError(f"There is no homework set {name!r} in grader_config.py; {near(name, list(sets))}")
    chosen = sets[name]
    said: list[str] = []

    def recorded(folder: Path, reports: Sequence[Report]) -> tuple[Row, ...]:
        rows = recorded_marks(folder, reports, settings.database)
        said.append(lost_sentence(folder, reports, rows))
        return rows

    found, unknown = reports_of_set(chosen, folders, open_term(root, settings), recorded)
    lines = total_lines(chosen, found)
    if out:
        export.write_text(out, totals_csv(chosen, lines))
    _show(chosen, lines, (*filter(None, said), *unknown), out)


def _show(chosen: HomeworkSet, lines: Sequence[TotalLine], unknown: Sequence[str], out: Path | None) -> None:
    screen = console()
    table = Table(title=f"{chosen.title}, counted up to {shown(chosen.cap)} points", title_justify="left")
    table.add_column("Student")
    for assignment in chosen.assignments:
        table.add_column(assignment, justify="right")
    table.add_column("Total", justify="right")
    table.add_column("Waiting", justify="right")
    for line in lines:
        parts = (
            f"({_part(report) or 0})" if name in line.dropped else _part(report)
            for name, report in zip(chosen.assignments, line.reports, strict=True)
        )
        table.add_row(escape(line.student), *parts, shown(line.points), shown(line.waiting))
    screen.print(table)
    _say_dropped_and_late(screen, chosen, lines)
    for sentence in unknown:
        screen.print(sentence, markup=False, soft_wrap=True)
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
    if any(line.flag == Verdict.INTERNAL for line in lines):
        screen.print("[yellow]INTERNAL:[/] some checks ended by our fault; grade these submissions again.")
    if out:
        screen.print(f"Totals:   {out}", markup=False, soft_wrap=True)


def _say_dropped_and_late(screen: Console, chosen: HomeworkSet, lines: Sequence[TotalLine]) -> None:
    """What is left out, the late days of each student, and whose hand-in time is not known."""
    if chosen.drop_lowest:
        what = counted(chosen.drop_lowest, "assignment")
        screen.print(f"In parentheses: the {what} with the fewest points, left out.")
    if used := [f"{line.student} ({line.late_days})" for line in lines if line.late_days]:
        screen.print(f"Late days used: {', '.join(used)}", markup=False, soft_wrap=True)
    for line in lines:
        for report in line.reports:
            if report and report.lateness and report.lateness.state in UNKNOWN:
                said = f"{line.student}, {report.assignment}: {report.lateness.state}."
                screen.print(said, markup=False, soft_wrap=True)


def _part(report: Report | None) -> str:
    """20, or 20 + 5 with bonus points."""
    if report is None:
        return ""
    return shown(report.points) + (f" + {shown(report.bonus_points)}" if report.bonus_points else "")
