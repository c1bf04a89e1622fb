"""Shortcuts that only a class can show: wrong answers that are the same, and trainings that take no time.

Pure functions over reports. What they find is for staff: it changes no point, and an honest submission may look so (the
same seed, a much faster program); how often, docs/insight.md says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import median
from typing import Any

import numpy as np

from autograder.checks.shortcuts import KEPT, kept_of
from autograder.insight.alarms import ClassAlarm
from autograder.results import CheckResult, Report, Verdict

__all__ = ["QUICK", "SAME_ANSWERS", "SHORTCUTS", "SHORT_TRAINING", "shortcut_alarms"]

SAME_ANSWERS = "same answers"
SHORT_TRAINING = "short training"
SHORTCUTS = (SAME_ANSWERS, SHORT_TRAINING)
"""The kinds of alarms that are about some students, and not about a check."""

_CLASS = 10  # so many must have an answer before it can be said what is usual
_WRONG = 20  # fewer wrong answers say nothing about where they come from
_ALIKE = 0.9
_USUAL = 0.9  # quantile of the class's pairs that stands for what honest ones share
_CHANCE = 1e-3  # of one alarm in all checks of an honest class, if its pairs agree no more than that
_MOST_COMPARED = 1_000
QUICK = 10.0
"""A training that is so many times quicker than the median of the class, and far outside of its spread."""
_LEAST_SECONDS = 2.0
_DEVIATIONS = 6.0
_LEAST_SPREAD = math.log(1.2)  # trainings of one class differ by a fifth at least
_NAMED = 10

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def shortcut_alarms(reports: Sequence[Report]) -> tuple[ClassAlarm, ...]:
    """What a class shows about some of its students, by check.

    Args:
        reports: of the whole class, about one assignment, as the checks made them.
    """
    found: list[ClassAlarm] = []
    by_check = list(_by_check(reports))
    checks = sum(bool(_comparable(results)) for _, results in by_check)
    for question, results in by_check:
        found += _same_answers(question, _comparable(results), checks)
        found += _short_training(question, results)
    return tuple(found)


def _by_check(reports: Sequence[Report]) -> Iterator[tuple[str, list[tuple[str, CheckResult]]]]:
    """For each check that somebody has points for: its question, and the results with points, by student."""
    grouped: dict[tuple[str, str], list[tuple[str, CheckResult]]] = {}
    for report in reports:
        for question in report.questions:
            for check in question.checks:
                if check.verdict in (Verdict.PASSED, Verdict.PARTIAL) and not check.by_hand:
                    grouped.setdefault((question.id, check.id), []).append((report.student, check))
    return (
        (question, sorted(results, key=lambda each: each[0]))
        for (question, _), results in grouped.items()
        if len(results) >= _CLASS
    )


def _comparable(results: Sequence[tuple[str, CheckResult]]) -> list[tuple[str, CheckResult]]:
    """Those with enough wrong answers; none where they are too few, or too many to compare each with each."""
    known = [(student, check) for student, check in results if int(check.answers.partition(":")[0] or 0) >= _WRONG]
    return known if _CLASS <= len(known) <= _MOST_COMPARED else []


def _same_answers(question: str, known: Sequence[tuple[str, CheckResult]], checks: int) -> Iterator[ClassAlarm]:
    """Groups whose wrong answers agree far more than those of the class do, where so many checks are looked at."""
    if not known:
        return
    shared, compared = _shared([check.answers for _, check in known])
    shares = shared / compared
    rows, others = np.triu_indices(len(known), 1)
    usual = float(np.quantile(shares[rows, others], _USUAL))
    likely = np.flatnonzero(shares[rows, others] >= _ALIKE)
    rows, others, tests = rows[likely], others[likely], len(rows) * checks
    chances = _tails(shared[rows, others], compared[rows, others], usual)
    alike = chances * tests <= _CHANCE
    for group in _groups(list(zip(rows[alike].tolist(), others[alike].tolist(), strict=True))):
        check = known[group[0]][1]
        pairs = list(combinations(group, 2))
        least = min(shares[pair] for pair in pairs if shares[pair] >= _ALIKE)
        yield ClassAlarm(
            SAME_ANSWERS,
            question,
            check.id,
            len(group),
            len(known),
            f"{_named([known[place][0] for place in group])} give the same wrong answers in the check "
            f'"{check.title}" of question ({question}): {100 * least:.0f} % or more of them, where nine of ten pairs '
            f"of this class share at most {100 * usual:.0f} %. A given seed or given weights explain it; read how they "
            "arrive at their predictions.",
        )


def _shared(sketches: Sequence[str]) -> tuple[Numbers, Numbers]:
    """How many wrong answers each two share, and out of how many that either has, both (n, n).

    Their quotient is what `autograder.checks.shortcuts.agreement` gives; all of one row at once.
    """
    kept = [kept_of(sketch) for sketch in sketches]
    known, places = np.unique(np.concatenate(kept), return_inverse=True)
    sizes = np.array([len(each) for each in kept])
    table = np.full((len(kept), KEPT), len(known))  # the last place stands for nothing
    for row, each in enumerate(np.split(places, np.cumsum(sizes)[:-1])):
        table[row, : len(each)] = each
    both = np.zeros((len(kept), len(kept)))
    mine = np.zeros(len(known) + 1, np.uint8)
    for row, each in enumerate(table):
        mine[each] = 1
        mine[-1] = 0
        both[row, row:] = mine[table[row:]].sum(axis=1, dtype=np.uint8)
        mine[each] = 0
    both += np.triu(both, 1).T
    return both, sizes[:, None] + sizes[None, :] - both


def _tails(shared: Numbers, compared: Numbers, usual: float) -> Numbers:
    """The probability that two share so many of the answers compared, if they agree in a share `usual`; (n,)."""
    rate = min(max(usual, 1 / KEPT), 1.0)
    chances: dict[tuple[int, int], float] = {}
    for count, n in {(int(count), int(n)) for count, n in zip(shared, compared, strict=True)}:
        terms = (math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(count, n + 1))
        chances[count, n] = math.fsum(terms)
    return np.array([chances[int(count), int(n)] for count, n in zip(shared, compared, strict=True)])


def _groups(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """What pairs connect, in order."""
    group: dict[int, set[int]] = {}
    for first, second in pairs:
        joined = group.get(first, {first}) | group.get(second, {second})
        for each in joined:
            group[each] = joined
    return sorted({tuple(sorted(each)) for each in group.values()})


def _short_training(question: str, results: Sequence[tuple[str, CheckResult]]) -> Iterator[ClassAlarm]:
    """Those who have points for what takes the class long, in no time."""
    check = results[0][1]
    usual = median(each.seconds for _, each in results)
    if usual < _LEAST_SECONDS:
        return
    logs = [math.log(max(each.seconds, 1e-4)) for _, each in results]
    middle = math.log(usual)
    spread = max(1.4826 * median(abs(each - middle) for each in logs), _LEAST_SPREAD)
    least = middle - max(math.log(QUICK), _DEVIATIONS * spread)
    quick = [student for (student, _), each in zip(results, logs, strict=True) if each < least]
    if quick:
        longest = max(each.seconds for student, each in results if student in quick)
        yield ClassAlarm(
            SHORT_TRAINING,
            question,
            check.id,
            len(quick),
            len(results),
            f'{_named(quick)}: the check "{check.title}" of question ({question}) took {longest:.2g} s or less, where '
            f"the median of the {len(results)} who have points for it is {usual:.2g} s. A much faster program explains "
            "it; read whether it trains for as many epochs as were asked.",
        )


def _named(students: Sequence[str]) -> str:
    names = ", ".join(students[:_NAMED])
    return names if len(students) <= _NAMED else f"{names} and {len(students) - _NAMED} more"
