"""From a course's folder to its term: the roster, hand-ins that are known, and late days that were stated."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.course import Course, open_course
from autograder.course.findings import findings, fits_nobody
from autograder.course.kept_hand_ins import kept_in
from autograder.course.roster import Roster
from autograder.course.term import HandIn, Term
from autograder.early_start import NOTEBOOK_FORM
from autograder.settings import near, utf8_text
from autograder.submissions.counting import hand_ins_in
from autograder.submissions.roster import course_roster

__all__ = ["LATE_DAYS", "course_problems", "fits_nobody", "open_term", "read_late_days", "term_at"]

LATE_DAYS = "late_days.csv"
"""Late days as students stated them, in the course's folder."""
_COLUMNS = ("student", "assignment", "days")
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
    if missing := [each for each in _COLUMNS if each not in names]:
        raise InstructorError(f"{path}:1: there is no column {missing[0]!r}; the columns are {', '.join(_COLUMNS)}.")
    found = {}
    for row in rows:
        student, assignment, days = (str(row[names[each]]).strip() for each in _COLUMNS)
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
