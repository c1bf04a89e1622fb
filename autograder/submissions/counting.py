"""Which of the collected attempts count, by the course's rule, and when they were handed in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.course.attempts import AttemptRule, Tried, may_count
from autograder.course.term import HandIn, Term
from autograder.submissions.collected import Attempt, is_collected, read_attempts

__all__ = ["candidates", "counting", "hand_in_of", "hand_ins_in"]

_LAST = AttemptRule()


def candidates(
    attempts: Iterable[Attempt], term: Term | None = None, assignment: str = ""
) -> dict[str, tuple[Attempt, ...]]:
    """The attempts of each student of which one counts, in order; more than one only where the best one does.

    Args:
        attempts: all that were collected.
        term: the course and its dates; without it, the last attempt counts.
        assignment: what they are attempts at.

    What staff set aside counts only where nothing else is there.
    """
    by_student: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_student.setdefault(attempt.student, []).append(attempt)
    rule = term.course.attempt_rule(assignment) if term else _LAST
    found = {}
    for student, own in by_student.items():
        known = {each.number: each for each in own if each.counts} or {each.number: each for each in own}
        tried = [
            Tried(each.number, each.handed_in, term.is_late(assignment, hand_in_of(each)) if term else None)
            for each in known.values()
        ]
        found[student] = tuple(known[number] for number in may_count(tried, rule))
    return found


def counting(attempts: Iterable[Attempt], term: Term | None = None, assignment: str = "") -> dict[str, Attempt]:
    """The attempt of each student that counts; where the best one does, the last of them, until all are graded."""
    return {student: own[-1] for student, own in candidates(attempts, term, assignment).items()}


def hand_in_of(attempt: Attempt, attempts: int = 0) -> HandIn:
    """What an attempt says about when it was handed in, and by whom; it is one of so many."""
    time = attempt.handed_in
    late = None if time is not None else attempt.late
    return HandIn(attempt.student, time, late, attempt.members, attempt.number, attempts)


def hand_ins_in(collected: Path, term: Term | None, assignment: str) -> tuple[HandIn, ...]:
    """The hand-ins that count of a folder of collected attempts; none of any other folder.

    Raises:
        UsageError: a record cannot be read.
    """
    if not is_collected(collected):
        return ()
    attempts = read_attempts(collected)
    numbers: dict[str, int] = {}
    for each in attempts:
        numbers[each.student] = numbers.get(each.student, 0) + 1
    return tuple(hand_in_of(each, numbers[each.student]) for each in counting(attempts, term, assignment).values())
