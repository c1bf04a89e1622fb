"""What each check took, and a budget of CPU time for one submission in all its checks together."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from samples import check, passing

from autograder.checks.errors import StudentError
from autograder.grading import RunOptions, grade, result_key
from autograder.grading.usage import OverBudgetError, Usage
from autograder.loader import load
from autograder.reports.grades import usage_of
from autograder.results import Limits, Verdict
from autograder.sandbox.base import Outcome
from autograder.submissions import collect_one

PARTS = '''
"""Three questions."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Three", files=["hw.py"], limits=Limits(wall_seconds=30, cpu_seconds=10))
parts = [assignment.question(f"Part {name}", id=name, solution="double") for name in "abc"]

def a_check(part, number, hidden):
    def doubles(student):
        same(student.double(number), 2 * number, name="double")
    doubles.__name__, doubles.__doc__ = f"doubles_{part.id}_{number}", f"Twice {number} is {2 * number}."
    part.check(points=1, hidden=hidden)(doubles)

for part in parts:
    for number in range(2):
        a_check(part, number, hidden=number > 0)
'''
BUSY = """
import time

def double(x):
    block = bytearray(30 << 20) if x == 1 else b""
    block = bytes(block)
    until = time.process_time() + {seconds} * (x == 1)
    while time.process_time() < until:
        pass
    return 2 * x
"""

NOTEBOOK = '''
"""A notebook."""
from autograder import Assignment, Limits
from autograder.checks import same

limits = Limits(wall_seconds=60, cpu_seconds=60)
assignment = Assignment("Notebook", files=["hw.ipynb"], limits=limits)

@assignment.question("Double", id="a", solution="double").check(points=1)
def doubles(student):
    """Twice 1 is 2."""
    same(student.double(1), 2, name="double")

@assignment.question("Triple", id="b", solution="triple").check(points=1)
def triples(student):
    """Three times 1 is 3."""
    same(student.triple(1), 3, name="triple")
'''
CELLS = ("def double(x):\n    return 2 * x", "def triple(x):\n    return 3 * x")
BEGIN, END = "    ### BEGIN SOLUTION\n", "\n    ### END SOLUTION"
SOLUTION = [cell.replace("\n", f"\n{BEGIN}") + END for cell in CELLS]
REPLACED = '''
"""A part of the reference in a check."""
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Replaced", files=["hw.py"], limits=Limits(wall_seconds=30, cpu_seconds=10))

@assignment.question("Part", id="q", solution=["double", "triple"]).check(points=1, hidden=True)
def triples(student):
    """Three times 1 is 3."""
    same(student.with_reference("double").triple(1), 3, name="triple")
