"""The same mutants under many seeds: a check that catches a mistake by chance lets it pass under another seed.

A check that draws nothing says the same under every seed; where one catches the mutant, that is all there is to try.
Else seeds are tried one after the other, many of them in one sandbox: the quickest check that caught the mutant under
the first seed is asked, with what it needs, then the others that caught it, and all others before it counts as missed.
So a seed costs about as much as the quickest check that sees the mistake. Where that is a long training, the seconds
that a mutant may take are enough for few seeds, and the rate says so by its bound.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from autograder import datasets, grading, loader, sandbox
from autograder.grading.engine import run_all
from autograder.grading.job_processes import JobProcesses
from autograder.grading.jobs import Attempt, Grade, JobSpec
from autograder.quality.mutation.grading import Listening
from autograder.quality.mutation.mutants import REFERENCE
from autograder.results import Report, Verdict
from autograder.submissions import Submission

__all__ = ["ALLOWED", "Check", "Rate", "Subject", "rates", "seed_trier"]

ALLOWED = 1 / 1000
"""The largest share of seeds on which a mutant may pass and still counts as caught."""
CONFIDENCE = 0.95
EVERY = 5
"""Under so many seeds each quick check that caught the mutant is asked, whether another one has caught it or not."""
QUICK_SECONDS = 1.0
FEWEST = 2
LOST = 3
AT_ONCE = 100
AT_ONCE_SECONDS = 5.0
QUIET = (Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERNAL)
"""Verdicts of a check that has not noticed a mistake itself."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check that may be asked, or one case of it: its id, the seconds of wall time it took, and its limits.

    `drawn` says that it gets random numbers or data, or needs a check that does.
    """

    id: str
    seconds: float
    limits: dict[str, float]
    drawn: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """A mutant as a submission, with the checks that caught it under the first seed, and those that did not.

    `known` is what an earlier run found out before it was stopped.
    """

    submission: Submission
    caught_by: tuple[Check, ...]
    others: tuple[Check, ...]
    known: Rate | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """On how many of `seeds` a mutant was caught, the first one included.

    Attributes:
        by_check: for each quick check that caught it under the first seed: (caught, asked), under those seeds on
            which all of them were asked.
        check: the check that was asked under all seeds, the quickest that catches it.
        seconds: wall time of all trials together.
        deterministic: whether `check` draws nothing, so that it says the same under every seed.
        done: whether no more seeds are to be tried; False for what was found out before a run was stopped.
        tried: the number of the last seed, with those on which a fault of ours decided.
    """

    caught: int
    seeds: int
    by_check: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    check: str = ""
    seconds: float = 0.0
    deterministic: bool = False
    done: bool = True
    tried: int = 0

    @property
    def missed(self) -> int:
        """On how many seeds no check noticed."""
        return self.seeds - self.caught

    @property
    def enough(self) -> bool:
        """Whether it passed on no more than one seed in a thousand."""
        return self.missed <= ALLOWED * self.seeds

    @property
    def at_least(self) -> float:
        """The share of all seeds on which it is caught at least, with 95 % confidence (Clopper and Pearson 1934)."""
        if self.missed >= self.seeds:
            return 0.0
        if self.deterministic:
            return 1.0
        low, high = 0.0, 1.0  # the share of seeds on which it is missed
        for _ in range(60):
            middle = (low + high) / 2
            fits = sum(_binomial(k, self.seeds, middle) for k in range(self.missed + 1)) > 1 - CONFIDENCE
            low, high = (middle, high) if fits else (low, middle)
        return 1 - high


@dataclass(frozen=True, slots=True)
class Trial(Submission):
    """A mutant and one check, to be tried under the seeds of some numbers."""

    check: str = ""
    numbers: tuple[int, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a trial: a verdict for each number, the seconds it took, and a hash of the mutant's answers."""

    verdicts: tuple[Verdict, ...]
    seconds: float = 0.0
    answers: str = ""


