"""Runs and the results of their checks: written whole, in the transaction of the caller, and read again.

A run is one grading of one attempt under one key. The same key has the same result, so a second run under it takes the
place of the first; only an INTERNAL one never replaces one without.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from autograder.results import Report
from autograder.store.history import Change, id_of_assignment, id_of_student, record, value_text
from autograder.store.table import Database, iso, moment_of

if TYPE_CHECKING:
    from autograder.store.records import Run

__all__ = [
    "final_reports",
    "graded_texts",
    "keep_run",
    "latest_reports",
    "report_texts",
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
