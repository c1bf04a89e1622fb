"""What `collect`, `grade` and `regrade --take` keep of hand-ins in the course's folder, and what that changes.

A hand-in that becomes known may take late days which another assignment had used. What was written of that one before
has other points then, so it is named, with the folder in which it is to be written anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder.checks.wording import reason_of
from autograder.course import Course
from autograder.course.kept_hand_ins import HAND_INS, Kept, keep, kept_in
from autograder.course.term import HandIn, Term
from autograder.reports.pages.text import visible
from autograder.reports.versions import counting_folder
from autograder.submissions.collected import read_attempts
from autograder.submissions.counting import candidates, hand_in_of
from autograder.submissions.term import open_term

__all__ = ["keep_collected", "keep_graded"]

_MOST_NAMES = 20


def keep_collected(screen: Console, root: Path, course: Course, assignment: str, into: Path) -> None:
    """Keep when everybody handed in what was collected, for the late days of the term; said where that is not possible.

    Raises:
        UsageError: a record of an attempt, or what is kept, cannot be read.
    """
    if course.dates_of(assignment) is None:
        return
    term = open_term(root, course)
    attempts = read_attempts(into)
    numbers = Counter(each.student for each in attempts)
    found = {
        student: [hand_in_of(each, numbers[student]) for each in own]
        for student, own in candidates(attempts, term, assignment).items()
    }
    _keep(screen, term, assignment, found, into, graded=False)


def keep_graded(screen: Console, term: Term | None, assignment: str, out: Path, hand_ins: Sequence[HandIn]) -> None:
    """Keep the hand-ins of a folder of reports that count; one that was graded again to be compared does not yet.

    Raises:
        UsageError: what is kept cannot be read.
    """
    if term is None or term.folder is None or term.course.dates_of(assignment) is None or counting_folder(out) != out:
        return
    _keep(screen, term, assignment, {each.student: [each] for each in hand_ins}, out, graded=True)


def _keep(
    screen: Console, term: Term, assignment: str, found: Mapping[str, Sequence[HandIn]], source: Path, *, graded: bool
) -> None:
    assert term.folder is not None
    try:
        before, now = keep(term.folder, assignment, found, source, graded=graded)
    except OSError as error:
        screen.print(
            f"[yellow]Late days:[/]      hand-in times cannot be kept in {escape(str(term.folder / HAND_INS))} "
            f"({escape(reason_of(error))}), so late days that {escape(assignment)} takes are not known elsewhere.",
            soft_wrap=True,
        )
        return
    earlier, later = (term.with_hand_ins(assignment, _hand_ins(each)) for each in (before, now))
    for name, students in later.other_days(earlier, assignment).items():
        _say_changed(screen, term.folder, name, students)


def _hand_ins(kept: Sequence[Kept]) -> tuple[HandIn, ...]:
    return tuple(each.hand_in for each in kept)


def _say_changed(screen: Console, root: Path, assignment: str, students: Sequence[str]) -> None:
    """Name what was graded with other late days than there are now."""
    sources = {each.source for each in kept_in(root, assignment) if each.hand_in.student in students}
    folders = [root / each for each in sorted(sources) if (root / each / "reports").is_dir()]
    if not folders:
        return
    more = f" and {len(students) - _MOST_NAMES} more" if len(students) > _MOST_NAMES else ""
    listed = f"{', '.join(students[:_MOST_NAMES])}{more}"
    where = ", ".join(map(str, folders))
    said = (
        f"{assignment} has other late days now for {listed}; tables and pages in {where} are from "
        "before: run its `autograder grade` command once more. Totals, exports and `publish` are right already."
    )
    screen.print(f"[yellow]Late days:[/]      {escape(visible(said, 2000))}", soft_wrap=True)
