"""How a mutant is graded: in a job process, each question under limits of its own, with a hash of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from autograder import datasets, grading, loader, sandbox
from autograder.datasets import DataSet
from autograder.grading import RunOptions
from autograder.grading.grader import AssignmentGrader
from autograder.grading.jobs import Grade, JobSpec
from autograder.loader import Loaded
from autograder.quality.mutation.equivalence import (
    ARGUMENTS,
    CHANGES,
    Listening,
)
from autograder.quality.mutation.mutants import REFERENCE
from autograder.results import Report, Verdict
from autograder.sandbox import Sandbox
from autograder.submissions import Submission

__all__ = ["MutantGrader", "MutantSpec", "graded_by_question", "mutant_grader", "without_written"]


@dataclass(frozen=True, slots=True)
class MutantSpec(JobSpec):
    """What a job must know to grade a mutant: the limits of each question, the quickest first.

    With `first`, those that a mutant by its id belongs to, `own`, come before the others. `change` names what is done
    to the values that checks hand over, "" for nothing.
    """

    limits: Mapping[str, dict[str, float]]
    first: bool
    own: Mapping[str, frozenset[str]]
    change: str = ""


@dataclass(frozen=True, slots=True)
class MutantGrader(AssignmentGrader):
    """Grades mutants: the same files have the same result, whatever they are called; the fields are `MutantSpec`'s."""

    question_limits: Mapping[str, dict[str, float]] = field(default_factory=dict)
    first: bool = False
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    change: str = ""

    def key(self, submission: Submission) -> str:
        """The hash of its files."""
        return submission.sha256

    def spec(self, address: str) -> MutantSpec:
        """With the limits of each question."""
        dataset = self.dataset.name if self.dataset else ""
        about = (self.root, self.loaded.id, dataset, self.data, self.options, address)
        return MutantSpec(*about, self.question_limits, self.first, self.own, self.change)


@contextmanager
def mutant_grader(spec: JobSpec) -> Iterator[Grade]:
    """As `grading_job`, but each question under limits of its own, and the answers remembered by their hash."""
    assert isinstance(spec, MutantSpec)
    loaded = loader.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as connected, grading.Shared() as shared:

        def graded(mutant: Submission) -> Report:
            limits = spec.limits
            if spec.first:
                own = spec.own[mutant.student]
                limits = {each: limits[each] for each in sorted(limits, key=lambda each: each not in own)}
            return graded_by_question(
                loaded, mutant, connected, dataset, spec.options, limits, shared, spec.first, spec.change
            )

        yield graded


def graded_by_question(
    loaded: Loaded,
    submission: Submission,
    confined: Sandbox,
    dataset: DataSet | None,
    options: RunOptions,
    limits: Mapping[str, dict[str, float]],
    shared: grading.Shared,
    first: bool = False,
    change: str = "",
) -> Report:
    """A report with the questions in the order of their limits, whose notes are a hash of the answers to each."""
    parts: list[Report] = []
    hashes = []
    variant = loaded.variant_of(REFERENCE, options.seed)  # answers are compared, so all have the same one
    for question, allowed in limits.items():
        listening = Listening(confined, submission.folder, CHANGES.get(change), arguments=change == ARGUMENTS)
        changed = replace(options, only=question, limits=allowed)
        report = grading.grade(loaded, submission, listening, dataset, changed, shared=shared, variant=variant)
        parts.append(without_written(report))
        hashes.append(f"{question}: {listening.digest}")
        if first and any(verdict is not Verdict.PASSED for verdict in parts[-1].verdicts):
            break
    reached = {limit for part in parts for limit in part.resources.reached}
    return replace(
        parts[0],
        questions=tuple(question for part in parts for question in part.questions),
        resources=replace(parts[0].resources, reached=tuple(sorted(reached))),
        replay=replace(parts[0].replay, key=submission.sha256),
        notes=tuple(sorted(hashes)),
    )


def without_written(report: Report) -> Report:
    """The report without the answers that people grade: no check could catch anything in them."""
    questions = (
        replace(question, checks=tuple(check for check in question.checks if not check.by_hand))
        for question in report.questions
    )
    return replace(report, questions=tuple(questions))
