"""One budget of time for each question, and no import that failed is waited for twice."""

from __future__ import annotations

import pytest
from timed import FOREVER, TimedSandbox

from autograder.checks.errors import StudentError
from autograder.grading import RunOptions, grade
from autograder.grading.time_limits import Budget, Imports
from autograder.loader import load
from autograder.remote.explanations import died
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Outcome

MANY = '''
"""Doubling, in many checks."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Many", files=["hw.py"], limits=Limits(wall_seconds=2, cpu_seconds=30))
parts = [assignment.question(f"Part {number}", id=f"q{number}", solution="double") for number in range(7)]

def a_check(part, number, hidden):
    def doubles(student):
        same(student.double(number), 2 * number, name="double")
    doubles.__name__, doubles.__doc__ = f"doubles_{part.id}_{number}", f"Twice {number} is {2 * number}."
    part.check(points=1, hidden=hidden)(doubles)

for part in parts:
    for number in range(4):
        a_check(part, number, hidden=number > 1)
'''


TWO_FILES = '''
"""Two files."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Two", files=["hw.py", "other.py"], limits=Limits(wall_seconds=0.5, cpu_seconds=30))
part = assignment.question("Part", id="q", solution=["double", "triple"])


@part.check(points=1)
def triples(student):
    """Three times 2 is 6."""
    same(student.triple(2), 6)


@part.check(points=1)
def doubles(student):
    """Twice 2 is 4."""
    same(student.double(2), 4)


@part.check(points=1)
def doubles_again(student):
    """Twice 3 is 6."""
    same(student.double(3), 6)
'''


REPLACED = '''
"""Parts of the reference in three checks."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Three", files=["hw.py"], limits=Limits(wall_seconds=8, cpu_seconds=60))
part = assignment.question("Part", id="q", solution=["double", "triple"])


@part.check(points=1, hidden=True)
def first(student):
    """Three times 1 is 3."""
    same(student.with_reference("double").triple(1), 3)


@part.check(points=1, hidden=True)
def second(student):
    """Three times 2 is 6."""
    same(student.with_reference("double").triple(2), 6)


@part.check(points=1, hidden=True)
def third(student):
    """Three times 3 is 9."""
    same(student.with_reference("double").triple(3), 9)


@part.check(points=1, hidden=True)
def fourth(student):
    """Twice 3 is 6."""
    same(student.double(3), 6)
'''


@pytest.fixture
def graded(course, hand_in, bubblewrap):
    """A function that grades a text against seven questions with four checks each; some requests take so many seconds.

    It gives the report, and the sandbox by whose clock they took that long.
    """
    (course / "assignments" / "small" / "assignment.py").write_text(MANY)
    loaded = load(course, "small")

    def run(text, takes=None, **limits):
        sandbox = TimedSandbox(bubblewrap, takes or {})
        return grade(loaded, hand_in(text), sandbox, None, RunOptions(seed="s", limits=limits)), sandbox

    return run


CALL, IMPORT = ("call", "double"), ("load", "hw")
RIGHT = "def double(x): return 2 * x\n"


def test_calls_that_hang_use_the_time_of_their_question_once(graded):
    """The first call of a question takes its time limit; the others are TIME at once, and say why."""
    report, sandbox = graded(RIGHT, {CALL: FOREVER}, wall_seconds=0.5)
    checks = [check for question in report.questions for check in question.checks]

    assert {check.verdict for check in checks} == {Verdict.TIME}
    assert checks[0].message.startswith("Time limit of 0.5 s reached in `double`.")
    not_run = "Not run: earlier checks of this question used up the time limit of 0.5 s."
    assert [check.message for check in checks[1:4]] == [not_run] * 3
    assert report.resources.reached == ("wall",)
    assert (len(sandbox.opened), sandbox.asked) == (7, [CALL] * 7)  # one of 28 for each question
    assert report.resources.wall_seconds == 7 * 0.5


