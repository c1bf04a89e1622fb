"""The notebook that students get: solutions cut out cell by cell, and each cell named, so that it can be put right.

A code cell with a solution region is the student's; so is a text cell with one, or with nbgrader's role of an answer.
Everything else is given: it is locked, and restored when it comes back changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from autograder.checks.errors import InstructorError
from autograder.checks.local.notebook_code import python_lines
from autograder.markers import BEGIN, END, cut, regions
from autograder.notebooks.reading import Cell, Notebook, Role
from autograder.notebooks.source import located, source_of
from autograder.notebooks.texts import ANSWER, headings, text_regions, text_stub

__all__ = ["NOTHING", "stub_of"]

NOTHING: Mapping[str, float] = MappingProxyType({})
_NAME = re.compile(r"[^a-zA-Z0-9_\-]+")


def stub_of(reference: Notebook, file: str, graded: Mapping[str, float] = NOTHING) -> Notebook:
    """The reference without its solutions, every cell with a role.

    A cell keeps nbgrader's role where it has one. Else its name is made of the functions that are written in it, or of
    its place, so that the same reference gives the same names.

    Args:
        reference: the solved notebook.
        file: its name, for messages.
        graded: the text cells that people grade, name to points. Such a cell has an answer region, and the name is its
            grade id, its id, one of its tags, or that of a heading in it.

    Raises:
        InstructorError: a mistake in the markers, told with cell and line; no cell is left for students; two cells
            have the same name; or there is no cell for a name in `graded`.
    """
    code = source_of(reference)
    try:
        cut(code.text, file)  # markers are judged over the whole notebook: names may be used further down
    except InstructorError as error:
        raise InstructorError(located(str(error), file, code)) from None
    cells = tuple(_named(_cells(reference, file, graded), file))
    for name in graded:
        if not any(cell.role and cell.role.grade_id == name and cell.kind != "code" for cell in cells):
            raise InstructorError(
                f"{file} has no text cell for the written answer {name!r}; put {BEGIN} and {END} around the answer, "
                f"and a heading in front of it such as '## ({name}) Why?'."
            )
    if not any(cell.role and cell.role.solution for cell in cells):
        raise InstructorError(f"{file} has no cell for students to write in; put {BEGIN} and {END} around solutions.")
    return replace(reference, cells=cells)


def _cells(reference: Notebook, file: str, graded: Mapping[str, float]) -> Iterator[Cell]:
    for number, cell in enumerate(reference.cells, start=1):
        if cell.kind == "code":
            yield _code(cell, number, file)
        else:
            yield _text(cell, number, file, graded)


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


def _text(cell: Cell, number: int, file: str, graded: Mapping[str, float]) -> Cell:
    try:
        cut_out = bool(text_regions(cell.source, file))
    except InstructorError as error:
        raise InstructorError(str(error).replace(f"{file}:", f"{file}, cell {number}, line ", 1)) from None
    if not cut_out and not (cell.role and cell.role.solution):
        return replace(cell, role=cell.role or Role(f"cell-{number}", locked=True))
    source = text_stub(cell.source, file) if cut_out else ANSWER
    name = next((each for each in _names(cell) if each in graded), "")
    if name:
        return replace(cell, source=source, role=Role(name, grade=True, solution=True, points=graded[name]))
    return replace(cell, source=source, role=cell.role or Role(f"answer-{number}", grade=True, solution=True))


def _names(cell: Cell) -> Iterator[str]:
    """By what a text cell may be meant."""
    yield from (cell.role.grade_id,) if cell.role else ()
    yield from (cell.id, *cell.tags)
    for heading in headings(cell.source):
        yield from heading.names


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
