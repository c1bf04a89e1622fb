"""The notebook that students get: solutions cut out cell by cell, and each cell named, so that it can be repaired.

A code cell with a solution region is the student's; so is a text cell with one, or with nbgrader's role of an answer.
Everything else is given: it is locked, and restored when it comes back changed. Below the cells of a question stands a
call that tests it (`placed_checks`).

The file is made with nbgrader's own preprocessors, so that its tools know it as theirs. `ClearSolutions` knows one stub
for all solutions, so it leaves a mark in the place of each, and the stub texts of `autograder.markers` take the places
of the marks; what comes out must equal `stub_of`. nbgrader takes seconds to import, so it is imported when a notebook
is released and at no other time.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import KIT
from autograder.checks.local.notebook_code import python_lines
from autograder.markers import BEGIN, END, cut, regions, replaced
from autograder.notebooks.markdown import ANSWER, headings, text_regions, text_stub
from autograder.notebooks.reading import Cell, Notebook, Role, read
from autograder.notebooks.repairing import changes_of
from autograder.notebooks.source import located, source_of

__all__ = ["NOTHING", "TAG", "Asked", "is_check_cell", "placed_checks", "release_notebook", "stub_of"]


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
        InstructorError: a mistake in the markers, with cell and line; no cell is left for students; two cells
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


# --- cells by which students test a question where they stand ---
#
# They carry no role, so nothing is restored or missed where a student removes them. When a notebook is graded they run
# like any other cell, and what they import does nothing there (`autograder.checks.local.kit`).

TAG = "autograder-check"

_ABOVE = f"# The folder {KIT} must lie beside this notebook. check() tests all questions."
_TEXT = r"""(?:"[^"\\]*"|'[^'\\]*')"""
_CALL = rf"(?:check|hint)\(\s*(?:{_TEXT}(?:\s*,\s*{_TEXT})*)?\s*,?\s*\)(?:\s*# for a hint: hint\({_TEXT}\))?"
_LINE = re.compile(rf"\s*(?:{re.escape(_ABOVE)}|{_CALL}|from {KIT}\.notebook import [\w, ]*)?\s*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a notebook can be tested for: its id, what students write for it, whether there are hints."""

    id: str
    solution: tuple[str, ...]
    hints: bool = False


def is_check_cell(cell: Cell) -> bool:
    """Whether a code cell only asks for verdicts and hints; comments of a student are an answer."""
    lines = cell.source.split("\n")
    called = any(re.match(r"\s*(?:check|hint)\(|from ", line) for line in lines)
    return cell.kind == "code" and called and all(_LINE.fullmatch(line) for line in lines)


def placed_checks(stub: Notebook, asked: Sequence[Asked]) -> Iterator[tuple[int, Cell]]:
    """The cells to be written into a handout, each with the number of cells of the stub that stand before it.

    One in front of all code imports what the others call; a question's stands below the last cell in which something
    is written for it, or at the end where there is none.
    """
    if not asked:
        return
    taken = {cell.id for cell in stub.cells}
    first = next((place for place, cell in enumerate(stub.cells) if cell.kind == "code"), 0)
    imports = "check, hint" if any(each.hints for each in asked) else "check"
    lines = (
        _ABOVE,
        f"from {KIT}.notebook import {imports}",
    )
    yield first, Cell("code", "\n".join(lines), _id("import-checks", taken), tags=(TAG,))
    sets = [changes_of(cell.source).values if cell.kind == "code" else frozenset() for cell in stub.cells]
    last = len(stub.cells)
    for each in asked:
        names = {name.partition(".")[0] for name in each.solution}
        place = max((number for number, found in enumerate(sets, 1) if found & names), default=last)
        more = f'  # for a hint: hint("{each.id}")' if each.hints else ""
        cell_id = _id(f"check-{re.sub(r'[^a-zA-Z0-9_-]', '-', each.id)}"[:60], taken)
        yield place, Cell("code", f'check("{each.id}"){more}', cell_id, tags=(TAG,))


def _id(name: str, taken: set[str]) -> str:
    """A cell's id that no other has."""
    found = next(each for each in (name, *(f"{name}-{number}" for number in range(2, 9999))) if each not in taken)
    taken.add(found)
    return found


# --- the file ---

_SCHEMA = 3
_CUT = "# autograder: a solution was cut out here"
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def release_notebook(
    reference: bytes, file: str, graded: Mapping[str, float] = NOTHING, asked: Sequence[Asked] = ()
) -> bytes:
    """The reference notebook without solutions, mark schemes, hidden tests and outputs; given cells locked.

    Every cell carries nbgrader's metadata (schema version 3) and its checksum. The same bytes from the same reference.

    Args:
        reference: the solved notebook's file.
        file: its name, for messages.
        graded: the text cells that people grade, name to points.
        asked: the questions that students can test in it; each gets a cell for that.

    Raises:
        InstructorError: as `autograder.notebooks.stubs.stub_of`; or nbgrader refuses the notebook, or
            cuts it otherwise.
        StudentError: the file is no notebook.
    """
    import nbformat
    from nbgrader.preprocessors import (
        ClearHiddenTests,
        ClearOutput,
        ComputeChecksums,
        LockCells,
    )
    from nbgrader.preprocessors.clearmarkingscheme import ClearMarkScheme

    stub = stub_of(read(reference, file), file, graded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook = nbformat.reads(reference.decode("utf-8-sig"), as_version=4)
        notebook.nbformat_minor = max(5, notebook.nbformat_minor)
        notebook.metadata.setdefault("kernelspec", _KERNEL).setdefault("language", "python")
        try:
            _clear_solutions(notebook, file)
            for number, (made, cell) in enumerate(zip(notebook.cells, stub.cells, strict=True), start=1):
                _mark(made, cell, number, file)
            for step in (ClearMarkScheme, ClearHiddenTests, LockCells, ComputeChecksums, ClearOutput):
                notebook, _ = step().preprocess(notebook, {})
        except InstructorError:
            raise
        except Exception as error:
            raise InstructorError(f"{file}: nbgrader refuses this notebook: {error}") from error
        for place, cell in sorted(placed_checks(stub, asked), key=itemgetter(0))[::-1]:
            made = nbformat.v4.new_code_cell(cell.source, id=cell.id, metadata={"tags": list(cell.tags)})
            notebook.cells.insert(place, made)
        text: str = nbformat.writes(notebook)
    return f"{text}\n".encode()


def _clear_solutions(notebook: Any, file: str) -> None:
    """Let nbgrader cut the solutions out, and put the stub texts where they were."""
    from nbgrader.preprocessors import ClearSolutions

    instead: list[list[str]] = []
    for cell in notebook.cells:
        written = cell.cell_type != "code" and cell.metadata.get("nbgrader", {}).get("solution", False)
        cell.metadata["nbgrader"] = {"solution": written}  # a solution without markers is the whole text
        instead.append(_delimit(cell, file))
    language = notebook.metadata["kernelspec"]["language"]
    step = ClearSolutions(
        begin_solution_delimeter=BEGIN,
        end_solution_delimeter=END,
        code_stub={language: _CUT},
        text_stub=ANSWER,
        enforce_metadata=False,
    )
    step.preprocess(notebook, {})
    for cell, texts in zip(notebook.cells, instead, strict=True):
        if texts:
            waiting = iter(texts)
            lines = (next(waiting) if line.strip() == _CUT else line for line in cell.source.split("\n"))
            cell.source = "\n".join(line for line in lines if line != _CUT).rstrip("\n")


def _delimit(cell: Any, file: str) -> list[str]:
    """Put our markers around each solution of a code cell, however it is marked; what stands in the place of each.

    A region with nothing in its place is `_CUT` alone.
    """
    if cell.cell_type != "code":
        lines = cell.source.split("\n")
        for region in text_regions(cell.source, file):
            lines[region[0] - 1], lines[region[-1] - 1] = BEGIN, END
        cell.source = "\n".join(lines)
        return []
    lines = cell.source.split("\n")
    found = replaced("\n".join(python_lines(cell.source)), file)
    for each, _ in reversed(found):
        inner = [line for line in lines[each.first - 1 : each.last] if line.strip() not in (BEGIN, END)]
        lines[each.first - 1 : each.last] = [BEGIN, *inner, END]
    cell.source = "\n".join(lines)
    return ["\n".join(text) if text else _CUT for _, text in found]


def _mark(made: Any, cell: Cell, number: int, file: str) -> None:
    """Give a cell of the file its role; its text is the stub already."""
    role = cell.role
    assert role is not None
    if made.source != cell.source:
        raise InstructorError(
            f"{file}, cell {number}: nbgrader cuts this cell otherwise than autograder does; write its solution with "
            f"{BEGIN} and {END} on lines of their own."
        )
    made.id = cell.id or f"cell-{number}"
    record: dict[str, Any] = {
        "schema_version": _SCHEMA,
        "grade_id": role.grade_id,
        "grade": role.grade,
        "solution": role.solution,
        "locked": role.locked,
        "task": role.task,
        "cell_type": cell.kind,
    }
    if role.grade or role.task:
        record["points"] = role.points
    made.metadata["nbgrader"] = record
