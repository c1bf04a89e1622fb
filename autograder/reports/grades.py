"""Tables of a class for any spreadsheet: `grades.csv` with a line per student, `items.csv` with one per check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from autograder.checks.wording import counted
from autograder.insight.items import Analysis
from autograder.messages import WORDING
from autograder.reports.files import Cell, csv_text, write_text
from autograder.results import Lateness, Report, Verdict
from autograder.scoring import rounded

__all__ = [
    "grades",
    "in_cpu_time",
    "items_csv",
    "question_ids",
    "usage_of",
    "verdict_summary",
    "waiting",
    "write_grades",
]

_LATENESS = ("before", "handed_in", "deadline", "late", "taken", "earned", "late_days", "attempt", "lateness")


def write_grades(reports: Sequence[Report], path: Path, *, people: bool = False) -> None:
    """Write `grades` of the reports to a file."""
    write_text(path, grades(reports, people=people))


def grades(reports: Sequence[Report], *, people: bool = False) -> str:
    """CSV with the columns student, one per question, points, bonus, total, max_points, verdicts, flag.

    `total` is points and bonus before any homework set's cap; `flag` says INTERNAL where our fault left checks out, and
    NOT FINAL where the points are no grade yet.
    Where people grade answers there is a column by_hand: points that wait for a person, and are in no other column.
    Where the course has dates, points, bonus and total are those after lateness, and there are columns before (total
    before lateness), handed_in and deadline (in UTC), late (in hours; empty where the time is not known), taken (points
    taken off), earned (for being early), late_days, attempt, and lateness: what it is, and the sum in words.
    Where a check raised an alarm there is a last column alarms: the check and the sentence, several joined by " | ".
    """
    ids = question_ids(reports)
    by_hand = ("by_hand",) if any(report.waiting for report in reports) or people else ()
    alarms = ("alarms",) if any(report.alarms for report in reports) else ()
    dated = _LATENESS if any(report.lateness for report in reports) else ()
    rows: list[list[Cell]] = [
        ["student", *ids, "points", "bonus", "total", "max_points", *by_hand, *dated, "verdicts", "flag", *alarms],
    ]
    for report in reports:
        points = {question.id: question.points for question in report.questions}
        rows.append(
            [
                report.student,
                *map(points.get, ids),
                report.points,
                report.bonus_points,
                rounded(report.points + report.bonus_points),
                report.max_points,
                *([waiting(report)] if by_hand else []),
                *(_lateness(report.lateness) if dated else []),
                verdict_summary(report),
                "NOT FINAL" if report.not_final else Verdict.INTERNAL if report.internal else None,
                *([" | ".join(f"{check.id}: {alarm}" for check, alarm in report.alarms)] if alarms else []),
            ]
        )
    return csv_text(rows)


def _lateness(lateness: Lateness | None) -> list[Cell]:
    """The cells of `_LATENESS`."""
    if lateness is None:
        return [None] * len(_LATENESS)
    return [
        lateness.before,
        f"{lateness.handed_in:%Y-%m-%d %H:%M:%S}" if lateness.handed_in else None,
        f"{lateness.deadline:%Y-%m-%d %H:%M:%S}",
        None if lateness.seconds is None else round(lateness.seconds / 3600, 2),
        lateness.taken,
        lateness.earned,
        lateness.late_days,
        lateness.attempt or None,
        " ".join([f"{lateness.state[0].upper()}{lateness.state[1:]}.", *lateness.lines, lateness.sum]).strip(),
    ]


def waiting(report: Report) -> float:
    """Points of a report that people still have to give."""
    return rounded(sum(check.by_hand for check in report.waiting))


def usage_of(reports: Sequence[Report], price_per_cpu_hour: float = 0.0) -> str:
    """What the sandboxes of a class used, in words: CPU time, what that costs if it costs, and the most memory."""
    cpu = sum(report.resources.cpu_seconds for report in reports)
    most = max((report.resources.peak_memory_mib for report in reports), default=0.0)
    price = f" ({cpu / 3600 * price_per_cpu_hour:,.2f} at {price_per_cpu_hour:g} an hour)" if price_per_cpu_hour else ""
    return f"{in_cpu_time(cpu)}{price}, and at most {most:,.0f} MiB of memory for one submission"


def in_cpu_time(seconds: float) -> str:
    """CPU time in seconds or hours, whichever is read more easily."""
    return counted(round(seconds), "CPU-second") if seconds < 360 else f"{seconds / 3600:,.1f} CPU-hours"


def question_ids(reports: Sequence[Report]) -> tuple[str, ...]:
    """The questions that any report has, in their order."""
    return tuple(dict.fromkeys(question.id for report in reports for question in report.questions))


def verdict_summary(report: Report) -> str:
    """How often each verdict came, in the order of their first coming: ``8 passed, 1 failed``."""
    words = (WORDING[check.verdict].short for question in report.questions for check in question.checks)
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def items_csv(analysis: Analysis) -> str:
    """CSV with a line per check: what `autograder.insight.items.Item` holds, its signs in words, and common messages.

    An empty cell stands for a number that too few submissions leave open.
    """
    rows: list[list[Cell]] = [
        [
            *("question", "check", "title", "hidden", "counted", "attempted", "difficulty", "discrimination", "low"),
            *("high", "strong", "strong_failed", "seconds", "seconds_95", "same_as", "signs", "messages"),
        ]
    ]
    for item in analysis.items:
        name = f"{item.question}:{item.check}"
        same = [
            pair.second if pair.first == name else pair.first
            for pair in analysis.redundant
            if name in (pair.first, pair.second)
        ]
        rows.append(
            [
                *(item.question, item.check, item.title, "yes" if item.hidden else "no", item.counted, item.attempted),
                *(item.difficulty, item.discrimination, item.low, item.high, item.strong, item.strong_failed),
                *(item.seconds, item.slow, " | ".join(same), " | ".join(item.signs)),
                " | ".join(f"{each.students} times: {each.sentence}" for each in item.clusters),
            ]
        )
    return csv_text(rows)
