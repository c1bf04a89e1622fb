"""The shared folder, from the side of `grade`: bundles go in, results and what became of each job come out.

An engine of a batch system decides when a bundle is started and hears when it has ended; all the rest is here.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autograder.checks.errors import GraderError
from autograder.checks.wording import reason_of
from autograder.cluster.bundle import BUNDLE, LEFT, PROGRESS, Step, progress_of, write_bundle
from autograder.cluster.runner import Answer
from autograder.cluster.work import OTHER_FILES, RESULT, Work, job_name, read_result, result_path, work_of
from autograder.grading.grader import Grader
from autograder.grading.job_processes import Event, Started
from autograder.grading.jobs import Attempt, Ended

__all__ = [
    "BEGIN_SECONDS",
    "CHECKS_MIB",
    "FALSE_STARTS",
    "LARGEST_BUNDLE",
    "SETTLE_SECONDS",
    "TURN_SECONDS",
    "Exchange",
]

LARGEST_BUNDLE = 200
BEGIN_SECONDS = 120  # for a process to import and to start a sandbox
CHECKS_MIB = 2048  # for the checks, beside a submission's own memory
TURN_SECONDS = 0.25
SETTLE_SECONDS = 20.0  # until this machine sees what another one wrote last
FALSE_STARTS = 3


@dataclass(slots=True)
class Exchange:
    """The jobs that are open, by their names, and the folder by which they go to other machines.

    `false_starts` counts bundles that ended before a job had begun, since the last job that was over.

    Raises:
        UsageError: the assignment is in another format.
        OSError: the folder cannot be made.
    """

    grader: Grader
    folder: Path
    work: Work = field(init=False)
    jobs: dict[str, Attempt] = field(init=False, default_factory=dict)
    false_starts: int = field(init=False, default=0)
    _begun: set[str] = field(init=False, default_factory=set)
    _said: set[str] = field(init=False, default_factory=set)
    _bundles: set[Path] = field(init=False, default_factory=set)
    _kept: list[Path] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()
        self.work = work_of(self.grader, self.folder)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self.folder.iterdir():  # a killed run's; its results stay, and are taken
            if path.suffix in (BUNDLE, PROGRESS):
                path.unlink(missing_ok=True)

    def expect(self, attempt: Attempt) -> str:
        """Take note of a job; returns its name."""
        name = job_name(self.grader.key(attempt.submission), attempt)
        self.jobs[name] = attempt
        return name

    def has(self, name: str) -> bool:
        """Whether the result of a job is there already."""
        return os.path.isfile(result_path(self.folder, name))

    def send(self, names: Sequence[str]) -> Path:
        """Write a bundle of jobs; returns its file.

        Raises:
            GraderError: the folder cannot be written.
        """
        path = self.folder / f"{uuid.uuid4().hex}{BUNDLE}"
        try:
            write_bundle(path, self.work, [(name, self.jobs[name]) for name in names])
        except OSError as error:
            raise GraderError(f"The jobs cannot be written to {self.folder}: {reason_of(error)}.") from None
        self._bundles.add(path)
        return path

    def withdraw(self, bundle: Path) -> None:
        """Ask for a bundle no more; whoever runs it sees that within a moment, and ends what was started."""
        self._bundles.discard(bundle)
        for path in (bundle, bundle.with_suffix(PROGRESS)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def look(self, notify: Callable[[Event], None]) -> list[Ended]:
        """The jobs that are over since the last look; that they began is said to `notify`.

        Raises:
            GraderError: a machine cannot run jobs at all.
        """
        self._forget_kept()
        try:
            there = {name.removesuffix(RESULT) for name in os.listdir(self.folder) if name.endswith(RESULT)}
        except OSError:  # a shared folder may be gone for a while
            return []
        ended = [self._result(name) for name in list(self.jobs) if name in there]
        for path in sorted(self._bundles):
            last = {step.job: step for step in progress_of(path)}
            for step in last.values():
                ended += self._noted(step, notify)
        if ended:
            self.false_starts = 0
        return ended

    def after(self, bundle: Path, names: Sequence[str], why: str) -> tuple[list[Ended], list[str]]:
        """A bundle of these jobs has ended: the job at which it did has had its try, and those behind it go on.

        Args:
            bundle: its file.
            names: all jobs in it.
            why: what staff read about the job that had begun.

        Returns:
            The jobs that are over, and the names of those that are to be sent again.
        """
        self.withdraw(bundle)
        left = [name for name in names if name in self.jobs]
        begun = [name for name in left if name in self._begun]
        if len(left) == len(names) and not begun:
            self.false_starts += 1
        again = [name for name in left if name not in begun]
        return [self.give_up(name, why) for name in begun], again

    def give_up(self, name: str, why: str) -> Ended:
        """The end of a job that nothing more is heard of."""
        self._begun.discard(name)
        return Ended(self.jobs.pop(name), None, why)

    def cancel(self) -> None:
        """Ask for nothing any more."""
        self.jobs.clear()
        while self._bundles:
            self.withdraw(next(iter(self._bundles)))

    def close(self) -> None:
        """Cancel, and remove the folder unless it has results that nobody has read."""
        self._forget_kept()
        self.cancel()
        with suppress(OSError):
            if not any(path.suffix == RESULT for path in self.folder.iterdir()):
                shutil.rmtree(self.folder)

    def _noted(self, step: Step, notify: Callable[[Event], None]) -> list[Ended]:
        attempt = self.jobs.get(step.job)
        if attempt is None:
            return []
        if step.state == LEFT:
            self._begun.discard(step.job)
        else:
            self._begun.add(step.job)
        if step.job not in self._said and attempt.tries == 1:
            notify(Started(attempt.submission.student))
        self._said.add(step.job)
        return self._answered(step.job, step.answer) if step.answer else []

    def _answered(self, name: str, answer: Answer) -> list[Ended]:
        """A fault that was reported; without one the result is there, or can be seen in a moment."""
        if answer.refused:
            raise GraderError(f"{answer.worker}: {answer.fault}")
        return [self.give_up(name, answer.fault)] if answer.fault else []

    def _result(self, name: str) -> Ended:
        path = result_path(self.folder, name)
        report = read_result(path)
        attempt = self.jobs[name]
        if report is None:
            return self.give_up(name, f"The result in {path} cannot be read.")
        self._kept.append(path)
        if report.replay.key != self.grader.key(attempt.submission):
            return self.give_up(name, f"A machine of the cluster {OTHER_FILES}")
        self._begun.discard(name)
        return Ended(self.jobs.pop(name), report)

    def _forget_kept(self) -> None:
        """Remove the files of results that have been kept."""
        while self._kept and os.path.isdir(self.folder):
            with suppress(OSError):
                self._kept.pop().unlink(missing_ok=True)
