"""nbgrader's gradebook: what is written into it, what of it is never touched, and what comes back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader_folders import ESSAY, RIGHT, STUB, graded, notebook, write_course
from samples import check, internal, question, report

from autograder.checks.errors import UsageError
from autograder.formats.nbgrader.gradebook import (
    Graded,
    Person,
    _comment,
    hand_grades,
    write_gradebook,
)
from autograder.formats.nbgrader.gradebook_file import course_directory
from autograder.notebooks import Cell, read
from autograder.reports.graded_notebook import GradedCell, graded_notebooks
from autograder.results import Verdict, Visibility

RELEASED = {"hw": read(notebook(STUB, ESSAY), "hw.ipynb")}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A gradebook with its tables and nothing else, made once: nbgrader runs a program for each new one."""
    home = tmp_path_factory.mktemp("empty")
    write_gradebook("none", (), course_directory(home))
    return home / "gradebook.db"


@pytest.fixture
def home(tmp_path, empty):
    """A course's folder with a gradebook."""
    write_course(tmp_path, ada="Because.")
    shutil.copy(empty, tmp_path / "gradebook.db")
    return tmp_path


def essay(student="ada", answer="Because.", verdict=Verdict.PASSED, **more):
    """A graded notebook with an essay."""
    files = {"hw.ipynb": notebook(RIGHT, answer)}
    return Graded(student, graded_notebooks(graded(student, verdict), files, RELEASED), **more)


def export(home, *submissions, **more):
    """Write them."""
    return write_gradebook("ps1", submissions, course_directory(home), **more)


def rows(home, query):
    """What the database says."""
    with closing(sqlite3.connect(home / "gradebook.db")) as database:
        return database.execute(query).fetchall()


GRADES = """select base_cell.name, auto_score, manual_score, extra_credit, needs_manual_grade from grade
    join base_cell on base_cell.id = grade.cell_id order by base_cell.name"""


def by_hand(home, cell, score, extra=None):
    """What formgrader does when somebody types a score."""
    with closing(sqlite3.connect(home / "gradebook.db")) as database:
        database.execute(
            "update grade set manual_score = ?, extra_credit = ?, needs_manual_grade = 0"
            " where cell_id in (select id from base_cell where name = ?)",
            (score, extra, cell),
        )
        database.execute(
            "update comment set manual_comment = 'Well said.' where cell_id in"
            " (select id from base_cell where name = ? and type = 'SolutionCell')",
            (cell,),
        )
        database.commit()


def test_scores_and_what_waits_for_a_person(home):
    """A check gives the test cell its points; the essay waits."""
    written = export(home, essay())
    assert rows(home, GRADES) == [("essay", None, None, None, 1), ("test_add", 2.0, None, None, 0)]
    assert (written.submissions, written.notebooks, written.waiting) == (1, 1, 1)
    assert rows(home, "select max_score from grade_cells order by max_score") == [(2.0,), (5.0,)]


def test_the_gradebook_has_nbgrader_s_version(home):
    """It is complete, so that nbgrader takes it for its own."""
    assert len(rows(home, "select version_num from alembic_version")) == 1
    export(home, essay())
    assert rows(home, "select id from course") == [("default_course",)]


def test_the_notebook_is_where_formgrader_looks(home):
    """In autograded/STUDENT/ASSIGNMENT, and the assignment's folder exists."""
    export(home, essay())
    node = nbformat.read(home / "autograded" / "ada" / "ps1" / "hw.ipynb", as_version=4)
    assert "Because." in [cell.source for cell in node.cells]
    assert (home / "source" / "ps1").is_dir()


def test_a_manual_score_is_never_overwritten(home):
    """The same results again change nothing: not the score, not the comment, not the flag."""
    export(home, essay())
    by_hand(home, "test_add", 1.5, 0.25)
    before = rows(home, GRADES), rows(home, "select manual_comment from comment order by id")
    export(home, essay())
    assert (rows(home, GRADES), rows(home, "select manual_comment from comment order by id")) == before
    assert before[0][1] == ("test_add", 2.0, 1.5, 0.25, 0)


