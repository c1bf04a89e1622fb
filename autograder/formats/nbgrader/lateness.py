"""When a submission came in, and what lateness costs in a course of nbgrader's, by the due date in its gradebook.

The gradebook is read as a database, and the configuration as text; a plugin of the course's is never run here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from autograder.checks.wording import counted
from autograder.course.late import length
from autograder.formats.nbgrader.course import Course
from autograder.results import Report
from autograder.scoring import rounded

__all__ = ["ABBREVIATIONS", "AMBIGUOUS", "Lateness", "Stamp", "read_lateness", "read_stamp"]


# --- when it came in: the forms of `timestamp.txt` that nbgrader, `date`, mail programs and people write ---
#
# A zone that cannot be resolved is never guessed: the time is then unknown, and costs nobody a point.

ABBREVIATIONS: Mapping[str, float] = MappingProxyType(
    {"UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
    | {"MSK": 3, "SAST": 2, "WAT": 1, "CAT": 2, "EAT": 3, "PKT": 5, "WIB": 7, "WITA": 8, "WIT": 9, "HKT": 8}
    | {"JST": 9, "KST": 9, "AWST": 8, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13}
    | {"NST": -3.5, "NDT": -2.5, "ADT": -3, "EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
    | {"AKST": -9, "AKDT": -8, "HST": -10, "HDT": -9, "CHST": 10, "IDT": 3, "MET": 1, "MEST": 2}
)
"""Hours from UTC of abbreviations that mean one zone in the time-zone database, or in mail (RFC 2822)."""

AMBIGUOUS = ("IST", "CST", "CDT", "AST", "SST")
"""Abbreviations of several zones: India, Ireland and Israel; Chicago, Shanghai and Havana ..."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_MONTH = r"(?P<name>" + "|".join(_MONTHS) + r")[a-z]*\.?"
_CLOCK = (
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_ZONE = r"(?:\s*(?P<zone>[a-z][a-z0-9_+\-/:]*|[+-]\d\d?(?::?\d\d)?))?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?:T|\s+){_CLOCK}{_ZONE}",  # nbgrader, ISO 8601
        rf"(?P<year>\d{{4}})/(?P<month>\d\d)/(?P<day>\d\d)\s+{_CLOCK}{_ZONE}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?"
        rf"(?P<part>)(?P<half>){_ZONE}",
        rf"{_DAY}{_MONTH}\s+(?P<day>\d\d?)\s+{_CLOCK}{_ZONE}\s+(?P<year>\d{{4}})",  # ctime, date
        rf"{_DAY}(?P<day>\d\d?)[\s-]+{_MONTH}[\s-]+(?P<year>\d{{4}}),?\s+{_CLOCK}{_ZONE}",  # RFC 2822
        rf"{_DAY}{_MONTH}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}}),?\s+(?:at\s+)?{_CLOCK}{_ZONE}",
    )
)
_COMMENT = re.compile(r"([+-]\d\d:?\d\d) ?\([^()]*\)$|\(([^()]*)\)$")  # a zone's name behind its offset, or alone
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time in UTC; None where it cannot be known, and then `problem` says why."""

    time: datetime | None = None
    problem: str = ""


def read_stamp(text: str, zone: str = "UTC", form: str = "") -> Stamp:
    """The time that a text says.

    Args:
        text: of `timestamp.txt`, which a student could have written.
        zone: the zone of the course (nbgrader's `Exchange.timezone`): that of times without one, and the meaning of
            abbreviations that it uses itself.
        form: how the course writes times (nbgrader's `Exchange.timestamp_format`), in `strftime`'s letters.
    """
    line = _COMMENT.sub(r"\1\2", " ".join(text.split()))
    found = next((match for each in _FORMS if (match := each.fullmatch(line))), None)
    try:
        local, name = (_local(found), found["zone"] or zone) if found else _formed(line, form, zone)
    except LookupError:
        return Stamp(problem=f"{_quoted(line)} is no date and time in a known form")
    except ValueError:
        return Stamp(problem=f"{_quoted(line)} is a date or time that does not exist")
    where = _zone(name, local, zone)
    if where is None:
        key = name.upper()
        why = "means several time zones" if key in AMBIGUOUS else "is no time zone that is known here"
        return Stamp(problem=f"the zone {_quoted(name)} of {_quoted(line)} {why}")
    try:
        # An hour that the end of summer time repeats is read in the student's favour: as the earlier one.
        return Stamp(min(local.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1)))
    except (OverflowError, ValueError):
        return Stamp(problem=f"{_quoted(line)} is a date or time that does not exist")


def _local(found: re.Match[str]) -> datetime:
    """Date and time on the clock of the zone.

    Raises:
        ValueError: there is no such date or time.
    """
    parts = found.groupdict()
    month = _MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["month"])
    hour = int(parts["hour"])
    if half := parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    micro = int((parts["part"] or "0")[:6].ljust(6, "0"))
    return datetime(
        int(parts["year"]), month, int(parts["day"]), hour, int(parts["minute"]), int(parts["second"] or 0), micro
    )


def _formed(line: str, form: str, zone: str) -> tuple[datetime, str]:
    """Date and time, and the zone's name, of a line in the course's own form; a zone by name stands at its end.

    Raises:
        LookupError: it has another form.
    """
    name = zone
    if form.endswith("%Z"):
        line, _, name = line.rpartition(" ")
        form = form.removesuffix("%Z")
    try:
        time = datetime.strptime(line, " ".join(form.split()))
    except ValueError:
        raise LookupError from None
    if time.tzinfo is not None:
        return time.astimezone(UTC).replace(tzinfo=None), "UTC"
    return time, name


def _zone(name: str, local: datetime, course: str) -> tzinfo | None:
    """A zone by its offset, its name in the time-zone database or its abbreviation; None for one that is not known."""
    if offset := _OFFSET.fullmatch(name):
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-length if offset[1] == "-" else length) if length < timedelta(hours=24) else None
    own = _by_key(course)
    if own is not None and name.upper() in {
        (local.replace(tzinfo=own, fold=fold).tzname() or "").upper() for fold in (0, 1)
    }:
        return own
    if name.upper() in ABBREVIATIONS:
        return timezone(timedelta(hours=ABBREVIATIONS[name.upper()]))
    return None if name.upper() in AMBIGUOUS else _by_key(name)


def _by_key(name: str) -> tzinfo | None:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # not there, a folder, or not a name at all
        return None


def _quoted(text: str) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return f"'{shown[:60]}'"


_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Lateness:
    """When an assignment was due, in UTC (None: nobody said), how much longer some students had, and what it costs.

    `plugin` is the course's own rule, which only nbgrader runs; where it is "", `penalty` is "none" or "zero". `notes`
    are sentences about what could not be read.
    """

    due: datetime | None = None
    extensions: Mapping[str, timedelta] = field(default_factory=dict)
    penalty: str = "none"
    plugin: str = ""
    notes: tuple[str, ...] = ()

    def applied(self, report: Report, handed_in: datetime | None) -> Report:
        """The report with a sentence about lateness and, under the rule "zero", without points.

        Args:
            report: what the checks found.
            handed_in: what `timestamp.txt` says; None is never late, as nbgrader has it.
        """
        if self.due is None or handed_in is None:
            return report
        due = self.due + self.extensions.get(report.student, timedelta())
        if handed_in <= due:
            return report
        late = f"Handed in {length(handed_in - due)} late; it was due on {due:%Y-%m-%d at %H:%M} UTC."
        if self.plugin:
            rule = f"What that costs is said by the course's {self.plugin}, which is not run here."
            return replace(report, notes=(*report.notes, f"{late} {rule}"))
        if self.penalty != "zero":
            return replace(report, notes=(*report.notes, f"{late} The course takes nothing off for that."))
        taken = f"Handed in late: {counted(rounded(report.points), 'point')} taken off."
        return replace(report, points=0.0, notes=(*report.notes, late, taken))


def read_lateness(course: Course, assignment: str, due: datetime | None = None) -> Lateness:
    """The rule of a course, and when an assignment was due by its gradebook.

    Args:
        course: the course; its gradebook is opened for reading only.
        assignment: its name.
        due: when it was due, where somebody says so; extensions are still the gradebook's.
    """
    settings = course.settings
    stated = Lateness(_in_utc(due) if due else None, {}, settings.late_penalty, settings.late_plugin)
    address = settings.db_url or f"sqlite:///{course.root / 'gradebook.db'}"
    if not address.startswith("sqlite:///"):
        note = "The course's gradebook is no SQLite file, so no due date is read from it; give one with --due."
        return replace(stated, notes=() if due else (note,))
    path = course.root / address.removeprefix("sqlite:///")
    if not path.is_file():
        return stated
    try:
        noted, extensions = _read(path, assignment)
    except (sqlite3.Error, ValueError, TypeError) as error:
        note = f"No due date is read from {path}: {str(error).rstrip('.')}; give one with --due."
        return replace(stated, notes=(note,))
    return replace(stated, due=stated.due or noted, extensions=extensions)


def _read(path: Path, assignment: str) -> tuple[datetime | None, dict[str, timedelta]]:
    """The due date and extensions in nbgrader's tables; SQLAlchemy writes a length of time as one after 1970."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
        found = database.execute("select id, duedate from assignment where name = ?", (assignment,)).fetchone()
        if found is None:
            return None, {}
        rows = database.execute(
            "select student_id, extension from submitted_assignment where assignment_id = ? and extension is not null",
            (found[0],),
        ).fetchall()
    due = _in_utc(datetime.fromisoformat(found[1])) if found[1] else None
    return due, {str(student): datetime.fromisoformat(length) - _EPOCH for student, length in rows}


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
