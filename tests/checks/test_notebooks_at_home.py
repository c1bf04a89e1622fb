"""A notebook at home, under plain pytest: its cells run as they do when it is graded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.checks.local.testing import attempted

NAMES = dict.fromkeys(("f", "g", "h"), "hw.ipynb")


def notebook(folder: Path, *sources: str) -> Path:
    """A folder with a notebook of these code cells."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    (folder / "hw.ipynb").write_text(json.dumps({"cells": cells}))
    return folder


@pytest.mark.parametrize(
    "broken", ["import no_such_package", "x = (", "exit()", "1 / 0"], ids=["import", "syntax", "exit", "raise"]
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_cell_that_fails_costs_only_what_depends_on_it(tmp_path: Path, broken: str, first: bool) -> None:
    """The cells before and after it count, as when the notebook is graded."""
    cells = [broken, "def f():\n    return 1"] if first else ["def f():\n    return 1", broken]
    assert LocalStudent(notebook(tmp_path, *cells), NAMES).f() == 1


def test_a_name_that_a_failed_cell_should_define_shows_its_error(tmp_path: Path) -> None:
    """The cell and the line in it are named; a name of no cell is missing as always."""
    student = LocalStudent(notebook(tmp_path, "x = 1", "y = helper(2)\ng = max"), NAMES)

    with pytest.raises(StudentError) as error:
        _ = student.g
    assert error.value.message.startswith(
        "`cell 2 of hw.ipynb` raised NameError (line 1: `y = helper(2)`): name 'helper' is"
    )
    with pytest.raises(StudentError, match=r"`h` is not defined in hw.ipynb\."):
        _ = student.h


def test_a_name_error_tells_the_cell_that_failed_before(tmp_path: Path) -> None:
    """A function that uses what a failed cell should have set says which cell that was."""
    student = LocalStudent(notebook(tmp_path, "rate = 1 / 0", "def f():\n    return rate"), NAMES)

    with pytest.raises(StudentError) as error:
        student.f()
    assert error.value.message == (
        "`f` raised NameError (line 2 of cell 2 of hw.ipynb): name 'rate' is not defined. An earlier cell failed: "
        "`cell 1 of hw.ipynb` raised ZeroDivisionError (line 1: `rate = 1 / 0`): division by zero"
    )


def test_where_the_assignment_says_so_the_notebook_ends_at_a_failed_cell(tmp_path: Path) -> None:
    """What was defined before counts, and what comes after shows the error."""
    cells = ("def f():\n    return 1", "1 / 0", "def g():\n    return 2")
    student = LocalStudent(notebook(tmp_path, *cells), NAMES, run_on=False)

    assert student.f() == 1
    with pytest.raises(StudentError, match="cell 2 of hw.ipynb.* raised ZeroDivisionError"):
        student.g()


def test_a_failed_cell_of_the_reference_is_the_instructors(tmp_path: Path) -> None:
    """A reference runs from its first cell to its last."""
    folder = notebook(tmp_path, "def f():\n    return 1", "1 / 0")
    with pytest.raises(InstructorError, match="line 1 of cell 2 of hw.ipynb"):
        LocalStudent(folder, NAMES, reference=True).f()


def test_what_one_cell_takes_from_the_future_holds_in_the_next(tmp_path: Path) -> None:
    """As in Jupyter."""
    folder = notebook(tmp_path, "from __future__ import annotations", "def f(x: no_such_type = 1):\n    return x")
    assert LocalStudent(folder, NAMES).f() == 1


def test_an_answer_is_looked_for_in_the_cells_that_are_python(tmp_path: Path) -> None:
    """A failed cell is reported only if no other cell defines what is asked for."""
    folder = notebook(tmp_path, "x = (", "def f():\n    return 1")
    attempted(folder, NAMES, ["f"])
    with pytest.raises(StudentError, match=r"cell 1 of hw.ipynb, line 1: this is not Python"):
        attempted(folder, NAMES, ["g"])


def test_the_seed_of_cells_holds_for_torch_too(tmp_path: Path) -> None:
    """As in the sandbox, whatever a cell draws from that is imported already."""
    pytest.importorskip("torch")
    draw = "float(torch.rand(1))"
    folder = notebook(tmp_path, "import torch", f"f = {draw}", f"g = {draw}")
    student = LocalStudent(folder, NAMES, cell_seed=42)
    assert student.f == student.g


def test_a_traceback_quotes_the_line_of_the_cell(tmp_path: Path) -> None:
    """It names the cell and the line in it, and no line of the notebook's JSON."""
    folder = notebook(tmp_path, "import math", "def f():\n    return g()", "def g():\n    return math.nothing")
    with pytest.raises(StudentError) as caught:
        LocalStudent(folder, NAMES).f()
    steps = caught.value.trace.splitlines()[1:-1]
    assert [step.strip() for step in steps] == [
        "Cell 2 of hw.ipynb, line 2, in f",
        "return g()",
        "Cell 3 of hw.ipynb, line 2, in g",
        "return math.nothing",
    ]


def test_what_the_tests_call_and_no_cell_defines_any_more_is_reported(tmp_path: Path) -> None:
    """A cell in which a value replaced the function is named, though no text says that there was a function."""
    student = LocalStudent(notebook(tmp_path, "f = 3"), NAMES, functions={"f"})
    with pytest.raises(StudentError) as caught:
        student.f(1)
    said = "`f` is an int, not a function; cell 1 of hw.ipynb gives its name to another value."
    assert (caught.value.verdict, caught.value.message) == ("MISSING", said)
