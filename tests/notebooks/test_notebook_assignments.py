"""Notebook assignments: handed out as a stub, run cell by cell, judged from outside, shown in the report."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.grading import RunOptions, grade
from autograder.grading.notebooks import Notebooks
from autograder.loader import Loaded, load
from autograder.notebooks import read
from autograder.notebooks.stubs import TAG
from autograder.release import build, contents
from autograder.remote.student import Controls, RemoteStudent
from autograder.reports.pages import Heading, student_page
from autograder.results import Limits, Report, Verdict
from autograder.sandbox import Request, Sandbox, Session, start, why_not
from autograder.submissions import collect_one

pytestmark = pytest.mark.long

CELLS = [
    ("markdown", "# Homework\nWrite softmax."),
    ("code", "%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt"),
    (
        "code",
        'def softmax(v):\n    """Probabilities of the logits v (n,)."""\n'
        "    ### BEGIN SOLUTION\n    e = np.exp(v - v.max())\n    return e / e.sum()\n    ### END SOLUTION",
    ),
    ("code", "plt.plot(np.arange(5.0))\nplt.title('five points')\nplt.show()\nprint('drawn')"),
    ("markdown", "## Why?\n### BEGIN SOLUTION\nBecause of overflow.\n### END SOLUTION"),
    (
        "code",
        'class Model:\n    """Counts."""\n\n    def fit(self, X):\n        """Count rows."""\n'
        "        ### BEGIN SOLUTION\n        self.n = len(X)\n        return self\n        ### END SOLUTION",
    ),
]
CHECKS = '''
"""A notebook."""

import numpy as np
from autograder import Assignment
from autograder.checks import close, figure

assignment = Assignment("Softmax", files=["hw.ipynb"]{more})
a = assignment.question("Softmax", id="a", solution=["softmax"])
b = assignment.question("Counting", id="b", solution=["Model.fit"])


@a.check(points=1)
def equal_logits(student):
    """Equal logits give equal probabilities."""
    close(student.softmax(np.zeros(4)), np.full(4, 0.25), name="softmax(0)")


@a.check(points=2, hidden=True, hint="Large logits?")
def random_logits(student, reference, rng):
    """Random logits, large ones too."""
    v = 1000 * rng.normal(size=6)
    close(student.softmax(v), reference.softmax(v), name="softmax(v)")


@b.check(points=1)
def counts(student):
    """fit counts rows."""
    close(student.Model().fit(np.zeros((3, 2))).n, 3, name="n")


@b.check(points=1)
def draws(student):
    """Five points are drawn."""
    student.softmax(np.zeros(3))
    figure(student.figures()).titled("five points")
'''


def cell(kind: str, source: str, name: str) -> dict[str, Any]:
    """A cell as a file has it."""
    found: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return found | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def course(root: Path, cells: list[tuple[str, str]] = CELLS, more: str = "") -> Path:
    """A course with one notebook assignment."""
    for folder in ("assignments/hw", "reference/hw"):
        (root / folder).mkdir(parents=True)
    (root / "assignments/hw/assignment.py").write_text(CHECKS.format(more=more))
    (root / "assignments/hw/handout.md").write_text("# Softmax\n")
    made = [cell(kind, source, f"c{number}") for number, (kind, source) in enumerate(cells)]
    (root / "reference/hw/hw.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})
    )
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


@pytest.fixture(scope="module")
def sandbox(loaded: Loaded) -> Iterator[Sandbox]:
    """A warm sandbox with what the assignment asks for."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=(*loaded.assignment.preload, "matplotlib.pyplot")) as started:
        yield started


