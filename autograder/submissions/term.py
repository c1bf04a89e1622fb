"""From a course's folder to its term: the roster file, hand-ins that are known, and late days that were stated.

A hand-in that becomes known may take late days which another assignment had used. What was written of that one before
has other points then, so whoever keeps hand-ins gets its name, with the folders in which it is to be written anew.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import Course, open_course
from autograder.course.findings import findings, fits_nobody
from autograder.course.kept_hand_ins import HAND_INS, keep, kept_in
from autograder.course.roster import Person, Roster, folded
from autograder.course.term import HandIn, Term
from autograder.early_start import NOTEBOOK_FORM
from autograder.settings import near, utf8_text
from autograder.submissions.attempts import candidates, hand_in_of, hand_ins_in, read_attempts
from autograder.submissions.names import printable, student_name

__all__ = [
    "ROSTER",
    "Keeping",
    "OtherDays",
    "Person",
    "Roster",
    "columns_of",
    "course_problems",
    "course_roster",
    "decoded",
    "fits_nobody",
    "folded",
    "keep_collected",
    "keep_graded",
    "open_term",
    "person_of",
    "read_late_days",
    "read_roster",
    "table_rows",
    "term_at",
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


LATE_DAYS = "late_days.csv"
"""Late days as students stated them, in the course's folder."""
_LATE_DAY_COLUMNS = ("student", "assignment", "days")
_MOST_DAYS = 366


def open_term(root: Path, course: Course, roster: Path | None = None) -> Term:
    """What is known of a term; of a course without dates only the course.

    Hand-ins are those that were collected or graded last, wherever that was; where an earlier version collected them,
    those in `submissions/NAME`, or in that of its form as a notebook.

    Args:
        root: the course's folder.
        course: its settings.
        roster: in place of the course's roster.

    Raises:
        UsageError: a file cannot be read.
        InstructorError: the roster or `late_days.csv` is wrong.
    """
    if not course.dates:
        return Term(course)
    people = course_roster(course, root, roster)
    term = Term(course, people)
    found = {name: _hand_ins(root, term, name) for name in course.dates}
    stated = {}
    if course.late_days and course.late_days.spent == "as stated" and (root / LATE_DAYS).is_file():
        stated = read_late_days(root / LATE_DAYS, course, people)
    return Term(course, people, {name: each for name, each in found.items() if each}, stated, root)


def _hand_ins(root: Path, term: Term, name: str) -> tuple[HandIn, ...]:
    """The hand-ins of an assignment, one of each student."""
    folders = [root / "submissions" / form for form in (f"{name}{NOTEBOOK_FORM}", name)]
    collected = {each.student: each for folder in folders for each in hand_ins_in(folder, term, name)}
    kept = [each.hand_in for each in kept_in(root, name)]
    return tuple((collected | {each.student: each for each in kept if each.known}).values())


def term_at(folder: Path | None) -> Term | None:
    """The term of the course in a folder, or from here upwards; None where no course is there.

    Raises:
        InstructorError: its configuration, or a file beside it, is wrong.
    """
    try:
        root, course = open_course(folder)
    except UsageError:
        return None
    return open_term(root, course)


@dataclass(frozen=True, slots=True)
class OtherDays:
    """An assignment for which students have other late days than when it was graded, and the folders of its reports."""

    assignment: str
    students: tuple[str, ...]
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Keeping:
    """What keeping hand-ins changed for other assignments, or why they could not be kept."""

    other_days: tuple[OtherDays, ...] = ()
    problem: str = ""


def keep_collected(root: Path, course: Course, assignment: str, into: Path) -> Keeping:
    """Keep when everybody handed in what was collected into a folder, for the late days of the term.

    Raises:
        UsageError: a record of an attempt, or what is kept, cannot be read.
    """
    if course.dates_of(assignment) is None:
        return Keeping()
    term = open_term(root, course)
    attempts = read_attempts(into)
    numbers = Counter(each.student for each in attempts)
    found = {
        student: [hand_in_of(each, numbers[student]) for each in own]
        for student, own in candidates(attempts, term, assignment).items()
    }
    return _keep(term, root, assignment, found, into, graded=False)


