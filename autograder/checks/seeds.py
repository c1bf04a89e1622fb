"""Train more than once, each time with a seed of its own, and stop as soon as the points are settled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args

import numpy as np

from .arguments import FUNCTION, NUMBER, SEEDED, THRESHOLDS, WHOLE, one_of, optional, takes
from .errors import CheckFailed, InstructorError
from .measurement import Credit, Measured, Measurement

__all__ = ["Reseeded", "Seed", "Trainings", "derived", "over_seeds"]

Rule = Literal["best", "median", "all", "doubt"]
_NONE = -1.0  # the grade of a run that fails: below that of a threshold worth nothing


class Reseeded(Protocol):
    """What can be given as `student`: a stand-in, whose own random numbers are started anew."""

    def seed(self, number: int) -> object:
        """Seed the submission's `random`, numpy and torch."""


@dataclass(frozen=True, slots=True)
class Seed:
    """What one run is seeded with. The submission's number says nothing about the check's generator."""

    sequence: np.random.SeedSequence
    number: int

    def start(self, student: Reseeded | None) -> np.random.Generator:
        """Seed the submission, and give the check its generator; the same ones at every call."""
        if student is not None:
            student.seed(self.number)
        return np.random.default_rng(self.sequence)


def derived(rng: np.random.Generator, count: int) -> tuple[Seed, ...]:
    """So many seeds, each independent of the others and of what `rng` itself gives.

    Raises:
        InstructorError: `rng` is no Generator that can be spawned from.
    """
    sequence = getattr(getattr(rng, "bit_generator", None), "seed_seq", None)
    if not isinstance(sequence, np.random.SeedSequence):
        raise InstructorError("Seeds are derived from a numpy Generator, such as the `rng` that a check asks for.")
    made = sequence.spawn(2 * count)
    return tuple(
        Seed(own, int(other.generate_state(1, np.uint64)[0] >> 1))
        for own, other in zip(made[::2], made[1::2], strict=True)
    )


@takes(train=FUNCTION, k=WHOLE, rule=one_of(*get_args(Rule)), student=optional(SEEDED))
def over_seeds(
    train: Callable[[np.random.Generator], Measurement],
    rng: np.random.Generator,
    *,
    k: int = 5,
    rule: Rule = "median",
    student: Reseeded | None = None,
) -> Trainings:
    """Up to `k` trainings with seeds derived from `rng`, of which one counts.

    Nothing runs before points are asked, as in ``over_seeds(train, rng).points_at({0.9: 1.0})``. Then runs are made
    until those left out cannot change the points any more, so the points are exactly those of all `k` runs. A run in
    which `train` fails (``CheckFailed``) counts as worse than every threshold. Where a single run of a right solution
    misses a threshold with a chance of p, the rules make of it:

    - ``"best"``: p^k. It lowers the false-fail rate, and raises the false-pass rate.
    - ``"median"``: the chance that more than half of k runs miss; lowers both rates. `k` must be odd.
    - ``"all"``: 1 - (1 - p)^k. The worst run counts.
    - ``"doubt"``: one run; again, up to `k`, only while a threshold that would give more lies within the 95 % interval
      of the best run so far; the best counts. Running again never costs points, and who is clearly below has one
      chance only. Accuracies are not pooled: runs that are measured on the same samples share what is accidental
      about these samples, and an interval as if there were k times as many would be too narrow.

    Args:
        train: trains once and measures, from a generator of its own; such as ``lambda rng: accuracy(...)``.
        rng: the check's; what it gives itself stays the same.
        k: the most runs.
        rule: which run counts.
        student: the stand-in, to seed the submission anew before each run as well.

    Raises:
        InstructorError: a rule or a `k` that is none, or `rng` is no Generator.

    Examples:
        up to `k` trainings `train(rng)`, each of which gives a `Measurement`; the `Trainings` run when points are asked

        >>> over_seeds(lambda rng: Measurement(0.93, 10_000), np.random.default_rng(0), k=3).rule
        median
    """
    if k < 1:
        raise InstructorError(f"over_seeds needs at least one run, not k={k}.")
    if rule == "median" and k % 2 == 0:
        raise InstructorError(f"over_seeds(k={k}, rule='median') has no run in the middle; give an odd k.")
    return Trainings(train, derived(rng, k), rule, student)