def solved(handed_out: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a right submission."""
    cells = json.loads(json.dumps(handed_out["cells"]))
    for place in (2, 5):
        cells[place]["source"] = CELLS[place][1]
    return cells


@pytest.fixture
def graded(loaded: Loaded, sandbox: Sandbox, tmp_path: Path) -> Any:
    """A function that grades cells, or bytes, as a submission."""

    def run(
        submitted: list[dict[str, Any]] | bytes, of: Loaded = loaded, within: Any = sandbox, **options: Any
    ) -> Report:
        (tmp_path / "in").mkdir(exist_ok=True)
        data = submitted if isinstance(submitted, bytes) else json.dumps({"nbformat": 4, "cells": submitted}).encode()
        (tmp_path / "in" / "hw.ipynb").write_bytes(data)
        submission = collect_one((tmp_path / "in",), of.assignment.files, tmp_path / "staged", "ann")
        return grade(of, submission, within, None, RunOptions("seed", **options))

    return run


class Counting:
    """A sandbox that counts how often it was opened, and remembers with which limits."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner, self.name, self.enforced = inner, inner.name, inner.enforced
        self.preloaded = inner.preloaded
        self.limits: list[Limits] = []

    def open(self, request: Request) -> Session:
        """Count, and pass on."""
        self.limits.append(request.limits)
        return self.inner.open(request)


def own(source: str) -> dict[str, Any]:
    """A cell that a student added."""
    return cell("code", source, "own")


@pytest.fixture
def counted(loaded: Loaded, sandbox: Sandbox, graded: Any) -> Any:
    """A function that grades cells, and gives the report and the limits of each sandbox that was opened."""

    def run(submitted: list[dict[str, Any]], of: Loaded = loaded, **options: Any) -> tuple[Report, list[Limits]]:
        counting = Counting(sandbox)
        return graded(submitted, of, counting, **options), counting.limits

    return run


# --- the release ---


def test_the_release_is_a_notebook_that_nbgrader_knows(handed_out: dict[str, Any]) -> None:
    """Solutions are cut, outputs cleared, given cells locked; each cell has a grade id and a checksum."""
    sources = ["".join(each["source"]) for each in handed_out["cells"]]
    assert sources[2].endswith('raise NotImplementedError("softmax is not written yet")')
    assert sources[4] == "## Why?\nYOUR ANSWER HERE"
    assert "BEGIN SOLUTION" not in "".join(sources)
    roles = [each["metadata"]["nbgrader"] for each in handed_out["cells"]]
    assert [role["grade_id"] for role in roles] == ["cell-1", "cell-2", "softmax", "cell-4", "answer-5", "Model-fit"]
    assert [role["locked"] for role in roles] == [True, True, False, True, False, False]
    assert [role["solution"] for role in roles] == [False, False, True, False, True, True]
    assert all(role["schema_version"] == 3 and len(role["checksum"]) == 32 for role in roles)


def test_the_release_is_the_same_every_time(loaded: Loaded) -> None:
    """The same reference gives the same bytes."""
    assert contents(loaded)["hw.ipynb"] == contents(loaded)["hw.ipynb"]


def test_students_run_the_public_checks_with_pytest(loaded: Loaded, tmp_path: Path) -> None:
    """The stub is not attempted; the solution passes; without IPython."""
    out = tmp_path / "release"
    build(loaded, out)
    command = [sys.executable, "-B", "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0"]
    stub = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert "not attempted" in stub.stdout.lower()
    assert "passed" not in stub.stdout
    shutil.copyfile(loaded.reference_folder / "hw.ipynb", out / "hw.ipynb")
    right = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert right.returncode == 0, right.stdout


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            [("code", "x = 1")],
            "hw.ipynb has no cell for students to write in; put ### BEGIN SOLUTION and ### END SOLUTION",
        ),
        (
            [CELLS[1], ("code", "### BEGIN SOLUTION\nx = 1")],
            "hw.ipynb, cell 2, line 1: '### BEGIN SOLUTION' has no '### END SOLUTION'",
        ),
        ([CELLS[2], CELLS[2]], "hw.ipynb: cells 1 and 2 are both called 'softmax'; give one of them another grade id"),
    ],
    ids=["no solution", "no end", "one name twice"],
)
def test_mistakes_of_a_reference_are_reported_by_cell(cells: list[tuple[str, str]], said: str, tmp_path: Path) -> None:
    """The instructor reads which cell and line to fix."""
    with pytest.raises(InstructorError) as caught:
        load(course(tmp_path, cells), "hw")
    assert said in str(caught.value)


