"""What only a whole class shows: signs that a check, the handout or the machine is wrong, and shortcuts.

Pure functions over reports as the checks made them, without the points that people gave. What they find is for staff
and costs nobody a point; a person looks at it before grades are given out. An honest submission may look like a
shortcut (the same seed, a much faster program); how often, docs/insight.md says.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any

import numpy as np

from autograder.checks.shortcuts import KEPT, kept_of
from autograder.results import CheckResult, QuestionResult, Report, Verdict
from autograder.scoring import rounded

__all__ = [
    "AT_LEAST",
    "MOST",
    "NEARLY_ALL",
    "QUICK",
    "SAME_ANSWERS",
    "SHORTCUTS",
    "SHORT_TRAINING",
    "UNTOUCHED",
    "ClassAlarm",
    "class_alarms",
    "first_line",
    "pattern_of",
    "shortcut_alarms",
]

AT_LEAST = 5
"""So many students must have attempted something before their number says anything."""
MOST = 0.6
"""The share of those who attempted a check that is alarming when all of them fail it with one message."""
NEARLY_ALL = 0.8
"""The share of those who attempted a public check that is alarming when they fail it, whatever the messages say."""

_LONGEST = 200
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)
UNTOUCHED = (Verdict.NOT_ATTEMPTED, Verdict.MISSING, Verdict.SKIPPED)
"""Verdicts of a check that ran nothing of the student's."""
_FINE = (Verdict.PASSED, Verdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class ClassAlarm:
    """One thing to look at.

    `kind` is ``"refused"`` (`validate` refuses the assignment), ``"not attempted"`` (a question that nobody attempted),
    ``"public check"`` (fails for nearly everybody, who could run it at home) or ``"one message"`` (most of the class
    fails a check with the same words); `shortcut_alarms` finds ``"same answers"`` and ``"short training"``, which are
    about some students. `question` and `check` are ids or "", `students` of `counted` are concerned.
    """

    kind: str
    question: str
    check: str
    students: int
    counted: int
    sentence: str


def class_alarms(reports: Sequence[Report], *, refused: str = "") -> tuple[ClassAlarm, ...]:
    """What a class shows, most urgent first; at most one alarm for each check.

    Args:
        reports: of the whole class, about one assignment, as the checks made them: with points that people gave a
            written answer looks like a check.
        refused: why `validate` refuses the assignment, or "".
    """
    found = []
    if refused:
        said = f"`autograder validate` refuses this assignment as it is, and it was graded: {refused}"
        found.append(ClassAlarm("refused", "", "", len(reports), len(reports), said))
    untouched = []
    for question, results in _by_question(reports):
        if alarm := _nobody(question, results):
            untouched.append(alarm)
        else:
            found += [alarm for check in _checks(results) if (alarm := _failing(question, *check))]
    return (*found, *untouched)


def _by_question(reports: Sequence[Report]) -> Iterator[tuple[QuestionResult, list[QuestionResult]]]:
    """Each question as the first report has it, with what all reports say of it."""
    grouped: dict[str, list[QuestionResult]] = {}
    for report in reports:
        for question in report.questions:
            grouped.setdefault(question.id, []).append(question)
    return ((results[0], results) for results in grouped.values())


def _checks(results: Sequence[QuestionResult]) -> list[tuple[CheckResult, list[CheckResult]]]:
    """Each check of a question that no person grades, with all of its results."""
    grouped: dict[str, list[CheckResult]] = {}
    for result in results:
        for check in result.checks:
            if not check.by_hand:
                grouped.setdefault(check.id, []).append(check)
    return [(found[0], found) for found in grouped.values()]


def _nobody(question: QuestionResult, results: Sequence[QuestionResult]) -> ClassAlarm | None:
    """The alarm about a question in which every check is untouched and no written answer was handed in."""
    checks = [check for result in results for check in result.checks]
    if len(results) < AT_LEAST or not checks or any(check.verdict not in UNTOUCHED for check in checks):
        return None
    said = (
        f"Nobody of {len(results)} attempted question ({question.id}) {question.title}: does the handout ask for it, "
        "under these names and in these files?"
    )
    return ClassAlarm("not attempted", question.id, "", len(results), len(results), said)


def _failing(question: QuestionResult, check: CheckResult, results: Sequence[CheckResult]) -> ClassAlarm | None:
    """The alarm about a check, over those who attempted it."""
    run = [each for each in results if each.verdict not in UNTOUCHED]
    failed = [each for each in run if each.verdict not in _FINE]
    if len(run) < AT_LEAST or not failed:
        return None
    messages = Counter(pattern_of(each) for each in failed)
    pattern, same = messages.most_common(1)[0]
    example = next(first_line(each) for each in failed if pattern_of(each) == pattern)
    what = f'the {"hidden" if check.hidden else "public"} check "{check.title}" of question ({question.id})'
    count, share = f"{len(failed)} of {len(run)} who attempted it", rounded(len(failed) / len(run))
    if not check.hidden and share >= NEARLY_ALL:
        shown = f"the most common message, {same} times:" if same > 1 else "for example:"
        said = (
            f"{count} fail {what}, which they could run at home; {shown} {example} "
            "Is something different here, such as a package, a file or a limit?"
        )
        return ClassAlarm("public check", question.id, check.id, len(failed), len(run), said)
    if same >= MOST * len(run) and same > 1:
        said = f"{same} of {len(run)} who attempted it fail {what} with one message: {example} Is the check right?"
        return ClassAlarm("one message", question.id, check.id, same, len(run), said)
    return None


def first_line(check: CheckResult) -> str:
    """What staff read of a result, in a line that ends like a sentence."""
    line = ((check.staff_message or check.message).strip().splitlines() or [str(check.verdict)])[0][:_LONGEST]
    return line if line.endswith((".", "!", "?")) else f"{line}."


def pattern_of(check: CheckResult) -> tuple[Verdict, str]:
    """The same for messages that differ in numbers alone."""
    return check.verdict, _NUMBER.sub("#", first_line(check))


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
