"""A notebook as a module: each line in its place, magics as comments."""

from __future__ import annotations

import ast

import pytest

from autograder.notebooks import Cell, Notebook
from autograder.notebooks.source import source_of


def source(*cells: str) -> str:
    """The module of a notebook with these code cells."""
    return source_of(Notebook(tuple(Cell("code", each) for each in cells))).text


def test_code_cells_follow_each_other() -> None:
    """Text cells are left out; places are reported by the number of the cell and the line in it."""
    found = source_of(
        Notebook((Cell("markdown", "# T"), Cell("code", "a = 1\nb = 2"), Cell("raw", "x"), Cell("code", "c")))
    )
    assert found.text == "a = 1\nb = 2\n\nc\n"
    assert [found.where(line) for line in (1, 2, 4)] == [(2, 1), (2, 2), (4, 1)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline\nx = 1\n"),
        ("!pip install torch\nx = 1", "# !pip install torch\nx = 1\n"),
        ("if x:\n    %time y()\nz = 1", "if x:\n    pass  # %time y()\nz = 1\n"),
        ("%%time\nx = 1", "# %%time\nx = 1\n"),
        ("%%bash\nls", "# %%bash\n# ls\n"),
        ("print?\nx = 1", "# print?\nx = 1\n"),
        ("x = (5\n% 3)", "x = (5\n% 3)\n"),
    ],
)
def test_magics_become_comments(cell: str, expected: str) -> None:
    """Line magics alone, the whole cell of another language, and nothing of what is Python already."""
    assert source(cell) == expected


def test_the_text_is_python() -> None:
    """A notebook with magics can be parsed."""
    tree = ast.parse(source("%load_ext autoreload\nimport numpy as np", "def f(x):\n    return x\n\n!ls"))
    assert [type(each).__name__ for each in tree.body] == ["Import", "FunctionDef"]
