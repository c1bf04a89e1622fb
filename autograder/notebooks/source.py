"""Notebooks as the text of Python modules, and back again.

What changes modules can so change notebooks (`module_of`, `with_module`), and one reference of modules gives a handout
as a notebook, too (`notebook_of`).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.notebook_code import Code, code_of, is_notebook, python_lines
from autograder.markers import regions
from autograder.notebooks.reading import Cell, Notebook, read

__all__ = ["file_text", "located", "module_of", "notebook_of", "source_of", "text_file", "with_module", "write"]


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
    record = {"cell_type": cell.kind, "id": cell.id or f"cell-{number}", "metadata": metadata, "source": cell.source}
    return record | ({"outputs": [], "execution_count": None} if cell.kind == "code" else {})


def located(sentence: str, file: str, code: Code) -> str:
    """A sentence with ``FILE:LINE`` of the module as cell and line of the notebook.

    Args:
        sentence: what was said about the module.
        file: the notebook's name, as the sentence begins with it or holds it.
        code: the module.
    """

    def cell(match: re.Match[str]) -> str:
        number, line = code.where(int(match[1]))
        return f"{file}, cell {number}, line {line}"

    return re.sub(rf"{re.escape(file)}:(\d+)", cell, sentence)


# --- modules as one notebook: text cells from their docstrings, a code cell for each function and class ---
#
# All names of a notebook are in one place, so what one module imports from another needs no import any more; and what
# runs when a module is the main program (its example) is left out.

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def notebook_of(modules: Mapping[str, str], title: str) -> Notebook:
    """The notebook with the code of some modules, in their order.

    Args:
        modules: file name to text; they may import from each other by ``from module import name``.
        title: the first heading.

    Raises:
        InstructorError: a module imports another one as a whole, or under other names, which one notebook cannot.
    """
    own = {PurePath(file).stem for file in modules}
    cells = [Cell("markdown", f"# {title}", id="title")]
    for file, source in modules.items():
        cells += _cells(file, source, own)
    return Notebook(tuple(cells))


def _cells(file: str, source: str, own: set[str]) -> Iterator[Cell]:
    tree = ast.parse(source, file)
    lines = source.splitlines()
    stem = PurePath(file).stem
    words = ast.get_docstring(tree) or ""
    if words:
        yield Cell("markdown", words, id=f"{stem}-about")
    body = tree.body[1:] if words else tree.body
    dropped = [each for each in body if _is_dropped(each, file, own)]
    closed = [range(each.first, each.last + 1) for each in regions(source, file)]
    first = (tree.body[0].end_lineno or 0) + 1 if words else 1
    number = 0
    for start, end in _pieces(body, closed, first, len(lines)):
        gone = {line for each in dropped for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
        text = "\n".join(line for place, line in enumerate(lines[start - 1 : end], start) if place not in gone)
        if text.strip():
            number += 1
            yield Cell("code", text.strip("\n"), id=f"{stem}-{number}")


def _pieces(body: list[ast.stmt], closed: list[range], first: int, last: int) -> Iterator[tuple[int, int]]:
    """First and last line of each cell: a definition with what stands above it, or what lies between definitions.

    A solution region at module level stays whole.
    """
    start = first
    for place, statement in enumerate(body):
        end = statement.end_lineno or statement.lineno
        end = max([end, *(lines[-1] for lines in closed if statement.lineno < lines[0] <= end)])  # its closing marker
        around = next((lines for lines in closed if statement.lineno in lines), None)
        if around is not None:
            if place + 1 < len(body) and body[place + 1].lineno in around:
                continue
            end = around[-1]
        following = body[place + 1] if place + 1 < len(body) else None
        if isinstance(statement, _DEFINITIONS) or around is not None or isinstance(following, _DEFINITIONS):
            yield start, end
            start = end + 1
    if start <= last:
        yield start, last


def _is_dropped(statement: ast.stmt, file: str, own: set[str]) -> bool:
    """Whether a statement has no place in a notebook: an import of a neighbour, or the start of the main program."""
    if isinstance(statement, ast.ImportFrom) and statement.module in own and not statement.level:
        renamed = [alias for alias in statement.names if alias.asname or alias.name == "*"]
        if renamed:
            raise InstructorError(
                f"{file}:{statement.lineno}: a notebook of these modules has no place for another name or a star; "
                f"write 'from {statement.module} import' with the names themselves."
            )
        return True
    if isinstance(statement, ast.Import) and any(alias.name.partition(".")[0] in own for alias in statement.names):
        raise InstructorError(
            f"{file}:{statement.lineno}: in a notebook {statement.names[0].name} is no module; write "
            f"'from {statement.names[0].name} import' with the names that are used."
        )
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
    return False
