"""What the results database has from the `marks.csv` of a graded folder, for everybody who adds up what people gave.

The file belongs to the people who fill it in, and they lose it, or a part of it. `autograder mark` writes such lines
again; until then grades, pages, exports and totals count them as they were recorded, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.course import CONFIG_FILE, load, open_course
from autograder.early_start import DATABASE
from autograder.reports.given_points import lost_lines
from autograder.reports.marks import MARKS, Row, read_marks
from autograder.reports.versions import counting_folder
from autograder.results import Report

__all__ = ["database_of_course", "lost_sentence", "place_of", "recorded_marks"]

_MOST_NAMES = 20


def recorded_marks(out: Path, reports: Sequence[Report], database: str | None) -> tuple[Row, ...]:
    """The points and comments that the results database has from ``OUT/marks.csv``.

    Args:
        out: the folder that `autograder grade --out` wrote. What grading again gave (``OUT/regraded``) has no marks of
            its own.
        reports: its reports, of one assignment; where a person grades nothing in them, no database is opened.
        database: the address of the one that the course names; None for that of the folder.

    Raises:
        UsageError: the database cannot be used.
    """
    from autograder.store import Store, sqlite_address
    from autograder.store.marking import marks

    own = out.resolve() / DATABASE
    waits = any(report.waiting for report in reports)
    if not waits or counting_folder(out) != out or not (database or own.is_file()):
        return ()
    with Store(database or sqlite_address(own)) as store, store.reading():
        return tuple(
            Row(each.student, each.question, each.answer, each.item, each.most, each.points, each.comment)
            for each in marks(store.database, reports[0].assignment)
            if each.place == place_of(out / MARKS, database)
        )


def place_of(path: Path, database: str | None) -> str:
    """What the results database calls a file of marks: in one of several folders its whole path."""
    return str(path.resolve()) if database else path.name


def database_of_course(name: str, course: Path | None) -> str | None:
    """The results database that the course of an assignment names; None where it names none, or there is no course."""
    from autograder.formats.nbgrader import find_course  # not needed by who grades assignments of our own

    if (found := find_course(course or Path.cwd(), name)) is not None:
        config = found.folder / CONFIG_FILE
        return load(config).database if config.is_file() else None
    try:
        return open_course(course)[1].database
    except UsageError:
        if course is not None:
            raise
        return None


def lost_sentence(out: Path, reports: Sequence[Report], recorded: Sequence[Row]) -> str:
    """That lines of ``OUT/marks.csv`` are lost, and count as they were recorded; "" where none is.

    Raises:
        UsageError: the file cannot be read.
    """
    lost = lost_lines(read_marks(out / MARKS), recorded, reports) if recorded else []
    if not lost:
        return ""
    students = list(dict.fromkeys(row.student for row in lost))
    more = f" and {len(students) - _MOST_NAMES} more" if len(students) > _MOST_NAMES else ""
    return (
        f"{out / MARKS} lacks {counted(len(lost), 'line')} of {', '.join(students[:_MOST_NAMES])}{more}; they count as "
        "they are in the results database, and `autograder mark` writes them again."
    )
