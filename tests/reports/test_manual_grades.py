"""What people gave manually, merged into what the checks found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import check, internal, passing, question, report

from autograder.checks.errors import UsageError
from autograder.messages import OTHER_VARIANT, UNKNOWN_STUDENT
from autograder.reports.grades import grades
from autograder.reports.manual_grades import (
    HandGrade,
    HandGrades,
    read_hand_grades,
    with_hand_grades,
    write_hand_grades,
)
from autograder.reports.pages import Heading, student_page
from autograder.results import Verdict
from autograder.scoring import with_open_points

ADA = report("ada", question("a", check("one", Verdict.FAILED), check("two", Verdict.PASSED)))


def laid(*given, made=ADA, **more):
    """The report with these grades."""
    return with_hand_grades([made], HandGrades("tiny", given, **more))[0]


def test_manual_points_take_the_place_of_a_check_s():
    """Check, question, report and spreadsheet agree; the verdict stays what the check found."""
    made = laid(HandGrade("ada", "tiny", "one", 2, 0, manual=1.5, extra_credit=0.25, comment="Nearly."))
    one = made.questions[0].checks[0]
    assert (one.points, one.verdict) == (1.75, Verdict.FAILED)
    assert one.message.startswith("Manually graded: 1.75 of 2. Comment: Nearly.\n")
    assert (made.questions[0].points, made.points, made.max_points) == (3.75, 3.75, 4)
    assert grades([made]).splitlines()[1] == '"ada",3.75,3.75,0,3.75,4,"1 failed, 1 passed",'


def test_a_comment_alone_changes_no_points():
    """It is read beside the check's own message."""
    made = laid(HandGrade("ada", "tiny", "two", 2, 2, comment="Nice."))
    assert made.points == ADA.points
    assert made.questions[0].checks[1].message == "Comment: Nice."


def test_a_comment_is_in_the_feedback_as_text():
    """Students read it on their page; markup in it is only text."""
    made = laid(HandGrade("ada", "tiny", "one", 2, 0, manual=1, comment="<b>Nearly</b>"))
    page = student_page(made, Heading("Course", "Tiny"))
    assert "Comment: &lt;b&gt;Nearly&lt;/b&gt;" in page


def test_a_check_that_we_could_not_run_is_resolved_by_a_person():
    """It counts again, and the report is no longer flagged."""
    made = laid(HandGrade("ada", "tiny", "one", 2, None, manual=2), made=internal("ada"))
    assert (made.internal, made.points, made.max_points) == (False, 4, 4)
    assert made.questions[0].checks[0].message == "Manually graded: 2 of 2."


def test_a_cell_without_a_check_becomes_one():
    """An essay's points are added, to the points and to the maximum."""
    made = laid(HandGrade("ada", "hw", "essay", 5, None, manual=4))
    assert (made.points, made.max_points) == (6, 9)
    assert made.questions[-1].title == "Manually graded"
    assert made.questions[-1].checks[0].verdict is Verdict.PARTIAL


def test_a_cell_that_waits_is_reported_and_not_counted():
    """Nobody loses points for what has not been read."""
    made = laid(HandGrade("ada", "hw", "essay", 5, needs_review=True))
    assert (made.points, made.max_points) == (ADA.points, ADA.max_points)
    assert made.notes == ("Not manually graded yet, and not in the points: essay.",)


def test_a_comment_on_a_cell_without_points_is_a_note():
    """As on a file of a module."""
    assert laid(HandGrade("ada", "tiny", "file-x", comment="Good names.")).notes == ("Comment on file-x: Good names.",)


def test_points_for_lateness_are_taken_off_and_reported():
    """Never below nothing."""
    made = laid(late_penalties={"ada": 0.5})
    assert (made.points, made.notes) == (1.5, ("Handed in late: 0.5 points taken off.",))
    assert laid(late_penalties={"ada": 50.0}).points == 0


def test_points_for_an_earlier_submission_are_reported():
    """Somebody handed in again after a person had graded: the points stay, and the page says so."""
    again = replace(ADA, replay=replace(ADA.replay, submission_sha256="new"))
    given = HandGrade("ada", "tiny", "one", 2, 0, manual=1)
    assert "handed in after points were given manually" in laid(given, made=again, submissions={"ada": "old"}).notes[0]
    assert laid(given, made=again, submissions={"ada": "new"}).notes == ()


def test_other_students_and_other_assignments_are_as_they_were():
    """Grades are merged into the reports of the students who got them."""
    given = HandGrade("ada", "tiny", "one", 2, 0, manual=1)
    assert laid(given, made=replace(ADA, student="bob")) == replace(ADA, student="bob")
    assert laid(given, made=replace(ADA, assignment="other")) == replace(ADA, assignment="other")
    assert with_hand_grades([ADA], None) == (ADA,)


def test_a_check_of_the_notebook_s_question_goes_first():
    """Two notebooks may have cells of the same name."""
    both = report("ada", question("n1", check("t", Verdict.FAILED)), question("n2", check("t", Verdict.FAILED)))
    made = laid(HandGrade("ada", "n2", "t", 2, 0, manual=1), made=both)
    assert [each.points for each in made.questions] == [0, 1]


def test_the_file_is_read_as_it_was_written(tmp_path):
    """And a folder without one has none."""
    data = HandGrades("tiny", (HandGrade("ada", "tiny", "one", 2, 0, 1.5, 0.5, "ü", True),), {"ada": 1.0}, {"ada": "f"})
    assert read_hand_grades(tmp_path) is None
    write_hand_grades(data, tmp_path / "manual_grades.json")
    assert read_hand_grades(tmp_path) == data


def test_a_broken_file_is_reported(tmp_path):
    """With what to do."""
    (tmp_path / "manual_grades.json").write_text("{")
    with pytest.raises(UsageError, match="manual_grades.json cannot be read: .*import nbgrader --grades"):
        read_hand_grades(tmp_path)


@pytest.mark.parametrize("why", [OTHER_VARIANT, UNKNOWN_STUDENT])
def test_points_of_a_person_decide_nothing_about_a_variant(why):
    """Whoever handed in another variant, or is unknown, has no final grade before that is cleared up."""
    given = HandGrades("tiny", (HandGrade("ann", "a", "one", 2.0, None, 2.0),))
    (made,) = with_hand_grades([replace(passing("ann"), not_final=why)], given)
    assert made.not_final == why
    (made,) = with_hand_grades([replace(with_open_points(internal("ann")), not_final=why)], given)
    assert (made.not_final, made.points) == (why, 4.0)
    (made,) = with_hand_grades([replace(with_open_points(internal("ann")), not_final="The check failed.")], given)
    assert made.not_final == ""
