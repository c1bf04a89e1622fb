"""Modules become a notebook, notebooks become modules and back, and our homework is handed out as both."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import InstructorError, UsageError
from autograder.datasets import DataSettings, find
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.notebooks import Cell, Notebook, Role, read
from autograder.notebooks.source import file_text, module_of, notebook_of, text_file, with_module, write
from autograder.release import contents
from autograder.results import Verdict
from autograder.sandbox import start, why_not
from autograder.submissions import collect_one

ROOT = Path(__file__).parents[2]
NETWORK = '''"""A network.

It is small.
"""

import numpy as np

WIDTH = 3


# Twice.
def double(x):
    """2 x"""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


### BEGIN SOLUTION
def helper(x):
    return x


class Own:
    pass


### END SOLUTION
@np.vectorize
def last(x):
    return x
'''
MAIN = '''"""Experiments."""
from network import double
import numpy as np


def main():
    print(double(2))


if __name__ == "__main__":
    main()
'''


def sources(modules: dict[str, str]) -> list[str]:
    """The cells of a notebook of these modules."""
    return [cell.source for cell in notebook_of(modules, "Homework").cells]


def test_modules_become_cells() -> None:
    """Docstrings become text, a definition with what stands above it a cell, a solution of several stays whole."""
    found = sources({"network.py": NETWORK, "main.py": MAIN})
    assert found[:3] == ["# Homework", "A network.\n\nIt is small.", "import numpy as np\n\nWIDTH = 3"]
    assert found[3].startswith("# Twice.\ndef double(x):")
    assert found[3].endswith("### END SOLUTION")
    assert found[4].startswith("### BEGIN SOLUTION\ndef helper(x):")
    assert found[4].endswith("    pass\n\n\n### END SOLUTION")
    assert found[5].startswith("@np.vectorize\ndef last(x):")
    assert found[6:] == ["Experiments.", "import numpy as np", "def main():\n    print(double(2))"]


def test_no_statement_is_lost() -> None:
    """All that the module does is in the cells, in the same order."""
    cells = [cell.source for cell in notebook_of({"network.py": NETWORK}, "T").cells if cell.kind == "code"]
    assert ast.dump(ast.parse("\n".join(cells))) == ast.dump(ast.Module(ast.parse(NETWORK).body[1:], []))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import network", "main.py:1: in a notebook network is no module; write 'from network import'"),
        ("from network import double as twice", "main.py:1: a notebook of these modules has no place for another name"),
        ("from network import *", "main.py:1: a notebook of these modules has no place for another name or a star"),
    ],
)
def test_an_import_that_a_notebook_cannot_have_is_reported(line: str, said: str) -> None:
    """The file, the line, and what to write."""
    with pytest.raises(InstructorError) as caught:
        notebook_of({"network.py": NETWORK, "main.py": f"{line}\n"}, "T")
    assert said in str(caught.value)


NOTEBOOK = Notebook(
    (
        Cell("markdown", "# T", "t", Role("t", locked=True)),
        Cell("code", "%time x = 1\ny = 2", "a", Role("a", solution=True), ("keep",)),
        Cell("code", "def f():\n    return y", "b", Role("b", grade=True, points=2.0)),
    )
)


def test_a_notebook_is_a_module_and_back() -> None:
    """What is changed in the module is changed in its cell, and magics are magics again."""
    module = module_of(NOTEBOOK)
    assert module == "# %% cell 2\n# %time x = 1\ny = 2\n# %% cell 3\ndef f():\n    return y\n"
    assert with_module(NOTEBOOK, module) == NOTEBOOK
    changed = with_module(NOTEBOOK, module.replace("return y", "return -y"))
    assert [cell.source for cell in changed.cells] == ["# T", "%time x = 1\ny = 2", "def f():\n    return -y"]


def test_a_written_notebook_is_read_again() -> None:
    """Texts, names, roles and tags; and nbformat takes it for valid."""
    nbformat = pytest.importorskip("nbformat")
    assert read(write(NOTEBOOK), "hw.ipynb") == NOTEBOOK
    nbformat.validate(json.loads(write(NOTEBOOK)))


@given(st.lists(st.text(alphabet="ab \n%!#():", max_size=30), max_size=4))
def test_any_cells_come_back(cells: list[str]) -> None:
    """Whatever stands in cells, a way there and back changes nothing."""
    notebook = Notebook(tuple(Cell("code", source) for source in cells))
    assert with_module(notebook, module_of(notebook)) == notebook


def test_files_of_a_reference_are_texts_and_back(tmp_path: Path) -> None:
    """Modules as they are, notebooks by their cells."""
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.ipynb").write_bytes(write(NOTEBOOK))
    assert text_file(tmp_path / "a.py", file_text(tmp_path / "a.py")) == b"x = 1\n"
    assert read(text_file(tmp_path / "b.ipynb", file_text(tmp_path / "b.ipynb")), "b.ipynb") == NOTEBOOK
    (tmp_path / "c.ipynb").write_text("no")
    with pytest.raises(InstructorError, match=r"c.ipynb is no notebook"):
        file_text(tmp_path / "c.ipynb")


# --- the homework of this repository ---


def test_backprop_is_a_notebook_too() -> None:
    """The same names, questions and checks, in one file."""
    modules, notebook = load(ROOT, "backprop"), load(ROOT, "backprop-notebook")
    assert notebook.assignment.files == ("backprop.ipynb",)
    assert set(notebook.interface.names) == set(modules.interface.names)
    checks = [[(check.id, check.points) for check in each.assignment.checks] for each in (modules, notebook)]
    assert checks[0] == checks[1]
    assert notebook.assignment.given == ("backprop_data.py",)


def test_the_notebook_handout_holds_stubs() -> None:
    """Each function to be written says so, and the given file comes along."""
    made = contents(load(ROOT, "backprop-notebook"))
    data = json.loads(made["backprop.ipynb"])
    stubs = [
        cell["metadata"]["nbgrader"]["grade_id"]
        for cell in data["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    assert stubs == [
        "relu",
        "relu_derivative",
        "Network-backprop-Network-loss_derivative_wr_output_activations",
        "learning_rate_study",
        stubs[4],
        "best_network",
    ]
    assert "backprop_data.py" in made
    assert "backprop_network.py" not in made


def test_the_notebook_of_backprop_is_graded(tmp_path: Path) -> None:
    """The reference's notebook gets all points of the first question, from the same checks."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    loaded = load(ROOT, "backprop-notebook")
    dataset = find("digits", DataSettings())
    submission = collect_one((loaded.reference_folder / "backprop.ipynb",), loaded.assignment.files, tmp_path, "ann")
    with start("bubblewrap", preload=loaded.assignment.preload) as sandbox:
        report = grade(loaded, submission, sandbox, dataset, RunOptions("seed", only="a"))
    assert set(report.verdicts) == {Verdict.PASSED}
    assert report.points == 15
    assert report.notebooks[0].finished


def test_a_notebook_has_no_notebook_form(tmp_path: Path) -> None:
    """The name says it twice; the sentence says which part to leave out."""
    for folder in ("assignments/hw", "reference/hw"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "assignments/hw/assignment.py").write_text(
        "from autograder import Assignment\nassignment = Assignment('T', files=['hw.ipynb'])\n"
    )
    (tmp_path / "reference/hw/hw.ipynb").write_bytes(write(NOTEBOOK))
    with pytest.raises(UsageError, match="hw is handed in as a notebook already; leave '-notebook' out of the name"):
        load(tmp_path, "hw-notebook")