@dataclass(frozen=True, slots=True)
class Trainings:
    """Trainings still to be run, one for each of the `seeds`, and the rule that says which of them counts."""

    train: Callable[[np.random.Generator], Measurement]
    seeds: tuple[Seed, ...]
    rule: Rule
    student: Reseeded | None = None

    @takes(thresholds=THRESHOLDS, implausible=optional(NUMBER))
    def points_at(self, thresholds: Mapping[float, float], *, implausible: float | None = None) -> Credit:
        """`Measurement.points_at` of the run that counts; the message tells all runs.

        Args:
            thresholds: from the value to the fraction of the points, such as ``{0.96: 1.0, 0.90: 0.5}``.
            implausible: as for `Measurement.points_at`; the alarms of all runs that were made are kept.

        Raises:
            CheckFailed: the run that counts is better than none of them, or failed itself.
            InstructorError: no threshold given, or `train` returned no `Measurement`.

        Examples:
            the run that counts is better than a threshold

            >>> over_seeds(lambda rng: Measurement(0.93, 10_000), np.random.default_rng(0), k=3).points_at({0.90: 1.0})
            2 of 3 runs with different seeds: 93.00 %, 93.00 %. The median counts; the run left out could not change the
            points. Accuracy 93.00 % on 10,000 samples (95 % interval 92.5 to 93.5 %); more than 90 % was asked.

            run again only in doubt

            >>> over_seeds(lambda rng: Measurement(0.8, 10_000), np.random.default_rng(0),
            ...     rule='doubt').points_at({0.90: 1.0})
            1 of at most 5 runs: no threshold that gives more is within the error. Accuracy 80.00 % on 10,000 samples
            (95 % interval 79.2 to 80.8 %); expected more than 90 %.
        """
        if not thresholds:
            raise InstructorError("points_at needs at least one threshold, such as {0.9: 1.0}.")

        def in_doubt(best: _Run) -> bool:
            found = best.measured
            return found is not None and any(
                found.low <= each <= found.high and thresholds[each] > max(0.0, best.grade) for each in thresholds
            )

        return self._credit(
            lambda found: found.points_at(thresholds, implausible=implausible), max(thresholds.values()), in_doubt
        )

    @takes(baseline=NUMBER, reference=NUMBER)
    def points_between(self, baseline: float, reference: float) -> Credit:
        """`Measurement.points_between` of the run that counts; the message tells all runs.

        Raises:
            CheckFailed: the run that counts is not better than the baseline, or failed itself.
            InstructorError: the rule is "doubt", the reference value is not better than the baseline, or `train`
                returned no `Measurement`.

        Examples:
            a straight line, as for one measurement

            >>> over_seeds(lambda rng: loss(0.7), np.random.default_rng(0), k=1).points_between(2.3, 0.3)
            Loss 0.7; that is 80 % of the way from 2.3 (no points) to 0.3 (all points).
        """
        if self.rule == "doubt":
            raise InstructorError("over_seeds(rule='doubt') needs thresholds: ask points_at, or take another rule.")
        return self._credit(lambda found: found.points_between(baseline, reference), 1.0, lambda _: False)

    def _credit(self, judge: Callable[[Measurement], Credit], top: float, in_doubt: Callable[[_Run], bool]) -> Credit:
        made: list[_Run] = []
        for seed in self.seeds:
            made.append(self._run(seed, judge))
            if not in_doubt(_counting("best", made)) if self.rule == "doubt" else self._settled(made, top):
                break
        counting = _counting(self.rule, made)
        text = self._in_words(made)
        heard = self._heard(made[0], counting)
        if counting.credit is not None:
            alarms = tuple(dict.fromkeys(each for run in made if run.credit for each in run.credit.alarms))
            return replace(counting.credit, message=f"{text}{counting.credit.message}", measured=heard, alarms=alarms)
        failure = counting.failure or CheckFailed("")
        raise CheckFailed(f"{text}{failure}", measured=heard) from None

    def _heard(self, first: _Run, counting: _Run) -> tuple[Measured, ...]:
        """What calibration is given: of the best of several runs the first number, whose luck is that of each."""
        if self.rule != "best" or len(self.seeds) == 1 or not first.heard:
            return counting.heard
        grade = max(0.0, counting.grade)
        return tuple(
            replace(
                each,
                tries=len(self.seeds),
                thresholds=tuple(replace(t, passed=t.passed or 0 < t.fraction <= grade) for t in each.thresholds),
            )
            for each in first.heard
        )

    def _run(self, seed: Seed, judge: Callable[[Measurement], Credit]) -> _Run:
        measured = None
        try:
            measured = self.train(seed.start(self.student))
            if not isinstance(measured, Measurement):
                raise InstructorError(
                    f"The function given to over_seeds returned a {type(measured).__name__}; it must return a "
                    "Measurement, such as accuracy(...)."
                )
            return _Run(measured, judge(measured), None)
        except CheckFailed as error:
            return _Run(measured, None, error)

    def _settled(self, made: list[_Run], top: float) -> bool:
        """Whether the points are the same if all other runs fail and if all others earn the most."""
        grades, left = [run.grade for run in made], len(self.seeds) - len(made)
        place = _place(self.rule, len(self.seeds))
        return sorted([*grades, *[_NONE] * left])[place] == sorted([*grades, *[top] * left])[place]

    def _in_words(self, made: list[_Run]) -> str:
        """What was run and what counts, before the sentence of the run that counts."""
        done, most = len(made), len(self.seeds)
        if most == 1:
            return ""
        values = ", ".join(str(run) for run in made)
        left = most - done
        if self.rule == "doubt":
            why = "it was run again because a threshold that gives more was within the error"
            if done == 1:
                return f"1 of at most {most} runs: no threshold that gives more is within the error. "
            return f"{done} of at most {most} runs with different seeds: {values}. The best counts; {why}. "
        counts = {"best": "The best counts", "median": "The median counts", "all": "All must pass, the worst counts"}
        rest = f"; the {'run' if left == 1 else f'{left} runs'} left out could not change the points" if left else ""
        runs = f"{done} of {most}" if left else f"{done}"
        return f"{runs} runs with different seeds: {values}. {counts[self.rule]}{rest}. "


