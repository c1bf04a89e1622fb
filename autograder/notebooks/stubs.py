"""The notebook that students get: solutions cut out cell by cell, and each cell named, so that it can be put right.

A code cell with a solution region is the student's; so is a text cell with one, or with nbgrader's role of an answer.
Everything else is given: it is locked, and restored when it comes back changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from autograder.cells import python_lines
from autograder.errors import InstructorError
from autograder.markers import BEGIN, END, cut, regions
from autograder.notebooks.records import Cell, Notebook, Role
from autograder.notebooks.source import located, source_of

__all__ = ["stub_of"]

_ANSWER = "YOUR ANSWER HERE"
_MARKED = re.compile(rf"^[ \t]*{re.escape(BEGIN)}[ \t]*\n.*?^[ \t]*{re.escape(END)}[ \t]*$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[^a-zA-Z0-9_\-]+")


def stub_of(reference: Notebook, file: str) -> Notebook:
    """The reference without its solutions, every cell with a role.

    A cell keeps nbgrader's role where it has one. Else its name is made of the functions that are written in it, or of
    its place, so that the same reference gives the same names.

    Args:
        reference: the solved notebook.
        file: its name, for messages.

    Raises:
        InstructorError: a mistake in the markers, told with cell and line; no cell is left for students; or two cells
            have the same name.
    """
    code = source_of(reference)
    try:
        cut(code.text, file)  # markers are judged over the whole notebook: names may be used further down
    except InstructorError as error:
        raise InstructorError(located(str(error), file, code)) from None
    cells = tuple(_named(_cells(reference, file), file))
    if not any(cell.role and cell.role.solution for cell in cells):
        raise InstructorError(f"{file} has no cell for students to write in; put {BEGIN} and {END} around solutions.")
    return replace(reference, cells=cells)


def _cells(reference: Notebook, file: str) -> Iterator[Cell]:
    for number, cell in enumerate(reference.cells, start=1):
        if cell.kind == "code":
            yield _code(cell, number, file)
        else:
            yield _text(cell, number)


def _code(cell: Cell, number: int, file: str) -> Cell:
    python = list(python_lines(cell.source))
    text = "\n".join(python)
    found = regions(text, file)
    if not found:
        return replace(cell, role=cell.role or Role(f"cell-{number}", locked=True))
    magics = dict(zip(python, cell.source.split("\n"), strict=True))
    stub = cut(text, file).rstrip("\n").split("\n")
    names = "-".join(dict.fromkeys(region.name for region in found if region.name))
    role = cell.role or Role(_NAME.sub("-", names) or f"cell-{number}", solution=True)
    return replace(cell, source="\n".join(magics.get(line, line) for line in stub), role=role)


def _text(cell: Cell, number: int) -> Cell:
    source = _MARKED.sub(_ANSWER, cell.source)
    if source != cell.source or (cell.role and cell.role.solution):
        role = cell.role or Role(f"answer-{number}", grade=True, solution=True)
        return replace(cell, source=source if source != cell.source else _ANSWER, role=role)
    return replace(cell, role=cell.role or Role(f"cell-{number}", locked=True))


def _named(cells: Iterator[Cell], file: str) -> Iterator[Cell]:
    seen: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        if cell.name in seen:
            raise InstructorError(
                f"{file}: cells {seen[cell.name]} and {number} are both called {cell.name!r}; give one of them another "
                "grade id, or put them together."
            )
        seen[cell.name] = number
        yield cell
