"""What a second grading changes: who gains, who loses, by which check."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.reports.pages import Heading, changes_page
from autograder.reports.regrading import (
    better,
    blamed,
    change_sentence,
    changes,
    changes_csv,
    keep_best,
    kept,
    signed,
    who_keeps,
    with_kept,
)
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict
from autograder.scoring import question_points, report_points, rounded

HEADING = Heading("Course", "Homework")


def report(student: str, *points: float, most: float = 4.0, sha256: str = "one") -> Report:
    """A report with a check for each number of points, called c0, c1 ..."""
    checks = tuple(
        CheckResult(
            f"c{n}", f"Title {n}.", True, Verdict.PASSED if each == most else Verdict.FAILED, each, most, 0.0, ""
        )
        for n, each in enumerate(points)
    )
    question = QuestionResult("a", "A", *question_points(checks), False, checks)
    about = (*report_points([question]), (question,), Resources(), Replay(submission_sha256=sha256))
    return Report("hw", student, *about)


classes = st.dictionaries(st.sampled_from("abcde"), st.lists(st.integers(0, 4), min_size=1, max_size=3), max_size=5)


@given(classes, classes)
def test_differences_add_up_to_the_difference_of_the_class(first, second):
    """What students gain and lose is together what the class gains, whoever was graded when."""
    old = [report(name, *points) for name, points in first.items()]
    new = [report(name, *points) for name, points in second.items()]
    found = changes(old, new)
    total = sum(each.points for each in new) - sum(each.points for each in old)
    assert rounded(sum(each.difference for each in found)) == rounded(total)
    assert [each.difference for each in found] == sorted(each.difference for each in found)


@given(classes)
def test_the_same_class_has_no_change(drawn):
    """Nothing is said to change where every report is what it was."""
    reports = [report(name, *points) for name, points in drawn.items()]
    assert changes(reports, reports) == ()
    assert change_sentence((), len(reports)).startswith("Nothing changes: ")


@given(classes, classes)
def test_a_difference_of_a_student_is_that_of_the_checks(first, second):
    """By which checks points were gained and lost explains the whole of it."""
    old = [report(name, *points) for name, points in first.items()]
    new = [report(name, *points) for name, points in second.items()]
    for each in changes(old, new):
        if each.before is not None and each.after is not None:
            assert rounded(sum(check.difference for check in each.checks)) == each.difference


def test_a_check_is_named_with_all_that_it_changed():
    """Checks are listed by the points of everybody, most losses first."""
    old = [report("ada", 4, 0), report("ben", 4, 4)]
    new = [report("ada", 0, 4), report("ben", 0, 4)]
    assert [(check.id, count, points) for check, count, points in blamed(changes(old, new))] == [
        ("c0", 2, -8.0),
        ("c1", 1, 4.0),
    ]


def test_who_gains_and_loses_is_said_in_a_line():
    """The sentence counts both, and names the largest change."""
    found = changes(
        [report("ada", 4), report("ben", 0), report("cem", 4)], [report("ada", 3), report("ben", 4), report("cem", 4)]
    )
    said = "1 student gains, 1 student loses, 1 keeps their points; the largest change is +4."
    assert change_sentence(found, 3) == said


@pytest.mark.parametrize(("points", "text"), [(2.0, "+2"), (-0.5, "-0.5"), (0.0, "0")])
def test_points_gained_have_a_sign(points, text):
    """Gains have a plus, losses a minus."""
    assert signed(points) == text


def test_somebody_who_was_not_graded_before_or_after_is_listed():
    """Who came or went has no points on the other side, and no checks are compared."""
    found = changes([report("ada", 4)], [report("ben", 4)])
    assert [(each.student, each.before, each.after, each.checks) for each in found] == [
        ("ada", 4.0, None, ()),
        ("ben", None, 4.0, ()),
    ]


def test_the_csv_has_a_line_for_each_check():
    """Every check that changed has a line with its points and verdicts, before and after."""
    found = changes([report("=ada", 4, 4)], [report("=ada", 0, 3)])
    rows = list(csv.DictReader(io.StringIO(changes_csv(found))))
    assert [(row["student"], row["difference"], row["check"], row["verdict_after"]) for row in rows] == [
        ("'=ada", "-5", "c0", "FAILED"),
        ("'=ada", "-5", "c1", "FAILED"),
    ]


def test_the_page_has_a_plot_and_everybody_who_changed():
    """The page names checks and students, draws who moved, and says that another submission was graded."""
    old, new = [report("<b>ada", 4), report("ben", 1)], [report("<b>ada", 0), report("ben", 1)]
    page = changes_page(changes(old, new), 2, HEADING)
    assert "&lt;b&gt;ada" in page
    assert "<b>ada" not in page
    assert page.count("<line ") == 1
    assert "ben" not in page
    other = changes_page(changes(old, [report("<b>ada", 0, sha256="two")]), 1, HEADING)
    assert "another submission" in other


def test_a_page_without_changes_says_so():
    """Where nothing changed there is neither plot nor table."""
    page = changes_page((), 3, HEADING)
    assert "Nothing changes: 3 students have the points that they had." in page
    assert "<svg" not in page


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        (report("ada", 4), report("ada", 3), True),
        (report("ada", 3), report("ada", 3), False),
        (report("ada", 4), report("ada", 3, sha256="two"), False),
        (replace(report("ada", 4), not_final="why"), report("ada", 3), False),
        (None, report("ada", 3), False),
    ],
    ids=["worse now", "as many", "another submission", "not final before", "nothing before"],
)
def test_the_better_report_is_of_the_same_submission(old, new, first):
    """The earlier report counts where it gives more for the very same submission, and is a grade at all."""
    assert (better(new, old) is old) is first


def test_the_better_result_is_kept_until_something_else_is_handed_in(tmp_path):
    """Who would lose keeps the earlier report, with a note, in any later grading of the same submission."""
    old, new = [report("ada", 4), report("ben", 1)], [report("ada", 2), report("ben", 3)]
    keep_best(tmp_path, old, new)
    assert who_keeps(tmp_path, new) == ("ada",)
    assert set(kept(tmp_path)) == {"ada"}
    ada, ben = with_kept(tmp_path, new)
    assert (ada.points, ben.points) == (4.0, 3.0)
    assert ada.notes == ("This is the result of an earlier grading, which gave more points than a later one.",)
    (later,) = with_kept(tmp_path, [report("ada", 2, sha256="two")])
    assert later.points == 2.0
    assert with_kept(tmp_path / "nowhere", new) == tuple(new)


def test_an_earlier_report_counts_with_the_present_points():
    """Where the checks are the same, what an earlier report found is worth what it is worth now."""
    old, new = report("ada", 4, 0), report("ada", 2, 0, most=2.0)
    assert better(new, old, lambda _: new) is new
    counts = better(report("ada", 0, 0, most=2.0), old, lambda _: new)
    assert (counts.points, counts.max_points, counts.replay) == (2.0, 4.0, old.replay)


def test_reports_with_other_checks_are_compared_by_shares():
    """Half of eight points is no more than half of four, and three of four are more than half of eight."""
    half = report("ada", 4, 0)
    assert better(report("ada", 2, most=4.0), half).points == 2.0
    assert better(half, report("ada", 3, most=4.0)).points == 3.0
