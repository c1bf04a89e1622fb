"""How the submissions of one assignment are graded: one protocol for our assignments and for those of other graders.

`batch` asks it for all that differs between them: the key of a result, a sandbox, what a job process runs, how long
that may take, and the report about a submission that no job brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.datasets import DataSet, DataSettings
from autograder.grading.earlier import PartlyGraded, completed, graded_partly, partly_graded
from autograder.grading.handed_on import NOTHING_HELD, Held
from autograder.grading.jobs import Enter, Grade, JobSpec, Working
from autograder.grading.options import RunOptions, longest_seconds
from autograder.grading.provenance import base_key, is_outdated, result_key
from autograder.grading.reference import reference_as_submission
from autograder.grading.rescoring import rescored
from autograder.loader import Loaded
from autograder.messages import sentence
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict
from autograder.sandbox import ContainerSandbox, ForkServer
from autograder.scoring import question_points, report_points
from autograder.submissions import Submission

__all__ = ["CHECKS_SECONDS", "AssignmentGrader", "Grader", "JobSource", "grading_job", "lost_report"]

CHECKS_SECONDS = 600.0
"""What the checks of one submission may need themselves, before they count as hanging."""


class JobSource(Protocol):
    """What job processes have to know about an assignment."""

    @property
    def job(self) -> Enter:
        """What a job process runs."""

    @property
    def seconds(self) -> float:
        """After so many seconds a job that is still at one submission is ended, until it reports a check that begins:
        then it has the time of that check, and a little more."""

    def spec(self, address: str) -> JobSpec:
        """What a job process is given, with the sandbox's address."""

    def start(self) -> ForkServer | ContainerSandbox:
        """Start a sandbox; called again if it dies on the way."""


class Grader(JobSource, Protocol):
    """What `batch` has to know about an assignment."""

    @property
    def foreseen(self) -> tuple[str, ...]:
        """The modules that the class imports, to be imported once for all."""

    @property
    def assignment_id(self) -> str:
        """The assignment, as reports name it."""

    @property
    def memory_mib(self) -> float:
        """What one submission may use at most at a time."""

    def key(self, submission: Submission) -> str:
        """The hash of all that a submission's result follows from."""

    def outdated(self, report: Report) -> bool:
        """Whether a report under the right key has to be made again all the same."""

    def rescored(self, report: Report) -> Report:
        """A known report with the points and titles of the assignment as it is now."""

    def partly(self, submission: Submission, earlier: Report) -> Submission:
        """The submission with the checks that need not run, because an earlier report of it has their results."""

    def completed(self, submission: Submission, made: Report, earlier: Report) -> Report:
        """A report of the checks that ran, with the results of the others from an earlier one."""

    def lost(self, submission: Submission, why: str) -> Report:
        """The report about a submission that no job brought back; `why` is for staff."""

    def control(self) -> Submission | None:
        """The reference as a submission: it is graded, too, when a fault of ours remains; None where there is none."""


@contextmanager
def grading_job(spec: JobSpec) -> Iterator[Grade]:
    """What a job process does: load once, connect to the sandbox, grade."""
    from autograder import datasets, grading, loader, sandbox

    loaded = loader.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as confined, grading.Shared() as shared:

        def begin(check: str, seconds: float) -> None:
            spec.notify(Working(check, seconds))

        def grade(submission: Submission) -> Report:
            def run(done: frozenset[str] = frozenset(), held: Held = NOTHING_HELD) -> Report:
                return grading.grade(
                    loaded, submission, confined, dataset, spec.options,
                    shared=shared, begin=begin, done=done, held=held, folder=spec.artefacts,
                )  # fmt: skip

            return graded_partly(submission, loaded, run) if isinstance(submission, PartlyGraded) else run()

        yield grade


@dataclass(frozen=True, slots=True)
class AssignmentGrader:
    """Grades submissions of an assignment of our own.

    Args:
        root: the course's folder.
        loaded: the assignment with its reference.
        dataset: the assignment's data, None when it names none.
        data: where data sets are looked for.
        options: how to grade.
        sandbox: the name of the sandbox that `begin` starts; results under another one are others.
        begin: starts it, with the modules in `foreseen` imported as far as they can be.
        job: what a job process runs.
        folder: where the reference is staged as a submission; None for never.
        foreseen: as in `Grader`.
    """

    root: Path
    loaded: Loaded
    dataset: DataSet | None
    data: DataSettings
    options: RunOptions
    sandbox: str
    begin: Callable[[tuple[str, ...]], ForkServer | ContainerSandbox]
    job: Enter = grading_job
    folder: Path | None = None
    foreseen: tuple[str, ...] = ()

    @property
    def assignment_id(self) -> str:
        """Its id."""
        return self.loaded.id

    @property
    def seconds(self) -> float:
        """The limits of all questions, and time for the checks themselves."""
        return longest_seconds(self.loaded, self.options) + CHECKS_SECONDS

    @property
    def memory_mib(self) -> float:
        """The largest limit of any question."""
        return self.loaded.assignment.limits_together(full=self.options.full, changes=self.options.limits).memory_mib

    def spec(self, address: str) -> JobSpec:
        """The assignment by its name: a job loads it anew."""
        dataset = self.dataset.name if self.dataset else ""
        return JobSpec(self.root, self.loaded.id, dataset, self.data, self.options, address)

    def start(self) -> ForkServer | ContainerSandbox:
        """Start the sandbox."""
        return self.begin(self.foreseen)

    def key(self, submission: Submission) -> str:
        """As `result_key`."""
        return result_key(self.loaded, submission, self.dataset, self.options, self.sandbox)

    def outdated(self, report: Report) -> bool:
        """As `is_outdated`."""
        return is_outdated(report, self.foreseen)

    def rescored(self, report: Report) -> Report:
        """As `rescored`."""
        return rescored(report, self.loaded)

    def partly(self, submission: Submission, earlier: Report) -> Submission:
        """As `partly_graded`."""
        base = base_key(self.loaded, submission, self.dataset, self.options, self.sandbox)
        return submission if self.outdated(earlier) else partly_graded(submission, earlier, self.loaded, base)

    def completed(self, submission: Submission, made: Report, earlier: Report) -> Report:
        """As `completed`."""
        done = submission.done if isinstance(submission, PartlyGraded) else frozenset[str]()
        return completed(made, earlier, done, self.loaded) if done else made

    def lost(self, submission: Submission, why: str) -> Report:
        """As `lost_report`."""
        return lost_report(self.loaded, submission, why, self.key(submission))

    def control(self) -> Submission | None:
        """The reference, staged in `folder`."""
        return reference_as_submission(self.loaded, self.folder) if self.folder else None


def lost_report(loaded: Loaded, submission: Submission, why: str, key: str) -> Report:
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
                visible=check.visible,
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
