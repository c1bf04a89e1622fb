"""Calls that must be refused: by the submission, by its stub, by the reference."""

from __future__ import annotations

import pytest

from autograder.checks import raises
from autograder.checks.errors import CheckFailed, InstructorError, StudentError
from autograder.checks.local.student import LocalStudent

CODE = '''
import numpy as np

class Negative(ValueError):
    """Own class."""

def root(x):
    if x < 0:
        raise Negative("no root")
    return x ** 0.5

def divided(x):
    return 1 // x

def singular():
    return np.linalg.inv(np.zeros((2, 2)))

def stub(x):
    raise NotImplementedError("later")
'''
NAMES = dict.fromkeys(["root", "divided", "singular", "stub", "absent"], "answers.py")


@pytest.fixture(params=[False, True], ids=["student", "reference"])
def student(request, tmp_path):
    """The code above, as a student's and as the reference."""
    (tmp_path / "answers.py").write_text(CODE)
    return LocalStudent(tmp_path, NAMES, reference=request.param)


def test_a_refused_call_passes(student):
    """The exception itself, one derived from it, or a class of the submission's that is derived from it."""
    raises("ValueError", lambda: student.root(-1))
    raises("Exception", lambda: student.root(-1))
    raises("ZeroDivisionError", lambda: student.divided(0))
    raises("ArithmeticError", lambda: student.divided(0))
    raises("ValueError", student.singular)


def test_a_returned_value_fails(student):
    """The sentence shows what was returned, shortened."""
    with pytest.raises(CheckFailed, match=r"^The call returned 2; it must raise ValueError\.$"):
        raises("ValueError", lambda: student.root(4.0))
    with pytest.raises(CheckFailed, match=r"^root\(4\) returned 2"):
        raises("ValueError", lambda: student.root(4), name="root(4)")


def test_another_exception_fails(student):
    """The sentence says which one it was."""
    with pytest.raises(CheckFailed, match=r"^The call raised ZeroDivisionError.*; it must raise ValueError\.$"):
        raises("ValueError", lambda: student.divided(0))


def test_the_line_of_another_exception_is_reported(tmp_path):
    """A student sees where the wrong exception came from."""
    (tmp_path / "answers.py").write_text(CODE)
    student = LocalStudent(tmp_path, NAMES)
    with pytest.raises(CheckFailed) as caught:
        raises("ValueError", lambda: student.divided(0))

    assert str(caught.value) == ("The call raised ZeroDivisionError (line 13 of answers.py); it must raise ValueError.")


@pytest.mark.parametrize(("name", "verdict"), [("stub", "NOT_ATTEMPTED"), ("absent", "MISSING")])
def test_no_answer_is_no_refusal(tmp_path, name, verdict):
    """A stub's error or a missing function stays what it is."""
    (tmp_path / "answers.py").write_text(CODE)
    student = LocalStudent(tmp_path, NAMES)
    with pytest.raises(StudentError) as caught:
        raises("Exception", lambda: getattr(student, name)(1))

    assert caught.value.verdict == verdict


def test_a_file_that_cannot_be_imported_is_no_refusal(tmp_path):
    """An error at import would else pass every check of this kind."""
    (tmp_path / "answers.py").write_text("raise ValueError('always')")
    with pytest.raises(StudentError, match="import answers"):
        raises("ValueError", lambda: LocalStudent(tmp_path, NAMES).root(-1))


def test_instructors_read_of_useless_calls(student):
    """No built-in exception, the stub's own, and arguments that cannot be given."""
    for name in ("LinAlgError", "print", "NotImplementedError"):
        with pytest.raises(InstructorError, match="needs a built-in exception"):
            raises(name, lambda: None)
    endless = []
    endless.append(endless)
    with pytest.raises(InstructorError, match="cannot cross into the sandbox"):
        raises("ValueError", lambda: student.root(endless))
