"""Grade the reference, then every mutant of it, through the same sandbox and crew of jobs as submissions."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import datasets, loading, running, sandbox
from autograder.auditing import seeds
from autograder.auditing.kept import KEPT
from autograder.auditing.matrix import Matrix, Row
from autograder.auditing.mutants import Mutant, belongs
from autograder.auditing.seeds import Rate, Subject
from autograder.batch import Crew, Event, JobSpec, grade_all
from autograder.datasets import DataSet, DataSettings
from autograder.declare import Question
from autograder.errors import InstructorError
from autograder.intake import Submission
from autograder.loading import Loaded
from autograder.model import Report, Verdict
from autograder.notebooks.source import text_file
from autograder.running import RunOptions
from autograder.sandbox import ContainerSandbox, ForkServer, Outcome, Request, Sandbox, Session, Tail
from autograder.store import Store, sqlite_address

__all__ = ["Audit", "accepted", "audit"]

ACCEPTED = "mutants/accepted.txt"
LEAST_CPU_SECONDS = 2.0
TIMES_THE_REFERENCE = 5.0
CHECKS_SECONDS = 600.0
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Audit:
    """How to audit: the course's `root`, the assignment, its data, the sandbox, and how many jobs at a time.

    `questions` are those whose checks are asked. With `first`, a mutant's remaining questions are left out as soon as
    one has caught it. What is caught is tried again under other seeds, `seeds` in all.
    """

    root: Path
    loaded: Loaded
    dataset: DataSet | None
    data: DataSettings
    options: RunOptions
    start: Callable[[], ForkServer | ContainerSandbox]
    questions: tuple[Question, ...]
    jobs: int = 1
    first: bool = False
    seeds: int = 1


@dataclass(frozen=True, slots=True)
class MutantSpec(JobSpec):
    """What a job must know to grade a mutant: the limits of each question, the quickest first.

    With `first`, those that a mutant by its id belongs to, `own`, come before the others.
    """

    limits: Mapping[str, dict[str, float]]
    first: bool
    own: Mapping[str, frozenset[str]]


def audit(
    plan: Audit,
    mutants: Sequence[Mutant],
    notify: Callable[[Event], None] = lambda _: None,
    notify_rate: Callable[[str, Rate], None] = lambda *_: None,
) -> Matrix:
    """The matrix of mutants and checks, with the catch rates over seeds of those that were caught.

    A mutant that hangs is cut at a few times the processor time of the reference, and counts as caught.

    Raises:
        InstructorError: the reference itself does not pass every check, or a line of accepted mutants is wrong.
        GraderError: the sandbox or a job cannot begin.
    """
    reasons = accepted(plan.loaded)
    with tempfile.TemporaryDirectory(prefix="autograder-audit-") as name:
        folder = Path(name)
        reference = _reference(plan, folder / REFERENCE)
        _passes(reference)
        staged = [_staged(plan.loaded, folder / mutant.id, mutant) for mutant in mutants]
        own = {mutant.id: _own(plan, mutant) for mutant in mutants}
        limits = _tight(plan, reference)
        reports = _grade(plan, staged, limits, own, folder / "audit.db", notify)
        found = _rates(plan, staged, reports, reference, limits, notify_rate)
    checks = tuple(check.id for question in reference.questions for check in question.checks)
    rows = (
        Row(
            mutant,
            {check.id: check.verdict for question in _of_checks(report).questions for check in question.checks},
            same_answers=report.notes == reference.notes,
            accepted="" if mutant.operator == KEPT else reasons.get(mutant.id) or reasons.get(mutant.place, ""),
            rate=found.get(mutant.id),
        )
        for mutant, report in zip(mutants, reports, strict=True)
    )
    return Matrix(checks, tuple(rows))


def accepted(loaded: Loaded) -> dict[str, str]:
    """The survivors that the instructor accepts, by id or ``file:line:operator``, with the reason for each.

    Raises:
        InstructorError: a line without a reason.
    """
    path = loaded.folder / ACCEPTED
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.is_file() else (), 1):
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise InstructorError(f"{path}:{number}: write why {name} is accepted behind it, on the same line.")
        found[name] = reason.strip()
    return found


def _staged(loaded: Loaded, folder: Path, mutant: Mutant | None = None) -> Submission:
    """The reference as a submission, with one file replaced by a mutant's."""
    digest = hashlib.sha256(folder.name.encode())
    for file in (*loaded.assignment.files, *loaded.assignment.extra_files):
        content = (loaded.reference_folder / file).read_bytes()
        if mutant and file == mutant.file:
            content = text_file(loaded.reference_folder / file, mutant.source)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest.update(content)
    return Submission(folder.name, folder, digest.hexdigest())