def test_a_reference_that_is_no_notebook_is_reported(tmp_path: Path) -> None:
    """The file and the reason."""
    root = course(tmp_path)
    (root / "reference/hw/hw.ipynb").write_text("print(1)")
    with pytest.raises(InstructorError, match=r"hw.ipynb is no notebook: JSON is malformed"):
        load(root, "hw")


# --- grading ---


def test_a_right_notebook_gets_all_points(graded: Any, handed_out: dict[str, Any]) -> None:
    """Functions, classes and figures of the notebook are judged; the run is in the report."""
    report = graded(solved(handed_out))
    assert report.verdicts == (Verdict.PASSED,) * 4
    assert report.notes == ()
    (notebook,) = report.notebooks
    assert notebook.finished
    assert [each.number for each in notebook.cells] == [2, 3, 4, 6]
    assert (notebook.cells[2].text, len(notebook.cells[2].pictures)) == ("drawn\n", 1)


def test_the_stub_is_not_attempted(graded: Any, handed_out: dict[str, Any]) -> None:
    """No points, and no fault."""
    report = graded(handed_out["cells"])
    assert report.points == 0
    assert report.verdicts == (Verdict.NOT_ATTEMPTED,) * 4


def test_a_failing_cell_ends_the_notebook_where_the_assignment_says_so(
    graded: Any, handed_out: dict[str, Any], tmp_path: Path
) -> None:
    """As Jupyter's "Run all" does: what stands before counts, and what stands after is lost to its error."""
    cells = solved(handed_out)
    strict = load(course(tmp_path / "strict", more=", run_on=False"), "hw")
    report = graded([*cells[:3], own("x = 1\nx / 0"), *cells[3:]], strict)
    assert report.verdicts == (Verdict.PASSED, Verdict.PASSED, Verdict.RAISED, Verdict.FAILED)
    said = report.questions[1].checks[0].message
    assert said.startswith("`cell 4 of hw.ipynb` raised ZeroDivisionError (line 2: `x / 0`): division by zero")
    (notebook,) = report.notebooks
    assert (notebook.finished, [each.number for each in notebook.cells]) == (False, [2, 3, 4])


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("source", ["import no_such_package", "x = (", "1 / 0", "undefined_name"])
def test_a_failing_cell_that_no_question_needs_costs_nothing(
    source: str, place: int, graded: Any, handed_out: dict[str, Any]
) -> None:
    """Wherever it stands; the page shows its error."""
    cells = solved(handed_out)
    report = graded([*cells[:place], own(source), *cells[place:]])
    assert report.verdicts == (Verdict.PASSED,) * 4
    (notebook,) = report.notebooks
    assert notebook.finished
    assert [bool(each.error) for each in notebook.cells].count(True) == 1


def test_a_name_that_a_failed_cell_should_define_is_lost_to_its_error(graded: Any, handed_out: dict[str, Any]) -> None:
    """Public and hidden checks of that name show the cell's error; the other questions count."""
    cells = solved(handed_out)
    cells[2]["source"] = "import no_such_package\n" + cells[2]["source"]
    report = graded(cells)
    assert report.verdicts == (Verdict.RAISED, Verdict.RAISED, Verdict.PASSED, Verdict.RAISED)
    for check in report.questions[0].checks:
        assert check.message.startswith(
            "`import no_such_package` in line 1 of cell 3 of hw.ipynb fails: there is no module `no_such_package`"
        )


