"""Item analysis: what the results of a class say about the checks.

The words are those of test theory: *difficulty* is the mean credit of those who attempted a check (1: everybody has
it), *discrimination* its correlation with the rest of the assignment (the corrected item-rest correlation). All is a
pure function of the reports as the checks made them, in any order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from autograder.checks.wording import counted
from autograder.insight.alarms import UNTOUCHED, first_line, pattern_of
from autograder.results import CheckResult, Report, Verdict

__all__ = [
    "ENOUGH",
    "Analysis",
    "Bar",
    "Item",
    "MessageCluster",
    "Redundant",
    "analysed",
    "histogram",
]

ENOUGH = 10
"""So many who attempted a check are needed before anything is said about it."""
_LEVEL = 0.05
_STRONG = 0.25  # the quarter with the best rest counts as strong
_FEWEST_STRONG = 5
_SAME = 0.98
_FEWEST_APART = 5  # so many must fail and so many pass before two checks can be called the same
_CLUSTERS = 3
_BARS = 12

Credits = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class MessageCluster:
    """Failures of a check with one message, apart from numbers: how many, what kind, and the words of one of them."""

    verdict: Verdict
    sentence: str
    students: int


@dataclass(frozen=True, slots=True)
class Item:
    """One check over the class.

    `attempted` of `counted` submissions ran into it (INTERNAL ones are in neither). `difficulty` is their mean credit,
    0 to 1; `discrimination` is the corrected item-rest correlation with its 95 % interval `low` to `high`; None where
    too few attempted it or nothing differs. `strong_failed` of `strong` students, those of the best quarter in
    everything else, have no credit. `seconds` and `slow` are the median and the 95th percentile of wall time.
    `against` says whether those who do well elsewhere do worse here, beyond what chance does among so many checks: the
    level of 5 % is divided by their number (Bonferroni).
    """

    question: str
    check: str
    title: str
    hidden: bool
    counted: int
    attempted: int
    difficulty: float | None
    discrimination: float | None
    low: float | None
    high: float | None
    strong: int
    strong_failed: int
    seconds: float
    slow: float
    clusters: tuple[MessageCluster, ...]
    against: bool = False

    @property
    def nobody_fails(self) -> bool:
        """Whether everybody who attempted it has all points."""
        return self.attempted >= ENOUGH and self.difficulty == 1.0

    @property
    def nobody_passes(self) -> bool:
        """Whether nobody who attempted it has any."""
        return self.attempted >= ENOUGH and self.difficulty == 0.0

    @property
    def strong_fail(self) -> bool:
        """Whether half of the strong students or more fail it."""
        return self.strong >= _FEWEST_STRONG and 2 * self.strong_failed >= self.strong

    @property
    def signs(self) -> tuple[str, ...]:
        """What is unusual about it, in words."""
        found = {
            "nobody fails": self.nobody_fails,
            "nobody passes": self.nobody_passes,
            "strong students fail": self.strong_fail,
            "against the rest": self.against,
        }
        return tuple(words for words, holds in found.items() if holds)


@dataclass(frozen=True, slots=True)
class Redundant:
    """Two checks, as ``question:check``, that the same students have: correlation `r` over `counted` of them."""

    first: str
    second: str
    r: float
    counted: int


@dataclass(frozen=True, slots=True)
class Bar:
    """How many values lie from `low` up to `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """Every check in the order of the assignment, pairs that say the same, and CPU seconds of the submissions.

    `first` is the one thing that an instructor should look at first, as a sentence; `small` says that there are too few
    submissions for anything to be concluded.
    """

    items: tuple[Item, ...]
    redundant: tuple[Redundant, ...]
    times: tuple[Bar, ...]
    first: str
    small: bool


def analysed(reports: Sequence[Report]) -> Analysis:
    """Analyse a class.

    Args:
        reports: of one assignment, as the checks made them; each student once.
    """
    about: dict[tuple[str, str], CheckResult] = {}
    results: dict[tuple[str, str], dict[int, CheckResult]] = {}
    for row, report in enumerate(reports):
        for question in report.questions:
            for check in question.checks:
                if not check.by_hand:
                    about.setdefault((question.id, check.id), check)
                    results.setdefault((question.id, check.id), {})[row] = check
    names = [*about]
    earned = np.full((len(reports), len(names)), np.nan)
    tried = np.zeros(earned.shape, bool)
    weights = np.array([about[name].max_points or 1.0 for name in names])
    for column, name in enumerate(names):
        for row, check in results[name].items():
            if check.verdict is not Verdict.INTERNAL:
                earned[row, column] = _credit(check)
                tried[row, column] = check.verdict not in UNTOUCHED
    items = tuple(
        _item(name, about[name], results[name], earned, tried, weights, column) for column, name in enumerate(names)
    )
    small = len(reports) < ENOUGH
    redundant = () if small else _redundant(names, earned, tried)
    times = histogram([report.resources.cpu_seconds for report in reports])
    return Analysis(items, redundant, times, _first(items, redundant, len(reports)), small)


def _credit(check: CheckResult) -> float:
    """The fraction that was earned, 0 to 1; of a check without points whether it passed."""
    if check.max_points:
        return min(max(check.points / check.max_points, 0.0), 1.0)
    return check.credit if check.verdict is Verdict.PARTIAL else float(check.verdict is Verdict.PASSED)


def _item(
    name: tuple[str, str],
    check: CheckResult,
    results: dict[int, CheckResult],
    earned: Credits,
    tried: np.ndarray[Any, np.dtype[np.bool_]],
    weights: Credits,
    column: int,
) -> Item:
    here = tried[:, column]
    own = earned[here, column]
    others = np.arange(len(weights)) != column
    rest = _mean(earned[:, others], weights[others])
    known = here & ~np.isnan(rest)
    r = _correlation(earned[known, column], rest[known]) if known.sum() >= ENOUGH else None
    low, high = _interval(r, int(known.sum()), _LEVEL)
    most = _interval(r, int(known.sum()), _LEVEL / len(weights))[1]
    strong = _strong(rest, known)
    failed = [results[row] for row in np.flatnonzero(here).tolist() if earned[row, column] == 0.0]
    seconds = sorted(results[row].seconds for row in np.flatnonzero(here).tolist())
    return Item(
        *name,
        check.title,
        check.hidden,
        counted=int((~np.isnan(earned[:, column])).sum()),
        attempted=int(here.sum()),
        difficulty=float(own.mean()) if len(own) >= ENOUGH else None,
        discrimination=r,
        low=low,
        high=high,
        strong=int(strong.sum()),
        strong_failed=int((earned[strong, column] == 0.0).sum()),
        seconds=seconds[len(seconds) // 2] if seconds else 0.0,
        slow=seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))] if seconds else 0.0,
        clusters=_clusters(failed),
        against=most is not None and most < 0,
    )


def _mean(earned: Credits, weights: Credits) -> Credits:
    """The weighted mean of each row over what is known of it; NaN where nothing is."""
    known = ~np.isnan(earned)
    total = (known * weights).sum(axis=1)
    sums = np.where(known, earned * weights, 0.0).sum(axis=1)
    mean: Credits = np.divide(sums, total, out=np.full(len(earned), np.nan), where=total > 0)
    return mean.round(12)


def _correlation(first: Credits, second: Credits) -> float | None:
    """Pearson's, -1 to 1; None where one of them does not differ."""
    one, other = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(one @ one) * float(other @ other))
    return min(1.0, max(-1.0, float(one @ other) / scale)) if scale > 1e-9 else None


def _interval(r: float | None, count: int, level: float) -> tuple[float | None, float | None]:
    """The interval of confidence 1 - `level` by Fisher's transformation."""
    if r is None:
        return None, None
    sure = NormalDist().inv_cdf(1 - level / 2)
    middle, half = math.atanh(min(max(r, -0.999999), 0.999999)), sure / math.sqrt(count - 3)
    return math.tanh(middle - half), math.tanh(middle + half)


def _strong(rest: Credits, known: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The best quarter of those who attempted it, by the rest; equal ones are all in, unless everybody is equal."""
    if known.sum() < ENOUGH:
        return np.zeros(len(rest), bool)
    values = np.sort(rest[known])
    least = values[-max(int(_STRONG * len(values)), 1)]
    return known & (rest >= least) if least > values[0] else np.zeros(len(rest), bool)


def _clusters(failed: Sequence[CheckResult]) -> tuple[MessageCluster, ...]:
    """The most common messages of those who fail, that of two or more."""
    patterns = Counter(map(pattern_of, failed))
    common = sorted(((count, pattern) for pattern, count in patterns.items() if count > 1), key=lambda c: (-c[0], c[1]))
    return tuple(
        MessageCluster(pattern[0], min(first_line(each) for each in failed if pattern_of(each) == pattern), count)
        for count, pattern in common[:_CLUSTERS]
    )


def _redundant(
    names: Sequence[tuple[str, str]], earned: Credits, tried: np.ndarray[Any, np.dtype[np.bool_]]
) -> tuple[Redundant, ...]:
    """Pairs of checks that nearly always come out the same for those who attempted both."""
    found = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            both = tried[:, one] & tried[:, other]
            first, second = earned[both, one], earned[both, other]
            if both.sum() < 2 * _FEWEST_APART or np.abs(first - second).mean() > 1 - _SAME:
                continue
            middle = (first.min() + first.max()) / 2 if len(first) else 0.0
            if min((first > middle).sum(), (first <= middle).sum()) < _FEWEST_APART:
                continue
            r = _correlation(first, second)
            if r is not None and r >= _SAME:
                found.append(Redundant(":".join(names[one]), ":".join(names[other]), r, int(both.sum())))
    return tuple(found)


def _first(items: Sequence[Item], redundant: Sequence[Redundant], submissions: int) -> str:
    """What to look at first: a check against all others, then one that fails the strong, then a common error."""
    if submissions < ENOUGH:
        return (
            f"With {counted(submissions, 'submission')} nothing can be concluded about the checks; "
            f"that takes {ENOUGH} or more."
        )
    if against := [item for item in items if item.against]:
        item = min(against, key=lambda each: (each.high or 0.0, each.question, each.check))
        return (
            f"{_named(item)}: those who do well elsewhere do worse here (correlation {item.discrimination:.2f}, 95 % "
            f"interval {item.low:.2f} to {item.high:.2f}). Is the check right?"
        )
    if failing := [item for item in items if item.strong_fail]:
        item = max(failing, key=lambda each: (each.strong_failed / each.strong, each.question, each.check))
        return (
            f"{_named(item)}: {item.strong_failed} of {item.strong} students who are best in everything else have no "
            "points for it. Does the handout ask for what it checks?"
        )
    common = [(cluster.students, item, cluster) for item in items for cluster in item.clusters]
    large = [each for each in common if each[0] >= max(_FEWEST_APART, submissions // 10)]
    if large:
        students, item, cluster = max(large, key=lambda each: (each[0], each[1].question, each[1].check))
        return f"{_named(item)}: one message for {counted(students, 'student')} who fail it: {cluster.sentence}"
    if redundant:
        pair = redundant[0]
        return f"The checks {pair.first} and {pair.second} come out the same for {pair.counted} students; one would do."
    return "Nothing stands out."


def _named(item: Item) -> str:
    return f'The {"hidden" if item.hidden else "public"} check "{item.title}" of question ({item.question})'


def histogram(values: Sequence[float]) -> tuple[Bar, ...]:
    """At most twelve bars of a width of 1, 2 or 5 times a power of ten, from 0 on; none for no values."""
    known = [value for value in values if math.isfinite(value) and value >= 0]
    if not known:
        return ()
    most = max(known)
    width = 10.0 ** math.floor(math.log10(most / _BARS)) if most > 1e-9 else 1.0
    width = next(width * step for step in (1, 2, 5, 10, 20) if most / (width * step) < _BARS)
    places = Counter(int(value / width) for value in known)
    return tuple(Bar(place * width, (place + 1) * width, places[place]) for place in range(max(places) + 1))
