"""Answers that people grade on the page: what stands there, changed by one person at a time, and taken back.

Points and comments are those of `marking`, under a place of their own (`PAGE`), so that they count wherever marks do.
Each change is a row of `readings`, with points and comments before and after it: who changes what somebody else changed
meanwhile is refused, and one's own last change can be taken back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from autograder.checks.errors import UsageError
from autograder.store.database import Database, moment_of
from autograder.store.history import Change, LogLine, id_of_assignment, id_of_student, record_all, value_text
from autograder.store.records import PAGE

__all__ = ["Conflict", "Given", "Progress", "Reading", "change_reading", "progress", "reading_of", "undo"]

_Subject = tuple[int, int, str]  # student, assignment, answer


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gives for one item: points from 0 to `most`, or None for none yet, and a comment."""

    item: str
    most: float
    points: float | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands for one answer of one student.

    Args:
        points: by item; an item without points is not there.
        comments: by item; those that are empty are not there.
        flagged: whether somebody wants to look at it again.
        stamp: stands for all of it; it differs after every change, whoever made it.
        who: who changed it last; "" for nobody.
        changed: when; None for never.
        comment_numbers: of the comments, by item.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    flagged: bool = False
    stamp: str = ""
    who: str = ""
    changed: datetime | None = None
    comment_numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one answer of a class is: by student the items with points, who is flagged, and answers by grader."""

    items: Mapping[str, int]
    flagged: frozenset[str]
    graders: Mapping[str, int]


class Conflict(Exception):
    """Somebody changed the answer since it was shown; `now` is what stands there."""

    def __init__(self, now: Reading) -> None:
        super().__init__(f"{now.who or 'Somebody'} changed this answer meanwhile.")
        self.now = now


def reading_of(database: Database, assignment: str, student: str, answer: str) -> Reading:
    """What stands for an answer; nothing where nobody graded it."""
    found = database.rows(
        "SELECT s.id, a.id FROM students s, assignments a WHERE s.name = :student AND a.name = :assignment",
        {"student": student, "assignment": assignment},
    )
    return _reading(database, (*found[0], answer)) if found else Reading(stamp=_stamp(0, [], []))


def change_reading(
    database: Database,
    assignment: str,
    student: str,
    answer: str,
    given: Sequence[Given],
    *,
    question: str,
    stamp: str,
    flagged: bool,
    change: Change,
) -> Reading:
    """Write what a person gives for an answer, inside a transaction; every item of its rubric is in `given`.

    Args:
        database: where.
        assignment: its name.
        student: the name.
        answer: its id.
        given: points and comment for each item.
        question: the question's id.
        stamp: of what was shown to the person.
        flagged: whether it is to be looked at again.
        change: who, and when.

    Raises:
        Conflict: what was shown is not what stands there.
        UsageError: points are more than the item has or less than 0, or are taken from an item for which
            ``marks.csv`` has some.
    """
    about = (id_of_student(database, student), id_of_assignment(database, assignment), answer)
    before = _reading(database, about)
    if before.stamp != stamp:
        raise Conflict(before)
    for each in given:
        if each.points is not None and not 0 <= each.points <= each.most:
            raise UsageError(f"{each.item!r} takes points from 0 to {each.most:g}, not {each.points:g}.")
    _write(database, about, question, given, before, change)
    return _recorded(database, about, before, flagged, change, undoes=None)


def undo(
    database: Database,
    assignment: str,
    student: str,
    answer: str,
    *,
    most: Mapping[str, float],
    question: str,
    stamp: str,
    change: Change,
) -> Reading:
    """Take back the last change of an answer, if the same person made it; inside a transaction.

    Called again, it takes back the change before that one. Arguments are as of `change_reading`; `most` has the points
    of each item of the rubric.

    Raises:
        Conflict: what was shown is not what stands there.
        UsageError: there is no change of that person's to take back.
    """
    about = (id_of_student(database, student), id_of_assignment(database, assignment), answer)
    now = _reading(database, about)
    if now.stamp != stamp:
        raise Conflict(now)
    rows = _revisions(database, about)
    last = max(rows, default=0)
    while last and rows[last]["undoes"] is not None:  # what was taken back already is passed over
        last = rows[last]["undoes"] - 1
    if not last or rows[last]["who"] != change.who:
        raise UsageError("There is no change of yours to take back here.")
    if _content(now) != json.loads(rows[max(rows)]["after"]):
        raise UsageError("This answer was changed in marks.csv since; correct it there, or give other points.")
    then = json.loads(rows[last]["before"])
    texts = _texts(database, then["comments"].values())
    given = [
        Given(item, most.get(item, 0.0), then["points"].get(item), texts.get(then["comments"].get(item, 0), ""))
        for item in dict.fromkeys((*now.points, *now.comments, *then["points"], *then["comments"]))
    ]
    _write(database, about, question, given, now, change)
    return _recorded(database, about, now, bool(then["flagged"]), change, undoes=last)


def progress(database: Database, assignment: str, answer: str) -> Progress:
    """How far an answer of a class is."""
    values = {"assignment": assignment, "answer": answer}
    given = database.rows(
        "SELECT s.name, m.who, m.item FROM marks m JOIN students s ON s.id = m.student_id "
        "JOIN assignments a ON a.id = m.assignment_id WHERE a.name = :assignment AND m.answer = :answer "
        "ORDER BY m.marked",
        values,
    )
    flags = database.rows(
        "SELECT s.name, r.flagged FROM readings r JOIN students s ON s.id = r.student_id "
        "JOIN assignments a ON a.id = r.assignment_id WHERE a.name = :assignment AND r.answer = :answer "
        "ORDER BY r.revision",
        values,
    )
    items, last = dict[str, int](), dict[str, str]()
    for name, who, _ in given:
        items[name] = items.get(name, 0) + 1
        last[name] = who
    graders = dict[str, int]()
    for who in last.values():
        graders[who] = graders.get(who, 0) + 1
    return Progress(items, frozenset(name for name, on in dict(flags).items() if on), graders)


def _reading(database: Database, about: _Subject) -> Reading:
    values = dict(zip(("student", "assignment", "answer"), about, strict=True))
    where = "WHERE student_id = :student AND assignment_id = :assignment AND answer = :answer"
    given = database.rows(f"SELECT item, points, who, marked FROM marks {where} ORDER BY item", values)
    said = database.rows(f"SELECT item, id, text, who, written FROM comments {where} ORDER BY id", values)
    newest = {item: (number, text) for item, number, text, *_ in said}
    rows = _revisions(database, about)
    last = rows[max(rows)] if rows else None
    changes = [(at, who) for *_, who, at in (*given, *said)] + ([(last["changed"], last["who"])] if last else [])
    at, who = max(changes, default=("", ""))
    return Reading(
        {item: points for item, points, *_ in given},
        {item: text for item, (_, text) in newest.items() if text},
        bool(last and last["flagged"]),
        _stamp(max(rows, default=0), given, sorted(number for number, _ in newest.values())),
        who,
        moment_of(at) if at else None,
        {item: number for item, (number, text) in newest.items() if text},
    )


def _stamp(revision: int, given: Sequence[Any], comments: Sequence[int]) -> str:
    text = json.dumps([revision, [[str(part) for part in row] for row in given], comments])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _revisions(database: Database, about: _Subject) -> dict[int, dict[str, Any]]:
    """Every change of an answer on the page, by its number."""
    names = ("revision", "undoes", "flagged", "before", "after", "changed", "who")
    found = database.rows(
        f"SELECT {', '.join(names)} FROM readings WHERE student_id = :student AND assignment_id = :assignment "
        "AND answer = :answer",
        dict(zip(("student", "assignment", "answer"), about, strict=True)),
    )
    return {row[0]: dict(zip(names, row, strict=True)) for row in found}


def _texts(database: Database, numbers: Any) -> dict[int, str]:
    """The texts of comments by their numbers; of those that were erased, none."""
    return {
        number: text
        for each in numbers
        for number, text in database.rows("SELECT id, text FROM comments WHERE id = :id", {"id": each})
    }


def _content(reading: Reading) -> dict[str, Any]:
    """What a later change may have altered: the points, and which items have comments."""
    return {"points": dict(reading.points), "commented": sorted(reading.comments), "flagged": reading.flagged}


def _write(
    database: Database, about: _Subject, question: str, given: Sequence[Given], before: Reading, change: Change
) -> None:
    """Write points and comments that differ from what stands there, each with a line in the log."""
    student, assignment, answer = about
    lines_of_points, lines_of_comments = list[LogLine](), list[LogLine]()
    for each in given:
        values = {
            **change.values,
            "student": student,
            "assignment": assignment,
            "question": question,
            "answer": answer,
            "item": each.item,
            "most": float(each.most),
            "points": each.points,
            "text": each.comment,
            "place": PAGE,
        }
        subject, old = f"{answer}: {each.item}", before.points.get(each.item)
        if each.points != old:
            (_take_back if each.points is None else _give)(database, values)
            lines_of_points.append(LogLine(student, assignment, subject, value_text(old), value_text(each.points)))
        if each.comment != before.comments.get(each.item, ""):
            number = database.add(
                "INSERT INTO comments (student_id, assignment_id, question, answer, item, text, written, who, place) "
                "VALUES (:student, :assignment, :question, :answer, :item, :text, :at, :who, :place)",
                {name: value for name, value in values.items() if name not in ("most", "points")},
            )
            lines_of_comments.append(LogLine(student, assignment, subject, None, f"comment {number}"))
    for verb, lines in (("marked", lines_of_points), ("commented", lines_of_comments)):
        if lines:
            record_all(database, change, verb, lines)


def _give(database: Database, values: dict[str, Any]) -> None:
    """Give points; `filed` keeps what ``marks.csv`` has until `autograder mark` writes it again."""
    database.change(
        "INSERT INTO marks (student_id, assignment_id, question, answer, item, most, points, marked, who, place) "
        "VALUES (:student, :assignment, :question, :answer, :item, :most, :points, :at, :who, :place) "
        "ON CONFLICT (student_id, assignment_id, answer, item) DO UPDATE SET question = excluded.question, "
        "filed = CASE WHEN marks.place = excluded.place THEN marks.filed ELSE marks.points END, "
        "most = excluded.most, points = excluded.points, marked = excluded.marked, who = excluded.who, "
        "place = excluded.place",
        {name: value for name, value in values.items() if name != "text"},
    )


def _take_back(database: Database, values: dict[str, Any]) -> None:
    where = "WHERE student_id = :student AND assignment_id = :assignment AND answer = :answer AND item = :item"
    key = {name: values[name] for name in ("student", "assignment", "answer", "item")}
    found = database.rows(f"SELECT place, filed FROM marks {where}", key)
    if found and (found[0][0] != PAGE or found[0][1] is not None):
        raise UsageError(
            f"Points for {values['item']!r} stand in marks.csv; give others here, or empty the cell there and run "
            "`autograder mark`."
        )
    database.change(f"DELETE FROM marks {where}", key)


def _recorded(
    database: Database, about: _Subject, before: Reading, flagged: bool, change: Change, *, undoes: int | None
) -> Reading:
    """Add the change to the readings; what stands there now."""
    then = {"points": dict(before.points), "comments": dict(before.comment_numbers), "flagged": before.flagged}
    after = {**_content(_reading(database, about)), "flagged": flagged}
    database.add(
        "INSERT INTO readings (student_id, assignment_id, answer, revision, undoes, flagged, before, after, changed, "
        "who) VALUES (:student, :assignment, :answer, :revision, :undoes, :flagged, :before, :after, :at, :who)",
        {
            **change.values,
            **dict(zip(("student", "assignment", "answer"), about, strict=True)),
            "revision": max(_revisions(database, about), default=0) + 1,
            "undoes": undoes,
            "flagged": flagged,
            "before": json.dumps(then),
            "after": json.dumps(after),
        },
    )
    return _reading(database, about)
