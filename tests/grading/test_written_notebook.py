"""Answers that people read in notebooks and in nbgrader's gradebook, there and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner
from written_course import answered, hand_in, make_course

from autograder.checks.errors import InstructorError
from autograder.cli import app
from autograder.grading import RunOptions, grade
from autograder.loader import Loaded, load
from autograder.notebooks import read
from autograder.notebooks.stubs import TAG, release_notebook, stub_of
from autograder.release import contents
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import Sandbox, start
from autograder.submissions import collect_one

ASSIGNMENT = '''
"""A notebook."""
from autograder import Assignment
from autograder.checks import same

assignment = Assignment("Notebook", files=["hw.ipynb"])
a = assignment.question("Double", id="a", solution="double")


@a.check(points=2)
def doubles_one(student):
    """Twice one is two."""
    same(student.double(1), 2, name="double")


a.written("Why does it work?", points=5, rubric={"the cause": 3, "an example": 2}, answer="hw.ipynb#why")
'''
CELLS = [
    ("markdown", "# Homework"),
    ("code", "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"),
    ("markdown", "## (why) Why?\n### BEGIN SOLUTION\nBecause two ones are two.\n### END SOLUTION"),
]


def notebook(cells: list[tuple[str, str]], metadata: dict[int, dict[str, Any]] | None = None) -> bytes:
    """A notebook file of these cells."""
    made = []
    for number, (kind, source) in enumerate(cells):
        data: dict[str, Any] = {"cell_type": kind, "id": f"c{number}", "metadata": {}, "source": source}
        data["metadata"] = (metadata or {}).get(number, {})
        made.append(data | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def course(root: Path, cells: list[tuple[str, str]] = CELLS, assignment: str = ASSIGNMENT) -> Path:
    """A course with one notebook assignment."""
    for folder in ("assignments/hw", "reference/hw"):
        (root / folder).mkdir(parents=True)
    (root / "grader_config.py").write_text(
        "from autograder.course import Course\n\n"
        "course = Course(title='C', assignments=('hw',), sandbox='none', jobs=1)\n"
    )
    (root / "assignments/hw/assignment.py").write_text(assignment)
    (root / "assignments/hw/handout.md").write_text("# Homework\n")
    (root / "reference/hw/hw.ipynb").write_bytes(notebook(cells))
    return root


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The assignment."""
    return load(course(tmp_path_factory.mktemp("course")), "hw")


@pytest.fixture(scope="module")
def handed_out(loaded: Loaded) -> dict[str, Any]:
    """The notebook that students get, without the cells that ask for verdicts (see test_notebook_checks.py)."""
    found: dict[str, Any] = json.loads(contents(loaded)["hw.ipynb"])
    found["cells"] = [each for each in found["cells"] if TAG not in each["metadata"].get("tags", ())]
    return found


# --- the release ---


def test_the_answer_s_cell_has_nbgrader_s_role(handed_out: dict[str, Any]) -> None:
    """A manually graded cell of that name, worth the points that were declared."""
    cell = handed_out["cells"][2]
    reported = cell["metadata"]["nbgrader"]
    assert (reported["grade"], reported["solution"], reported["locked"], reported["task"]) == (True, True, False, False)
    assert (reported["grade_id"], reported["points"], reported["cell_type"]) == ("why", 5, "markdown")
    assert "checksum" in reported
    assert "".join(cell["source"]) == "## (why) Why?\nYOUR ANSWER HERE"


@pytest.mark.parametrize(
    ("cell", "metadata"),
    [
        ("### BEGIN SOLUTION\nB.\n### END SOLUTION", {"nbgrader": {"grade_id": "why", "solution": True, "points": 1}}),
        ("### BEGIN SOLUTION\nB.\n### END SOLUTION", {"tags": ["why"]}),
        ("Model answer without markers.", {"nbgrader": {"grade_id": "why", "grade": True, "solution": True}}),
    ],
)
def test_a_cell_is_meant_by_its_grade_id_or_a_tag_too(cell: str, metadata: dict[str, Any]) -> None:
    """The declared points hold, whatever the reference says."""
    made = release_notebook(notebook([*CELLS[:2], ("markdown", cell)], {2: metadata}), "hw.ipynb", {"why": 5.0})
    data = json.loads(made)["cells"][2]
    assert (data["metadata"]["nbgrader"]["grade_id"], data["metadata"]["nbgrader"]["points"]) == ("why", 5)
    assert "".join(data["source"]) == "YOUR ANSWER HERE"


def test_an_answer_without_its_cell_is_reported(tmp_path: Path) -> None:
    """When the assignment is loaded."""
    with pytest.raises(InstructorError, match="hw.ipynb has no text cell for the written answer 'why'; put ### BEGIN"):
        load(course(tmp_path, CELLS[:2]), "hw")


