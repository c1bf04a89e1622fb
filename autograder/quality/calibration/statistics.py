"""How likely is the wrong side of a threshold? What a count says, what a fit says, and what any distribution allows.

Three answers, each with more assumptions than the one before:

- counted: k of n runs fell, so the probability lies in `interval(k, n)`; nothing is assumed but independent runs;
- any distribution: Cantelli's inequality on the distance of mean and threshold in standard deviations;
- fitted: a normal tail on a scale that suits the number. Far out it is an extrapolation, and is reported as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

__all__ = ["LEAST_RUNS", "Fit", "Judgement", "fit", "interval", "judge", "normal_tail", "tail_at_most"]

Array = np.ndarray[Any, Any]

CONFIDENCE = 0.95
LEAST_RUNS = 8
"""Runs below which no fit is tried for a right solution."""
NOT_NORMAL = 0.01
NOISE = 1e-9  # values that differ by less of their size differ by rounding
STEPS = 100
CLOSE = 1e-9
GRID = 300


@dataclass(frozen=True, slots=True)
class Fit:
    """A normal distribution through measured numbers, and how far inside it a threshold lies.

    Args:
        scale: what was fitted: ``"logit"``, ``"log"`` or ``"plain"``.
        deviations: from the threshold to the mean, in `spread`s; positive when a usual run passes.
        worst: from the threshold to the worst run, in the same unit.
        probability: P of the wrong side by the fit, with its mean and spread taken for the truth.
        at_most: the upper end of that at 95 % confidence, given how few runs the mean and the spread come from.
        any_distribution: P by Cantelli's inequality, which any distribution of that mean and spread obeys.
        skewness: of the numbers; negative when the longer tail reaches towards the threshold.
        kurtosis: the excess over a normal distribution's.
        normal: p-value of Anderson and Darling's test of normality; below 0.01 the fit is not believed.
    """

    scale: str
    deviations: float
    worst: float
    probability: float
    at_most: float
    any_distribution: float
    skewness: float
    kurtosis: float
    normal: float

    def of_best(self, tries: int) -> Fit:
        """The same where the best of so many independent numbers counts: all of them must be on the wrong side."""
        return replace(
            self,
            probability=self.probability**tries,
            at_most=self.at_most**tries,
            any_distribution=self.any_distribution**tries,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the false-fail rate is below the bound, in a word, and why.

    `word` is ``"ok"``, ``"more runs"`` (too few to tell), ``"look"`` (the fit is not to be believed), or
    ``"too tight"``.
    """

    word: str
    why: str


def interval(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a probability of which k of n independent tries came true (Clopper and Pearson 1934).

    It holds the true value with at least that confidence, with half the rest on each side. Biometrika 26, 404.

    Raises:
        ValueError: not 0 <= k <= n, or n is 0.
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"{k} of {n} is no count")
    rest = (1 - confidence) / 2
    low = 0.0 if k == 0 else _crossing(lambda p: _at_least(k, n, p) - rest, 0.0, k / n)
    high = 1.0 if k == n else _crossing(lambda p: rest - _at_least(n - k, n, 1 - p), k / n, 1.0)
    return low, high


def _at_least(k: int, n: int, p: float) -> float:
    """P(X >= k) of a binomial X of n tries with probability p."""
    if p <= 0 or p >= 1:
        return float(p >= 1 or k == 0)
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k, n + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _crossing(rising: Callable[[float], float], low: float, high: float, close: float = 0.0) -> float:
    """Where a function that rises from below to above 0 crosses it, by bisection, to within `close`."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle in (low, high) or high - low < close:
            break
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def normal_tail(deviations: float) -> float:
    """P(Z < -deviations) of a standard normal Z."""
    return 0.5 * math.erfc(deviations / math.sqrt(2))


def tail_at_most(deviations: float, n: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper confidence limit of a normal tail, from the mean and spread of n runs.

    `deviations` is (mean - threshold) / spread as measured. Exact for a normal distribution: √n times it follows a
    noncentral t distribution with n - 1 degrees of freedom (Owen, Technometrics 10 (1968) 445, on tolerance limits).

    Raises:
        ValueError: fewer than two runs.
    """
    if n < 2:
        raise ValueError("two runs are the fewest that have a spread")
    freedom = n - 1
    # The density of the spread that n runs show of a true one of 1: chi with n - 1 degrees, divided by their root.
    reach = 9 / math.sqrt(2 * freedom)
    shown = np.linspace(max(1e-6, 1 - reach), 1 + reach, GRID)
    log_density = (freedom - 1) * np.log(shown) - freedom * shown**2 / 2
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    likely = [(float(weight), float(s)) for weight, s in zip(weights, shown, strict=True) if weight > 1e-12]

    def so_far_inside(true: float) -> float:
        """P of measuring that many deviations or more, if there are `true` ones."""
        return math.fsum(weight * normal_tail(math.sqrt(n) * (deviations * s - true)) for weight, s in likely)

    reached = 10 + 2 * abs(deviations)
    return normal_tail(_crossing(lambda true: so_far_inside(true) - (1 - confidence), -reached, reached, CLOSE))