def keep_graded(term: Term | None, assignment: str, out: Path, hand_ins: Sequence[HandIn]) -> Keeping:
    """Keep the hand-ins of a folder of reports that count.

    Raises:
        UsageError: what is kept cannot be read.
    """
    if term is None or term.folder is None or term.course.dates_of(assignment) is None:
        return Keeping()
    return _keep(term, term.folder, assignment, {each.student: [each] for each in hand_ins}, out, graded=True)


def _keep(
    term: Term, root: Path, assignment: str, found: Mapping[str, Sequence[HandIn]], source: Path, *, graded: bool
) -> Keeping:
    try:
        before, now = keep(root, assignment, found, source, graded=graded)
    except OSError as error:
        return Keeping(
            problem=f"hand-in times cannot be kept in {root / HAND_INS} ({reason_of(error)}), so late days that "
            f"{assignment} takes are not known elsewhere."
        )
    earlier, later = (term.with_hand_ins(assignment, tuple(each.hand_in for each in kept)) for kept in (before, now))
    changed = later.other_days(earlier, assignment).items()
    found_again = (OtherDays(name, tuple(students), _graded_in(root, name, students)) for name, students in changed)
    return Keeping(tuple(each for each in found_again if each.folders))


def _graded_in(root: Path, assignment: str, students: Sequence[str]) -> tuple[Path, ...]:
    """The folders with reports of these students."""
    sources = {each.source for each in kept_in(root, assignment) if each.hand_in.student in students}
    return tuple(root / each for each in sorted(sources) if (root / each / "reports").is_dir())


def course_problems(root: Path, course: Course) -> tuple[str, ...]:
    """What is wrong with the roster and `late_days.csv`, and what can hardly be meant in the course's settings."""
    try:
        roster = course_roster(course, root)
        if course.late_days and course.late_days.spent == "as stated" and (root / LATE_DAYS).is_file():
            read_late_days(root / LATE_DAYS, course, roster)
    except GraderError as error:
        return (str(error), *findings(course, None))
    return findings(course, roster)


def read_late_days(path: Path, course: Course, roster: Roster | None) -> dict[tuple[str, str], int]:
    """Late days by student and assignment; where a line comes twice, the later one counts.

    Raises:
        InstructorError: a column is missing, or a line names an unknown assignment or student, or no number of days.
    """
    text = utf8_text(path)
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="", restval="")
    names = {(each or "").strip().casefold(): each for each in rows.fieldnames or ()}
    if missing := [each for each in _LATE_DAY_COLUMNS if each not in names]:
        columns = ", ".join(_LATE_DAY_COLUMNS)
        raise InstructorError(f"{path}:1: there is no column {missing[0]!r}; the columns are {columns}.")
    found = {}
    for row in rows:
        student, assignment, days = (str(row[names[each]]).strip() for each in _LATE_DAY_COLUMNS)
        where = f"{path}:{rows.line_num}"
        if not (student or assignment or days):
            continue
        if assignment not in course.dates:
            raise InstructorError(
                f"{where}: {assignment!r} has no dates in grader_config.py; {near(assignment, course.dates)}"
            )
        people = roster.find([student], [student]) if roster else ()
        if roster and len(people) != 1 and student not in course.groups and not roster.members(student):
            raise InstructorError(f"{where}: {student!r} is nobody on the roster; write an id from it.")
        if not days.isdecimal() or int(days) > _MOST_DAYS:
            raise InstructorError(f"{where}: {days!r} is no number of days; write a whole number, such as 2.")
        found[people[0].id if len(people) == 1 else student, assignment] = int(days)
    return found
