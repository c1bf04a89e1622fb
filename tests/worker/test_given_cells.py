"""Given cells of a notebook in the sandbox: what a notebook does to Python and IPython does not reach its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.assignment.interface import interface_of
from autograder.notebooks import Cell, Notebook
from autograder.remote.notebook import CellRun, run_cells
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, Sandbox, start, why_not
from autograder.worker.shell import PREPARED

LIMITS = Limits(wall_seconds=20, cpu_seconds=10)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A warm one, with IPython and numpy's assertions in it."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=(*PREPARED, "numpy", "numpy.testing")) as started:
        yield started


@pytest.fixture
def student(sandbox: Sandbox, tmp_path: Path) -> Iterator[RemoteStudent]:
    """The stand-in of an empty submission."""
    tmp_path.chmod(0o755)
    session = sandbox.open(Request(tmp_path, LIMITS))
    yield RemoteStudent(session, interface_of({"hw.ipynb": "def add(a, b): ..."}), LIMITS)
    session.close()


def runs(student: RemoteStudent, *cells: str, given: tuple[int, ...]) -> list[CellRun]:
    """What becomes of each of these cells, of which some are given."""
    notebook = Notebook(tuple(Cell("code", each) for each in cells))
    return list(run_cells(student, "hw.ipynb", notebook, seconds=5, given=given))


def kinds(ran: list[CellRun]) -> list[str]:
    """What each cell raised, "" for nothing."""
    return [run.error.kind if run.error else "" for run in ran]


TRANSFORMER = """
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(NoAsserts())
"""
INPUT_TRANSFORMER = """
get_ipython().input_transformers_post.append(lambda lines: ["pass"])
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])
"""
TRACE = """
import sys
def tracer(frame, event, argument):
    if event == "line" and "#2" in frame.f_code.co_filename:
        frame.f_lineno = 3
    return tracer
sys.settrace(tracer)
sys._getframe().f_trace = tracer
"""
TRACE_FROM_INSIDE = (
    TRACE
    + """
def add(a, b):
    sys._getframe(1).f_trace = tracer
    sys.settrace(tracer)
"""
)
ATTACKS = {
    "an AST transformer": TRANSFORMER,
    "input transformers": INPUT_TRANSFORMER,
    "a trace function": TRACE,
    "a profile function": "import sys, os\nsys.setprofile(lambda *_: None)",
    "IPython's own methods": "ip = get_ipython()\nip.run_cell = ip.run_code = ip.run_ast_nodes = lambda *_, **__: None",
    "IPython's class": "type(get_ipython()).run_cell = lambda *_, **__: None",
    "no builtins": "__builtins__ = {'AssertionError': Exception, '__build_class__': None}",
    "a builtin": "import builtins\nbuiltins.compile = lambda *_, **__: None\nbuiltins.eval = lambda *_: None",
    "the parser": "import ast\nast.parse = lambda *_, **__: ast.Module([], [])",
    "an exception handler": "get_ipython().set_custom_exc((AssertionError,), lambda *_, **__: None)",
    "events": "get_ipython().events.register('pre_run_cell', lambda *_: (_ for _ in ()).throw(SystemExit))",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_makes_a_wrong_answer_right(student: RemoteStudent, attack: str) -> None:
    """The assertion after it fails as it should."""
    ran = runs(
        student, "add = lambda a, b: None\n" + ATTACKS[attack], "assert add(1, 2) == 3\nprint()\nNone", given=(2,)
    )
    assert kinds(ran)[1] == "AssertionError"


def test_a_tested_function_cannot_begin_to_trace(student: RemoteStudent) -> None:
    """While a given cell runs, sys.settrace is refused, so that no line of it is jumped over."""
    ran = runs(student, TRACE_FROM_INSIDE, "answer = add(1, 2)\nassert answer == 3\nNone", given=(2,))
    assert ran[1].error is not None
    assert "sys.settrace is not possible while a given cell runs" in ran[1].error.message


def test_patched_assertions_of_numpy_and_unittest_are_put_back(student: RemoteStudent) -> None:
    """What tests commonly call is what it was before the notebook."""
    patch = (
        "import numpy as np, unittest\nnp.testing.assert_allclose = lambda *_, **__: None\nnp.allclose = lambda *_: 1"
    )
    patch += "\nunittest.TestCase.assertEqual = lambda *_: None"
    ran = runs(
        student,
        patch,
        "np.testing.assert_allclose(1, 2)",
        "assert np.allclose(1, 2)",
        "unittest.TestCase().assertEqual(1, 2)",
        given=(2, 3, 4),
    )
    assert kinds(ran) == ["", "AssertionError", "AssertionError", "AssertionError"]


def test_what_a_given_cell_patches_stays(student: RemoteStudent) -> None:
    """An instructor's mock holds for the cells after it, also behind a cell of the student's."""
    mock = "import builtins\nbuiltins.input = lambda *_: '5'"
    ran = runs(student, mock, "def ask():\n    return input()", "assert ask() == '5'", given=(1, 3))
    assert kinds(ran) == ["", "", ""]


def test_a_given_cell_leaves_no_trace_in_the_history(student: RemoteStudent) -> None:
    """A later cell finds its text neither in In nor in IPython's history."""
    ran = runs(student, "1", "secret = 'word'\nassert secret", "assert 'sec' + 'ret' not in str(In)", given=(2,))
    assert kinds(ran) == ["", "", ""]


