"""The engine `dask`: jobs on workers of `dask.distributed`, on this machine or on many.

Dask moves jobs and nothing else. What is kept of one is a file in a folder that all machines share (`work`), who ends
what is the worker's business (`runner`), what is tried again the batch's. So any part may die: a worker costs its job
one try, and without the scheduler the engine waits until there is one again, and then asks once more for what is open.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from distributed import Client, Future, KilledWorker, Security

from autograder.checks.errors import GraderError
from autograder.checks.wording import reason_of
from autograder.cluster.keys import default_folder, make_keys, security
from autograder.cluster.part import Part, grade_on_worker, quiet
from autograder.cluster.processes import LOCAL, Processes, free_port, workers
from autograder.cluster.runner import Answer
from autograder.cluster.work import OTHER_FILES, PATIENCE_SECONDS, Work, job_name, read_result, result_path, work_of
from autograder.grading.engine import StartEngine
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event, Started
from autograder.grading.jobs import Attempt, Ended

__all__ = ["DaskEngine", "connected", "engines"]

TURN_SECONDS = 0.25
BEGIN_SECONDS = 120.0
LOST_SECONDS = 600.0
ANSWER_SECONDS = 30.0
_CAPACITY_SECONDS = 1.0


def engines(folder: Path, jobs: int, scheduler: str = "", keys: Path | None = None) -> StartEngine:
    """What starts engines of this kind.

    Args:
        folder: where results are kept on their way; on several machines, all of them have to see it.
        jobs: how many workers a cluster on this machine has.
        scheduler: the address of a scheduler that is there already; "" for a cluster on this machine, for this run.
        keys: the folder with the key of that cluster; None for the one in this user's settings.

    Raises:
        UsageError: there is no key.
    """
    import_module("cryptography")  # makes the key of a cluster on this machine
    if scheduler:
        keys = keys or default_folder()
        security(keys)

    def start(grader: Grader, submissions: int) -> DaskEngine:
        return DaskEngine(grader, folder, min(jobs, submissions), scheduler, keys)

    return start


@dataclass(slots=True)
class _Job:
    """A job on its way: where its result will be, and the task that makes it.

    At `due`, a file that is not there yet is a fault; `begun` says that the batch knows of it.
    """

    attempt: Attempt
    name: str
    path: Path
    future: Future | None = None
    due: float = 0.0
    begun: bool = False


@dataclass(slots=True)
class DaskEngine:
    """Runs jobs on the workers of one scheduler.

    Raises:
        GraderError: no worker comes, or none is large enough for a submission.
        UsageError: the key is missing, or the assignment is in another format.
    """

    grader: Grader
    folder: Path
    size: int
    scheduler: str = ""
    keys: Path | None = None
    work: Work = field(init=False)
    _client: Client | None = field(init=False, default=None)
    _own: Processes | None = field(init=False, default=None)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)
    _jobs: dict[str, _Job] = field(init=False, default_factory=dict)
    _arrived: queue.SimpleQueue[tuple[str, Future]] = field(init=False, default_factory=queue.SimpleQueue)
    _kept: list[Path] = field(init=False, default_factory=list)
    _capacity: tuple[float, int] = field(init=False, default=(0.0, 1))
    _lost_since: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.work = work_of(self.grader, self.folder)
        with ExitStack() as stack:
            stack.callback(self._remove_folder)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self.scheduler:
                self.keys = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autograder-cluster-")))
                make_keys(self.keys)
                self._own = stack.enter_context(Processes(self._parts(self.keys)))
            stack.callback(self._disconnect)
            self._connect(BEGIN_SECONDS)
            self._stack = stack.pop_all()

    def capacity(self) -> int:
        """How many workers there are that a submission fits in."""
        since, known = self._capacity
        if self._client is None or self._client.status != "running" or time.monotonic() - since < _CAPACITY_SECONDS:
            return known
        with suppress(OSError, TimeoutError, CancelledError):
            found = self._client.scheduler_info(n_workers=-1)["workers"].values()
            needs = self._needs()
            fit = [all(each["resources"].get(name, 0) >= least for name, least in needs.items()) for each in found]
            if fit and not any(fit):
                asked = f"{needs['CPU']} processors and {needs['MEM']} MiB"
                raise GraderError(f"A submission may use {asked}, and no worker declares as much; start larger ones.")
            self._capacity = time.monotonic(), max(1, sum(fit))
        return self._capacity[1]

    def holds(self) -> int:
        """As many as it runs."""
        return self.capacity()

    def submit(self, attempt: Attempt) -> None:
        """Send a job to the scheduler, unless its result is in the folder already."""
        name = job_name(self.grader.key(attempt.submission), attempt)
        job = self._jobs[name] = _Job(attempt, name, result_path(self.folder, name))
        if not os.path.isfile(job.path):
            self._send(job)

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        """As `Engine.poll`; waits a short time at most, and then looks after everything."""
        self._forget_kept()
        for job in self._jobs.values():
            if not job.begun and job.attempt.tries == 1:
                notify(Started(job.attempt.submission.student))
            job.begun = True
        if self._own is not None:
            self._own.tend()
        if self._client is None or self._client.status != "running":
            self._connect_again()
        over = []
        for job in [each for each in self._jobs.values() if each.future is None]:  # its file was or should be there
            if ended := self._read(job):
                over.append(ended)
        with suppress(queue.Empty):
            wait = 0.0 if over or not self._jobs else TURN_SECONDS
            while True:
                name, future = self._arrived.get(timeout=wait) if wait else self._arrived.get_nowait()
                wait = 0.0
                job = self._jobs.get(name)  # type: ignore[assignment]
                if job is not None and job.future is future and (ended := self._heard(job, future)):
                    over.append(ended)
        return over

    def cancel(self) -> None:
        """Ask for nothing any more; workers see it within a moment, and end what they started."""
        futures = [job.future for job in self._jobs.values() if job.future is not None]
        self._jobs.clear()
        if self._client is not None and futures:
            with suppress(Exception):  # the scheduler may be gone, and then its workers are idle anyway
                self._client.cancel(futures, force=True)

    def close(self) -> None:
        """Leave the cluster, and end it where it is our own."""
        self._forget_kept()
        self.cancel()
        self._stack.close()

    def _parts(self, keys: Path) -> tuple[Part, ...]:
        port = free_port()
        self.scheduler = f"tls://{LOCAL}:{port}"
        limits = self.work.limits
        worker = Part("worker", str(keys), LOCAL, address=self.scheduler, cpus=limits.threads, folder=str(keys))
        made = workers(worker, max(1, self.size))
        return (Part("scheduler", str(keys), LOCAL, port), *made)

    def _needs(self) -> dict[str, int]:
        return {"CPU": self.work.limits.threads, "MEM": 0 if self._own else self.work.limits.memory_mib}

    def _connect(self, seconds: float) -> None:
        assert self.keys is not None
        self._client = connected(self.scheduler, security(self.keys), seconds)

    def _connect_again(self) -> None:
        """After the scheduler was lost: try to reach it for a while, and send all that is open once more.

        Raises:
            GraderError: it does not come back.
        """
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        self._disconnect()
        try:
            self._connect(1.0)
        except GraderError:
            if now - self._lost_since > LOST_SECONDS:
                raise
            return
        self._lost_since = 0.0
        for job in self._jobs.values():
            job.future, job.due = None, 0.0  # `poll` looks for its result, and sends it

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # whatever it finds on its way out, it is not needed any more
                client.close(timeout=2)

    def _send(self, job: _Job) -> None:
        """Have a job run; while there is no scheduler it waits, and `poll` sends it later."""
        job.future, job.due = None, 0.0
        if self._client is None or self._client.status != "running":
            return
        with suppress(OSError, TimeoutError, RuntimeError):  # it has just been lost
            job.future = self._client.submit(
                grade_on_worker, self.work, job.attempt, job.name, resources=self._needs(), pure=False, retries=0
            )
            job.future.add_done_callback(lambda future, name=job.name: self._arrived.put((name, future)))

    def _heard(self, job: _Job, future: Future) -> Ended | None:
        """What became of a job whose task is over; None where that is not known yet."""
        try:
            if future.status not in ("finished", "error"):
                raise CancelledError
            answer: Answer = future.result(timeout=ANSWER_SECONDS)
        except KilledWorker as error:
            why = f"The worker {error.last_worker.name} ended while it graded this submission."
            return self._over(job, Ended(job.attempt, None, why))
        except (OSError, TimeoutError, CancelledError):
            job.future, job.due = None, 0.0  # the scheduler is lost, and what it knew; the result may be there
            return None
        except Exception as error:  # noqa: BLE001 (whatever a worker raises is a fault of ours)
            why = f"A worker could not run the job: {type(error).__name__}: {error}"
            return self._over(job, Ended(job.attempt, None, why))
        if answer.refused:
            raise GraderError(f"Worker {answer.worker}: {answer.fault}")
        if answer.fault:
            return self._over(job, Ended(job.attempt, None, answer.fault))
        job.future, job.due = None, time.monotonic() + PATIENCE_SECONDS
        return self._read(job, answer.worker)

    def _read(self, job: _Job, worker: str = "") -> Ended | None:
        """The result in a job's file, once it can be seen here."""
        report = read_result(job.path)
        if report is None:
            if job.due and time.monotonic() > job.due:
                why = f"The result of a worker did not appear in {self.folder}; do all machines see that folder?"
                return self._over(job, Ended(job.attempt, None, why))
            if not job.due:
                self._send(job)
            return None
        self._kept.append(job.path)
        if report.replay.key != self.grader.key(job.attempt.submission):
            by = f"Worker {worker}" if worker else "A worker"
            return self._over(job, Ended(job.attempt, None, f"{by} {OTHER_FILES}"))
        return self._over(job, Ended(job.attempt, report))

    def _over(self, job: _Job, ended: Ended) -> Ended:
        del self._jobs[job.name]
        return ended

    def _forget_kept(self) -> None:
        """Remove the files of results that have been kept."""
        while self._kept and os.path.isdir(self.folder):  # a shared folder may be gone for a while
            with suppress(OSError):
                self._kept.pop().unlink(missing_ok=True)

    def _remove_folder(self) -> None:
        with suppress(OSError):  # results that nobody has read stay, for the next run
            if not any(path.suffix == ".json" for path in self.folder.iterdir()):
                shutil.rmtree(self.folder)


def connected(scheduler: str, secure: Security, seconds: float = 10.0) -> Client:
    """A client of a scheduler that has workers; both are waited for.

    Raises:
        GraderError: within so many seconds no scheduler answers, or it has no worker.
    """
    quiet()
    end = time.monotonic() + seconds
    while True:
        try:
            client = Client(scheduler, security=secure, timeout=5, set_as_default=False)
            break
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            if time.monotonic() > end:
                raise GraderError(
                    f"No scheduler answers at {scheduler} with this key: {reason_of(error, named=False)}."
                ) from None
            time.sleep(TURN_SECONDS)
    try:
        client.wait_for_workers(1, timeout=max(1.0, end - time.monotonic()))
    except TimeoutError:
        client.close(timeout=1)
        raise GraderError(
            f"The scheduler at {scheduler} has no worker; `autograder cluster worker` starts some."
        ) from None
    return client
