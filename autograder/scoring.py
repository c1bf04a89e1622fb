"""Points as pure functions: of a check, of a question, of a report, of a homework set.

Rounding is done once, where credit becomes points: to a hundredth of a point, halves up. Sums of such numbers are
rounded to a hundredth again, only to take away binary noise (0.1 + 0.2).

INTERNAL is our fault: such a check counts neither in the points nor in the available points, so it can not lower
anybody's share. `Report.internal` flags the report. Where one submission alone causes the fault, the points of those
checks stay open instead (`with_open_points`): nobody may raise a share by breaking the grader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from autograder.checks.errors import InstructorError
from autograder.results import CaseResult, CheckResult, QuestionResult, Report, Verdict

__all__ = [
    "check_points",
    "lowest",
    "points_of",
    "question_points",
    "report_points",
    "rounded",
    "rounded_to",
    "set_points",
    "shown",
    "verdict_of",
    "with_open_points",
]

HUNDREDTH = Decimal("0.01")


def points_of(points: float, most: float) -> str:
    """Points of those that there are, in words: "1 of 2 points"; "no points" where there are none to earn."""
    return f"{shown(points)} of {shown(most)} points" if points or most else "no points"


def rounded(points: float) -> float:
    """Points to a hundredth, halves up: 2.675 is 2.68, as it is written and not as binary has it.

    Raises:
        InstructorError: not a finite number.
    """
    if not math.isfinite(points):
        raise InstructorError(f"Points must be a finite number, not {points}.")
    return float(Decimal(repr(float(points))).quantize(HUNDREDTH, ROUND_HALF_UP))


def check_points(verdict: Verdict, credit: float, max_points: float) -> float:
    """Points of one check: all when PASSED, `credit` (0 to 1) of them when PARTIAL, else none.

    Raises:
        InstructorError: a credit outside 0 to 1.
    """
    if verdict is Verdict.PASSED:
        return rounded(max_points)
    if verdict is not Verdict.PARTIAL:
        return 0.0
    if not 0 <= credit <= 1:
        raise InstructorError(f"Credit must be between 0 and 1, not {credit}.")
    return rounded(credit * max_points)


def verdict_of(cases: Sequence[CaseResult]) -> tuple[Verdict, float]:
    """Verdict and points of a check from those of its cases.

    PASSED where all are; PARTIAL where some earned something; else what the first that is not passed says. One that is
    INTERNAL makes the check INTERNAL, so that it is graded again.
    """
    verdicts = [each.verdict for each in cases]
    points = rounded(sum(each.points for each in cases))
    if Verdict.INTERNAL in verdicts:
        return Verdict.INTERNAL, 0.0
    missed = [each for each in verdicts if each is not Verdict.PASSED]
    if not missed:
        return Verdict.PASSED, points
    return (Verdict.PARTIAL if points else missed[0]), points


def question_points(checks: Iterable[CheckResult]) -> tuple[float, float]:
    """(points, available points) of a question: the sums over its checks, without those that are INTERNAL."""
    scored = [check for check in checks if check.verdict is not Verdict.INTERNAL]
    return rounded(sum(check.points for check in scored)), rounded(sum(check.max_points for check in scored))


def with_open_points(report: Report) -> Report:
    """The report with the points of INTERNAL checks among the available points."""
    questions = tuple(
        replace(question, max_points=rounded(sum(check.max_points for check in question.checks)))
        for question in report.questions
    )
    return replace(report, questions=questions, max_points=report_points(questions)[1])


def report_points(questions: Iterable[QuestionResult]) -> tuple[float, float, float]:
    """(points, available points, bonus points): ordinary questions make the first two, bonus questions the third."""
    all_questions = tuple(questions)
    ordinary = [question for question in all_questions if not question.bonus]
    return (
        rounded(sum(question.points for question in ordinary)),
        rounded(sum(question.max_points for question in ordinary)),
        rounded(sum(question.points for question in all_questions if question.bonus)),
    )


def set_points(
    parts: Iterable[tuple[float, float]],
    cap: float,
    *,
    drop_lowest: int = 0,
    round_to: float = 0.01,
    rounding: str = "nearest",
) -> float:
    """Points of a homework set from each assignment's (points, bonus points).

    So many assignments with the fewest points are left out. Bonus points fill up what is missing to the cap; nothing
    goes above it. The sum is rounded before the cap.
    """
    sums = [points + bonus for points, bonus in parts]
    dropped = lowest(sums, drop_lowest)
    total = sum(points for number, points in enumerate(sums) if number not in dropped)
    return rounded(min(cap, rounded_to(total, round_to, rounding)))


def lowest(points: Sequence[float], count: int) -> tuple[int, ...]:
    """Where the lowest of some points stand, in order: so many, and of equal ones the later."""
    order = sorted(range(len(points)), key=lambda number: (points[number], -number))
    return tuple(sorted(order[:count]))


def rounded_to(points: float, multiple: float, how: str) -> float:
    """Points to a multiple of a number: to the "nearest" (halves up), "up" or "down".

    >>> rounded_to(17.25, 0.5, "nearest"), rounded_to(17.1, 0.5, "up"), rounded_to(17.9, 1, "down")
    (17.5, 17.5, 17.0)
    """
    step = Decimal(repr(float(multiple)))
    mode = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}[how]
    return rounded(float((Decimal(repr(rounded(points))) / step).quantize(Decimal(1), mode) * step))


def shown(points: float) -> str:
    """Points as people write them, without needless zeros: 15, 7.5, 0.25."""
    return f"{points:.2f}".rstrip("0").rstrip(".")
