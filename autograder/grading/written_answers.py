"""Answers that people grade: found in what was handed in, kept for the grader, and shown to the student.

Nothing here is judged, but whether there is something to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from autograder.assignment.rubric import Place, Written
from autograder.checks.errors import StudentError
from autograder.grading.context import Case
from autograder.loader import reference_notebook, template
from autograder.notebooks import read
from autograder.notebooks.added_cells import to_read
from autograder.notebooks.markdown import answer_under, is_untouched
from autograder.notebooks.stubs import stub_of
from autograder.reports import write_bytes
from autograder.results import CheckResult, QuestionResult, Verdict
from autograder.submissions import Submission

__all__ = ["LONGEST_ANSWER", "MAX_PDF_MIB", "is_pdf", "keep_pdfs", "said_of_answer", "shortened", "with_written"]

LONGEST_ANSWER = 50_000
"""Characters of one answer that a report keeps."""
MAX_PDF_MIB = 16
_PDF = b"%PDF-"
_PDF_HEAD = 1024  # readers look for the magic bytes that far


@dataclass(frozen=True, slots=True)
class _Answer:
    """What stands in one place: MANUAL stands for an answer that a person grades; `said` is about it."""

    verdict: Verdict
    said: str = ""
    text: str = ""
    file: str = ""


def with_written(question: QuestionResult, asked: Iterable[Written], case: Case) -> QuestionResult:
    """The results of a question with a result for each answer that people grade; its points stay as they are.

    Args:
        question: what the checks found.
        asked: the answers of this question.
        case: the submission, with what was handed out.
    """
    found = tuple(_result(each, partial(_answer, case)) for each in asked)
    return replace(question, checks=(*question.checks, *found)) if found else question


def _result(asked: Written, answer: partial[_Answer]) -> CheckResult:
    found = [answer(place) for place in asked.places]
    order = (Verdict.MANUAL, Verdict.FAILED, Verdict.NOT_ATTEMPTED)
    best = min(found, key=lambda each: order.index(each.verdict) if each.verdict in order else len(order))
    said = best.said
    if best.verdict is Verdict.MISSING and len(found) > 1:
        said = " ".join(each.said for each in found)
    message, staff = said_of_answer(asked, said)
    text = shortened(best.text)
    return CheckResult(
        asked.id, asked.title, False, best.verdict, 0.0, 0.0, 0.0, message, staff, by_hand=asked.points,
        answer=text, answer_file=best.file, remark=said,
    )  # fmt: skip


def said_of_answer(asked: Written, remark: str) -> tuple[str, str]:
    """What student and staff read of an answer: its points and rubric, and what was found of it."""
    student, staff = (" ".join(filter(None, [text, remark])) for text in (asked.summary, asked.summary_for_staff))
    return student, staff


def shortened(text: str) -> str:
    """An answer, as much of it as a report keeps."""
    if len(text) <= LONGEST_ANSWER:
        return text
    return f"{text[:LONGEST_ANSWER]}\n… and {len(text) - LONGEST_ANSWER} more characters"


def _answer(case: Case, place: Place) -> _Answer:
    submission = case.submission
    if submission.problem:
        return _Answer(Verdict.MISSING, submission.problem)
    if place.is_cell:
        return _cell(case, place)
    path = submission.folder / place.file
    if not path.is_file():
        return _Answer(Verdict.MISSING, f"{place.file} is missing.")
    content = path.read_bytes()
    if place.is_pdf:
        return _pdf(content, place)
    return _markdown(content, template(case.loaded, place.file, case.variant), place)


def is_pdf(content: bytes) -> bool:
    """Whether a file begins as a PDF does."""
    return _PDF in content[:_PDF_HEAD]


def _pdf(content: bytes, place: Place) -> _Answer:
    if len(content) > MAX_PDF_MIB << 20:
        said = f"{place.file} has more than {MAX_PDF_MIB} MiB; make it smaller, such as by smaller pictures."
        return _Answer(Verdict.FAILED, said, file=place.file)
    if not is_pdf(content):
        said = f"{place.file} is no PDF: it does not begin with %PDF-; export it as PDF."
        return _Answer(Verdict.FAILED, said, file=place.file)
    return _Answer(Verdict.MANUAL, f"The answer is {place.file}.", file=place.file)


def _markdown(content: bytes, handed_out: str, place: Place) -> _Answer:
    whole = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    given, text, said = handed_out, whole, ""
    if place.name:
        given = answer_under(handed_out, place.name, handed_out) or ""
        part = answer_under(whole, place.name, handed_out)
        if part is None and is_untouched(whole, handed_out):
            return _Answer(Verdict.MISSING, f"{place.file} has no heading {place.name!r} any more, and no answer.")
        if part is None:
            said = f"{place.file} has no heading {place.name!r} any more; whoever grades it sees the whole file."
        text = whole if part is None else part
    if not text.strip():
        return _Answer(Verdict.NOT_ATTEMPTED, "It is empty.")
    if is_untouched(text, given):
        return _Answer(Verdict.NOT_ATTEMPTED, "It is as it was handed out.")
    return _Answer(Verdict.MANUAL, said, text)


def _cell(case: Case, place: Place) -> _Answer:
    notebook = case.notebooks.files.get(place.file)
    if notebook is None:
        return _Answer(Verdict.MISSING, f"{place.file} is missing.")
    if isinstance(notebook, StudentError):
        return _Answer(Verdict.FAILED, notebook.message)
    reference = read(reference_notebook(case.loaded, place.file, case.variant), place.file)
    handed_out = stub_of(reference, place.file, case.loaded.assignment.cells_of(place.file))
    found = to_read(notebook, handed_out, place.name)
    return _Answer(Verdict.MANUAL if found.text else Verdict.NOT_ATTEMPTED, found.said, found.text)


def keep_pdfs(folder: Path, everyone: Sequence[Submission], files: Sequence[str], names: Mapping[str, str]) -> None:
    """Copy the PDF answers to where whoever grades them finds them.

    Args:
        folder: where they go, in a folder for each student.
        everyone: staged submissions.
        files: the files with written answers.
        names: the name of each student's folder.

    Raises:
        UsageError: one cannot be written.
    """
    for submission in everyone:
        for file in files:
            path = submission.folder / file
            if path.suffix == ".pdf" and path.is_file() and is_pdf(content := path.read_bytes()):
                write_bytes(folder / names[submission.student] / file, content)
