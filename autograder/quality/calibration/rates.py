"""From trials to rates: false-fail rate of each threshold, false-pass rate of mutants, and the cheapest fair run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from autograder.assignment.question import Check
from autograder.checks import Measured, Threshold
from autograder.quality.calibration.statistics import Fit, Judgement, fit, interval, judge
from autograder.quality.calibration.trials import REFERENCE, Trial, Trials
from autograder.results import Verdict

__all__ = ["Cheapest", "FalsePass", "Row", "cheapest", "false_passes", "rows", "touched"]

LEAST_MUTANT_RUNS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One threshold of one check, and what the reference's runs say of it.

    `values` are the finite numbers of the runs, `fell` counts the runs of `n` on the wrong side; a run that ended
    without a number (an error, a limit) fell, too. `seconds` is the mean time of a run.
    """

    check: Check
    measured: Measured
    threshold: Threshold
    place: tuple[int, int]
    values: tuple[float, ...]
    fell: int
    n: int
    seconds: float
    fit: Fit | None
    judgement: Judgement

    @property
    def counted(self) -> tuple[float, float]:
        """The 95 % interval of the probability of the wrong side, by the count alone."""
        return interval(self.fell, self.n)

    @property
    def mean(self) -> float:
        """Mean of the values; NaN without any."""
        return fmean(self.values) if self.values else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation of the values; 0 for one, NaN without any."""
        return stdev(self.values) if len(self.values) > 1 else 0.0 if self.values else math.nan

    @property
    def worst(self) -> float:
        """The value of the worst run; NaN without any."""
        if not self.values:
            return math.nan
        return min(self.values) if self.measured.higher_is_better else max(self.values)


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The smallest part of a run with a false-fail rate under the bound at every threshold; `share` 1 is the whole run.

    `tried` says whether the check can run less at all.
    """

    share: float
    run: str
    seconds: float
    tried: bool


@dataclass(frozen=True, slots=True)
class FalsePass:
    """How often a mutant passed a threshold: `passed` of `n` runs; `probability` by a fit, None where there is none.

    `kind` is ``"untouched"`` (its answers are the reference's), ``"always"``, ``"never"`` (and by the fit below the
    bound), ``"by chance"``, or ``"unjudged"`` (too few runs).
    """

    mutant: str
    passed: int
    n: int
    probability: float | None
    kind: str


def rows(check: Check, trials: Trials, share: float, bound: float, code: str = REFERENCE) -> tuple[Row, ...]:
    """The thresholds of a check, in the order of its measurements, the highest credit first."""
    made = [
        trial for trial in trials.of(check.id, code, share) if trial.verdict not in (Verdict.SKIPPED, Verdict.INTERNAL)
    ]
    model = next((trial.measured for trial in trials.of(check.id) if trial.measured), ())
    model = next((trial.measured for trial in made if trial.measured), model)
    places = [
        (i, j)
        for i, measured in enumerate(model)
        for j in sorted(range(len(measured.thresholds)), key=lambda j: -measured.thresholds[j].fraction)
    ]
    return tuple(_row(check, model, place, made, bound) for place in places) if made else ()


def _row(check: Check, model: Sequence[Measured], place: tuple[int, int], made: Sequence[Trial], bound: float) -> Row:
    i, j = place
    found = [(trial.measured[i], trial.measured[i].thresholds[j]) for trial in made if _has(trial, place)]
    lost = sum(not trial.measured for trial in made)  # one that fell at an earlier measurement is no fall here
    fell, n = lost + sum(not threshold.passed for _, threshold in found), lost + len(found)
    pairs = [(measured.value, threshold.value) for measured, threshold in found if math.isfinite(measured.value)]
    values = tuple(value for value, _ in pairs)
    fitted = _fit(model[i], pairs, better=model[i].higher_is_better)
    fitted = fitted.of_best(model[i].tries) if fitted else None
    same = len(set(pairs)) == 1
    tries = model[i].tries
    singly = n - sum(value != limit and (value > limit) == model[i].higher_is_better for value, limit in pairs)
    judgement = Judgement("more runs", "none reached it")
    if n:
        judgement = judge(fell, n, fitted, bound, same=same, tries=tries, singly=singly)
    return Row(
        check=check,
        measured=model[i],
        threshold=model[i].thresholds[j],
        place=place,
        values=values,
        fell=fell,
        n=n,
        seconds=fmean(trial.seconds for trial in made),
        fit=fitted,
        judgement=judgement,
    )


def _has(trial: Trial, place: tuple[int, int]) -> bool:
    i, j = place
    return i < len(trial.measured) and j < len(trial.measured[i].thresholds)


def _fit(measured: Measured, pairs: Sequence[tuple[float, float]], *, better: bool) -> Fit | None:
    """A fit through the values; where each run has a threshold of its own, through the distances."""
    thresholds = {threshold for _, threshold in pairs}
    if len(thresholds) == 1:
        (threshold,) = thresholds
        values = [value for value, _ in pairs]
        return fit(values, threshold, n=measured.n, higher_is_better=better, percent=measured.percent)
    return fit([value - threshold for value, threshold in pairs], 0.0, higher_is_better=better)


def cheapest(check: Check, trials: Trials, shares: Iterable[float], bound: float, *, tried: bool) -> Cheapest | None:
    """The smallest share at which every threshold is "ok"; None if not even the whole run is."""
    best = None
    for share in sorted({1.0, *shares}, reverse=True):
        found = rows(check, trials, share, bound)
        if not found or any(row.judgement.word != "ok" for row in found):
            break
        best = Cheapest(share, found[0].measured.run, found[0].seconds, tried)
    return best


def touched(check: Check, trials: Trials, mutant: str) -> bool:
    """Whether a mutant's numbers differ from the reference's under the same seeds in any run."""
    reference = {trial.number: trial.measured for trial in trials.of(check.id)}
    return any(
        not trial.measured or repr(trial.measured) != repr(reference[trial.number])
        for trial in trials.of(check.id, mutant)
        if trial.number in reference
    )


def false_passes(row: Row, trials: Trials, mutants: Iterable[str], bound: float) -> tuple[FalsePass, ...]:
    """What mutants make of one threshold; those without a run are left out."""
    return tuple(
        _false_pass(row, trials, mutant, made, bound)
        for mutant in mutants
        if (made := [trial for trial in trials.of(row.check.id, mutant) if trial.verdict != Verdict.INTERNAL])
    )


def _false_pass(row: Row, trials: Trials, mutant: str, made: Sequence[Trial], bound: float) -> FalsePass:
    i, j = row.place
    found = [(trial.measured[i], trial.measured[i].thresholds[j]) for trial in made if _has(trial, row.place)]
    passed, n = sum(threshold.passed for _, threshold in found), len(made)
    pairs = [(measured.value, threshold.value) for measured, threshold in found if math.isfinite(measured.value)]
    wrong_way = not row.measured.higher_is_better
    fitted = _fit(row.measured, pairs, better=wrong_way) if len(pairs) >= LEAST_MUTANT_RUNS else None
    one = fitted.probability if fitted else 0.0
    probability = (1 - (1 - one) ** row.measured.tries) * len(pairs) / n if fitted else None
    if not touched(row.check, trials, mutant):
        kind = "untouched"
    elif passed == n:
        kind = "always" if n >= LEAST_MUTANT_RUNS else "unjudged"
    elif passed:
        kind = "by chance"
    elif n < LEAST_MUTANT_RUNS:
        kind = "unjudged"
    else:
        kind = "by chance" if probability is not None and probability > bound else "never"
    return FalsePass(mutant, passed, n, probability, kind)