def test_a_name_that_is_nowhere_is_missing_though_a_cell_failed(graded: Any, handed_out: dict[str, Any]) -> None:
    """A failed cell is blamed only for names that it mentions."""
    cells = solved(handed_out)
    cells[2]["source"] = cells[2]["source"].replace("def softmax", "def soft_max")
    report = graded([*cells, own("1 / 0")])
    assert report.verdicts[0] is Verdict.MISSING
    assert report.questions[0].checks[0].message.startswith("`softmax` is not defined in hw.ipynb.")


def test_an_undefined_name_is_traced_to_the_cell_that_failed(graded: Any, handed_out: dict[str, Any]) -> None:
    """Where a cell of imports fails half-way, what misses its names says which cell that was, in hidden checks too."""
    cells = solved(handed_out)
    cells[2]["source"] = cells[2]["source"].replace("np.", "numpy_again.")
    report = graded([own("import no_such_package\nimport numpy as numpy_again"), *cells])
    reason = (
        "An earlier cell failed: `import no_such_package` in line 1 of cell 1 of hw.ipynb fails: there is no module"
    )
    for check in report.questions[0].checks:
        assert check.verdict is Verdict.RAISED
        assert "NameError" in check.message
        assert reason in check.message


def test_another_notebook_is_reported_in_one_sentence(graded: Any) -> None:
    """Nothing of the handout is in it: no list of deleted cells, and every check says the same."""
    report = graded([own("import numpy as np\nimport matplotlib.pyplot as plt"), own("def other():\n    return 1")])
    said = "hw.ipynb: this looks like another notebook: none of the 6 cells of the handout is in it."
    assert report.notes == (said,)
    assert report.verdicts == (Verdict.MISSING,) * 4
    assert {check.message for question in report.questions for check in question.checks} == {
        f"{said} Hand in the notebook of this assignment."
    }


# --- one run for all questions ---


def test_one_run_serves_all_questions(counted: Any, handed_out: dict[str, Any]) -> None:
    """The notebook runs once, in one sandbox that may use what all questions may; public checks come first."""
    report, opened = counted(solved(handed_out), limits={"wall_seconds": 20})
    assert report.points == 5
    assert [limits.wall_seconds for limits in opened] == [40, 40]  # the other is the reference's
    assert [check.id for question in report.questions for check in question.checks] == [
        "equal_logits", "random_logits", "counts", "draws",
    ]  # fmt: skip


def test_a_question_that_ends_python_leaves_the_next_a_fresh_run(counted: Any, handed_out: dict[str, Any]) -> None:
    """After a crash in one question the notebook runs again for the other."""
    cells = solved(handed_out)
    cells[2]["source"] = "import os\ndef softmax(v):\n    os._exit(3)"
    report, opened = counted(cells)
    assert report.verdicts == (Verdict.CRASHED, Verdict.CRASHED, Verdict.PASSED, Verdict.CRASHED)
    assert len(opened) == 3


def test_one_question_does_not_use_up_the_time_of_another(counted: Any, handed_out: dict[str, Any]) -> None:
    """No single answer may take longer than the limit of its question, and the sentence tells that limit."""
    cells = solved(handed_out)
    cells[2]["source"] = "import time\ndef softmax(v):\n    time.sleep(60)"
    report, opened = counted(cells, limits={"wall_seconds": 2, "cpu_seconds": 30})
    assert report.verdicts == (Verdict.TIME, Verdict.TIME, Verdict.PASSED, Verdict.TIME)
    assert report.questions[0].checks[0].message.startswith("Time limit of 2 s reached in `softmax`")
    assert {limits.wall_seconds for limits in opened} == {4}