def fit(
    values: Sequence[float], threshold: float, *, n: int = 0, higher_is_better: bool = True, percent: bool = False
) -> Fit | None:
    """A normal distribution through finite values on a suitable scale; None where they are fewer than 3 or all equal.

    Fractions are fitted as log(p / (1 - p)), with half a sample added to either side, so that 0 and 1 stay finite;
    positive numbers of which lower is better as logarithms; everything else as it is. The spread is the standard
    deviation, or that of the worse half about the median where that is larger: a longer tail towards the threshold
    must not be averaged away by a short one on the other side.

    Args:
        values: one for each run.
        threshold: what they are to be better than.
        n: samples behind each value, 0 if unknown.
        higher_is_better: which side of the threshold is the right one.
        percent: whether the values are fractions in [0, 1].
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) < 3 or np.ptp(numbers) <= NOISE * np.abs(numbers).max():
        return None
    scale, transform = _scale(numbers, threshold, n, higher_is_better, percent)
    sign = 1 if higher_is_better else -1
    inside = sign * (transform(numbers) - transform(np.array([threshold]))[0])  # > 0: the right side
    mean, spread, middle = float(inside.mean()), float(inside.std(ddof=1)), float(np.median(inside))
    worse = inside[inside <= middle] - middle
    half = math.sqrt(float(np.mean(worse**2)))
    ways = [(mean / spread, spread), *([(middle / half, half)] if half > 0 else [])]
    deviations, used = min(ways)
    standard = (inside - mean) / float(inside.std())
    return Fit(
        scale=scale,
        deviations=deviations,
        worst=float(inside.min()) / used,
        probability=normal_tail(deviations),
        at_most=tail_at_most(deviations, len(numbers)),
        any_distribution=1 / (1 + deviations**2) if deviations > 0 else 1.0,
        skewness=float(np.mean(standard**3)),
        kurtosis=float(np.mean(standard**4)) - 3,
        normal=_normality(standard),
    )


def _scale(
    numbers: Array, threshold: float, n: int, higher_is_better: bool, percent: bool
) -> tuple[str, Callable[[Array], Array]]:
    low, high = min(float(numbers.min()), threshold), max(float(numbers.max()), threshold)
    if percent and low >= 0 and high <= 1:
        total = n or 10**9

        def logit(p: Array) -> Array:
            right = p * total
            odds: Array = np.log((right + 0.5) / (total - right + 0.5))
            return odds

        return "logit", logit
    if not higher_is_better and low > 0:
        return "log", np.log
    return "plain", lambda values: values


def _normality(standard: Array) -> float:
    """The p-value of Anderson and Darling's test, mean and spread estimated.

    D'Agostino and Stephens, Goodness-of-Fit Techniques (1986), table 4.9.
    """
    ordered, n = np.sort(standard) * math.sqrt((len(standard) - 1) / len(standard)), len(standard)
    below = np.clip([normal_tail(-z) for z in ordered], 1e-300, 1)
    above = np.clip([normal_tail(z) for z in ordered], 1e-300, 1)
    odd = 2 * np.arange(1, n + 1) - 1
    a = float(-n - np.sum(odd * (np.log(below) + np.log(above[::-1]))) / n) * (1 + 0.75 / n + 2.25 / n**2)
    if a >= 0.6:
        return min(1.0, math.exp(max(-700.0, 1.2937 - 5.709 * a + 0.0186 * a * a))) if a < 13 else 0.0
    if a >= 0.34:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a * a)
    if a >= 0.2:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a)
    return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a)


def judge(
    fell: int, n: int, fitted: Fit | None, bound: float, *, same: bool = False, tries: int = 1, singly: int = 0
) -> Judgement:
    """Whether the probability of the wrong side is below a bound.

    It is when the upper end of the fit is, no run fell, the worst run kept a spread's distance, and the numbers do not
    speak against the fit; or when the count alone shows it.

    Args:
        fell: runs on the wrong side.
        n: runs.
        fitted: the fit through them, None if there is none.
        bound: the largest probability allowed.
        same: whether all runs gave one value.
        tries: of so many trainings in a run the best counts; `fitted` knows that already.
        singly: runs whose first training was on the wrong side, where there are several.
    """
    if n and interval(fell if tries == 1 else singly, n)[1] ** tries <= bound:
        return Judgement("ok", "counted")
    if fell:
        return Judgement("too tight", f"{fell} of {n} fell")
    if n < LEAST_RUNS:
        return Judgement("more runs", f"fewer than {LEAST_RUNS} runs allow no fit")
    if same:
        return Judgement("ok", "it came out the same in every run")
    if fitted is None:
        return Judgement("more runs", "too few of them gave a number")
    if fitted.probability > bound:
        return Judgement("too tight", "by the fit")
    if fitted.at_most > bound:
        return Judgement("more runs", "too few to be sure of the fit")
    if fitted.normal < NOT_NORMAL and fitted.skewness < 0:
        return Judgement("look", "not normal, with the longer tail towards the threshold: the fit says too little")
    if fitted.worst < 1 and tries == 1:
        return Judgement("look", "the worst run came within one standard deviation of the threshold")
    return Judgement("ok", "by the fit")
