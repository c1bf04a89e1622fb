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
from autograder.reports.leaderboard import is_guest, leaderboard_page, lines_of
from autograder.reports.pages.text import visible
from autograder.submissions.term import course_roster

__all__ = ["write_leaderboard"]


def write_leaderboard(name: str, out: Path, *, private: bool, guests: bool, course: Path | None) -> None:
    """Write ``leaderboard.html`` beside the summary, and say who is on it.

    Raises:
        UsageError: the assignment asks for no predictions, or nothing is graded there.
    """
    root, settings = open_course(course)
    assignment = loader.load(root, name).assignment
    if not assignment.predictions:
        raise UsageError(f"{name} asks for no predictions, so there is nothing to compare; see docs/predictions.md.")
    part = "private" if private else "public"
    asked = assignment.predictions[0]
    check = f"{asked.stem}_{part}"
    if check not in asked.checks:
        raise UsageError(f"{name} has no public part of the labels; with --private the other part is shown.")
    reports = read_reports(out)
    if other := {report.assignment for report in reports} - {name}:
        raise UsageError(f"{out} holds reports of {', '.join(sorted(other))}; name the folder of {name}.")
    roster = course_roster(settings, root)
    lines = lines_of(reports, check, roster, guests=guests)
    page = out / "leaderboard.html"
    write_bytes(page, leaderboard_page(assignment.title, part, lines).encode())
    console().print(
        f"Wrote {escape(str(page))}: {counted(len(lines), 'submission')} of {len(reports)}, by pseudonym, on the "
        f"{part} part of the labels.",
        soft_wrap=True,
    )
    others = [each.student for each in reports if is_guest(each.student, roster)]
    if others and not guests:
        console().print(
            f"Not on it, because they are not on the roster: {escape(visible(', '.join(others)))}; with --guests they "
            "are, if they handed in a pseudonym.",
            soft_wrap=True,
        )
