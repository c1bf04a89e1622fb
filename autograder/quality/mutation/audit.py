"""Grade the reference, then every mutant of it, through the same sandbox and crew of jobs as submissions."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import autograder
from autograder import grading
from autograder.assignment.question import Check, Question
from autograder.checks.errors import InstructorError
from autograder.datasets import DataSet, DataSettings
from autograder.grading import RunOptions
from autograder.grading.batch import grade_all
from autograder.grading.grader import AssignmentGrader
from autograder.grading.job_processes import Event, Finished, JobProcesses, Known
from autograder.loader import Loaded
from autograder.notebooks.source import text_file
from autograder.quality.mutation import seeds
from autograder.quality.mutation.grading import (
    ARGUMENTS,
    CHANGES,
    CHANGES_ARGUMENTS,
    DIFFERS_ELSEWHERE,
    NEVER_RUN,
    NO_DIFFERENCE,
    MutantGrader,
    graded_by_question,
    mutant_grader,
    raising,
    without_written,
)
from autograder.quality.mutation.matrix import Matrix, Row
from autograder.quality.mutation.mutants import REFERENCE, Mutant, belongs
from autograder.quality.mutation.progress import Progress, progress_in
from autograder.quality.mutation.seeds import Rate, Subject
from autograder.quality.mutation.selection import KEPT, accepted
from autograder.reports import encodable
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.submissions import Submission

__all__ = ["Audit", "audit"]

LEAST_CPU_SECONDS = 2.0
TIMES_THE_REFERENCE = 5.0


@dataclass(frozen=True, slots=True)
class Audit:
    """How to audit: the course's `root`, the assignment, its data, the sandbox, and how many jobs at a time.

    `questions` are those whose checks are asked. With `first`, a mutant's remaining questions are left out as soon as
    one has caught it. What is caught is tried again under other seeds, `seeds` in all, for `seconds` a mutant. What is
    found out is kept in the folder `keep`, if there is one, from where the same audit goes on after it was stopped.
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
    seconds: float = 60.0
    keep: Path | None = None

    @property
    def key(self) -> str:
        """A hash of all that decides what the checks say of a mutant, this toolkit's own text included."""
        reference = Submission(REFERENCE, self.loaded.reference_folder, self.loaded.reference_sha256)
        digest = hashlib.sha256(grading.result_key(self.loaded, reference, self.dataset, self.options, "").encode())
        digest.update(repr(([question.id for question in self.questions], self.first)).encode())
        home = Path(autograder.__file__).parent
        for path in sorted(home.rglob("*.py")):
            digest.update(path.read_bytes())
        return digest.hexdigest()


def audit(
    plan: Audit,
    mutants: Sequence[Mutant],
    notify: Callable[[Event], None] = lambda _: None,
    notify_rate: Callable[[str, Rate], None] = lambda *_: None,
) -> Matrix:
    """The matrix of mutants and checks, with the catch rates over seeds of those that were caught.

    A mutant that hangs is cut at a few times the processor time of the reference, and counts as caught. Ctrl-C ends
    the audit early: the matrix holds what was found out until then, and says so.

    Raises:
        InstructorError: the reference itself does not pass every check, or a line of accepted mutants is wrong.
        GraderError: the sandbox or a job cannot begin.
    """
    reasons = accepted(plan.loaded)
    with tempfile.TemporaryDirectory(prefix="autograder-audit-") as name:
        folder = Path(name)
        with progress_in(plan.keep or folder / "kept", plan.key) as progress:
            run = _Run(plan, folder, progress, notify, notify_rate)
            stopped = False
            try:
                run.all_of(mutants)
            except KeyboardInterrupt:
                stopped = True
    reference, reports = run.reference, run.reports
    checks = tuple(check.id for question in reference.questions for check in question.checks) if reference else ()
    rows = (
        Row(
            mutant,
            {check.id: check.verdict for question in reports[mutant.id].questions for check in question.checks},
            same_answers=reference is not None and reports[mutant.id].notes == reference.notes,
            accepted="" if mutant.operator == KEPT else reasons.get(mutant.id) or reasons.get(mutant.place, ""),
            rate=run.rates.get(mutant.id),
            alike=run.alike.get(mutant.id, ""),
        )
        for mutant in mutants
        if mutant.id in reports
    )
    return Matrix(checks, tuple(rows), stopped=stopped)


