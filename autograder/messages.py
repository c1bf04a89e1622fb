"""One table from verdict to sentences, and the rule of what a student may read about a hidden check.

Every text that explains a verdict, in a report, in feedback or in a terminal, is taken from here.
"""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from autograder.checks.errors import StudentError
from autograder.checks.wording import series
from autograder.results import CaseResult, Report, Verdict
from autograder.scoring import points_of

__all__ = [
    "AS_ABOVE",
    "NEEDED",
    "NOT_ENDED",
    "OTHER_VARIANT",
    "REFERENCE_TO_BE_CORRECTED",
    "TO_BE_CORRECTED",
    "UNKNOWN_STUDENT",
    "WORDING",
    "Banner",
    "Wording",
    "banners",
    "carried_forward",
    "case_by_case",
    "for_instructor",
    "next_step",
    "said_once",
    "sentence",
    "stays_open",
]

OTHER_VARIANT = (
    "The variant.py that was handed in is not the one that is drawn for this student: either the student changed it "
    "(take it out of the submission, and grade again), or the seed or the function that draws is another one than at "
    "the release."
)
UNKNOWN_STUDENT = (
    "The roster has no such id, and variants are drawn by id, so this variant is nobody's: rename the submission."
)
"""Why a report of a variant is not final."""
NOT_ENDED = "The check itself did not end"
TO_BE_CORRECTED = "The check itself must be corrected"
REFERENCE_TO_BE_CORRECTED = "The reference or the check must be corrected"
"""How the sentences begin, for staff, about faults of a check that no second try fixes."""
NEEDED = "which it needs, is INTERNAL."
"""How the sentence ends, for staff, about a check that only waits for another one."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How one verdict is said.

    `mark` is one character that tells the verdict without colour, `short` stands beside it, `long` is the student's
    sentence when nothing more precise may be said, and `staff` tells staff what the verdict means for them. `step` is
    what the student should do next; it follows the student's sentence unless that has a next step of its own.
    """

    mark: str
    short: str
    long: str
    staff: str
    step: str = ""


WORDING: Mapping[Verdict, Wording] = MappingProxyType(
    {
        Verdict.PASSED: Wording("✓", "passed", "Passed.", "The answer is right."),
        Verdict.PARTIAL: Wording("◐", "partly", "Partly right.", "The check gave a part of its points."),
        Verdict.FAILED: Wording("✗", "failed", "The answer is not the expected one.", "An answer came and is wrong."),
        Verdict.NOT_ATTEMPTED: Wording(
            "○",
            "not attempted",
            "Not attempted: the stub is still in place.",
            "The stub's NotImplementedError came.",
            "Replace the stub by your own code.",
        ),
        Verdict.MISSING: Wording(
            "∅",
            "missing",
            "Something that this check calls is missing.",
            "A file, function or method is not there.",
            "Keep the names that the handout gives.",
        ),
        Verdict.RAISED: Wording(
            "!",
            "raised an error",
            "Your code raised an error.",
            "The submission raised an error.",
            "Call it with the inputs of the examples, and with your own of other shapes and sizes, to see the error.",
        ),
        Verdict.TIME: Wording(
            "◷",
            "time limit",
            "Your code took too long and was stopped.",
            "A time limit was reached.",
            "Time your code on small inputs, and see how the time grows with their size.",
        ),
        Verdict.MEMORY: Wording(
            "▣",
            "memory limit",
            "Your code used too much memory and was stopped.",
            "The memory limit was reached.",
            "Print the shapes of the largest arrays that your code makes; an entry of float64 takes 8 bytes.",
        ),
        Verdict.OUTPUT: Wording(
            "≡",
            "output limit",
            "Your code printed, wrote or returned too much.",
            "The limit on output, scratch files or replies was reached.",
            "Print, write and return only what the handout asks for.",
        ),
        Verdict.CRASHED: Wording(
            "✸",
            "crashed",
            "Your code ended the Python process.",
            "The worker process died by the submission's doing.",
            "Remove calls that end or replace the process, such as os._exit, and recursion without an end.",
        ),
        Verdict.SKIPPED: Wording(
            "»",
            "skipped",
            "Not run, because a check that comes first did not pass.",
            "A check that it needs did not pass.",
            "Start with that check.",
        ),
        Verdict.MANUAL: Wording(
            "✎", "manually graded", "A person grades this answer.", "An answer that a person has not graded yet."
        ),
        Verdict.INTERNAL: Wording(
            "?",
            "our fault",
            "We could not run this check. The fault is ours and costs you no points; staff can see it.",
            "The grader failed: never scored, to be graded again.",
            "There is nothing for you to do; it will be graded again.",
        ),
    }
)
"""The table. It has a row for every verdict."""

