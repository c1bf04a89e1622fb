"""Grades as a table for people and for programs, one format a file: CSV, Excel, JSON lines; all say the same."""

from __future__ import annotations

from autograder.formats.outgoing import ClassGrades, Grade
from autograder.reports.csv_files import Cell
from autograder.reports.grades import question_ids, verdict_summary

__all__ = ["table_rows"]


def table_rows(grades: ClassGrades) -> list[list[Cell]]:
    """A line with names, then one for each student: who, points of each question, of all, what is open, verdicts.

    Points that are not final are left out, and so are those of their questions. Where the roster has aliases there is a
    column ids, and for each platform that submissions were collected from one with its own ids, such as canvas_id.
    """
    ids = question_ids([grade.report for grade in grades.grades])
    aliases = ("ids",) if any(_aliases(grade) for grade in grades.grades) else ()
    kinds = sorted({kind for grade in grades.grades for kind in grade.keys})
    others = [*aliases, *(f"{kind.replace('-', '_')}_id" for kind in kinds)]
    rows: list[list[Cell]] = [
        ["student", "name", "email", *others, "team", *ids, "points", "max_points", "open", "verdicts"],
    ]
    for grade in grades.grades:
        final = grade.points is not None
        points = {question.id: question.points for question in grade.report.questions} if final else {}
        known = [*([_aliases(grade)] if aliases else []), *(grade.keys.get(kind, ()) for kind in kinds)]
        who: list[Cell] = [
            grade.student,
            grade.name or None,
            *(", ".join(each) or None for each in (grade.emails, *known)),
            grade.team or None,
        ]
        rows.append(
            [*who, *map(points.get, ids), grade.points, grade.most, grade.why or None, verdict_summary(grade.report)]
        )
    return rows


def _aliases(grade: Grade) -> tuple[str, ...]:
    """The ids of the roster beside the one that names the student."""
    return tuple(id_ for id_ in grade.ids if id_ != grade.student)
