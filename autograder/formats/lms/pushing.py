"""Grades and feedback of a class, written to a learning platform: first what would change, then one student at a time.

What the platform has at that moment decides, and not what was written before: what is there already is not written
again, so a push that was stopped, or is repeated, goes on where it has to. A student gets what `autograder publish`
showed and nothing else: points that are not final, and pages that were not shown, stay here.

A grade or comment that somebody else gave there is recognised by what the journal knows of earlier pushes, and kept
unless it is to be overwritten; what changed there after the plan was made is left for the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from autograder.checks.errors import UsageError
from autograder.formats.class_grades import ClassGrades, Grade
from autograder.formats.filling import Line, Placed, place
from autograder.formats.lms.records import (
    AssignmentThere,
    Change,
    Comment,
    Journal,
    Platform,
    Present,
    Seat,
    page_name,
    same_points,
)
from autograder.formats.lms.replies import Denied, Unsure
from autograder.reports.files import file_names
from autograder.reports.pages import Heading, student_page
from autograder.reports.publishing import EARLIER
from autograder.reports.visibility import moment_at, shown_report
from autograder.scoring import points_of, question_points

__all__ = ["Asked", "NotCertain", "Plan", "Step", "planned", "pushed"]

_TRIES = 3
_TOGETHER = timedelta(seconds=10)
"""Members of a group hand in within this time; one record after the other gets its time."""
_REFUSED = 5
"""So many students in a row are refused before nothing more is tried."""
_PUBLISHED = moment_at(datetime.min.replace(tzinfo=UTC), None, published=True)
"""When students read it: as `autograder publish` has it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one student: `new` points and a `comment` that are to be written, None where there are none.

    `why` says why a student gets nothing, or less than there is. `expected` are the points and `said` is the comment,
    whether they are there or not.
    """

    seat: Seat
    expected: float | None = None
    new: float | None = None
    comment: Comment | None = None
    why: str = ""
    said: str = ""

    @property
    def writes(self) -> bool:
        """Whether anything is to be written."""
        return self.new is not None or self.comment is not None


class NotCertain(str):
    """What went wrong with a student to whom something was sent."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written, who is not found there, and who has no grade here."""

    there: AssignmentThere
    steps: tuple[Step, ...]
    placed: Placed
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """How grades are written: converted to the maximum there, with feedback, in the place of what others wrote."""

    scale: bool | None = None
    comments: bool = True
    overwrite: bool = False


def planned(
    site: Platform,
    platform: str,
    grades: ClassGrades,
    journal: Journal,
    asked: Asked,
    ids_of: Callable[[str], Sequence[str]] = lambda key: (key,),
) -> Plan:
    """What would be written to an assignment.

    Args:
        site: where.
        platform: the kind of download whose keys are the platform's ids.
        grades: the class.
        journal: what was written before.
        asked: how.
        ids_of: the platform's ids in such a key.

    Raises:
        UsageError: the assignment there takes no points, or the most points differ and nobody said what to do.
    """
    there = site.assignment()
    if there.refused:
        raise UsageError(f"Nothing can be written to {there.title!r}: {there.refused}.")
    seats = site.seats()
    lines = [Line(row, seat.shown, seat.ids, seat.names, most=there.most) for row, seat in enumerate(seats)]
    placed = place(lines, grades.grades, platform, ids_of)
    maker = _Maker(there, platform, grades, journal, asked)
    steps, without = [], []
    for row, seat in enumerate(seats):
        if row in placed.unsure:
            steps.append(Step(seat, why=placed.unsure[row]))
        elif row in placed.grades:
            steps.append(maker.step(seat, placed.grades[row]))
        else:
            without.append(seat.shown)
    return Plan(there, _with_groups_whole(steps, seats), placed, tuple(without))


def _with_groups_whole(steps: Sequence[Step], seats: Sequence[Seat]) -> tuple[Step, ...]:
    """The steps without those of groups whose members would get points of others.

    Where all members of a group get what one is given, they are graded only if that is what all of them are to have.
    """
    members: dict[str, list[Seat]] = {}
    for seat in seats:
        members.setdefault(seat.group or f"of one: {seat.number}", []).append(seat)
    made = {each.seat.number: each for each in steps}
    whole = list(steps)
    for own in members.values():
        found = [made.get(each.number) for each in own]
        if len(own) == 1 or not any(each and each.new is not None for each in found):
            continue
        points = {None if each is None or _is_kept(each) else each.expected for each in found}
        if len(points) > 1 or None in points:
            names = ", ".join(each.shown for each in own)
            why = (
                f"the platform gives the whole group ({names}) one grade, and not all of them are to have the same; "
                "have members graded individually there"
            )
            whole = [Step(each.seat, why=each.why or why) if each in found else each for each in whole]
    return tuple(whole)


