"""A table that any spreadsheet opens: texts in quotes and without formulas, numbers as they are."""

from __future__ import annotations

from autograder.formats.outgoing import ClassGrades, Exporter, Request, Written
from autograder.formats.tables import table_rows
from autograder.reports.csv_files import csv_text
from autograder.reports.files import write_text

__all__ = ["EXPORTER"]


def _write(grades: ClassGrades, request: Request) -> Written:
    path = request.to / "grades.csv"
    write_text(path, csv_text(table_rows(grades)))
    return Written((path,))


EXPORTER = Exporter(
    """Write a table that any spreadsheet opens.

    Texts are in quotes, and what a spreadsheet could take for a formula gets an apostrophe; numbers stay numbers.

    Example: autograder export csv graded --to table""",
    _write,
)
