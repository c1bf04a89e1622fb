"""The written answers of a class, read from each student's newest final run: what people grade on the page."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from autograder.store.database import Database

__all__ = ["WrittenAnswer", "newest_report", "student_name", "written_answers"]

_NEWEST = (
    "SELECT r.student_id, s.name, r.id FROM runs r JOIN attempts t ON t.id = r.attempt_id "
    "JOIN assignments a ON a.id = t.assignment_id JOIN students s ON s.id = r.student_id "
    "WHERE a.name = :assignment {more} ORDER BY NOT r.internal, r.finished, r.id"
)


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """One student's answer; `file` names the PDF that stands in the place of `text`.

    `student` is the student's number, by which pages call people whose names are hidden.
    """

    student: int
    name: str
    question: str
    answer: str
    title: str
    points: float
    verdict: str
    text: str
    file: str


class _Check(msgspec.Struct, frozen=True):
    id: str
    title: str
    verdict: str
    by_hand: float = 0.0
    answer: str = ""
    answer_file: str = ""


class _Question(msgspec.Struct, frozen=True):
    id: str
    checks: list[_Check]


class _Answers(msgspec.Struct, frozen=True):
    """What is read of a report: a tenth of it, in a tenth of the time."""

    questions: list[_Question]


def written_answers(database: Database, assignment: str, answer: str = "") -> tuple[WrittenAnswer, ...]:
    """Every answer that a person grades, by answer and by number of the student; of one answer where it is named."""
    newest = {who: (name, run) for who, name, run in database.rows(_NEWEST.format(more=""), {"assignment": assignment})}
    decoder, found = msgspec.json.Decoder(_Answers), []
    texts = dict(
        database.rows(
            "SELECT r.id, r.report FROM runs r JOIN attempts t ON t.id = r.attempt_id "
            "JOIN assignments a ON a.id = t.assignment_id WHERE a.name = :assignment AND r.report <> '' AND r.id IN "
            "(SELECT run_id FROM check_results WHERE by_hand > 0 AND (:answer = '' OR check_id = :answer))",
            {"assignment": assignment, "answer": answer},
        )
    )
    for who, (name, run) in newest.items():
        if run not in texts:
            continue
        try:
            questions = decoder.decode(texts[run]).questions
        except msgspec.MsgspecError:  # of a version that wrote reports otherwise
            continue
        found += [
            WrittenAnswer(
                who, name, question.id, check.id, check.title, check.by_hand, check.verdict, check.answer,
                check.answer_file,
            )
            for question in questions
            for check in question.checks
            if check.by_hand and answer in ("", check.id)
        ]  # fmt: skip
    order = {name: place for place, name in enumerate(dict.fromkeys(each.answer for each in found))}
    return tuple(sorted(found, key=lambda each: (order[each.answer], each.student)))


def newest_report(database: Database, assignment: str, student: int) -> str | None:
    """The report (JSON) of a student's newest run, of final ones where there are some; None for none."""
    more = "AND r.student_id = :student AND r.report <> ''"
    found = database.rows(_NEWEST.format(more=more), {"assignment": assignment, "student": student})
    return str(database.rows("SELECT report FROM runs WHERE id = :id", {"id": found[-1][2]})[0][0]) if found else None


def student_name(database: Database, student: int) -> str | None:
    """The name of the student of that number; None where there is none."""
    found = database.rows("SELECT name FROM students WHERE id = :id", {"id": student})
    return str(found[0][0]) if found else None
