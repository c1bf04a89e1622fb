"""`autograder import nbgrader`: what a course in nbgrader's folders holds, and what is needed to grade it."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from autograder.cli.common import console
from autograder.formats.nbgrader import open_course
from autograder.formats.nbgrader.importing import import_course, write_config
from autograder.scoring import shown

__all__ = ["import_nbgrader"]


def import_nbgrader(folder: Path) -> int:
    """Look at every assignment, write what is missing, print a table; exit code 1 if one cannot be graded."""
    course = open_course(folder)
    screen = console()
    for note in course.settings.notes:
        screen.print(escape(note), soft_wrap=True)
    found = import_course(course, lambda text: screen.print(escape(text), soft_wrap=True))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Assignment", "Notebooks", "Test cells", "hidden in", "Points", "manually", "Submissions"):
        table.add_column(heading, justify="left" if heading == "Assignment" else "right")
    for each in found:
        if each.problem:
            table.add_row(escape(each.name), "[magenta]cannot be graded[/]", "", "", "", "", "")
            continue
        by_hand = f"{shown(each.points_by_hand)} in {each.by_hand}" if each.by_hand else ""
        counts = (str(each.notebooks), str(each.tests), str(each.hidden or ""), shown(each.points), by_hand)
        table.add_row(escape(each.name), *counts, str(each.submissions))
    screen.print(f"\n[bold]{escape(course.title)}[/]", table, sep="\n")
    for each in found:
        for path in each.made:
            screen.print(f"Written: {escape(str(path))}", soft_wrap=True)
        if each.problem:
            screen.print(f"[magenta]{escape(each.problem)}[/]", soft_wrap=True)
    written = write_config(course)
    if written:
        screen.print(f"Written: {escape(str(written))}", soft_wrap=True)
    ready = next((each.name for each in found if not each.problem), "")
    if ready:
        command = shlex.join(["autograder", "grade", ready, "--course", str(folder), "--out", "graded"])
        screen.print(f"To grade: {escape(command)}", soft_wrap=True)
    return 1 if any(each.problem for each in found) else 0
