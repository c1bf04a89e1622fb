"""The code of a notebook as one Python module, each line in its place, so that what reads modules can read notebooks.

Magics become comments: nothing is run here. This module is shipped to students: standard library only.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Code", "cells_of", "code_of", "is_notebook", "python_lines", "read_code"]

_AROUND = ("%%time", "%%timeit", "%%capture", "%%prun")  # magics around code that is a part of the notebook


@dataclass(frozen=True, slots=True)
class Code:
    """The text of all code cells, with a blank line after each.

    `starts` holds for each code cell its number in the notebook, counted from 1, and its first line in `text`.
    """

    text: str
    starts: tuple[tuple[int, int], ...]

    def where(self, line: int) -> tuple[int, int]:
        """Number of the cell, and line in it, both counted from 1; (0, line) in front of all cells."""
        number, first = max((each for each in self.starts if each[1] <= line), key=lambda each: each[1], default=(0, 1))
        return number, line - first + 1

    def cells(self) -> Iterator[tuple[int, int, str]]:
        """Each code cell in order: its number, its first line in `text`, and its own text."""
        lines = self.text.split("\n")
        ends = [*(first for _, first in self.starts[1:]), len(lines) + 1]
        for (number, first), end in zip(self.starts, ends, strict=True):
            yield number, first, "\n".join(lines[first - 1 : end - 1])


def is_notebook(file: str) -> bool:
    """Whether a file is a notebook, by its name."""
    return file.endswith(".ipynb")


def read_code(path: Path) -> Code:
    """The code of a notebook file of one's own: the reference's, or what a student runs at home.

    Raises:
        SyntaxError: it is no notebook; as Python says of a module that is none.
    """
    return code_of(cells_of(path))


def cells_of(path: Path) -> list[tuple[int, str]]:
    """The code cells of a notebook file of one's own, each with its place among all cells, counted from 1.

    Raises:
        SyntaxError: as of `read_code`.
    """
    try:
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
        found = [(number, each["source"]) for number, each in enumerate(cells, 1) if each["cell_type"] == "code"]
        return [(number, source if isinstance(source, str) else "".join(source)) for number, source in found]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SyntaxError(f"{path.name} is no notebook of version 4 ({type(error).__name__}: {error})") from None


def code_of(cells: Iterable[tuple[int, str]]) -> Code:
    """The code of cells, each with its number in the notebook."""
    lines: list[str] = []
    starts = []
    for number, source in cells:
        starts.append((number, len(lines) + 1))
        lines += [*python_lines(source), ""]
    return Code("\n".join(lines), tuple(starts))


def python_lines(source: str) -> Iterator[str]:
    """The lines of a cell, with its magics as comments; what is Python already may hold lines that begin with ``%``."""
    lines = source.split("\n")
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    else:
        yield from lines
        return
    foreign = lines[0].startswith("%%") and not lines[0].startswith(_AROUND)
    for line in lines:
        bare = line.lstrip()
        magic = bare.startswith(("%", "!")) or (bare.rstrip().endswith("?") and not bare.startswith("#"))
        before = line[: len(line) - len(bare)]
        instead = f"{before}pass  # {bare}" if before and not foreign else f"# {line}"
        yield instead if foreign or magic else line
