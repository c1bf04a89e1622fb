"""What students were shown, and their requests to look at a grade again.

Nothing of either is changed afterwards but the state and the answer of a request; each step is logged.
"""

from __future__ import annotations

from autograder.store.database import Database, DatabaseError, iso, moment_of
from autograder.store.history import Change, id_of_assignment, id_of_student, record, value_text
from autograder.store.records import STATES, Publication, Request

__all__ = ["add_request", "answer_request", "close_request", "publications", "publish", "requests"]

_NARROWED = "WHERE (:assignment = '' OR a.name = :assignment) AND (:student = '' OR s.name = :student) "
_JOINED = "JOIN students s ON s.id = x.student_id JOIN assignments a ON a.id = x.assignment_id "


def publish(database: Database, shown: Publication, change: Change) -> int:
    """Keep what a student is shown from now on, inside a transaction.

    Args:
        database: where.
        shown: what is shown; its `published`, `who` and `id` are filled in here.
        change: who publishes, and when.

    Returns:
        The publication's number.
    """
    student, assignment = id_of_student(database, shown.student), id_of_assignment(database, shown.assignment)
    before = _last_publication(database, shown.student, shown.assignment)
    number = database.add(
        "INSERT INTO publications (student_id, assignment_id, run_id, published, who, points, max_points, "
        "bonus_points, sha256) VALUES (:student, :assignment, :run, :at, :who, :points, :max_points, :bonus_points, "
        ":sha256)",
        {
            **change.values,
            "student": student,
            "assignment": assignment,
            "run": shown.run,
            "points": shown.points,
            "max_points": shown.max_points,
            "bonus_points": shown.bonus_points,
            "sha256": shown.sha256,
        },
    )
    record(
        database,
        change,
        "published",
        student=student,
        assignment=assignment,
        subject=f"publication {number}",
        before=value_text(before.points) if before else None,
        after=value_text(shown.points),
    )
    return number


def publications(database: Database, assignment: str = "", student: str = "") -> tuple[Publication, ...]:
    """Everything that was shown, oldest first; of one assignment or one student where that is named."""
    found = database.rows(
        "SELECT s.name, a.name, x.sha256, x.points, x.max_points, x.bonus_points, x.run_id, x.published, x.who, x.id "
        f"FROM publications x {_JOINED}{_NARROWED}ORDER BY x.id",
        {"assignment": assignment, "student": student},
    )
    return tuple(
        Publication(who, about, sha256, points, most, bonus, run, moment_of(published), by, id_)
        for who, about, sha256, points, most, bonus, run, published, by, id_ in found
    )


def _last_publication(database: Database, student: str, assignment: str) -> Publication | None:
    """What a student was shown last, or None."""
    found = publications(database, assignment, student)
    return found[-1] if found else None


def add_request(database: Database, asked: Request, change: Change) -> int:
    """Keep a request as an open one, inside a transaction; its number."""
    student, assignment = id_of_student(database, asked.student), id_of_assignment(database, asked.assignment)
    number = database.add(
        "INSERT INTO requests (student_id, assignment_id, question, text, made, state, answer, changed, who) "
        "VALUES (:student, :assignment, :question, :text, :made, 'open', '', :at, :who)",
        {
            **change.values,
            "student": student,
            "assignment": assignment,
            "question": asked.question,
            "text": asked.text,
            "made": iso(asked.made),
        },
    )
    about = {"student": student, "assignment": assignment}
    record(database, change, "requested", **about, subject=f"request {number}", after="open")  # type: ignore[arg-type]
    return number


def answer_request(database: Database, number: int, answer: str, change: Change) -> None:
    """Answer a request, inside a transaction; it stays to be closed, and may be answered again until then.

    Raises:
        DatabaseError: there is no such request, or it is closed.
    """
    _move(database, number, "answered", answer, change)


def close_request(database: Database, number: int, change: Change) -> None:
    """Close a request, inside a transaction.

    Raises:
        DatabaseError: there is no such request, or it is closed.
    """
    _move(database, number, "closed", None, change)


def _move(database: Database, number: int, state: str, answer: str | None, change: Change) -> None:
    found = database.rows(
        "SELECT student_id, assignment_id, state FROM requests WHERE id = :number", {"number": number}
    )
    if not found:
        raise DatabaseError(f"there is no request {number}")
    student, assignment, before = found[0]
    if before == "closed":
        raise DatabaseError(f"request {number} is closed")
    values = {**change.values, "number": number, "state": state, "answer": answer}
    text = ", answer = :answer" if answer is not None else ""
    database.change(f"UPDATE requests SET state = :state, changed = :at, who = :who{text} WHERE id = :number", values)
    about = {"student": student, "assignment": assignment, "subject": f"request {number}"}
    record(database, change, state, **about, before=before, after=state)


def requests(database: Database, assignment: str = "", student: str = "", *, state: str = "") -> tuple[Request, ...]:
    """Requests, oldest first; of one assignment, student or state where that is named."""
    assert state in ("", *STATES), state
    found = database.rows(
        "SELECT s.name, a.name, x.question, x.text, x.made, x.state, x.answer, x.changed, x.who, x.id "
        f"FROM requests x {_JOINED}{_NARROWED}AND (:state = '' OR x.state = :state) ORDER BY x.id",
        {"assignment": assignment, "student": student, "state": state},
    )
    return tuple(
        Request(who, about, question, text, moment_of(made), now, answer, moment_of(changed), by, id_)
        for who, about, question, text, made, now, answer, changed, by, id_ in found
    )
