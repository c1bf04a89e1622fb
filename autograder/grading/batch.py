"""Many submissions, several at a time, and nothing lost.

The main process owns the store and hands out submissions one by one; each job process has loaded assignment and data
once, connects to the sandbox, grades what it is sent, and holds nothing that matters. So a job may die, and so may the
main process (Ctrl-C, kill -9, a power cut): the next run asks the store what is known and goes on from there.

One job or many, there is only this way.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import signal
import sys
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.checks.errors import GraderError
from autograder.datasets import DataSettings
from autograder.grading import RunOptions
from autograder.loader import Loaded
from autograder.messages import NOT_ENDED, for_instructor, sentence
from autograder.optional_packages import missing
from autograder.reports import encodable
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.scoring import question_points, report_points, with_open_points
from autograder.submissions import Submission

if TYPE_CHECKING:  # job processes have no business with the database
    from autograder.store import Store

__all__ = [
    "Event",
    "Finished",
    "Hanging",
    "Idle",
    "JobSpec",
    "Known",
    "Postponed",
    "Retried",
    "Started",
    "Working",
    "grade_all",
    "grader",
    "idle_jobs",
    "internal_report",
]

TRIES = 2
_LONGEST_REASON = 500
FALSE_STARTS = 2
GRACE_SECONDS = 5.0
LEEWAY_SECONDS = 15.0  # behind the limit of a check, for the job to end it and to go on by itself
LEAST_CHECK_MEMORY = 2 << 30
_NOT_RUN = (Verdict.MISSING, Verdict.NOT_ATTEMPTED, Verdict.SKIPPED)
PR_SET_PDEATHSIG = 1

Grade = Callable[[Submission], Report]
Enter = Callable[["JobSpec"], AbstractContextManager[Grade]]
Lost = Callable[[Submission, str, str], Report]


@dataclass(frozen=True, slots=True)
class Working:
    """A job has begun with a check, which is ended after so many seconds."""

    check: str
    seconds: float


def _untold(working: Working) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """All that a job process needs to know; it crosses to another process, so it is plain.

    `tell` is filled in there: it is called when a check begins.
    """

    root: Path
    assignment: str
    dataset: str
    data: DataSettings
    options: RunOptions
    address: str
    tell: Callable[[Working], None] = field(default=_untold, kw_only=True)


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
class Finished:
    """A report was made and is in the store."""

    report: Report


Event = Known | Started | Hanging | Retried | Postponed | Finished


@contextmanager
def grader(spec: JobSpec) -> Iterator[Grade]:
    """What a job process does: load once, connect to the sandbox, grade."""
    from autograder import datasets, grading, loader, sandbox

    loaded = loader.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as walls, grading.Shared() as shared:

        def begin(check: str, seconds: float) -> None:
            spec.tell(Working(check, seconds))

        def grade(submission: Submission) -> Report:
            return grading.grade(loaded, submission, walls, dataset, spec.options, shared=shared, begin=begin)

        yield grade


def grade_all(
    submissions: Sequence[Submission],
    *,
    loaded: Loaded | Lost,
    store: Store,
    key: Callable[[Submission], str],
    spec: Callable[[str], JobSpec],
    start: Callable[[], ForkServer | ContainerSandbox],
    jobs: int,
    notify: Callable[[Event], None],
    patience: float = math.inf,
    job: Enter = grader,
    control: Callable[[], Submission] | None = None,
    outdated: Callable[[Report], bool] = lambda _: False,
    idle: list[Idle] | None = None,
    before: Mapping[tuple[str, str], Report] | None = None,
) -> tuple[Report, ...]:
    """Grade every submission that the store does not know; keep each report the moment it is there.

    Args:
        submissions: what to grade; the reports come back in this order.
        loaded: the assignment, for reports that no job could make; or what makes them of submission, reason and key.
        store: where reports are looked up and kept; only this process writes to it.
        key: the hash of all that a submission's result follows from.
        spec: what a job process is told, given the sandbox's address.
        start: starts the sandbox; called again if the sandbox dies on the way.
        jobs: how many submissions are graded at the same time, 1 or more.
        notify: told of every event, in the main process.
        patience: seconds after which a job that is still at one submission is ended, until it says that a check begins:
            then it has the time of that check, and a little more.
        job: a module-level function from spec to a context manager that gives the grading function.
        control: makes a submission of the reference; it is graded, too, when a fault of ours remains.
        outdated: whether a report that the store knows has to be made again.
        idle: job processes that wait for work; they are taken out of the list before others are started.
        before: what the store knows by key and student, if it was asked already.

    A submission whose job dies, or whose report is INTERNAL, is tried once more in a fresh process, alone; what is
    INTERNAL after that is kept as such. Where the reference, handed in, does not have the same fault, or without it any
    other submission for which the check ran, the submission causes it, however many others do so as well: its report is
    not final, and its points to be had are not lowered.

    Wall time depends on the neighbours: a submission that reached a limit on it while others were graded is graded
    again, alone, when all others are done.

    Raises:
        KeyboardInterrupt: passed on after every job process is gone; what was finished is in the store.
        GraderError: a job cannot load the assignment, or cannot start at all.
    """
    lost = partial(internal_report, loaded) if isinstance(loaded, Loaded) else loaded
    reports: dict[str, Report] = {}
    waiting: deque[Attempt] = deque()
    keys = {submission.student: key(submission) for submission in submissions}
    if before is None:
        before = store.all_known((keys[submission.student], submission.student) for submission in submissions)
    for submission in submissions:
        found = before.get((keys[submission.student], submission.student))
        if found is None or outdated(found):
            waiting.append(Attempt(submission))
        else:
            reports[submission.student] = found
            notify(Known(found))
    known = frozenset(reports)
    compared: Report | None = None
    if waiting:
        crew = Crew(start, spec, job, min(jobs, len(waiting)), patience, idle if idle is not None else [])
        try:
            for attempt, made, fault in crew.run(waiting, notify):
                report = made or encodable(lost(attempt.submission, fault, key(attempt.submission)))
                store.keep(report)
                reports[attempt.submission.student] = report
                notify(Finished(report))
            if control and any(report.internal for report in reports.values()):
                asked = deque([Attempt(control(), alone=True)])
                compared = next((made for _, made, _ in crew.run(asked, _nobody) if made), None)
        finally:
            crew.close()
    for student, report in _told_apart(reports, compared).items():
        if student not in known:
            store.keep(report)
        reports[student] = report
    return tuple(reports[submission.student] for submission in submissions)


def _nobody(_: Event) -> None:
    """Who is told of the reference's way."""


