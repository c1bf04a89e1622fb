"""What `autograder grade` costs where nothing changed: `python benchmarks/regrade.py [--submissions 1000]`.

A class of the tiny course of the tests, whose results are put into the store (one submission is graded, the others get
its report under their own key). Then the same command runs: first it writes every page, then it finds everything as it
is, and at last the points of a check are others, so that every report is scored and every page written anew. CPU is
user plus system time of the whole command, with all its children.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import autograder
from autograder import grading
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.sandbox import start
from autograder.store import Store, sqlite_address
from autograder.submissions import Recogniser, collect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from tiny_course import RIGHT, make_course

SEED = "a benchmark of grading the same again"


def main() -> None:
    """Measure, and print one line for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=1000)
    count = parser.parse_args().submissions
    compileall.compile_dir(Path(autograder.__file__).parent, quiet=2)  # as an installation does
    with tempfile.TemporaryDirectory(prefix="regrade-") as folder:
        root, inbox, out = make_course(Path(folder) / "course"), Path(folder) / "inbox", Path(folder) / "out"
        for number in range(count):
            (inbox / f"student{number:04d}").mkdir(parents=True)
            (inbox / f"student{number:04d}" / "tiny.py").write_text(f"# {number}\n{RIGHT}")
        known(root, inbox, out)
        print(f"{count} submissions, nothing to grade")
        script = root / "assignments" / "tiny" / "assignment.py"
        for title in ("pages written", "nothing changed", "nothing changed", "other points"):
            if title == "other points":
                script.write_text(script.read_text().replace("points=2", "points=2.5"))
            cpu, wall = measured(root, inbox, out)
            print(f"{title:20}{cpu:7.2f} s CPU{wall:8.2f} s wall")


def known(root: Path, inbox: Path, out: Path) -> None:
    """Put a report of each submission into the store."""
    loaded, options = load(root, "tiny"), RunOptions(SEED)
    recogniser = Recogniser.of(loaded, accept=True)
    everyone = collect(inbox, loaded.assignment.handed_in, out / "staging", recogniser=recogniser)
    with start("none") as backend, Store(sqlite_address(out / "grader.db")) as store:
        report = grade(loaded, everyone[0], backend, None, options)
        for each in everyone:
            key = grading.result_key(loaded, each, None, options, "none")
            replay = replace(report.replay, key=key, submission_sha256=each.sha256)
            store.keep(replace(report, student=each.student, replay=replay))


def measured(root: Path, inbox: Path, out: Path) -> tuple[float, float]:
    """CPU and wall seconds of one run of the command."""
    command = [sys.executable, "-m", "autograder", "grade", "tiny", str(inbox), "--out", str(out), "--seed", SEED]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([*command, "--course", str(root)], capture_output=True, text=True, check=False, cwd=root)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or "reports were there already" not in done.stdout:
        sys.exit(f"not as it should be ({done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    assert len(os.listdir(out / "feedback")) == len(os.listdir(inbox))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


if __name__ == "__main__":
    main()