def _is_kept(step: Step) -> bool:
    """Whether a student keeps points that are not the expected ones."""
    return step.new is None and not same_points(step.seat.present.points, step.expected)


def pushed(site: Platform, plan: Plan, journal: Journal) -> Iterator[tuple[Step, str]]:
    """Write what was planned, one student at a time; yields each step with what went wrong, "" for nothing.

    What a student has is read just before, and where it is not what the plan was made of, nothing is written; so is
    what all members of a group have that gets one grade, before and after. Where nobody knows whether something was
    written, it is read before it is tried again. A problem that is `NotCertain` says that something was sent.

    Raises:
        UsageError: the platform refuses everything, or cannot be reached; what was written is known.
    """
    refused = 0
    for step in plan.steps:
        if not step.writes:
            if step.expected is not None and not step.why:
                journal.add(step.seat.number, step.expected, step.said)
            continue
        try:
            together = [each for each in plan.steps if step.seat.group and each.seat.group == step.seat.group]
            others = [each for each in together if each is not step]
            problem, refused = _written(site, plan.there, step, journal, others), 0
        except Denied as error:
            problem, refused = str(error).rstrip("."), refused + 1
            if refused == _REFUSED:
                raise
        yield step, problem


def _written(site: Platform, there: AssignmentThere, step: Step, journal: Journal, others: Sequence[Step]) -> str:
    """Write one step; `others` are those of a group that gets the same grade with it. What went wrong, or ""."""
    present = site.present(step.seat)
    if problem := _changed_since(step, present, there):
        return problem
    left = _missing(step, present)
    grades_group = bool(others) and left.new is not None
    if grades_group and (problem := _group_changed(site, others)):
        return problem
    for _ in range(_TRIES):
        if not left.writes:
            journal.add(step.seat.number, step.new, step.said)
            return _not_in_group(site, others) if grades_group else ""
        sure, sent = True, left
        try:
            site.write(replace(step.seat, present=present), Change(left.new, left.comment))
        except Unsure:
            sure = False
        try:
            present = site.present(step.seat)
        except UsageError as error:
            journal.add(step.seat.number, step.new, step.said if sure else "")
            if not isinstance(error, Denied):
                raise
            return NotCertain(f"{'written' if sure else 'sent'}, but it cannot be read there: {error}".rstrip("."))
        left = _missing(step, present)
        arrived = sure or (sent.new is not None and left.new is None)  # one request has both
        if arrived and not present.readable:
            left = replace(left, comment=None)
        if sure and left.writes:
            return "what was written is not there; the grade may be locked or overridden"
    if not left.writes:
        journal.add(step.seat.number, step.new, step.said)
        return _not_in_group(site, others) if grades_group else ""
    return "the connection ended each time before it was written; run the same command again"


def _changed_since(step: Step, present: Present, there: AssignmentThere) -> str:
    """Why nothing is to be written where somebody else wrote since the plan was made; "" for nothing."""
    if problem := _graded_since(step, present):
        return problem
    before = step.seat.present
    commented = (present.comments, present.files, present.readable) != (before.comments, before.files, before.readable)
    if there.replaces and step.comment is not None and commented:
        return "the comment there has changed since it was read; run the same command again"
    return ""


def _graded_since(step: Step, present: Present) -> str:
    """The same of the grade alone."""
    before = step.seat.present
    if present.kept and present.kept != before.kept:
        return present.kept
    unlike = present.points != before.points and not same_points(present.points, before.points)
    if unlike and not same_points(present.points, step.expected):
        return "the grade there has changed since it was read; run the same command again"
    return ""


def _group_changed(site: Platform, others: Sequence[Step]) -> str:
    """Why a group is not to be graded by way of one member: what another one has changed meanwhile; "" for nothing."""
    for each in others:
        if problem := _graded_since(each, site.present(each.seat)):
            return f"the platform gives the whole group one grade, and of {each.seat.shown} {problem}"
    return ""


def _not_in_group(site: Platform, others: Sequence[Step]) -> str:
    """Which members of a group do not have its grade now that it was written; those that are written are read then."""
    try:
        without = [
            each.seat.shown
            for each in others
            if not each.writes and not same_points(site.present(each.seat).points, each.expected)
        ]
    except Denied as error:
        return NotCertain(f"written, but the group's other members cannot be read there: {error}".rstrip("."))
    return (
        NotCertain(f"written, but these members of the group did not get it: {', '.join(without)}") if without else ""
    )


def _missing(step: Step, present: Present) -> Step:
    """What of a step is not there yet."""
    new = None if step.new is not None and same_points(present.points, step.new) else step.new
    return Step(step.seat, step.expected, new, None if _has(present, step.comment) else step.comment)


