"""`check` and `hint` in a notebook handout: verdicts below the cell at home, nothing where it is graded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment.declaration import Assignment
from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import KIT
from autograder.checks.local.live_tests import Hints, Outcome, Result, Verdicts
from autograder.loader import load
from autograder.notebooks.added_cells import to_read
from autograder.notebooks.reading import Cell, Notebook, Role, read
from autograder.notebooks.stubs import Asked, is_check_cell, placed_checks
from autograder.release import build

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ASSIGNMENT = '''
"""Means."""
from autograder import Assignment
from autograder.checks import Credit, close, figure

assignment = Assignment("Means", files=["hw.ipynb"])
a = assignment.question("Means", id="a", solution="means")
b = assignment.question("Scaling", id="b", solution="Scaler")

@a.check(points=2)
def means_of_two_columns(student):
    """The means of two columns are right."""
    close(student.means([[1.0, 2.0], [3.0, 6.0]]), [2.0, 4.0], name="means")

@a.check(points=2, cases=["wide", "tall"])
def means_of_drawn_columns(student, rng, case):
    """The means of drawn columns are right."""
    x = rng.normal(size=(3, 5) if case == "wide" else (5, 3))
    close(student.means(x), x.mean(axis=0), name="means")

@a.check(points=3, hidden=True, hint=["Over which axis is the sum?", "Call np.mean(x, axis=0) on a small array."])
def means_of_many_columns(student, reference, rng):
    """The means of many columns are right."""
    x = rng.normal(size=(20, 5))
    close(student.means(x), reference.means(x), name="means")

@b.check(points=1)
def scaled_column(student):
    """A column is centred."""
    scaler = student.Scaler()
    scaler.fit([[0.0], [2.0]])
    close(scaler.transform([[1.0]]), [[0.0]], name="transform")
    return scaler.mean

@b.check(points=1, needs=scaled_column)
def keeps_its_mean(scaled_column):
    """The mean is kept; half of the points for a list."""
    return Credit(0.5, "It is a list; expected an array.") if isinstance(scaled_column, list) else Credit(1.0)
'''
CELLS = (
    ("markdown", "# Means"),
    ("code", "import numpy as np"),
    ("code", "def means(x):\n    ### BEGIN SOLUTION\n    return np.mean(np.asarray(x), axis=0)\n    ### END SOLUTION"),
    (
        "code",
        "class Scaler:\n    def fit(self, x):\n        ### BEGIN SOLUTION\n        self.mean = means(x)\n"
        "        ### END SOLUTION\n    def transform(self, x):\n        ### BEGIN SOLUTION\n"
        "        return np.asarray(x) - self.mean\n        ### END SOLUTION",
    ),
)
RIGHT = "def means(x):\n    return np.mean(np.asarray(x), axis=0)"
SCALER = (
    "class Scaler:\n    def fit(self, x): self.mean = {}\n    def transform(self, x): return np.asarray(x) - self.mean"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with one notebook."""
    root = tmp_path_factory.mktemp("course")
    (root / "assignments" / "hw").mkdir(parents=True)
    (root / "reference" / "hw").mkdir(parents=True)
    (root / "assignments" / "hw" / "assignment.py").write_text(ASSIGNMENT)
    (root / "assignments" / "hw" / "handout.md").write_text("# Means\n")
    (root / "grader_config.py").write_text(
        'from autograder.course import Course\ncourse = Course(title="Small", assignments=("hw",))\n'
    )
    cells = [
        {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, source) in enumerate(CELLS)
    ]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    (root / "reference" / "hw" / "hw.ipynb").write_text(text)
    build(load(root, "hw"), root / "release" / "hw")
    return root


def run(folder: Path, *cells: str) -> list[dict[str, Any]]:
    """What cells appended to the handout show in a real kernel: text and HTML of each, "" where nothing is shown."""
    notebook = nbformat.read(folder / "hw.ipynb", 4)
    before = sum(cell.cell_type == "code" for cell in notebook.cells)
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}, kernel_name="python3")
    client.allow_errors = True
    client.execute()
    shown = []
    for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
        parts = [output.get("data", {"text/plain": output.get("text", "")}) for output in cell.outputs]
        shown.append({kind: "".join(part.get(kind, "") for part in parts) for kind in ("text/plain", "text/html")})
    assert len(shown) == before + len(cells)
    return shown


