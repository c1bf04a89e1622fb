"""Marks and comments that people gave: written in one transaction, each change logged with what was there before.

Several people may mark into one database, each with a ``marks.csv`` of their own. So a cell that is empty takes back
only what came from the same file; what somebody else gave stays. Points that were given on the page (`readings`) are
those of the file once it has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from autograder.store.database import Database, moment_of
from autograder.store.history import Change, id_of_assignment, id_of_student, record, value_text
from autograder.store.records import PAGE, Mark

__all__ = ["marks", "record_marks"]

_Item = tuple[int, str, str]  # student, answer, item


def record_marks(database: Database, assignment: str, given: Iterable[Mark], place: str, change: Change) -> int:
    """Write what changed of people's points and comments, inside a transaction.

    Args:
        database: where.
        assignment: what they are about.
        given: every item of every answer as it is in the file now, with points or without.
        place: the file; points and comments that another one gave are not taken back by an empty cell.
        change: who gives them, and when.

    Returns:
        How many points and comments changed.
    """
    about = id_of_assignment(database, assignment)
    old, said = _marks(database, about), _comments(database, about)
    changed = 0
    for mark in given:
        key = (id_of_student(database, mark.student), mark.answer, mark.item)
        before, place_before = old.get(key, (None, place))
        if mark.points != before and (mark.points is not None or place_before == place):
            _write_mark(database, about, key, mark, place, change)
            values = {"before": value_text(before), "after": value_text(mark.points)}
            record(database, change, "marked", student=key[0], assignment=about, subject=_subject(mark), **values)
            changed += 1
        elif mark.points is not None and place_before == PAGE:
            _write_mark(database, about, key, mark, place, change)  # the file has them now, and may change them
        number, text, place_before = said.get(key, (None, "", place))
        if mark.comment != text and (mark.comment or place_before == place):
            comment = _write_comment(database, about, key, mark, place, change)
            values = {"before": f"comment {number}" if number else None, "after": f"comment {comment}"}
            record(database, change, "commented", student=key[0], assignment=about, subject=_subject(mark), **values)
            changed += 1
        elif mark.comment and place_before == PAGE:
            database.change("UPDATE comments SET place = :place WHERE id = :id", {"place": place, "id": number})
    return changed


def _subject(mark: Mark) -> str:
    return f"{mark.answer}: {mark.item}"


def _marks(database: Database, assignment: int) -> dict[_Item, tuple[float, str]]:
    """Points and place of every item that has points."""
    found = database.rows(
        "SELECT student_id, answer, item, points, place FROM marks WHERE assignment_id = :assignment",
        {"assignment": assignment},
    )
    return {(student, answer, item): (points, place) for student, answer, item, points, place in found}


def _comments(database: Database, assignment: int) -> dict[_Item, tuple[int, str, str]]:
    """Number, text and place of the newest comment on each item."""
    found = database.rows(
        "SELECT student_id, answer, item, id, text, place FROM comments WHERE assignment_id = :assignment ORDER BY id",
        {"assignment": assignment},
    )
    return {(student, answer, item): (id_, text, place) for student, answer, item, id_, text, place in found}


def _values(about: int, key: _Item, mark: Mark, place: str, change: Change) -> dict[str, Any]:
    return {
        **change.values,
        "student": key[0],
        "assignment": about,
        "question": mark.question,
        "answer": mark.answer,
        "item": mark.item,
        "most": float(mark.most),
        "points": mark.points,
        "text": mark.comment,
        "place": place,
    }


def _write_mark(database: Database, about: int, key: _Item, mark: Mark, place: str, change: Change) -> None:
    values = _values(about, key, mark, place, change)
    if mark.points is None:
        database.change(
            "DELETE FROM marks WHERE student_id = :student AND assignment_id = :assignment AND answer = :answer "
            "AND item = :item",
            values,
        )
        return
    database.change(
        "INSERT INTO marks (student_id, assignment_id, question, answer, item, most, points, marked, who, place) "
        "VALUES (:student, :assignment, :question, :answer, :item, :most, :points, :at, :who, :place) "
        "ON CONFLICT (student_id, assignment_id, answer, item) DO UPDATE SET question = excluded.question, "
        "marked = CASE WHEN marks.points = excluded.points THEN marks.marked ELSE excluded.marked END, "
        "who = CASE WHEN marks.points = excluded.points THEN marks.who ELSE excluded.who END, "
        "most = excluded.most, points = excluded.points, place = excluded.place, filed = NULL",
        values,
    )


def _write_comment(database: Database, about: int, key: _Item, mark: Mark, place: str, change: Change) -> int:
    return database.add(
        "INSERT INTO comments (student_id, assignment_id, question, answer, item, text, written, who, place) "
        "VALUES (:student, :assignment, :question, :answer, :item, :text, :at, :who, :place)",
        _values(about, key, mark, place, change),
    )


def marks(database: Database, assignment: str = "", student: str = "") -> tuple[Mark, ...]:
    """Every item that has points or a comment, by student and item; of one assignment or student where named."""
    values = {"assignment": assignment, "student": student}
    narrowed = "(:assignment = '' OR a.name = :assignment) AND (:student = '' OR s.name = :student)"
    joined = "JOIN students s ON s.id = x.student_id JOIN assignments a ON a.id = x.assignment_id"
    found: dict[tuple[int, str, str, str], Mark] = {}
    for about, who, question, answer, item, most, points, writer, place, marked, filed in database.rows(
        "SELECT x.assignment_id, s.name, x.question, x.answer, x.item, x.most, x.points, x.who, x.place, x.marked, "
        f"x.filed FROM marks x {joined} WHERE {narrowed}",
        values,
    ):
        mark = Mark(who, question, answer, item, most, points, "", writer, place, moment_of(marked), filed)
        found[about, who, answer, item] = mark
    earlier = dict[tuple[int, str, str, str], str]()  # the newest of each that was not written on the page
    for about, who, question, answer, item, text, writer, place, written, newest in database.rows(
        "SELECT x.assignment_id, s.name, x.question, x.answer, x.item, x.text, x.who, x.place, x.written, "
        "x.id = (SELECT max(y.id) FROM comments y WHERE y.student_id = x.student_id "
        "AND y.assignment_id = x.assignment_id AND y.answer = x.answer AND y.item = x.item) "
        f"FROM comments x {joined} WHERE {narrowed} ORDER BY x.id",
        values,
    ):
        key = (about, who, answer, item)
        if place != PAGE:
            earlier[key] = text
        if not newest:
            continue
        filed_comment = earlier.get(key, "")
        if key in found:
            found[key] = replace(found[key], comment=text, comment_place=place, filed_comment=filed_comment)
        elif text:
            mark = Mark(who, question, answer, item, 0.0, None, text, writer, place, moment_of(written))
            found[key] = replace(mark, comment_place=place, filed_comment=filed_comment)
    return tuple(sorted(found.values(), key=lambda each: (each.student, each.question, each.answer, each.item)))
