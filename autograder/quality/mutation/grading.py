"""How a mutant is graded, and whether it is a mistake at all when it gave every check the reference's answers.

A job process grades it, each question under limits of its own, with a hash of its answers. If those are the
reference's, three things can be the case. The changed line is never run, so no check asks for it. The line is run, and
other inputs would show the mistake: the same checks are run again with the numbers in their calls changed, for mutant
and reference alike, and the answers differ. Or the mistake is in what a call does to its arguments, which no check
compares. Or no difference is seen there either, as where a vector is transposed.
"""

from __future__ import annotations

import ast
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder import datasets, grading, loader, sandbox
from autograder.checks.records import Fields
from autograder.checks.records.conversion import mapped
from autograder.checks.rows import Rows
from autograder.datasets import DataSet
from autograder.grading import RunOptions
from autograder.grading.grader import AssignmentGrader
from autograder.grading.jobs import Grade, JobSpec
from autograder.loader import Loaded
from autograder.quality.mutation.mutants import REFERENCE, Mutant
from autograder.results import Report, Verdict
from autograder.sandbox import Outcome, Request, Sandbox, Session, Tail
from autograder.submissions import Submission
from autograder.wire import PREFIX, decode, encode

__all__ = [
    "ARGUMENTS",
    "CHANGES",
    "CHANGES_ARGUMENTS",
    "DIFFERS_ELSEWHERE",
    "NEVER_RUN",
    "NO_DIFFERENCE",
    "Change",
    "Listening",
    "MutantGrader",
    "MutantSpec",
    "graded_by_question",
    "mutant_grader",
    "raising",
    "without_written",
]


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


# --- answers as a hash: two submissions with equal hashes gave the same answers, byte for byte ---

Change = Callable[[Sequence[bytes | memoryview]], Sequence[bytes | memoryview]]
"""What is done to the frame of a request before it goes in."""


class Listening:
    """A sandbox that remembers, question by question, what a submission answered: a `Sandbox` around another one.

    Args:
        inner: the sandbox.
        folder: the submission's; other sandboxes, in which the reference answers, are left alone.
        change: what is done to each request on its way in, if anything.
        arguments: whether the arguments of each call, as it leaves them, are answers, too.
    """

    def __init__(self, inner: Sandbox, folder: Path, change: Change | None = None, *, arguments: bool = False) -> None:
        self.inner = inner
        self.folder = folder
        self.change = change
        self.arguments = arguments
        self.name, self.enforced, self.preloaded = inner.name, inner.enforced, inner.preloaded
        self.sessions: list[ListeningSession] = []

    def open(self, request: Request) -> Session:
        """Open the inner one."""
        if request.folder != self.folder:
            return self.inner.open(request)
        self.sessions.append(ListeningSession(self.inner.open(request), self.change, arguments=self.arguments))
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
    """A session that hashes each answer as it comes; `change` and `arguments` as of `Listening`."""

    def __init__(self, inner: Session, change: Change | None = None, *, arguments: bool = False) -> None:
        self.inner = inner
        self.change = change
        self.arguments = arguments
        self.answers = hashlib.sha256()

    def exchange(self, frame: Sequence[bytes | memoryview]) -> memoryview:
        """Send one request and hash its answer."""
        if self.arguments and (after := _after(frame)):
            self.answers.update(self.inner.exchange(after))
        answer = self.inner.exchange(self.change(frame) if self.change else frame)
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


# --- why the answers are those of the reference ---

NEVER_RUN = "no check runs this line"
DIFFERS_ELSEWHERE = "it differs at other inputs, which no check asks for"
CHANGES_ARGUMENTS = "it leaves other arguments behind, which no check compares"
ARGUMENTS = "arguments"
"""In place of a name of `CHANGES`: the inputs stay, and the arguments after each call are compared."""
NO_DIFFERENCE = "no difference seen"

_CARRYING = ("call", "new", "map", "starmap", "after", "set")  # requests that hand values to the submission
_STRENGTH = 0.1


def raising(mutant: Mutant) -> str | None:
    """The mutant's file with an error raised where its change is run; None where no such place is found."""
    lines = mutant.source.splitlines()
    tree = ast.parse(mutant.source)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
    ]
    for node in sorted(around, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        place: ast.stmt = node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = node.body[0]  # of a default value or a decorator, what counts is whether the function is called
        at = place.lineno - 1
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        changed = "\n".join([*lines[:at], f'{indent}raise RuntimeError("this line is run")', *lines[at:]]) + "\n"
        try:
            compile(changed, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue  # an elif, or a statement behind a colon: the one around it is as good
        return changed
    return None


def _floats(value: Any, noise: np.random.Generator) -> Any:
    """The value with every floating-point number changed by up to a tenth, and zeros replaced by small numbers."""
    if type(value) is float:
        return float(_floats(np.array([value]), noise)[0])
    if isinstance(value, np.generic) and value.dtype.kind == "f":
        return value.dtype.type(_floats(np.array([value]), noise)[0])
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        factor = noise.uniform(-_STRENGTH, _STRENGTH, value.shape)
        return np.where(value == 0, factor, value * (1 + factor)).astype(value.dtype)
    return value


def _integers(value: Any, noise: np.random.Generator) -> Any:
    """The value with every integer larger by one or two, and the integers of an array in another order."""
    if type(value) is int:
        return value + int(noise.integers(1, 3))
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return noise.permutation(value.reshape(-1)).reshape(value.shape)
    return value


def _through(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with the change made to each number and array in it; keys, texts and objects stay."""
    if isinstance(value, Rows):
        return Rows(tuple(_through(each, change) for each in value.columns))
    if isinstance(value, (tuple, list, dict, deque, Fields)):
        return mapped(value, lambda each: _through(each, change), flat=False)
    return change(value)


def _request(request: Any, change: Callable[[Any], Any]) -> Any:
    match request:
        case ("sequence", [*requests]):
            return "sequence", [_request(each, change) for each in requests]
        case (str(verb), target, name, *values) if verb in _CARRYING:
            return verb, target, name, *(_through(each, change) for each in values)
    return request


def _after(frame: Sequence[bytes | memoryview]) -> Sequence[bytes | memoryview]:
    """The requests for the arguments of the calls in a frame, as these leave them; () for a frame without calls."""
    whole = bytearray(b"".join(frame))
    if len(whole) < PREFIX.size:
        return ()
    match decode(whole):
        case ("call", target, name, arguments, named) if arguments or named:
            return encode(("after", target, name, arguments, named))
        case ("sequence", [*requests]):
            calls = [each for each in requests if each[0] == "call" and (each[3] or each[4])]
            return encode(("sequence", [("after", *each[1:]) for each in calls])) if calls else ()
    return ()


def _changing(change: Callable[[Any, np.random.Generator], Any]) -> Change:
    """What changes each request on its way in, every time in the same way."""

    def changed(frame: Sequence[bytes | memoryview]) -> Sequence[bytes | memoryview]:
        noise = np.random.default_rng(0)
        whole = bytearray(b"".join(frame))
        if len(whole) < PREFIX.size:
            return frame
        return encode(_request(decode(whole), lambda value: change(value, noise)))

    return changed


CHANGES: dict[str, Change] = {"floats": _changing(_floats), "integers": _changing(_integers)}
"""What is done to the values that checks hand over, by name."""
