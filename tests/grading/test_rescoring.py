"""Reports whose points and titles changed: what scoring anew gives is what grading again would give."""

from __future__ import annotations

from dataclasses import replace

import predictions_course
import pytest
import written_course
from fake_sandbox import FakeSandbox
from samples import unmeasured
from tiny_course import RIGHT, make_course

from autograder.grading import RunOptions, grade
from autograder.grading.provenance import result_key
from autograder.grading.rescoring import rescored
from autograder.loader import load
from autograder.results import Visibility
from autograder.submissions import collect

ASSIGNMENT = '''
"""Doubling."""
from autograder import Assignment, Case, Limits
from autograder.checks import Credit, same

assignment = Assignment("Doubling", files=["tiny.py"], limits=Limits(wall_seconds=5, cpu_seconds=5))
first = assignment.question("Double", id="a", solution="double")
second = assignment.question("More", id="b", solution="double", bonus=True)

@first.check(points=2)
def doubles_one(student):
    """Twice one is two."""
    same(student.double(1), 2, name="double")

@first.check(hidden=True, hint="Think.", cases={"one": 1, "two": Case(2, hint="Two."), "three": 3})
def doubles(student, case):
    """Twice a number is right."""
    number = {"one": 1, "two": 2, "three": 3}[case]
    same(student.double(number), 2 * number, name="double")

@first.check(points=3, hidden=True)
def in_parts(student):
    """A third of it is right."""
    student.double(1)
    return Credit(1 / 3, "One of three.")

@second.check(points=1, needs=doubles_one)
def doubles_text(student):
    """Twice a text is the text written twice."""
    same(student.double("ab"), "abab", name="double")
'''
CHANGED = (
    ASSIGNMENT.replace("points=2)", "points=4.5)")
    .replace('cases={"one": 1', 'cases={"one": 0.25')
    .replace("Case(2,", "Case(2.5,")
    .replace("points=3, hidden=True)", 'points=10, hidden=True, visible="never")')
    .replace("A third of it", "One part of three")
    .replace("Twice one is two.", "One doubled is two.")
    .replace('"More"', '"Much more"')
    .replace(", bonus=True", "")
)
ANSWERS = {
    "right": lambda x: x + x,
    "none right": lambda x: None,
    "one wrong case": lambda x: 0 if x == 2 else 2 * x,
    "only three": lambda x: 6,
}


@pytest.fixture
def course(tmp_path):
    """The assignment under either source, and a submission."""
    root = make_course(tmp_path / "course")
    inbox = tmp_path / "inbox" / "ada"
    inbox.mkdir(parents=True)
    (inbox / "tiny.py").write_text(RIGHT)
    (submission,) = collect(inbox.parent, ("tiny.py",), tmp_path / "staging")

    def loaded(source):
        (root / "assignments/tiny/assignment.py").write_text(source)
        return load(root, "tiny")

    return loaded, submission


def graded(loaded, submission, answer):
    """A report, without what is another number in each run."""
    made = grade(loaded, submission, FakeSandbox({"double": answer}), None, RunOptions("seed"))
    return unmeasured(made)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_scoring_anew_gives_what_grading_again_gives(course, answer):
    """After points, titles, bonus and visibility changed, both ways lead to the same report, in either direction."""
    loaded, submission = course
    before, after = loaded(ASSIGNMENT), loaded(CHANGED)
    assert rescored(graded(before, submission, answer), after) == graded(after, submission, answer)
    assert rescored(graded(after, submission, answer), before) == graded(before, submission, answer)


def test_changed_points_are_no_other_result(course):
    """The key under which results are kept stays, and changes with what a check does."""
    loaded, submission = course
    keys = [
        result_key(loaded(source), submission, None, RunOptions("seed"), "none")
        for source in (ASSIGNMENT, CHANGED, ASSIGNMENT.replace("1 / 3", "1 / 2"))
    ]
    assert keys[0] == keys[1] != keys[2]


def test_an_unchanged_assignment_leaves_its_reports(course):
    """Nothing is made anew where no file of the assignment changed."""
    loaded, submission = course
    report = graded(loaded(ASSIGNMENT), submission, ANSWERS["right"])
    assert rescored(report, loaded(ASSIGNMENT)) is report


def test_a_report_from_before_credit_was_kept_has_it_from_its_points(course):
    """Where a report does not say what part was earned, its points do."""
    loaded, submission = course
    report = graded(loaded(ASSIGNMENT), submission, ANSWERS["right"])
    first = report.questions[0]
    old = replace(first, checks=tuple(replace(check, credit=0.0) for check in first.checks))
    again = rescored(replace(report, questions=(old, *report.questions[1:])), loaded(CHANGED))
    found = next(check for check in again.questions[0].checks if check.id == "in_parts")
    assert (found.points, found.max_points, found.visible) == (3.33, 10.0, Visibility.NEVER)


def test_points_of_predictions_are_scored_anew(tmp_path):
    """After the points of predictions changed, the report is the one that grading again gives."""
    before = predictions_course.loaded_course(tmp_path / "course")
    some = dict.fromkeys(predictions_course.LABELS, "0") | dict(list(predictions_course.LABELS.items())[:30])
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "predictions.csv").write_text(predictions_course.csv_of(some))
    (submission,) = collect(tmp_path / "in", before.assignment.handed_in, tmp_path / "staging")
    made = unmeasured(grade(before, submission, FakeSandbox({}), None, RunOptions("seed")))
    source = predictions_course.ASSIGNMENT.replace("points=6", 'visible="never", points=8')
    after = predictions_course.loaded_course(tmp_path / "course", assignment=source)
    assert after.run == before.run
    again = unmeasured(grade(after, submission, FakeSandbox({}), None, RunOptions("seed")))
    assert (made.max_points, again.max_points) == (6, 8)
    assert 0 < again.points < 8
    assert rescored(made, after) == again


@pytest.mark.parametrize("handed_in", ["# Answers\n\n## (why) Why?\n\nBecause.\n", "", "unchanged"])
def test_points_of_written_answers_are_scored_anew(tmp_path, handed_in):
    """After points and rubric of a written answer changed, the report is the one that grading again gives."""
    root = written_course.make_course(tmp_path / "course")
    before = load(root, "theory")
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "tiny.py").write_text(RIGHT)
    if handed_in != "unchanged":
        (tmp_path / "in" / "ada" / "answers.md").write_text(handed_in)
    (submission,) = collect(tmp_path / "in", before.assignment.handed_in, tmp_path / "staging")
    sandbox = FakeSandbox({"double": lambda x: x + x})
    made = unmeasured(grade(before, submission, sandbox, None, RunOptions("seed")))
    script = root / "assignments/theory/assignment.py"
    script.write_text(
        script.read_text()
        .replace("points=5", "points=7")
        .replace('"gives an example": 2', '"gives two examples": 4')
        .replace("Prove it.", "Prove that.")
    )
    after = load(root, "theory")
    assert after.run == before.run
    again = unmeasured(grade(after, submission, sandbox, None, RunOptions("seed")))
    assert "7 points" in again.questions[1].checks[0].message
    assert rescored(made, after) == again
