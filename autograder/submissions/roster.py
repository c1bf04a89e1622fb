"""The roster: who takes the course, read from a CSV file, and whom a learning platform means by a name."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.submissions.names import printable, student_name

__all__ = ["Person", "Roster", "folded", "read_roster"]

_ALIKE = 0.8
_ACCENTS = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0xFE20, 0xFE2F),
)  # fmt: skip
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "student id", "sid", "sis user id", "matrikelnummer", "id number", "username", "login", "student"),
    "name": ("name", "full name", "student name", "vollständiger name", "שם", "שם מלא", "student"),
    "first": ("first name", "firstname", "given name", "vorname", "שם פרטי"),
    "last": ("last name", "lastname", "surname", "family name", "nachname", "שם משפחה"),
    "emails": ("e-mails", "emails", "e-mail", "email", "email address", "e-mail-adresse", "mail", "דואר אלקטרוני"),
    "section": ("section", "sections", "abschnitt"),
    "group": ("group", "groups", "team", "gruppe", "gruppen"),
    "aliases": ("aliases", "alias", "other names", "sis login id", "login id", "github username"),
}
"""What the columns of a roster may be called, in any case."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the roster."""

    id: str
    name: str = ""
    emails: tuple[str, ...] = ()
    section: str = ""
    group: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """Who takes the course."""

    people: tuple[Person, ...]

    def find(self, ids: Iterable[str], names: Iterable[str]) -> tuple[Person, ...]:
        """The people that these ids, logins and e-mails stand for, else these names; several where it is not clear.

        Names count the same in every order of their words, with and without commas and accents, and, where a name has
        no spaces, as those of Canvas, without them.
        """
        for keys, known in ((map(folded, ids), self._by_id), (map(_key, names), self._by_name)):
            found = {person.id: person for key in keys for person in known.get(key, ())}
            if found:
                return tuple(found.values())
        return ()

    def has_id(self, person: Person, ids: Iterable[str]) -> bool:
        """Whether one of these is, sign for sign, an id, e-mail or alias of a person."""
        own = {each.casefold() for each in (person.id, *person.emails, *person.aliases)}
        return any(each.casefold() in own for each in ids)

    def meant(self, ids: Iterable[str], names: Iterable[str], *, foreign: bool = False) -> tuple[Person, ...]:
        """The one person that ids and names stand for together; several where they contradict each other, or none.

        Args:
            ids: ids, logins and e-mails.
            names: names.
            foreign: the ids are a platform's own numbers: they decide between people of one name, and name nobody.
        """
        ids, names = tuple(ids), tuple(names)
        by_id = self.find(ids, ())
        by_name = self.find((), names if foreign else (*names, *ids))
        both = tuple(person for person in by_name if person in by_id)
        if both or not by_id or not by_name:
            return both or by_name or (() if foreign else by_id)
        return (*by_name, *by_id)

    def like(self, names: Iterable[str]) -> tuple[Person, ...]:
        """The people whose names look like these, though they are not the same."""
        found: dict[str, Person] = {}
        for name in names:
            words = set(_words(name))
            for key in difflib.get_close_matches(folded(name), self._by_name, n=5, cutoff=_ALIKE):
                found.update({person.id: person for person in self._by_name[key]})
            for person in self.people:
                known = set(_words(person.name))
                if known and words and (words < known or known < words):
                    found[person.id] = person
        return tuple(found.values())

    def members(self, group: str) -> tuple[Person, ...]:
        """The people of a group."""
        return tuple(person for person in self.people if person.group and folded(person.group) == folded(group))

    @cached_property
    def by_id(self) -> dict[str, Person]:
        """Each person by the id."""
        return {person.id: person for person in self.people}

    @cached_property
    def _by_id(self) -> dict[str, list[Person]]:
        known: dict[str, list[Person]] = {}
        for person in self.people:
            for key in {folded(each) for each in (person.id, *person.emails, *person.aliases)}:
                known.setdefault(key, []).append(person)
        return known

    @cached_property
    def _by_name(self) -> dict[str, list[Person]]:
        known: dict[str, list[Person]] = {}
        for person in self.people:
            for key in {key for each in (person.name, person.id, *person.aliases) for key in _orders(each)}:
                known.setdefault(key, []).append(person)
        return known


def read_roster(path: Path) -> Roster:
    """Read a roster, with commas, semicolons or tabs between columns.

    The columns are id, name (or first name and last name), e-mails, section, group and aliases, in any order and case;
    several e-mails or aliases are separated by semicolons, commas or spaces. Other columns do not matter.

    Raises:
        UsageError: the file cannot be read.
        InstructorError: it has no column id or name, no line, or an id twice; the sentence says where.
    """
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise UsageError(f"The roster {path} cannot be read: {reason_of(error)}.") from None
    lines = [row for row in _rows(text) if any(cell.strip() for cell in row[1])]
    if not lines:
        raise InstructorError(
            f"The roster {path} is empty; write a line with the names of the columns, such as id,name,email."
        )
    columns = _columns(lines[0][1])
    if "id" not in columns and "emails" not in columns:
        raise InstructorError(
            f"{path}:1: the roster has no column for an id; name one id, beside name, email, section, group or aliases."
        )
    people: dict[str, Person] = {}
    for number, row in lines[1:]:
        person = _person(row, columns)
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


def _person(row: Sequence[str], columns: Mapping[str, int]) -> Person:
    def cell(name: str) -> str:
        at = columns.get(name, -1)
        return unicodedata.normalize("NFC", printable(row[at].strip())) if 0 <= at < len(row) else ""

    emails = tuple(each for each in re.split(r"[\s,;]+", cell("emails")) if each)
    name = cell("name") or " ".join(each for each in (cell("first"), cell("last")) if each)
    id_ = cell("id") or (emails[0] if emails else "")
    aliases = tuple(each.strip() for each in re.split(r"[;,]", cell("aliases")) if each.strip())
    return Person(student_name(id_) if id_ else "", name, emails, cell("section"), cell("group"), aliases)


def _columns(head: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    given = [" ".join(each.casefold().replace("_", " ").split()) for each in head]
    for name, known in _COLUMNS.items():
        at = next((given.index(each) for each in known if each in given), None)
        if at is not None:
            found[name] = at
    return found


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines with their numbers; what separates is the most frequent of comma, semicolon, tab in the first one."""
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InstructorError(f"Line {reader.line_num} of the roster cannot be read: {error}.") from None


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def folded(text: str) -> str:
    """Letters, vowel signs and digits alone, without case, accents, points and spaces; an e-mail keeps its signs."""
    text = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not _is_accent(each)).casefold()
    if "@" in text:
        return text.strip()
    return "".join(each for each in text if each.isalnum() or unicodedata.category(each)[0] == "M")


def _is_accent(sign: str) -> bool:
    """Whether a sign is an accent, or a point of Hebrew or Arabic, which many leave out; no vowel of other scripts."""
    return bool(unicodedata.combining(sign)) and any(first <= ord(sign) <= last for first, last in _ACCENTS)


def _words(name: str) -> list[str]:
    return [word for each in re.split(r"[\s,_-]+", name) if (word := folded(each))]


def _key(name: str) -> str:
    """The name as it is looked up: its words with a space between."""
    return " ".join(_words(name))


def _orders(name: str) -> set[str]:
    """The name as it may be written: "Bob Ross" as ``bob ross``, ``ross bob``, ``bobross`` and ``rossbob``."""
    words = _words(name)
    turned = [(*words[cut:], *words[:cut]) for cut in range(len(words))]
    return {between.join(each) for each in turned for between in (" ", "")}
