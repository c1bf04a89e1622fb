"""User and system time of a class of tiny submissions.

    python benchmarks/tiny.py [--submissions 200] [--sandbox NAME]

Two functions of numpy in one question with two checks, graded by the whole command, start, pages and end included.
CPU is what the kernel counts for the command and all that it started; of sandboxes' processes, whose parents are gone,
too, because the command is a subreaper's child here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.isolation.confine import become_subreaper

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = '''"""Tiny."""
import numpy as np
from autograder import Assignment
from autograder.checks import close

assignment = Assignment("Tiny", files=["tiny.py"], preload=["numpy"])
question = assignment.question("Means", id="a", solution="means")


@question.check(points=1)
def columns(student):
    """The mean of each column."""
    close(student.means([[1.0, 2.0], [3.0, 6.0]]), [2.0, 4.0], name="means")


@question.check(points=2, hidden=True)
def drawn(student, reference, rng):
    """On drawn tables, the same as the reference."""
    for _ in range(5):
        table = rng.normal(size=(6, 3))
        close(student.means(table), reference.means(table), name="means")
'''
CONFIG = """from autograder.course import Course

course = Course(title="Tiny", assignments=("tiny",))
"""
REFERENCE = '''"""Means."""
import numpy as np


def means(table):
    """The mean of each column of the table."""
    ### BEGIN SOLUTION
    return np.mean(np.asarray(table), axis=0)
    ### END SOLUTION
'''


def main() -> None:
    """Write the course and the class, grade them, print a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--sandbox", default="auto")
    options = parser.parse_args()
    become_subreaper()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "autograder")], check=True, env=environment)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, options.submissions)
        began = time.monotonic()
        call = ["-m", "autograder", "grade", "tiny", str(folder / "in"), "--out", str(folder / "out"), "--jobs", "1"]
        done = subprocess.run(
            [sys.executable, *call, "--sandbox", options.sandbox, "--course", str(folder / "course")],
            env={**environment, "HOME": name, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.monotonic() - began
        while True:  # processes whose parents ended first
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        reports = list((folder / "out" / "reports").glob("*.json"))
        if done.returncode or len(reports) != options.submissions:
            sys.exit(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        shutil.rmtree(folder / "in")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = used.ru_utime - before.ru_utime, used.ru_stime - before.ru_stime
    each = [1e3 * seconds / options.submissions for seconds in (user, system)]
    print(
        f"{options.submissions} submissions, load {os.getloadavg()[0]:.1f}: {user:.1f} s user, {system:.1f} s system, "
        f"{wall:.1f} s wall; each {each[0]:.1f} ms user, {each[1]:.1f} ms system"
    )


def _write(folder: Path, count: int) -> None:
    for path, text in (
        ("course/grader_config.py", CONFIG),
        ("course/assignments/tiny/assignment.py", ASSIGNMENT),
        ("course/assignments/tiny/handout.md", "# Tiny\n"),
        ("course/reference/tiny/tiny.py", REFERENCE),
        *((f"in/student{number:04}/tiny.py", f"{REFERENCE}# {number}\n") for number in range(count)),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


if __name__ == "__main__":
    main()