def test_the_handout_has_a_cell_below_each_question(course: Path) -> None:
    """The first code cell imports, and below each solution stands the call; hints are named where there are any."""
    cells = read((course / "release" / "hw" / "hw.ipynb").read_bytes(), "hw.ipynb").cells
    assert [cell.source.split("\n")[-1] for cell in cells] == [
        "# Means",
        f"from {KIT}.notebook import check, hint",
        "import numpy as np",
        '    raise NotImplementedError("means is not written yet")',
        'check("a")  # for a hint: hint("a")',
        '        raise NotImplementedError("Scaler.transform is not written yet")',
        'check("b")',
    ]
    assert [bool(cell.role) for cell in cells] == [True, False, True, True, False, True, False]


def test_a_notebook_shows_verdicts_of_what_its_cells_have_defined(course: Path) -> None:
    """In a real kernel, what was run last is tested, with sentences, lines of cells, and the notebook's own state."""
    cells = (
        RIGHT.replace("axis=0", "axis=1"),
        'check("a")',
        "def means(x):\n    x = np.asarray(x)\n    return total(x)",
        'np.random.seed(3)\ncheck("a")',
        "np.random.rand()",
        f"{RIGHT}\n{SCALER.format('list(means(x))')}",
        "check()",
        'hint("a")',
        'hint("a")',
        'hint("b")',
        'check("z")',
        "del means",
        'check("a")',
    )
    shown = run(course / "release" / "hw", *cells)
    stubs = [each["text/plain"] for each in shown[:-13]]
    assert stubs[3] == "(a) Means: not attempted\n  ○ not attempted: means is not written yet"
    assert stubs[5] == "(b) Scaling: not attempted\n  ○ not attempted: Scaler is not written yet"
    wrong, broken, number, right, one, two, none, unknown, gone = (
        each["text/plain"] for place, each in enumerate(shown[-13:]) if place not in (0, 2, 5, 11)
    )
    assert wrong.startswith(
        "(a) Means: 0 of 3 public tests passed\n"
        "  ✗ failed: The means of two columns are right.\n"
        "      means[0] is 1.5; expected 2 (2 of 2 entries differ).\n"
        "  ✗ failed: The means of drawn columns are right. [wide]"
    )
    assert "`means` raised NameError (line 3 of cell [9] of hw.ipynb" in broken
    assert "Cell [9] of hw.ipynb, line 3, in means" in broken
    assert number == "0.5507979025745755"  # the first after np.random.seed(3)
    assert right.startswith("(a) Means: 3 of 3 public tests passed\n  ✓ passed: The means of two columns are right.")
    assert right.endswith(
        "(b) Scaling: 1 of 2 public tests passed\n  ✓ passed: A column is centred.\n"
        "  ◐ partly passed: The mean is kept; half of the points for a list.\n"
        "      50% of the points. It is a list; expected an array."
    )
    assert one == '1. Over which axis is the sum?\n1 more hint: call hint("a") again.'
    assert two == "1. Over which axis is the sum?\n2. Call np.mean(x, axis=0) on a small array.\nThat is all."
    assert none == "There is no hint for question (b)."
    assert unknown == "There is no question 'z'; the questions are a and b."
    assert gone == "(a) Means: not attempted\n  ○ not attempted: means is not written yet"
    assert "<strong>(a) Means: 3 of 3 public tests passed</strong>" in shown[-7]["text/html"]


def test_a_cell_has_one_number(course: Path, tmp_path: Path) -> None:
    """Of a saved notebook, `check` names a cell by its place among all cells, as `grade` and pytest do."""
    folder = tmp_path / "hw"
    shutil.copytree(course / "release" / "hw", folder)
    notebook = nbformat.read(folder / "hw.ipynb", 4)
    places = {cell.source.split("(")[0]: place for place, cell in enumerate(notebook.cells, 1)}
    place = places["def means"]
    cell = notebook.cells[place - 1]
    cell.source = "%matplotlib inline\ndef means(x):\n    return x.foo"
    nbformat.write(notebook, folder / "hw.ipynb")
    shown = "".join(each["text/plain"] for each in run(folder))
    assert f"`means` raised AttributeError (line 3 of cell {place} of hw.ipynb)" in shown
    run_by_pytest = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_public.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert f"line 3 of cell {place} of hw.ipynb" in " ".join(run_by_pytest.split())


