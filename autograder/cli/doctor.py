"""`autograder doctor`: what this machine can enforce, what data is there, what the course still lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from autograder.backends import BACKENDS, CONTAINERS, code_of
from autograder.checks.errors import UsageError
from autograder.cli.common import console
from autograder.course import Course, open_course
from autograder.datasets import available
from autograder.grading.preparing import settings_of
from autograder.sandbox import probe, remember, why_not
from autograder.submissions.term import course_problems

__all__ = ["examine"]

LANDLOCK_LACKS = (
    "Landlock does not give: a process table, a network stack and a scratch file system of one's own (processes and "
    "scratch space are watched every 0.1 s instead), nor, where Python lies in a folder that only root may enter, "
    "a user of one's own. Names, sizes and times of files elsewhere can be asked for, their contents cannot."
)


def examine(folder: Path | None, data: Path | None) -> int:
    """Print the findings; returns the exit code: 0, whatever the machine can do."""
    screen = console()
    root, course = _course(folder)
    settings = settings_of(data, course)
    screen.print("Each protection is tried by a small program inside that wants to get around it; a few seconds ...")
    screen.print(_table(probe.probe()))
    working = [name for name in BACKENDS[:-1] if not why_not(name)]
    remember(working)
    for name in CONTAINERS:
        code = code_of(name)
        screen.print(f"Containers by {name}: {escape(code.ENGINE.why_not() or code.AVAILABLE)}")
    screen.print(LANDLOCK_LACKS)
    screen.print(f"Sandbox for classes: {working[0] if working else 'none works, so a class will not be graded here'}")
    for each in available(settings):
        screen.print(f"Data set {each.name}: {escape(each.problem or f'ready, {each.origin}')}")
    if course is None or root is None:
        screen.print("No course here: run this in a folder with grader_config.py to have it read too.")
        return 0
    screen.print(f"Course: {escape(course.title)} ({escape(str(root))}), assignments {', '.join(course.assignments)}")
    absent = course.absent(root)
    if absent:
        screen.print(f"Counted by a homework set but not in the repository yet: {', '.join(absent)}")
    for sentence in course_problems(root, course):
        screen.print(f"[yellow]Course:[/] {escape(sentence)}", soft_wrap=True)
    return 0


def _table(findings: Mapping[str, Sequence[probe.Finding]]) -> Table:
    """What each sandbox enforces, side by side, and what to do where the best one does not."""
    found = {(name, each.what): each for name, own in findings.items() for each in own}
    table = Table("What", *findings, "For more", box=box.SIMPLE_HEAD, pad_edge=False)
    for what in dict.fromkeys(each.what for own in findings.values() for each in own):
        row = [found.get((name, what)) for name in findings]
        best = row[0]
        table.add_row(escape(what), *map(_cell, row), escape(best.advice if best and not best.enforced else ""))
    return table


def _cell(finding: probe.Finding | None) -> str:
    if finding is None:
        return "-"
    mark = "[green]✓ yes[/]" if finding.enforced else "[red]✗ no[/]"
    return f"{mark}: {escape(finding.how)}" if finding.how else mark


def _course(folder: Path | None) -> tuple[Path | None, Course | None]:
    """The course, if there is one; one that was named has to be there."""
    try:
        return open_course(folder)
    except UsageError:
        if folder is not None:
            raise
        return None, None
