"""`autograder import otter`: an assignment in Otter's notebook format becomes one of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.course import open_course
from autograder.formats.otter import Imported, import_otter

__all__ = ["Call", "import_assignment", "show_imported"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder import otter`; None or empty means: left out."""

    source: Path
    name: str
    module: bool
    course: Path | None


def import_assignment(call: Call) -> None:
    """Write the folders of the assignment, and say what is left to do."""
    root, course = open_course(call.course)
    imported = import_otter(root, call.source, call.name, module=call.module)
    show_imported(imported, root, listed=imported.name in course.assignments)


def show_imported(imported: Imported, root: Path, *, listed: bool) -> None:
    """Say what was written, and what comes next."""
    screen = console()
    name = escape(imported.name)
    for path in imported.files:
        screen.print(f"Written: {escape(str(path.relative_to(root)))}", soft_wrap=True)
    screen.print(
        f"{counted(imported.questions, 'question')}, {counted(imported.checks, 'check')}, "
        f"{imported.points} point{'' if imported.points == '1' else 's'}."
    )
    for each in imported.stays:
        screen.print(f"[yellow]No check yet:[/] {escape(each)}", soft_wrap=True)
    if imported.by_hand:
        screen.print(f"[yellow]Manually graded:[/] {escape(', '.join(imported.by_hand))}; a rubric may be added.")
    for each in imported.notes:
        screen.print(f"[yellow]Note:[/] {escape(each)}", soft_wrap=True)
    if not listed:
        screen.print(f'Add "{name}" to the assignments in grader_config.py.')
    screen.print("Next:")
    screen.print(f"  autograder validate {name}  # does the reference pass its checks?")
    screen.print(f"  autograder release {name}  # write what students get")
