"""The roster: who takes the course, and whom a learning platform means by a name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

__all__ = ["Person", "Roster", "folded"]

_ALIKE = 0.8
_ACCENTS = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0xFE20, 0xFE2F),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the roster; `pseudonym` is the name on leaderboards, "" where nothing is said, "-" for none."""

    id: str
    name: str = ""
    emails: tuple[str, ...] = ()
    section: str = ""
    group: str = ""
    aliases: tuple[str, ...] = ()
    pseudonym: str = ""


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

    def with_groups(self, groups: Mapping[str, Iterable[str]]) -> Roster:
        """The same people, with the groups that a course names by their members in place of those of the roster."""
        own = {member: name for name, members in groups.items() for member in members}
        return Roster(tuple(replace(each, group=own.get(each.id, each.group)) for each in self.people))

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