def _told_apart(reports: Mapping[str, Report], compared: Report | None = None) -> dict[str, Report]:
    """The reports with faults of ours that follow the submission, as reports that are not final.

    Args:
        reports: by student.
        compared: the reference's, as a submission. It decides where it was made and the check ran; else the others do.
    """
    found = {}
    for student, report in reports.items():
        own = report.replay.submission_sha256
        others = [each for each in reports.values() if each.replay.submission_sha256 != own]
        for question in report.questions:
            for check in question.checks:
                if check.verdict is not Verdict.INTERNAL or student in found:
                    continue
                verdicts = [verdict for each in others for verdict in _run_verdicts(each, question.id, check.id)]
                control = list(_run_verdicts(compared, question.id, check.id)) if compared else []
                judges = control or verdicts
                if judges and all(verdict is Verdict.INTERNAL for verdict in judges):
                    continue  # it fails whatever is handed in
                reason = (check.staff_message or check.message)[:_LONGEST_REASON]
                why = _whose_fault(check.id, verdicts.count(Verdict.INTERNAL), len(verdicts), bool(control))
                found[student] = replace(with_open_points(report), not_final=f"{why}: {reason}")
    return found


def _whose_fault(check: str, same: int, others: int, compared: bool) -> str:
    """The beginning of a sentence about a fault that `same` of the other submissions have as well."""
    if not (others or compared):
        return f"The grader failed in the check {check!r}, which ran for no other submission"
    who = f"This submission and {same} other{'s' * (same > 1)} cause" if same else "This submission alone causes"
    beside = ", and the reference does not" if compared else ""
    return f"{who} a fault of the grader in the check {check!r}{beside}"