def test_each_question_tells_what_it_printed(graded: Any, handed_out: dict[str, Any]) -> None:
    """One sandbox serves both questions, and each tells what its checks made print; hidden inputs never."""
    cells = solved(handed_out)
    cells[2]["source"] = (
        "def softmax(v):\n    print('softmax of', v[0])\n    e = np.exp(v - v.max())\n    return e / e.sum()"
    )
    cells[5]["source"] += "\n    def __len__(self):\n        return 3\nprint('defined')"
    report = graded([*cells, own("Model.fit = lambda self, X: (print('fitting'), setattr(self, 'n', 3), self)[2]")])
    first, second = report.questions
    assert (first.output, second.output) == ("softmax of 0.0\n", "fitting\nsoftmax of 0.0\n")
    assert first.staff_output.count("softmax of") == 2
    assert report.points == 5


def test_figures_of_the_notebook_are_there_for_every_check(
    handed_out: dict[str, Any], graded: Any, tmp_path: Path
) -> None:
    """Each check that asks for the figures gets those of the cells; their pictures are reported once."""
    root = course(tmp_path / "course")
    declared = root / "assignments/hw/assignment.py"
    more = 'def draws_too(student):\n    """Drawn."""\n    figure(student.figures()).titled("five points")\n'
    declared.write_text(f"{declared.read_text()}\n@a.check(points=1)\n{more}")
    of = load(root, "hw")
    report = graded(solved(handed_out), of)
    assert set(report.verdicts) == {Verdict.PASSED}
    assert sum(len(check.pictures) for question in report.questions for check in question.checks) == 1
    at_home = LocalStudent(of.reference_folder, of.interface.names, reference=True)
    assert [len(at_home.figures()), len(at_home.figures())] == [1, 1]


# --- time for each cell ---

# They wait, and so take no processor from the cells that have to be in time.
ENDLESS = "import time\nwhile True:\n    time.sleep(1)"
STUBBORN = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The assignment with five seconds for each cell, ended by one that takes longer."""
    return load(course(tmp_path_factory.mktemp("hurried"), more=", cell_seconds=5, run_on=False"), "hw")


def test_a_cell_over_its_time_ends_the_notebook(hurried: Loaded, graded: Any, handed_out: dict[str, Any]) -> None:
    """A cell that runs too long is interrupted, and the verdict names it."""
    report = graded([own(ENDLESS), *solved(handed_out)], hurried)
    assert set(report.verdicts) == {Verdict.TIME}
    said = "Time limit of 5 s reached in `cell 1 of hw.ipynb`."
    assert report.questions[0].checks[0].message.startswith(said)
    assert report.notebooks[0].cells[0].error == said


def test_after_a_cell_over_its_time_the_rest_runs(graded: Any, handed_out: dict[str, Any], tmp_path: Path) -> None:
    """A cell that was interrupted costs nothing but itself."""
    patient = load(course(tmp_path / "course", more=", cell_seconds=8"), "hw")
    report = graded([own(ENDLESS), *solved(handed_out)], patient)
    assert set(report.verdicts) == {Verdict.PASSED}
    assert report.notebooks[0].cells[0].error.startswith("Time limit of 8 s")


def test_a_cell_that_ignores_the_interrupt_ends_its_sandbox(
    hurried: Loaded, graded: Any, handed_out: dict[str, Any]
) -> None:
    """Who catches the interrupt and continues is ended from outside, with the same sentence."""
    report = graded([own(STUBBORN), *solved(handed_out)], hurried)
    assert set(report.verdicts) == {Verdict.TIME}
    assert report.questions[0].checks[0].message.startswith("Time limit of 5 s reached in `cell 1 of hw.ipynb`.")


@pytest.mark.parametrize("endless", [ENDLESS, STUBBORN])
def test_a_last_cell_that_never_ends_costs_nothing_without_a_limit_for_each_cell(
    graded: Any, handed_out: dict[str, Any], endless: str
) -> None:
    """It may take half of the notebook's time; the page shows the cells that ran, and that one with its limit."""
    limits = {"wall_seconds": 10, "cpu_seconds": 60}  # of each of two questions
    report = graded([*solved(handed_out), own(endless)], limits=limits)
    assert set(report.verdicts) == {Verdict.PASSED}
    (notebook,) = report.notebooks
    assert [each.number for each in notebook.cells] == [2, 3, 4, 6, 7]
    assert [each.number for each in notebook.cells if each.error] == [7]
    assert re.fullmatch(r"Time limit of [\d.]+ s reached in `cell 7 of hw.ipynb`\.", notebook.cells[-1].error)