Trying = Generator["Trial | Rate", "Answer | None", Rate]
"""The trials of one mutant: yields each, and what is known so far after some of them; returns the rate."""


def rates(
    subjects: Sequence[Subject],
    seeds: int,
    seconds: float,
    crew: Callable[[int], JobProcesses],
    jobs: int,
    notify: Callable[[str, Rate], None] = lambda *_: None,
) -> dict[str, Rate]:
    """The catch rate of each mutant, by the name under which it was submitted.

    Args:
        subjects: mutants that were caught under the first seed.
        seeds: how many seeds are tried; fewer where it is already shown that more than `ALLOWED` of them let a
            mutant pass.
        seconds: wall time that all trials of one mutant may take; but two seeds are tried in any case.
        crew: makes job processes of a size, running `seed_trier`.
        jobs: the largest size.
        notify: called with what is known of a mutant so far, again and again; `done` of the last one is True.

    Raises:
        GraderError: the sandbox or a job cannot begin.
    """
    found: dict[str, Rate] = {}
    todo = deque(subjects)
    running_now: dict[str, Trying] = {}
    waiting: deque[Attempt] = deque()

    def begin() -> None:
        while todo:
            subject = todo.popleft()
            if go_on(subject.submission.student, _tried(subject, seeds, seconds), None):
                return

    def go_on(name: str, tries: Trying, answer: Answer | None) -> bool:
        """Send what came, and have the next one tried; False when the mutant is done."""
        try:
            came = tries.send(answer)
            while isinstance(came, Rate):
                notify(name, came)
                came = next(tries)
        except StopIteration as end:
            found[name] = end.value
            notify(name, end.value)
            return False
        running_now[name] = tries
        waiting.append(Attempt(came))
        return True

    size = max(1, min(jobs, len(subjects)))
    for _ in range(size):
        begin()
    if not waiting:
        return found
    workers = crew(size)
    try:
        for attempt, report, _ in run_all(workers, waiting, lambda _: None):
            trial = attempt.submission
            assert isinstance(trial, Trial)
            if not go_on(trial.student, running_now.pop(trial.student), _answer(trial, report)):
                begin()
    finally:
        workers.close()
    return found


def _tried(subject: Subject, seeds: int, budget: float) -> Trying:
    rate = subject.known or Rate(1, 1, done=False)
    first = sorted(subject.caught_by, key=lambda check: check.seconds)
    last = sorted(subject.others, key=lambda check: check.seconds)
    if not subject.known:
        for check in first:
            if not check.drawn and (certain := (yield from _says_the_same(subject, check))):
                return certain
    quickest = first[0].seconds if first else QUICK_SECONDS
    quick = [check for check in first if check.seconds <= max(QUICK_SECONDS, quickest)]
    noticed = {check.id: rate.by_check.get(check.id, (1, 1))[0] for check in quick}
    asked = {check.id: rate.by_check.get(check.id, (1, 1))[1] for check in quick}
    cost = {check.id: check.seconds for check in first}
    lost = 0
    while rate.seeds < seeds and lost < LOST and not _shown(rate.missed, rate.seeds):
        first.sort(key=lambda check: cost[check.id])
        each = cost[first[0].id] if first else QUICK_SECONDS
        if rate.seeds >= FEWEST and rate.seconds + each > budget:
            break
        early = rate.tried + 1 < EVERY
        many = 1 if early else _at_once(each, seeds - rate.seeds, budget - rate.seconds)
        numbers = range(rate.tried + 1, rate.tried + 1 + many)
        unseen, ours, spent = set(numbers), set[int](), 0.0
        for check in (*first, *last):
            all_of_them = early and check in quick
            ask = tuple(numbers) if all_of_them else tuple(sorted(unseen))
            if not ask:
                continue
            answer = yield Trial(
                subject.submission.student,
                subject.submission.folder,
                subject.submission.sha256,
                check=check.id,
                numbers=ask,
                limits=check.limits,
            )
            assert answer is not None
            spent += answer.seconds
            cost[check.id] = answer.seconds / len(ask)
            ours |= {number for number, said in zip(ask, answer.verdicts, strict=True) if said is Verdict.INTERNAL}
            hits = {number for number, said in zip(ask, answer.verdicts, strict=True) if said not in QUIET}
            unseen -= hits
            if all_of_them:
                asked[check.id] += len(ask)
                noticed[check.id] += len(hits)
        lost += len(ours & unseen)
        rate = Rate(
            rate.caught + len(numbers) - len(unseen),
            rate.seeds + len(numbers) - len(ours & unseen),
            {check.id: (noticed[check.id], asked[check.id]) for check in quick},
            min(first, key=lambda check: cost[check.id]).id if first else "",
            rate.seconds + spent,
            done=False,
            tried=numbers[-1],
        )
        yield rate
    return replace(rate, done=True)


