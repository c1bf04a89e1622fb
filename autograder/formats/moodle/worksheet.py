"""Moodle: the grading worksheet that was downloaded, with the grades filled, and a zip file of feedback.

Every header is in the language of whoever downloaded it, and so are yes and no. `mod_assign` always writes the columns
in one order: the identifier (a word and a number), the full name unless grading is blind, what identifies people on
this site, the status, perhaps group and marker, the grade, its maximum or scale, perhaps the workflow's state, whether
the grade can be changed, times and feedback. So columns are found by the words that are known here, and those around
the grade by what is in them. What identifies a student is found by known words alone: a wrong column would give a
student the grade of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.formats.filled_table import Table, number_of, read_table
from autograder.formats.filling import PLATFORM, Column, Line, fill, place, written_file
from autograder.formats.moodle.download import is_hidden
from autograder.formats.moodle.feedback_files import write_feedback
from autograder.formats.moodle.words import (
    CHANGEABLE_HEADERS,
    FULL_NAME,
    GRADE,
    GROUP,
    IDENTITIES,
    MAXIMUM,
    NO,
    SCALE_HEADERS,
    YES,
)
from autograder.formats.outgoing import (
    CHANGEABLE,
    COLUMN,
    INTO,
    MISSING,
    SCALE,
    ClassGrades,
    Exporter,
    Grade,
    Request,
    Written,
)
from autograder.reports.pages import Heading, student_page
from autograder.settings import near
from autograder.submissions.roster import folded

__all__ = ["EXPORTER"]

_IDENTIFIER = re.compile(r"\D*?(?P<id>\d+)\s*")
_KEY = re.compile(r"(?P<name>.*)_(?P<id>\d+)", re.DOTALL)
_HOW = "In Moodle: the assignment, View all submissions, Grading action, Download grading worksheet."


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand; -1 for what is not there. `identities` are the columns that hold an id of a student."""

    grade: int
    maximum: int
    changeable: int
    name: int
    group: int
    identities: tuple[int, ...]


def _write(grades: ClassGrades, request: Request) -> Written:
    assert request.into is not None
    table = read_table(request.into)
    rows = range(1, len(table.rows))
    if not rows or not all(_IDENTIFIER.fullmatch(table.rows[row][0]) for row in rows):
        raise UsageError(
            f"{request.into} is no grading worksheet of Moodle: its first column does not hold numbers of "
            f"participants. {_HOW}"
        )
    found = _columns(table, request)
    yes = _yes(table, found.changeable, request)
    signs = [each for each in (found.grade, found.maximum) if each >= 0]
    column = Column(found.grade, table.rows[0][found.grade], table.decimal_sign(signs), capped=True)
    lines = [_line(table, found, row, yes) for row in rows]
    placed = place(lines, grades.grades, "moodle", _ids_of)
    filled = fill(table, column, lines, placed, request, grades.ungraded)
    written = written_file(request, filled)
    folders = {
        _folder(table, found, row): _page(grades, grade)
        for row, grade in placed.grades.items()
        if grade.page is not None and grade.points is not None
    }
    feedback = write_feedback(request.to / "feedback.zip", folders)
    return Written((*written.files, *feedback), written.sentences, written.incomplete)


def _page(grades: ClassGrades, grade: Grade) -> Path | str | None:
    """The feedback page; once the grades are published, one that shows all that publication shows."""
    if not grade.published:
        return grade.page
    return student_page(grade.report, Heading(grades.course, grades.title), grades.moment_of(grade), grade.requests)


