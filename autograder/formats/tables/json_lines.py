"""A JSON object for each student, one a line, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from autograder.formats.outgoing import ClassGrades, Exporter, Grade, Request, Written
from autograder.reports.files import write_text
from autograder.reports.visibility import withheld_sentence

__all__ = ["EXPORTER"]


def _write(grades: ClassGrades, request: Request) -> Written:
    path = request.to / "grades.jsonl"
    write_text(path, "".join(json.dumps(_record(grades, grade)) + "\n" for grade in grades.grades))
    return Written((path,))


def _record(grades: ClassGrades, grade: Grade) -> dict[str, object]:
    """One student, with what students may read of each check; `points` is null wherever they are not final.

    Checks that are not shown yet are left out, and so are their points in questions; `withheld` says how many.
    """
    part = grades.shown(grade)
    return {
        "assignment": grades.assignment,
        "student": grade.student,
        "name": grade.name,
        "emails": _listed(grade.emails),
        "ids": _listed(grade.ids),
        "platform_ids": {kind: _listed(keys) for kind, keys in sorted(grade.keys.items())},
        "team": grade.team,
        "points": grade.points,
        "max_points": grade.most,
        "open": grade.why,
        "notes": _listed(grade.report.notes),
        "withheld": [
            {"question": each.question, "text": withheld_sentence(each, grades.moment_of(grade))}
            for each in part.withheld
        ],
        "questions": [
            {
                "id": question.id,
                "title": question.title,
                "bonus": question.bonus,
                "points": question.points
                if all(grade.points_of(each) is not None for each in question.checks)
                else None,
                "max_points": question.max_points,
                "checks": [
                    {
                        "id": check.id,
                        "title": check.title,
                        "hidden": check.hidden,
                        "verdict": str(check.verdict),
                        "points": grade.points_of(check),
                        "max_points": check.max_points,
                        "message": check.message,
                    }
                    for check in question.checks
                ],
            }
            for question in part.report.questions
        ],
    }


def _listed(values: Sequence[str]) -> list[str]:
    return [*values]


EXPORTER = Exporter(
    """Write a JSON object for each student, one a line, with all questions and their checks.

    Messages are those that students may read, and checks that are shown later are left out; points that are not final
    are null.

    Example: autograder export jsonl graded""",
    _write,
)
