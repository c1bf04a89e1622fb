"""What the results database has from the `marks.csv` of a graded folder, for everybody who adds up what people gave.

The file belongs to the people who fill it in, and they lose it, or a part of it. `autograder mark` writes such lines
again; until then grades, pages, exports and totals count them as they were recorded, and say so. Points were given for
what had been graded by then: where the student handed in another answer since, that is said, as with the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.course import CONFIG_FILE, load, open_course
from autograder.early_start import DATABASE
from autograder.loader import load as load_assignment
from autograder.reports.final_points import lost_lines
from autograder.reports.marks import MARKS, Filed, Row, fingerprint, read_marks
from autograder.reports.regrading import counting_folder
from autograder.results import Report
from autograder.store.records import PAGE, Mark

__all__ = ["database_of_course", "lost_sentence", "missing_file", "place_of", "recorded_marks", "rubrics_of"]

_MOST_NAMES = 20
_UNKNOWN = "unknown"
"""Stands for no answer."""


def recorded_marks(
    out: Path, reports: Sequence[Report], database: str | None, *, begins: bool = False
) -> tuple[Row, ...]:
    """The points and comments that the results database has from ``OUT/marks.csv``; of lost lines with what was read.

    Args:
        out: the folder that `autograder grade --out` wrote. What grading again gave (``OUT/regraded``) has no marks of
            its own.
        reports: its reports, of one assignment; where a person grades nothing in them, no database is opened.
        database: the address of the one that the course names; None for that of the folder.
        begins: whether a named database that is not there is made afterwards, so nothing is recorded yet.

    Raises:
        UsageError: the database cannot be used, or the named one is not there.
    """
    from autograder.store import Store, sqlite_address
    from autograder.store.marking import marks
    from autograder.store.runs import graded_texts

    own = out.resolve() / DATABASE
    waits = any(report.waiting for report in reports)
    if not waits or counting_folder(out) != out or not (database or own.is_file()):
        return ()
    if database and (missing := missing_file(database)):
        if begins:
            return ()
        raise UsageError(
            f"There is no results database {missing}, which may have points that people gave; put it back, restore a "
            f"backup with `autograder restore`, or correct `database` in {CONFIG_FILE}."
        )
    with Store(database or sqlite_address(own)) as store, store.reading():
        place, name = place_of(out / MARKS, database), reports[0].assignment
        found = {
            (each.student, each.answer, each.item): (
                Row(
                    each.student,
                    each.question,
                    each.answer,
                    each.item,
                    each.most,
                    each.points,
                    each.comment,
                    filed=_filed(each),
                ),
                each.marked,
            )
            for each in marks(store.database, name)
            if each.place == place or _filed(each)
        }
        asked = {(report.student, check.id) for report in reports for check in report.waiting}
        rows = [row for row, _ in found.values()]
        lost = lost_lines(read_marks(out / MARKS), rows, reports) if found else []
        lost += [row for row in rows if row.filed and row not in lost and (row.student, row.answer) in asked]
        by_student = {report.student: report for report in reports}
        graded = {
            who: graded_texts(store.database, name, who)
            for who in {row.student for row in lost if row.points is not None}
        }
        seen = {
            row.key: _seen(row, by_student[row.student], [run for run in graded[row.student] if run[0] <= marked])
            for row in lost
            if row.points is not None and (marked := found[row.key][1])
        }
    return tuple(replace(row, seen=seen.get(row.key, "")) for row, _ in found.values())


def _filed(mark: Mark) -> Filed | None:
    """What the file had of points and comment that were given on the page; None where none were."""
    if PAGE not in (mark.place, mark.comment_place):
        return None
    return Filed(
        (mark.filed,) if mark.place == PAGE else (),
        (mark.filed_comment,) if mark.comment_place == PAGE else (),
    )


def missing_file(database: str) -> str:
    """The file that an address of a results database names, if it is not there; "" where there is one, or a server."""
    from autograder.store.database import file_of

    path = file_of(database)
    return path if path is not None and not Path(path).is_file() else ""


def _seen(row: Row, report: Report, before: Sequence[tuple[datetime, str, str]]) -> str:
    """Stands for the answer that was read when points were given, by the runs that there were then.

    That is the last one of them. Where the best of several attempts counts, it may be any, so also what counts now.
    """
    check = next(each for each in report.waiting if each.id == row.answer)
    stands, then = fingerprint(report, check), _UNKNOWN
    for _, sha256, text in before if report.replay.attempts else before[-1:]:
        then = stands if sha256 == report.replay.submission_sha256 else _fingerprint_in(text, row.answer)
        if then == stands:
            break
    return then


def _fingerprint_in(text: str, answer: str) -> str:
    """Stands for an answer of an earlier report; of a report of another version, or one that was erased, unknown."""
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.MsgspecError:
        return _UNKNOWN
    return next((fingerprint(report, each) for each in report.waiting if each.id == answer), _UNKNOWN)


def place_of(path: Path, database: str | None) -> str:
    """What the results database calls a file of marks: in one of several folders its whole path."""
    return str(path.resolve()) if database else path.name


def database_of_course(name: str, course: Path | None) -> str | None:
    """The results database that the course of an assignment names; None where it names none, or there is no course."""
    from autograder.formats.nbgrader import find_course  # not needed by who grades assignments of our own

    folder = course or Path.cwd()
    try:
        is_nbgraders = find_course(folder, name) is not None
    except UsageError:  # nbgrader's, without this assignment: its gradebook may hold points of it all the same
        is_nbgraders = True
    if is_nbgraders:
        config = folder / CONFIG_FILE
        return load(config).database if config.is_file() else None
    try:
        return open_course(course)[1].database
    except UsageError:
        if course is not None:
            raise
        return None


def rubrics_of(name: str, course: Path | None) -> dict[str, tuple[RubricItem, ...]]:
    """The items of each written answer of an assignment; those of nbgrader's have none.

    Raises:
        UsageError: there is no such assignment, or it cannot be loaded.
    """
    from autograder.formats.nbgrader import find_course

    if find_course(course or Path.cwd(), name) is not None:
        return {}
    return {each.id: each.rubric for each in load_assignment(open_course(course)[0], name).assignment.written}


def lost_sentence(out: Path, reports: Sequence[Report], recorded: Sequence[Row]) -> str:
    """That lines of ``OUT/marks.csv`` are lost, and count as they were recorded; "" where none is.

    Raises:
        UsageError: the file cannot be read.
    """
    lost = lost_lines(read_marks(out / MARKS), recorded, reports) if recorded else []
    lost = [row for row in lost if row.filed is None]
    if not lost:
        return ""
    stands = {(report.student, each.id): fingerprint(report, each) for report in reports for each in report.waiting}
    changed = dict.fromkeys(row.student for row in lost if row.seen not in ("", stands[row.student, row.answer]))
    again = f" What {_listed(list(changed))} handed in has changed since: read it again." if changed else ""
    students = list(dict.fromkeys(row.student for row in lost))
    return (
        f"{out / MARKS} lacks {counted(len(lost), 'line')} of {_listed(students)}; they count as "
        f"they are in the results database, and `autograder mark` writes them again.{again}"
    )


def _listed(students: Sequence[str]) -> str:
    more = f" and {len(students) - _MOST_NAMES} more" if len(students) > _MOST_NAMES else ""
    return f"{', '.join(students[:_MOST_NAMES])}{more}"