def test_a_given_cell_is_a_cell(student: RemoteStudent) -> None:
    """Magics, await, the last value, displays and a semicolon mean what they mean elsewhere."""
    ran = runs(
        student,
        "%matplotlib inline\nimport asyncio\nx = 3",
        "await asyncio.sleep(0)\nx + 1",
        "%%time\nassert x == 3",
        "x + 2;",
        "from __future__ import annotations\ndef f(a: nowhere): pass",
        "assert x == 4",
        given=(1, 2, 3, 4, 5, 6),
    )
    assert kinds(ran) == ["", "", "", "", "", "AssertionError"]
    assert [run.value for run in ran] == [None, 4, None, 5, None, None]
    assert [[each.text for each in run.outputs if each.kind == "result"] for run in ran][1:4] == [["4"], [], []]
    assert (ran[5].error.cell, ran[5].error.line) == (6, 1) if ran[5].error else False


@pytest.mark.long
def test_an_endless_given_cell_is_interrupted(sandbox: Sandbox, tmp_path: Path) -> None:
    """It has the time of every cell."""
    tmp_path.chmod(0o755)
    session = sandbox.open(Request(tmp_path, LIMITS))
    student = RemoteStudent(session, interface_of({"hw.ipynb": "def add(a, b): ..."}), LIMITS)
    notebook = Notebook((Cell("code", "import time\nwhile True: time.sleep(1)"), Cell("code", "7")))
    late, fine = run_cells(student, "hw.ipynb", notebook, seconds=3, given=(1,))
    session.close()
    assert (late.timed_out, fine.value) == (True, 7)


def test_an_exchange_may_be_given_less_time_than_the_session(sandbox: Sandbox, tmp_path: Path) -> None:
    """`at_most` ends what hangs; the rest of the session's time does not matter then."""
    tmp_path.chmod(0o755)
    session = sandbox.open(Request(tmp_path, LIMITS))
    student = RemoteStudent(session, interface_of({"hw.ipynb": "def add(a, b): ..."}), LIMITS)
    running = run_cells(student, "hw.ipynb", Notebook((Cell("code", "1"), Cell("code", "import time; time.sleep(9)"))))
    assert next(running).value == 1
    session.at_most(0.3)
    with pytest.raises(Exception, match="Time limit"):
        next(running)
    assert session.close().limit == "wall"