def _reference(plan: Audit, folder: Path) -> Report:
    limits = {question.id: plan.options.limits for question in plan.questions}
    with plan.start() as walls:
        return _graded(plan.loaded, _staged(plan.loaded, folder), walls, plan.dataset, plan.options, limits)


def _grade(
    plan: Audit,
    submissions: Sequence[Submission],
    limits: Mapping[str, dict[str, float]],
    own: Mapping[str, frozenset[str]],
    database: Path,
    notify: Callable[[Event], None],
) -> tuple[Report, ...]:
    def spec(address: str) -> JobSpec:
        dataset = plan.dataset.name if plan.dataset else ""
        return MutantSpec(plan.root, plan.loaded.id, dataset, plan.data, plan.options, address, limits, plan.first, own)

    with Store(sqlite_address(database)) as store:
        return grade_all(
            submissions,
            loaded=plan.loaded,
            store=store,
            key=lambda submission: submission.sha256,
            spec=spec,
            start=plan.start,
            jobs=plan.jobs,
            notify=notify,
            patience=running.longest_seconds(plan.loaded, plan.options) + CHECKS_SECONDS,
            job=mutant_grader,
        )


def _rates(
    plan: Audit,
    staged: Sequence[Submission],
    reports: Sequence[Report],
    reference: Report,
    limits: Mapping[str, dict[str, float]],
    notify: Callable[[str, Rate], None],
) -> dict[str, Rate]:
    """The catch rates of the mutants that were caught."""
    if plan.seeds < 2:
        return {}
    quiet = (Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERNAL)
    subjects = []
    for submission, report in zip(staged, reports, strict=True):
        took = _seconds(plan, reference) | _seconds(plan, report)
        verdicts = {check.id: check.verdict for question in _of_checks(report).questions for check in question.checks}
        parts: tuple[list[seeds.Check], list[seeds.Check]] = ([], [])
        for question in plan.questions:
            for check in question.checks:
                said = verdicts.get(check.id, Verdict.PASSED)
                parts[said in quiet].append(seeds.Check(check.id, took[check.id], limits[question.id]))
        if parts[0]:
            subjects.append(Subject(submission, tuple(parts[0]), tuple(parts[1])))

    def crew(size: int) -> Crew:
        dataset = plan.dataset.name if plan.dataset else ""

        def spec(address: str) -> JobSpec:
            return JobSpec(plan.root, plan.loaded.id, dataset, plan.data, plan.options, address)

        patience = running.longest_seconds(plan.loaded, plan.options) + CHECKS_SECONDS
        return Crew(plan.start, spec, seeds.seed_trier, size, patience)

    return seeds.rates(subjects, plan.seeds, crew, plan.jobs, notify)


def _seconds(plan: Audit, report: Report) -> dict[str, float]:
    """What each check took, with those that it needs."""
    alone = {check.id: check.seconds for question in report.questions for check in question.checks}
    needs = {check.id: check.needs for question in plan.questions for check in question.checks}

    def whole(check: str) -> set[str]:
        return {check}.union(*(whole(need) for need in needs.get(check, ())))

    return {check: sum(alone.get(each, 0.0) for each in whole(check)) for check in needs if check in alone}


def _own(plan: Audit, mutant: Mutant) -> frozenset[str]:
    """The questions whose solution the mutant changes."""
    interface = plan.loaded.interface
    return frozenset(each.id for each in plan.questions if each.solution and belongs(mutant, each, interface))


def _passes(reference: Report) -> None:
    for question in reference.questions:
        for check in question.checks:
            if check.verdict is not Verdict.PASSED:
                said = (check.staff_message or check.message).partition("\n")[0]
                raise InstructorError(
                    f"The reference itself does not pass {check.id!r} ({check.verdict}: {said}); "
                    "mend the reference or the check, then audit again."
                )