def _run_verdicts(report: Report, question: str, check: str) -> Iterator[Verdict]:
    """How a check of a question ended, if it was run at all: where nothing was handed in, nothing can fail."""
    for asked in report.questions:
        for each in asked.checks:
            if asked.id == question and each.id == check and each.verdict not in _NOT_RUN:
                yield each.verdict


def internal_report(loaded: Loaded, submission: Submission, why: str, key: str) -> Report:
    """A report in which every check is INTERNAL, for a submission that no job brought back."""
    message, staff_message = sentence(Verdict.INTERNAL, hidden=False, hint="", failure=why)
    questions = []
    for question in loaded.assignment.questions:
        checks = tuple(
            CheckResult(
                check.id,
                loaded.assignment.title_of(check),
                check.hidden,
                Verdict.INTERNAL,
                0.0,
                check.points,
                0.0,
                message,
                staff_message,
            )
            for check in question.checks
        )
        checks += tuple(
            CheckResult(
                each.id, each.title, False, Verdict.INTERNAL, 0.0, 0.0, 0.0, message, staff_message, by_hand=each.points
            )
            for each in question.answers
        )
        points, max_points = question_points(checks)
        questions.append(QuestionResult(question.id, question.title, points, max_points, question.bonus, checks))
    points, max_points, bonus = report_points(questions)
    replay = Replay(
        key=key,
        submission_sha256=submission.sha256,
        assignment_sha256=loaded.assignment_sha256,
        reference_sha256=loaded.reference_sha256,
    )
    return Report(
        loaded.id,
        submission.student,
        points,
        max_points,
        bonus,
        tuple(questions),
        Resources(),
        replay,
        notes=submission.notes,
    )


# The main process's side: attempts, job processes, and who gets what.


@dataclass(slots=True)
class Attempt:
    """A submission on its way, and how often it was tried."""

    submission: Submission
    tries: int = 0
    alone: bool = False


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


