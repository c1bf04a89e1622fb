"""Cells run as in Jupyter: magics, displays, pictures, await; and a message says what is not available in a grader."""

from __future__ import annotations

import builtins
import math
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.worker.shell import MAX_DISPLAYS, MAX_TEXT, Shell

FOLDER = "/nowhere/submission"


@pytest.fixture
def shell() -> Iterator[Shell]:
    """A fresh shell; what it changes in this process is restored."""
    stored = dict(sys.modules), builtins.input, os.environ.get("MPLBACKEND")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # what other tests left open would be shown here
    yield Shell("hw.ipynb", FOLDER)
    for name in ("__main__", "hw"):
        sys.modules.pop(name, None)
        if name in stored[0]:
            sys.modules[name] = stored[0][name]
    builtins.input = stored[1]
    os.environ.pop("MPLBACKEND", None)
    if stored[2] is not None:
        os.environ["MPLBACKEND"] = stored[2]
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].switch_backend("Agg")


def outputs(ran: dict[str, Any]) -> list[tuple[str, str]]:
    """Each output's kind, and its text."""
    return [(each["kind"], each.get("text", each.get("data", {}).get("text/plain", ""))) for each in ran["outputs"]]


def fault(ran: dict[str, Any]) -> tuple[str, str, str, int]:
    """Kind, text and place of what a cell raised."""
    error = ran["error"]
    return error["kind"], error["message"], error["file"], error["line"]


def test_prints_displays_and_the_last_value_come_in_order(shell: Shell) -> None:
    """What a cell prints, displays and ends with is stored unchanged; both streams are distinguished."""
    ran = shell.run("import sys\nprint('one')\nprint('two', file=sys.stderr)\ndisplay('three')\nprint('four')\n5")
    assert outputs(ran) == [
        ("stream", "one\n"),
        ("stream", "two\n"),
        ("display", "'three'"),
        ("stream", "four\n"),
        ("result", "5"),
    ]
    assert [each["name"] for each in ran["outputs"] if each["kind"] == "stream"] == ["stdout", "stderr", "stdout"]
    assert (ran["error"], ran["value"], ran["valued"], ran["lost"]) == (None, 5, True, 0)


def test_cells_share_names_which_can_be_called_afterwards(shell: Shell) -> None:
    """The notebook is a module of the file's name."""
    shell.run("a = 2")
    shell.run("def times(x):\n    return a * x")
    assert sys.modules["hw"].times(21) == 42
    assert shell.run("__name__ == '__main__'")["value"] is True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n1 / 0", ("ZeroDivisionError", "division by zero", "hw.ipynb#1", 2)),
        ("x = (", ("SyntaxError", "incomplete input", "hw.ipynb#1", 1)),
        ("exit()", ("SystemExit", "", "hw.ipynb#1", 1)),
        (
            "input('name? ')",
            (
                "EOFError",
                "input() waits for the keyboard; nobody sits at it when a notebook is graded",
                "hw.ipynb#1",
                1,
            ),
        ),
        (
            "%%bash\nexit 3",
            ("Exception", "Command '['bash']' returned non-zero exit status 3.", "hw.ipynb#1", 1),
        ),
    ],
    ids=["an exception", "no Python", "exit", "input", "a failing script"],
)
def test_what_a_cell_raises_is_reported_with_its_place(
    shell: Shell, source: str, expected: tuple[str, str, str, int]
) -> None:
    """The kind, the text, the cell and the line in it."""
    assert fault(shell.run(source)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "!echo one; echo two",
        "%%bash\necho one\necho two",
        "%%script sh\necho one\necho two",
        "lines = !echo one; echo two\nprint('\\n'.join(lines))",
        "print('\\n'.join(get_ipython().getoutput('echo one; echo two')))",
        "import subprocess as s\nprint(s.run('echo one; echo two', shell=True, stdout=-1, text=True).stdout, end='')",
    ],
)
def test_programs_run_by_one_rule(shell: Shell, source: str) -> None:
    """Whether a cell starts them by a shell escape, a magic or subprocess; what they print is its output."""
    ran = shell.run(source)
    assert ran["error"] is None
    assert outputs(ran) == [("stream", "one\ntwo\n")]


def test_a_program_that_fails_stops_no_shell_escape(shell: Shell) -> None:
    """As in Jupyter, its exit code is in _exit_code."""
    assert shell.run("!exit 3")["error"] is None
    assert shell.run("_exit_code")["value"] == 3


@pytest.mark.parametrize(
    "source", ["!pip install numpy", "%pip install numpy", "!pip3 install numpy", "%conda install numpy"]
)
def test_installing_is_passed_over(shell: Shell, source: str) -> None:
    """Cells that install packages are common and harmless: a sentence in place of the installation."""
    ran = shell.run(source)
    command = source.split(maxsplit=1)[0]
    assert outputs(ran) == [("stream", f"{command} is passed over: what the course needs is installed already.\n")]
    assert ran["error"] is None


