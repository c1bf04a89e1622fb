"""Grades as a table for people and for programs, one format a file: CSV, Excel, JSON lines; all say the same."""

from __future__ import annotations

from autograder.formats.outgoing import ClassGrades
from autograder.reports.csv_files import Cell
from autograder.reports.grades import question_ids, verdict_summary

__all__ = ["table_rows"]


def table_rows(grades: ClassGrades) -> list[list[Cell]]:
    """A line with names, then one for each student: who, points of each question, of all, what is open, verdicts.

    Points that are not final are left out, and so are those of their questions.
    """
    ids = question_ids([grade.report for grade in grades.grades])
    rows: list[list[Cell]] = [
        ["student", "name", "email", "team", *ids, "points", "max_points", "open", "verdicts"],
    ]
    for grade in grades.grades:
        final = grade.points is not None
        points = {question.id: question.points for question in grade.report.questions} if final else {}
        who: list[Cell] = [grade.student, grade.name or None, ", ".join(grade.emails) or None, grade.team or None]
        rows.append(
            [*who, *map(points.get, ids), grade.points, grade.most, grade.why or None, verdict_summary(grade.report)]
        )
    return rows
