"""What lateness costs in a course of nbgrader's: its own two rules, by the due date that its gradebook holds.

The gradebook is read as a database, and the configuration as text; a plugin of the course's is never run here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.checks.wording import counted
from autograder.formats.nbgrader.course import Course
from autograder.results import Report
from autograder.scoring import rounded

__all__ = ["Lateness", "read_lateness"]

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
        late = f"Handed in {_length(handed_in - due)} late; it was due on {due:%Y-%m-%d at %H:%M} UTC."
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
    told = Lateness(_in_utc(due) if due else None, {}, settings.late_penalty, settings.late_plugin)
    address = settings.db_url or f"sqlite:///{course.root / 'gradebook.db'}"
    if not address.startswith("sqlite:///"):
        note = "The course's gradebook is no SQLite file, so no due date is read from it; give one with --due."
        return replace(told, notes=() if due else (note,))
    path = course.root / address.removeprefix("sqlite:///")
    if not path.is_file():
        return told
    try:
        noted, extensions = _read(path, assignment)
    except (sqlite3.Error, ValueError, TypeError) as error:
        note = f"No due date is read from {path}: {str(error).rstrip('.')}; give one with --due."
        return replace(told, notes=(note,))
    return replace(told, due=told.due or noted, extensions=extensions)


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


def _length(time: timedelta) -> str:
    """Such as "2 days 3 h", in the two largest units."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "less than 1 s"
