"""How many jobs run at a time follows from the memory that is free and from what submissions were seen to hold."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from test_batch import Arranged, Class, quick

from autograder.cli.progress import Shown
from autograder.course import Course
from autograder.datasets import DataSettings
from autograder.grading.forecast import Forecast
from autograder.grading.job_processes import Event, FewerJobs, JobProcesses, ReferenceFirst
from autograder.grading.jobs import Attempt
from autograder.grading.memory_room import MemoryRoom, free_mib

MEMINFO = "MemTotal: 8000000 kB\nMemFree: 100 kB\nMemAvailable: 2048000 kB\n"


def test_jobs_whose_limits_fit_run_at_once() -> None:
    """With memory for everybody's limit there is nothing to wait for."""
    assert MemoryRoom(4, 1000, free=lambda: 4512.0).allowed == 4


@pytest.mark.parametrize(("free", "allowed"), [(4511.0, 3), (2600.0, 2), (700.0, 1), (0.0, 1)])
def test_fewer_run_where_their_limits_do_not_fit(free: float, allowed: int) -> None:
    """So many as fit with something left for the machine, and always one."""
    assert MemoryRoom(4, 1000, free=lambda: free).allowed == allowed


def test_jobs_without_a_limit_or_alone_are_not_counted() -> None:
    """What cannot be known holds nobody up, and one job always runs."""
    assert MemoryRoom(4, 0, free=lambda: 0.0).allowed == 4
    room = MemoryRoom(1, 1000, free=lambda: 0.0)
    room.finished(5000.0)
    assert room.allowed == 1


def test_one_more_is_let_in_after_each_submission_while_the_largest_fits() -> None:
    """What was measured decides, and not the limit: from one job to all of them, step by step."""
    room = MemoryRoom(4, 4000, free=lambda: 1500.0)
    assert room.allowed == 1
    seen = []
    for _ in range(5):
        room.finished(600.0)
        seen.append(room.allowed)
    assert seen == [2, 3, 4, 4, 4]


def test_no_more_are_let_in_than_the_largest_leaves_room_for() -> None:
    """One large submission is enough to be careful, and an unmeasured one opens nothing."""
    room = MemoryRoom(4, 4000, free=lambda: 1500.0)
    room.finished(0.0)
    assert room.allowed == 1
    room.finished(900.0)
    assert room.needed_mib == 1125.0
    assert room.allowed == 1


def test_fewer_run_when_memory_runs_short() -> None:
    """One fewer after each submission while less than the reserve is free, down to one."""
    free = [9000.0]
    room = MemoryRoom(3, 1000, free=lambda: free[0])
    assert room.allowed == 3
    free[0] = 100.0
    seen = []
    for _ in range(3):
        room.finished(50.0)
        seen.append(room.allowed)
    assert seen == [2, 1, 1]
    free[0] = 9000.0
    room.finished(50.0)
    assert room.allowed == 2


@given(
    most=st.integers(1, 20),
    limit=st.floats(0, 1e5),
    steps=st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), max_size=30),
)
def test_there_is_always_one_job_and_never_more_than_asked_for(
    most: int, limit: float, steps: list[tuple[float, float]]
) -> None:
    """Whatever is measured, and it changes by one at a time."""
    free = [1000.0]
    room = MemoryRoom(most, limit, free=lambda: free[0])
    for now, peak in steps:
        before, free[0] = room.allowed, now
        room.finished(peak)
        assert 1 <= room.allowed <= most
        assert abs(room.allowed - before) <= 1


def test_free_memory_is_the_machine_s_or_the_container_s(tmp_path: Path) -> None:
    """Whichever is less, of both versions of control groups; a group without a limit says nothing."""
    memory = tmp_path / "meminfo"
    memory.write_text(MEMINFO)
    assert free_mib(memory, tmp_path, tmp_path / "own") == 2000.0
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert free_mib(memory, tmp_path, tmp_path / "own") == 2000.0
    (tmp_path / "memory.max").write_text(f"{3 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{2 << 30}\n")
    assert free_mib(memory, tmp_path, tmp_path / "own") == 1024.0
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{1 << 30}\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text(f"{2 << 30}\n")
    assert free_mib(memory, tmp_path, tmp_path / "own") == 0.0
    assert free_mib(*(tmp_path / name for name in ("nothing", "nowhere", "none"))) == math.inf


