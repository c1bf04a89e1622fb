"""Requests to look at a grade again: as a form or a spreadsheet gives them, and answered, as published pages show them.

What comes in is a CSV file with a line for each request. Only `student` and `text` are needed; headings are found in
any order, whatever their case, and other columns are left alone, such as the time stamp of a form, which is used where
it is called `made`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.early_start import DATABASE, NOTEBOOK_FORM
from autograder.formats.recorded_marks import missing_file
from autograder.reports.files import restored
from autograder.reports.pages import AnsweredRequest
from autograder.store.records import Request

__all__ = ["answered_requests", "read_requests"]

_LONGEST = 1 << 20
_MOST_TEXT = 20_000


def read_requests(path: Path, assignment: str, now: datetime) -> tuple[Request, ...]:
    """The requests of a file, in its order.

    Args:
        path: the CSV file; commas, semicolons or tabs, UTF-8 or as spreadsheets on Windows save.
        assignment: what requests are about whose line names no assignment, or "".
        now: when requests were made whose line names no time.

    Raises:
        UsageError: it cannot be read, a column is missing, or a line says nothing; the sentence names the line.
    """
    try:
        content = path.read_bytes()[: _LONGEST + 1]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    if len(content) > _LONGEST:
        raise UsageError(f"{path} is larger than 1 MiB; give the file of the form, or a part of it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        names = [restored(name).strip().casefold() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise UsageError(f"{path}:1: this is no CSV: {error}.") from None
    reader.fieldnames = names
    for needed in ("student", "text", *(() if assignment else ("assignment",))):
        if needed not in names:
            extra = ", or name the assignment with --assignment" if needed == "assignment" else ""
            raise UsageError(
                f"{path}:1: there is no column {needed!r}; the first line is student,assignment,question,text{extra}."
            )
    found = []
    try:
        for entry in reader:
            cells = {name: restored(value or "").strip() for name, value in entry.items() if isinstance(name, str)}
            if any(cells.values()):
                found.append(_request(cells, f"{path}:{reader.line_num}", assignment, now))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: this is no CSV: {error}.") from None
    return tuple(found)


def _request(cells: Mapping[str, str], where: str, assignment: str, now: datetime) -> Request:
    for needed in ("student", "text"):
        if not cells.get(needed):
            raise UsageError(f"{where}: the cell {needed!r} is empty; fill it in, or take the line out.")
    about = cells.get("assignment") or assignment
    if not about:
        raise UsageError(f"{where}: the cell 'assignment' is empty; fill it in, or name one with --assignment.")
    if len(cells["text"]) > _MOST_TEXT:
        raise UsageError(f"{where}: the text has more than {_MOST_TEXT:,} characters; shorten it.")
    return Request(cells["student"], about, cells.get("question", ""), cells["text"], _made(cells.get("made", ""), now))


def _made(text: str, now: datetime) -> datetime:
    """When a request was made: an ISO time, in UTC where it has no offset; now where UTC has no such time."""
    try:
        made = datetime.fromisoformat(text)
        return (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return now


def _without_form(assignment: str) -> str:
    return assignment.removesuffix(NOTEBOOK_FORM)


def answered_requests(out: Path, assignment: str, database: str | None) -> dict[str, list[AnsweredRequest]]:
    """The requests about an assignment that were answered or closed, by student, oldest first; none without database.

    Args:
        out: the folder that `autograder grade --out` wrote.
        assignment: its name; requests about its other form, the notebook or the scripts, are about it as well.
        database: the address of the results database that the course names; None for that of the folder.

    Raises:
        UsageError: the database cannot be used.
    """
    from autograder.store import Store, sqlite_address
    from autograder.store.publishing import requests

    own = out.resolve() / DATABASE
    if missing_file(database or sqlite_address(own)):
        return {}
    with Store(database or sqlite_address(own)) as store, store.reading():
        known = [
            each
            for each in requests(store.database)
            if each.state != "open" and _without_form(each.assignment) == _without_form(assignment)
        ]
    found: dict[str, list[AnsweredRequest]] = {}
    for each in known:
        answered = AnsweredRequest(each.question, each.text, each.answer, each.state == "closed")
        found.setdefault(each.student, []).append(answered)
    return found
