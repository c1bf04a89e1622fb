"""From one table of reports to students, assignments, attempts, runs, check results and all that a course has.

Every row of `results` becomes a run with the same key, time and report, in the same order. What the new columns hold is
read from the report; of one that another version wrote in another shape, only the run is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from autograder.store.schema import statements_of

revision = "0002"
down_revision = "0001"

_AT_ONCE = 200


def upgrade() -> None:
    """Make the tables and fill them; the old one goes when every row of it has its run.

    Raises:
        RuntimeError: a row was lost; the transaction is undone.
    """
    connection = op.get_bind()
    for statement in statements_of(revision, connection.dialect.name):
        connection.exec_driver_sql(statement)
    for row in _old_rows(connection):
        _copy(connection, row)
    counted = text("SELECT (SELECT count(*) FROM results), (SELECT count(*) FROM runs)")
    old, new = connection.execute(counted).one()
    if old != new:
        raise RuntimeError(f"the rows of results are {old}, those of runs {new}")
    connection.exec_driver_sql("DROP TABLE results")


def _old_rows(connection: Connection) -> Iterator[dict[str, Any]]:
    """All rows, in order, a few in memory at a time."""
    chosen = text(
        'SELECT id, "key", assignment, student, finished, internal, report FROM results WHERE id > :last '
        "ORDER BY id LIMIT :most"
    )
    last = -(2**31)
    while found := connection.execute(chosen, {"last": last, "most": _AT_ONCE}).mappings().all():
        yield from (dict(row) for row in found)
        last = found[-1]["id"]


def _copy(connection: Connection, row: dict[str, Any]) -> None:
    report = _fields(row["report"])
    replay = report.get("replay")
    sha256 = _text(replay.get("submission_sha256")) if isinstance(replay, dict) else ""
    values = {
        "student": _id_of(connection, "students", row["student"]),
        "assignment": _id_of(connection, "assignments", row["assignment"]),
        "sha256": sha256,
        "finished": datetime.fromisoformat(str(row["finished"])).replace(tzinfo=UTC).isoformat(timespec="microseconds"),
        "key": row["key"],
        "internal": bool(row["internal"]),
        "report": row["report"],
        **{name: _number(report.get(name)) for name in ("points", "max_points", "bonus_points")},
    }
    values["attempt"] = _attempt(connection, values)
    connection.execute(
        text(
            "INSERT INTO runs (attempt_id, student_id, key, finished, internal, points, max_points, bonus_points, "
            "report) VALUES (:attempt, :student, :key, :finished, :internal, :points, :max_points, :bonus_points, "
            ":report)"
        ),
        values,
    )
    (run,) = connection.execute(text("SELECT id FROM runs WHERE key = :key AND student_id = :student"), values).one()
    if checks := [{"run": run, "position": number, **each} for number, each in enumerate(_checks(report))]:
        connection.execute(
            text(
                "INSERT INTO check_results (run_id, position, question, check_id, hidden, verdict, points, "
                "max_points, by_hand, seconds, key) VALUES (:run, :position, :question, :check, :hidden, :verdict, "
                ":points, :max_points, :by_hand, :seconds, '')"
            ),
            checks,
        )


def _id_of(connection: Connection, table: str, name: str) -> int:
    chosen = text(f"SELECT id FROM {table} WHERE name = :name")
    found = connection.execute(chosen, {"name": name}).first()
    if found is None:
        connection.execute(text(f"INSERT INTO {table} (name) VALUES (:name)"), {"name": name})
        found = connection.execute(chosen, {"name": name}).one()
    return int(found[0])


def _attempt(connection: Connection, values: dict[str, Any]) -> int:
    chosen = text(
        "SELECT id FROM attempts WHERE student_id = :student AND assignment_id = :assignment AND sha256 = :sha256"
    )
    found = connection.execute(chosen, values).first()
    if found is None:
        connection.execute(
            text(
                "INSERT INTO attempts (student_id, assignment_id, sha256, first_run) "
                "VALUES (:student, :assignment, :sha256, :finished)"
            ),
            values,
        )
        found = connection.execute(chosen, values).one()
    return int(found[0])


def _fields(report: str) -> dict[str, Any]:
    try:
        found = json.loads(report)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _checks(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of check results of a report; none where it has another shape."""
    try:
        return [
            {
                "question": _text(question["id"]),
                "check": _text(check["id"]),
                "hidden": bool(check["hidden"]),
                "verdict": _text(check["verdict"]),
                "points": float(check["points"]),
                "max_points": float(check["max_points"]),
                "by_hand": float(check.get("by_hand", 0.0)),
                "seconds": float(check["seconds"]),
            }
            for question in report["questions"]
            for check in question["checks"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
