"""How long until the first verdict: `python benchmarks/startup.py [--times 5] [--sandbox bubblewrap]`.

One small submission of a numpy assignment, as a module and as a notebook, is graded by `autograder grade` and
`autograder check`, each in a fresh process and a fresh folder; beside them, `pytest` runs the same checks.
Wall time runs from the start of the command to the line with the first verdict; CPU time is user plus system time of
all processes of the command until then. Bytecode of the toolkit is written first, as an installation does.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import autograder

ASSIGNMENT = '''
"""Means of columns."""
from autograder import Assignment
from autograder.checks import close

assignment = Assignment("Means", files=["means.py"])
question = assignment.question("Means", id="a", solution="means")

@question.check(points=2)
def means_of_two_columns(student):
    """The means of two columns are right."""
    close(student.means([[1.0, 2.0], [3.0, 6.0]]), [2.0, 4.0], name="means")

@question.check(points=3, hidden=True)
def means_of_drawn_columns(student, reference, rng):
    """The means of drawn columns are right."""
    x = rng.normal(size=(20, 5))
    close(student.means(x), reference.means(x), name="means")
'''
REFERENCE = '''
"""Means of columns."""

import numpy as np


def means(x):
    """Return the mean of each column of x."""
    ### BEGIN SOLUTION
    return np.mean(x, axis=0)
    ### END SOLUTION
'''
PYTEST = """
import numpy as np
from means import means

def test_two_columns():
    np.testing.assert_allclose(means([[1.0, 2.0], [3.0, 6.0]]), [2.0, 4.0])

def test_drawn_columns():
    x = np.random.default_rng(0).normal(size=(20, 5))
    np.testing.assert_allclose(means(x), x.mean(axis=0))
"""
COURSE = 'from autograder.course import Course\ncourse = Course(title="Small", assignments=("means",))\n'
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds until the first verdict, and CPU seconds until the end."""

    wall: float
    cpu: float
    whole: float


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--sandbox", default="bubblewrap")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(autograder.__file__).parent, quiet=2)  # as an installation does
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root)
        own, sandbox = [sys.executable, "-m", "autograder"], ["--sandbox", arguments.sandbox]
        run([*own, "grade", "means-notebook", "notebooks", "--out", "first", *sandbox], root, "1/1")  # fills the cache
        print(f"{arguments.times} times each, {arguments.sandbox}, {os.cpu_count()} processors")
        print(f"{'':20}{'wall s to first verdict':>28}{'CPU s to first verdict':>28}{'CPU s in all':>28}")
        for assignment, kind in (("means", "modules"), ("means-notebook", "notebooks")):
            (file,) = (root / kind / "ada").iterdir()
            grade = [*own, "grade", assignment, kind, *sandbox, "--out"]
            check = [*own, "check", assignment, str(file), *sandbox]
            show(f"grade, {kind}", [run([*grade, f"{kind}-{n}"], root, "[1/1]") for n in range(arguments.times)])
            show(f"check, {kind}", [run(check, root, "passed") for _ in range(arguments.times)])
        pytest = [sys.executable, "-m", "pytest", "-q"]
        show("pytest", [run(pytest, root / "plain", "passed") for _ in range(arguments.times)])


def write(root: Path) -> None:
    """The course, a submission in both forms, and the same as a folder for pytest."""
    files = {
        "grader_config.py": COURSE,
        "assignments/means/assignment.py": ASSIGNMENT,
        "assignments/means/handout.md": "# Means\n",
        "reference/means/means.py": REFERENCE,
        "modules/ada/means.py": REFERENCE,
        "plain/means.py": REFERENCE,
        "plain/test_means.py": PYTEST,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    from autograder.notebooks.source import notebook_of
    from autograder.notebooks.source import write as written

    notebook = root / "notebooks" / "ada" / "means.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(written(notebook_of({"means.py": REFERENCE}, "Means")))


def run(command: list[str], folder: Path, verdict: str) -> Cost:
    """Run a command until a line holds its first verdict, then to its end.

    Raises:
        SystemExit: no line did.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"AUTOGRADER_SEED": "a seed of the benchmark, 7361", "PYTHONUNBUFFERED": "1"}
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said, first = [], None
        for line in process.stdout:
            said.append(line)
            if first is None and verdict in line:
                first = time.monotonic() - began, cpu_of(process.pid)
    if first is None:
        raise SystemExit(f"{' '.join(command)} gave no verdict:\n{''.join(said)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(*first, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def cpu_of(pid: int) -> float:
    """User and system seconds of a process and all below it, those that have ended and were waited for included."""
    try:
        fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
        children = Path("/proc", str(pid), "task", str(pid), "children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK + sum(cpu_of(int(child)) for child in children)


def show(name: str, costs: list[Cost]) -> None:
    """One line of the table."""
    cells = []
    for values in ([each.wall for each in costs], [each.cpu for each in costs], [each.whole for each in costs]):
        cells.append(f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    print(f"{name:20}" + "".join(f"{cell:>28}" for cell in cells))


if __name__ == "__main__":
    main()
