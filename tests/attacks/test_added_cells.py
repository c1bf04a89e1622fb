"""Cells that a student adds below an answer are shown to the student: nothing hidden comes out by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader_course import code, handed_in, make_course, markdown

from autograder.formats.nbgrader import collect_course, grade, load, open_course
from autograder.grading import RunOptions
from autograder.reports.pages import Heading, student_page
from autograder.sandbox import start, why_not
from autograder.worker.shell import PREPARED

ADD = """SEEN = []
def add(a, b):
    import sys
    SEEN.extend(map(str, sys._getframe(1).f_code.co_consts))
    return a + b
"""
LOOK = "print('looked', SEEN)\nraise ValueError(SEEN)"


def test_an_added_cell_below_an_answer_tells_nothing_of_hidden_tests(tmp_path: Path) -> None:
    """A function keeps what it sees of the test that calls it; what a cell then prints is for staff only."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    tmp_path.chmod(0o755)
    cells = [*handed_in(add=ADD, essay="YOUR ANSWER HERE"), markdown("<script>alert(1)</script>"), code(LOOK)]
    assignment = load(open_course(make_course(tmp_path / "course", {"ann": cells})), "hw1")
    (submission,) = collect_course(assignment, tmp_path / "staging")
    with start("bubblewrap", preload=PREPARED) as sandbox:
        report = grade(assignment, submission, sandbox, RunOptions(""))
    (question,) = report.questions
    essay = next(check for check in question.checks if check.id == "essay")
    assert "looked" in essay.answer
    assert "secret" not in essay.answer
    page = student_page(report, Heading("c", "hw1"))
    assert "secret" not in page
    assert "secret" in question.staff_output
    assert "<script>alert" not in page
