"""What a process of a batch system does with a bundle: each job once, whatever ended the process before it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.cluster import bundle as module
from autograder.cluster.bundle import PROGRESS, progress_of, read_bundle, run, write_bundle
from autograder.cluster.runner import Answer
from autograder.grading.jobs import Attempt


@dataclass
class Graded:
    """Stands for the runner: it notes what it is asked to grade, and may take the bundle away."""

    names: list[str] = field(default_factory=list)
    takes_away: Path | None = None

    def grade(self, work: object, attempt: Attempt, name: str, needed: Any) -> Answer:
        self.names.append(name)
        if self.takes_away:
            self.takes_away.unlink()
        return Answer("w")

    def close(self) -> None:
        pass


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> Graded:
    """The runner of the bundles of a test."""
    made = Graded()
    monkeypatch.setattr(module, "Runner", lambda name: made)
    monkeypatch.setattr(module, "signal", SimpleNamespace(signal=lambda *_: None, SIGTERM=15))
    return made


def bundle(folder: Path, *names: str) -> Path:
    """A bundle of jobs with these names."""
    path = folder / "b.bundle"
    work: Any = "work"
    write_bundle(path, work, [(name, Attempt(None)) for name in names])  # type: ignore[arg-type]
    return path


def test_a_second_process_goes_on_behind_the_job_that_ended_the_first(tmp_path: Path, graded: Graded) -> None:
    """What is over is not graded again, what a process was asked to leave is; what had begun when a process died is a
    fault, and a line that was half written says nothing."""
    path = bundle(tmp_path, "done", "left", "deadly", "new")
    lines = [f'{{"job":"{job}","state":"{state}"}}' for job, state in (("done", "over"), ("left", "begun"))]
    lines += ['{"job":"left","state":"left"}', '{"job":"deadly","state":"begun"}', '{"job":"new","st']
    path.with_suffix(PROGRESS).write_text("\n".join(lines))
    assert run(path) == 0
    assert graded.names == ["left", "new"]
    last = {step.job: step for step in progress_of(path)}
    assert {step.state for step in last.values()} == {"over"}
    faults = {job: step.answer.fault for job, step in last.items() if step.answer}
    assert faults == {
        "left": "",
        "new": "",
        "deadly": "A process of the cluster ended while it graded this submission.",
    }


def test_a_bundle_that_is_withdrawn_is_left(tmp_path: Path, graded: Graded) -> None:
    """When the bundle is gone nobody asks for the rest: no other job begins, and nothing is written."""
    graded.takes_away = path = bundle(tmp_path, "first", "second")
    assert run(path) == 0
    assert graded.names == ["first"]
    assert [step.state for step in progress_of(path)] == ["begun"]


def test_another_version_runs_nothing_and_says_so(
    tmp_path: Path, graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image with another version of the toolkit refuses every job, for it may read the bundle wrongly."""
    path = bundle(tmp_path, "a")
    path.write_bytes(path.read_bytes().replace(read_bundle(path).version.encode(), b"0.0.1", 1))
    assert run(path) == 0
    assert graded.names == []
    (step,) = progress_of(path)
    assert step.answer
    assert step.answer.refused
    assert "and the machine that grades 0.0.1; make a new image." in step.answer.fault


def test_a_bundle_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Where a pod sees the folder but no bundle, nothing is asked for any more, and its log says what it looked for."""
    command = [sys.executable, "-m", "autograder.cluster.bundle", str(tmp_path / "gone.bundle")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path}/gone.bundle cannot be seen here; mount the shared folder at the same path.\n",
    )
