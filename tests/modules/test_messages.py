"""The table of sentences, and what may be said about hidden checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.checks.errors import StudentError
from autograder.messages import WORDING, sentence
from autograder.results import Verdict

STEPPED = [v for v in Verdict if v not in (Verdict.PASSED, Verdict.FAILED, Verdict.PARTIAL, Verdict.MANUAL)]
NOT_PASSED = [verdict for verdict in Verdict if verdict is not Verdict.PASSED]


def test_every_verdict_has_words_and_a_mark_of_its_own() -> None:
    """The table is complete, and each verdict is recognisable without colour."""
    assert set(WORDING) == set(Verdict)
    assert len({words.mark for words in WORDING.values()}) == len(Verdict)
    assert len({words.short for words in WORDING.values()}) == len(Verdict)
    assert all(words.long.endswith(".") and words.staff.endswith(".") for words in WORDING.values())


@pytest.mark.parametrize("verdict", NOT_PASSED)
def test_a_hidden_check_tells_students_nothing_of_what_happened(verdict: Verdict) -> None:
    """Neither the failed comparison nor the submission's own words reach the student."""
    error = StudentError(str(verdict), "leak: x = -7", kind="Leak_x_is_7", file="leak7.py", line=3, trace="leak")
    for fault, failure in ((error, ""), (None, "leak: expected -14")):
        if verdict is Verdict.SKIPPED and fault is None:
            continue  # the sentence is ours
        student, staff = sentence(verdict, hidden=True, hint="", error=fault, failure=failure)
        assert "leak" not in student.lower()
        assert "7" not in student
        assert "leak" in staff


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.PARTIAL])
def test_a_hint_follows_a_wrong_or_partly_right_answer_of_a_hidden_check(verdict: Verdict) -> None:
    """The instructor's hint ends the sentence; a public check needs none."""
    assert sentence(verdict, hidden=True, hint="Check the sign.")[0].endswith(" Check the sign.")
    assert "Check the sign." not in sentence(verdict, hidden=False, hint="Check the sign.", failure="got 3")[0]


@pytest.mark.parametrize("verdict", STEPPED)
@pytest.mark.parametrize("hidden", [True, False])
def test_every_other_verdict_says_its_own_next_step(verdict: Verdict, hidden: bool) -> None:
    """A hint about wrong answers does not fit what gave none; the table's next step does."""
    student, staff = sentence(verdict, hidden=hidden, hint="Check the sign.")
    step = WORDING[verdict].step
    assert "Check the sign." not in student
    assert step not in staff
    if verdict is Verdict.RAISED and not hidden:
        assert student == WORDING[verdict].long  # its error, shown whole, says what to look at
    else:
        assert student == f"{WORDING[verdict].long} {step}"


def test_every_verdict_without_a_hint_has_a_next_step_of_its_own() -> None:
    """No two verdicts give the same advice, and it is a sentence."""
    steps = [WORDING[verdict].step for verdict in STEPPED]
    assert len(set(steps)) == len(steps)
    assert all(step.endswith(".") for step in steps)


def test_a_sentence_with_a_next_step_of_its_own_gets_no_other() -> None:
    """What is known precisely replaces the table's next step."""
    error = StudentError("TIME", "Time limit of 5 s reached in `import hw`.", open=True)
    error.step = "Put calls into a function."
    assert sentence(Verdict.TIME, hidden=True, hint="H.", error=error)[0] == f"{error.message} {error.step}"
    error.step = ""
    assert sentence(Verdict.TIME, hidden=True, hint="H.", error=error)[0] == error.message


def test_a_next_step_follows_a_sentence_without_a_full_stop() -> None:
    """A stub's own words rarely end with one."""
    error = StudentError("NOT_ATTEMPTED", "Not attempted: relu is open", open=True)
    found, _ = sentence(Verdict.NOT_ATTEMPTED, hidden=True, hint="", error=error)
    assert found == "Not attempted: relu is open. Replace the stub by your own code."


def test_a_skipped_check_names_the_check_that_it_needs() -> None:
    """Titles are no secret, not even of hidden checks."""
    failure = "Not run: it needs the check 'Twice three is six.' to pass."
    assert sentence(Verdict.SKIPPED, hidden=True, hint="H.", failure=failure)[0].startswith(failure)


def test_a_hidden_raise_names_a_built_in_exception_and_a_line() -> None:
    """A built-in name and a line number are safe and useful; so is the line itself, read from the handed-in file."""
    error = StudentError("RAISED", "IndexError: 7", kind="IndexError", file="net.py", line=12)
    step = WORDING[Verdict.RAISED].step
    message = sentence(Verdict.RAISED, hidden=True, hint="H.", error=error)[0]
    assert message == f"Your code raised IndexError in line 12. {step}"
    error.quote = "return z[k]"
    message = sentence(Verdict.RAISED, hidden=True, hint="H.", error=error)[0]
    assert message == f"Your code raised IndexError in line 12 of net.py: `return z[k]`. {step}"
    error.cell = 3
    message = sentence(Verdict.RAISED, hidden=True, hint="H.", error=error)[0]
    assert message == f"Your code raised IndexError in line 12 of cell 3 of net.py: `return z[k]`. {step}"


@pytest.mark.parametrize("kind", ["", "SecretError", "print", "__name__"])
def test_a_hidden_raise_never_shows_a_name_that_the_submission_chose(kind: str) -> None:
    """A class name is as good a channel as a text."""
    error = StudentError("RAISED", "x", kind=kind)
    message = sentence(Verdict.RAISED, hidden=True, hint="", error=error)[0]
    assert message == f"Your code raised an error. {WORDING[Verdict.RAISED].step}"


def test_what_happened_before_any_hidden_input_is_reported_whole() -> None:
    """A syntax error is no secret, not even in a hidden check."""
    error = StudentError("RAISED", "SyntaxError: invalid syntax (net.py, line 4)", open=True)
    message = "SyntaxError: invalid syntax (net.py, line 4)"
    assert sentence(Verdict.RAISED, hidden=True, hint="Hint.", error=error) == (message, message)


def test_a_public_check_tells_all_to_both() -> None:
    """The failed comparison and the place of an error are the student's to read."""
    failure = "double: got 3, expected 2"
    assert sentence(Verdict.FAILED, hidden=False, hint="", failure=failure) == (failure, failure)
    error = StudentError("RAISED", "KeyError: 'x' (net.py, line 4)", file="net.py", line=4)
    message = "KeyError: 'x' (net.py, line 4)"
    assert sentence(Verdict.RAISED, hidden=False, hint="", error=error) == (message, message)


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


def test_the_manual_has_the_table_of_next_steps() -> None:
    """docs/messages.md shows each verdict's next step as the code has it."""
    text = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| ([A-Z_]+) \| (.+) \|$", text, re.MULTILINE))
    assert shown == {str(verdict): words.step for verdict, words in WORDING.items() if words.step}
