"""`questions.csv`: what only a person can decide about submissions, and the answers."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder import whole
from autograder.checks.errors import UsageError
from autograder.reports.csv_files import csv_text, restored
from autograder.submissions.collected import WHO

__all__ = ["AS_IS", "PROBLEM", "QUESTIONS", "WHICH", "WHO", "Row", "question_id", "read_questions", "write_questions"]

QUESTIONS = "questions.csv"
AS_IS = "as is"
"""The answer that takes a name, or a hand-in that has a problem, as it is."""
WHICH, PROBLEM = "which attempt counts", "whether it is graded"
_COLUMNS = ("id", "student", "attempt", "question", "candidates", "answer")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `questions.csv`."""

    id: str
    student: str
    attempt: int
    question: str
    candidates: tuple[str, ...]
    answer: str = ""


def question_id(source: str, key: str, sha256: str, about: str) -> str:
    """Of one question: whose it is (as the source says), about which hand-in ("" for all of theirs), and about what."""
    return hashlib.sha256("\0".join((source, key, sha256, about)).encode()).hexdigest()[:10]


def read_questions(path: Path) -> dict[str, Row]:
    """The questions and answers that are there, whichever of comma, semicolon and tab a spreadsheet has put between.

    Raises:
        UsageError: the file cannot be read, or lacks a column.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({type(error).__name__}); save it as UTF-8, or remove it.") from None
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        raise UsageError(f"{path} lacks the columns {', '.join(_COLUMNS)}; put them back, or remove the file.")
    rows = {}
    for line in reader:
        cells = {name: restored(line[name] or "").strip() for name in _COLUMNS}
        number = int(cells["attempt"]) if cells["attempt"].isdecimal() else 0
        candidates = tuple(each for each in cells["candidates"].split(" | ") if each)
        rows[cells["id"]] = Row(cells["id"], cells["student"], number, cells["question"], candidates, cells["answer"])
    return rows


def write_questions(path: Path, rows: Iterable[Row]) -> None:
    """Write the questions, by student; a file that says the same already is left alone, and none is made for none.

    Raises:
        OSError: it cannot be written.
    """
    ordered = sorted(rows, key=lambda each: (each.student, each.attempt, each.question))
    text = csv_text([_COLUMNS, *([*map(_cell, _cells(row))] for row in ordered)]).encode()
    if (ordered or path.exists()) and not (path.is_file() and path.read_bytes() == text):
        whole.write(path, text)


def _cells(row: Row) -> tuple[str, ...]:
    return (row.id, row.student, str(row.attempt), row.question, " | ".join(row.candidates), row.answer)


def _cell(text: str) -> str | None:
    return text or None
