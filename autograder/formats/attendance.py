"""Whose each hand-in is, and what the table of a class says: who handed in, who is missing, which attempt counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from autograder.formats.hand_ins import Asked, Collection, HandIn, Line, Who
from autograder.formats.questions import AS_IS, QUESTIONS, WHICH, WHO, question_id
from autograder.submissions.attempts import Attempt, candidates
from autograder.submissions.expected_files import Question
from autograder.submissions.names import printable, some, student_name
from autograder.submissions.term import Person, Roster, folded

__all__ = ["Identities", "class_lines", "named"]


class Identities:
    """The people of one source.

    Args:
        roster: who takes the course; without one, students are called as the source calls them.
        attempts: all that was collected; the list changes while it is collected.
        result: takes notes; its `source` is the kind of the download.
        answer: what staff answered to the question of this id, or "".
    """

    def __init__(
        self, roster: Roster | None, attempts: list[Attempt], result: Collection, answer: Callable[[str], str]
    ) -> None:
        self._roster, self._attempts, self._result, self._answer = roster, attempts, result, answer
        self._unsure: set[str] = set()  # keys that share a name with another one, and with one person on the roster
        self._shares_ids = False  # whether the source's ids are those of the roster

    def student(self, hand_in: HandIn) -> tuple[str, Question | None]:
        """What the student is called, and what has to be asked about that."""
        who = hand_in.who
        own = self._own_name(who)
        if self._roster is None or who.blind or hand_in.members or self.team(who):
            if hand_in.members:
                own = student_name("+".join(sorted(self.member(each) for each in hand_in.members)))
            return own, None
        said = self._answer(question_id(self._result.source, who.key, "", WHO))
        if said.casefold() == AS_IS:
            return own, None
        if said:
            people = self._roster.find([said], [said])
            if len(people) == 1:
                return people[0].id, None
            self._result.notes.append(f"{QUESTIONS}: {printable(said)!r} is nobody on the roster; write an id from it.")
        people = self._roster.meant(who.ids, who.names, foreign=who.foreign)
        if len(people) == 1 and self._is_sure(who, people[0]):
            return people[0].id, None
        candidates = people or self._roster.like(who.names)
        if not candidates and who.foreign:
            candidates = self._roster.find(who.ids, ())
        return own, Question(WHO, tuple(sorted(each.id for each in candidates))) if candidates else None

    def compare_names(self, people: Sequence[Who]) -> None:
        """Find who would become one student with somebody else of the same source by nothing but the name."""
        if self._roster is None:
            return
        self._shares_ids = any(
            self._roster.has_id(person, _ids(who)) for who in people for person in self._roster.find(_ids(who), ())
        )
        keys: dict[tuple[str, str], set[str]] = {}
        for who in people:
            meant = self._roster.meant(who.ids, who.names, foreign=who.foreign)
            for name in who.names if len(meant) == 1 else ():
                keys.setdefault((meant[0].id, folded(name)), set()).add(who.key)
        for each in self._attempts:
            if each.source == self._result.source and (each.student, folded(each.name)) in keys:
                keys[(each.student, folded(each.name))].add(each.key)
        self._unsure = {key for several in keys.values() if len(several) > 1 for key in several}

    def _is_sure(self, who: Who, person: Person) -> bool:
        """Whether a person of this name on the roster is meant: an id or e-mail says so, or none says otherwise."""
        assert self._roster is not None
        if self._roster.has_id(person, who.ids):
            return True
        mine = {each.casefold() for each in person.emails}
        emails = {each.casefold() for each in _ids(who) if "@" in each}
        others = [each for each in _ids(who) if "@" not in each]
        contradicted = bool(mine and emails) or bool(others and self._shares_ids)
        return who.key not in self._unsure and not contradicted

    def _own_name(self, who: Who) -> str:
        """A name made of what the source says; of two who are called the same, the second gets the source's id, too."""
        same = [each for each in self._attempts if each.source == self._result.source]
        for each in same:
            if each.key == who.key and (self._roster is None or each.student not in self._roster.by_id):
                return each.student
        name = student_name(named(who))
        others = {each.student.casefold() for each in same if each.key != who.key}
        if name.casefold() not in others:
            return name
        return student_name(who.key if who.key.startswith(name) else f"{name} {who.key}")

    def member(self, who: Who) -> str:
        """The id of one of a team, or what the source calls him, which is nobody's id on the roster."""
        people = self._roster.meant(who.ids, who.names, foreign=who.foreign) if self._roster else ()
        if len(people) == 1 and self._is_sure(who, people[0]):
            return people[0].id
        name = student_name(who.key)
        taken = self._roster is not None and name in self._roster.by_id
        return student_name(f"{self._result.source} {who.key}") if taken else name

    def team(self, who: Who) -> tuple[str, ...]:
        """The members of the group that goes by this name on the roster."""
        if self._roster is None or self._roster.find(who.ids, who.names):
            return ()
        return tuple(person.id for name in who.names for person in self._roster.members(name))


