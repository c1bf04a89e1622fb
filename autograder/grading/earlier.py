"""Results of an earlier run that hold under the assignment as it is now, so that only the other checks run.

A result is taken over where submission, reference, data, limits, options, versions and sandbox are the same, and so is
the check with all to which it leads (`autograder.assignment.run_source`). Under a budget of CPU time none is, because
what a check may use depends on what all before it used. A check that runs is given what others handed on from the files
of the earlier run (`handed_on`), so these need not run with it.

What a training leaves beside what it returns, such as a global variable, is in no file. So what came of files counts
where the check is passed, or measured what it measured before; else what it leads to runs once more with it, and
counts as it comes out. Where that contradicts results that are taken over, everything runs: a report never combines
both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

from autograder.grading.handed_on import NOTHING_HELD, Held, LostError
from autograder.grading.rescoring import rescored
from autograder.loader import Loaded
from autograder.results import CheckResult, QuestionResult, Report, Score, Verdict
from autograder.scoring import question_points, report_points
from autograder.submissions import Submission

__all__ = ["PartlyGraded", "completed", "graded_partly", "partly_graded", "run_again", "with_restored"]

_LETS_PASS = (Verdict.PASSED, Verdict.PARTIAL)
_NOTHING = frozenset[str]()
Run = Callable[[frozenset[str], Held], Report]
"""Grades without some checks, of which some are held."""


@dataclass(frozen=True, slots=True)
class PartlyGraded(Submission):
    """A submission some of whose checks are `done`, by their ids, and need not run.

    `held` says how these ended, with the files of what those handed on that others take; `otherwise` are those that are
    left out where files do not do. `verdicts` are how all unchanged checks ended then, `scores` what all measured.
    """

    done: frozenset[str] = _NOTHING
    held: Held = NOTHING_HELD
    otherwise: frozenset[str] = _NOTHING
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    scores: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)


def partly_graded(submission: Submission, earlier: Report, loaded: Loaded, base: str) -> Submission:
    """The submission without the checks whose results of an earlier report hold.

    Args:
        submission: what is to be graded.
        earlier: a finished report of it.
        loaded: the assignment as it is now.
        base: stands for all that decides a result beside the checks.
    """
    if earlier.replay.base != base or not base or earlier.replay.cpu_budget:
        return submission
    keys, leads_to = loaded.run.checks, loaded.run.leads_to
    found = {check.id: check for question in earlier.questions for check in question.checks}
    holds = frozenset(
        name
        for name, check in found.items()
        if name in keys and earlier.replay.checks.get(name) == keys[name] and check.verdict is not Verdict.INTERNAL
    )
    otherwise = holds - {each for check in keys.keys() - holds for each in leads_to[check]}
    taken = {
        need
        for check in loaded.assignment.checks
        if check.id not in holds
        for need in check.needs
        if need in check.parameters and need in holds and found[need].verdict in _LETS_PASS
    }
    files = {name: earlier.replay.artefacts[name] for name in taken if name in earlier.replay.artefacts}
    done = holds - {each for name in taken - files.keys() for each in (name, *leads_to[name])}
    if not done:
        return submission
    return PartlyGraded(
        **{each.name: getattr(submission, each.name) for each in fields(Submission)},
        done=done,
        held=Held(
            {name: found[name].verdict for name in done}, {name: file for name, file in files.items() if name in done}
        ),
        otherwise=otherwise,
        verdicts={name: found[name].verdict for name in holds},
        scores={name: check.scores for name, check in found.items()},
    )


def graded_partly(submission: PartlyGraded, loaded: Loaded, run: Run) -> Report:
    """The report of the checks that have to run, and of those that run with them.

    Args:
        submission: what is graded.
        loaded: the assignment.
        run: grades it without some checks, of which some are held.
    """
    try:
        first = run(submission.done, submission.held)
    except LostError:
        first = None
    if first is not None and _is_sure(first, submission, loaded) and _agrees(first, submission, loaded):
        return first
    second = run(submission.otherwise, NOTHING_HELD)
    if not _agrees(second, submission, loaded):
        second = run(_NOTHING, NOTHING_HELD)
    return second if first is None else with_restored(second, first)


def with_restored(report: Report, before: Report) -> Report:
    """A report with what an earlier run of the same staged files said of them: it restored what differed there."""
    notes = tuple(dict.fromkeys((*before.notes, *report.notes)))
    return replace(report, notes=notes, not_final=report.not_final or before.not_final)


def _checks(report: Report) -> dict[str, CheckResult]:
    return {check.id: check for question in report.questions for check in question.checks}


def _is_sure(made: Report, submission: PartlyGraded, loaded: Loaded) -> bool:
    """Whether what ran came out as it would without files, as far as it leads to checks that were held."""
    held = submission.held.verdicts
    for name, check in _checks(made).items():
        needed = held.keys() & loaded.run.leads_to.get(name, _NOTHING)
        if not needed or check.verdict is Verdict.PASSED:
            continue
        skipped = check.verdict is Verdict.SKIPPED and any(held[each] not in _LETS_PASS for each in needed)
        measured = bool(check.scores) and check.scores == submission.scores.get(name)
        if not (skipped or measured):
            return False
    return True


def _agrees(made: Report, submission: PartlyGraded, loaded: Loaded) -> bool:
    """Whether no result that is taken over rests on a check that ended otherwise now."""
    now, before = _checks(made), submission.verdicts
    other = {name for name in now.keys() & before.keys() if _kind(now[name].verdict) != _kind(before[name])}
    return not any(other & loaded.run.leads_to[name] for name in submission.done - now.keys())


def _kind(verdict: Verdict) -> Verdict:
    """What other checks ask of a verdict: PASSED, PARTIAL or neither."""
    return verdict if verdict in _LETS_PASS else Verdict.FAILED


def run_again(made: Report, earlier: Report) -> dict[str, str]:
    """The checks of a report that ran though they are as they were, and why what they hand on was not kept, or ""."""
    before = _checks(earlier)
    return {
        name: earlier.replay.not_kept.get(name, "")
        for name, check in _checks(made).items()
        if name in before
        and name in made.replay.checks
        and earlier.replay.checks.get(name) == made.replay.checks[name]
        and check.verdict is not Verdict.SKIPPED
        and before[name].verdict is not Verdict.INTERNAL
    }


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
    taken = done - _checks(made).keys()
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
        replay=replace(
            made.replay,
            artefacts=_with_earlier(made.replay.artefacts, earlier.replay.artefacts, taken),
            not_kept=_with_earlier(made.replay.not_kept, earlier.replay.not_kept, taken),
        ),
    )


def _with_earlier(now: Mapping[str, str], earlier: Mapping[str, str], taken: frozenset[str]) -> dict[str, str]:
    """What is known of files, by the check: that of the earlier run for results that are taken from it."""
    return {**{name: each for name, each in earlier.items() if name in taken}, **now}


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
