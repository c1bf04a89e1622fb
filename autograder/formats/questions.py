"""`questions.csv`: what only a person can decide about submissions, and the answers."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.reports.csv_files import csv_text, restored
from autograder.submissions.collected import WHO

__all__ = ["AS_IS", "PROBLEM", "QUESTIONS", "WHICH", "WHO", "Row", "question_id", "read_questions", "write_questions"]

QUESTIONS = "questions.csv"
_LAST = f".{QUESTIONS}"  # the answers as they were used last, for when the file is lost or broken
_BROKEN = f"{QUESTIONS}.broken"
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

    An answer whose line is gone, or whose file, is that which was used last: nobody takes one back by a lost line.

    Raises:
        UsageError: the file cannot be read, or lacks a column; what it holds is kept in a copy beside.
    """
    last = path.with_name(_LAST)
    before = {id_: row for id_, row in _rows(last).items() if row.answer} if last.is_file() else {}
    return {**before, **_rows(path)} if path.exists() else before


def _rows(path: Path) -> dict[str, Row]:
    data = b""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not in UTF-8; save it as UTF-8. {_way_out(path, data)}") from None
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    if not set(_COLUMNS) <= set(reader.fieldnames or ()):
        raise UsageError(f"{path} lacks the columns {', '.join(_COLUMNS)}; put them back. {_way_out(path, data)}")
    rows = {}
    for line in reader:
        cells = {name: restored(line[name] or "").strip() for name in _COLUMNS}
        number = int(cells["attempt"]) if cells["attempt"].isdecimal() else 0
        candidates = tuple(each for each in cells["candidates"].split(" | ") if each)
        rows[cells["id"]] = Row(cells["id"], cells["student"], number, cells["question"], candidates, cells["answer"])
    return rows


def _way_out(path: Path, data: bytes) -> str:
    """What becomes of the answers when a file that cannot be used is removed; its content is kept in a copy."""
    copy, number = path.with_name(_BROKEN), 1
    while copy.exists() and not (copy.is_file() and copy.read_bytes() == data):
        number += 1
        copy = path.with_name(f"{_BROKEN}-{number}")
    if not copy.exists():
        atomic_files.write(copy, data)
    again = "the answers that were used last are taken" if path.with_name(_LAST).is_file() else "all is asked again"
    return f"Without the file {again}; what it holds now is kept in {copy.name}."


def write_questions(path: Path, rows: Iterable[Row]) -> None:
    """Write the questions, by student; a file that says the same already is left alone, and none is made for none.

    Raises:
        OSError: it cannot be written.
    """
    ordered = sorted(rows, key=lambda each: (each.student, each.attempt, each.question))
    text = csv_text([_COLUMNS, *([*map(_cell, _cells(row))] for row in ordered)]).encode()
    for each in (path, path.with_name(_LAST)) if ordered or path.exists() else ():
        if not (each.is_file() and each.read_bytes() == text):
            atomic_files.write(each, text)


def _cells(row: Row) -> tuple[str, ...]:
    return (row.id, row.student, str(row.attempt), row.question, " | ".join(row.candidates), row.answer)


def _cell(text: str) -> str | None:
    return text or None
