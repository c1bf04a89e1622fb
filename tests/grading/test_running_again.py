"""One check under many seeds: the same results as in grades of their own, in fewer sandboxes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import ASSIGNMENT, REFERENCE

from autograder.grading import RunOptions, Shared, grade, grade_again
from autograder.loader import load
from autograder.results import Verdict

DRAWN = '''

import numpy as np
from autograder.checks.errors import CheckFailed


@doubling.check(points=1, hidden=True)
def draws(student, rng):
    """What is drawn here, and what the submission draws."""
    raise CheckFailed(f"{rng.normal()!r} and {float(student.double(np.ones(1))[0])!r}")


@doubling.check(points=1, hidden=True)
def doubles_hidden(student, rng):
    """Twice a number is right."""
    x = float(rng.normal())
    close(student.double(x), 2 * x, name="double(x)")


@doubling.check(points=1)
def doubles_openly(student, rng):
    """Twice a number is right, and what is said may be read."""
    doubles_hidden(student, rng)


@doubling.check(points=2, hidden=True, needs=doubles_openly, cases=("small", "large"))
def doubles_by_case(student, rng, case):
    """Twice a number of either size is right."""
    x = float(rng.normal()) * (1 if case == "small" else 1e6)
    close(student.double(x), 2 * x, name=f"double(x) of a {case} x")
'''
RUNS = [f"seed {number}" for number in range(6)]
COUNTING = "import os\nCALLS = []\n\n\ndef double(x):\n    CALLS.append(x)\n    {}\n    return 2 * x\n"


class Opened:
    """A sandbox that counts how often it is opened."""

    def __init__(self, inner):
        self.inner, self.count = inner, 0
        self.name, self.enforced, self.preloaded = inner.name, inner.enforced, inner.preloaded

    def open(self, request):
        """Open the inner one."""
        self.count += 1
        return self.inner.open(request)


@pytest.fixture
def again(course, hand_in, bubblewrap):
    """A function that runs a check of the text of ``hw.py`` under `RUNS`; the results, and how many sandboxes."""
    (course / "assignments/small/assignment.py").write_text(ASSIGNMENT + DRAWN)
    loaded = load(course, "small")

    def run(text, check, **limits):
        opened = Opened(bubblewrap)
        options = RunOptions("a secret", only=check, limits=limits)
        submission = hand_in(text)
        with Shared() as shared:
            report = grade_again(loaded, submission, opened, None, options, RUNS, shared)
        whole = replace(options, only=check.partition("[")[0])
        apart = [grade(loaded, submission, bubblewrap, None, replace(whole, run=run)) for run in RUNS]
        return report.questions[0].checks, [each.questions[0].checks[0] for each in apart], opened.count

    return run


def test_each_run_has_the_random_numbers_of_a_grade_of_its_own(again):
    """Those of the check and those of the submission, although all runs share a sandbox."""
    text = "import numpy as np\n\n\ndef double(x):\n    return np.random.normal(size=1)\n"
    results, apart, opened = again(text, "draws", cpu_seconds=100.0)  # a quarter of it is one sandbox's

    assert opened == 1
    assert len({result.staff_message for result in results}) == len(RUNS)
    assert [result.staff_message for result in results] == [each.staff_message for each in apart]


def test_verdicts_are_those_of_grades(again):
    """A right solution passes under each seed, and one that fails for some numbers under the same as in grades."""
    lucky = "def double(x):\n    return 2 * x if isinstance(x, int) or x > 0 else x\n"
    results, apart, _ = again(lucky, "doubles_hidden")

    assert [result.verdict for result in results] == [each.verdict for each in apart]
    assert {result.verdict for result in results} == {Verdict.PASSED, Verdict.FAILED}
    assert all(result.seconds > 0 for result in results)


@pytest.mark.long
@pytest.mark.parametrize("end", ["os._exit(1)", "while len(CALLS) > 1: pass"])
def test_a_run_that_a_used_sandbox_ends_is_repeated_in_a_fresh_one(again, end):
    """What an earlier run left behind, or used up, is nobody's mistake."""
    results, _, opened = again(COUNTING.format(f"if len(CALLS) > 1: {end}" if "exit" in end else end), "doubles_hidden")

    assert [result.verdict for result in results] == [Verdict.PASSED] * len(RUNS)
    assert opened == len(RUNS)


def test_a_run_that_ends_a_fresh_sandbox_counts(again):
    """A solution that always crashes is caught each time."""
    results, _, _ = again(COUNTING.format("os._exit(1)"), "doubles_hidden")

    assert [result.verdict for result in results] == [Verdict.CRASHED] * len(RUNS)


def test_what_a_check_needs_is_run_with_it(again):
    """A check whose need fails is skipped under each seed."""
    results, apart, _ = again(REFERENCE.replace("2 * x", "3 * x"), "doubles_arrays")

    assert [result.verdict for result in results] == [Verdict.SKIPPED] * len(RUNS)
    assert results[0].staff_message == apart[0].staff_message


@pytest.mark.parametrize(("place", "case", "verdict"), [(0, "small", Verdict.PASSED), (1, "large", Verdict.FAILED)])
def test_one_case_of_a_check_is_asked_alone(again, place, case, verdict):
    """By the id of the case, with the random numbers that it has in a grade, and after what the check needs."""
    results, whole, opened = again(
        "def double(x):\n    return 2 * x if abs(x) < 1000 else x\n", f"doubles_by_case[{case}]", cpu_seconds=100.0
    )

    assert [result.verdict for result in results] == [verdict] * len(RUNS)
    assert [result.staff_message for result in results] == [each.cases[place].staff_message for each in whole]
    assert opened == 1  # although a public check comes after a hidden one again and again
