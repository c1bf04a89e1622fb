"""Otter master notebooks as files, a line a cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFIG = (
    'from autograder.course import Course\n\ncourse = Course(title="New", assignments=(), sandbox="none", jobs=1)\n'
)


def raw(*lines: str) -> dict[str, Any]:
    """A raw cell."""
    return {"cell_type": "raw", "metadata": {}, "source": "\n".join(lines)}


def text(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, shows: str | None = None, prints: str = "", fails: str = "", ran: bool = True) -> dict[str, Any]:
    """A code cell with what it printed, showed last, or failed with."""
    outputs: list[dict[str, Any]] = []
    if prints:
        outputs.append({"output_type": "stream", "name": "stdout", "text": prints.splitlines(keepends=True)})
    if shows is not None:
        outputs.append({"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                        "data": {"text/plain": shows}})  # fmt: skip
    if fails:
        outputs.append({"output_type": "error", "ename": fails, "evalue": "", "traceback": []})
    count = 1 if ran else None
    return {"cell_type": "code", "metadata": {}, "execution_count": count, "outputs": outputs, "source": source}


def question(name: str, *cells: dict[str, Any], about: str = "", config: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """A question around cells."""
    begun = [raw("# BEGIN QUESTION", f"name: {name}", *config)]
    return [*begun, *([text(about)] if about else []), *cells, raw("# END QUESTION")]


def block(kind: str, *cells: dict[str, Any]) -> list[dict[str, Any]]:
    """A prompt, solution or tests block."""
    return [raw(f"# BEGIN {kind}"), *cells, raw(f"# END {kind}")]


def write(path: Path, *cells: dict[str, Any], language: str = "python") -> Path:
    """A notebook file."""
    whole = {"nbformat": 4, "nbformat_minor": 5, "cells": list(cells),
             "metadata": {"kernelspec": {"name": "x", "language": language}}}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole))
    return path


GIVEN = """\
import numpy as np
np.random.seed(42) # SEED
factor = 2

class Table:
    def __init__(self, n):
        self.n = n
"""
SQUARE = """\
def square(x):
    \"\"\"x times x.\"\"\"
    y = x * x # SOLUTION NO PROMPT
    return y # SOLUTION

nine = square(3) # SOLUTION
"""
MEAN = """\
def mean(values):
    \"\"\"The mean of some numbers; of none, a ValueError.\"\"\"
    # BEGIN SOLUTION
    if len(values) == 0:
        raise ValueError("no values")
    return sum(values) / len(values)
    # END SOLUTION
    \"\"\" # BEGIN PROMPT
    # Divide the sum by the number.
    \"\"\" # END PROMPT

def halves(n):
    return np.arange(n) / 2 # SOLUTION

def table(n):
    return Table(n) # SOLUTION

def greeting(name):
    return f"Hello, {name}!" # SOLUTION
"""


def homework(path: Path, *, table: bool = False) -> Path:
    """Two questions that are tested and one that people read; with `table`, one test must stay."""
    return write(
        path,
        raw("# ASSIGNMENT CONFIG", "name: hw01", "export_cell: false", "generate: true"),
        text("# Numbers and words\n\nA small homework."),
        code(GIVEN),
        code("import otter\ngrader = otter.Notebook('hw01.ipynb')"),
        *question(
            "q1",
            *block("SOLUTION", code(SQUARE), code("square(5)", "25")),
            *block(
                "TESTS",
                code("square(3) == 9", "True"),
                code("# Squares are never negative\nsquare(-2)", "np.int64(4)"),
                code('# HIDDEN\nnine', "9"),
                code('""" # BEGIN TEST CONFIG\nhidden: true\nfailure_message: Think of zero.\n'
                     '""" # END TEST CONFIG\nassert square(0) == 0\nassert square(1.5) > 2'),
            ),
            about="## Question 1: squares\n\nWrite `square`, and set `nine` to the square of 3.",
            config=("points: [1, 1, 2, 0.5]",),
        ),
        *question(
            "q2",
            *block("SOLUTION", code(MEAN)),
            *block(
                "TESTS",
                code("mean([1, 2, 4])", "2.3333333333333335"),
                code("halves(4)", "array([0. , 0.5, 1. , 1.5])"),
                code("greeting('Ada')", "'Hello, Ada!'"),
                code("print(greeting('Bob'))", prints="Hello, Bob!\n"),
                code("try:\n    mean([])\n    assert False\nexcept ValueError:\n    pass"),
                code("# HIDDEN\nvalues = [square(n) for n in range(5)]\nmean(values)", "6.0"),
                *([code("# HIDDEN\ntable(3)", "   n  square\n0  1       1\n1  2       4")] if table else []),
            ),
            about="**Question 2.** Write `mean`, `halves` and `greeting`.",
            config=("points: 7",),
        ),
        *question(
            "q3",
            *block("PROMPT", text("_Your thoughts here._")),
            *block("SOLUTION", text("Because the mean is linear.")),
            about="### Question 3\n\nWhy is the mean of halves half the mean?",
            config=("manual: true", "points: 5"),
        ),
        text("You are done."),
    )  # fmt: skip