def _ids_of(key: str) -> tuple[str, ...]:
    """What a download's key, ``Full name_1234567``, says about who is meant.

    The number of a team is no participant's, so it counts only together with the name; where names are hidden, alone.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return ()
    return (match["id"],) if is_hidden(match["name"]) else (_id_and_name(match["id"], match["name"]),)


def _id_and_name(participant: str, name: str) -> str:
    return f"{participant} {folded(name.replace('_', ' '))}"


def _columns(table: Table, request: Request) -> _Columns:
    head = [" ".join(cell.casefold().split()) for cell in table.rows[0]]
    if any(each in SCALE_HEADERS for each in head):
        raise UsageError(f"{table.path.name} is about an assignment that is graded on a scale; points cannot go there.")
    grade = _grade(table, head, request)
    maximum = _first(head, MAXIMUM, after=grade)
    if maximum < 0 and _is_constant(table, grade + 1):
        maximum = grade + 1
    changeable = _first(head, CHANGEABLE_HEADERS, after=grade)
    if changeable < 0:
        changeable = _changeable(table, max(grade, maximum), request.changeable.casefold())
    name = _first(head, FULL_NAME)
    if name < 0 and grade > 2 and len({*_values(table, 1)}) > 1:
        name = 1  # with hidden names, this is the status, of which there are few
    group = _first(head, GROUP)
    # known headers alone: others, such as the marker's, may hold the id of a student whose line it is not
    identities = tuple(each for each in range(1, grade) if head[each] in IDENTITIES and each != name)
    return _Columns(grade, maximum, changeable, name, group, identities)


def _grade(table: Table, head: Sequence[str], request: Request) -> int:
    """The column of grades: the one that was named, else that with a known header, else the one before the maximum.

    Raises:
        UsageError: there is no such column, or it is not recognised.
    """
    named = " ".join(request.column.casefold().split())
    if named:
        if named in head:
            return head.index(named)
        raise UsageError(
            f"--column: there is no column {request.column!r} in {table.path.name}; "
            f"{near(request.column, list(table.rows[0]))}"
        )
    known = [at for at, each in enumerate(head) if each in GRADE]
    if len(known) == 1:
        return known[0]
    before = [at for at in range(1, len(head) - 1) if _is_constant(table, at + 1) and _is_numbers(table, at)]
    if len(before) == 1 and not known:
        return before[0]
    listed = ", ".join(repr(cell) for cell in table.rows[0])
    raise UsageError(f"Which column of {table.path.name} holds the grades? Name it with --column: {listed}.")


def _first(head: Sequence[str], words: frozenset[str], after: int = -1) -> int:
    return next((at for at in range(after + 1, len(head)) if head[at] in words), -1)


def _values(table: Table, column: int) -> Iterator[str]:
    return (row[column].strip() if column < len(row) else "" for row in table.rows[1:])


def _is_constant(table: Table, column: int) -> bool:
    """Whether every line has the same positive number there, as the maximum is."""
    values = {*_values(table, column)}
    return len(values) == 1 and (number_of(values.pop()) or 0) > 0


def _is_numbers(table: Table, column: int) -> bool:
    return all(value in ("", "-") or number_of(value) is not None for value in _values(table, column))


def _changeable(table: Table, after: int, yes: str) -> int:
    """The first column behind with a known yes or no in every line, or with the word that was named."""
    for column in range(after + 1, len(table.rows[0])):
        values = {value.casefold() for value in _values(table, column)}
        if values <= YES | NO or yes in values - {""}:
            return column
    return -1


def _yes(table: Table, column: int, request: Request) -> frozenset[str]:
    """The words for yes in that column.

    Raises:
        UsageError: it holds a word that is neither, or there is no such column.
    """
    values = {value.casefold() for value in _values(table, column)} if column >= 0 else set()
    word = request.changeable.casefold()
    if word:
        if word not in values:
            raise UsageError(f"--changeable: no column of {table.path.name} says {request.changeable!r}.")
        return frozenset({word})
    if not values:
        raise UsageError(
            f"{table.path.name} has no column in a known language that says which grades can be changed; name its word "
            "for yes with --changeable."
        )
    if unknown := sorted(values - YES - NO):
        raise UsageError(
            f"The column {table.rows[0][column]!r} of {table.path.name} says {unknown[0]!r}, which is neither a known "
            "yes nor a known no; name its word for yes with --changeable."
        )
    return YES


def _line(table: Table, found: _Columns, row: int, yes: frozenset[str]) -> Line:
    cells = table.rows[row]

    def cell(column: int) -> str:
        return cells[column].strip() if 0 <= column < len(cells) else ""

    participant, name = _participant(table, row), cell(found.name)
    ids = [(PLATFORM, participant), (PLATFORM, _id_and_name(participant, name))]
    ids += [(table.rows[0][at], cell(at)) for at in found.identities if cell(at)]
    kept = "" if cell(found.changeable).casefold() in yes else "Moodle says that the grade cannot be changed"
    most = number_of(cell(found.maximum))
    return Line(row, name or cells[0], tuple(ids), (name,) if name else (), cell(found.group), kept, most)


def _participant(table: Table, row: int) -> str:
    match = _IDENTIFIER.fullmatch(table.rows[row][0])
    assert match is not None
    return match["id"]


def _folder(table: Table, found: _Columns, row: int) -> tuple[str, str]:
    """Name and number of a participant, for the name of a folder."""
    name = table.rows[row][found.name] if found.name >= 0 else "Participant"
    return name, _participant(table, row)


EXPORTER = Exporter(
    """Fill Moodle's grading worksheet, and pack the feedback.

    FILE is what Download grading worksheet gave, in any language. Only its grades are filled, and the result is
    uploaded by Upload grading worksheet; feedback.zip beside it by Upload multiple feedback files in a zip.
    Participants are found by their number (in what was collected from Moodle), by e-mail or another id in the file,
    then by name; who is not found, or whose grade cannot be changed, is listed and left as it is. Exit code 1: somebody
    was not found.

    Example: autograder export moodle graded --into Grades-ML101-Backprop-4711.csv --scale""",
    _write,
    frozenset({INTO, COLUMN, SCALE, MISSING, CHANGEABLE}),
    _HOW,
)