def test_mistaken_calls_and_overwritten_functions_are_answered_in_a_sentence(course: Path) -> None:
    """A value in place of a function is the student's mistake; a call without a question, or with a list, too."""
    shown = run(course / "release" / "hw", "means = 3", 'check("a")', "hint()", 'check(["a"])')
    overwritten, without, listed = (each["text/plain"] for each in shown[-3:])
    assert re.search(
        r"`means` is an int, not a function; cell \[\d+\] of hw.ipynb gives its name to another value", overwritten
    )
    assert "no fault of yours" not in overwritten
    assert without == "Name a question, such as hint('a')."
    assert listed == "There is no question ['a']; the questions are a and b."


def test_without_the_rest_of_the_release_a_sentence_says_so(course: Path, tmp_path: Path) -> None:
    """A notebook that was copied alone with the kit says what it needs, in place of a traceback."""
    for path in (course / "release" / "hw" / KIT).rglob("*.py"):
        copy = tmp_path / path.relative_to(course / "release" / "hw")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "hw.ipynb").write_bytes((course / "release" / "hw" / "hw.ipynb").read_bytes())
    said = run(tmp_path, "check()", 'hint("a")')
    for each in said[-2:]:
        assert each["text/plain"].startswith(
            f"There is no test_public.py in {tmp_path}; open the notebook in the folder"
        )


def test_pytest_reads_the_handout_as_before(course: Path, tmp_path: Path) -> None:
    """The cells do nothing where the notebook is read from its file, also when its solution is right."""
    for path in (course / "release" / "hw").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = tmp_path / path.relative_to(course / "release" / "hw")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    notebook = nbformat.read(tmp_path / "hw.ipynb", 4)
    notebook.cells[3].source, notebook.cells[5].source = RIGHT, SCALER.format("means(x)")
    nbformat.write(notebook, tmp_path / "hw.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout


def test_a_graded_notebook_ignores_them(course: Path, tmp_path: Path) -> None:
    """The cells of the handout and a student's own calls neither fail nor show anything, and all points are there."""
    notebook = nbformat.read(course / "release" / "hw" / "hw.ipynb", 4)
    notebook.cells[3].source, notebook.cells[5].source = RIGHT, SCALER.format("means(x)")
    notebook.cells.append(nbformat.v4.new_code_cell('check()\nhint("a")'))
    (tmp_path / "in" / "ada").mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "in" / "ada" / "hw.ipynb")
    command = ["grade", "hw", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *command], cwd=course, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "reports" / "ada.json").read_text())
    assert (report["points"], report["max_points"], report["notes"]) == (9.0, 9.0, [])
    (ran,) = report["notebooks"]
    assert [(cell["error"], cell["text"]) for cell in ran["cells"]] == [("", "")] * len(ran["cells"])


@pytest.mark.parametrize(
    "program",
    [
        'from autograder_checks.notebook import check, hint; check("a"); hint("a")',
        'import autograder_checks.notebook as t; t.check("a"); t.hint("a")',
        "import autograder_checks; autograder_checks.notebook.check()",
        'from autograder_checks import notebook; assert notebook.check("a").results == ()',
        'import autograder_checks.notebook as t; assert t.hint("a").steps == () and t.check().said == ""',
    ],
)
def test_any_way_to_import_them_works_where_a_notebook_is_graded(program: str) -> None:
    """However a notebook imports them, and whatever it does with what they return, its cells run on."""
    start = "from autograder.checks.local.kit import ignore_checks; ignore_checks()"
    done = subprocess.run([sys.executable, "-c", f"{start}\n{program}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_they_are_no_part_of_a_written_answer() -> None:
    """What a person reads for a written answer leaves the calls out."""
    task = Cell("markdown", "Why?", role=Role("why", grade=True, solution=True))
    own = Cell("markdown", "Because.")
    calls = [Cell("code", 'check("a")  # for a hint: hint("a")'), Cell("code", 'hint("a")\ncheck()')]
    found = to_read(Notebook((task, *calls, own)), Notebook((task,)), "why")
    assert found.added == 1
    assert "check" not in found.text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('check("a")', True),
        (f"from {KIT}.notebook import check, hint", True),
        (f"from {KIT}.notebook import check  # Because of the step.", False),
        ("check('a', \"b\")\n\nhint('a')", True),
        ("# check", False),
        ("x = 1\ncheck()", False),
        ('check(exec("x"))', False),
        ('# The loss falls, because the step is small.\ncheck("a")', False),
        ('check("a")  # The loss falls, because the step is small.', False),
        ("check(x)", False),
        ('check("a", verbose=True)', False),
        ("", False),
    ],
)
def test_only_calls_alone_make_such_a_cell(source: str, expected: bool) -> None:
    """A cell with anything else in it is the student's."""
    assert is_check_cell(Cell("code", source)) is expected