AS_ABOVE = "The error that stands at the top stopped this check, too."
_STOPPED = (Verdict.MISSING, Verdict.RAISED, Verdict.TIME, Verdict.MEMORY, Verdict.OUTPUT, Verdict.CRASHED)
_SEVERAL = 3

_HINTED = (Verdict.FAILED, Verdict.PARTIAL)


def sentence(
    verdict: Verdict, *, hidden: bool, hint: str, error: StudentError | None = None, failure: str = ""
) -> tuple[str, str]:
    """What the student reads about one check, and what staff read.

    Args:
        verdict: how the check ended.
        hidden: whether the student may see only title, verdict and hint.
        hint: the instructor's sentence about a wrong answer; it follows FAILED and PARTIAL of a hidden check alone.
        error: what the submission raised or ran into, if it did.
        failure: the sentence of a failed comparison, of partial credit, of a skipped check, or of our own fault.

    Returns:
        (student's message, staff's message). About a hidden check the student's holds the table's sentence, a
        built-in exception's name and a line of the student's own code, or `StudentError.everywhere`, and the hint:
        nothing that a submission could have written after it had seen hidden inputs (`StudentError.open` says that it
        had not). Where no hint belongs, the verdict's own next step follows.
    """
    wording = WORDING[verdict]
    whole = _whole(wording, error, failure)
    if verdict is Verdict.PASSED:
        return ("", failure) if hidden else (failure, failure)
    if verdict is Verdict.INTERNAL:
        return _followed(wording.long, wording.step), whole
    ours = verdict is Verdict.SKIPPED and error is None  # which check it needs, by its title
    shown_whole = not hidden or ours or (error is not None and error.open)
    concealed = _raised(error) if verdict is Verdict.RAISED else wording.long
    concealed = (error.everywhere if error else "") or concealed
    text = whole if shown_whole else concealed
    if verdict in _HINTED:
        return _followed(text, "" if shown_whole else hint), whole
    if error is not None and error.step is not None:
        return _followed(text, error.step), whole
    if verdict is Verdict.RAISED and shown_whole:
        return text, whole  # the error with its line says what to look at
    return _followed(text, wording.step), whole


def case_by_case(cases: Sequence[CaseResult], *, hidden: bool) -> tuple[str, str]:
    """What the student reads about a check with cases, and what staff read.

    Staff read the name, the points and the sentence of each case that was not passed, and so does the student of a
    public check; of a hidden one the student reads how many these are, and each different sentence once.
    """
    missed = [each for each in cases if each.verdict is not Verdict.PASSED]
    shown_cases = [each for each in cases if each in missed or each.staff_message]
    if len(missed) == len(cases) and len({each.staff_message for each in cases}) == 1:
        return cases[0].message, cases[0].staff_message  # nothing that is said here belongs to one case alone
    count = f"{len(missed)} of {len(cases)} cases not passed" if missed else ""
    names = f"{count}: {', '.join(each.name for each in missed)}." if missed else ""
    staff = [names, *(f"{each.name} ({_share(each)}): {each.staff_message}" for each in shown_cases)]
    student = [names, *(f"{each.name} ({_share(each)}): {each.message}" for each in shown_cases)]
    if hidden:
        sentences = list(dict.fromkeys(each.message for each in shown_cases if each.message))
        student = [f"{count}." if missed else "", *sentences]
        if missed and len(sentences) == 1:
            student = [f"{count}. {sentences[0]}"]
    return "\n".join(filter(None, student)), "\n".join(filter(None, staff))


