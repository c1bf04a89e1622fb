"""Grade one submission: a sandbox for each question, the checks outside, a report at the end."""

from __future__ import annotations

from autograder.grading.context import Shared
from autograder.grading.grading import grade
from autograder.grading.options import RunOptions, longest_seconds, selected_checks
from autograder.grading.provenance import is_outdated, result_key
from autograder.grading.reference import reference_as_submission, reference_files
from autograder.grading.repeated import grade_again
from autograder.grading.runner import Runner
from autograder.grading.written_answers import is_pdf

__all__ = [
    "RunOptions",
    "Runner",
    "Shared",
    "grade",
    "grade_again",
    "is_outdated",
    "is_pdf",
    "longest_seconds",
    "reference_as_submission",
    "reference_files",
    "result_key",
    "selected_checks",
]