def test_after_a_failing_cell_the_next_one_runs(shell: Shell) -> None:
    """The shell continues, with the names that are there."""
    assert shell.run("x = 1\n1 / 0")["error"] is not None
    assert shell.run("x + 1")["value"] == 2
    assert shell.run("await __import__('asyncio').sleep(0, 7)")["value"] == 7


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0.5", 0.5),
        ("True", True),
        ("import numpy as np; np.float64(0.25)", 0.25),
        ("np = __import__('numpy'); np.array([2])", 2),
        ("'text'", None),
        ("None", None),
        ("x = 3", None),
    ],
)
def test_a_plain_number_at_the_end_is_a_value(shell: Shell, source: str, value: object) -> None:
    """Numbers of numpy count; text and arrays of several numbers do not."""
    assert shell.run(source)["value"] == value


def test_a_cell_that_never_ends_is_interrupted(shell: Shell) -> None:
    """The cell is distinguished from one that fails, and the next one runs."""
    ran = shell.run("while True:\n    pass", seconds=0.2)
    assert ran["timed_out"] == "wall"
    assert fault(ran)[:2] == ("KeyboardInterrupt", "the cell ran for more than 0.2 s")
    assert shell.run("1 + 1", seconds=5)["value"] == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_python_drops_is_repeated(shell: Shell) -> None:
    """What is raised in a `__del__` reaches nobody; the loop after it is interrupted all the same."""
    source = "class Held:\n    def __del__(self):\n        while True: pass\nHeld()\nwhile True: pass"
    assert shell.run(source, seconds=0.2)["timed_out"] == "wall"
    assert shell.run("1 + 1", seconds=5)["value"] == 2


def test_a_cell_is_interrupted_before_the_cpu_time_of_its_sandbox_is_used_up(shell: Shell) -> None:
    """Half of what is left, or all but what is kept where that is more; waiting does not count."""
    used = sum(os.times()[:4])
    ran = shell.run("while True:\n    pass", seconds=60, cpu_seconds=used + 1, kept=math.inf)
    took = sum(os.times()[:4]) - used
    assert (ran["timed_out"], fault(ran)[0]) == ("cpu", "KeyboardInterrupt")
    assert 0.4 < took < 0.9
    ran = shell.run("while True:\n    pass", seconds=60, cpu_seconds=used + took + 1, kept=0.25)
    assert ran["timed_out"] == "cpu"
    assert sum(os.times()[:4]) - used - took > 0.65
    assert shell.run("import time; time.sleep(0.3); 2", seconds=60, cpu_seconds=used + 10)["value"] == 2


def test_figures_are_shown_where_they_are_drawn(shell: Shell) -> None:
    """`plt.show()` and the end of a cell take the open figures; their records are kept for checks."""
    ran = shell.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
        "print('between')\nplt.plot([3])\nNone"
    )
    assert outputs(ran) == [("display", "<Figure>"), ("stream", "between\n"), ("display", "<Figure>")]
    assert ran["figures"] == 2
    assert [list(record["axes"][0]["lines"][0]["y"]) for record in shell.take_figures()] == [[1.0, 2.0], [3.0]]


def test_what_is_printed_and_displayed_has_bounds(shell: Shell) -> None:
    """The beginning is kept, and what is lost is counted."""
    ran = shell.run(f"print('x' * {MAX_TEXT}, end='')\nprint('y' * 10, end='')")
    assert (len(ran["outputs"][0]["text"]), ran["lost"]) == (MAX_TEXT, 10)
    ran = shell.run(f"for n in range({MAX_DISPLAYS} + 5): display(n)")
    assert (len(ran["outputs"]), ran["lost"]) == (MAX_DISPLAYS, 5)


def test_only_forms_that_a_page_may_show_are_kept(shell: Shell) -> None:
    """Of HTML and scripts the plain text is kept."""
    ran = shell.run("from IPython.display import HTML, Javascript\ndisplay(HTML('<b>x</b>'), Javascript('alert(1)'))")
    assert [each["data"] for each in ran["outputs"]] == [
        {"text/plain": "<IPython.core.display.HTML object>"},
        {"text/plain": "<IPython.core.display.Javascript object>"},
    ]


def test_text_that_no_encoding_has_is_made_sendable(shell: Shell) -> None:
    """Halves of characters are written as escapes."""
    assert outputs(shell.run("print('half \\ud800')")) == [("stream", "half \\ud800\n")]


def test_widgets_are_reported_by_their_plain_text(shell: Shell) -> None:
    """There is no browser and no kernel behind a widget: its function runs once, and its text stands for it."""
    pytest.importorskip("ipywidgets")
    ran = shell.run("from ipywidgets import IntProgress, interact\ninteract(lambda x: print('x is', x), x=10);")
    assert outputs(ran)[0] == ("stream", "x is 10\n")
    assert ran["error"] is None
    assert outputs(shell.run("bar = IntProgress()\ndisplay(bar)\nbar.value = 3\nbar"))[0][1].startswith("IntProgress(")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_widgets_without_end_are_bounded_and_interrupted(shell: Shell) -> None:
    """A cell that shows one widget after the other keeps as many as are kept, and ends with its time."""
    pytest.importorskip("ipywidgets")
    shell.run("from ipywidgets import IntProgress")
    used = sum(os.times()[:4])
    ran = shell.run("while True:\n    display(IntProgress())", cpu_seconds=used + 2, kept=math.inf)
    assert ran["timed_out"] == "cpu"
    assert len(ran["outputs"]) == MAX_DISPLAYS
    assert ran["lost"] > 0
