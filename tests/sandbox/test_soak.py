"""The soak run: a short one comes through, and its judge notices what grows, what is left and who is lost."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from samples import internal, passing

from autograder.sandbox import why_not
from autograder.submissions import Submission

pytestmark = pytest.mark.long

# Under a name of its own: a folder of scripts on the path would hide packages of their names.
_SPEC = importlib.util.spec_from_file_location("soak", Path(__file__).resolve().parents[2] / "benchmarks" / "soak.py")
soak = sys.modules["soak"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(soak)
COUNTS, Sample, judge, judge_reports = soak.COUNTS, soak.Sample, soak.judge, soak.judge_reports

IDLE = Sample(0, 0.0, 2, 4, 21, 0, 7, (10,), (52.0,))
BUSY = Sample(100, 10.0, 5, 4, 84, 4, 9, (19, 6, 8, 8), (55.0, 37.0, 66.0, 66.0))
LATER, END = replace(BUSY, finished=400), replace(BUSY, finished=2000)
DONE = replace(IDLE, finished=2000)


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_a_short_run_holds(sandbox: str) -> None:
    """Twelve submissions, three of them hostile: exit code 0, all columns, a row for each sample."""
    if reason := why_not(sandbox):
        pytest.skip(f"the sandbox {sandbox} does not work here: {reason}")
    command = [sys.executable, soak.__file__, "--submissions", "12", "--every", "8", "--sandbox", sandbox]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    title = next(line for line in run.stdout.splitlines() if "finished" in line)
    assert all(name in title for name in ("finished", "seconds", *COUNTS, "open files", "MiB"))
    rows = [line.split("│")[1].strip() for line in run.stdout.splitlines() if line.startswith("│")]
    assert rows == ["before", "4", "8", "12", "after"]


def test_the_judge_is_content_when_nothing_grows() -> None:
    """Equal samples, and memory within its bounds, are as they should be."""
    grown = replace(END, mib=(65.0, 41.9, 72.5, 66.0))
    assert judge(IDLE, [BUSY, LATER, END], DONE) == []
    assert judge(IDLE, [BUSY, LATER, grown], DONE) == []


@pytest.mark.parametrize("name", COUNTS)
def test_the_judge_notices_a_leak(name: str) -> None:
    """Anything more at the end is reported, and so is anything left, or missing, after closing."""
    more: dict[str, Any] = {name: getattr(BUSY, name) + 1}
    assert judge(IDLE, [BUSY, LATER, replace(END, **more)], DONE) == [
        f"Grew: {name} from {more[name] - 1} to {more[name]}."
    ]
    for there in (getattr(IDLE, name) + 1, getattr(IDLE, name) - 1):
        left: dict[str, Any] = {name: there}
        assert judge(IDLE, [BUSY, END], replace(DONE, **left)) == [
            f"Left: {name} {there}, before {getattr(IDLE, name)}."
        ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"open_files": (19, 7, 8, 8)}, "Grew: open files of forkserver from 6 to 7."),
        ({"mib": (55.0, 42.5, 66.0, 66.0)}, "Grew: memory of forkserver from 37.0 to 42.5 MiB."),
        ({"mib": (55.0, 37.0, 66.0, 73.0)}, "Grew: memory of job 2 from 66.0 to 73.0 MiB."),
        ({"mib": (75.0, 37.0, 66.0, 66.0)}, "Grew: memory of main from 55.0 to 75.0 MiB."),
        ({"mib": (55.0, 37.0, 66.0), "open_files": (19, 6, 8)}, "Changed: the number of jobs and forkservers."),
    ],
)
def test_the_judge_notices_growth_of_one_process(change: dict[str, Any], expected: str) -> None:
    """Open files and memory are judged for each process."""
    assert judge(IDLE, [BUSY, LATER, replace(END, **change)], DONE) == [expected]


def test_the_judge_notices_who_is_lost_or_wrongly_graded(tmp_path: Path) -> None:
    """A missing report, a point for an attacker, a point missed, INTERNAL."""
    students = ["0-attack", "1-honest", "2-honest"]
    submissions = [Submission(student, tmp_path, "") for student in students]
    right, fault = passing("1-honest"), internal("2-honest")
    hostile = replace(passing("0-attack"), points=0.0)
    fine = [hostile, right, passing("2-honest")]
    assert judge_reports(submissions, fine, fine) == []
    assert [line.split()[:2] for line in judge_reports(submissions, fine[:2], fine[1:])] == [
        ["Lost:", "2"],
        ["Lost:", "2"],
    ]
    bad = [passing("0-attack"), replace(right, points=0.5), fault]
    assert [line.split()[:2] for line in judge_reports(submissions, bad, fine)] == [["Wrong:", s] for s in students]