def _ids(who: Who) -> tuple[str, ...]:
    """Ids that say more than the name, and are not the platform's own numbers."""
    return () if who.foreign else tuple(each for each in who.ids if each not in who.names)


def named(who: Who) -> str:
    """What the source calls somebody."""
    return who.names[0] if who.names else who.key


def class_lines(
    attempts: Iterable[Attempt],
    roster: Roster | None,
    nothing: Mapping[str, str],
    unfetched: Iterable[str] = (),
    *,
    asked: Asked | None = None,
) -> list[Line]:
    """A line for everybody who handed in, then for those who are missing.

    Args:
        attempts: all that were collected.
        roster: who takes the course.
        nothing: who handed in nothing, as the source calls them, with the reason.
        unfetched: those of them whose repository could not be fetched, so that nobody knows whether it holds something.
        asked: what was collected, with the dates and rules of the course.
    """
    attempts = list(attempts)
    lines: list[Line] = []
    there: set[str] = set()
    known = roster.by_id if roster else {}
    known_of = candidates(attempts, asked.term if asked else None, asked.assignment if asked else "")
    for student, own in sorted(known_of.items(), key=lambda each: each[0].casefold()):
        attempt = next((each for each in reversed(own) if each.waits), own[-1])
        people = attempt.members or (student,)
        there.update(people)
        off = [each for each in people if roster and not attempt.blind and each not in known]
        state = "waits" if attempt.waits else "not on the roster" if off else "collected"
        notes = list(attempt.notes)
        if attempt.problem:
            notes.insert(0, attempt.problem)
        notes[:0] = [_asked(question) for question in attempt.questions]
        if len(own) > 1:
            notes.insert(0, f"The best of the attempts {', '.join(str(each.number) for each in own)} counts.")
        if attempt.members:
            notes.insert(0, f"A team: {', '.join(attempt.members)}.")
        name = known[student].name if student in known else attempt.name
        counts = attempt.number if len(own) == 1 else 0
        count = sum(each.student == student for each in attempts)
        lines.append(Line(student, state, name, count, counts, attempt.received, bool(attempt.late), tuple(notes)))
    perhaps: dict[str, list[str]] = {}
    for attempt in attempts:
        for question in attempt.questions:
            for candidate in question.candidates if question.about == WHO else ():
                perhaps.setdefault(candidate, []).append(attempt.student)
    reasons: dict[str, str] = {}
    unfetched, unknown = set(unfetched), set()
    for key, reason in nothing.items():
        found = roster.find([key], [key]) if roster else ()
        student = found[0].id if len(found) == 1 else key
        reasons[student] = f"{reason[0].upper()}{reason[1:]}."
        if key in unfetched:
            unknown.add(student)
    blind = any(attempt.blind for attempt in attempts)
    for student in (*(() if blind else known), *sorted(reasons.keys() - known.keys())):
        if student not in there:
            why = [reasons[student]] if student in reasons else []
            why += [f"Perhaps {each}, who waits for an answer." for each in perhaps.get(student, ())]
            state = "not fetched" if student in unknown else "missing"
            lines.append(Line(student, state, known[student].name if student in known else "", notes=tuple(why)))
    return lines


def _asked(question: Question) -> str:
    shown = some(question.candidates, at_most=4)
    if question.about == WHO:
        return f"Is this {shown}, or nobody on the roster?"
    if question.about == WHICH:
        return f"Which attempt counts: {shown}?"
    return f"Which file is {question.about}: {shown}?"
