"""The notebook file that students get, made with nbgrader's own preprocessors, so that its tools know it as theirs.

nbgrader's `ClearSolutions` cuts the solutions; it knows one stub for all of them, so it leaves a mark in the place of
each, and the stub texts of `autograder.markers` take the places of the marks. What comes out is held to
`autograder.notebooks.stubs`, after which submissions are put right. nbgrader takes seconds to import, so it is imported
when a notebook is released and at no other time.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from autograder.checks.errors import InstructorError
from autograder.checks.local.notebook_code import python_lines
from autograder.markers import BEGIN, END, replaced
from autograder.notebooks.check_cells import Asked, placed_checks
from autograder.notebooks.reading import Cell, read
from autograder.notebooks.stubs import NOTHING, stub_of
from autograder.notebooks.texts import ANSWER, text_regions

__all__ = ["release_notebook"]

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

    A region with nothing in its place is told by `_CUT` alone.
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
    told: dict[str, Any] = {
        "schema_version": _SCHEMA,
        "grade_id": role.grade_id,
        "grade": role.grade,
        "solution": role.solution,
        "locked": role.locked,
        "task": role.task,
        "cell_type": cell.kind,
    }
    if role.grade or role.task:
        told["points"] = role.points
    made.metadata["nbgrader"] = told
