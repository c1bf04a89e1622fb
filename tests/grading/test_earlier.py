"""Results of an earlier run that hold: only the checks that changed run, and the report is that of a whole run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from command_line import run as run_command
from fake_sandbox import FakeSandbox
from samples import unmeasured
from tiny_course import RIGHT, WRONG, hand_in, make_course

from autograder.grading import RunOptions, grade
from autograder.grading.earlier import PartlyGraded, completed, partly_graded
from autograder.grading.provenance import base_key
from autograder.loader import load
from autograder.results import Verdict
from autograder.store import Store, sqlite_address
from autograder.store.history import log_entries
from autograder.store.runs import runs
from autograder.submissions import collect

ASSIGNMENT = '''
"""Doubling."""
from pathlib import Path

from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Doubling", files=["tiny.py"], limits=Limits(wall_seconds=5, cpu_seconds=5))
first = assignment.question("Double", id="a", solution="double")
second = assignment.question("More", id="b", solution="double")
RAN = Path(__file__).with_name("ran.txt").parent.parent.parent / "ran.txt"

def ran(name):
    with RAN.open("a") as file:
        file.write(name + "\\n")

@first.check(points=2)
def model(student):
    """Twice one is two."""
    ran("model")
    same(student.double(1), 2, name="double")
    return 7

@first.check(points=3, hidden=True)
def large(student):
    """Twice a large number is right."""
    ran("large")
    same(student.double(1000), 2000, name="double")

@second.check(points=1, hidden=True, needs=model)
def uses_the_model(student, model):
    """What was trained is right."""
    ran("uses_the_model")
    same(student.double(model), 14, name="double")
'''
OPTIONS = RunOptions("seed")


@pytest.fixture
def course(tmp_path):
    """A function that loads the assignment of a source, and a submission."""
    root = make_course(tmp_path / "course")
    inbox = tmp_path / "inbox" / "ada"
    inbox.mkdir(parents=True)
    (inbox / "tiny.py").write_text(RIGHT)
    (submission,) = collect(inbox.parent, ("tiny.py",), tmp_path / "staging")

    def loaded(source):
        (root / "assignments/tiny/assignment.py").write_text(source)
        return load(root, "tiny")

    return loaded, submission


def graded(loaded, submission, done=()):
    """A report of a right submission."""
    return grade(loaded, submission, FakeSandbox({"double": lambda x: x + x}), None, OPTIONS, done=done)


CHANGES = {
    "a check that nothing needs": ("2000", "2001", {"model", "uses_the_model"}),
    "a check that is needed": ("double(1), 2", "double(1), 2.0", {"large"}),
    "a check that needs another": ("14", "15", {"large"}),
    "points alone": ("points=3", "points=4", {"model", "large", "uses_the_model"}),
}


@pytest.mark.parametrize(("old", "new", "stay"), CHANGES.values(), ids=CHANGES)
def test_what_is_left_is_run_and_the_report_is_that_of_a_whole_run(course, old, new, stay):
    """The checks that are the same, with what they need, are taken over; the others are as after a whole run."""
    load_source, submission = course
    before = graded(load_source(ASSIGNMENT), submission)
    after = load_source(ASSIGNMENT.replace(old, new))
    partly = partly_graded(submission, before, after, base_key(after, submission, None, OPTIONS, "fake"))
    assert isinstance(partly, PartlyGraded)
    assert partly.done == stay
    made = completed(graded(after, partly, partly.done), before, partly.done, after)
    whole = graded(after, submission)
    assert unmeasured(made).questions == unmeasured(whole).questions
    assert (made.points, made.max_points, made.replay) == (whole.points, whole.max_points, whole.replay)


@pytest.mark.parametrize(
    "source",
    [
        ASSIGNMENT.replace("wall_seconds=5", "wall_seconds=6"),
        ASSIGNMENT.replace("def ran(name):", "def ran(name, more=1):"),
    ],
    ids=["limits", "what all checks share"],
)
def test_a_change_that_all_checks_share_takes_nothing_over(course, source):
    """Where something else changed than checks, everything runs."""
    load_source, submission = course
    before = graded(load_source(ASSIGNMENT), submission)
    after = load_source(source)
    base = base_key(after, submission, None, OPTIONS, "fake")
    assert partly_graded(submission, before, after, base) is submission


def test_a_report_without_keys_takes_nothing_over(course):
    """A report from before checks had keys says nothing about which of its results hold."""
    load_source, submission = course
    loaded = load_source(ASSIGNMENT)
    before = graded(loaded, submission)
    old = replace(before, replay=replace(before.replay, base="", checks={}))
    assert partly_graded(submission, old, loaded, "") is submission


def test_under_a_budget_nothing_is_taken_over(course):
    """What a check may use depends on what the others used, so a change of one check makes all of them run."""
    load_source, submission = course
    options = replace(OPTIONS, cpu_budget=60.0)
    sandbox = FakeSandbox({"double": lambda x: x + x})
    before = grade(load_source(ASSIGNMENT), submission, sandbox, None, options)
    assert set(before.verdicts) == {Verdict.PASSED}
    after = load_source(ASSIGNMENT.replace("2000", "2001"))
    base = base_key(after, submission, None, options, "fake")
    assert before.replay.base == base
    assert partly_graded(submission, before, after, base) is submission


def test_grade_runs_the_changed_check_alone(tmp_path):
    """After one check changed, `autograder grade` runs that check for each student, and gives it what was kept."""
    root = make_course(tmp_path / "course")
    script = root / "assignments/tiny/assignment.py"
    script.write_text(ASSIGNMENT)
    folder = hand_in(tmp_path / "in", ann=RIGHT, ben=RIGHT)
    arguments = ("grade", "tiny", str(folder), "--out", str(tmp_path / "out"), "--course", str(root))
    assert run_command(*arguments, cwd=root).returncode == 0
    ran = root / "ran.txt"
    assert sorted(ran.read_text().split()) == sorted(["model", "large", "uses_the_model"] * 2)
    ran.unlink()
    script.write_text(ASSIGNMENT.replace("2000", "2001").replace("points=2", "points=5"))
    assert run_command(*arguments, cwd=root).returncode == 0
    assert ran.read_text().split() == ["large"] * 2
    grades = (tmp_path / "out" / "grades.csv").read_text().splitlines()
    assert [line.split(",")[1:4] for line in grades[1:]] == [["5", "1", "6"]] * 2
    ran.unlink()
    script.write_text(ASSIGNMENT.replace("2000", "2001").replace("points=2", "points=5").replace("14", "14.0"))
    assert run_command(*arguments, cwd=root).returncode == 0
    assert ran.read_text().split() == ["uses_the_model"] * 2


def test_scoring_anew_changes_the_results_database_as_well(tmp_path):
    """After points changed, the database has those of grades.csv, for everybody, and the log those before."""
    root = make_course(tmp_path / "course")
    script = root / "assignments/tiny/assignment.py"
    folder = hand_in(tmp_path / "in", ann=RIGHT, ben=WRONG)
    arguments = ("grade", "tiny", str(folder), "--out", str(tmp_path / "out"), "--course", str(root))
    assert run_command(*arguments, cwd=root).returncode == 0
    script.write_text(script.read_text().replace("points=2", "points=4"))
    assert run_command(*arguments, "--students", "ann", cwd=root).returncode == 0
    lines = (tmp_path / "out" / "grades.csv").read_text().splitlines()
    written = {cells[0].strip(chr(34)): float(cells[1]) for cells in (line.split(",") for line in lines[1:])}
    with Store(sqlite_address(tmp_path / "out" / "grader.db")) as store:
        assert {run.student: run.points for run in runs(store.database)} == written == {"ann": 7.0, "ben": 4.0}
        log = {(each.student, each.before, each.after) for each in log_entries(store.database, assignment="tiny")}
        assert {("ann", "5.0", "7.0"), ("ben", "2.0", "4.0")} <= log
