"""Where the best of several attempts counts: which of a student's graded attempts it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.course.term import HandIn, Term
from autograder.results import Report
from autograder.scoring import rounded
from autograder.submissions import Submission

__all__ = ["Graded", "best_attempts", "further_attempts", "hand_ins_of"]

Graded = tuple[Submission, Report]
"""An attempt, and the report about it."""


def further_attempts(
    everyone: Sequence[Submission], folder: Path, turn: Callable[[Path, int], tuple[Submission, ...]]
) -> tuple[tuple[Submission, ...], ...]:
    """Attempts that may count beside those of `everyone`, at most one of each student in each part.

    One with the content of a later attempt, which has the same result, is not graded again and does not count.

    Args:
        everyone: the last attempt of each student that may count.
        folder: where they are staged, in hidden folders, which no student's can be.
        turn: stages those of a turn: the second last of each student who has several, then the third last ...
    """
    seen = {(each.student, each.sha256) for each in everyone}
    found = []
    number = 1
    while staged := turn(folder / f".attempts-{number}", number):
        fresh = tuple(each for each in staged if (each.student, each.sha256) not in seen)
        seen.update((each.student, each.sha256) for each in fresh)
        found.append(fresh)
        number += 1
    return tuple(each for each in found if each)


def best_attempts(graded: Iterable[Graded], assignment: str, term: Term | None) -> dict[str, Graded]:
    """The attempt of each student that counts: the one with the most points after lateness, of equal ones the earlier.

    Points of answers that wait for a person are in no attempt's points. The report names the attempts that may count.
    """
    by_student: dict[str, list[Graded]] = {}
    for submission, report in graded:
        by_student.setdefault(submission.student, []).append((submission, report))

    def points(each: Graded) -> tuple[float, int]:
        submission, report = each
        hand_in = hand_in_of(submission)
        judged = term.with_attempt(assignment, hand_in).judged(report) if term else report
        return rounded(judged.points + judged.bonus_points), -hand_in.attempt

    return {
        student: own[0] if len(own) == 1 else _of_several(max(own, key=points), own)
        for student, own in by_student.items()
    }


def _of_several(best: Graded, own: Iterable[Graded]) -> Graded:
    submission, report = best
    hashes = tuple(sorted(each.sha256 for each, _ in own))
    return submission, replace(report, replay=replace(report.replay, attempts=hashes))


def hand_ins_of(graded: Iterable[Graded]) -> tuple[HandIn, ...]:
    """When these attempts were handed in, as far as it is known."""
    return tuple(hand_in_of(submission) for submission, _ in graded)


def hand_in_of(submission: Submission) -> HandIn:
    """When it was handed in; one of a plain folder, whose files have times that say little, at an unknown time."""
    return submission.hand_in or HandIn(submission.student)
