"""The main process's side of many submissions: a sandbox, job processes in it, and who gets what.

This is the engine `local` (`autograder.grading.engine` has the interface, and decides what is tried again). After a job
that dies, hangs or meets a fault of ours, the next one gets a fresh process.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path

from autograder.checks.errors import GraderError
from autograder.grading.forecast import Forecast
from autograder.grading.grader import JobSource
from autograder.grading.jobs import GRACE_SECONDS, Attempt, Ended, Fault, Idle, Job, Ready, Refused, Working, start_job
from autograder.grading.memory_room import MemoryRoom
from autograder.messages import NOT_ENDED
from autograder.results import Report
from autograder.sandbox import ContainerSandbox, ForkServer

__all__ = [
    "Event",
    "FewerJobs",
    "Finished",
    "Hanging",
    "JobProcesses",
    "Known",
    "Postponed",
    "RanAgain",
    "ReferenceFirst",
    "Retried",
    "Started",
]


FALSE_STARTS = 2
LEEWAY_SECONDS = 15.0  # behind the limit of a check, for the job to end it and to go on by itself


@dataclass(frozen=True, slots=True)
class Known:
    """The store knows this submission's report already; it is not graded again."""

    report: Report


@dataclass(frozen=True, slots=True)
class Started:
    """A job began with this student's submission."""

    student: str


@dataclass(frozen=True, slots=True)
class Retried:
    """Our own fault kept this submission from its grade; it is tried once more. `why` is for staff."""

    student: str
    why: str


@dataclass(frozen=True, slots=True)
class Hanging:
    """A check has taken half of the time after which it is ended; both in seconds."""

    student: str
    check: str
    seconds: float
    most: float


@dataclass(frozen=True, slots=True)
class Postponed:
    """A wall time limit was reached while others were graded; it is graded again, alone, and that counts."""

    student: str


@dataclass(frozen=True, slots=True)
class RanAgain:
    """Checks that did not change ran all the same, because others take what they hand on: by how many submissions.

    `why` says for checks of which nothing could be kept why not.
    """

    checks: Mapping[str, int]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FewerJobs:
    """Memory has room for so many jobs at the beginning, of those that are asked for; more follow if it allows."""

    jobs: int
    asked: int
    free_mib: float
    limit_mib: float


@dataclass(frozen=True, slots=True)
class ReferenceFirst:
    """The reference is run before the class, because what it takes is not known."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A report was made and is in the store."""

    report: Report


Event = Known | Started | Hanging | Retried | Postponed | Finished | RanAgain | Forecast | FewerJobs | ReferenceFirst