def _says_the_same(subject: Subject, check: Check) -> Generator[Trial, Answer | None, Rate | None]:
    """The rate of a mutant that a check catches which draws nothing, if it meets the same answers under two seeds.

    A solution may draw random numbers of its own; then its answers differ, and seeds are tried as for other checks.
    """
    made = subject.submission
    answers = []
    for number in (1, 2):
        answer = yield Trial(
            made.student, made.folder, made.sha256, check=check.id, numbers=(number,), limits=check.limits
        )
        assert answer is not None
        if answer.verdicts[0] in QUIET:
            return None
        answers.append(answer)
    if answers[0].answers != answers[1].answers:
        return None
    seconds = sum(answer.seconds for answer in answers)
    return Rate(3, 3, {check.id: (3, 3)}, check.id, seconds, deterministic=True, tried=2)


def _at_once(each: float, seeds: int, seconds: float) -> int:
    """How many seeds are tried in one go, for a check of `each` seconds: what is left, but a few seconds at most."""
    affordable = min(AT_ONCE_SECONDS, seconds) / max(each, 1e-4)
    return max(1, min(AT_ONCE, seeds, int(affordable)))


def _shown(missed: int, seeds: int) -> bool:
    """Whether so many misses show, with a confidence of 95 %, that it passes on more seeds than are allowed."""
    fewer = sum(_binomial(k, seeds, ALLOWED) for k in range(missed))
    return missed > 0 and 1 - fewer < 1 - CONFIDENCE


def _binomial(k: int, n: int, p: float) -> float:
    """The probability of k of n; p lies between 0 and 1 without these."""
    chosen = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(chosen + k * math.log(p) + (n - k) * math.log1p(-p))


def _answer(trial: Trial, report: Report | None) -> Answer:
    """What a job's report says of a trial; without one, a fault of ours."""
    if report is None or len(report.verdicts) != len(trial.numbers):
        return Answer((Verdict.INTERNAL,) * len(trial.numbers))
    seconds = sum(check.seconds for question in report.questions for check in question.checks)
    return Answer(report.verdicts, seconds, "".join(report.notes))


# The job process's side.


@contextmanager
def seed_trier(spec: JobSpec) -> Iterator[Grade]:
    """What a job process does: load once, connect to the sandbox, try mutants with single checks under many seeds."""
    loaded = loader.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as connected, grading.Shared() as shared:

        def tried(submission: Submission) -> Report:
            assert isinstance(submission, Trial)
            listening = Listening(connected, submission.folder)
            options = replace(spec.options, only=submission.check, limits=submission.limits)
            runs = [f"seed {number}" for number in submission.numbers]
            variant = loaded.variant_of(REFERENCE, options.seed)
            report = grading.grade_again(loaded, submission, listening, dataset, options, runs, shared, variant)
            return replace(report, notes=(listening.digest,))

        yield tried
