"""The table of sentences, and what may be said about hidden checks."""

from __future__ import annotations

import pytest

from autograder.errors import StudentError
from autograder.messages import WORDING, sentence
from autograder.model import Verdict

NOT_PASSED = [verdict for verdict in Verdict if verdict is not Verdict.PASSED]


def test_every_verdict_has_words_and_a_mark_of_its_own() -> None:
    """The table is complete, and each verdict can be told without colour."""
    assert set(WORDING) == set(Verdict)
    assert len({words.mark for words in WORDING.values()}) == len(Verdict)
    assert len({words.short for words in WORDING.values()}) == len(Verdict)
    assert all(words.long.endswith(".") and words.staff.endswith(".") for words in WORDING.values())


@pytest.mark.parametrize("verdict", NOT_PASSED)
def test_a_hidden_check_tells_students_nothing_of_what_happened(verdict: Verdict) -> None:
    """Neither the failed comparison nor the submission's own words reach the student."""
    error = StudentError(str(verdict), "leak: x = -7", kind="Leak_x_is_7", file="leak7.py", line=3, trace="leak")
    for fault, failure in ((error, ""), (None, "leak: wanted -14")):
        student, staff = sentence(verdict, hidden=True, hint="", error=fault, failure=failure)
        assert "leak" not in student.lower()
        assert "7" not in student
        assert "leak" in staff


@pytest.mark.parametrize("verdict", [v for v in NOT_PASSED if v is not Verdict.INTERNAL])
def test_a_hidden_check_gives_its_hint(verdict: Verdict) -> None:
    """The instructor's hint ends the sentence."""
    student, _ = sentence(verdict, hidden=True, hint="Check the sign.")
    assert student.endswith(" Check the sign.")


def test_a_hidden_raise_names_a_built_in_exception_and_a_line() -> None:
    """A built-in name and a line number are safe and useful."""
    error = StudentError("RAISED", "IndexError: 7", kind="IndexError", file="net.py", line=12)
    assert sentence(Verdict.RAISED, hidden=True, hint="", error=error)[0] == "Your code raised IndexError in line 12."


@pytest.mark.parametrize("kind", ["", "SecretError", "print", "__name__"])
def test_a_hidden_raise_never_shows_a_name_that_the_submission_chose(kind: str) -> None:
    """A class name is as good a channel as a text."""
    error = StudentError("RAISED", "x", kind=kind)
    assert sentence(Verdict.RAISED, hidden=True, hint="", error=error)[0] == "Your code raised an error."


def test_what_happened_before_any_hidden_input_is_told_whole() -> None:
    """A syntax error is no secret, not even in a hidden check."""
    error = StudentError("RAISED", "SyntaxError: invalid syntax (net.py, line 4)", open=True)
    told = "SyntaxError: invalid syntax (net.py, line 4)"
    assert sentence(Verdict.RAISED, hidden=True, hint="Hint.", error=error) == (told, told)


def test_a_public_check_tells_all_to_both() -> None:
    """The failed comparison and the place of an error are the student's to read."""
    failure = "double: got 3, wanted 2"
    assert sentence(Verdict.FAILED, hidden=False, hint="", failure=failure) == (failure, failure)
    error = StudentError("RAISED", "KeyError: 'x' (net.py, line 4)", file="net.py", line=4)
    told = "KeyError: 'x' (net.py, line 4)"
    assert sentence(Verdict.RAISED, hidden=False, hint="", error=error) == (told, told)


def test_passed_says_nothing_about_hidden_checks() -> None:
    """How well a hidden check went is for staff."""
    assert sentence(Verdict.PASSED, hidden=True, hint="H.", failure="0.97 right") == ("", "0.97 right")
    assert sentence(Verdict.PASSED, hidden=False, hint="", failure="0.97 right") == ("0.97 right", "0.97 right")


def test_our_own_fault_is_explained_to_staff_only() -> None:
    """The student learns that nothing is lost, staff learn why."""
    student, staff = sentence(Verdict.INTERNAL, hidden=False, hint="", failure="pipe closed")
    assert "costs you no points" in student
    assert "pipe" not in student
    assert staff == "pipe closed"
