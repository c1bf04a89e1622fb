"""The roster file: a CSV file of who takes the course, as people and learning platforms write one."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import Course
from autograder.course.roster import Person, Roster, folded
from autograder.submissions.names import printable, student_name

__all__ = [
    "ROSTER",
    "Person",
    "Roster",
    "columns_of",
    "course_roster",
    "decoded",
    "folded",
    "person_of",
    "read_roster",
    "table_rows",
]

ROSTER = "roster.csv"
"""The roster that is read where none is named, in the course's folder."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "student id", "sid", "sis user id", "matrikelnummer", "id number", "username", "login", "student"),
    "name": ("name", "full name", "student name", "vollständiger name", "שם", "שם מלא", "student"),
    "first": ("first name", "firstname", "given name", "vorname", "שם פרטי"),
    "last": ("last name", "lastname", "surname", "family name", "nachname", "שם משפחה"),
    "emails": ("e-mails", "emails", "e-mail", "email", "email address", "e-mail-adresse", "mail", "דואר אלקטרוני"),
    "section": ("section", "sections", "abschnitt"),
    "group": ("group", "groups", "team", "gruppe", "gruppen"),
    "pseudonym": ("pseudonym",),
    "aliases": ("aliases", "alias", "other names", "sis login id", "login id", "github username"),
}
"""What the columns of a roster may be called, in any case."""


def course_roster(course: Course, root: Path, named: Path | None = None) -> Roster | None:
    """The roster that was named, else the course's, else `roster.csv` in its folder, with the course's groups; or None.

    Raises:
        UsageError: the file cannot be read.
        InstructorError: it is wrong.
    """
    path = named or (root / (course.roster or ROSTER))
    if named is None and course.roster is None and not path.is_file():
        return None
    return read_roster(path).with_groups(course.groups)


def read_roster(path: Path) -> Roster:
    """Read a roster, with commas, semicolons or tabs between columns.

    The columns are id, name (or first name and last name), e-mails, section, group, aliases and pseudonym, in any order
    and case; several e-mails or aliases are separated by semicolons, commas or spaces. Other columns do not matter.

    Raises:
        UsageError: the file cannot be read.
        InstructorError: it has no column id or name, no line, or an id twice; the sentence says where.
    """
    try:
        text = decoded(path.read_bytes())
    except OSError as error:
        raise UsageError(f"The roster {path} cannot be read: {reason_of(error)}.") from None
    lines = [row for row in table_rows(text) if any(cell.strip() for cell in row[1])]
    if not lines:
        raise InstructorError(
            f"The roster {path} is empty; write a line with the names of the columns, such as id,name,email."
        )
    columns = columns_of(lines[0][1])
    if "id" not in columns and "emails" not in columns:
        raise InstructorError(
            f"{path}:1: the roster has no column for an id; name one id, beside name, email, section, group or aliases."
        )
    people: dict[str, Person] = {}
    for number, row in lines[1:]:
        person = person_of(row, columns)
        if not person.id:
            if "points possible" in " ".join(row).lower():
                continue  # the second line of a gradebook of Canvas
            raise InstructorError(f"{path}:{number}: this line of the roster has no id; give everybody one.")
        if person.id in people:
            raise InstructorError(f"{path}:{number}: the id {person.id!r} is on the roster twice; take one out.")
        people[person.id] = person
    if not people:
        raise InstructorError(f"The roster {path} names nobody; write a line for each student below the first.")
    return Roster(tuple(people.values()))


def person_of(row: Sequence[str], columns: Mapping[str, int]) -> Person:
    """Whom a line names, by the columns that `columns_of` found; what it does not say is empty."""

    def cell(name: str) -> str:
        at = columns.get(name, -1)
        return unicodedata.normalize("NFC", printable(row[at].strip())) if 0 <= at < len(row) else ""

    emails = tuple(each for each in re.split(r"[\s,;]+", cell("emails")) if each)
    name = cell("name") or " ".join(each for each in (cell("first"), cell("last")) if each)
    id_ = cell("id") or (emails[0] if emails else "")
    aliases = tuple(each.strip() for each in re.split(r"[;,]", cell("aliases")) if each.strip())
    return Person(
        student_name(id_) if id_ else "", name, emails, cell("section"), cell("group"), aliases, cell("pseudonym")
    )


def columns_of(head: Sequence[str]) -> dict[str, int]:
    """Where id, name, first, last, emails, section, group, aliases and pseudonym stand in a line of columns' names."""
    found: dict[str, int] = {}
    given = [" ".join(each.casefold().replace("_", " ").split()) for each in head]
    for name, known in _COLUMNS.items():
        at = next((given.index(each) for each in known if each in given), None)
        if at is not None:
            found[name] = at
    return found


def table_rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines with their numbers; what separates is the most frequent of comma, semicolon, tab in the first one."""
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InstructorError(f"Line {reader.line_num} of the table cannot be read: {error}.") from None


def decoded(data: bytes) -> str:
    """The text of a table: UTF-8 or UTF-16 as it says, else as Windows writes it in Western Europe."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