def said_once(report: Report, *, staff: bool) -> Mapping[str, int]:
    """Sentences about an error that stopped several checks, such as a failed import, with the number of these checks.

    Each is said once, above all questions; at its checks stands `AS_ABOVE`. The table's own sentences are no such
    errors: they say nothing about what happened.
    """
    counts = Counter(
        text
        for question in report.questions
        for check in question.checks
        if check.verdict in _STOPPED
        and (text := (check.staff_message if staff else "") or check.message)
        and not text.startswith(WORDING[check.verdict].long.rstrip("."))
    )
    return {text: count for text, count in counts.items() if count >= _SEVERAL}


@dataclass(frozen=True, slots=True)
class Banner:
    """One error that stopped several checks of a submission: whose, how many checks, and its first line for staff."""

    student: str
    count: int
    sentence: str


def banners(reports: Sequence[Report]) -> tuple[Banner, ...]:
    """Of a whole class, who has an error that stopped several checks, for the places where all reports are listed."""
    return tuple(
        Banner(report.student, count, text.partition("\n")[0])
        for report in reports
        for text, count in said_once(report, staff=True).items()
    )


def _share(case: CaseResult) -> str:
    """The points of a case."""
    return points_of(case.points, case.max_points)


def stays_open(not_final: str) -> bool:
    """Whether a report that is not final for this reason stays so when a person gives points.

    Points decide what our own fault left open; they say nothing about who handed something in, and which variant it is.
    """
    return not_final.startswith((OTHER_VARIANT, UNKNOWN_STUDENT))


def for_instructor(text: str) -> bool:
    """Whether a sentence for staff is about a check that has to be changed, so that trying again does not help."""
    return text.startswith((NOT_ENDED, TO_BE_CORRECTED, REFERENCE_TO_BE_CORRECTED))


def next_step(reports: Sequence[Report]) -> str:
    """What staff do about checks that are INTERNAL: trying again helps where no check has to be changed."""
    faults = [
        for_instructor(check.staff_message)
        for report in reports
        for question in report.questions
        for check in question.checks
        if check.verdict is Verdict.INTERNAL and not check.staff_message.endswith(NEEDED)
    ]
    if not any(faults):
        return "The same command tries them again."
    if all(faults):
        return "The assignment must be corrected, as the sentences for staff say; the same command then runs them."
    return (
        "For some the assignment must be corrected, as the sentences for staff say; the same command tries all again."
    )


def carried_forward(names: Sequence[str]) -> str:
    """What everybody reads about a check in which the reference stood in for some parts; "" for none."""
    if not names:
        return ""
    listed = series([f"`{name}`" for name in names])
    return f"Run with the reference's {listed} in place of yours."


def _whole(wording: Wording, error: StudentError | None, failure: str) -> str:
    """Everything that is known, in one text."""
    return (error.message if error else failure) or wording.long


def _followed(text: str, step: str) -> str:
    """A text with a sentence behind it."""
    if not step:
        return text
    return f"{text} {step}" if text.endswith((".", "!", "?")) else f"{text}. {step}"


def _raised(error: StudentError | None) -> str:
    """A raise of the submission, without one word that the submission chose after it had seen hidden inputs.

    The line itself is quoted from the file as it was handed in.
    """
    if error is None:
        return WORDING[Verdict.RAISED].long
    known = getattr(builtins, error.kind, None) if error.kind else None
    kind = error.kind if isinstance(known, type) and issubclass(known, BaseException) else "an error"
    place = f" in line {error.line}" if error.line > 0 else ""
    file = f"cell {error.cell} of {error.file}" if error.cell else error.file
    quoted = f" of {file}: `{error.quote}`" if place and error.file and error.quote else ""
    limit = f"; {error.limit}" if error.limit else ""
    return f"Your code raised {kind}{place}{quoted}{limit}."
