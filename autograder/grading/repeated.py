"""One check, or one case of a check, of one submission under many seeds, in as few sandboxes as that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograder.checks.local.variants import Variant
from autograder.datasets import DataSet
from autograder.grading.check_results import Found
from autograder.grading.context import Case, Shared
from autograder.grading.grading import restore_given
from autograder.grading.notebooks import repair_notebooks
from autograder.grading.options import RunOptions
from autograder.grading.predictions import HandedInPredictions
from autograder.grading.provenance import replay, resources
from autograder.grading.runner import Runner
from autograder.grading.sandboxes import Room
from autograder.loader import Loaded
from autograder.results import QuestionResult, Report, Verdict
from autograder.sandbox import Sandbox
from autograder.submissions import Submission

__all__ = ["grade_again"]

_SHARE = 0.25  # of a question's processor time, after which the next run gets a fresh sandbox
_ANSWERED = (Verdict.PASSED, Verdict.PARTIAL, Verdict.FAILED, Verdict.RAISED)


def grade_again(
    loaded: Loaded,
    submission: Submission,
    sandbox: Sandbox,
    dataset: DataSet | None,
    options: RunOptions,
    runs: Sequence[str],
    shared: Shared,
    variant: Variant | None = None,
) -> Report:
    """Run one check or one case of it, and the checks that it needs, under the random numbers of several runs.

    Runs share a sandbox, so that modules are imported once for many of them, and checks that are needed share it, too,
    after hidden inputs as well: nobody reads what they say. A run in a used sandbox that ends with anything but an
    answer (a limit, a crash, something missing) is repeated in a fresh one, and only that counts.

    Args:
        loaded: the assignment with its reference.
        submission: staged files.
        sandbox: a started one.
        dataset: the assignment's data, None when it names none.
        options: as for `grade`; `only` is the id of the check, or that of a case: ``check[case]``.
        runs: what `RunOptions.run` is in each run.
        shared: what is kept from one submission to the next.
        variant: as for `grade`.

    Returns:
        A report of one question, whose checks are the results of the one check, in the order of `runs`; `seconds` of
        each includes the checks that it needs. The points say nothing.
    """
    variant = variant or loaded.variant_of(submission.student, options.seed)
    notebooks = repair_notebooks(loaded, submission, shared.reader, variant)
    restore_given(loaded, submission, dataset, variant)
    predictions = HandedInPredictions(loaded, submission.folder, options.seed, shared.predictions)
    case = Case(
        loaded, submission, sandbox, dataset, options, variant, predictions, notebooks=notebooks, answers=shared.answers
    )
    runner = Runner(case)
    checks = loaded.assignment.checks
    check = next(each for whole in checks for each in (whole, *whole.parts) if each.id == options.only)
    question = next(each for each in loaded.assignment.questions if each.id == check.question)
    enough = _SHARE * runner.limits_of(question).cpu_seconds
    room: Room | None = None
    used = 0.0
    results = []

    def tried(room: Room, run: str) -> Found:
        now = replace(case, options=replace(options, run=run))
        runner.start_again(now)
        room.case = now
        return runner.run(check, room)

    def leave(room: Room) -> None:
        room.close()
        if ended := case.spare.close():  # notebooks have run in it
            case.ended(*ended)

    try:
        for run in runs:
            fresh = room is None
            room = room or runner.room(question, unread=True)
            result = tried(room, run).result
            if result.verdict not in _ANSWERED and not fresh:
                leave(room)
                room, used = runner.room(question, unread=True), 0.0
                result = tried(room, run).result
            seconds = sum(each.seconds for each in runner.results.values())
            results.append(replace(result, seconds=round(seconds, 4)))
            used += seconds
            if used > enough or result.verdict not in _ANSWERED:
                leave(room)
                room, used = None, 0.0
    finally:
        if room is not None:
            leave(room)
        case.close()
    asked = QuestionResult(question.id, question.title, 0.0, check.points, question.bonus, tuple(results))
    return Report(
        assignment=loaded.id,
        student=submission.student,
        points=0.0,
        max_points=check.points,
        bonus_points=0.0,
        questions=(asked,),
        resources=resources(case.outcomes, sandbox),
        replay=replay(loaded, submission, dataset, options, sandbox, variant),
    )