@dataclass(slots=True)
class JobProcesses:
    """The sandbox and the job processes that work in it; `artefacts` is the folder for what checks hand on.

    `room` says how many there may be at a time; None for all of `size`.
    """

    grader: JobSource
    size: int
    idle: list[Idle] = field(default_factory=list)
    artefacts: Path | None = None
    room: MemoryRoom | None = None
    sandbox: ForkServer | ContainerSandbox = field(init=False)
    members: list[Job] = field(init=False, default_factory=list)
    waiting: deque[Attempt] = field(init=False, default_factory=deque)
    false_starts: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.sandbox = self.grader.start()

    def capacity(self) -> int:
        """How many job processes there may be, as far as memory allows."""
        return self.room.allowed if self.room else self.size

    def holds(self) -> int:
        """As many as it runs."""
        return self.capacity()

    def submit(self, attempt: Attempt) -> None:
        """Take an attempt, for the next job process that is free."""
        self.waiting.append(attempt)

    def poll(self, notify: Callable[[Event], None], seconds: float = math.inf) -> list[Ended]:
        """Wait until a job process has something to say, or so many seconds, and return the attempts that are over.

        Raises:
            GraderError: a job cannot load the assignment, or cannot start at all.
        """
        if self.room and not self.room.said:
            self.room.said = True
            if self.room.allowed < self.size:
                notify(FewerJobs(self.room.allowed, self.size, self.room.free(), self.room.limit_mib))
        self._fill(len(self.waiting))
        for member in self.members:
            if self.waiting and member.ready and member.attempt is None:
                self._hand_out(member, self.waiting.popleft(), notify)
        over = []
        for member in self._speaking(seconds):
            if self._is_long(member, notify):
                continue
            attempt, report, fault = self._hear(member)
            if attempt is None or (report is None and not fault):
                continue
            ended = Ended(attempt, report, fault)
            if self.room:
                self.room.finished(report.resources.peak_memory_mib if report else 0.0)
            if ended.ours:
                self._renew(member)
            over.append(ended)
        return over

    def cancel(self) -> None:
        """End the job processes that are at work, and with them their sandboxes; nothing waits any more."""
        self.waiting.clear()
        for member in [each for each in self.members if each.attempt]:
            self._dismiss(member)

    def close(self) -> None:
        """End every job process, then the sandbox."""
        for member in self.members:
            member.end()
        self.members.clear()
        self.sandbox.close()

    def _fill(self, expected: int) -> None:
        """As many job processes as there is work for, up to the crew's size; none that holds a dead sandbox."""
        busy = sum(member.attempt is not None for member in self.members)
        for member in [m for m in self.members if m.attempt is None and m.address != self.sandbox.address]:
            self._dismiss(member)
        while len(self.members) < min(self.size, busy + expected):
            spec = replace(self.grader.spec(self.sandbox.address), artefacts=self.artefacts)
            cpu = self._free_cpu()
            started = self.idle.pop().begin(self.grader.job, spec, cpu) if self.idle else None
            self.members.append(started or start_job(self.grader.job, spec, cpu))

    def _free_cpu(self) -> int | None:
        """A processor for one more job and its worker, which take turns; None when there are more jobs than those."""
        taken = {member.cpu for member in self.members}
        own = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
        return next((cpu for cpu in own if cpu not in taken), None) if len(own) >= self.size else None

    def _hand_out(self, member: Job, attempt: Attempt, notify: Callable[[Event], None]) -> None:
        member.attempt, member.deadline = attempt, time.monotonic() + self.grader.seconds
        member.working, member.suspect = None, math.inf
        if attempt.tries == 1:
            notify(Started(attempt.submission.student))
        with suppress(OSError):  # if it died, `_hear` finds the end of its pipe
            member.connection.send(attempt.submission)

    def _speaking(self, seconds: float) -> list[Job]:
        """The jobs that have something to say, are gone, or are overdue; waits for the first, at most so long."""
        soonest = min((min(m.deadline, m.suspect) for m in self.members if m.attempt), default=math.inf)
        most = min(seconds, soonest - time.monotonic())
        left = None if most == math.inf else max(0.0, most)
        ready, now = set(wait([member.connection for member in self.members], left)), time.monotonic()
        return [m for m in self.members if m.connection in ready or (m.attempt and min(m.deadline, m.suspect) <= now)]

    def _is_long(self, member: Job, notify: Callable[[Event], None]) -> bool:
        """Whether a job has nothing to say but that its check takes long, which is passed on once."""
        now, working = time.monotonic(), member.working
        if not member.attempt or not working or member.suspect > now or member.connection.poll():
            return False
        member.suspect = math.inf
        notify(Hanging(member.attempt.submission.student, working.check, working.seconds / 2, working.seconds))
        return member.deadline > now

    def _hear(self, member: Job) -> tuple[Attempt | None, Report | None, str]:
        """One message of a job: (what it was working at, its report, why there is none)."""
        attempt = member.attempt
        said: Ready | Refused | Fault | Working | Report
        if attempt and member.deadline <= time.monotonic() and not member.connection.poll():
            self._dismiss(member)
            why = f"The job was still at this submission after {self.grader.seconds:.0f} s; does a check hang?"
            if member.working:
                most = member.working.seconds
                why = f"{NOT_ENDED} within {most:g} s, and its job was ended with it: {member.working.check!r}."
            return attempt, None, why
        try:
            said = member.connection.recv()
        except (EOFError, OSError):
            return self._lost(member)
        if isinstance(said, Refused):
            raise GraderError(said.why)
        if isinstance(said, Ready):
            member.ready = True
            return None, None, ""
        if isinstance(said, Working):
            now = time.monotonic()
            member.working, member.suspect = said, now + said.seconds / 2
            member.deadline = now + said.seconds + LEEWAY_SECONDS
            return None, None, ""
        member.attempt = None
        return (attempt, said, "") if isinstance(said, Report) else (attempt, None, said.why)

    def _lost(self, member: Job) -> tuple[Attempt | None, Report | None, str]:
        """A job process is gone: its submission gets another chance; a job that never began is our end."""
        member.process.join(GRACE_SECONDS)
        code, attempt, ready = member.process.exitcode, member.attempt, member.ready
        self._dismiss(member)
        self.false_starts += not ready
        if self.false_starts > FALSE_STARTS:
            raise GraderError(f"A job process ended before it could begin (exit code {code}); try again with --jobs 1.")
        if not attempt:
            return None, None, ""
        return attempt, None, f"The job process ended with exit code {code} while it graded this submission."

    def _renew(self, member: Job) -> None:
        """After a fault of ours the next try gets a fresh process, and a fresh sandbox if this one is dead."""
        if member in self.members:
            self._dismiss(member)
        if not self.sandbox.alive():
            self.sandbox.close()
            self.sandbox = self.grader.start()

    def _dismiss(self, member: Job) -> None:
        self.members.remove(member)
        member.end()
