"""Assertions in checks: what they say where they do not hold, and that they are run as they are written."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from autograder.assignment.assertions import EXPLAIN, explained, rewritten
from autograder.checks.errors import InstructorError
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Verdict


class Strange:
    """A value whose text cannot be made."""

    def __repr__(self) -> str:
        raise ValueError("no text")


def said(assertion: str, **names: object) -> str:
    """What an assertion says that does not hold."""
    space = {EXPLAIN: explained, "np": np, **names}
    code = compile(rewritten(ast.parse(f"def check():\n    {assertion}\n")), "assignment.py", "exec")
    exec(code, space)
    with pytest.raises(AssertionError) as caught:
        space["check"]()
    assert caught.traceback[-1].lineno == 1, "the line is the one of the assertion"
    return str(caught.value)


@pytest.mark.parametrize(
    ("assertion", "names", "sentence"),
    [
        ("assert double(3) == 6", {"double": lambda x: 5}, "`double(3)`: expected 6, got 5"),
        ("assert 6 == double(3)", {"double": lambda x: 5}, "`double(3)`: expected 6, got 5"),
        ("assert x == reference[0]", {"x": 5, "reference": [6]}, "`x`: expected 6, got 5"),
        ("assert x == 6, 'Twice three.'", {"x": 5}, "Twice three. `x`: expected 6, got 5"),
        ("assert x == reference", {"x": "a" * 99 + "b" + "a" * 99, "reference": "a" * 199}, "`x`: expected 'aaa"),
        ("assert loss < 0.5", {"loss": 0.75}, "Expected `loss < 0.5`, got 0.75"),
        ("assert loss < before", {"loss": 0.75, "before": 0.5}, "Expected `loss < before`, got 0.75 < 0.5"),
        ("assert low < x <= high", {"low": 1, "x": 7, "high": 5}, "Expected `low < x <= high`, got 1 < 7 <= 5"),
        ("assert 1 < x < 5", {"x": 7}, "Expected `1 < x < 5`, got 7"),
        ("assert x in (1, 2)", {"x": 3}, "Expected `x in (1, 2)`, got 3"),
        ("assert x and y", {"x": 1, "y": 0}, "Expected `y`, got 0"),
        ("assert not x", {"x": [0]}, "Expected `not x`, but `x` is [0]"),
        ("assert isinstance(x, str)", {"x": 3}, "Expected `isinstance(x, str)` to hold, where `x` is 3"),
        ("assert all(v > 1 for v in x)", {"x": [1]}, "Expected `all((v > 1 for v in x))` to hold"),
        ("assert x.any()", {"x": np.zeros(2)}, "Expected `x.any()` to hold"),
        ("assert False", {}, "This does not hold: `False`"),
        ("assert 1 == 2", {}, "This does not hold: `1 == 2`"),
        ("assert x == 1", {"x": Strange()}, "`x`: expected 1, got <Strange instance at"),
    ],
)  # fmt: skip
def test_an_assertion_says_what_came(assertion: str, names: dict[str, object], sentence: str) -> None:
    """The sentence has the text of the assertion, what was expected and what came, and the instructor's own words."""
    assert said(assertion, **names).startswith(sentence)


def test_operands_are_computed_once_and_in_order() -> None:
    """What is compared is called once, from left to right, and the right side of `and` only where it is needed."""
    calls = []

    def note(x: object) -> object:
        calls.append(x)
        return x

    said("assert note(1) == note(2) and note(3)", note=note)
    assert calls == [1, 2]

    calls.clear()
    said("assert np.allclose(note(1), note(2), atol=note(0.1))", note=note)
    assert calls == [1, 2, 0.1]


CHECKS = '''

@doubling.check(points=1)
def doubles_in_the_open(student):
    """Twice four is eight."""
    assert student.double(4) == 8


@doubling.check(points=1, hidden=True, hint="Think of large numbers.")
def doubles_in_secret(student):
    """Twice a large number."""
    assert student.double(77001) == 154002, "A secret sentence."
'''


def test_assertions_are_reported_as_comparisons_are(course, hand_in, bubblewrap) -> None:
    """A public check shows both values to the student; of a hidden one students read the hint, staff the values."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text(script.read_text() + CHECKS)
    text = (course / "reference" / "small" / "hw.py").read_text().replace("2 * x", "3 * x")
    report = grade(load(course, "small"), hand_in(text), bubblewrap, None, RunOptions(seed="s"))
    found = {check.id: check for question in report.questions for check in question.checks}

    seen, secret = found["doubles_in_the_open"], found["doubles_in_secret"]
    assert (seen.verdict, secret.verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert seen.message == "`student.double(4)`: expected 8, got 12"
    assert secret.message == "The answer is not the expected one. Think of large numbers."
    assert secret.staff_message == "A secret sentence. `student.double(77001)`: expected 154002, got 231003"


def test_an_assignment_that_is_no_python_is_still_reported_with_its_line(course) -> None:
    """The sentence about a syntax error names file and line."""
    script = course / "assignments" / "small" / "assignment.py"
    script.write_text("x = 1\nassert (\n")
    with pytest.raises(InstructorError, match=r"assignment\.py:2: this is not Python"):
        load(course, "small")