def test_the_cells_of_a_handout_are_known_as_such() -> None:
    """What is placed into a handout is a check cell."""
    stub = Notebook((Cell("code", "def f(): ..."),))
    placed = list(placed_checks(stub, [Asked("a", ("f",), hints=True), Asked("b", ("f",))]))
    assert len(placed) == 3
    assert all(is_check_cell(cell) for _, cell in placed)


def test_comments_beside_a_call_are_read() -> None:
    """An explanation that a student writes as comments under a call is part of what a person reads."""
    task = Cell("markdown", "Why?", role=Role("why", grade=True, solution=True))
    own = Cell("code", '# The loss falls, because the step is small.\ncheck("a")')
    assert "because the step is small" in to_read(Notebook((task, own)), Notebook((task,)), "why").text


def test_a_question_of_another_place_is_asked_at_the_end() -> None:
    """Where no cell defines a question's solution, its call stands last; ids of cells stay unique."""
    stub = Notebook((Cell("code", "x = 1", id="check-b"), Cell("code", "def f(): ...", id="f")))
    placed = list(placed_checks(stub, [Asked("a", ("f",)), Asked("b", ("elsewhere",))]))
    assert [(place, cell.id) for place, cell in placed] == [(0, "import-checks"), (2, "check-a"), (2, "check-b-2")]
    assert list(placed_checks(stub, [])) == []


def test_what_is_shown_cannot_be_mistaken_for_markup() -> None:
    """Sentences and titles are escaped in HTML."""
    outcome = Outcome("failed", "<b>title</b>", "1 < 2", "<trace>")
    shown = Verdicts((Result("a", "A & B", (outcome,)),))._repr_html_()
    assert "(a) A &amp; B: 0 of 1 public test passed" in shown
    assert "&lt;b&gt;title" in shown
    assert "<b>" not in shown
    assert "&lt;trace&gt;" in shown
    assert "<li>1 &lt; 2</li>" in Hints(("1 < 2",), "That is all.")._repr_html_()


@pytest.mark.parametrize("hint", ['"Try it with 0.577215664."', '["Look.", "Try it with 0.577215664."]'])
def test_no_hint_publishes_what_a_hidden_check_expects(course: Path, tmp_path: Path, hint: str) -> None:
    """A notebook handout holds the hints of hidden checks, so a number of such a check in one is refused."""
    shutil.copytree(course, tmp_path / "course", ignore=shutil.ignore_patterns("release"))
    script = tmp_path / "course" / "assignments" / "hw" / "assignment.py"
    text = re.sub(r"hint=\[.*\]", f"hint={hint}", ASSIGNMENT)
    script.write_text(text.replace("reference.means(x), name", "0.577215664 * reference.means(x), name"))
    with pytest.raises(InstructorError, match=r"test_public\.py:\d+ .* a number of a hidden check"):
        build(load(tmp_path / "course", "hw"), tmp_path / "release")


def test_a_hint_may_have_steps() -> None:
    """They are one sentence of feedback, and steps in a notebook; each stands once."""
    assignment = Assignment("T", files=["t.ipynb"])
    question = assignment.question("Q", id="q", solution="f")

    @question.check(points=1, hidden=True, hint=["Look here.", "Then there."])
    def one(student: object) -> None:
        """One."""

    @question.check(points=1, hidden=True, hint="Look here.")
    def other(student: object) -> None:
        """Other."""

    assert [check.hint for check in question.checks] == ["Look here. Then there.", "Look here."]
    assert question.hints == ("Look here.", "Then there.")
    with pytest.raises(InstructorError, match="hint is 3; give a text in quotes"):
        question.check(points=1, hint=3)  # type: ignore[arg-type]
    with pytest.raises(InstructorError, match="give names in brackets"):
        question.check(points=1, hint=["", "x"])
