"""A class graded by arrays of a real Slurm: the same reports, each once, whatever happens to elements."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clusters import ClusterClass, gone, waits
from slurm_site import CannotStart, slurm_site
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import GraderError, UsageError
from autograder.cluster import bundle, engines_of
from autograder.cluster import slurm as engine_module
from autograder.cluster.bundle import progress_of, write_bundle
from autograder.cluster.slurm import SlurmEngine, engines, options_of, packed, seconds_left, spread
from autograder.cluster.work import work_of
from autograder.grading.engine import StartEngine
from autograder.grading.grader import grading_job
from autograder.grading.job_processes import Event, Retried
from autograder.grading.jobs import Attempt, JobSpec
from autograder.results import Report, Verdict
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission


@contextmanager
def meets_faults(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """A job that grades; with s00 it always kills its element, and the first time that it has s01 it does not end."""
    with grading_job(spec) as grade:

        def grade_or_not(submission: Submission) -> Report:
            said = spec.root / f"pid-{submission.student}"
            if submission.student == "s00":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(600)
            if submission.student == "s01" and not said.exists():
                said.write_text(str(os.getpid()))
                time.sleep(600)
            return grade(submission)

        yield grade_or_not


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """One Slurm for all tests of this file, in a folder with a short name, as sockets need one."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        site = slurm_site(Path(folder))
        try:
            made = site.__enter__()
        except CannotStart as error:
            pytest.skip(f"Slurm cannot be started here: {error}.")
        try:
            yield made
        finally:
            site.__exit__(None, None, None)


@pytest.fixture
def there(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slurm is there; the engine waits shorter than for real machines."""
    for name, seconds in {"LOOK_SECONDS": 0.3, "SETTLE_SECONDS": 0.5}.items():
        monkeypatch.setattr(engine_module, name, seconds)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # jobs of tests are found by the name of their module
    return site


def until(said: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not said():
        assert time.monotonic() < end
        time.sleep(0.05)


def listed() -> list[str]:
    """The jobs that Slurm runs or will run."""
    done = subprocess.run(["squeue", "-h", "-r", "-o", "%i"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def start(graded: ClusterClass, *options: str) -> StartEngine:
    """What starts the engine for a class, with one element at a time."""
    return engines(graded.jobs, 1, options)


@pytest.mark.long  # a real Slurm, whose elements import everything that grades
def test_a_class_is_graded_whatever_ends_its_elements(tmp_path: Path, there: Path) -> None:
    """One array of bundles grades a class. What ends two elements is set aside and staff see why; an element that
    somebody cancels is replaced, and costs no submission a try; everybody is in the books once."""
    graded, events = ClusterClass(tmp_path, 6, meets_faults), list[Event]()
    said, cancelled = graded.grader.root / "pid-s01", list[str]()

    def cancel() -> None:
        if not cancelled and said.exists() and said.read_text():
            cancelled.extend(listed())
            subprocess.run(["scancel", *cancelled], check=True)

    class Cancelled(SlurmEngine):
        def poll(self, notify):  # type: ignore[no-untyped-def]
            cancel()
            return SlurmEngine.poll(self, notify)

    def begin(grader, submissions):  # type: ignore[no-untyped-def]
        return Cancelled(grader, graded.jobs, 1, {})

    first, *others = graded.grade(notify=events.append, engines=begin)
    check = first.questions[0].checks[0]
    assert check.verdict is Verdict.INTERNAL
    assert "Slurm's job" in check.staff_message
    assert [report.points for report in others] == [2, 2, 5, 2, 2]
    assert [each.student for each in events if isinstance(each, Retried)] == ["s00"]
    assert cancelled
    assert gone(int(said.read_text()))
    assert graded.rows() == [f"s{number:02}" for number in range(6)]
    assert not graded.jobs.exists()
    assert not listed()


@pytest.mark.long  # a real Slurm, and two runs of the command line
def test_after_ctrl_c_nothing_runs_and_the_same_command_goes_on(tmp_path: Path, there: Path) -> None:
    """Ctrl-C cancels the array, and what elements started ends; the same command grades what is open."""
    root, students = make_course(tmp_path / "course"), [f"s{number:02}" for number in range(3)]
    folder = hand_in(tmp_path / "handed-in", **dict.fromkeys(students, RIGHT))
    words = ["grade", "tiny", folder, "--out", tmp_path / "out", "--cluster", "slurm", "--jobs", "1", "--course", root]
    command = [sys.executable, "-m", "autograder", *map(str, words), "--slurm", "partition=main"]
    environ = {**os.environ, "AUTOGRADER_SEED": "seed"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as running:
        until(listed)
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        assert "the same command goes on" in running.stdout.read()
    assert running.returncode == 130
    until(lambda: not listed())
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with Store(sqlite_address(tmp_path / "out" / "grader.db")) as store:
        assert sorted(report.student for report in store.reports()) == students
    assert not (tmp_path / "out" / ".jobs").exists()


@pytest.mark.long  # a real Slurm, one element that imports everything that grades
def test_what_does_not_fit_into_the_time_that_is_left_is_not_begun(
    tmp_path: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the time left in an allocation is shorter than what one submission may take, none is begun there; where
    that is so again and again, the run ends with a sentence that has both times."""
    graded = ClusterClass(tmp_path, 1)
    monkeypatch.setattr(engine_module, "FALSE_STARTS", 1)
    monkeypatch.setattr(engine_module, "BEGIN_SECONDS", -1000)  # this check before the start would find it
    with pytest.raises(
        GraderError, match=r"before they have graded anything: .* s are left, and a submission may take"
    ):
        graded.grade(engines=start(graded, "time=1"))
    assert not listed()
    monkeypatch.undo()


@pytest.mark.long  # a real Slurm
def test_cancel_ends_what_an_element_started(tmp_path: Path, there: Path) -> None:
    """After `close`, as after Ctrl-C, no element is left, its job process ends, and the folder is gone."""
    graded = ClusterClass(tmp_path, 1, waits)
    engine = start(graded)(graded.grader, 1)
    said = graded.grader.root / "pid-s00"
    engine.submit(Attempt(graded.submissions[0], 1))
    engine.poll(lambda _: None)
    until(lambda: said.is_file() and said.read_text())
    engine.close()
    assert gone(int(said.read_text()))
    until(lambda: not listed())
    assert not graded.jobs.exists()


@pytest.mark.long  # a real Slurm
def test_what_slurm_refuses_is_one_sentence(tmp_path: Path, there: Path) -> None:
    """A partition that there is not ends the run with Slurm's own words, and a limit below that of one submission is
    found before anything is sent."""
    graded = ClusterClass(tmp_path, 1)
    with pytest.raises(GraderError, match=r"Slurm takes no jobs: .*invalid partition specified: absent"):
        graded.grade(engines=start(graded, "partition=absent"))
    with pytest.raises(UsageError, match=r"--slurm time=1: one submission may take .* min with its limits; ask for"):
        graded.grade(engines=start(graded, "time=1"))


def test_a_job_longer_than_the_allocation_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle's process begins no job that might not be over when its allocation ends."""
    graded = ClusterClass(tmp_path, 1)
    graded.jobs.mkdir()
    path = graded.jobs / "a.bundle"
    write_bundle(path, work_of(graded.grader, graded.jobs), [("a", Attempt(graded.submissions[0]))])
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert bundle.run(path, time.time() + 100) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not list(progress_of(path))
    assert "s are left, and a submission may take" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("gpu", "'gpu' is not NAME=VALUE; write for example --slurm partition=gpu"),
        ("array=0-3", "array: the engine sets this itself"),
        ("time=1:00", "time=1:00: expected a whole number of minutes"),
    ],
)
def test_wrong_options_are_one_sentence(word: str, sentence: str) -> None:
    """What is no option of sbatch, or one that is not the instructor's, is said before anything starts."""
    with pytest.raises(UsageError, match=sentence):
        options_of([word])


