"""What the table of a class says: who handed in, who is missing, what waits, and which attempt counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from autograder.formats.hand_ins import Asked
from autograder.formats.questions import WHICH, WHO
from autograder.submissions.collected import Attempt
from autograder.submissions.counting import candidates
from autograder.submissions.names import some
from autograder.submissions.placing import Question
from autograder.submissions.roster import Roster

__all__ = ["Collection", "Line", "class_lines"]


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says about one student, or one member of a team.

    `state` is "collected", "waits", "missing", "not fetched" or "not on the roster"; `counts` is the number of the
    attempt that counts, 0 for none, or before it is known which one is the best.
    """

    student: str
    state: str
    name: str = ""
    attempts: int = 0
    counts: int = 0
    received: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Collection:
    """What was collected: what the source is, everybody's line, how many attempts are new, and what else to say.

    `unread` says that something could not be read or fetched, so that the same command has to be run again.
    """

    said: str = ""
    source: str = ""
    lines: list[Line] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    known: int = 0
    questions: int = 0
    beside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: bool = False


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
