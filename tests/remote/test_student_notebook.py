"""A notebook in the sandbox: its cells run in order, its functions answer, and a crash is reported with its cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.assignment.interface import interface_of
from autograder.checks.errors import StudentError
from autograder.notebooks import Cell, Notebook
from autograder.remote.notebook import CellRun, run_cells
from autograder.remote.student import Controls, RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, Sandbox, start, why_not

LIMITS = Limits(wall_seconds=20, cpu_seconds=10)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A warm one, with IPython in it."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "IPython.core.interactiveshell")) as started:
        yield started


@pytest.fixture
def student(sandbox: Sandbox, tmp_path: Path) -> Iterator[RemoteStudent]:
    """The stand-in of an empty submission whose interface has one function."""
    tmp_path.chmod(0o755)
    session = sandbox.open(Request(tmp_path, LIMITS))
    interface = interface_of({"hw.ipynb": "def double(x):\n    return 2 * x\n"})
    yield RemoteStudent(session, interface, LIMITS)
    session.close()


def notebook(*cells: str) -> Notebook:
    """A notebook of code cells."""
    return Notebook((Cell("markdown", "# Title"), *(Cell("code", each) for each in cells)))


def runs(student: RemoteStudent, *cells: str, seconds: float = 0.0) -> list[CellRun]:
    """What becomes of each of these cells."""
    return list(run_cells(student, "hw.ipynb", notebook(*cells), seconds=seconds))


def test_cells_run_and_their_functions_answer(student: RemoteStudent) -> None:
    """Outputs and values come back; afterwards the notebook is a module like any other."""
    first, second = runs(student, "def double(x):\n    return 2 * x\nprint('hi')", "double(4)")
    assert [(each.kind, each.name, each.text) for each in first.outputs] == [("stream", "stdout", "hi\n")]
    assert (first.number, second.number, second.value, second.valued) == (2, 3, 8, True)
    assert (first.error, first.valued, second.lost) == (None, False, 0)
    assert student.double(21) == 42
    assert not Controls(student).tainted


def test_after_a_failing_cell_the_next_runs(student: RemoteStudent) -> None:
    """What a cell raises is reported with cell and line; exits too."""
    failed, left, fine = runs(student, "x = 1\nx / 0", "import sys; sys.exit(3)", "x + 1")
    assert failed.error is not None
    assert failed.error.message == "`cell 2 of hw.ipynb` raised ZeroDivisionError (line 2): division by zero"
    assert left.error is not None
    assert left.error.kind == "SystemExit"
    assert fine.value == 2


def test_a_cell_that_never_ends_is_interrupted_and_the_rest_runs(student: RemoteStudent) -> None:
    """Each cell has its own time."""
    endless, fine = runs(student, "import time\nwhile True: time.sleep(1)", "1 + 1", seconds=3)
    assert (endless.timed_out, fine.value) == (True, 2)
    assert endless.seconds > 2.9


def test_a_cell_that_ends_python_is_named(student: RemoteStudent) -> None:
    """Cells that ran before it have been reported already."""
    running = run_cells(student, "hw.ipynb", notebook("1 + 1", "import os; os._exit(0)", "2"))
    assert next(running).value == 2
    with pytest.raises(StudentError, match=r"Python ended with exit code 0 in `cell 3 of hw.ipynb`.") as caught:
        next(running)
    assert caught.value.verdict == "CRASHED"


def test_a_cell_that_ignores_the_interrupt_meets_the_limit_of_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    """Stopping the clock of the cell does not help."""
    tmp_path.chmod(0o755)
    limits = LIMITS.changed({"wall_seconds": 2})
    session = sandbox.open(Request(tmp_path, limits))
    student = RemoteStudent(session, interface_of({"hw.ipynb": "def double(x): ..."}), limits)
    stubborn = "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True:\n    time.sleep(9)"
    with pytest.raises(StudentError, match=r"Time limit of 2 s reached in `cell 2 of hw.ipynb`.") as caught:
        list(run_cells(student, "hw.ipynb", notebook(stubborn), seconds=0.2))
    assert caught.value.verdict == "TIME"
    session.close()


FORGED = """
import autograder.worker.shell as shell
shell.Shell.run = lambda *_: {record}
"""


@pytest.mark.parametrize("record", ["7", "None", "{'outputs': 3}", "[]"])
def test_a_forged_record_of_the_wrong_form_is_not_believed(student: RemoteStudent, record: str) -> None:
    """Cells can reach our own code in their process; what then comes is an answer out of turn."""
    running = run_cells(student, "hw.ipynb", notebook(FORGED.format(record=record), "1"))
    next(running)
    with pytest.raises(StudentError, match="out of turn"):
        next(running)
    assert Controls(student).ended


def test_a_forged_record_of_the_right_form_is_cut_to_size(student: RemoteStudent) -> None:
    """Texts, numbers and pictures are of the types and sizes that are promised, whatever comes."""
    outputs = "[{'kind': 'stream', 'text': 'x' * 10**6}, 5, {'data': {'text/plain': 3, 'image/png': 'p'}}] + [{}] * 999"
    record = f"{{'outputs': {outputs}, 'value': 'v', 'valued': 1, 'lost': -4, 'timed_out': 'yes'}}"
    running = run_cells(student, "hw.ipynb", notebook(FORGED.format(record=record), "1"))
    next(running)
    cell = next(running)
    assert [(each.kind, len(each.text), each.png) for each in cell.outputs] == [
        ("stream", 1 << 16, b""),
        ("display", 0, b""),
    ]
    assert (cell.value, cell.valued, cell.lost, cell.timed_out, cell.error) == (
        None,
        False,
        0,
        False,
        None,
    )


@pytest.mark.parametrize("limit", ["np.array(['wall', 'cpu'])", "np.array([1.0, 2.0])", "['cpu']", "b'cpu'", "1"])
def test_a_forged_limit_is_none(student: RemoteStudent, limit: str) -> None:
    """Whatever stands where a cell's limit is named, an array as well, is no limit and not our fault."""
    record = f"{{'outputs': [], 'timed_out': {limit}}}"
    forged = notebook(f"import numpy as np\n{FORGED.format(record=record)}", "1")
    _, reported = run_cells(student, "hw.ipynb", forged)
    assert (reported.timed_out, reported.by_cpu, reported.error) == (False, False, None)
