"""The notebook file that students get, made with nbgrader's own preprocessors, so that its tools know it as theirs.

Solutions are cut as in modules (`autograder.notebooks.stubs`): nbgrader's own step knows no stub texts, and empties
cells whose solution is cut already. nbgrader takes seconds to import, so it is imported when a notebook is released and
at no other time.
"""

from __future__ import annotations

import warnings
from typing import Any

from autograder.errors import InstructorError
from autograder.notebooks.reading import read
from autograder.notebooks.records import Cell
from autograder.notebooks.stubs import stub_of

__all__ = ["release_notebook"]

_SCHEMA = 3


def release_notebook(reference: bytes, file: str) -> bytes:
    """The reference notebook without solutions, mark schemes, hidden tests and outputs; given cells locked.

    Every cell carries nbgrader's metadata (schema version 3) and its checksum. The same bytes from the same reference.

    Args:
        reference: the solved notebook's file.
        file: its name, for messages.

    Raises:
        InstructorError: as `autograder.notebooks.stubs.stub_of`; or nbgrader refuses the notebook.
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

    stub = stub_of(read(reference, file), file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook = nbformat.reads(reference.decode("utf-8-sig"), as_version=4)
        for number, (made, cell) in enumerate(zip(notebook.cells, stub.cells, strict=True), start=1):
            _mark(made, cell, number)
        notebook.nbformat_minor = max(5, notebook.nbformat_minor)
        notebook.metadata.setdefault("kernelspec", _KERNEL).setdefault("language", "python")
        try:
            for step in (ClearMarkScheme, ClearHiddenTests, LockCells, ComputeChecksums, ClearOutput):
                notebook, _ = step().preprocess(notebook, {})
        except Exception as error:
            raise InstructorError(f"{file}: nbgrader refuses this notebook: {error}") from error
        text: str = nbformat.writes(notebook)
    return f"{text}\n".encode()


_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def _mark(made: Any, cell: Cell, number: int) -> None:
    """Give a cell of the file its stub and its role."""
    role = cell.role
    assert role is not None
    made.source = cell.source
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
