"""A notebook as one Python module, line by line, so that what reads modules can read notebooks.

Magics become comments: in here nothing is run. Each line keeps its place, and `Source.where` tells whose it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.notebooks.records import Notebook

__all__ = ["Source", "source_of"]

_AROUND = ("%%time", "%%timeit", "%%capture", "%%prun")  # magics around code that is a part of the notebook


@dataclass(frozen=True, slots=True)
class Source:
    """The text of all code cells, with a blank line between two cells.

    `starts` holds for each code cell its number in the notebook, counted from 1, and its first line in `text`.
    """

    text: str
    starts: tuple[tuple[int, int], ...]

    def where(self, line: int) -> tuple[int, int]:
        """Number of the cell, and line in it, both counted from 1; (0, line) in front of all cells."""
        number, first = max((each for each in self.starts if each[1] <= line), key=lambda each: each[1], default=(0, 1))
        return number, line - first + 1


def source_of(notebook: Notebook) -> Source:
    """The code of a notebook as the text of one module."""
    lines: list[str] = []
    starts = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.kind == "code":
            starts.append((number, len(lines) + 1))
            lines += [*_python(cell.source), ""]
    return Source("\n".join(lines), tuple(starts))


def _python(source: str) -> Iterator[str]:
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
