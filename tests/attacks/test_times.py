"""Points for speed are earned by fast code alone: not by a slow baseline, nor by work done where no clock runs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_course import make_course

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.results import CheckResult, Verdict
from autograder.sandbox import Sandbox, start, why_not
from autograder.submissions import Submission

CHECKS = '''
"""Counting."""
from functools import partial
from autograder import Assignment, Limits
from autograder.checks import faster_than, no_loops

assignment = Assignment("Counting", files=["tiny.py"], limits=Limits(wall_seconds=60, cpu_seconds=60, processes=64))
counting = assignment.question("Count", id="a", solution=["fast", "slow"])

@counting.check(points=1)
def quick(student, rng):
    """Without loops it is at least 5 times faster."""
    faster_than(
        partial(student.cost_of, student.fast), partial(student.baseline_cost_of, student.slow), factor=5, rounds=2,
        inputs=lambda: (rng.normal(size=200_000),), name="fast", baseline_name="the same with a loop",
    )

@counting.check(points=1)
def no_loop(student):
    """There is no loop in it."""
    no_loops(student.source_of("fast"), "fast")
'''

REFERENCE = '''
"""Counting."""
import numpy as np

def fast(x):
    """How many are positive."""
    ### BEGIN SOLUTION
    return int(np.sum(x > 0))
    ### END SOLUTION

def slow(x):
    """The same with a loop."""
    ### BEGIN SOLUTION
    count = 0
    for each in x:
        if each > 0:
            count += 1
    return count
    ### END SOLUTION
'''

LOOP = """
def count(x):
    found = 0
    for each in x:
        if each > 0:
            found += 1
    return found
"""

HONEST = """
import numpy as np
def fast(x):
    return int((x > 0).sum())
def slow(x):
    raise NotImplementedError
"""

WASTED_TIME = f"""
import time
{LOOP}
def fast(x):
    return count(x)
def slow(x):
    for _ in range(100):
        count(x)
    return count(x)
"""

# Looks through all objects for the arguments, and has the answer before it is asked.
A_THREAD_THAT_WAITS = f"""
import gc, sys, threading, numpy
{LOOP}
known = {{}}
def look():
    while True:
        for frame in list(sys._current_frames().values()):
            while frame is not None:
                for value in list(frame.f_locals.values()):
                    for each in value if type(value) in (tuple, list) else [value]:
                        if type(each) is numpy.ndarray and each.size == 200_000 and id(each) not in known:
                            known[id(each)] = count(each)
                frame = frame.f_back
threading.Thread(target=look, daemon=True).start()
def fast(x):
    return known.pop(id(x), None) or count(x)
def slow(x):
    return count(x)
"""

# Patches what the worker does with arguments before it calls the function.
WORK_WHILE_ARGUMENTS_ARRIVE = f"""
import gc
{LOOP}
known = {{}}
for each in gc.get_objects():
    if type(each).__name__ == "Worker" or hasattr(type(each), "inside") and hasattr(type(each), "keep"):
        kind = type(each)
        taken = kind.inside
        def inside(self, value, taken=taken):
            value = taken(self, value)
            if getattr(value, "size", 0) == 200_000:
                known[id(value)] = count(value)
            return value
        kind.inside = inside
def fast(x):
    return known.pop(id(x), None) or count(x)
def slow(x):
    return count(x)
"""

# The loop is that of somebody else, who sorts.
HIDDEN_IN_A_KEY = """
def fast(x):
    found = [0]
    def one(i):
        found[0] += x[i] > 0
        return 0
    sorted(range(len(x)), key=one)
    return int(found[0])
def slow(x):
    return fast(x)
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"bubblewrap does not work here: {reason}")
    with start("bubblewrap") as started:
        yield started


@pytest.fixture
def graded(tmp_path: Path, sandbox: Sandbox) -> Callable[[str], tuple[CheckResult, CheckResult]]:
    """A function that grades the text of ``tiny.py``: the checks of the speed and of loops."""
    root = make_course(tmp_path / "course")
    (root / "assignments" / "tiny" / "assignment.py").write_text(CHECKS)
    (root / "reference" / "tiny" / "tiny.py").write_text(REFERENCE)

    def run(text: str) -> tuple[CheckResult, CheckResult]:
        folder = tmp_path / "staged"
        folder.mkdir()
        (folder / "tiny.py").write_text(textwrap.dedent(text))
        report = grade(load(root, "tiny"), Submission("eve", folder, "0"), sandbox, None, RunOptions("a seed"))
        quick, no_loop = report.questions[0].checks
        return quick, no_loop

    return run


def test_fast_code_earns_the_points_whatever_its_own_loops_do(graded: Callable[[str], tuple[CheckResult, ...]]) -> None:
    """The baseline is the reference's, so a slow version that was never written costs nothing here."""
    quick, no_loop = graded(HONEST)
    assert (quick.verdict, no_loop.verdict) == (Verdict.PASSED, Verdict.PASSED), quick.staff_message


@pytest.mark.parametrize(
    "text",
    [WASTED_TIME, A_THREAD_THAT_WAITS, WORK_WHILE_ARGUMENTS_ARRIVE, HIDDEN_IN_A_KEY],
    ids=["wasted time", "a thread that waits", "work while arguments arrive", "hidden in a key"],
)
def test_slow_code_earns_nothing(graded: Callable[[str], tuple[CheckResult, ...]], text: str) -> None:
    """Loops stay slow, wherever they run, and are found where they stand."""
    quick, no_loop = graded(text)
    assert quick.verdict is Verdict.FAILED, quick.staff_message
    assert "times faster; expected at least 5 times" in quick.staff_message
    assert no_loop.verdict is Verdict.FAILED
