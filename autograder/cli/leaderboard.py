"""`autograder leaderboard`: a page of scores by pseudonym, from the reports of a graded class."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from autograder import loader
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.course import open_course
from autograder.reports import read_reports, write_bytes
from autograder.reports.leaderboard import leaderboard_page, lines_of

__all__ = ["write_leaderboard"]


def write_leaderboard(name: str, out: Path, *, private: bool, course: Path | None) -> None:
    """Write ``leaderboard.html`` beside the summary, and say who is on it.

    Raises:
        UsageError: the assignment asks for no predictions, or nothing is graded there.
    """
    root, _ = open_course(course)
    assignment = loader.load(root, name).assignment
    if not assignment.predictions:
        raise UsageError(f"{name} asks for no predictions, so there is nothing to compare; see docs/predictions.md.")
    part = "private" if private else "public"
    asked = assignment.predictions[0]
    check = f"{asked.stem}_{part}"
    if check not in asked.checks:
        raise UsageError(f"{name} has no public part of the labels; with --private the other part is shown.")
    reports = read_reports(out)
    lines = lines_of((report for report in reports if report.assignment == name), check)
    page = out / "leaderboard.html"
    write_bytes(page, leaderboard_page(assignment.title, part, lines).encode())
    console().print(
        f"Wrote {escape(str(page))}: {counted(len(lines), 'submission')} of {len(reports)}, by pseudonym, on the "
        f"{part} part of the labels.",
        soft_wrap=True,
    )
