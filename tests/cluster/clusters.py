"""A small cluster on this machine, and a class for it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from unittest import mock

from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder import loader
from autograder.cluster.dask import DaskEngine
from autograder.cluster.keys import make_keys
from autograder.cluster.part import Part
from autograder.cluster.processes import LOCAL, Processes, free_port, workers
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.grading.batch import grade_all
from autograder.grading.engine import StartEngine
from autograder.grading.grader import AssignmentGrader, Grader, grading_job
from autograder.grading.job_processes import Event
from autograder.grading.jobs import Enter, JobSpec
from autograder.results import Report
from autograder.store import Store, sqlite_address
from autograder.submissions import Submission, collect


@contextmanager
def waits(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """A job that says who it is and does not end."""

    def grade(submission: Submission) -> Report:
        (spec.root / f"pid-{submission.student}").write_text(str(os.getpid()))
        time.sleep(600)
        raise AssertionError

    yield grade


@contextmanager
def kills_its_worker(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """A job that grades, but kills its worker with the submission s00."""
    with grading_job(spec) as grade:

        def grade_or_kill(submission: Submission) -> Report:
            if submission.student == "s00":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(600)
            return grade(submission)

        yield grade_or_kill


@contextmanager
def hides_results(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """A job that grades; once s00 is graded, and before its result is written, the folder of results is gone."""
    with grading_job(spec) as grade:

        def grade_and_hide(submission: Submission) -> Report:
            report = grade(submission)
            if submission.student == "s00":
                (spec.root.parent / "jobs").rename(spec.root.parent / "away")
            return report

        yield grade_and_hide


@dataclass
class Cluster:
    """A scheduler and some workers, as on other machines."""

    keys: Path
    address: str


@contextmanager
def cluster(folder: Path, jobs: int = 1) -> Iterator[Cluster]:
    """A cluster that was there before."""
    keys, port = folder / "keys", free_port()
    make_keys(keys)
    address = f"tls://{LOCAL}:{port}"
    template = Part("worker", str(keys), LOCAL, address=address, folder=str(folder))
    shared = {"PYTHONPATH": os.pathsep.join(sys.path)}  # jobs of tests are found by the name of their module
    with (
        mock.patch.dict(os.environ, shared),
        Processes((Part("scheduler", str(keys), LOCAL, port), *workers(template, jobs))) as processes,
        _tended(processes),
    ):
        yield Cluster(keys, address)


@contextmanager
def _tended(processes: Processes) -> Iterator[None]:
    """What dies is started again, as by `autograder cluster worker`."""
    over = Flag()

    def tend() -> None:
        while not over.wait(0.2):
            processes.tend()

    thread = Thread(target=tend, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class ClusterClass:
    """A course with a class, graded on a cluster."""

    folder: Path
    size: int
    job: Enter = grading_job
    engines: list[DaskEngine] = field(default_factory=list)

    def __post_init__(self) -> None:
        root = make_course(self.folder / "course")
        loaded = loader.load(root, "tiny")
        sources = {f"s{number:02}": WRONG if number % 3 else RIGHT for number in range(self.size)}
        staging = self.folder / "staging"
        staging.mkdir()
        files = hand_in(self.folder / "handed-in", **sources)
        self.submissions: tuple[Submission, ...] = collect(files, loaded.assignment.files, staging)
        about = (root, loaded, None, DataSettings(), RunOptions("seed"), "none", lambda _: None)
        self.grader = AssignmentGrader(*about, job=self.job)  # type: ignore[arg-type]
        self.address = sqlite_address(self.folder / "grader.db")
        self.jobs = self.folder / "jobs"

    def grade(
        self,
        there: Cluster | None = None,
        *,
        jobs: int = 2,
        notify: Callable[[Event], None] = lambda _: None,
        grader: Grader | None = None,
        engines: StartEngine | None = None,
    ) -> tuple[Report, ...]:
        """Grade everybody on a cluster that is there, or on one for this run; or on other engines."""

        def start(grader: Grader, submissions: int) -> DaskEngine:
            about = (there.address, there.keys) if there else ()
            self.engines.append(DaskEngine(grader, self.jobs, jobs, *about))
            return self.engines[-1]

        with Store(self.address) as store:
            asked = grader or self.grader
            return grade_all(self.submissions, asked, store, jobs=jobs, notify=notify, engines=engines or start)

    def rows(self) -> list[str]:
        """Who is in the store, once for each report there."""
        with Store(self.address) as store:
            return sorted(report.student for report in store.reports())

    def right(self, reports: tuple[Report, ...]) -> bool:
        """Whether everybody has the right points, and stands in the store once."""
        points = [report.points for report in reports] == [2 if n % 3 else 5 for n in range(self.size)]
        return points and self.rows() == [each.student for each in self.submissions]


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Whether a process ends within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    os.kill(pid, 0)
    return False
