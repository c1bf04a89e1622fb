"""The table as an Excel workbook, in which a text is stored as a text and so is never a formula."""

from __future__ import annotations

import io
import re
from datetime import datetime

from autograder.formats.outgoing import ClassGrades, Exporter, Request, Written
from autograder.formats.tables import table_rows
from autograder.reports.files import write_bytes

__all__ = ["EXPORTER"]

_MOST_CHARACTERS = 32_767  # of a cell
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MADE = datetime(2000, 1, 1)  # the same grades are the same bytes


def _write(grades: ClassGrades, request: Request) -> Written:
    import xlsxwriter

    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": _text(grades.title)[:255], "created": _MADE})
        sheet, bold = book.add_worksheet("Grades"), book.add_format({"bold": True})
        rows = table_rows(grades)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, _text(cell), None if number else bold)
                elif cell is not None:
                    sheet.write_number(number, column, cell)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
        sheet.autofit(300)
    path = request.to / "grades.xlsx"
    write_bytes(path, made.getvalue())
    return Written((path,))


def _text(value: str) -> str:
    """What a cell can hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)[:_MOST_CHARACTERS]


EXPORTER = Exporter(
    """Write the table as an Excel workbook.

    Texts are stored as texts, so nothing in them is a formula. Needs the extra excel.

    Example: autograder export excel graded""",
    _write,
)