def test_calls_that_burn_and_die_share_the_time_of_their_question(graded):
    """The death of a sandbox does not reset the limit: the remaining time is reported, and then none is left."""
    report, sandbox = graded("import os\ndef double(x):\n    os._exit(3)\n", {CALL: 0.9})
    checks = report.questions[0].checks

    assert [str(check.verdict) for check in checks] == ["CRASHED", "CRASHED", "TIME", "TIME"]
    assert checks[2].message.startswith("Time limit of 2 s reached in `double`; 1.8 s of it went into earlier calls.")
    assert checks[3].message == "Not run: earlier checks of this question used up the time limit of 2 s."
    assert [round(each.wall_seconds, 3) for each in sandbox.opened[:3]] == [2, 1.1, 0.2]


@pytest.mark.long
def test_cpu_time_of_what_died_counts_too(graded):
    """A loop that is ended by the limit on CPU time leaves none for the next check."""
    report, _ = graded("def double(x):\n    while True: pass\n", cpu_seconds=1, wall_seconds=60)
    checks = report.questions[0].checks

    assert checks[0].message.startswith("CPU time limit of 1 s reached")
    assert checks[1].message == "Not run: earlier checks of this question used up the CPU time limit of 1 s."


def test_seconds_used_before_are_of_the_limit_s_own_time() -> None:
    """A CPU time limit is reported with the CPU seconds of earlier calls, a wall time limit with their wall time."""
    used, limits = {"wall": 35.8, "cpu": 2.5}, Limits(wall_seconds=60, cpu_seconds=30)
    for limit, said in (
        ("cpu", "CPU time limit of 30 s reached in `double`; 2.5 s of it went into earlier calls."),
        ("wall", "Time limit of 60 s reached in `double`; 35.8 s of it went into earlier calls."),
        ("output", f"More than {limits.output_kib} KiB printed in `double`."),
    ):
        assert str(died(Outcome(limit=limit), "double", limits, may_show=False, used_before=used)) == said
    unused = died(Outcome(limit="cpu"), "double", limits, may_show=False, used_before={"wall": 35.8, "cpu": 0.01})
    assert str(unused) == "CPU time limit of 30 s reached in `double`."


def test_a_slow_solution_that_breaks_nothing_keeps_all_its_time(graded):
    """Calls that take most of the limit together are right, in every question."""
    report, sandbox = graded(RIGHT, {CALL: 0.49})

    assert set(report.verdicts) == {Verdict.PASSED}
    assert (len(sandbox.opened), sandbox.asked) == (7, [CALL] * 28)


def test_sandboxes_with_parts_replaced_share_the_time_of_their_question(course, hand_in, bubblewrap):
    """Each of them ends well and within the limit; together they may not take more than it."""
    (course / "assignments" / "small" / "assignment.py").write_text(REPLACED)
    (course / "reference" / "small" / "hw.py").write_text(
        "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n\n"
        "def triple(x):\n    ### BEGIN SOLUTION\n    return double(x) + x\n    ### END SOLUTION\n"
    )
    submission = hand_in(f"{RIGHT}def triple(x): return double(x) + x\n")
    sandbox = TimedSandbox(bubblewrap, {("call", "triple"): 3.0})
    report = grade(load(course, "small"), submission, sandbox, None, RunOptions(seed="s"))
    checks = report.questions[0].checks

    assert [str(check.verdict) for check in checks] == ["PASSED", "PASSED", "TIME", "TIME"]
    assert "Time limit of 8 s reached in `triple`; 6.0 s of it went into earlier calls" in checks[2].staff_message
    assert "Not run: earlier checks of this question used up the time limit of 8 s." in checks[3].staff_message


def test_an_import_that_hangs_is_waited_for_once(graded):
    """Seven questions with an import that never ends cost the time of one, and every check says the same."""
    report, sandbox = graded(RIGHT, {IMPORT: FOREVER}, wall_seconds=1)

    assert set(report.verdicts) == {Verdict.TIME}
    (said,) = {check.message for question in report.questions for check in question.checks}
    assert said.startswith("Time limit of 1 s reached in `import hw`; nothing that hw.py defines can be used.")
    assert (sandbox.asked, report.resources.wall_seconds) == ([IMPORT], 1.0)


def test_an_import_that_raises_is_run_once(graded):
    """It is not repeated in another sandbox, and its sentence and place are reported in all checks."""
    report, _ = graded("print('importing')\nraise RuntimeError('at home it works')\n")

    assert set(report.verdicts) == {Verdict.RAISED}
    assert all("at home it works" in check.message for question in report.questions for check in question.checks)
    assert sum(question.staff_output.count("importing") for question in report.questions) == 1


