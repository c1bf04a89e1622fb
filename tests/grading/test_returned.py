"""What checks return: a truth value, a number, or nothing by mistake is the instructor's error and passes nobody."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.quality.validation import validate
from autograder.quality.validation.static_analysis import returns
from autograder.results import Report, Verdict

HEAD = "\n\nfrom autograder.checks import Credit, accuracy\nimport numpy as np\n\n\n@doubling.check(points=1)\n"
DOCSTRING = '    """One more."""\n'


def add(course: Path, body: str, *, signature: str = "def more(student):") -> None:
    """Declare one more check with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    with (course / "assignments" / "small" / "assignment.py").open("a") as file:
        file.write(f"{HEAD}{signature}\n{DOCSTRING}{lines}")


def line_of(course: Path, text: str) -> int:
    """The first line of assignment.py that holds a text."""
    lines = (course / "assignments" / "small" / "assignment.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def graded(course: Path, hand_in, bubblewrap, *, right: bool) -> Report:
    text = (course / "reference" / "small" / "hw.py").read_text()
    folder = secrets.token_hex(4)
    submission = hand_in(text if right else text.replace("2 * x", "3 * x"), student=folder)
    return grade(load(course, "small"), submission, bubblewrap, None, RunOptions(seed="s"))


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        ("return bool(np.allclose(student.double(3), 6))", "returned True (bool)"),
        ("return np.allclose(student.double(3), 6) * 1.5", "returned 1.5 (float)"),
        ("return student.double(3)", "returned 6 (int)"),
        ("return Credit(1.0), 'fine'", "returned (Credit(fraction=1.0"),
        ("yield student.double(3)", "returned <generator object more"),
        ("accuracy([1, 1], [1, 1]).points_at({0.9: 1.0, 0.8: 0.5})", "makes a Credit and returned None"),
    ],
)
def test_what_a_check_should_not_return_is_the_instructors_error(
    course: Path, hand_in, bubblewrap, body: str, returned: str
) -> None:
    """Such a check is INTERNAL for right and wrong work, costs no student a point, and staff read value and line."""
    add(course, body)
    place = f"assignment.py:{line_of(course, 'def more') - 1}: the check 'more' "
    for right in (True, False):
        report = graded(course, hand_in, bubblewrap, right=right)
        found = next(check for question in report.questions for check in question.checks if check.id == "more")

        assert found.verdict is Verdict.INTERNAL
        assert report.internal
        assert place + (returned if right else returned.split(maxsplit=1)[0]) in found.staff_message
        assert "return" not in found.message


def test_an_async_check_is_refused_without_a_warning(course: Path, hand_in, bubblewrap) -> None:
    """A coroutine would never run: it is the instructor's error, too."""
    add(course, "student.double(3)", signature="async def more(student):")
    report = graded(course, hand_in, bubblewrap, right=True)
    found = next(check for question in report.questions for check in question.checks if check.id == "more")

    assert found.verdict is Verdict.INTERNAL
    assert "(coroutine)" in found.staff_message


@pytest.mark.parametrize(
    "body",
    [
        "student.double(3)",
        "return None",
        "return Credit(1.0)",
        "assert student.double(3) == 6\nreturn",
        "if student.double(3) == 6:\n    return None\nreturn Credit(0.5)",
        "return accuracy([1], [1]).points_at({0.5: 1.0})",
    ],
)
def test_what_a_check_may_return(course: Path, hand_in, bubblewrap, body: str) -> None:
    """Nothing, or a Credit, also one or the other where `return None` is written out."""
    add(course, body)
    report = graded(course, hand_in, bubblewrap, right=True)

    assert set(report.verdicts) == {Verdict.PASSED}
    assert returns(load(course, "small").assignment).good


def test_what_a_later_check_takes_may_be_anything(course: Path, hand_in, bubblewrap) -> None:
    """A truth value that another check has as a parameter is handed on; without one it is a mistake."""
    add(course, "return student.double(3) == 6")
    later = '\n\n@doubling.check(points=1, needs=more)\ndef later({}):\n    """Later."""\n    assert True\n'
    script = course / "assignments" / "small" / "assignment.py"
    alone = script.read_text()
    script.write_text(alone + later.format("student, more"))
    assert set(graded(course, hand_in, bubblewrap, right=True).verdicts) == {Verdict.PASSED}
    assert returns(load(course, "small").assignment).good

    script.write_text(alone + later.format("student"))
    assert Verdict.INTERNAL in graded(course, hand_in, bubblewrap, right=True).verdicts
    assert not returns(load(course, "small").assignment).good


@pytest.mark.parametrize(
    ("body", "at", "says"),
    [
        ("return bool(student.double(3) == 6)", "return bool", "returns a truth value, `bool(student.double(3) == 6)`"),
        ("if student.double(3) != 6:\n    return False", "return False", "returns a truth value, `False`"),
        ("return len(student.double('a'))", "return len", "returns a value, `len(student.double('a'))`"),
        ("return f'{student.double(3)}'", "return f", "returns a value"),
        ("np.allclose(student.double(3), 6)", "np.allclose", "throws away what `np.allclose(student"),
        ("assert (student.double(3) == 6, 'six')", "assert (student", "asserts a tuple, which is always true"),
        ("student.double(3) == 6", "student.double(3) == 6", "throws away what `student.double(3) == 6` says"),
        ("if student.double(3) == 6:\n    return Credit(1.0)", "if student.double(3) == 6", "may come to its end"),
        ("if student.double(3):\n    return\nreturn Credit(1.0)", "    return", "returns nothing here"),
        ("Credit(0.5)\nraise ValueError", "Credit(0.5)", "makes a Credit and does not return it"),
        ("yield student.double(3)", "def more", "is a generator or a coroutine"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:assertion is always true:SyntaxWarning")
def test_validate_names_the_line_of_such_a_mistake(course: Path, bubblewrap, body: str, at: str, says: str) -> None:
    """`validate` refuses the assignment with the line, the check and what it returns, also where only wrong work would
    come to that line."""
    before = line_of(course, "assignment = ")
    add(course, body)
    options = RunOptions(seed="s")
    findings = validate(load(course, "small"), bubblewrap, None, options, quick=True)
    found = next(each for each in findings if each.what == "what checks return")

    text = (course / "assignments" / "small" / "assignment.py").read_text().splitlines()
    line = next(n for n, each in enumerate(text, start=1) if at in each and n > len(text) - 8 and n > before)
    assert not found.good
    assert f"assignment.py:{line}: the check 'more' {says}" in found.said
    assert "A check fails by raising" in found.fix


@pytest.mark.long
def test_what_only_wrong_work_meets_is_found_by_validate(course: Path, bubblewrap) -> None:
    """A mistake that neither the text nor the reference shows comes to light with answers that know nothing."""
    add(course, "ok = student.double(3) == 6\nif ok:\n    return None\nwhy = {'wrong': ok}\nreturn why")
    found = {
        each.what: each for each in validate(load(course, "small"), bubblewrap, None, RunOptions(seed="s"), quick=True)
    }

    assert found["what checks return"].good
    assert found["the reference gets full marks"].good
    assert not found["what nothing earns"].good
    assert "more: INTERNAL" in found["what nothing earns"].said
