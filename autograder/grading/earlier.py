"""Results of an earlier run that hold under the assignment as it is now, so that only the other checks run.

A result is taken over where submission, reference, data, limits, options, versions and sandbox are the same, and so is
the check with all to which it leads (`autograder.assignment.run_source`). What a check leads to that runs, such as one
that it needs, runs with it and counts as it comes out: so all that depends on each other is of one run.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from autograder.grading.rescoring import rescored
from autograder.loader import Loaded
from autograder.results import CheckResult, QuestionResult, Report, Verdict
from autograder.scoring import question_points, report_points
from autograder.submissions import Submission

__all__ = ["PartlyGraded", "completed", "partly_graded"]


@dataclass(frozen=True, slots=True)
class PartlyGraded(Submission):
    """A submission some of whose checks are `done`, by their ids, and need not run."""

    done: frozenset[str] = frozenset()


def partly_graded(submission: Submission, earlier: Report, loaded: Loaded, base: str) -> Submission:
    """The submission without the checks whose results of an earlier report hold.

    Args:
        submission: what is to be graded.
        earlier: a finished report of it.
        loaded: the assignment as it is now.
        base: stands for all that decides a result beside the checks.
    """
    if earlier.replay.base != base or not base:
        return submission
    keys = loaded.run.checks
    found = (check for question in earlier.questions for check in question.checks)
    done = frozenset(
        check.id
        for check in found
        if check.id in keys
        and earlier.replay.checks.get(check.id) == keys[check.id]
        and check.verdict is not Verdict.INTERNAL
    )
    running = keys.keys() - done
    done -= {each for check in running for each in loaded.run.leads_to[check]}
    if not done:
        return submission
    return PartlyGraded(**{each.name: getattr(submission, each.name) for each in fields(Submission)}, done=done)


def completed(made: Report, earlier: Report, done: frozenset[str], loaded: Loaded) -> Report:
    """A report of the checks that ran, with the results of the others.

    Args:
        made: it has the questions and checks that ran, and what people grade.
        earlier: the report that has the others.
        done: the checks that are taken from it.
        loaded: the assignment as it is now, whose points and titles hold for both.
    """
    before = {question.id: question for question in rescored(earlier, loaded).questions}
    now = {question.id: question for question in made.questions}
    questions = []
    for asked in loaded.assignment.questions:
        fresh, old = now.get(asked.id), before.get(asked.id)
        results = {check.id: check for check in old.checks if check.id in done} if old else {}
        results |= {check.id: check for check in fresh.checks} if fresh else {}
        ids = (*(check.id for check in asked.checks), *(answer.id for answer in asked.answers))
        checks = tuple(results[each] for each in ids if each in results)
        if checks:
            questions.append(_question(asked.id, fresh, old, checks))
    points, most, bonus = report_points(questions)
    return replace(
        made,
        points=points,
        max_points=most,
        bonus_points=bonus,
        questions=tuple(questions),
        notebooks=made.notebooks or earlier.notebooks,
    )


def _question(
    id: str, fresh: QuestionResult | None, old: QuestionResult | None, checks: tuple[CheckResult, ...]
) -> QuestionResult:
    """A question with results of both runs; what the submission printed is that of the run that was whole."""
    points, most = question_points(checks)
    about = fresh or old
    if about is None:
        raise ValueError(f"no run has the question {id}")
    printed = old or about
    return replace(
        about,
        points=points,
        max_points=most,
        checks=checks,
        output=printed.output,
        staff_output=printed.staff_output,
    )
