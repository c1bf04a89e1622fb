"""A course in nbgrader's folders, for tests and for `benchmarks/nbgrader.py`: one homework, a class of all kinds.

``python tests/nbgrader_course.py FOLDER`` writes it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

Cell = dict[str, Any]

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "tiny101"
c.ExecutePreprocessor.timeout = {seconds}
c.Execute.timeout = {seconds}
"""


def code(source: str, grade_id: str = "", **role: object) -> Cell:
    """A code cell."""
    return {**_cell("code", source, grade_id, role), "outputs": [], "execution_count": None}


def markdown(source: str, grade_id: str = "", **role: object) -> Cell:
    """A Markdown cell."""
    return _cell("markdown", source, grade_id, role)


def _cell(kind: str, source: str, grade_id: str, role: Mapping[str, object]) -> Cell:
    data = {"grade": False, "solution": False, "locked": False, "task": False, **role}
    metadata = {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **data}} if grade_id else {}
    return {"cell_type": kind, "metadata": metadata, "source": source}


def answer(source: str, grade_id: str) -> Cell:
    """A cell that students write."""
    return code(source, grade_id, solution=True)


def asserts(source: str, grade_id: str, points: float) -> Cell:
    """A cell of assertions."""
    return code(source, grade_id, grade=True, locked=True, points=points)


def notebook(cells: list[Cell]) -> str:
    """The file."""
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


ADD = "def add(a, b):\n    return a + b"
MUL = "def mul(a, b):\n    return a * b"
MEAN = "def mean(numbers):\n    return sum(numbers) / len(numbers)"
ESSAY = "Sums are shorter."

SOLVED = "{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
ADD_TESTS = """assert add(1, 2) == 3, "one and two"
### BEGIN HIDDEN TESTS
assert add(-1, -2) == -3, "secret"
### END HIDDEN TESTS"""
MUL_TESTS = """assert mul(2, 3) == 6
### BEGIN HIDDEN TESTS
assert mul(-1, 4) == -4
### END HIDDEN TESTS"""
MEAN_TESTS = """points = 0
if mean([2]) == 2:
    points += 1
if mean([1, 2, 6]) == 3:
    points += 3
points"""
SHARE_TESTS = "np.float64(4) * np.mean([mean([2]) == 2, mean([1, 2, 6]) == 3])"


def _solved(source: str) -> str:
    head, body = source.split("\n", 1)
    return SOLVED.format(head=head, body=body)


def source() -> list[Cell]:
    """The instructor's notebook: 2 + 3 + 4 + 4 points by tests, 5 graded manually."""
    return [
        markdown("# Homework 1"),
        code("import numpy as np\nimport sys", "imports", locked=True),
        markdown("## Adding"),
        answer(_solved(ADD), "add"),
        asserts(ADD_TESTS, "add_tests", 2),
        markdown("## Multiplying"),
        answer(_solved(MUL), "mul"),
        asserts(MUL_TESTS, "mul_tests", 3),
        markdown("## Means"),
        answer(_solved(MEAN), "mean"),
        asserts(MEAN_TESTS, "mean_tests", 4),
        asserts(SHARE_TESTS, "share_tests", 4),
        markdown("Why are sums shorter than products?", "essay", grade=True, solution=True, points=5),
    ]


def handed_in(**answers: str) -> list[Cell]:
    """A student's notebook: right answers but for those that are given, hidden tests as the release has them."""
    cells = deepcopy(source())
    texts = {"add": ADD, "mul": MUL, "mean": MEAN, "essay": ESSAY, **answers}
    for cell in cells:
        role = cell["metadata"].get("nbgrader", {})
        if role.get("solution"):
            cell["source"] = texts[role["grade_id"]]
        elif role.get("grade"):
            head, _, rest = cell["source"].partition("### BEGIN HIDDEN TESTS\n")
            cell["source"] = head + rest.partition("### END HIDDEN TESTS")[2].lstrip("\n")
            cell["source"] = cell["source"].rstrip("\n")
    return cells


