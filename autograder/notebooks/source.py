"""A notebook as one Python module: `autograder.cells`, for records."""

from __future__ import annotations

import re

from autograder.cells import Code, code_of
from autograder.notebooks.records import Notebook

__all__ = ["located", "source_of"]


def source_of(notebook: Notebook) -> Code:
    """The code of a notebook as the text of one module."""
    return code_of((number, cell.source) for number, cell in enumerate(notebook.cells, start=1) if cell.kind == "code")


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
