"""The reference works on what submissions chose: in a sandbox of its own, under the limits of the question."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from autograder.grading import RunOptions, Shared, grade
from autograder.loader import Loaded, load
from autograder.results import CheckResult, Report, Verdict

ASSIGNMENT = """
from autograder import Assignment, Limits
from autograder.checks import close, same

assignment = Assignment("Chosen", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=2, memory_mib=256))
question = assignment.question("Sizes", id="a", solution=["size", "total", "Box"])

@question.check(points=1, hidden=True)
def first(student, reference):
    "The total of the student's own size is right."
    size = student.size()
    same(student.total(size), reference.total(size), name="total")

@question.check(points=1, hidden=True)
def second(student, reference):
    "The total of ten is right."
    same(student.total(10), reference.total(10), name="total")

@question.check(points=1, hidden=True)
def third(student, reference, rng):
    "Many values of the reference agree with those of the student."
    for number in rng.integers(1, 100, size=50):
        same(student.total(int(number)), reference.total(int(number)), name="total")

other = assignment.question("More", id="b", solution="total")

@other.check(points=1, hidden=True)
def fourth(student, reference):
    "The total of three is right."
    same(student.total(3), reference.total(3), name="total")
"""
SOLVED = '''
import os

def size():
    """How much."""
    ### BEGIN SOLUTION
    return 4
    ### END SOLUTION

def total(n):
    """The sum of 1 to n; of -1 never, and of -2 all the memory."""
    ### BEGIN SOLUTION
    held = []
    while n == -1:
        pass
    while n == -2:
        held.append(bytes(1 << 20))
    return n * (n + 1) // 2 if n != -3 else os.getpid()
    ### END SOLUTION

class Box:
    """Holds a number."""

    def __init__(self, n):
        ### BEGIN SOLUTION
        self.n = n
        ### END SOLUTION
'''
HANDED_IN = """
def size():
    return {size}

def total(n):
    return n * (n + 1) // 2

class Box:
    def __init__(self, n):
        self.n = n
"""


def course_of(root: Path, assignment: str = ASSIGNMENT, solved: str = SOLVED) -> Loaded:
    """The small course with another assignment."""
    (root / "assignments" / "small" / "assignment.py").write_text(f'"""Sizes."""\n{assignment}')
    (root / "reference" / "small" / "hw.py").write_text(f'"""Sizes."""\n{solved}')
    return load(root, "small")


def found(report: Report) -> dict[str, CheckResult]:
    """Results by check."""
    return {check.id: check for question in report.questions for check in question.checks}


@pytest.mark.parametrize("size", [-1, -2], ids=["endless", "all the memory"])
def test_an_argument_that_a_submission_chose_ends_the_reference_and_nothing_else(
    course, hand_in, bubblewrap, size: int
) -> None:
    """It is ended by the question's limits; the answer is to blame, and all other checks are judged as ever."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = grade(course_of(course), hand_in(HANDED_IN.format(size=size)), bubblewrap, None, RunOptions("seed"))
    checks = found(report)

    assert checks["first"].verdict is Verdict.FAILED
    assert "The reference in " in checks["first"].staff_message
    assert "limit of " in checks["first"].staff_message
    assert [checks[name].verdict for name in ("second", "third", "fourth")] == [Verdict.PASSED] * 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # KiB


@pytest.mark.long
def test_a_submission_that_always_ends_the_reference_has_less_than_twice_the_limit(course, hand_in, bubblewrap) -> None:
    """Every death halves what the next sandbox of the reference may use, and no check costs a right answer a point."""
    checks = "".join(
        f"""
@question.check(points=1, hidden=True)
def again_{number}(student, reference):
    "Once more {number}."
    same(student.total(student.size()), reference.total(student.size()), name="total")
"""
        for number in range(4)
    )
    loaded = course_of(course, ASSIGNMENT.replace("other = assignment", f"{checks}\nother = assignment"))
    options = RunOptions("seed", limits={"cpu_seconds": 1})
    report = grade(loaded, hand_in(HANDED_IN.format(size=-1)), bubblewrap, None, options)

    messages = [found(report)[f"again_{number}"].staff_message for number in range(4)]
    limits = [text.partition("CPU time limit of ")[2].partition(" s")[0] for text in messages]
    assert limits == ["0.5", "0.25", "0.125", "0.0625"]
    assert found(report)["second"].verdict is Verdict.PASSED