def test_a_failed_import_is_not_blamed_for_the_time_of_something_else(course, hand_in, bubblewrap):
    """Where calls used up the time of a question, that is said, although another file of it cannot be imported."""
    (course / "reference" / "small" / "other.py").write_text(
        "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION\n"
    )
    (course / "assignments" / "small" / "assignment.py").write_text(TWO_FILES)
    submission = hand_in(RIGHT, **{"other.py": "1 / 0\n"})

    sandbox = TimedSandbox(bubblewrap, {CALL: FOREVER})
    report = grade(load(course, "small"), submission, sandbox, None, RunOptions(seed="s"))
    checks = report.questions[0].checks

    assert [str(check.verdict) for check in checks] == ["RAISED", "TIME", "TIME"]
    assert checks[2].message == "Not run: earlier checks of this question used up the time limit of 0.5 s."


def test_an_import_may_be_tried_again_under_larger_limits():
    """What took too long for one question may still be right for another, which has more time."""
    imports, small, large = Imports(), Limits(wall_seconds=1), Limits(wall_seconds=60)
    imports.watched(small)("hw", StudentError("TIME", "too long"))

    imports.watched(large)("hw", None)
    with pytest.raises(StudentError, match="too long"):
        imports.watched(small)("hw", None)
    imports.watched(large)("hw", StudentError("TIME", "too long, too"))
    with pytest.raises(StudentError, match="too long, too"):
        imports.watched(small)("hw", None)


def test_an_import_that_raised_is_certain_under_any_limits():
    """An exception that names no limit comes again; one that a limit may have caused does not have to."""
    imports, small, large = Imports(), Limits(memory_mib=10), Limits(memory_mib=100)
    imports.watched(small)("hw", StudentError("RAISED", "broken"))
    imports.watched(small)("other", StudentError("RAISED", "full", limit="limit of 10 open files"))

    with pytest.raises(StudentError, match="broken"):
        imports.watched(large)("hw", None)
    imports.watched(large)("other", None)


def test_an_import_that_broke_after_calls_is_tried_again(course, hand_in, bubblewrap):
    """Only a fresh sandbox says what an import does; after calls, these may have had a part in it."""
    (course / "assignments" / "small" / "assignment.py").write_text(
        "from autograder import Assignment\n"
        "from autograder.checks import same\n"
        'assignment = Assignment("Two files", files=["hw.py", "more.py"])\n'
        'first = assignment.question("First", id="a", solution="double")\n'
        'second = assignment.question("Second", id="b", solution="triple")\n'
        "@first.check(points=1)\n"
        'def both(student):\n    """Both."""\n    student.double(1)\n    student.triple(1)\n'
        "@second.check(points=1)\n"
        'def alone(student):\n    """Alone."""\n    same(student.triple(1), 3)\n'
    )
    (course / "reference" / "small" / "hw.py").write_text(
        "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
    )
    (course / "reference" / "small" / "more.py").write_text(
        "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION\n"
    )
    submission = hand_in(
        "import sys\ndef double(x):\n    sys.path.clear()\n    return 2 * x\n",
        **{"more.py": "def triple(x): return 3 * x\n"},
    )
    report = grade(load(course, "small"), submission, bubblewrap, None, RunOptions(seed="s"))

    assert [str(verdict) for verdict in report.verdicts] == ["RAISED", "PASSED"]


def test_a_budget_tells_which_limit_is_used_up():
    """Wall time, CPU time, or neither: then the limits are what is left of them."""
    budget = Budget(Limits(wall_seconds=10, cpu_seconds=4))
    assert budget.left() is budget.limits

    budget.pay(1.0, 3.0)
    assert (budget.left().wall_seconds, budget.left().cpu_seconds) == (9.0, 1.0)
    budget.pay(0.0, 1.0)
    with pytest.raises(StudentError, match=r"used up the CPU time limit of 4 s\.$"):
        budget.left()
    budget.pay(9.0, 0.0)
    with pytest.raises(StudentError, match=r"used up the time limit of 10 s\.$"):
        budget.left()