@dataclass(slots=True)
class Crew:
    """The sandbox and the job processes that work in it."""

    start: Callable[[], ForkServer | ContainerSandbox]
    spec: Callable[[str], JobSpec]
    job: Enter
    size: int
    patience: float
    idle: list[Idle] = field(default_factory=list)
    walls: ForkServer | ContainerSandbox = field(init=False)
    members: list[Job] = field(init=False, default_factory=list)
    false_starts: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.walls = self.start()

    def run(
        self, waiting: deque[Attempt], notify: Callable[[Event], None]
    ) -> Iterator[tuple[Attempt, Report | None, str]]:
        """Yield each attempt that is over, with its report or the reason why there is none."""
        later: deque[Attempt] = deque()
        while waiting or later or any(member.attempt for member in self.members):
            if later and not waiting and not any(member.attempt for member in self.members):
                waiting.append(later.popleft())  # one at a time, each without neighbours
            self._fill(len(waiting))
            for member in self.members:
                if waiting and member.ready and member.attempt is None:
                    self._hand_out(member, waiting.popleft(), notify)
            for member in self._speaking():
                if self._is_long(member, notify):
                    continue
                attempt, report, fault = self._hear(member)
                if attempt is None or (report is None and not fault):
                    continue
                ours = fault or _internal_reason(report)
                if ours:
                    self._renew(member)
                    if attempt.tries < TRIES and not for_instructor(ours):
                        notify(Retried(attempt.submission.student, ours))
                        attempt.alone = True
                        later.append(attempt)
                        continue
                if report and not ours and "wall" in report.resources.reached and self.size > 1 and not attempt.alone:
                    attempt.alone, attempt.tries = True, 0
                    notify(Postponed(attempt.submission.student))
                    later.append(attempt)
                    continue
                yield attempt, report, fault

    def close(self) -> None:
        """End every job process, then the sandbox."""
        for member in self.members:
            member.end()
        self.members.clear()
        self.walls.close()

    def _fill(self, wanted: int) -> None:
        """As many job processes as there is work for, up to the crew's size; none that holds a dead sandbox."""
        busy = sum(member.attempt is not None for member in self.members)
        for member in [m for m in self.members if m.attempt is None and m.address != self.walls.address]:
            self._dismiss(member)
        while len(self.members) < min(self.size, busy + wanted):
            spec, cpu = self.spec(self.walls.address), self._free_cpu()
            started = self.idle.pop().begin(self.job, spec, cpu) if self.idle else None
            self.members.append(started or _start_job(self.job, spec, cpu))

    def _free_cpu(self) -> int | None:
        """A processor for one more job and its worker, which take turns; None when there are more jobs than those."""
        taken = {member.cpu for member in self.members}
        own = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
        return next((cpu for cpu in own if cpu not in taken), None) if len(own) >= self.size else None

    def _hand_out(self, member: Job, attempt: Attempt, notify: Callable[[Event], None]) -> None:
        attempt.tries += 1
        member.attempt, member.deadline = attempt, time.monotonic() + self.patience
        member.working, member.suspect = None, math.inf
        if attempt.tries == 1:
            notify(Started(attempt.submission.student))
        with suppress(OSError):  # if it died, `_hear` finds the end of its pipe
            member.connection.send(attempt.submission)

    def _speaking(self) -> list[Job]:
        """The jobs that have something to say, are gone, or are overdue; waits for the first."""
        soonest = min((min(m.deadline, m.suspect) for m in self.members if m.attempt), default=math.inf)
        left = None if soonest == math.inf else max(0.0, soonest - time.monotonic())
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
        if attempt and member.deadline <= time.monotonic() and not member.connection.poll():
            self._dismiss(member)
            why = f"The job was still at this submission after {self.patience:.0f} s; does a check hang?"
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
        if not self.walls.alive():
            self.walls.close()
            self.walls = self.start()

    def _dismiss(self, member: Job) -> None:
        self.members.remove(member)
        member.end()


def _internal_reason(report: Report | None) -> str:
    """The first sentence for staff about a fault of ours, or ""."""
    checks: Iterable[CheckResult] = () if report is None else (c for q in report.questions for c in q.checks)
    return next((c.staff_message or c.message for c in checks if c.verdict is Verdict.INTERNAL), "")


# The job process's side.


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


@dataclass(frozen=True, slots=True)
class Idle:
    """A job process that waits to be told what to do: a copy of this one from before it knew any assignment."""

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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with warnings.catch_warnings():  # numpy's own threads are ready for it
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Idle(process, ours)


def _wait_for_work(connection: Connection, parent: int, strangers: Sequence[int]) -> None:
    """In a forked job: be nobody's but the main process's, then do as a fresh one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for descriptor in strangers:
        os.close(descriptor)
    _die_with(parent)
    try:
        job, spec, cpu = connection.recv()
    except (EOFError, OSError):
        return
    _work(connection, job, spec, parent, cpu)


def _start_job(job: Enter, spec: JobSpec, cpu: int | None) -> Job:
    """A fresh interpreter, so that nothing of this process (threads, connections, secrets of others) comes along."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, job, spec, os.getpid(), cpu), name="autograder job")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is the main process's business
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Job(process, ours, spec.address, cpu)


def _work(connection: Connection, job: Enter, spec: JobSpec, parent: int, cpu: int | None) -> None:
    """Grade what comes until the pipe ends."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _die_with(parent)
    try:
        with job(replace(spec, tell=connection.send)) as grade:
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
    except Exception as error:  # noqa: BLE001 (told once, by the main process)
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
