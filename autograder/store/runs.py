"""Gradings of a class, one run each: written whole, in the transaction of the caller, read, and scored again.

A run is one grading of one attempt under one key. The same key has the same result, so a second run under it takes the
place of the first; only an INTERNAL one never replaces one without.

Points that changed without a run are put in place for a whole class with a few statements, because a changed rule is
about everybody; what was there before is in the log. A run keeps its number and its time, for nothing was run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from autograder.results import CheckResult, Report
from autograder.store.database import Database, iso, moment_of
from autograder.store.history import Change, LogLine, id_of_assignment, id_of_student, record, record_all, value_text

if TYPE_CHECKING:
    from autograder.store.records import Run

__all__ = [
    "final_reports",
    "graded_texts",
    "keep_run",
    "latest_reports",
    "report_texts",
    "rescore_runs",
    "runs",
    "seconds_by_student",
]

_RUN = (
    "SELECT r.id, r.attempt_id, s.name, a.name, r.key, r.finished, r.internal, r.points, r.max_points, r.bonus_points "
    "FROM runs r JOIN attempts t ON t.id = r.attempt_id JOIN students s ON s.id = r.student_id "
    "JOIN assignments a ON a.id = t.assignment_id "
)
_NARROWED = "WHERE (:assignment = '' OR a.name = :assignment) AND (:student = '' OR s.name = :student) "


def keep_run(
    database: Database, report: Report, text: str, change: Change, received: datetime | None = None
) -> int | None:
    """Write a run and its check results, and log it; inside a transaction.

    Args:
        database: where.
        report: the result.
        text: the same as JSON.
        change: who grades, and when.
        received: when it was handed in, as far as that is known.

    Returns:
        The run's number; None where it is INTERNAL and a final one of this key is there, which stays.
    """
    student, assignment = id_of_student(database, report.student), id_of_assignment(database, report.assignment)
    latest = database.rows(
        "SELECT r.points FROM runs r JOIN attempts t ON t.id = r.attempt_id WHERE r.student_id = :student "
        "AND t.assignment_id = :assignment ORDER BY r.finished DESC, r.id DESC LIMIT 1",
        {"student": student, "assignment": assignment},
    )
    values = {
        "attempt": _attempt(database, student, assignment, report.replay.submission_sha256, change, received),
        "student": student,
        "key": report.replay.key,
        "finished": iso(change.at),
        "internal": report.internal,
        "points": float(report.points),
        "max_points": float(report.max_points),
        "bonus_points": float(report.bonus_points),
        "report": text,
    }
    written = database.change(
        "INSERT INTO runs (attempt_id, student_id, key, finished, internal, points, max_points, bonus_points, report) "
        "VALUES (:attempt, :student, :key, :finished, :internal, :points, :max_points, :bonus_points, :report) "
        "ON CONFLICT (key, student_id) DO UPDATE SET attempt_id = excluded.attempt_id, finished = excluded.finished, "
        "internal = excluded.internal, points = excluded.points, max_points = excluded.max_points, "
        "bonus_points = excluded.bonus_points, report = excluded.report WHERE runs.internal OR NOT excluded.internal",
        values,
    )
    if not written:
        return None
    ((run,),) = database.rows("SELECT id FROM runs WHERE key = :key AND student_id = :student", values)
    database.change("DELETE FROM check_results WHERE run_id = :run", {"run": run})
    checks = ((question.id, check) for question in report.questions for check in question.checks)
    for position, (question, check) in enumerate(checks):
        database.change(
            "INSERT INTO check_results (run_id, position, question, check_id, hidden, verdict, points, max_points, "
            "by_hand, seconds, key) VALUES (:run, :position, :question, :check, :hidden, :verdict, :points, "
            ":max_points, :by_hand, :seconds, :key)",
            {
                "run": run,
                "position": position,
                "question": question,
                "check": check.id,
                "hidden": check.hidden,
                "verdict": check.verdict.name,
                "points": float(check.points),
                "max_points": float(check.max_points),
                "by_hand": float(check.by_hand),
                "seconds": float(check.seconds),
                "key": report.replay.check_key(check.id),
            },
        )
    before = latest[0][0] if latest else None
    about = {"student": student, "assignment": assignment, "subject": f"run {run}"}
    record(database, change, "graded", **about, before=value_text(before), after=value_text(report.points))  # type: ignore[arg-type]
    return int(run)


def _attempt(
    database: Database, student: int, assignment: int, sha256: str, change: Change, received: datetime | None
) -> int:
    """The number of an attempt, which is added where there is none of that hash."""
    about = {
        "student": student,
        "assignment": assignment,
        "sha256": sha256,
        "at": iso(change.at),
        "received": iso(received) if received else None,
    }
    found = database.rows(
        "SELECT id FROM attempts WHERE student_id = :student AND assignment_id = :assignment AND sha256 = :sha256",
        about,
    )
    if found:
        return int(found[0][0])
    return database.add(
        "INSERT INTO attempts (student_id, assignment_id, sha256, received, first_run) "
        "VALUES (:student, :assignment, :sha256, :received, :at)",
        about,
    )


def final_reports(database: Database, keys: Sequence[str]) -> list[tuple[str, str, str]]:
    """Key, student and report (JSON) of the runs under some of these keys that are not INTERNAL."""
    if not keys:
        return []
    values = {f"k{number}": key for number, key in enumerate(keys)}
    places = ", ".join(f":{name}" for name in values)
    found = database.rows(
        "SELECT r.key, s.name, r.report FROM runs r JOIN students s ON s.id = r.student_id "
        f"WHERE NOT r.internal AND r.report <> '' AND r.key IN ({places})",
        values,
    )
    return [(key, student, text) for key, student, text in found]


def latest_reports(database: Database, assignment: str, submissions: Sequence[str]) -> dict[str, str]:
    """By student, the newest report (JSON) of one of these submissions, by their hashes, that is not INTERNAL."""
    if not submissions:
        return {}
    values = {f"h{number}": each for number, each in enumerate(submissions)}
    places = ", ".join(f":{name}" for name in values)
    found = database.rows(
        "SELECT s.name, r.report FROM runs r JOIN attempts t ON t.id = r.attempt_id "
        "JOIN students s ON s.id = r.student_id JOIN assignments a ON a.id = t.assignment_id "
        f"WHERE a.name = :assignment AND NOT r.internal AND r.report <> '' AND t.sha256 IN ({places}) "
        "ORDER BY r.finished, r.id",
        {**values, "assignment": assignment},
    )
    return dict(found)


def seconds_by_student(database: Database, assignment: str) -> dict[str, float]:
    """By student, the seconds that all checks of the newest run took, of those that are not INTERNAL."""
    found = database.rows(
        "SELECT s.name, SUM(c.seconds) FROM runs r JOIN attempts t ON t.id = r.attempt_id "
        "JOIN students s ON s.id = r.student_id JOIN assignments a ON a.id = t.assignment_id "
        "JOIN check_results c ON c.run_id = r.id WHERE a.name = :assignment AND NOT r.internal "
        "GROUP BY r.id, r.finished, s.name ORDER BY r.finished, r.id",
        {"assignment": assignment},
    )
    return {student: float(seconds) for student, seconds in found}


def report_texts(database: Database, assignment: str = "", student: str = "") -> list[str]:
    """Every report (JSON), oldest first; of one assignment, or of one student, where that is not empty."""
    found = database.rows(
        "SELECT r.report FROM runs r JOIN attempts t ON t.id = r.attempt_id JOIN students s ON s.id = r.student_id "
        f"JOIN assignments a ON a.id = t.assignment_id {_NARROWED}ORDER BY r.finished, r.id",
        {"assignment": assignment, "student": student},
    )
    return [text for (text,) in found if text]


def graded_texts(database: Database, assignment: str, student: str) -> list[tuple[datetime, str, str]]:
    """Of every run of a student when it ended, the hash of what was handed in, and the report (JSON); oldest first."""
    found = database.rows(
        "SELECT r.finished, t.sha256, r.report FROM runs r JOIN attempts t ON t.id = r.attempt_id "
        "JOIN students s ON s.id = r.student_id JOIN assignments a ON a.id = t.assignment_id "
        "WHERE a.name = :assignment AND s.name = :student ORDER BY r.finished, r.id",
        {"assignment": assignment, "student": student},
    )
    return [(moment_of(finished), sha256, text) for finished, sha256, text in found]


def runs(database: Database, assignment: str = "", student: str = "") -> tuple[Run, ...]:
    """Every run, oldest first; of one assignment, or of one student, where that is not empty."""
    from autograder.store.records import Run

    values = {"assignment": assignment, "student": student}
    found = database.rows(f"{_RUN}{_NARROWED}ORDER BY r.finished, r.id", values)
    return tuple(
        Run(id_, attempt, who, about, key, moment_of(finished), bool(internal), *points)
        for id_, attempt, who, about, key, finished, internal, *points in found
    )


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
