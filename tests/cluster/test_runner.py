"""What a worker does when nobody asks for its job any more, and without its shared folder; no cluster is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from samples import passing

from autograder.cluster import runner as runner_module
from autograder.cluster import work as work_module
from autograder.cluster.runner import Runner
from autograder.cluster.work import job_name, kept_result, read_result
from autograder.grading.jobs import Attempt, Ended

JOB: Any = Attempt(SimpleNamespace(student="ann"))  # type: ignore[arg-type]


@dataclass
class Crew:
    """Job processes that are never done, or with the second look; it notes what is asked of it."""

    done: bool = False
    asked: list[object] = field(default_factory=list)

    def submit(self, attempt: Attempt) -> None:
        self.asked.append("submit")

    def poll(self, notify: object, seconds: float) -> list[Ended]:
        self.asked.append(seconds)
        return [Ended(JOB, passing("ann"))] if self.done else []

    def cancel(self) -> None:
        self.asked.append("cancel")


def worker(folder: Path, crew: Crew) -> tuple[Runner, Any]:
    """A worker with such job processes, and the work that they are for."""
    work: Any = SimpleNamespace(folder=folder)
    return Runner("w", work, crew), work  # type: ignore[arg-type]


def looks(*answers: bool) -> Callable[[], bool]:
    """Whether a job is needed, look by look."""
    left = iter(answers)
    return lambda: next(left)


def test_a_job_that_nobody_asks_for_is_ended_at_the_next_look(tmp_path: Path) -> None:
    """A worker looks four times a second whether its job is still asked for, and ends it at the first look that says
    no; it writes nothing."""
    crew = Crew()
    made, work = worker(tmp_path, crew)
    assert made.grade(work, JOB, "job", looks(True, True, False)).fault == "The job was cancelled."
    assert crew.asked == ["submit", 0.25, 0.25, "cancel"]
    assert not list(tmp_path.iterdir())


def test_a_job_begins_when_the_shared_folder_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the shared folder cannot be seen, a job is not begun; when it is back, the job is graded as usual."""
    monkeypatch.setattr(runner_module, "LOOK_SECONDS", 0.0)
    folder, crew = tmp_path / "shared", Crew(done=True)
    made, work = worker(folder, crew)

    def back() -> None:
        assert crew.asked == []
        folder.mkdir()

    seen = iter((lambda: None, lambda: None, back))

    def needed() -> bool:
        next(seen, lambda: None)()
        return True

    assert made.grade(work, JOB, "job", needed).fault == ""
    assert read_result(folder / "job.json") == passing("ann")


def test_a_job_that_is_cancelled_without_the_folder_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a shared folder on behalf of a job that is no longer asked for."""
    monkeypatch.setattr(runner_module, "LOOK_SECONDS", 0.0)
    crew = Crew()
    made, work = worker(tmp_path / "shared", crew)
    assert made.grade(work, JOB, "job", looks(True, False, False)).fault == "The job was cancelled."
    assert crew.asked == ["submit", "cancel"]


def test_a_result_is_written_when_its_folder_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is tried again for two minutes; a folder that is not back then is an error of the system."""
    folder, clock = tmp_path / "shared", [0.0]

    def wait(seconds: float) -> None:
        clock[0] += 50
        if clock[0] == 100 and comes_back:
            folder.mkdir()

    monkeypatch.setattr(work_module, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=wait))
    comes_back = True
    kept_result(folder / "job.json", passing("ann"))
    assert read_result(folder / "job.json") == passing("ann")
    assert [path.name for path in folder.iterdir()] == ["job.json"]
    comes_back, clock[0] = False, 0.0
    with pytest.raises(FileNotFoundError):
        kept_result(tmp_path / "other" / "job.json", passing("ann"))
    assert 120 < clock[0] <= 170


def test_a_kept_result_is_that_of_the_same_try() -> None:
    """A first try has the same name after a restart; the second one, and a run of its own, have others."""
    submission: Any = SimpleNamespace(student="ann", sha256="f")
    first = Attempt(submission, tries=1, alone=True)
    same = Attempt(submission, tries=1, alone=True)
    others = [Attempt(submission, tries=2, alone=True), Attempt(submission, tries=1, alone=True, run="r")]
    assert job_name("key", first) == job_name("key", same)
    assert len({job_name("key", each) for each in (first, *others)}) == 3
