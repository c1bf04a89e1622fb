"""Grades and feedback of a class, written to a learning platform: first what would change, then one student at a time.

What the platform has at that moment decides, and not what was written before: what is there already is not written
again, so a push that was stopped, or is repeated, goes on where it has to. A student gets what `autograder publish`
showed and nothing else: points that are not final, and pages that were not shown, stay here.

A file in the graded folder keeps what was written, by the platform's numbers. So a grade or comment that somebody else
gave there is recognised, and kept unless it is to be overwritten.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.formats.filling import Line, Placed, place
from autograder.formats.lms.records import AssignmentThere, Change, Comment, Platform, Present, Seat, page_name
from autograder.formats.lms.replies import Denied, Unsure
from autograder.formats.outgoing import ClassGrades, Grade
from autograder.reports.files import file_names
from autograder.reports.pages import Heading, student_page
from autograder.reports.publishing import EARLIER
from autograder.reports.visibility import moment_at, shown_report
from autograder.scoring import points_of, question_points

__all__ = ["JOURNAL", "Asked", "Journal", "Plan", "Step", "planned", "pushed"]

JOURNAL = "pushed.jsonl"
_TRIES = 3
_REFUSED = 5
"""So many students in a row are refused before nothing more is tried."""
_PUBLISHED = moment_at(datetime.min.replace(tzinfo=UTC), None, published=True)
"""When students read it: as `autograder publish` has it."""
_SAME = 0.005  # points; platforms keep two decimals


class _Entry(msgspec.Struct, frozen=True):
    at: datetime
    address: str
    number: str
    points: float | None = None
    comment: str = ""


@dataclass(slots=True)
class Journal:
    """What was written to one assignment of a platform, by the platform's number of the student."""

    path: Path
    address: str
    _points: dict[str, float] = field(default_factory=dict)
    _comments: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path, address: str) -> Journal:
        """Read it; a line that a killed command did not finish is passed over.

        Raises:
            UsageError: it cannot be read.
        """
        made = cls(path, address)
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {reason_of(error)}; make it readable, or remove it.") from None
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=_Entry)
            except msgspec.MsgspecError:
                continue
            if entry.address == address:
                made._take(entry)
        return made

    def gave(self, number: str, points: float) -> bool:
        """Whether these are the points that were written last."""
        last = self._points.get(number)
        return last is not None and abs(last - points) < _SAME

    def wrote(self, number: str, comment: str) -> bool:
        """Whether a comment is one that was written."""
        return (number, _hash(comment)) in self._comments

    def add(self, number: str, points: float | None, comment: str) -> None:
        """Keep what a student has now, on the disk before anything else is written.

        Raises:
            UsageError: it cannot be written.
        """
        entry = _Entry(datetime.now(UTC), self.address, number, points, _hash(comment) if comment else "")
        if (points is None or self.gave(number, points)) and (not comment or self.wrote(number, comment)):
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" * (file.tell() > 0) + msgspec.json.encode(entry))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(f"Cannot write {self.path}: {reason_of(error)}; make the folder writable.") from None
        self._take(entry)

    def _take(self, entry: _Entry) -> None:
        if entry.points is not None:
            self._points[entry.number] = entry.points
        if entry.comment:
            self._comments.add((entry.number, entry.comment))


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
    maker = _Maker(there, grades, journal, asked)
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
    return step.new is None and not _equal(step.seat.present.points, step.expected)


def pushed(site: Platform, plan: Plan, journal: Journal) -> Iterator[tuple[Step, str]]:
    """Write what was planned, one student at a time; yields each step with what went wrong, "" for nothing.

    Where nobody knows whether something was written, what the student has is read before it is tried again.

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
            problem, refused = _written(site, step, journal), 0
        except Denied as error:
            problem, refused = str(error).rstrip("."), refused + 1
            if refused == _REFUSED:
                raise
        yield step, problem


def _written(site: Platform, step: Step, journal: Journal) -> str:
    left = step
    for _ in range(_TRIES):
        sure = True
        try:
            site.write(step.seat, Change(left.new, left.comment))
        except Unsure:
            sure = False
        present = site.present(step.seat)
        left = _missing(step, present)
        if sure and not present.readable:
            left = replace(left, comment=None)
        if not left.writes:
            journal.add(step.seat.number, step.new, step.said)
            return ""
        if sure:
            return "what was written is not there; the grade may be locked or overridden"
    return "the connection ended each time before it was written; run the same command again"


def _missing(step: Step, present: Present) -> Step:
    """What of a step is not there yet."""
    new = None if step.new is not None and _equal(present.points, step.new) else step.new
    return Step(step.seat, step.expected, new, None if _has(present, step.comment) else step.comment)


class _Maker:
    """Makes the steps of a class."""

    def __init__(self, there: AssignmentThere, grades: ClassGrades, journal: Journal, asked: Asked) -> None:
        self._there, self._grades, self._journal, self._asked = there, grades, journal, asked
        self._names = file_names(each.report.student for each in grades.grades)

    def step(self, seat: Seat, grade: Grade) -> Step:
        """What becomes of a student who has a grade here."""
        if grade.points is None:
            return Step(seat, why=f"the points are not final: {grade.why}")
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
        new = None if _equal(before, points) else points
        ours = before is None or self._asked.overwrite or self._journal.gave(seat.number, before)
        if new is not None and not ours:
            return Step(seat, points, why=f"somebody else gave this grade there; --overwrite replaces it by {points:g}")
        comment, kept, said = self._comment(seat, grade, page)
        return Step(seat, points, new, comment, why or kept, said)

    def _comment(self, seat: Seat, grade: Grade, page: str) -> tuple[Comment | None, str, str]:
        """The comment that is to be written, None for none; why another is kept, "" where none is; and its text."""
        there = self._there
        if not self._asked.comments or not (there.takes_text or there.takes_file):
            return None, "", ""
        data = page.encode("utf-8", "replace")
        file = page_name(self._grades.assignment, hashlib.sha256(data).hexdigest()) if there.takes_file else ""
        text = _text_of(self._grades, grade, file) if there.takes_text else ""
        made = Comment(text, file, data if file else b"")
        if _has(seat.present, made) or (not seat.present.readable and self._journal.wrote(seat.number, text)):
            return None, "", text
        if not seat.present.readable and not self._asked.overwrite:
            return None, "comments there cannot be read before they are released; --overwrite writes one", ""
        if there.replaces and not self._asked.overwrite:
            others = [each for each in seat.present.comments if not self._journal.wrote(seat.number, each)]
            others += [each for each in seat.present.files if "-feedback-" not in each]
            if [each for each in others if " ".join(each.split()) != " ".join(text.split())]:
                return None, "somebody else wrote a comment there, which is kept; --overwrite replaces it", ""
        return made, "", text

    def _page(self, grade: Grade) -> str:
        return student_page(grade.report, Heading(self._grades.course, self._grades.title), _PUBLISHED)

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


def _equal(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) < _SAME


def _has(present: Present, comment: Comment | None) -> bool:
    """Whether a student has a comment: its page, by the hash in its name, and its text."""
    if comment is None:
        return True
    texts = {" ".join(each.split()) for each in present.comments}
    stem = comment.file.removesuffix(".html")  # a platform may add a number to a name
    return (not comment.file or any(each.startswith(stem) for each in present.files)) and (
        not comment.text or " ".join(comment.text.split()) in texts
    )


def _hash(comment: str) -> str:
    return hashlib.sha256(" ".join(comment.split()).encode("utf-8", "replace")).hexdigest()[:32]