def test_markers_in_a_text_cell_that_are_wrong_are_reported(tmp_path: Path) -> None:
    """With cell and line; else the answer would be handed out."""
    with pytest.raises(InstructorError, match=r"hw.ipynb, cell 3, line 2: '### BEGIN SOLUTION' has no"):
        load(course(tmp_path, [*CELLS[:2], ("markdown", CELLS[2][1].replace("### END SOLUTION", ""))]), "hw")


FIRST = "def first(x):\n    ### BEGIN SOLUTION\n    return 0\n    ### END SOLUTION"
CODE = [
    "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### STUB\n    # y = 1\n    #\n    # return y\n"
    "    ### END SOLUTION",
    "%matplotlib inline\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n%time first(2)",
    "class A:\n    ### BEGIN SOLUTION\n    b = 2\n    ### END SOLUTION\n\n    def g(self):\n        # BEGIN SOLUTION\n"
    "        return 3\n        # END SOLUTION\n",
    "y = 4  # SOLUTION\nz = [\n    1,\n]  # SOLUTION\n",
    'def h():\n    # BEGIN SOLUTION NO PROMPT\n    return 1\n    # END SOLUTION\n    """ # BEGIN PROMPT\n'
    '    return ...\n    """ # END PROMPT\n',
    "### BEGIN SOLUTION\nonly = 1\n### END SOLUTION",
    "%%time\ndef k():\n    a = 1\n    ### BEGIN SOLUTION\n    return a\n    ### END SOLUTION",
    "given = 1\n\n",
]


@pytest.mark.parametrize("cell", CODE)
def test_nbgrader_s_own_step_gives_our_stubs(cell: str) -> None:
    """Whatever marks the solution, and whatever stands in its place."""
    made = notebook([("code", FIRST), ("code", cell)])
    stub = stub_of(read(made, "hw.ipynb"), "hw.ipynb")
    data = json.loads(release_notebook(made, "hw.ipynb"))["cells"]
    assert ["".join(each["source"]) for each in data] == [each.source for each in stub.cells]


def test_nbgrader_s_step_cuts_the_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it leaves one, the release is refused: it is this step that cuts, held to what submissions are held to."""
    from nbgrader.preprocessors import ClearSolutions

    monkeypatch.setattr(ClearSolutions, "_replace_solution_region", lambda *_: False)
    with pytest.raises(InstructorError, match="hw.ipynb, cell 2: nbgrader cuts this cell otherwise than autograder"):
        release_notebook(notebook(CELLS), "hw.ipynb")


# --- grading ---


@pytest.fixture(scope="module")
def sandbox(loaded: Loaded) -> Iterator[Sandbox]:
    """No sandbox: nothing here is about them."""
    with start("none", preload=loaded.assignment.preload) as started:
        yield started


@pytest.fixture
def why(loaded: Loaded, sandbox: Sandbox, tmp_path: Path):
    """A function that grades cells, and gives the result of the written answer."""

    def run(cells: list[dict[str, Any]] | bytes) -> CheckResult:
        data = cells if isinstance(cells, bytes) else json.dumps({"nbformat": 4, "cells": cells}).encode()
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "hw.ipynb").write_bytes(data)
        submission = collect_one((tmp_path / "in",), loaded.assignment.handed_in, tmp_path / "staged", "ada")
        report: Report = grade(loaded, submission, sandbox, None, RunOptions("seed", only="why"))
        return report.questions[0].checks[0]

    return run


def test_the_answer_of_a_cell_waits(handed_out: dict[str, Any], why) -> None:
    """Also in a cell that has lost its name."""
    cells = json.loads(json.dumps(handed_out["cells"]))
    cells[2]["source"] = "## (why) Why?\nTwo ones."
    cells[2]["metadata"] = {}
    found = why(cells)
    assert (found.verdict, found.by_hand, found.answer) == (Verdict.MANUAL, 5, "## (why) Why?\nTwo ones.")


def test_a_cell_as_handed_out_is_reported(handed_out: dict[str, Any], why) -> None:
    """And so is one that was deleted, which stands there as handed out."""
    found = why(handed_out["cells"][:2])
    assert (found.verdict, found.by_hand) == (Verdict.NOT_ATTEMPTED, 5)
    assert found.message.endswith("It is as it was handed out.")


@pytest.mark.parametrize("remaining", [3, 2], ids=["below", "in its place"])
def test_a_cell_that_the_student_added_is_read(handed_out: dict[str, Any], why, remaining: int) -> None:
    """Below the answer that is as it was handed out, or in place of one that was deleted."""
    added = {"cell_type": "markdown", "metadata": {}, "source": "Two ones."}
    found = why([*handed_out["cells"][:remaining], added])
    assert found.verdict is Verdict.MANUAL
    assert found.answer.endswith(
        "this cell (Markdown, cell 4) ---\nTwo ones." if remaining == 3 else "cell 3) ---\nTwo ones."
    )
    assert found.message.endswith("The cell is as it was handed out; 1 cell added beside it will be read.")


def test_a_file_that_is_no_notebook_is_reported(why) -> None:
    """A person may still look."""
    found = why(b"no notebook")
    assert found.verdict is Verdict.FAILED
    assert "hw.ipynb is no notebook" in found.message


# --- to nbgrader and back ---


def run(*arguments: object) -> str:
    """Run a verb in this process; what it printed."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


