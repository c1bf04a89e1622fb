"""What a forkserver does before it serves: faster imports, and first uses, of which nothing stays."""

from __future__ import annotations

import subprocess
import sys

from autograder import worker


def said(code: str) -> str:
    """What a fresh interpreter prints for some code."""
    command = [sys.executable, "-c", f"from autograder.worker import import_module, warm_up\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_matplotlib_is_as_it_was_but_for_docstrings() -> None:
    """Functions of matplotlib keep their docstrings without the table of properties, and its classes a `set` that sets;
    classes that are made later, such as a submission's, have both; no figure is open, and numbers begin with 1."""
    code = """
import_module("matplotlib.pyplot")
warm_up()
import matplotlib.lines, matplotlib.pyplot as plt
class Mine(matplotlib.lines.Line2D):
    def set_my_own(self, value):
        "Set what only this class has."
print(len(plt.plot.__doc__) > 1000, "agg_filter:" in matplotlib.lines.Line2D.set.__doc__, "my_own:" in Mine.set.__doc__)
print(plt.get_fignums(), plt.figure().number, plt.gca().lines[:])
line = matplotlib.lines.Line2D([0, 1], [0, 1])
print(line.set(lw=2, label="a") and (line.get_linewidth(), line.get_label()), Mine([0], [0]).set(my_own=1, lw=3))
try:
    plt.gca().set(nothing=1)
except AttributeError as error:
    print(error)
"""
    assert said(code).splitlines() == [
        "True False True",
        "[] 1 []",
        "(2.0, 'a') [None, None]",
        "Axes.set() got an unexpected keyword argument 'nothing'",
    ]


def test_without_matplotlib_nothing_of_it_is_imported() -> None:
    """What an assignment does not preload is not there, and a missing package is said as ever."""
    assert said("import sys; import_module('json'); warm_up(); print('matplotlib' in sys.modules)") == "False"
    code = "import sys; sys.modules['matplotlib'] = None\ntry: import_module('matplotlib.pyplot')\n"
    assert said(f"{code}except ImportError as error: print(error.name)") == "matplotlib.pyplot"
    assert worker.warm_up() is None