@dataclass(frozen=True, slots=True)
class _Run:
    """One training: what was measured, and what it earns by itself or the sentence why it earns nothing."""

    measured: Measurement | None
    credit: Credit | None
    failure: CheckFailed | None

    @property
    def heard(self) -> tuple[Measured, ...]:
        return self.credit.measured if self.credit else self.failure.measured if self.failure else ()

    @property
    def grade(self) -> float:
        return _NONE if self.credit is None else self.credit.fraction

    @property
    def order(self) -> tuple[float, float]:
        """Worse runs come first; `grade` never goes down with the value."""
        if self.measured is None or math.isnan(self.measured.value):
            return self.grade, -math.inf
        return self.grade, self.measured.value if self.measured.higher_is_better else -self.measured.value

    def __str__(self) -> str:
        if self.measured is None:
            return "failed"
        return f"{100 * self.measured.value:.2f} %" if self.measured.percent else f"{self.measured.value:.4g}"


def _place(rule: Rule, count: int) -> int:
    """Where the run that counts stands when they are sorted, the worst first."""
    return {"all": 0, "median": (count - 1) // 2}.get(rule, count - 1)


def _counting(rule: Rule, made: list[_Run]) -> _Run:
    # Where a median is settled early, the middle of the runs made lies between its two bounds, so it earns the same.
    return sorted(made, key=lambda run: run.order)[_place(rule, len(made))]