@pytest.mark.long
def test_a_slow_reference_blames_nobody(course, hand_in, bubblewrap) -> None:
    """Where a right answer takes the reference as long, the check is INTERNAL, whatever was handed in."""
    slow = SOLVED.replace("held = []", "held = []\n    while n == 4:\n        pass")
    options = RunOptions("seed", limits={"cpu_seconds": 1})
    report = grade(course_of(course, solved=slow), hand_in(HANDED_IN.format(size=4)), bubblewrap, None, options)

    assert found(report)["first"].verdict is Verdict.INTERNAL
    assert found(report)["second"].verdict is Verdict.PASSED


def test_the_reference_runs_in_no_process_of_the_grader(course, hand_in, bubblewrap) -> None:
    """Nor in the submission's sandbox: in a sandbox of its own, which checks of one question share."""
    asking = """
@question.check(points=1, hidden=True)
def numbers(student, reference):
    "Three processes."
    return student.total(-3), reference.total(-3)

@question.check(points=1, hidden=True, needs=numbers)
def used(student, numbers):
    "What a check returns is used by another."
    assert len(numbers) == 2
"""
    heard: dict[str, object] = {}
    solved = SOLVED.replace("return n * (n + 1) // 2 if n != -3 else os.getpid()", "return os.getpid() if n < 0 else n")
    loaded = course_of(course, ASSIGNMENT.split("@question.check", maxsplit=1)[0] + asking, solved)
    handed_in = hand_in(
        "import os\n" + HANDED_IN.format(size=1).replace("return n * (n + 1) // 2", "return os.getcwd()")
    )
    report = grade(
        loaded, handed_in, bubblewrap, None, RunOptions("seed"), lambda check, came: heard.update({check.id: came})
    )

    assert report.points == 2
    _, number = heard["numbers"]  # type: ignore[misc]
    assert number != os.getpid()
    assert number < 100  # of a process namespace of its own


def test_objects_do_not_cross_between_submission_and_reference(course, hand_in, bubblewrap) -> None:
    """A check that tries so reads what to give in their place; a submission gains nothing by returning an object."""
    crossing = """
@question.check(points=1, hidden=True)
def to_student(student, reference):
    "The reference's object is given to the student."
    student.total(reference.Box(3))

@question.check(points=1, hidden=True)
def to_reference(student, reference):
    "What the student returned is given to the reference."
    same(reference.total(student.size()), 10)
"""
    loaded = course_of(course, ASSIGNMENT.split("@question.check", maxsplit=1)[0] + crossing)
    returned = HANDED_IN.format(size="Box(1)")
    checks = found(grade(loaded, hand_in(returned), bubblewrap, None, RunOptions("seed")))

    assert checks["to_student"].verdict is Verdict.INTERNAL
    assert "gives an object (Box) of the reference to the submission" in checks["to_student"].staff_message
    assert "give what it holds, such as its numbers and arrays" in checks["to_student"].staff_message
    assert checks["to_reference"].verdict is Verdict.FAILED
    assert "of the submission to the reference" in checks["to_reference"].staff_message


def test_what_one_submission_gave_the_reference_changes_no_answer_for_another(course, hand_in, bubblewrap) -> None:
    """Answers that are remembered are those to the same requests since the sandbox was opened, and no others."""
    spoilt = SOLVED.replace(
        "held = []",
        "held = []\n    global spoilt\n    if n == 666:\n        spoilt = 1\n    n += globals().get('spoilt', 0)",
    )
    loaded = course_of(course, solved=spoilt)
    with Shared() as shared:
        handed_in = {size: hand_in(HANDED_IN.format(size=size), f"s{size}") for size in (4, 666)}
        points = [
            grade(loaded, handed_in[size], bubblewrap, None, RunOptions("seed"), shared=shared).points
            for size in (4, 666, 4, 666, 4, 4)
        ]
    assert points == [4, 1, 4, 1, 4, 4]
