"""A notebook as the text of one Python module, and back again: so that what changes modules can change notebooks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.notebook_code import Code, code_of, is_notebook, python_lines
from autograder.notebooks.reading import Cell, Notebook, read

__all__ = ["file_text", "located", "module_of", "source_of", "text_file", "with_module", "write"]

_BORDER = "# %% cell {}"
_BORDERS = re.compile(r"^# %% cell (\d+)\n", re.MULTILINE)


def source_of(notebook: Notebook) -> Code:
    """The code of a notebook as the text of one module."""
    return code_of((number, cell.source) for number, cell in enumerate(notebook.cells, start=1) if cell.kind == "code")


def module_of(notebook: Notebook) -> str:
    """The code of a notebook as the text of one module in which a comment line begins each cell."""
    parts = [
        "\n".join([_BORDER.format(number), *python_lines(cell.source)])
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.kind == "code"
    ]
    return "\n".join(parts) + "\n"


def with_module(notebook: Notebook, module: str) -> Notebook:
    """A notebook whose code cells are those of a changed text of `module_of`; magics come back where they stood."""
    _, *parts = _BORDERS.split(module)
    cells = list(notebook.cells)
    for number, text in zip(map(int, parts[::2]), parts[1::2], strict=True):
        cell = cells[number - 1]
        before = cell.source.split("\n")
        magics = {made: line for made, line in zip(python_lines(cell.source), before, strict=True) if made != line}
        lines = [magics.get(line, line) for line in text.removesuffix("\n").split("\n")]
        cells[number - 1] = replace(cell, source="\n".join(lines))
    return replace(notebook, cells=tuple(cells))


def file_text(path: Path) -> str:
    """A file of the reference as a module's text: a module as it is, a notebook by `module_of`.

    Raises:
        InstructorError: it is called a notebook, and is none.
    """
    if not is_notebook(path.name):
        return path.read_text(encoding="utf-8")
    return module_of(_reference(path))


def text_file(path: Path, text: str) -> bytes:
    """What a changed text of `file_text` is as a file of the same kind as the reference at `path`."""
    return write(with_module(_reference(path), text)) if is_notebook(path.name) else text.encode()


def _reference(path: Path) -> Notebook:
    try:
        return read(path.read_bytes(), path.name)
    except StudentError as error:
        raise InstructorError(f"{path.parent}: {error.message}") from None


def write(notebook: Notebook) -> bytes:
    """The notebook as a file of version 4.5, without outputs."""
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": notebook.language}},
            "cells": [_written(cell, number) for number, cell in enumerate(notebook.cells, start=1)],
        },
        indent=1,
    ).encode()


def _written(cell: Cell, number: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
    if role := cell.role:
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": role.grade_id,
            "grade": role.grade,
            "solution": role.solution,
            "locked": role.locked,
            "task": role.task,
            **({"points": role.points} if role.grade or role.task else {}),
        }
    told = {"cell_type": cell.kind, "id": cell.id or f"cell-{number}", "metadata": metadata, "source": cell.source}
    return told | ({"outputs": [], "execution_count": None} if cell.kind == "code" else {})


def located(sentence: str, file: str, code: Code) -> str:
    """A sentence with ``FILE:LINE`` of the module told as cell and line of the notebook.

    Args:
        sentence: what was said about the module.
        file: the notebook's name, as the sentence begins with it or holds it.
        code: the module.
    """

    def cell(match: re.Match[str]) -> str:
        number, line = code.where(int(match[1]))
        return f"{file}, cell {number}, line {line}"

    return re.sub(rf"{re.escape(file)}:(\d+)", cell, sentence)
