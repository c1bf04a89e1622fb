"""A term: every hand-in of a course that is known, from which follows how late each one is and what that costs.

Late days are one budget for all assignments of a term, so no hand-in can be judged alone. Nothing is stored: the same
hand-ins and the same settings give the same result, in whatever order things came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from autograder.course.late import DAY, NO_DAYS, Days, Due, HandedIn, Score, Use, free_of_points, judged, late_by, spent
from autograder.course.records import Course
from autograder.course.roster import Person, Roster
from autograder.early_start import NOTEBOOK_FORM
from autograder.results import Report

__all__ = ["HandIn", "Term"]


@dataclass(frozen=True, slots=True)
class HandIn:
    """The attempt of a student or team that counts: when it was handed in, in UTC (None: nobody knows).

    `late` is what the platform says, None for nothing. `members` are those of a team. It is the attempt of that number,
    of so many; 0 where they are not numbered.
    """

    student: str
    time: datetime | None = None
    late: bool | None = None
    members: tuple[str, ...] = ()
    attempt: int = 0
    attempts: int = 0

    @property
    def known(self) -> bool:
        """Whether anything says if it was late; what was graded from a plain folder has no time."""
        return self.time is not None or self.late is not None


@dataclass(frozen=True)
class Term:
    """The course, who takes it, and its hand-ins by assignment; `stated` are late days by student and assignment.

    `folder` is that of the course, where its hand-ins are kept; None where there is none.
    """

    course: Course
    roster: Roster | None = None
    hand_ins: Mapping[str, tuple[HandIn, ...]] = field(default_factory=dict)
    stated: Mapping[tuple[str, str], int] = field(default_factory=dict)
    folder: Path | None = None

    def with_hand_ins(self, assignment: str, found: tuple[HandIn, ...]) -> Term:
        """The term with the hand-ins of an assignment in place of those that were known before."""
        return replace(self, hand_ins={**self.hand_ins, assignment.removesuffix(NOTEBOOK_FORM): found})

    def people(self, hand_in: HandIn) -> tuple[Person, ...]:
        """Whoever handed in: members of a team, also of a group by whose name it was handed in; else the student."""
        known = self.roster.by_id if self.roster else {}
        groups = {member: name for name, members in self.course.groups.items() for member in members}
        ids = hand_in.members or (hand_in.student,)
        if ids == (hand_in.student,) and hand_in.student not in known:
            ids = self.course.groups.get(hand_in.student) or ids
            if self.roster and (members := self.roster.members(hand_in.student)):
                return members
        return tuple(known.get(each) or Person(each, group=groups.get(each, "")) for each in ids)

    def due(self, assignment: str, hand_in: HandIn) -> Due | None:
        """When it had to be handed in; None where the assignment has no dates."""
        return self.course.due(assignment, self.people(hand_in))

    def until(self, assignment: str, hand_in: HandIn) -> datetime | None:
        """Until when a hand-in counts at all; without a late rule until the deadline. None for no end."""
        due = self.due(assignment, hand_in)
        if due is None:
            return None
        return due.last or (due.deadline if self.course.late_rule(assignment) is None else None)

    def closes(self, assignment: str) -> datetime | None:
        """The last moment at which what anybody hands in can still earn points, in the course's zone.

        That is the late deadline or cut-off, where there is one; without a late rule the deadline; else the moment from
        which lateness costs everything. Extensions count, and late days where they move it. None where the assignment
        has no dates, or lateness never costs everything.
        """
        usual = self.course.due(assignment)
        if usual is None:
            return None
        people = [*(self.roster.people if self.roster else ())]
        for each in self.course.extensions:
            people += [Person(name) for name in each.students]
            people += [Person("", group=name) for name in each.groups]
            people += [Person("", section=name) for name in each.sections]
        dues = [usual, *filter(None, (self.course.due(assignment, (person,)) for person in people))]
        ends = [due.last or self._worthless_after(assignment, due) for due in dues]
        return None if None in ends else max(filter(None, ends)).astimezone(usual.zone)

    def _worthless_after(self, assignment: str, due: Due) -> datetime | None:
        """The moment after which nothing is earned, where there is no cut-off; None for never."""
        rule, dates, budget = self.course.late_rule(assignment), self.course.dates_of(assignment), self.course.late_days
        if rule is None:
            return due.deadline
        late = free_of_points(rule)
        if late is None:
            return None
        days = min(budget.total, budget.total if budget.each is None else budget.each) if budget else 0
        return due.deadline + late + (days * DAY if dates and dates.late_days else timedelta())

    def unknown_before(self, report: Report) -> tuple[str, ...]:
        """Assignments with an earlier deadline of which no hand-in time is known, where a report used late days.

        Each may have taken late days, of which fewer would be left then; none where no late days were used, as fewer
        of them change nothing.
        """
        name = report.assignment.removesuffix(NOTEBOOK_FORM)
        now = self.course.due(name)
        if now is None or not self._days.get((name, report.student), NO_DAYS).used:
            return ()
        found = self._by_student.get((name, report.student)) or HandIn(report.student)
        people = {person.id for person in self.people(found)}
        earlier = []
        for other, dates in self.course.dates.items():
            due, rule = self.course.due(other), self.course.late_rule(other)
            if due is None or rule is None or not dates.late_days or (due.usual, other) >= (now.usual, name):
                continue
            if people - self._handed_in.get(other, frozenset()):
                earlier.append(other)
        return tuple(earlier)

    def other_days(self, before: Term, assignment: str) -> dict[str, tuple[str, ...]]:
        """Who has other late days than `before` for other assignments than this one, by assignment."""
        changed: dict[str, list[str]] = {}
        for name, student in sorted({*self._days, *before._days}):
            one, other = (term._days.get((name, student), NO_DAYS) for term in (self, before))
            if name != assignment.removesuffix(NOTEBOOK_FORM) and one.used != other.used:
                changed.setdefault(name, []).append(student)
        return {name: tuple(students) for name, students in changed.items()}

    def is_late(self, assignment: str, hand_in: HandIn) -> bool | None:
        """Whether a hand-in is late, by its time or by what the platform says; None where nobody knows."""
        due = self.due(assignment, hand_in)
        if due is None or hand_in.time is None:
            return hand_in.late
        late = late_by(HandedIn(hand_in.time), due, self.course.late_rule(assignment))
        return bool(late)

    def with_attempt(self, assignment: str, hand_in: HandIn) -> Term:
        """The term as it would be if another attempt of a student counted."""
        name = assignment.removesuffix(NOTEBOOK_FORM)
        others = (each for each in self.hand_ins.get(name, ()) if each.student != hand_in.student)
        return self.with_hand_ins(name, (*others, hand_in))

    def judged(self, report: Report) -> Report:
        """The report with the points after lateness, and how they came about; as it is where there are no dates."""
        name = report.assignment.removesuffix(NOTEBOOK_FORM)
        found = self._by_student.get((name, report.student)) or HandIn(report.student)
        due = self.due(report.assignment, found)
        if due is None:
            return report
        score = Score(report.points, report.bonus_points, report.max_points)
        days = self._days.get((name, report.student), NO_DAYS)
        rule = self.course.late_rule(report.assignment)
        points, bonus, lateness = judged(score, HandedIn(found.time, found.late), due, rule, days)
        lateness = replace(lateness, attempt=found.attempt, attempts=found.attempts)
        return replace(report, points=points, bonus_points=bonus, lateness=lateness)

    @cached_property
    def _by_student(self) -> dict[tuple[str, str], HandIn]:
        return {(name, each.student): each for name, found in self.hand_ins.items() for each in found}

    @cached_property
    def _handed_in(self) -> dict[str, frozenset[str]]:
        """Ids of everybody of whom a hand-in and its time are known, by assignment."""
        return {
            name: frozenset(person.id for each in found if each.known for person in self.people(each))
            for name, found in self.hand_ins.items()
        }

    @cached_property
    def _days(self) -> dict[tuple[str, str], Days]:
        """Late days by assignment and student, or team."""
        budget = self.course.late_days
        if budget is None:
            return {}
        uses = []
        for name, found in self.hand_ins.items():
            dates, rule = self.course.dates_of(name), self.course.late_rule(name)
            if dates is None or rule is None or not dates.late_days:
                continue
            for each in found:
                due = self.due(name, each)
                assert due is not None
                people = tuple(person.id for person in self.people(each))
                stated = [self.stated[who, name] for who in (each.student, *people) if (who, name) in self.stated]
                handed_in = HandedIn(each.time, each.late)
                uses.append(Use(name, each.student, people, handed_in, due, rule, max(stated, default=None)))
        return spent(uses, budget)
