"""Hand-in times from a table, for downloads that hold none: Moodle's grading worksheet, Gradescope's scores, any CSV.

A line that names nobody, two people or no readable time gives no time; the rest is noted. Nothing is guessed: without a
time there is no penalty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import counted, reason_of
from autograder.course.roster import Person, Roster, folded
from autograder.formats.hand_ins import Found, HandIn, Who
from autograder.formats.moodle.download import MOODLE, is_hidden
from autograder.formats.nbgrader.lateness import read_stamp
from autograder.submissions.names import printable
from autograder.submissions.term import columns_of, decoded, person_of, table_rows

__all__ = ["FILES", "HandInTimes", "read_times"]

FILES = "files"
"""In place of a table: the times of the files are the hand-in times."""
_COLUMNS = (
    "last modified (submission)",
    "zuletzt geändert (abgabe)",
    "submission time",
    "submitted at",
    "hand-in time",
    "handed in",
    "submitted",
    "abgabezeit",
    "timestamp",
    "time",
)
_MOST_NAMED = 10
_IDENTIFIER = ("identifier", "id")
_PARTICIPANT = re.compile(r"(?P<word>\D+?)\s*(?P<number>\d+)")
_KEY = re.compile(r".*_(?P<number>\d+)", re.DOTALL)
_NOTHING = ("", "-", "\N{EN DASH}", "never", "nie")
_MONTH_FIRST = r"(?:jan|feb|apr|may|jun|jul|aug|sep|oct|nov|dec|march|mar \d+,? \d{4})"
_WEEKDAY = re.compile(rf"^(?!{_MONTH_FIRST})[^\W\d]+(?:-[^\W\d]+)?\.?,?\s+(?=\d)", re.IGNORECASE)
_DAY_DOT = re.compile(r"\b(\d{1,2})\.(?=\s)")
_DOTS = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_MONTHS: Mapping[str, tuple[str, ...]] = {
    "Jan": ("januar", "jänner", "janvier", "enero", "gennaio", "januari", "janeiro"),
    "Feb": ("februar", "février", "febrero", "febbraio", "februari", "fevereiro"),
    "Mar": ("märz", "mars", "marzo", "maart", "março"),
    "Apr": ("avril", "abril", "aprile"),
    "May": ("mai", "mayo", "maggio", "mei", "maio"),
    "Jun": ("juni", "juin", "junio", "giugno", "junho"),
    "Jul": ("juli", "juillet", "julio", "luglio", "julho"),
    "Aug": ("août", "agosto", "augustus"),
    "Sep": ("septembre", "septiembre", "settembre", "setembro"),
    "Oct": ("oktober", "octobre", "octubre", "ottobre", "outubro"),
    "Nov": ("novembre", "noviembre", "novembro"),
    "Dec": ("dezember", "décembre", "diciembre", "dicembre", "december", "dezembro"),
}
"""Months in the languages that Moodle's worksheets are written in, where they do not begin as the English ones do."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the table: who it is about, when, and the number of a participant of Moodle's, or ""."""

    number: int
    person: Person
    participant: str
    time: datetime


@dataclass(frozen=True, slots=True)
class HandInTimes:
    """Hand-in times of a table, or with no lines and the name "files" those of the files."""

    name: str
    lines: tuple[_Line, ...] = ()
    notes: tuple[str, ...] = ()

    def laid_over(self, found: Found, roster: Roster | None, source: str) -> None:
        """Give hand-ins without a time the one that the table says; what it does not say is noted.

        Args:
            found: the hand-ins.
            roster: who takes the course.
            source: the kind of download that they are from; only Moodle's has numbers of participants.
        """
        found.notes += self.notes
        unknown, several, about = list[str](), list[str](), set[int]()
        for at, hand_in in enumerate(found.hand_ins):
            own = self._about(hand_in, roster, numbered=source == MOODLE.name)
            about |= {each.number for each in own}
            if hand_in.received is not None and not hand_in.guessed:
                continue
            if self.name == FILES:
                newest = max((each.modified for each in hand_in.tree.files.values()), default=0.0)
                time = datetime.fromtimestamp(newest, UTC) if newest > 0 else None
                found.hand_ins[at] = replace(hand_in, received=time, guessed=True, time_from=FILES if time else "")
                continue
            times = {each.time for each in own}
            if times and (len(times) == 1 or hand_in.members):
                found.hand_ins[at] = replace(hand_in, received=max(times), guessed=False, time_from=self.name)
            else:
                (several if times else unknown).append(_called(hand_in.who, roster))
        if unknown:
            found.notes.append(f"{self.name} has no hand-in time for {_first(unknown)}.")
        if several:
            found.notes.append(f"{self.name} has several hand-in times for {_first(several)}; which one holds is open.")
        if others := [_line_about(each) for each in self.lines if each.number not in about]:
            found.notes.append(
                f"{self.name} has hand-in times of others, who are not in this download: {_first(others)}."
            )

    def _about(self, hand_in: HandIn, roster: Roster | None, *, numbered: bool) -> list[_Line]:
        """The lines about whoever handed in, or the members of the team.

        Where names end with numbers of participants, the number decides, unless name or e-mail are somebody else's, as
        where it is the number of a team.
        """
        if numbered and (key := _KEY.fullmatch(hand_in.who.key)):
            same = [each for each in self.lines if each.participant == key["number"]]
            if same := [each for each in same if not _contradicts(each.person, hand_in.who, roster)]:
                return same
        found = []
        for who in hand_in.members or (hand_in.who,):
            people = _people(who, roster)
            found += [each for each in self.lines if _is_about(each.person, who, people, roster)]
        return found


def _called(who: Who, roster: Roster | None) -> str:
    """The id of whoever is meant, where the roster says that, else the name that the download has."""
    people = _people(who, roster)
    return people[0].id if len(people) == 1 else printable(who.names[0] if who.names else who.key)


def _line_about(line: _Line) -> str:
    """Whom a line names, and which line it is."""
    person = line.person
    named = person.id or person.name or next(iter(person.emails), "") or f"participant {line.participant}"
    return f"{printable(named)} (line {line.number})"


def _first(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    return ", ".join(names[:_MOST_NAMED]) + (
        f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    )


def _people(who: Who, roster: Roster | None) -> tuple[Person, ...]:
    """The people on the roster that are meant: one, or the members of the group of that name."""
    if roster is None:
        return ()
    people = roster.meant(who.ids, who.names, foreign=who.foreign)
    return people if len(people) == 1 else tuple(each for name in who.names for each in roster.members(name))


def _is_about(line: Person, who: Who, people: Iterable[Person], roster: Roster | None) -> bool:
    """Whether a line is about somebody: both are one person on the roster, or have an id, e-mail or name in common."""
    ids = tuple(each for each in (line.id, *line.emails) if each)
    if roster is not None and (meant := roster.meant(ids, (line.name,) if line.name else ())):
        return len(meant) == 1 and meant[0] in people
    own = {folded(each) for each in ((*who.names,) if who.foreign else (*who.names, *who.ids)) if each}
    return bool(own & {folded(each) for each in (*ids, line.name) if each})


def _contradicts(line: Person, who: Who, roster: Roster | None) -> bool:
    """Whether name or e-mail of a line are those of somebody else."""
    people = _people(who, roster)
    if _is_about(line, who, people, roster):
        return False
    if line.name and not who.blind and folded(line.name) not in {folded(each) for each in who.names}:
        return True
    meant = roster.meant(line.emails, ()) if roster else ()
    return bool(meant and people) and not any(each in people for each in meant)


def read_times(path: Path, zone: str | None) -> HandInTimes:
    """Read a table of hand-in times.

    Args:
        path: a CSV file with a column for the time and one for an id, an e-mail or a name.
        zone: the course's time zone, for times without an offset.

    Raises:
        UsageError: the file cannot be read.
        InstructorError: a column is missing, or times have no zone and the course names none.
    """
    try:
        rows = [row for row in table_rows(decoded(path.read_bytes())) if any(cell.strip() for cell in row[1])]
    except OSError as error:
        raise UsageError(f"The hand-in times {path} cannot be read: {reason_of(error)}.") from None
    head = [" ".join(each.casefold().split()) for each in rows[0][1]] if rows else []
    at = next((head.index(each) for each in _COLUMNS if each in head), None)
    columns = columns_of(rows[0][1]) if rows else {}
    if at is None or (not columns.keys() & {"id", "name", "emails", "first", "last"} and "identifier" not in head):
        raise InstructorError(
            f"{path}:1: a table of hand-in times has a column for the time, such as 'Submission Time' or 'Last "
            "modified (submission)', and one for the student: id, email or name."
        )
    identifier = next((head.index(each) for each in _IDENTIFIER if each in head), None)
    lines, problems = [], []
    for number, row in rows[1:]:
        text = row[at].strip() if at < len(row) else ""
        if text.casefold() in _NOTHING:
            continue
        stamp = read_stamp(_in_english(text), zone or "UTC")
        if stamp.time is None:
            problems.append(f"{path.name}:{number}: {stamp.problem}, so it gives no hand-in time.")
            continue
        if zone is None and read_stamp(_in_english(text), "Asia/Tokyo") != stamp:
            raise InstructorError(
                f"{path}:{number}: {text!r} names no time zone; set Course.timezone in grader_config.py, such as "
                "'Europe/Berlin'."
            )
        cell = row[identifier].strip() if identifier is not None and identifier < len(row) else ""
        match = _PARTICIPANT.fullmatch(cell)
        participant = match["number"] if match and is_hidden(match["word"]) else ""
        lines.append(_Line(number, person_of(row, columns), participant, stamp.time))
    if len(problems) > 10:
        problems[10:] = [f"{counted(len(problems) - 10, 'more line')} of {path.name} without a readable time."]
    return HandInTimes(path.name, tuple(lines), tuple(problems))


def _in_english(text: str) -> str:
    """A time as Moodle writes it in some languages, with an English month and without the day of the week."""
    text = _DOTS.sub(r"\3-\2-\1", _WEEKDAY.sub("", " ".join(text.split())))
    text = re.sub(r"-(\d)(?=\D)", r"-0\1", text)
    text = _DAY_DOT.sub(r"\1", text)
    words = text.split(" ")
    for english, others in _MONTHS.items():
        words = [english if each.casefold().rstrip(".,") in others else each for each in words]
    return " ".join(each for each in words if each.casefold() not in ("de", "um", "à"))