def _tight(plan: Audit, reference: Report) -> dict[str, dict[str, float]]:
    """The limits of each question, with a processor time by the reference's own; the quickest question first."""
    seconds = {question.id: sum(check.seconds for check in question.checks) for question in reference.questions}
    limits = {}
    for question in sorted(plan.questions, key=lambda question: seconds[question.id]):
        own = plan.loaded.assignment.limits_of(question, full=plan.options.full).changed(plan.options.limits)
        cpu = min(own.cpu, max(LEAST_CPU_SECONDS, TIMES_THE_REFERENCE * seconds[question.id]))
        limits[question.id] = {**plan.options.limits, "cpu_seconds": cpu}
    return limits


# The job process's side.


@contextmanager
def mutant_grader(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """As `batch.grader`, but each question under limits of its own, and the answers remembered by their hash."""
    assert isinstance(spec, MutantSpec)
    loaded = loading.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as walls:

        def graded(mutant: Submission) -> Report:
            limits = spec.limits
            if spec.first:
                own = spec.own[mutant.student]
                limits = {each: limits[each] for each in sorted(limits, key=lambda each: each not in own)}
            return _graded(loaded, mutant, walls, dataset, spec.options, limits, first=spec.first)

        yield graded


def _graded(
    loaded: Loaded,
    submission: Submission,
    walls: Sandbox,
    dataset: DataSet | None,
    options: RunOptions,
    limits: Mapping[str, dict[str, float]],
    first: bool = False,
) -> Report:
    """A report with the questions in the order of their limits, whose only note is a hash of all answers."""
    listening = Listening(walls)
    parts: list[Report] = []
    for question, allowed in limits.items():
        changed = replace(options, only=question, limits=allowed)
        parts.append(_of_checks(running.grade(loaded, submission, listening, dataset, changed)))
        if first and any(verdict is not Verdict.PASSED for verdict in parts[-1].verdicts):
            break
    reached = {limit for part in parts for limit in part.resources.reached}
    return replace(
        parts[0],
        questions=tuple(question for part in parts for question in part.questions),
        resources=replace(parts[0].resources, reached=tuple(sorted(reached))),
        replay=replace(parts[0].replay, key=submission.sha256),
        notes=(listening.digest,),
    )


def _of_checks(report: Report) -> Report:
    """The report without the answers that people grade: no check could catch anything in them."""
    questions = (
        replace(question, checks=tuple(check for check in question.checks if not check.by_hand))
        for question in report.questions
    )
    return replace(report, questions=tuple(questions))


class Listening:
    """A sandbox that remembers, question by question, what was answered: a `Sandbox` around another one."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner
        self.name, self.enforced, self.preloaded = inner.name, inner.enforced, inner.preloaded
        self.sessions: list[ListeningSession] = []

    def open(self, request: Request) -> Session:
        """Open the inner one."""
        self.sessions.append(ListeningSession(self.inner.open(request)))
        return self.sessions[-1]

    @property
    def digest(self) -> str:
        """A hash of all answers so far, whichever question came first."""
        answers = sorted(session.answers.hexdigest() for session in self.sessions)
        return hashlib.sha256("".join(answers).encode()).hexdigest()

    def close(self) -> None:
        """The inner one is its owner's to close."""

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ListeningSession:
    """A session that hashes each answer as it comes."""

    def __init__(self, inner: Session) -> None:
        self.inner = inner
        self.answers = hashlib.sha256()

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Send one request and hash its answer."""
        answer = self.inner.exchange(frame)
        self.answers.update(answer)
        return answer

    def at_most(self, seconds: float) -> None:
        """Limit each exchange of the inner session."""
        self.inner.at_most(seconds)

    def grant(self, seconds: float) -> None:
        """Limit all exchanges of the inner session together."""
        self.inner.grant(seconds)

    @property
    def granted(self) -> float:
        """What is left of what the inner session was granted."""
        return self.inner.granted

    def spend(self, seconds: float) -> None:
        """Count seconds in the inner session."""
        self.inner.spend(seconds)

    @property
    def waited(self) -> float:
        """How long the inner session was waited for."""
        return self.inner.waited

    def close(self) -> Outcome:
        """End the inner session."""
        return self.inner.close()

    @property
    def output(self) -> Tail:
        """What the inner session printed."""
        return self.inner.output
