"""Rows of the results database that only tests read: what stands in its tables, beside what the toolkit asks for."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from autograder.store.database import Database, moment_of

CheckRow = namedtuple("CheckRow", "question check hidden verdict points max_points by_hand seconds key")
Attempt = namedtuple("Attempt", "id student assignment sha256 received first_run")


def check_rows(database: Database, run: int) -> list[Any]:
    """What the checks of a run gave, in the order of the report."""
    return [
        CheckRow(*row)
        for row in database.rows(
            "SELECT question, check_id, hidden, verdict, points, max_points, by_hand, seconds, key FROM check_results "
            "WHERE run_id = :run ORDER BY position",
            {"run": run},
        )
    ]


def attempts(database: Database, student: str = "") -> list[Any]:
    """Everything that was graded, by hash, in the order of the first runs; of one student where named."""
    found = database.rows(
        "SELECT t.id, s.name, a.name, t.sha256, t.received, t.first_run FROM attempts t "
        "JOIN students s ON s.id = t.student_id JOIN assignments a ON a.id = t.assignment_id "
        "WHERE :student = '' OR s.name = :student ORDER BY t.first_run, t.id",
        {"student": student},
    )
    return [
        Attempt(*names, moment_of(received) if received else None, moment_of(first))
        for *names, received, first in found
    ]


def comments(database: Database, student: str) -> list[str]:
    """Every version of every comment on one student's answers, oldest first."""
    found = database.rows(
        "SELECT c.text FROM comments c JOIN students s ON s.id = c.student_id WHERE s.name = :student ORDER BY c.id",
        {"student": student},
    )
    return [text for (text,) in found]
