"""The same mutants under many seeds: a check that catches a mistake by luck lets it pass under another seed.

Seeds are tried one after the other for each mutant. Under each one the checks are asked that caught it under the first
seed, the quickest first, until one catches it again; if none does, all others are asked before it counts as missed. So
a seed costs about as much as the quickest check that sees the mistake. Where that is a long training, fewer seeds are
tried, and the rate says so by its bound.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from autograder import datasets, loading, running, sandbox
from autograder.batch import Attempt, Crew, JobSpec
from autograder.intake import Submission
from autograder.model import Report, Verdict

__all__ = ["ALLOWED", "Check", "Rate", "Subject", "rates", "seed_trier"]

ALLOWED = 1 / 1000
"""The largest share of seeds on which a mutant may pass and still counts as caught."""
CONFIDENCE = 0.95
EVERY = 5
"""Under so many seeds each quick check that caught the mutant is asked, whether another one has caught it or not."""
QUICK_SECONDS = 1.0
FEWEST = 2
LOST = 3


@dataclass(frozen=True, slots=True)
class Check:
    """A check that may be asked: its id, what it took (seconds of wall time), and the limits under which it runs."""

    id: str
    seconds: float
    limits: dict[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """A mutant as a submission, with the checks that caught it under the first seed, and those that did not."""

    submission: Submission
    caught_by: tuple[Check, ...]
    others: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """On how many of `seeds` a mutant was caught, the first one included.

    `by_check` counts for each quick check that caught it under the first seed: (caught, asked), under those seeds on
    which all of them were asked.
    """

    caught: int
    seeds: int
    by_check: Mapping[str, tuple[int, int]] = field(default_factory=dict)

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
        low, high = 0.0, 1.0  # the share of seeds on which it is missed
        for _ in range(60):
            middle = (low + high) / 2
            fits = sum(_binomial(k, self.seeds, middle) for k in range(self.missed + 1)) > 1 - CONFIDENCE
            low, high = (middle, high) if fits else (low, middle)
        return 1 - high


@dataclass(frozen=True, slots=True)
class Trial(Submission):
    """A mutant and one check, to be tried under the seed of a number."""

    check: str = ""
    number: int = 0
    limits: dict[str, float] = field(default_factory=dict)


def rates(
    subjects: Sequence[Subject],
    seeds: int,
    crew: Callable[[int], Crew],
    jobs: int,
    notify: Callable[[str, Rate], None] = lambda *_: None,
) -> dict[str, Rate]:
    """The catch rate of each mutant, by the name under which it was submitted.

    Args:
        subjects: mutants that were caught under the first seed.
        seeds: how many seeds are tried; fewer where the quickest check that catches a mutant takes more than a second,
            in proportion, and where it is already shown that more than `ALLOWED` of them let it pass.
        crew: makes job processes of a size, running `seed_trier`.
        jobs: the largest size.
        notify: told of each mutant that is done.

    Raises:
        GraderError: the sandbox or a job cannot begin.
    """
    found: dict[str, Rate] = {}
    todo = deque(subjects)
    running_now: dict[str, Generator[Trial, Verdict, Rate]] = {}
    waiting: deque[Attempt] = deque()

    def begin() -> None:
        while todo:
            subject = todo.popleft()
            tries = _tried(subject, seeds)
            name = subject.submission.student
            if go_on(name, tries, None):
                return

    def go_on(name: str, tries: Generator[Trial, Verdict, Rate], verdict: Verdict | None) -> bool:
        """Send what came, and have the next one tried; False when the mutant is done."""
        try:
            trial = next(tries) if verdict is None else tries.send(verdict)
        except StopIteration as end:
            found[name] = end.value
            notify(name, end.value)
            return False
        running_now[name] = tries
        waiting.append(Attempt(trial))
        return True

    size = max(1, min(jobs, len(subjects)))
    for _ in range(size):
        begin()
    if not waiting:
        return found
    workers = crew(size)
    try:
        for attempt, report, _ in workers.run(waiting, lambda _: None):
            name = attempt.submission.student
            verdict = _verdict(report) if report else Verdict.INTERNAL
            if not go_on(name, running_now.pop(name), verdict):
                begin()
    finally:
        workers.close()
    return found


def _tried(subject: Subject, seeds: int) -> Generator[Trial, Verdict, Rate]:
    """The trials of one mutant: yields each, is sent its verdict, and returns the rate."""
    quickest = min((check.seconds for check in subject.caught_by), default=1.0)
    most = seeds if seeds < FEWEST else max(FEWEST, int(seeds / max(QUICK_SECONDS, quickest)))
    first = sorted(subject.caught_by, key=lambda check: check.seconds)
    quick = [check for check in first if check.seconds <= max(QUICK_SECONDS, quickest)]
    last = sorted(subject.others, key=lambda check: check.seconds)
    caught = count = 1
    noticed = Counter(check.id for check in quick)
    asked = Counter(noticed)
    lost = 0
    number = 0
    while count < most and lost < LOST and not _shown(count - caught, count):
        number += 1
        seen, ours = False, False
        for check in (*first, *last):
            all_of_them = number < EVERY and check in quick
            if seen and not all_of_them:
                break
            verdict = yield _trial(subject, check, number)
            ours |= verdict is Verdict.INTERNAL
            hit = verdict not in (Verdict.PASSED, Verdict.INTERNAL)
            seen |= hit
            if all_of_them:
                asked[check.id] += 1
                noticed[check.id] += hit
        if ours and not seen:
            lost += 1
            continue
        count += 1
        caught += seen
    return Rate(caught, count, {check.id: (noticed[check.id], asked[check.id]) for check in quick})


def _trial(subject: Subject, check: Check, number: int) -> Trial:
    made = subject.submission
    return Trial(made.student, made.folder, made.sha256, check=check.id, number=number, limits=check.limits)


def _shown(missed: int, seeds: int) -> bool:
    """Whether so many misses show, with a confidence of 95 %, that it passes on more seeds than are allowed."""
    fewer = sum(_binomial(k, seeds, ALLOWED) for k in range(missed))
    return missed > 0 and 1 - fewer < 1 - CONFIDENCE


def _binomial(k: int, n: int, p: float) -> float:
    """The probability of k of n; p lies between 0 and 1 without these."""
    chosen = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(chosen + k * math.log(p) + (n - k) * math.log1p(-p))


def _verdict(report: Report) -> Verdict:
    """What the one check said, or the first of those that it needs."""
    return next(iter(report.verdicts), Verdict.INTERNAL)


# The job process's side.


@contextmanager
def seed_trier(spec: JobSpec) -> Iterator[Callable[[Submission], Report]]:
    """What a job process does: load once, connect to the sandbox, try mutants with single checks under many seeds."""
    loaded = loading.load(spec.root, spec.assignment)
    dataset = datasets.find(spec.dataset, spec.data) if spec.dataset else None
    with sandbox.connect(spec.address) as walls:

        def tried(submission: Submission) -> Report:
            assert isinstance(submission, Trial)
            options = replace(
                spec.options, run=f"seed {submission.number}", only=submission.check, limits=submission.limits
            )
            return running.grade(loaded, submission, walls, dataset, options)

        yield tried