@pytest.mark.parametrize(
    ("folder", "names"),
    [("", ("memory.max", "memory.current", "inactive_file")),
     ("memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))],
)  # fmt: skip
def test_files_that_the_kernel_keeps_in_memory_count_as_free(
    tmp_path: Path, folder: str, names: tuple[str, str, str]
) -> None:
    """A container of 16 GiB that holds 2 GiB of its own is not full because data sets were read in it."""
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, content in zip((*names[:2], "memory.stat"), (
        f"{16 << 30}", f"{15 << 30}", f"anon {2 << 30}\nfile {13 << 30}\n{names[2]} {12 << 30}\n",
    ), strict=True):  # fmt: skip
        (tmp_path / folder / name).write_text(content)
    free = free_mib(tmp_path / "nothing", tmp_path, tmp_path / "own")
    assert free == 13 * 1024
    assert MemoryRoom(8, 1024, free=lambda: free).allowed == 8


@pytest.mark.parametrize(
    ("line", "folder", "names"),
    [("0::/slurm/job/step", "", ("memory.max", "memory.current")),
     ("4:cpu,memory:/slurm/job/step", "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes"))],
)  # fmt: skip
def test_the_group_of_this_process_and_those_above_limit_what_is_free(
    tmp_path: Path, line: str, folder: str, names: tuple[str, str]
) -> None:
    """As a batch system or systemd makes them, whichever of them has the least left; other groups do not count."""
    (tmp_path / "own").write_text(f"2:pids:/other\n{line}\n")
    for group, most in {"slurm": 8, "slurm/job": 3, "slurm/job/step": 5, "other": 1}.items():
        (tmp_path / folder / group).mkdir(parents=True)
        (tmp_path / folder / group / names[0]).write_text(f"{most << 30}\n")
        (tmp_path / folder / group / names[1]).write_text(f"{1 << 30}\n")
    assert free_mib(tmp_path / "nothing", tmp_path, tmp_path / "own") == 2048.0


def test_job_processes_begin_as_memory_allows_and_say_so(tmp_path: Path) -> None:
    """Two are asked for, one begins; when it has shown what it holds, the other one may."""
    course = Class(tmp_path)
    about = (course.root, course.loaded, None, DataSettings(), course.options, "none", course.start)
    grader = Arranged(*about, job=quick)
    room = MemoryRoom(2, grader.memory_mib, free=lambda: 700.0)
    crew = JobProcesses(grader, 2, room=room)
    events: list[Event] = []
    try:
        assert crew.capacity() == 1
        crew.submit(Attempt(course.submissions[0], tries=1))
        while not crew.poll(events.append):
            pass
        assert room.largest_mib == 80.0  # what the report of `quick` says
        assert crew.capacity() == 2
    finally:
        crew.close()
    assert [each for each in events if isinstance(each, FewerJobs)] == [FewerJobs(1, 2, 700.0, 2048)]


def test_fewer_jobs_are_explained() -> None:
    """Whoever asked for eight reads why there are two."""
    console = Console(file=io.StringIO(), width=300)
    Shown(console, 9)(FewerJobs(2, 8, 5000.0, 2048))
    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "2 jobs of 8 at first: 5,000 MiB of memory is free, and a submission may use 2,048; more follow as "
        "submissions turn out to need less\n"
    )


def test_a_forecast_is_shown_while_a_class_is_graded() -> None:
    """As one line, wherever the output goes."""
    console = Console(file=io.StringIO(), width=300)
    Shown(console, 30)(Forecast(30, 2, 60.0, 100.0, 30.0, "the reference's run"))
    assert console.file.getvalue().startswith("Forecast: 30 submissions in 2 jobs need about 60 CPU-seconds")  # type: ignore[attr-defined]


def test_that_the_reference_runs_first_is_shown() -> None:
    """For as long as it takes, nothing else would be."""
    console = Console(file=io.StringIO(), width=300)
    Shown(console, 30)(ReferenceFirst())
    assert console.file.getvalue() == "Running the reference first, once, for the forecast ...\n"  # type: ignore[attr-defined]


def test_jobs_with_threads_do_not_fight_for_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says how many, there are as many jobs as processors for their threads; whoever says it is obeyed."""
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    course = Course("C", ("a",))
    assert [course.jobs_at_once(None, threads) for threads in (1, 4, 5, 32)] == [16, 4, 3, 1]
    assert course.jobs_at_once(8, 4) == 8
    assert Course("C", ("a",), jobs=6).jobs_at_once(None, 4) == 6
    assert Course("C", ("a",), jobs=6).jobs_at_once(0, 4) == 4
