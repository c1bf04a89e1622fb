"""Points that changed without a run: put into runs and check results, with what was there before in the log.

All reports of a class are written in one transaction with a few statements for all of them, because a changed rule is
about everybody. A run keeps its number and its time, for nothing was run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.results import CheckResult, Report
from autograder.store.history import Change, LogLine, record_all, value_text
from autograder.store.table import Database

__all__ = ["rescore_runs"]

_AT_ONCE = 500  # keys in one query: databases take about a thousand at most
_SUMS = ("points", "available points", "bonus points")


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as it stands in the tables: points are (points, available points, bonus points)."""

    number: int
    student: int
    assignment: int
    points: tuple[float | None, ...]


def rescore_runs(database: Database, scored: Sequence[tuple[Report, str]], change: Change) -> int:
    """Put reports, each with its JSON, in place of what is kept under their keys; inside a transaction.

    Args:
        database: where.
        scored: the reports as they are scored now; those under a key that is not there are passed over.
        change: who changed the points, and when.

    Returns:
        How many runs there are under these keys.
    """
    known = _runs(database, sorted({report.replay.key for report, _ in scored}))
    pairs = [
        (known[report.replay.key, report.student], report, text)
        for report, text in scored
        if (report.replay.key, report.student) in known
    ]
    database.change_all(
        "UPDATE runs SET points = :points, max_points = :most, bonus_points = :bonus, report = :report WHERE id = :run",
        [
            {"run": run.number, "points": sums[0], "most": sums[1], "bonus": sums[2], "report": text}
            for run, report, text in pairs
            if (sums := _sums(report))
        ],
    )
    before = _check_results(database, sorted({run.number for run, _, _ in pairs}))
    changed = [
        (run, check, old)
        for run, report, _ in pairs
        for check in (check for question in report.questions for check in question.checks)
        if (old := before.get((run.number, check.id))) is not None and old != _scored(check)
    ]
    database.change_all(
        "UPDATE check_results SET verdict = :verdict, points = :points, max_points = :most, by_hand = :by_hand "
        "WHERE run_id = :run AND check_id = :check",
        [_values(run, check) for run, check, _ in changed],
    )
    lines = [*_lines_of_runs(pairs), *_lines_of_checks(changed)]
    record_all(database, change, "rescored", lines)
    return len(pairs)


def _runs(database: Database, keys: Sequence[str]) -> dict[tuple[str, str], _Run]:
    """The runs under some keys, by key and student."""
    found = {}
    for part in _parts(keys):
        values, places = _places(part)
        for key, name, number, student, assignment, *points in database.rows(
            "SELECT r.key, s.name, r.id, r.student_id, t.assignment_id, r.points, r.max_points, r.bonus_points "
            "FROM runs r JOIN attempts t ON t.id = r.attempt_id JOIN students s ON s.id = r.student_id "
            f"WHERE r.key IN ({places})",
            values,
        ):
            found[key, name] = _Run(number, student, assignment, tuple(points))
    return found


def _check_results(database: Database, runs: Sequence[int]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """Verdict, points, available points and those of people, by run and check."""
    found = {}
    for part in _parts(runs):
        values, places = _places(part)
        for run, check, *scored in database.rows(
            "SELECT run_id, check_id, verdict, points, max_points, by_hand FROM check_results "
            f"WHERE run_id IN ({places})",
            values,
        ):
            found[run, check] = tuple(scored)
    return found


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _places(values: Sequence[Any]) -> tuple[dict[str, Any], str]:
    """Values by the names of their places in a statement, and these places."""
    named = {f"v{number}": value for number, value in enumerate(values)}
    return named, ", ".join(f":{name}" for name in named)


def _sums(report: Report) -> tuple[float, float, float]:
    return float(report.points), float(report.max_points), float(report.bonus_points)


def _scored(check: CheckResult) -> tuple[str, float, float, float]:
    return check.verdict.name, float(check.points), float(check.max_points), float(check.by_hand)


def _values(run: _Run, check: CheckResult) -> Mapping[str, object]:
    verdict, points, most, by_hand = _scored(check)
    return {
        "run": run.number, "check": check.id, "verdict": verdict, "points": points, "most": most, "by_hand": by_hand,
    }  # fmt: skip


def _lines_of_runs(pairs: Sequence[tuple[_Run, Report, str]]) -> Iterator[LogLine]:
    """A line for each sum that is another one now."""
    for run, report, _ in pairs:
        for name, old, new in zip(_SUMS, run.points, _sums(report), strict=True):
            if old != new:
                subject = f"run {run.number}: {name}"
                yield LogLine(run.student, run.assignment, subject, value_text(old), value_text(new))


def _lines_of_checks(changed: Sequence[tuple[_Run, CheckResult, tuple[Any, ...]]]) -> Iterator[LogLine]:
    """A line for each check: verdict, points, available points, and those that a person gives."""
    for run, check, old in changed:
        before, after = (" ".join(map(str, each)) for each in (old, _scored(check)))
        yield LogLine(run.student, run.assignment, f"run {run.number}: check {check.id}", before, after)