class _Run:
    """One audit: the reference, then every mutant, then those that answered as it did, then the seeds.

    What was found out so far is in `reference`, `reports`, `alike` and `rates`, each of the mutants by its id.
    """

    def __init__(
        self,
        plan: Audit,
        folder: Path,
        progress: Progress,
        notify: Callable[[Event], None],
        notify_rate: Callable[[str, Rate], None],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.progress = progress
        self.notify = notify
        self.notify_rate = notify_rate
        self.reference: Report | None = None
        self.limits: dict[str, dict[str, float]] = {}
        self.own: dict[str, frozenset[str]] = {}
        self.reports: dict[str, Report] = {}
        self.alike: dict[str, str] = {}
        self.rates: dict[str, Rate] = {}

    def all_of(self, mutants: Sequence[Mutant]) -> None:
        """Find everything out."""
        plan = self.plan
        self.reference = reference = self.graded_reference()
        _passes(reference)
        self.limits = _tight(plan, reference)
        self.own = {mutant.id: _own(plan, mutant) for mutant in mutants}
        staged = {mutant.id: _staged(plan.loaded, self.folder / mutant.id, mutant) for mutant in mutants}

        def heard(event: Event) -> None:
            if isinstance(event, Known | Finished):
                self.reports[event.report.student] = without_written(event.report)
            self.notify(event)

        for report in self.grade(list(staged.values()), heard):
            self.reports[report.student] = without_written(report)
        self.distinguish([mutant for mutant in mutants if self.same_answers(mutant)])
        if plan.seeds > 1:
            self.try_seeds(staged)

    def graded_reference(self) -> Report:
        """The reference's report, perhaps from an earlier run."""
        plan = self.plan
        staged = _staged(plan.loaded, self.folder / REFERENCE)
        known = self.progress.store.known(staged.sha256, REFERENCE)
        if known is None:
            limits = {question.id: plan.options.limits for question in plan.questions}
            with plan.start() as started, grading.Shared() as shared:
                known = encodable(
                    graded_by_question(plan.loaded, staged, started, plan.dataset, plan.options, limits, shared)
                )
            self.progress.store.keep(known)
        return known

    def same_answers(self, mutant: Mutant) -> bool:
        """Whether no check noticed a mutant, because all its answers were the reference's; kept ones are mistakes."""
        report = self.reports[mutant.id]
        quiet = all(verdict in (Verdict.PASSED, Verdict.SKIPPED) for verdict in report.verdicts)
        assert self.reference is not None
        return quiet and report.notes == self.reference.notes and mutant.operator != KEPT

    def distinguish(self, mutants: Sequence[Mutant]) -> None:
        """Why the answers of some mutants were those of the reference."""
        if not mutants:
            return
        plan = self.plan
        assert self.reference is not None
        loud = {}
        for mutant in mutants:
            source = raising(mutant)
            if source is not None:
                loud[mutant.id] = _staged(plan.loaded, self.folder / f"{mutant.id}.run", replace(mutant, source=source))
        self.own |= {made.student: self.own[name] for name, made in loud.items()}
        run = {
            report.student.removesuffix(".run")
            for report in self.grade(list(loud.values()))
            if report.notes != self.reference.notes
        }
        self.alike = {mutant.id: NEVER_RUN for mutant in mutants if mutant.id not in run}
        left = [mutant for mutant in mutants if mutant.id in run]
        for change in (*CHANGES, ARGUMENTS):
            if not left:
                return
            made = [_staged(plan.loaded, self.folder / f"{mutant.id}.{change}", mutant) for mutant in left]
            twice = [_staged(plan.loaded, self.folder / f"{REFERENCE}.{change}.{time}") for time in (1, 2)]
            self.own |= {one.student: self.own[mutant.id] for one, mutant in zip(made, left, strict=True)}
            self.own |= {one.student: frozenset(question.id for question in plan.questions) for one in twice}
            expected, again, *others = self.grade([*twice, *made], change=change)
            steady = set(expected.notes) & set(again.notes)  # the answers to other questions differ from run to run
            for mutant, report in zip(left, others, strict=True):
                if not steady <= set(report.notes):
                    self.alike[mutant.id] = CHANGES_ARGUMENTS if change == ARGUMENTS else DIFFERS_ELSEWHERE
            left = [mutant for mutant in left if mutant.id not in self.alike]
        self.alike |= {mutant.id: NO_DIFFERENCE for mutant in left}

    def grade(
        self, submissions: Sequence[Submission], notify: Callable[[Event], None] = lambda _: None, change: str = ""
    ) -> tuple[Report, ...]:
        """Reports, in the order of the submissions."""
        plan, limits, own = self.plan, self.limits, self.own
        first = plan.first and not change

        about = (plan.root, plan.loaded, plan.dataset, plan.data, plan.options, "", lambda _: plan.start())
        grader = MutantGrader(*about, job=mutant_grader, question_limits=limits, first=first, own=own, change=change)
        return grade_all(submissions, grader, self.progress.store, jobs=plan.jobs, notify=notify)

    def try_seeds(self, staged: Mapping[str, Submission]) -> None:
        """The catch rates of the mutants that were caught."""
        plan, subjects = self.plan, []
        assert self.reference is not None
        for name, submission in staged.items():
            known = self.progress.rate(submission.sha256)
            took = _seconds(plan, self.reference) | _seconds(plan, self.reports[name])
            subject = _subject(plan, submission, self.reports[name], took, self.limits, known)
            if known and (known.deterministic or not known.enough):
                self.tried(name, submission, known)
            elif subject.caught_by:
                subjects.append(subject)

        def crew(size: int) -> JobProcesses:
            about = (plan.root, plan.loaded, plan.dataset, plan.data, plan.options, "", lambda _: plan.start())
            return JobProcesses(AssignmentGrader(*about, job=seeds.seed_trier), size)

        seeds.rates(
            subjects,
            plan.seeds,
            plan.seconds,
            crew,
            plan.jobs,
            lambda name, rate: self.tried(name, staged[name], rate),
        )

    def tried(self, name: str, submission: Submission, rate: Rate) -> None:
        """Remember what is known of a mutant's rate."""
        self.rates[name] = rate
        self.progress.keep(submission.sha256, rate)
        self.notify_rate(name, rate)


def _subject(
    plan: Audit,
    submission: Submission,
    report: Report,
    took: Mapping[str, float],
    limits: Mapping[str, dict[str, float]],
    known: Rate | None,
) -> Subject:
    """A mutant, with the checks that caught it and the others; of a check that caught it in some cases, each case."""
    results = {check.id: check for question in report.questions for check in question.checks}
    parts: tuple[list[seeds.Check], list[seeds.Check]] = ([], [])
    for question in plan.questions:
        for check in question.checks:
            drawn = _is_drawn(plan.loaded, check)
            verdicts = _by_case(check, results.get(check.id))
            for name, verdict in verdicts.items():
                seconds = took[check.id] / len(verdicts)
                parts[verdict in seeds.QUIET].append(seeds.Check(name, seconds, limits[question.id], drawn))
    return Subject(submission, tuple(parts[0]), tuple(parts[1]), known)


def _by_case(check: Check, result: CheckResult | None) -> dict[str, Verdict]:
    """The verdict of a check by its id; where it noticed a mutant in some cases, that of each case by the case's id."""
    if result is None:
        return {check.id: Verdict.PASSED}
    cases = {case.name: case.verdict for case in result.cases}
    if result.verdict in seeds.QUIET or all(verdict in seeds.QUIET for verdict in cases.values()):
        return {check.id: result.verdict}
    return {part.id: cases[part.case] for part in check.parts}


def _is_drawn(loaded: Loaded, check: Check) -> bool:
    """Whether a check, or one that it needs, is given random numbers or data."""
    by_id = {each.id: each for each in loaded.assignment.checks}
    own = bool({"rng", "data", "hidden"} & set(check.parameters))
    return own or any(_is_drawn(loaded, by_id[need]) for need in check.needs)


def _staged(loaded: Loaded, folder: Path, mutant: Mutant | None = None) -> Submission:
    """The reference as a submission, with one file replaced by a mutant's."""
    digest = hashlib.sha256(folder.name.encode())
    for file, own in grading.reference_files(loaded).items():
        content = own
        if mutant and file == mutant.file:
            content = text_file(loaded.reference_folder / file, mutant.source)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest.update(content)
    return Submission(folder.name, folder, digest.hexdigest())


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
                    "correct the reference or the check, then audit again."
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