@pytest.mark.parametrize("more", ["", ", cell_seconds=60"])
@pytest.mark.parametrize("place", ["same cell", "next cell", "both"])
def test_a_loop_that_meets_the_cpu_limit_first_loses_nothing_defined_before_it(
    graded: Any, handed_out: dict[str, Any], tmp_path: Path, more: str, place: str
) -> None:
    """Whichever limit would come first interrupts the cell: answers above the loop and in other cells are judged."""
    cells = solved(handed_out)
    if place != "next cell":
        last = cells[-1]
        cells[-1] = {**last, "source": "".join(last["source"]) + "\nwhile True:\n    pass\n"}
    if place != "same cell":
        cells.append(own("while True:\n    pass"))
    limits = {"wall_seconds": 100, "cpu_seconds": 4}  # of each of two questions
    report = graded(cells, load(course(tmp_path / "course", more=more), "hw"), limits=limits)
    assert set(report.verdicts) == {Verdict.PASSED}
    errors = [each.error for each in report.notebooks[0].cells if each.error]
    said = r"CPU time limit of 8 s nearly reached in `cell \d of hw.ipynb`: what is left of it is kept for .*"
    assert len(errors) == (2 if place == "both" else 1)
    assert all(re.fullmatch(said, each) for each in errors)


def test_the_page_of_a_notebook_that_was_ended_shows_its_cells_and_the_one_that_ended_it(
    hurried: Loaded, graded: Any, handed_out: dict[str, Any]
) -> None:
    """Where no further run leaves the cell out, the cells before it are reported, and its own error."""
    (notebook,) = graded([*solved(handed_out), own(STUBBORN)], hurried).notebooks
    assert [each.number for each in notebook.cells] == [2, 3, 4, 6, 7]
    assert notebook.cells[-1].error.startswith("Time limit of 5 s")


def test_a_cell_that_gives_a_functions_name_to_a_value_is_named(graded: Any, handed_out: dict[str, Any]) -> None:
    """Public and hidden checks say so; nothing of the student's was called."""
    report = graded([*solved(handed_out), own("softmax = softmax(np.zeros(3))")])
    public, hidden = report.questions[0].checks
    assert public.verdict is hidden.verdict is Verdict.MISSING
    said = "`softmax` is a numpy.ndarray, not a function; cell 7 of hw.ipynb gives its name to another value."
    assert public.message == hidden.message == f"{said} Give that value a name of its own."


def test_a_cell_that_ends_its_sandbox_costs_what_depends_on_it(graded: Any, handed_out: dict[str, Any]) -> None:
    """It is left out when the others run again; a name that it should have defined is lost to its error."""
    cells = solved(handed_out)
    cells[2]["source"] = "import os\nos._exit(3)\n" + cells[2]["source"]
    report = graded([*cells, own("os.abort()")])
    assert report.verdicts == (Verdict.CRASHED, Verdict.CRASHED, Verdict.PASSED, Verdict.CRASHED)
    said = "Python ended with exit code 3 in `cell 3 of hw.ipynb`."
    assert report.questions[0].checks[0].message.startswith(said)
    (notebook,) = report.notebooks
    assert [each.number for each in notebook.cells] == [2, 3, 4, 6, 7]
    assert [each.number for each in notebook.cells if each.error] == [3, 7]


def test_cells_that_end_sandboxes_again_and_again_end_the_notebook(graded: Any, handed_out: dict[str, Any]) -> None:
    """Three are left out; the fourth is the verdict of every check."""
    report = graded([*(own(f"import os\nos._exit({number})") for number in range(1, 6)), *solved(handed_out)])
    assert set(report.verdicts) == {Verdict.CRASHED}
    said = "Python ended with exit code 4 in `cell 4 of hw.ipynb`."
    assert report.questions[0].checks[0].message.startswith(said)


