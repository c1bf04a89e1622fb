"""What a whole class shows: signs that a check, the handout or the machine is wrong, and not the students.

A pure function over reports as the checks made them, without the points that people gave. Its alarms cost nobody a
point; a person looks at them before grades are given out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.results import CheckResult, QuestionResult, Report, Verdict
from autograder.scoring import rounded

__all__ = ["AT_LEAST", "MOST", "NEARLY_ALL", "UNTOUCHED", "ClassAlarm", "class_alarms", "first_line", "pattern_of"]

AT_LEAST = 5
"""So many students must have attempted something before their number says anything."""
MOST = 0.6
"""The share of those who attempted a check that is alarming when all of them fail it with one message."""
NEARLY_ALL = 0.8
"""The share of those who attempted a public check that is alarming when they fail it, whatever the messages say."""

_LONGEST = 200
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)
UNTOUCHED = (Verdict.NOT_ATTEMPTED, Verdict.MISSING, Verdict.SKIPPED)
"""Verdicts of a check that ran nothing of the student's."""
_FINE = (Verdict.PASSED, Verdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class ClassAlarm:
    """One thing to look at.

    `kind` is ``"refused"`` (`validate` refuses the assignment), ``"not attempted"`` (a question that nobody attempted),
    ``"public check"`` (fails for nearly everybody, who could run it at home) or ``"one message"`` (most of the class
    fails a check with the same words); of `autograder.insight.shortcuts` ``"same answers"`` and ``"short training"``,
    which are about some students. `question` and `check` are ids or "", `students` of `counted` are concerned.
    """

    kind: str
    question: str
    check: str
    students: int
    counted: int
    sentence: str


def class_alarms(reports: Sequence[Report], *, refused: str = "") -> tuple[ClassAlarm, ...]:
    """What a class shows, most urgent first; at most one alarm for each check.

    Args:
        reports: of the whole class, about one assignment, as the checks made them: with points that people gave a
            written answer looks like a check.
        refused: why `validate` refuses the assignment, or "".
    """
    found = []
    if refused:
        said = f"`autograder validate` refuses this assignment as it is, and it was graded: {refused}"
        found.append(ClassAlarm("refused", "", "", len(reports), len(reports), said))
    untouched = []
    for question, results in _by_question(reports):
        if alarm := _nobody(question, results):
            untouched.append(alarm)
        else:
            found += [alarm for check in _checks(results) if (alarm := _failing(question, *check))]
    return (*found, *untouched)


def _by_question(reports: Sequence[Report]) -> Iterator[tuple[QuestionResult, list[QuestionResult]]]:
    """Each question as the first report has it, with what all reports say of it."""
    grouped: dict[str, list[QuestionResult]] = {}
    for report in reports:
        for question in report.questions:
            grouped.setdefault(question.id, []).append(question)
    return ((results[0], results) for results in grouped.values())


def _checks(results: Sequence[QuestionResult]) -> list[tuple[CheckResult, list[CheckResult]]]:
    """Each check of a question that no person grades, with all of its results."""
    grouped: dict[str, list[CheckResult]] = {}
    for result in results:
        for check in result.checks:
            if not check.by_hand:
                grouped.setdefault(check.id, []).append(check)
    return [(found[0], found) for found in grouped.values()]


def _nobody(question: QuestionResult, results: Sequence[QuestionResult]) -> ClassAlarm | None:
    """The alarm about a question in which every check is untouched and no written answer was handed in."""
    checks = [check for result in results for check in result.checks]
    if len(results) < AT_LEAST or not checks or any(check.verdict not in UNTOUCHED for check in checks):
        return None
    said = (
        f"Nobody of {len(results)} attempted question ({question.id}) {question.title}: does the handout ask for it, "
        "under these names and in these files?"
    )
    return ClassAlarm("not attempted", question.id, "", len(results), len(results), said)


def _failing(question: QuestionResult, check: CheckResult, results: Sequence[CheckResult]) -> ClassAlarm | None:
    """The alarm about a check, over those who attempted it."""
    run = [each for each in results if each.verdict not in UNTOUCHED]
    failed = [each for each in run if each.verdict not in _FINE]
    if len(run) < AT_LEAST or not failed:
        return None
    messages = Counter(pattern_of(each) for each in failed)
    pattern, same = messages.most_common(1)[0]
    example = next(first_line(each) for each in failed if pattern_of(each) == pattern)
    what = f'the {"hidden" if check.hidden else "public"} check "{check.title}" of question ({question.id})'
    count, share = f"{len(failed)} of {len(run)} who attempted it", rounded(len(failed) / len(run))
    if not check.hidden and share >= NEARLY_ALL:
        shown = f"the most common message, {same} times:" if same > 1 else "for example:"
        said = (
            f"{count} fail {what}, which they could run at home; {shown} {example} "
            "Is something different here, such as a package, a file or a limit?"
        )
        return ClassAlarm("public check", question.id, check.id, len(failed), len(run), said)
    if same >= MOST * len(run) and same > 1:
        said = f"{same} of {len(run)} who attempted it fail {what} with one message: {example} Is the check right?"
        return ClassAlarm("one message", question.id, check.id, same, len(run), said)
    return None


def first_line(check: CheckResult) -> str:
    """What staff read of a result, in a line that ends like a sentence."""
    line = ((check.staff_message or check.message).strip().splitlines() or [str(check.verdict)])[0][:_LONGEST]
    return line if line.endswith((".", "!", "?")) else f"{line}."


def pattern_of(check: CheckResult) -> tuple[Verdict, str]:
    """The same for messages that differ in numbers alone."""
    return check.verdict, _NUMBER.sub("#", first_line(check))
