"""Job processes: each has loaded assignment and data once, grades what it is sent, and holds nothing that matters.

So one may die at any time; `job_processes` sees to its work. The upper half is the main process's side, the lower half
runs in the job.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from autograder.checks.errors import GraderError
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.optional_packages import missing
from autograder.reports import encodable
from autograder.results import Report, Verdict
from autograder.submissions import Submission

__all__ = [
    "GRACE_SECONDS",
    "Attempt",
    "Ended",
    "Enter",
    "Fault",
    "Grade",
    "Idle",
    "Job",
    "JobSpec",
    "Ready",
    "Refused",
    "Working",
    "idle_jobs",
    "start_job",
]

GRACE_SECONDS = 5.0
LEAST_CHECK_MEMORY = 2 << 30
PR_SET_PDEATHSIG = 1

Grade = Callable[[Submission], Report]
Enter = Callable[["JobSpec"], AbstractContextManager[Grade]]
"""What a job process runs, a module-level function: it loads what is needed, and gives the function that grades."""


@dataclass(frozen=True, slots=True)
class Working:
    """A job has begun with a check, which is ended after so many seconds."""

    check: str
    seconds: float


def _unheard(working: Working) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """All that a job process needs to know; it crosses to another process, so it is plain.

    `artefacts` is the folder for what checks hand on, None for none. `notify` is filled in there: it is called when a
    check begins.
    """

    root: Path
    assignment: str
    dataset: str
    data: DataSettings
    options: RunOptions
    address: str
    artefacts: Path | None = field(default=None, kw_only=True)
    notify: Callable[[Working], None] = field(default=_unheard, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ready:
    """The job has loaded everything."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The job cannot work at all."""

    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Grading this submission raised an error of ours."""

    why: str


@dataclass(slots=True)
class Attempt:
    """A submission on its way, and how often it was tried; `before` is the report of a try that does not count.

    That try restored what is given in the staged files, so it alone saw what the student had handed in there. A result
    that was kept of an attempt with another `run` is not taken for this one.
    It is `expected` to take so many seconds; 0 where nobody knows.
    """

    submission: Submission
    tries: int = 0
    alone: bool = False
    before: Report | None = None
    run: str = ""
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over: its report, or the reason why there is none, for staff."""

    attempt: Attempt
    report: Report | None
    fault: str = ""

    @property
    def ours(self) -> str:
        """The first sentence for staff about a fault of ours, or ""."""
        checks = (check for question in self.report.questions for check in question.checks) if self.report else ()
        internal = (c.staff_message or c.message for c in checks if c.verdict is Verdict.INTERNAL)
        return self.fault or next(internal, "")


@dataclass(slots=True)
class Job:
    """A job process, seen from the main process.

    At `deadline` it is ended; at `suspect` it is said that the check of `working` takes long.
    """

    process: BaseProcess
    connection: Connection
    address: str
    cpu: int | None
    ready: bool = False
    attempt: Attempt | None = None
    deadline: float = math.inf
    working: Working | None = None
    suspect: float = math.inf

    def end(self) -> None:
        """Stop the process, whatever it is doing."""
        self.connection.close()
        self.process.terminate()
        self.process.join(GRACE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


@dataclass(frozen=True, slots=True)
class Idle:
    """A job process that waits for work: a copy of this one from before it knew any assignment."""

    process: BaseProcess
    connection: Connection

    def begin(self, job: Enter, spec: JobSpec, cpu: int | None) -> Job | None:
        """Have it work; None if it is dead."""
        try:
            self.connection.send((job, spec, cpu))
        except OSError:
            self.end()
            return None
        return Job(self.process, self.connection, spec.address, cpu)

    def end(self) -> None:
        """Let it go."""
        Job(self.process, self.connection, "", None).end()


@contextmanager
def idle_jobs(count: int, strangers: Iterable[int] = ()) -> Iterator[list[Idle]]:
    """That many job processes, forked now; those that are still in the list at the end are ended.

    To be called while this process has no threads of its own, no database open, and nothing of an assignment loaded:
    all that it holds is theirs, too. What has been imported they need not import again. Only Linux forks well enough;
    elsewhere there are none, and `grade_all` starts fresh ones.

    Args:
        count: how many.
        strangers: descriptors of this process that must not live on in them.
    """
    idle: list[Idle] = []
    try:
        for _ in range(count if sys.platform == "linux" else 0):
            idle.append(_fork([*strangers, *(each.connection.fileno() for each in idle)]))
        yield idle
    finally:
        while idle:
            idle.pop().end()


def _fork(strangers: Sequence[int]) -> Idle:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    arguments = (theirs, os.getpid(), [*strangers, ours.fileno()])
    process = context.Process(target=_wait_for_work, args=arguments, name="autograder job")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        with warnings.catch_warnings():  # numpy's own threads are ready for it
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Idle(process, ours)


def start_job(job: Enter, spec: JobSpec, cpu: int | None) -> Job:
    """A fresh interpreter, so that nothing of this process (threads, connections, secrets of others) comes along."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, job, spec, os.getpid(), cpu), name="autograder job")
    resource_tracker.ensure_running()  # here, for it ends with Ctrl-C unblocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is the main process's business
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Job(process, ours, spec.address, cpu)


# The job process's side.


def _wait_for_work(connection: Connection, parent: int, strangers: Sequence[int]) -> None:
    """In a forked job: be nobody's but the main process's, then do as a fresh one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # until here the handler was the main process's
    for descriptor in strangers:
        os.close(descriptor)
    _die_with(parent)
    try:
        job, spec, cpu = connection.recv()
    except (EOFError, OSError):
        return
    _work(connection, job, spec, parent, cpu)


def _work(connection: Connection, job: Enter, spec: JobSpec, parent: int, cpu: int | None) -> None:
    """Grade what comes until the pipe ends."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _die_with(parent)
    try:
        with job(replace(spec, notify=connection.send)) as grade:
            _limit_memory(_check_memory())
            connection.send(Ready())
            while True:
                try:
                    submission = connection.recv()
                except EOFError:
                    return
                connection.send(_graded(grade, submission))
    except GraderError as error:
        connection.send(Refused(str(error)))
    except (BrokenPipeError, ConnectionResetError):
        return  # the main process is gone
    except Exception as error:  # noqa: BLE001 (reported once, by the main process)
        needed = missing(error, "grading")
        connection.send(
            Refused(f"{needed}." if needed else f"A job process could not begin: {traceback.format_exc(limit=-5)}")
        )


def _check_memory() -> int:
    """Bytes that checks, and the reference that they call here, may take in one job: a quarter of the machine's."""
    return max(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4, LEAST_CHECK_MEMORY)


def _limit_memory(most: int) -> None:
    """From now on this process may take no more than that beside what it holds: a check that asks for more is
    INTERNAL, and takes neither its job nor the machine with it."""
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm", "rb") as file:
            most += int(file.read().split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _graded(grade: Grade, submission: Submission) -> Report | Fault:
    try:
        return encodable(grade(submission))
    except GraderError as error:
        return Fault(str(error))
    except Exception:  # noqa: BLE001 (any bug of ours costs one submission a second try, and no job its life)
        return Fault(traceback.format_exc(limit=-5))


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the main process dies, be it by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