def test_the_exit_code_of_a_cell_that_had_seen_hidden_inputs_is_not_reported(
    loaded: Loaded, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The page says that the cell ended Python, without the number, which could tell a hidden input."""
    content = json.dumps({"nbformat": 4, "cells": [own("import os\nos._exit(37)"), own("x = 1")]}).encode()
    (tmp_path / "hw.ipynb").write_bytes(content)
    notebooks = Notebooks({"hw.ipynb": read(content, "hw.ipynb")})
    tainted, fresh = (sandbox.open(Request(tmp_path, Limits(), 0)) for _ in range(2))
    student = RemoteStudent(tainted, loaded.interface, Limits())
    Controls(student).conceal()
    Controls(student).ask("figures", [], where="the figures")

    with pytest.raises(StudentError, match="exit code 37"):
        notebooks.run(student, "hw.ipynb", run_on=True)
    notebooks.run(RemoteStudent(fresh, loaded.interface, Limits()), "hw.ipynb", run_on=True)
    fresh.close()

    (result,) = notebooks.results()
    assert [each.error for each in result.cells] == ["Your code ended the Python process.", ""]


# --- what is repaired, and what is not available ---


def test_what_is_repaired_is_reported(graded: Any, handed_out: dict[str, Any]) -> None:
    """A deleted given cell is restored, and the student reads it."""
    cells = solved(handed_out)
    report = graded([cells[0], *cells[2:]])
    assert report.verdicts == (Verdict.PASSED,) * 4
    assert report.notes == ("hw.ipynb: The given cell 'cell-2' was deleted; the handed-out one was used.",)


@pytest.mark.parametrize(
    ("source", "verdict", "said"),
    [
        ("!echo a program", Verdict.PASSED, ""),
        ("%%bash\nexit 3", Verdict.PASSED, "returned non-zero exit status 3"),
        ("input()", Verdict.PASSED, "input() waits for the keyboard; nobody sits at it when a notebook is graded"),
        ("import os; os._exit(0)", Verdict.PASSED, "Python ended with exit code 0 in `cell 1 of hw.ipynb`."),
        ("x = bytearray(1 << 40)", Verdict.PASSED, "Memory limit of 2048 MiB reached in `cell 1 of hw.ipynb`"),
        ("!pip install numpy", Verdict.PASSED, ""),
        ("await __import__('asyncio').sleep(0)", Verdict.PASSED, ""),
    ],
    ids=["a program", "a failing program", "input", "exit", "memory", "pip", "await"],
)
def test_what_cannot_be_had_gets_a_clear_verdict(
    source: str, verdict: Verdict, said: str, graded: Any, handed_out: dict[str, Any]
) -> None:
    """The cell is named, and what was wrong with it."""
    report = graded([own(source), *solved(handed_out)])
    assert report.verdicts == (verdict,) * 4
    shown = (report.questions[0].checks[0].message, *(cell.error for cell in report.notebooks[0].cells))
    assert any(said in text for text in shown)


def test_a_file_that_is_no_notebook_fails_with_a_sentence(graded: Any) -> None:
    """It does not stop anybody else."""
    report = graded(b'{"cells": 3}')
    assert report.verdicts == (Verdict.FAILED,) * 4
    assert report.questions[0].checks[0].message.startswith("hw.ipynb is no notebook:")
    assert report.notebooks == ()


def test_the_page_shows_how_the_notebook_ran(graded: Any, handed_out: dict[str, Any], tmp_path: Path) -> None:
    """Outputs, pictures, and the cell that failed."""
    cells = solved(handed_out)
    strict = load(course(tmp_path / "strict", more=", run_on=False"), "hw")
    report = graded([*cells[:4], own("print('<b>bold</b>')\n1 / 0"), *cells[4:]], strict)
    page = student_page(report, Heading("C", "H"))
    assert 'hw.ipynb <span class="soft">as it ran</span>' in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "of cell 4, as it drew it" in page
    assert "The cells after these were not run." in page


def test_pytest_runs_the_checks_of_a_notebook(loaded: Loaded, handed_out: dict[str, Any], tmp_path: Path) -> None:
    """The same notebook, repaired, in the same sandbox."""
    root = course(tmp_path / "course")
    (root / "grader_config.py").write_text(
        "from autograder.course import Course\ncourse = Course(title='C', assignments=('hw',))\n"
    )
    cells = solved(handed_out)
    (tmp_path / "hw.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [cells[0], *cells[2:]]}))
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "assignments/hw", "--submission"]
    done = subprocess.run([*command, str(tmp_path / "hw.ipynb")], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    assert "The given cell 'cell-2' was deleted" in done.stdout


# --- the reference, in the grader's own process ---


def test_the_reference_answers_in_this_process(loaded: Loaded) -> None:
    """Magics, `await` and prints do no harm."""
    reference = LocalStudent(loaded.reference_folder, loaded.interface.names, reference=True)
    assert reference.Model().fit([[1], [2]]).n == 2


def test_a_fault_of_a_notebook_at_home_is_reported_by_cell(tmp_path: Path) -> None:
    """Students read the cell and the line in it."""
    cells = [cell("markdown", "# T", "a"), cell("code", "%time x = 1\ndef f():\n    return 1 / 0", "b")]
    (tmp_path / "hw.ipynb").write_text(json.dumps({"cells": cells}))
    with pytest.raises(
        Exception, match=r"`f` raised ZeroDivisionError \(line 3 of cell 2 of hw.ipynb\): division by zero"
    ):
        LocalStudent(tmp_path, {"f": "hw.ipynb"}).f()


def test_the_release_ends_a_notebook_where_grading_does(loaded: Loaded, tmp_path: Path) -> None:
    """`run_on=False` reaches the tests that students run; without it nothing is said."""
    strict = load(course(tmp_path / "strict", more=", run_on=False"), "hw")
    assert b"student_in(FOLDER, NAMES, run_on=False)" in contents(strict)["conftest.py"]
    assert b"student_in(FOLDER, NAMES)" in contents(loaded)["conftest.py"]


@pytest.mark.parametrize(("ends", "note"), [("pass", ""), ("import os; os._exit(7)", "costs no points: CRASHED: ")])
def test_signs_of_shortcuts_run_the_notebook_apart(graded: Any, handed_out: dict[str, Any], tmp_path: Path, ends, note):
    """A sign has the notebook run anew, and what happens there reaches neither the checks nor the run that is shown."""
    root = course(tmp_path / "signs")
    script = root / "assignments/hw/assignment.py"
    old = '    close(student.Model().fit(np.zeros((3, 2))).n, 3, name="n")\n'
    sign = "lambda student: (f'{student.Model().fit(np.zeros((200, 2))).n} rows.',)"
    text = script.read_text().replace("import close", "import Credit, close")
    script.write_text(text.replace(old, f"{old}    return Credit(1.0).with_sign({sign})\n"))
    cells = solved(handed_out)
    cells[5]["source"] = CELLS[5][1].replace("self.n = len(X)", f"self.n = len(X)\n        if self.n > 100: {ends}")
    report = graded(cells, of=load(root, "hw"))
    found = {check.id: check for question in report.questions for check in question.checks}

    assert [each.verdict for each in found.values()] == [Verdict.PASSED] * 4
    assert found["counts"].alarms == (() if note else ("200 rows.",))
    assert note in found["counts"].staff_message
    assert [each.error for each in report.notebooks[0].cells] == [""] * len(report.notebooks[0].cells)
    assert any(each.text.startswith("drawn\n") for each in report.notebooks[0].cells)