def test_options_without_slurm_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--slurm is for --cluster slurm alone, and that needs Slurm's programs."""
    with pytest.raises(UsageError, match="--slurm is for a cluster; add --cluster slurm"):
        engines_of("", tmp_path, 1, slurm=("partition=gpu",))
    with pytest.raises(UsageError, match="--slurm is for --cluster slurm; leave it out with dask"):
        engines_of("dask", tmp_path, 1, slurm=("partition=gpu",))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="sbatch, squeue, scancel, srun cannot be found; run it on a login node"):
        engines_of("slurm", tmp_path, 1)


def test_bundles_last_ten_minutes_and_lose_nothing() -> None:
    """Every job is in one bundle, in its place; none but a single long job takes more than is asked for, and none has
    a neighbour that is to be alone."""
    jobs = [(str(number), float(7 * number % 400), number % 11 == 0) for number in range(300)]
    made = packed(jobs)
    assert [name for names in made for name in names] == [name for name, _, _ in jobs]
    about = {name: (seconds, alone) for name, seconds, alone in jobs}
    for names in made:
        assert len(names) == 1 or sum(about[name][0] for name in names) <= 600
        assert len(names) == 1 or not any(about[name][1] for name in names)
    for count in range(1, 60):
        alike = packed([(str(number), spread(count, 4), False) for number in range(count)])
        assert len(alike) <= 4
        assert max(map(len, alike)) == -(-count // 4)
    assert packed([("long", 5000.0, False), ("next", 1.0, False)]) == [("long",), ("next",)]


def test_times_of_squeue_are_read() -> None:
    """Days, hours, minutes and seconds, and what is no limit."""
    shown = ["59", "4:30", "2:00:00", "1-02:00:05", "UNLIMITED", "INVALID", ""]
    assert [seconds_left(each) for each in shown] == [59.0, 270.0, 7200.0, 93605.0, None, None, None]