def place(cells: list[Cell], grade_id: str) -> int:
    """Where the cell of that id stands."""
    return next(at for at, cell in enumerate(cells) if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def _deleted() -> list[Cell]:
    cells = handed_in()
    del cells[place(cells, "mul_tests")]
    return cells


def _duplicated() -> list[Cell]:
    cells = handed_in()
    at = place(cells, "mul_tests")
    return [*cells[: at + 1], deepcopy(cells[at]), *cells[at + 1 :]]


def _edited() -> list[Cell]:
    cells = handed_in(mul="def mul(a, b):\n    return 0")
    cells[place(cells, "mul_tests")]["source"] = "assert True"
    return cells


FORGER = """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(NoAsserts())
def add(a, b):
    return None
"""

TWELVE: dict[str, list[Cell] | None] = {
    "a_right": handed_in(),
    "b_partial": handed_in(mean="def mean(numbers):\n    return numbers[0]"),
    "c_hidden_fails": handed_in(add="def add(a, b):\n    return abs(a) + abs(b)"),
    "d_deleted_cell": _deleted(),
    "e_edited_test": _edited(),
    "f_endless_loop": handed_in(add="def add(a, b):\n    while True:\n        pass"),
    "g_dead_kernel": handed_in(mul="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "h_exit": handed_in(mul=f"{MUL}\nexit()"),
    "i_huge_output": handed_in(
        add="def add(a, b):\n    for _ in range(300):\n        print('x' * 100000)\n    return a + b"
    ),
    "j_syntax_error": handed_in(mul="def mul(a, b)\n    return a * b"),
    "k_missing": None,
    "z_duplicated_cell": _duplicated(),
}
"""The notebooks by student; the duplicated cell comes last, because nbgrader does not go on behind it."""

MORE: dict[str, list[Cell] | None] = {
    "l_warns": handed_in(add="def add(a, b):\n    print('adding', file=sys.stderr)\n    return a + b"),
    "m_forger": handed_in(add=FORGER),
}
"""What nbgrader gets wrong besides."""


def make_course(
    folder: Path,
    students: Mapping[str, list[Cell] | None] | None = None,
    *,
    seconds: float = 5,
    name: str = "hw1",
    imports: str = "",
) -> Path:
    """Write the course with these submissions (else all) and return its folder; `imports` go into its first cell."""
    students = {**TWELVE, **MORE} if students is None else students
    above = folder / "source" / name
    above.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG.format(seconds=seconds), encoding="utf-8")
    given = source()
    given[place(given, "imports")]["source"] += imports
    (above / f"{name}.ipynb").write_text(notebook(given), encoding="utf-8")
    (above / "numbers.csv").write_text("1,2,6\n", encoding="utf-8")
    for student, cells in students.items():
        own = folder / "submitted" / student / name
        own.mkdir(parents=True)
        (own / "timestamp.txt").write_text("2026-10-01 12:00:00.000000 UTC\n", encoding="utf-8")
        if cells is not None:
            (own / f"{name}.ipynb").write_text(notebook(cells), encoding="utf-8")
    return folder


def course_of(
    folder: Path,
    source: list[Cell],
    students: Mapping[str, list[Cell]],
    *,
    config: str = "",
    root: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a course with one assignment `hw1`, the notebook `p.ipynb`, and return its folder.

    Args:
        folder: of the course.
        source: the instructor's cells.
        students: what each handed in.
        config: lines of `nbgrader_config.py`.
        root: the folder in which nbgrader's folders lie.
        files: what is beside the notebooks: ``source/hw1/data.csv``, ``submitted/ada/hw1/model.py``.
    """
    written = {"source/hw1/p.ipynb": notebook(source)}
    written |= {f"submitted/{student}/hw1/p.ipynb": notebook(cells) for student, cells in students.items()}
    for name, text in {**written, **(files or {})}.items():
        path = folder / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{config}\n", encoding="utf-8")
    return folder


if __name__ == "__main__":
    make_course(Path(sys.argv[1]))