class _Maker:
    """Makes the steps of a class."""

    def __init__(
        self, there: AssignmentThere, platform: str, grades: ClassGrades, journal: Journal, asked: Asked
    ) -> None:
        self._there, self._platform, self._grades, self._journal, self._asked = there, platform, grades, journal, asked
        self._names = file_names(each.report.student for each in grades.grades)

    def step(self, seat: Seat, grade: Grade) -> Step:
        """What becomes of a student who has a grade here."""
        if grade.points is None:
            return Step(seat, why=f"the points are not final: {grade.why}")
        last = grade.collected.get(self._platform)
        if last is not None and seat.handed_in is not None and seat.handed_in > last + _TOGETHER:
            return Step(seat, why="handed in again since it was graded; collect and grade that first")
        page = self._page(grade)
        if not self._was_shown(grade, page):
            return Step(seat, why="not published as it is now")
        if seat.present.kept:
            return Step(seat, why=seat.present.kept)
        points = grade.out_of(self._there.most, self._asked.scale)
        assert points is not None
        why = ""
        if self._there.capped and self._there.most is not None and points > self._there.most:
            points, why = self._there.most, f"more than the platform takes; cut to {self._there.most:g}"
        before = seat.present.points
        new = None if same_points(before, points) else points
        ours = before is None or self._asked.overwrite or self._journal.gave(seat.number, before)
        if new is not None and not ours:
            return Step(seat, points, why=f"somebody else gave this grade there; --overwrite replaces it by {points:g}")
        comment, kept, said = self._comment(seat, grade, page, regrade=new is not None)
        hidden = self._there.replaces and self._there.takes_text and not seat.present.readable
        if hidden and new is not None and comment is None:
            return Step(
                seat,
                points,
                why=f"a comment there cannot be read before it is released, and {points:g} would be written without "
                f"it; --overwrite {'' if self._asked.comments else 'without --no-comments '}writes both anew",
            )
        return Step(seat, points, new, comment, why or kept, said)

    def _comment(self, seat: Seat, grade: Grade, page: str, *, regrade: bool) -> tuple[Comment | None, str, str]:
        """The comment that is to be written, None for none; why another is kept, "" where none is; and its text.

        One that cannot be read is replaced on a regrade, if it was written from here, as the grade beside it was.
        """
        there = self._there
        if not self._asked.comments or not (there.takes_text or there.takes_file):
            return None, "", ""
        data = page.encode("utf-8", "replace")
        file = page_name(self._grades.assignment, hashlib.sha256(data).hexdigest()) if there.takes_file else ""
        text = _text_of(self._grades, grade, file) if there.takes_text else ""
        made = Comment(text, file, data if file else b"")
        hidden, before = not seat.present.readable, seat.present.points
        if _has(seat.present, made) or (hidden and not regrade and self._journal.wrote(seat.number, text)):
            return None, "", text
        ours = before is not None and self._journal.gave(seat.number, before) and self._journal.commented(seat.number)
        if hidden and not ours and not self._asked.overwrite:
            return None, "comments there cannot be read before they are released; --overwrite writes one", ""
        if there.replaces and not self._asked.overwrite:
            others = [each for each in seat.present.comments if not self._journal.wrote(seat.number, each)]
            others += [each for each in seat.present.files if "-feedback-" not in each]
            if [each for each in others if " ".join(each.split()) != " ".join(text.split())]:
                return None, "somebody else wrote a comment there, which is kept; --overwrite replaces it", ""
        return made, "", text

    def _page(self, grade: Grade) -> str:
        heading = Heading(self._grades.course, self._grades.title)
        return student_page(grade.report, heading, _PUBLISHED, grade.requests)

    def _was_shown(self, grade: Grade, page: str) -> bool:
        """Whether `autograder publish` showed the student this page."""
        sha256 = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()
        shown = self._grades.out / EARLIER / self._names[grade.report.student] / f"{sha256}.html"
        return grade.published and shown.is_file()


def _text_of(grades: ClassGrades, grade: Grade, file: str) -> str:
    """A comment: the points, those of each question, and where the rest is."""
    shown = shown_report(grade.report, _PUBLISHED)
    assert grade.points is not None
    lines = [f"{grades.title}: {points_of(grade.points, grade.most)}."]
    for each in shown.report.questions:
        points, most = question_points(each.checks)
        lines.append(f"{each.title}: {points_of(points, most)}")
    if file:
        lines.append(f"The feedback is in {file}.")
    return "\n".join(lines)


def _has(present: Present, comment: Comment | None) -> bool:
    """Whether a student has a comment: its page, by the hash in its name, and its text."""
    if comment is None:
        return True
    texts = {" ".join(each.split()) for each in present.comments}
    stem = comment.file.removesuffix(".html")  # a platform may add a number to a name
    return (not comment.file or any(each.startswith(stem) for each in present.files)) and (
        not comment.text or " ".join(comment.text.split()) in texts
    )