def test_another_automatic_score_below_a_manual_one_is_flagged(home):
    """The person's score stays, and formgrader shows the cell for review."""
    export(home, essay())
    by_hand(home, "test_add", 1.5)
    assert export(home, essay(verdict=Verdict.FAILED)).waiting == 2
    assert rows(home, GRADES)[1] == ("test_add", 0.0, 1.5, None, 1)


def test_another_submission_below_a_manual_score_is_flagged(home):
    """An essay that was graded and then written again has to be read again."""
    export(home, essay())
    by_hand(home, "essay", 4.0)
    export(home, essay())
    assert rows(home, GRADES)[0] == ("essay", None, 4.0, None, 0)
    export(home, essay(answer="Because of something else."))
    assert rows(home, GRADES)[0] == ("essay", None, 4.0, None, 1)


def test_a_changed_automatic_score_alone_needs_nobody(home):
    """Where no person gave anything, the new score simply counts."""
    export(home, essay())
    export(home, essay(verdict=Verdict.FAILED))
    assert rows(home, GRADES)[1] == ("test_add", 0.0, None, None, 0)


def test_an_untouched_essay_is_zero_with_a_comment(home):
    """As nbgrader does it: no response."""
    export(home, essay(answer=ESSAY))
    assert rows(home, GRADES)[0] == ("essay", 0.0, None, None, 0)
    assert ("No response.",) in rows(home, "select auto_comment from comment")


def test_a_missing_notebook_is_zero_and_has_no_file(home):
    """Nothing is shown for it, and an older file goes away."""
    export(home, essay())
    export(home, Graded("ada", graded_notebooks(graded("ada", Verdict.MISSING), {}, RELEASED)))
    assert rows(home, GRADES) == [("essay", 0.0, None, None, 0), ("test_add", 0.0, None, None, 0)]
    assert not (home / "autograded" / "ada" / "ps1" / "hw.ipynb").exists()


def test_our_own_fault_waits_for_a_person(home):
    """A check that could not be run has no score."""
    write_gradebook("tiny", [Graded("ada", graded_notebooks(internal("ada"), {}, {}))], course_directory(home))
    assert rows(home, GRADES) == [("one", None, None, None, 1), ("two", 2.0, None, None, 0)]


def test_a_check_that_is_new_in_the_assignment_gets_a_place(home):
    """Submissions that were there before it get its cell, too, and old scores stay."""
    course = course_directory(home)
    first = report("ada", question("a", check("one", Verdict.PASSED)))
    second = report("ada", question("a", check("one", Verdict.PASSED), check("two", Verdict.FAILED)))
    for each in (first, second):
        write_gradebook("tiny", [Graded("ada", graded_notebooks(each, {}, {}))], course)
    assert [row[:2] for row in rows(home, GRADES)] == [("one", 2.0), ("two", 0.0)]
    assert len(rows(home, "select id from comment")) == 2


def test_a_report_of_one_question_leaves_the_others_alone(home):
    """What was not run this time keeps its score."""
    course = course_directory(home)
    whole = report("ada", question("a", check("one", Verdict.PASSED)), question("b", check("two", Verdict.PASSED)))
    part = report("ada", question("a", check("one", Verdict.FAILED)))
    for each in (whole, part):
        write_gradebook("tiny", [Graded("ada", graded_notebooks(each, {}, {}))], course)
    assert [row[:2] for row in rows(home, GRADES)] == [("one", 0.0), ("two", 2.0)]


def test_names_fill_what_is_empty(home):
    """What the gradebook knows of a student stays."""
    export(home, essay(person=Person("Ada", "Lovelace")))
    export(home, essay(person=Person("A.", "L.", "ada@example.org")))
    assert rows(home, "select first_name, last_name, email from student") == [("Ada", "Lovelace", "ada@example.org")]


