"""One page with everybody's answer to one written question, in the order of `marks.csv`, for whoever grades them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.reports.pages.student import Heading, render
from autograder.results import CheckResult, Report

__all__ = ["Asked", "answers_page"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the question's and the answer's id, the title, the rubric as staff read it."""

    question: str
    id: str
    title: str
    summary: str


def answers_page(asked: Asked, reports: Sequence[Report], heading: Heading, names: Mapping[str, str]) -> str:
    """The page; `names` gives the file name of each student's own files.

    Args:
        asked: the written question.
        reports: with people's points in place, where there are some.
        heading: what stands on top.
        names: file names by student.
    """
    found: list[tuple[Report, CheckResult]] = [
        (report, check)
        for report in sorted(reports, key=lambda each: each.student.casefold())
        for question in report.questions
        if question.id == asked.question
        for check in question.checks
        if check.id == asked.id
    ]
    return render("answers.html", asked=asked, found=found, heading=heading, names=names)
