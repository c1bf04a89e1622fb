"""What the shell offers in the place of a name: assignments, homework sets, data sets and sandboxes.

Nothing of the course is run: each Tab starts a process, and a file of the course may hold anything. So names are read
from folders, and from the texts of the course's files.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import typer

__all__ = ["assignments_here", "assignments_of_any_form", "data_sets", "homework_sets", "platforms", "sandboxes"]


def assignments_here(ctx: typer.Context) -> list[str]:
    """Names of the assignments of the course."""
    return sorted(path.parent.name for path in _course(ctx).glob("assignments/*/assignment.py"))


def assignments_of_any_form(ctx: typer.Context, incomplete: str) -> list[str]:
    """The same, and where one is typed already, its form as a notebook, if it is made of modules."""
    from autograder.early_start import NOTEBOOK_FORM

    names = assignments_here(ctx)
    folder = _course(ctx) / "assignments"
    forms = [
        f"{name}{NOTEBOOK_FORM}"
        for name in names
        if incomplete.startswith(f"{name}-") and ".ipynb" not in _text(folder / name / "assignment.py")
    ]
    return [*names, *forms]


def homework_sets(ctx: typer.Context) -> list[str]:
    """Ids of the homework sets that are written down in grader_config.py."""
    try:
        tree = ast.parse(_text(_course(ctx) / "grader_config.py"))
    except (SyntaxError, ValueError, RecursionError):
        return []
    return sorted({name for node in ast.walk(tree) if isinstance(node, ast.Call) for name in _ids(node)})


def data_sets() -> list[str]:
    """Names of the data sets that can be downloaded."""
    from autograder.datasets import NAMES

    return [*NAMES]


def sandboxes() -> list[str]:
    """Names of sandboxes."""
    from autograder.course import SANDBOXES

    return [*SANDBOXES]


def platforms() -> list[str]:
    """Names of the learning platforms that have a web service here."""
    from autograder.formats.lms.sites import SITES

    return [*SITES]


def _course(ctx: typer.Context) -> Path:
    """The folder of the course: the one that is named in the call, else the one in which one is."""
    folder = ctx.params.get("course")
    if folder is not None:
        return Path(folder)
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / "grader_config.py").is_file()), here)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _ids(call: ast.Call) -> Iterator[str]:
    """The id of a homework set, where it is written as a text."""
    if ast.unparse(call.func).rpartition(".")[2] != "HomeworkSet":
        return
    for value in [*call.args[:1], *(each.value for each in call.keywords if each.arg == "id")]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
