"""What runs jobs, behind one interface, and what a batch does about faults of ours, whatever runs them.

An engine moves jobs: it takes one (`submit`), says what came of those that it has (`poll`), ends what it started
(`cancel`, `close`), and says how many it can run at a time (`capacity`). Where it bundles jobs, it takes more than it
runs at a time (`holds`). It decides nothing about a result. Whether a submission is tried again is decided here, once
for all engines: after a fault of ours, once more and alone; after a limit on wall time, once more without neighbours;
never after a fault of the submission's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from autograder.grading.earlier import with_restored
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event, Postponed, Retried
from autograder.grading.jobs import Attempt, Ended
from autograder.messages import for_instructor
from autograder.results import Report

__all__ = ["Engine", "StartEngine", "run_all"]

TRIES = 2


class Engine(Protocol):
    """Runs jobs: each grades one submission."""

    def capacity(self) -> int:
        """How many jobs it can run at a time as things stand, 1 or more."""

    def holds(self) -> int:
        """How many jobs it takes before any is over: as many as it runs, or more where they are bundled."""

    def submit(self, attempt: Attempt) -> None:
        """Take a job; it begins as soon as there is room.

        Raises:
            GraderError: nothing can be run at all.
        """

    def poll(self, notify: Callable[[Event], None]) -> Sequence[Ended]:
        """Wait until something happens, and return the jobs that are over, perhaps none; events go to `notify`.

        What an earlier call returned has been kept by whoever called.

        Raises:
            GraderError: nothing can be run at all.
        """

    def cancel(self) -> None:
        """End every job that is running or waits, with all that was started for it."""

    def close(self) -> None:
        """Cancel, and end the engine with everything that belongs to it."""


StartEngine = Callable[[Grader, int], Engine]
"""Starts an engine for so many submissions of one assignment."""


def run_all(
    engine: Engine, waiting: deque[Attempt], notify: Callable[[Event], None]
) -> Iterator[tuple[Attempt, Report | None, str]]:
    """Yield each attempt that is over for good, with its report or the reason why there is none.

    Args:
        engine: runs them.
        waiting: what is to be run, in this order; more may be added meanwhile.
        notify: called with every event.

    Raises:
        GraderError: nothing can be run at all.
    """
    later: deque[Attempt] = deque()
    running, several = 0, False
    while waiting or later or running:
        if later and not waiting and not running:
            waiting.append(later.popleft())  # one at a time, each without neighbours
        while waiting and running < engine.holds():
            attempt = waiting.popleft()
            attempt.tries += 1
            engine.submit(attempt)
            running += 1
            several = several or engine.capacity() > 1
        for ended in engine.poll(notify):
            running -= 1
            attempt, report, ours = ended.attempt, ended.report, ended.ours
            if report and attempt.before:
                report = with_restored(report, attempt.before)
            attempt.before = report or attempt.before
            if ours and attempt.tries < TRIES and not for_instructor(ours):
                notify(Retried(attempt.submission.student, ours))
                attempt.alone = True
                later.append(attempt)
            elif report and not ours and several and _was_crowded(ended):
                attempt.alone, attempt.tries = True, 0
                notify(Postponed(attempt.submission.student))
                later.append(attempt)
            else:
                yield attempt, report, ended.fault


def _was_crowded(ended: Ended) -> bool:
    """Whether a limit on wall time was reached that may be due to others who were graded at the same time."""
    reached = ended.report.resources.reached if ended.report else ()
    return "wall" in reached and not ended.attempt.alone