GRADES = """select student_id, base_cell.name, max_score, auto_score, needs_manual_grade from grade
    join base_cell on base_cell.id = grade.cell_id join grade_cells on grade_cells.id = grade.cell_id
    join submitted_notebook on submitted_notebook.id = grade.notebook_id
    join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
    order by student_id, base_cell.name"""


def rows(db: Path, query: str) -> list[tuple[object, ...]]:
    """What the gradebook says."""
    with closing(sqlite3.connect(db)) as database:
        return database.execute(query).fetchall()


def give(db: Path, cell: str, score: float) -> None:
    """What formgrader does when somebody types a score into every submission that waits."""
    with closing(sqlite3.connect(db)) as database:
        database.execute(
            "update grade set manual_score = ?, needs_manual_grade = 0 where needs_manual_grade = 1"
            " and cell_id in (select id from base_cell where name = ?)",
            (score, cell),
        )
        database.commit()


@pytest.mark.long
def test_answers_of_modules_go_to_formgrader_and_come_back(tmp_path: Path) -> None:
    """A cell of their own with the answer, worth its points, waiting; what a person gives is in every total."""
    root = make_course(tmp_path / "course")
    folder = hand_in(tmp_path / "in", ada={"answers.md": answered("Because <b>exp</b>.")}, cy={})
    out, db = tmp_path / "out", tmp_path / "nb" / "gradebook.db"
    run("grade", "theory", folder, "--out", out, "--course", root)
    said = run("export", "nbgrader", out, "--db", db, "--course", root, "--submissions", folder)
    assert "theory: 2 submissions and 2 notebooks written; 1 cell left to a person." in said
    assert rows(db, GRADES) == [
        ("ada", "doubles_one", 2.0, 2.0, 0),
        ("ada", "proof", 4.0, 0.0, 0),
        ("ada", "why", 5.0, None, 1),
        ("cy", "doubles_one", 2.0, 2.0, 0),
        ("cy", "proof", 4.0, 0.0, 0),
        ("cy", "why", 5.0, 0.0, 0),
    ]
    node = nbformat.read(tmp_path / "nb" / "autograded" / "ada" / "theory" / "theory.ipynb", as_version=4)
    assert "Because < b>exp< /b>." in [cell.source for cell in node.cells]

    give(db, "why", 4.0)
    run("import", "nbgrader", "--grades", "--db", db, "--out", out, "--course", root)
    ada = (out / "grades.csv").read_text().splitlines()[1]
    assert ada.startswith('"ada",2,4,6,0,6,7,4,')
    page = (out / "feedback" / "ada.html").read_text("utf-8")
    assert "Manually graded: 4 of 5." in page


@pytest.mark.long
def test_answers_of_a_notebook_are_its_own_cells_there(tmp_path: Path) -> None:
    """The cell with the answer carries the points; there is no second one."""
    root = course(tmp_path / "course")
    run("release", "hw", "--no-validate", "--course", root)
    handed = json.loads((root / "release/hw/hw.ipynb").read_bytes())
    own = [each for each in handed["cells"] if TAG not in each["metadata"].get("tags", ())]
    own[1]["source"], own[2]["source"] = CELLS[1][1], "Two ones."
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "hw.ipynb").write_text(json.dumps(handed))
    out, db = tmp_path / "out", tmp_path / "nb" / "gradebook.db"
    run("grade", "hw", tmp_path / "in", "--out", out, "--course", root)
    run("export", "nbgrader", out, "--db", db, "--course", root, "--submissions", tmp_path / "in")
    assert rows(db, GRADES) == [("ada", "doubles_one", 2.0, 2.0, 0), ("ada", "why", 5.0, None, 1)]

    give(db, "why", 4.5)
    run("import", "nbgrader", "--grades", "--db", db, "--out", out, "--course", root)
    assert (out / "grades.csv").read_text().splitlines()[1].startswith('"ada",6.5,6.5,0,6.5,7,0,')
