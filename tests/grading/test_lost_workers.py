"""Workers that are late, killed or lost, one queued end after the other: verdicts, sentences and whose fault it was."""

from __future__ import annotations

import pytest
from fake_sandbox import FakeSandbox, Life
from tiny_course import RIGHT, make_course

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import Verdict
from autograder.sandbox.base import Outcome
from autograder.submissions import collect

OPTIONS = RunOptions(seed="a secret")
FUNCTIONS = {"double": lambda x: x + x}


@pytest.fixture
def run(tmp_path):
    """A function that grades a right submission of the tiny course in sandboxes that live as they were queued to."""
    loaded = load(make_course(tmp_path / "course"), "tiny")
    inbox = tmp_path / "inbox" / "ada"
    inbox.mkdir(parents=True)
    (inbox / "tiny.py").write_text(RIGHT)
    (submission,) = collect(inbox.parent, ("tiny.py",), tmp_path / "staging")

    def graded(*lives, functions=FUNCTIONS):
        sandbox = FakeSandbox(functions, lives)
        report = grade(loaded, submission, sandbox, None, OPTIONS)
        return {check.id: check for question in report.questions for check in question.checks}, sandbox

    return graded


def test_where_every_worker_lives_everything_passes(run):
    """The fake sandbox answers like a real one: one for each question, and full marks for right functions."""
    checks, sandbox = run()

    assert {str(check.verdict) for check in checks.values()} == {"PASSED"}
    assert sandbox.asked == [(0, "double"), (0, "double"), (1, "double")]


@pytest.mark.parametrize(
    ("end", "verdict", "says"),
    [
        (Outcome(limit="wall"), Verdict.TIME, "Time limit of 5 s reached in `double`"),
        (Outcome(limit="cpu"), Verdict.TIME, "CPU time limit of 5 s reached in `double`"),
        (Outcome(limit="memory"), Verdict.MEMORY, "Memory limit of "),
        (Outcome(limit="output"), Verdict.OUTPUT, " KiB printed in `double`"),
        (Outcome(limit="reply"), Verdict.OUTPUT, "An answer larger than "),
        (Outcome(limit="scratch"), Verdict.OUTPUT, " of scratch space written in `double`"),
        (Outcome(limit="processes"), Verdict.CRASHED, " processes and threads running in `double`"),
        (Outcome(signal=11), Verdict.CRASHED, "Python was ended by signal 11 (SIGSEGV) in `double`"),
        (Outcome(exit_code=3), Verdict.CRASHED, "Python ended with exit code 3 in `double`"),
    ],
    ids=lambda value: value.limit or "signal" * bool(value.signal) or "exit" if isinstance(value, Outcome) else None,
)
def test_the_end_of_a_worker_is_the_verdict_of_the_check_that_met_it(run, end, verdict, says):
    """The check that was running says how the worker ended; the next one has a fresh worker and passes."""
    checks, sandbox = run(Life(calls=0, end=end))

    assert checks["doubles_one"].verdict is verdict
    assert says in checks["doubles_one"].message
    assert checks["doubles_minus_seven"].verdict is Verdict.PASSED
    assert [number for number, _ in sandbox.asked] == [0, 1, 2]


def test_a_worker_that_is_lost_by_our_fault_is_never_the_submissions(run):
    """A sandbox that broke makes its check INTERNAL, with the reason for staff, and costs no point."""
    checks, _ = run(*[Life(calls=0, end=Outcome(fault="the forkserver died"))] * 9)

    assert {str(check.verdict) for check in checks.values()} == {"INTERNAL"}
    assert "the forkserver died" in checks["doubles_one"].staff_message
    assert "forkserver" not in (checks["doubles_one"].message or "")


def test_a_sandbox_that_cannot_be_opened_once_is_opened_again_by_the_next_question(run):
    """A fault of one moment costs the checks of its question only."""
    checks, _ = run(*[Life(fault="no memory")] * 2)

    assert checks["doubles_one"].verdict is Verdict.INTERNAL
    assert "no memory" in checks["doubles_one"].staff_message
    assert checks["doubles_text"].verdict is Verdict.PASSED


def test_a_worker_that_ends_between_two_calls_is_missed_by_the_next(run):
    """What was answered before the end counts."""
    checks, _ = run(Life(calls=1, end=Outcome(signal=9)))

    assert checks["doubles_one"].verdict is Verdict.PASSED
    assert checks["doubles_minus_seven"].verdict is Verdict.CRASHED
    assert checks["doubles_text"].verdict is Verdict.PASSED


def test_how_a_worker_of_a_hidden_check_ended_is_for_staff(run):
    """A signal's number could tell a hidden input."""
    checks, _ = run(Life(calls=1, end=Outcome(signal=9)))

    assert "SIGKILL" in checks["doubles_minus_seven"].staff_message
    assert "SIGKILL" not in checks["doubles_minus_seven"].message


def test_a_fresh_worker_has_the_time_that_its_question_has_left(run):
    """Seconds that a lost worker used are not given again."""
    _, sandbox = run(Life(calls=0, end=Outcome(signal=9, wall_seconds=2.0), seconds=2.0))

    wall_times = [request.limits.wall_seconds for request in sandbox.opened]
    assert wall_times == pytest.approx([5.0, 3.0, 5.0], abs=0.1)


def test_an_exception_of_the_submission_is_no_end_of_its_worker(run):
    """The same worker answers the next check."""

    def double(x):
        if x == 1:
            raise KeyError("one")
        return x + x

    checks, sandbox = run(functions={"double": double})

    assert checks["doubles_one"].verdict is Verdict.RAISED
    assert checks["doubles_minus_seven"].verdict is Verdict.PASSED
    assert [number for number, _ in sandbox.asked] == [0, 0, 1]
