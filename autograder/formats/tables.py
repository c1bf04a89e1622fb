"""Grades as a table for people and for programs: CSV, an Excel workbook, JSON lines; all say the same."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import datetime

from autograder.formats.class_grades import ClassGrades, Exporter, Grade, Request, Written
from autograder.reports.files import Cell, csv_text, write_bytes, write_text
from autograder.reports.grades import question_ids, verdict_summary
from autograder.reports.visibility import withheld_sentence

__all__ = ["CSV", "EXCEL", "JSON_LINES", "table_rows"]

_SAME_EVERYWHERE = {"canvas": "canvas", "moodle": "moodle-api"}
"""Platforms, and the kind of hand-ins whose keys have a number that is the student's in every assignment."""


def table_rows(grades: ClassGrades) -> list[list[Cell]]:
    """A line with names, then one for each student: who, points of each question, of all, what is open, verdicts.

    Points that are not final are left out, and so are those of their questions. Where the roster has aliases there is a
    column ids, and where Canvas or Moodle said by what number they know a student one with it, such as canvas_id.
    """
    ids = question_ids([grade.report for grade in grades.grades])
    aliases = ("ids",) if any(_aliases(grade) for grade in grades.grades) else ()
    platforms = sorted({platform for grade in grades.grades for platform in _numbers(grade)})
    others = [*aliases, *(f"{platform}_id" for platform in platforms)]
    rows: list[list[Cell]] = [
        ["student", "name", "email", *others, "team", *ids, "points", "max_points", "open", "verdicts"],
    ]
    for grade in grades.grades:
        final = grade.points is not None
        points = {question.id: question.points for question in grade.report.questions} if final else {}
        numbers = _numbers(grade)
        known = [*([_aliases(grade)] if aliases else []), *(numbers.get(platform, ()) for platform in platforms)]
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


def _numbers(grade: Grade) -> dict[str, tuple[str, ...]]:
    """By what number a platform knows the student everywhere; other keys are of one download, or hide a name."""
    found = {}
    for platform, source in _SAME_EVERYWHERE.items():
        numbers = [key.rpartition(":")[2] for key in grade.keys.get(source, ())]
        if kept := tuple(each for each in numbers if each.isdigit()):
            found[platform] = kept
    return found


def _aliases(grade: Grade) -> tuple[str, ...]:
    """The ids of the roster beside the one that names the student."""
    return tuple(id_ for id_ in grade.ids if id_ != grade.student)


def _write_csv(grades: ClassGrades, request: Request) -> Written:
    path = request.to / "grades.csv"
    write_text(path, csv_text(table_rows(grades)))
    return Written((path,))


CSV = Exporter(
    """Write a table that any spreadsheet opens.

    Texts are in quotes, and what a spreadsheet could take for a formula gets an apostrophe; numbers stay numbers.

    Example: autograder export csv graded --to table""",
    _write_csv,
)


_MOST_CHARACTERS = 32_767  # of a cell
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MADE = datetime(2000, 1, 1)  # the same grades are the same bytes


def _write_workbook(grades: ClassGrades, request: Request) -> Written:
    import xlsxwriter

    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": _cell_text(grades.title)[:255], "created": _MADE})
        sheet, bold = book.add_worksheet("Grades"), book.add_format({"bold": True})
        rows = table_rows(grades)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, _cell_text(cell), None if number else bold)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
        sheet.autofit(300)
    path = request.to / "grades.xlsx"
    write_bytes(path, made.getvalue())
    return Written((path,))


def _cell_text(value: str) -> str:
    """What a cell can hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)[:_MOST_CHARACTERS]


EXCEL = Exporter(
    """Write the table as an Excel workbook.

    Texts are stored as texts, so nothing in them is a formula. Needs the extra excel.

    Example: autograder export excel graded""",
    _write_workbook,
)


def _write_json_lines(grades: ClassGrades, request: Request) -> Written:
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
        "platform_ids": {platform: _listed(numbers) for platform, numbers in _numbers(grade).items()},
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


JSON_LINES = Exporter(
    """Write a JSON object for each student, one a line, with all questions and their checks.

    Messages are those that students may read, and checks that are shown later are left out; points that are not final
    are null.

    Example: autograder export jsonl graded""",
    _write_json_lines,
)
