"""`autograder doctor`: what this machine can enforce, what data is there, what the course still lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from autograder import loader
from autograder.backends import BACKENDS, CONTAINERS, code_of
from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.course import Course, open_course
from autograder.datasets import available
from autograder.grading.preparing import settings_of
from autograder.reports.visibility import Moment, moment_of
from autograder.results import Visibility
from autograder.sandbox import probe, remember, why_not
from autograder.scoring import rounded
from autograder.store.database import file_of
from autograder.submissions.term import course_problems, open_term

__all__ = ["closing_sentence", "examine"]

_FROM = {
    Visibility.AFTER_DEADLINE: "shown then",
    Visibility.AFTER_PUBLICATION: "shown with the published grades",
    Visibility.NEVER: "never shown to students",
}
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
    for sentence in _closing(root, course):
        screen.print(escape(sentence), soft_wrap=True)
    if (files := course.artefacts_at(root)) is not None:
        screen.print(f"Files that checks left: {escape(str(files))}", soft_wrap=True)
    elif course.database and file_of(course.database) is None:
        screen.print(
            "[yellow]Course:[/] Course.artefacts is None, so there is no place for files that checks leave beside the "
            "results database; name a folder that all graders share.",
            soft_wrap=True,
        )
    for sentence in course_problems(root, course):
        screen.print(f"[yellow]Course:[/] {escape(sentence)}", soft_wrap=True)
    return 0


def _closing(root: Path, course: Course) -> list[str]:
    """When each assignment closes, and which results students see only then, later or never."""
    try:
        term = open_term(root, course)
    except GraderError:  # `course_problems` says what is wrong with the roster or late_days.csv
        return []
    found = []
    for name in course.assignments:
        if not (root / "assignments" / name).is_dir():
            continue
        try:
            checks = loader.load(root, name).assignment.checks
        except GraderError as error:
            found.append(f"{name} cannot be loaded, so nothing is said of its checks: {error}")
            continue
        amounts = {each: [check.points for check in checks if check.visible is each] for each in Visibility}
        if course.dates_of(name) is not None or any(amounts[each] for each in list(Visibility)[1:]):
            dated = course.dates_of(name) is not None
            found.append(closing_sentence(_dated(name, course), moment_of(term, name), amounts, dated=dated))
    return found


def _dated(name: str, course: Course) -> str:
    """The assignment with its release and its deadline, which hold for everybody without an extension."""
    due = course.due(name)
    dates = {"released": due.release, "due": due.usual} if due else {}
    said = [f"{what} {_time(when.astimezone(due.zone))}" for what, when in dates.items() if due and when]
    return f"{name} ({'; '.join(said)})" if said else name


def _time(when: datetime) -> str:
    return f"{when.day} {when:%B %Y, %H:%M %Z}".rstrip()


def closing_sentence(name: str, moment: Moment, amounts: Mapping[Visibility, Sequence[float]], *, dated: bool) -> str:
    """When an assignment closes, and how many checks are shown from then on, from its publication on, and never.

    Args:
        name: the assignment's.
        moment: the present.
        amounts: the points of its checks, by from when on they are shown.
        dated: whether it has a deadline.
    """
    closed = "closed" if moment.closed else "closes"
    if moment.closes:
        when = f"{closed} on {moment.closes}"
    elif dated:
        when = "closes when its grades are published, as late hand-ins earn points without end (no cut-off)"
    else:
        when = "has no deadline, and closes when its grades are published"
    parts = [
        f"{counted(len(points), 'check')} ({counted(rounded(sum(points)), 'point')}) {_are(len(points))} {said}"
        for visible, said in _FROM.items()
        if (points := amounts[visible])
    ]
    return f"{name} {when}{'; ' if parts else ''}{', '.join(parts)}."


def _are(number: int) -> str:
    """The verb for a number of things."""
    return "is" if number == 1 else "are"


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