def test_lateness_and_the_course_s_own_penalty(home):
    """The time of handing in is kept, and the plugin that nbgrader_config.py names takes its points."""
    (home / "late.py").write_text(
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        "class Late(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 0.5\n"
    )
    (home / "nbgrader_config.py").write_text(
        f"import sys\nsys.path.insert(0, {str(home)!r})\nimport late\nsys.path.remove({str(home)!r})\n"
        "c = get_config()\nc.AssignLatePenalties.plugin_class = late.Late\n"
    )
    late = essay(received=datetime(2026, 2, 3, 10))
    export(home, late, due=datetime(2026, 2, 1))
    assert rows(home, "select timestamp from submitted_assignment") == [("2026-02-03 10:00:00.000000",)]
    assert rows(home, "select late_submission_penalty from submitted_notebook") == [(0.5,)]
    assert hand_grades("ps1", course_directory(home)).late_penalties == {"ada": 0.5}
    export(home, late, due=datetime(2026, 3, 1))
    assert rows(home, "select late_submission_penalty from submitted_notebook") == [(None,)]


def test_the_folders_of_the_configuration_are_used(home):
    """A course may call its folders as it likes."""
    (home / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.autograded_directory = "machine"\nc.CourseDirectory.course_id = "ml"\n'
    )
    export(home, essay())
    assert (home / "machine" / "ada" / "ps1" / "hw.ipynb").is_file()


def test_a_configuration_that_is_wrong_is_reported(home):
    """The file, and what it raised."""
    (home / "nbgrader_config.py").write_text("1 / 0\n")
    with pytest.raises(UsageError, match=r"nbgrader_config.py: ZeroDivisionError: division by zero; correct the file"):
        course_directory(home)


def test_what_people_gave_comes_back(home):
    """Scores, extra credit, comments, and what waits; under the student's own name."""
    export(home, essay(), essay("bob-1"))
    by_hand(home, "essay", 4.0, 0.5)
    found = hand_grades("ps1", course_directory(home), names={"bob-1": "bob <b>"})
    assert [(each.student, each.cell) for each in found.grades] == [("ada", "essay"), ("bob <b>", "essay")]
    first = found.grades[0]
    assert (first.manual, first.extra_credit, first.comment, first.needs_review) == (4.0, 0.5, "Well said.", False)
    assert (first.max_score, first.automatic, first.points, first.notebook) == (5.0, None, 4.5, "hw")


def test_an_assignment_that_the_gradebook_does_not_know_is_reported(home):
    """The sentence lists those that it has."""
    export(home, essay())
    with pytest.raises(UsageError, match="has no assignment 'ps2'; it has none, ps1"):
        hand_grades("ps2", course_directory(home))


def test_a_file_that_is_no_gradebook_is_reported(tmp_path):
    """With what the database says, and what to try."""
    (tmp_path / "gradebook.db").write_bytes(b"no database at all, but quite a long text" * 100)
    with pytest.raises(UsageError, match="Cannot use the gradebook .*: file is not a database; .*nbgrader db upgrade"):
        export(tmp_path, essay())


def test_the_path_of_programs_is_as_before(home):
    """nbgrader's helper is on it only meanwhile."""
    before = os.environ["PATH"]
    export(home, essay())
    assert os.environ["PATH"] == before
    assert Path(home / "gradebook.db").is_file()


@pytest.mark.parametrize("visible", list(Visibility))
def test_comments_say_nothing_of_a_check_that_is_shown_later(visible) -> None:
    """A comment is in the feedback that nbgrader makes, whenever that is, so only what is always shown is in it."""
    found = replace(check("one", Verdict.FAILED), visible=visible, message="Said.")

    expected = "Said." if visible is Visibility.ALWAYS else None
    assert _comment(GradedCell(Cell("code", "x"), (), found), handed_in=True) == expected
