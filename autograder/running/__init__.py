"""Grade one submission: a sandbox for each question, the checks outside, a report at the end."""

from __future__ import annotations

from autograder.running.again import grade_again
from autograder.running.control import reference_as_submission, reference_files
from autograder.running.facts import is_outdated, result_key
from autograder.running.grading import grade
from autograder.running.options import RunOptions, longest_seconds, selected_checks
from autograder.running.runner import Runner
from autograder.running.shared import Shared
from autograder.running.written import is_pdf

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