'''


def notebook(*cells):
    """A notebook file of these code cells."""
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for n, cell in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


@pytest.fixture
def parts(course):
    """The assignment with three questions of two checks; only the second check of each takes CPU time."""
    (course / "assignments" / "small" / "assignment.py").write_text(PARTS)
    return load(course, "small")


def test_each_check_says_what_it_took(parts, hand_in, bubblewrap):
    """CPU time is that of the check in which it was used; what a check holds is seen from then on."""
    made = grade(parts, hand_in(BUSY.format(seconds=0.3)), bubblewrap, None, RunOptions("s"))
    for question in made.questions:
        quick, busy = question.checks
        assert 0 < quick.cpu_seconds < 0.3 <= busy.cpu_seconds < 0.6
        assert busy.peak_memory_mib >= 30
    assert sum(each.cpu_seconds for q in made.questions for each in q.checks) <= made.resources.cpu_seconds + 0.05


def test_what_is_over_the_budget_is_not_run(parts, hand_in, bubblewrap):
    """Checks before it have their points; what used it up and what comes after says so, and nothing is our fault."""
    made = grade(parts, hand_in(BUSY.format(seconds=0.8)), bubblewrap, None, RunOptions("s", cpu_budget=1.2))
    verdicts = [str(each) for each in made.verdicts]
    assert verdicts[:3] == ["PASSED", "PASSED", "PASSED"]
    assert set(verdicts[3:]) == {"TIME"}
    assert made.resources.cpu_seconds < 2.0
    messages = [each.staff_message for question in made.questions for each in question.checks]
    assert messages[3] == "This used up what was left of the budget of 1.2 s of CPU time for one submission."
    assert messages[5] == "Not run: earlier checks used up the budget of 1.2 s of CPU time for one submission."
    assert made.points == 3
    assert made.replay.cpu_budget == 1.2
    assert not made.internal
    assert RunOptions.of(made.replay, "s").cpu_budget == 1.2


def test_a_budget_that_is_enough_changes_nothing(parts, hand_in, bubblewrap):
    """But the key: results under a budget are others than those without, whose keys are what they were."""
    submission = hand_in(BUSY.format(seconds=0.0))
    made = grade(parts, submission, bubblewrap, None, RunOptions("s", cpu_budget=60))
    assert set(made.verdicts) == {Verdict.PASSED}
    keys = {result_key(parts, submission, None, RunOptions("s", cpu_budget=n), "bubblewrap") for n in (0.0, 60.0, 61.0)}
    assert len(keys) == 3


@pytest.mark.long
def test_a_notebook_s_endless_cell_is_interrupted_before_the_budget_is_used_up(course, tmp_path, bubblewrap):
    """It loses what it takes and no more: the other cells have run, and every question is judged."""
    (course / "assignments" / "small" / "assignment.py").write_text(NOTEBOOK)
    (course / "reference" / "small" / "hw.ipynb").write_text(notebook(*SOLUTION))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hw.ipynb").write_text(notebook(CELLS[0], "while True:\n    pass", CELLS[1]))
    submission = collect_one((tmp_path / "in",), ("hw.ipynb",), tmp_path / "staged", "ann")
    made = grade(load(course, "small"), submission, bubblewrap, None, RunOptions("s", cpu_budget=4.0))
    assert made.verdicts == (Verdict.PASSED, Verdict.PASSED)
    (error,) = (cell.error for cell in made.notebooks[0].cells if cell.error)
    assert error.startswith("CPU time limit of 4 s nearly reached in `cell 2 of hw.ipynb`")


def test_a_sandbox_with_parts_of_the_reference_that_used_up_the_budget_says_so(course, hand_in, bubblewrap):
    """Its limit was what was left of the budget, and not the question's."""
    (course / "assignments" / "small" / "assignment.py").write_text(REPLACED)
    reference = "def double(x):\n    return 2 * x\n\ndef triple(x):\n    return 3 * x\n"
    (course / "reference" / "small" / "hw.py").write_text(reference)
    submission = hand_in("def double(x):\n    return 2 * x\n\ndef triple(x):\n    while True:\n        pass\n")
    made = grade(load(course, "small"), submission, bubblewrap, None, RunOptions("s", cpu_budget=1.0))
    (result,) = made.questions[0].checks
    assert result.verdict is Verdict.TIME
    said = "This used up what was left of the budget of 1 s of CPU time for one submission."
    assert result.staff_message.splitlines()[0] == said
    assert result.cpu_seconds >= 0.9


def test_a_sandbox_that_died_counts_with_what_it_says_itself():
    """Its account is taken once; memory is the largest of the sandboxes that were there since the moment."""
    usage = Usage()
    first, second = object(), object()
    usage.opened(first)
    usage.ended(first, Outcome(cpu_seconds=2.0, peak_memory_mib=300.0))
    mark = usage.mark()
    usage.opened(second)
    usage.ended(second, Outcome(cpu_seconds=0.5, peak_memory_mib=100.0))
    result = usage.noted(check("one", Verdict.PASSED), mark)
    assert (result.cpu_seconds, result.peak_memory_mib) == (0.5, 100.0)
    assert usage.cpu_seconds == 2.5
    assert usage.left == math.inf
    assert usage.within(Limits()) == Limits()


def test_the_next_sandbox_gets_what_is_left():
    """Its limit of CPU time is the smaller of both, and nothing is opened with nothing left."""
    usage = Usage(budget=10.0)
    assert usage.within(Limits(cpu_seconds=4)).cpu == 4
    session = object()
    usage.opened(session)
    usage.ended(session, Outcome(cpu_seconds=7.5))
    assert usage.within(Limits(cpu_seconds=4)).cpu == 2.5
    usage.ended(session, Outcome(cpu_seconds=2.5))
    with pytest.raises(OverBudgetError) as caught:
        usage.within(Limits())
    assert caught.value.open
    other = StudentError(Verdict.RAISED, "KeyError")
    assert usage.explained(other) is other


def test_what_the_class_used_is_one_sentence():
    """CPU time of all, the largest memory of one, and the price where there is one."""
    large = passing("ben")
    large = replace(large, resources=replace(large.resources, cpu_seconds=7200.0, peak_memory_mib=1500.0))
    assert usage_of([passing("ann")]) == "1 CPU-second, and at most 80 MiB of memory for one submission"
    assert usage_of([passing("ann"), large], 0.5) == (
        "2.0 CPU-hours (1.00 at 0.5 an hour), and at most 1,500 MiB of memory for one submission"
    )
    assert usage_of([]) == "0 CPU-seconds, and at most 0 MiB of memory for one submission"
