"""What `autograder grade` costs where nothing changed: `python benchmarks/regrade.py [--submissions 1000]`.

A class of the tiny course of the tests, whose results are put into the store (one submission is graded, the others get
its report under their own key). Then the same command runs: first it writes every page, then it finds everything as it
is, and at last the points of a check are others, so that every report is scored and every page written anew. CPU is
user plus system time of the whole command, with all its children. The last line is the scoring alone: every report
read from the store, scored, and grades.csv written, without the two pages of each student.
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
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import autograder
from autograder import grading
from autograder.grading import RunOptions, grade
from autograder.grading.rescoring import rescored
from autograder.loader import load
from autograder.reports.grades import write_grades
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
    print(f"{count} submissions, nothing to grade")
    for title, cpu, wall in runs(count):
        print(f"{title:20}{cpu:7.2f} s CPU{wall:8.2f} s wall", flush=True)


def runs(count: int) -> Iterator[tuple[str, float, float]]:
    """What each run of the command is about, its CPU seconds and wall seconds, for a class of that many."""
    compileall.compile_dir(Path(autograder.__file__).parent, quiet=2)  # as an installation does
    with tempfile.TemporaryDirectory(prefix="regrade-") as folder:
        root, inbox, out = make_course(Path(folder) / "course"), Path(folder) / "inbox", Path(folder) / "out"
        for number in range(count):
            (inbox / f"student{number:04d}").mkdir(parents=True)
            (inbox / f"student{number:04d}" / "tiny.py").write_text(f"# {number}\n{RIGHT}")
        known(root, inbox, out)
        for title in ("pages written", "nothing changed", "nothing changed", "other points"):
            if title == "other points":
                change(root, "points=2", "points=2.5")
            yield title, *measured(root, inbox, out)
        change(root, "points=2.5", "points=3")
        yield "scored alone", *scored(root, inbox, out)


def change(root: Path, old: str, new: str) -> None:
    """Change the assignment."""
    script = root / "assignments" / "tiny" / "assignment.py"
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


def scored(root: Path, inbox: Path, out: Path) -> tuple[float, float]:
    """CPU and wall seconds of scoring every report by the present points, in this process."""
    loaded, options = load(root, "tiny"), RunOptions(SEED)
    everyone = collect(inbox, loaded.assignment.handed_in, out / "staging", copies=False)
    with Store(sqlite_address(out / "grader.db")) as store:
        cpu, began = time.process_time(), time.monotonic()
        keys = [(grading.result_key(loaded, each, None, options, "none"), each.student) for each in everyone]
        reports = [rescored(report, loaded) for report in store.all_known(keys).values()]
        write_grades(reports, out / "grades.csv", people=False)
        used = time.process_time() - cpu, time.monotonic() - began
    assert {report.points for report in reports} == {6.0}
    assert len(reports) == len(everyone)
    return used


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
