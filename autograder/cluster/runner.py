"""On a worker: grade one job, in a sandbox that is kept warm from one to the next, and end it when nobody needs it.

No scheduler ends a process that a task has started. So whoever started it looks again and again whether the task is
still asked for: after Ctrl-C at the client, or when client or scheduler have died, the job process is killed, and its
sandbox goes with it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from autograder.checks.errors import GraderError
from autograder.checks.wording import reason_of
from autograder.cluster.work import PATIENCE_SECONDS, Work, kept_result, result_path
from autograder.grading.job_processes import JobProcesses
from autograder.grading.jobs import Attempt

__all__ = ["Answer", "Runner"]

LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of a job: its result is written, or there is a `fault`.

    `refused` says that no job at all can be run there.
    """

    worker: str
    fault: str = ""
    refused: bool = False


@dataclass(slots=True)
class Runner:
    """Grades one job at a time. What is kept for one assignment is ended when another one comes."""

    name: str
    _work: Work | None = None
    _crew: JobProcesses | None = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def grade(self, work: Work, attempt: Attempt, name: str, needed: Callable[[], bool]) -> Answer:
        """Grade a submission and write its result; `needed` says whether anybody still asks for it.

        One thread does it, always the same: the kernel ends a job process with the thread that started it, and Dask's
        threads end whenever the scheduler is lost.
        """
        return self._thread.submit(self._grade, work, attempt, name, needed).result()

    def close(self) -> None:
        """End what is kept."""
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    def _grade(self, work: Work, attempt: Attempt, name: str, needed: Callable[[], bool]) -> Answer:
        path = result_path(work.folder, name)
        _wait_for(work.folder, needed)
        if os.path.isfile(path):
            return Answer(self.name)
        try:
            crew = self._crew_for(work)
            crew.submit(attempt)
            while needed():
                for ended in crew.poll(lambda _: None, LOOK_SECONDS):
                    if ended.report is None:
                        return Answer(self.name, ended.fault)
                    kept_result(path, ended.report)
                    return Answer(self.name)
            crew.cancel()
            return Answer(self.name, "The job was cancelled.")
        except GraderError as error:
            self._end()
            return Answer(self.name, str(error), refused=True)
        except OSError as error:
            self._end()
            return Answer(self.name, f"The machine of worker {self.name} failed: {reason_of(error)}.")
        except BaseException:
            self._end()
            raise

    def _crew_for(self, work: Work) -> JobProcesses:
        if self._crew is None or self._work != work:
            self._end()
            self._crew, self._work = JobProcesses(work, 1), work
        return self._crew

    def _end(self) -> None:
        if self._crew is not None:
            self._crew.close()
        self._crew = self._work = None


def _wait_for(folder: Path, needed: Callable[[], bool]) -> None:
    """Until a shared folder can be seen, in which submissions lie as well, or nobody waits for it any more."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not os.path.isdir(folder) and needed() and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
