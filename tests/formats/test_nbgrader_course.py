"""Courses in nbgrader's folders: what is read, what counts, what students read, and what differs from nbgrader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from nbgrader_course import MORE, TWELVE, answer, asserts, code, course_of, handed_in, make_course, notebook, place

from autograder.checks.errors import InstructorError, UsageError
from autograder.formats.nbgrader import (
    Course,
    collect_course,
    find_course,
    grade,
    load,
    open_course,
    times_of,
)
from autograder.formats.nbgrader.cell_results import points_of
from autograder.formats.nbgrader.config import CONFIG_FILE, Settings, read_settings
from autograder.formats.nbgrader.grading import lost_report, result_key
from autograder.formats.nbgrader.importing import import_course, survey, write_config
from autograder.grading import RunOptions
from autograder.notebooks import Cell
from autograder.pictures.raster import words_of
from autograder.remote.notebook import CellRun
from autograder.reports.pages import Heading, student_page
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import Sandbox, start, why_not
from autograder.submissions import Submission
from autograder.worker.shell import PREPARED

OPTIONS = RunOptions("")
Grading = Callable[..., Report]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A warm one, with IPython in it."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=(*PREPARED, "numpy", "numpy.testing")) as started:
        yield started


@pytest.fixture
def graded(sandbox: Sandbox, tmp_path: Path) -> Grading:
    """Grades one student's cells (or a student of the sample class) in a course of its own."""
    tmp_path.chmod(0o755)

    def run(cells: list[dict[str, object]] | None, *, seconds: float = 1.0) -> Report:
        course = open_course(make_course(tmp_path / "course", {"ann": cells}, seconds=seconds))
        assignment = load(course, "hw1")
        (submission,) = collect_course(assignment, tmp_path / "staging")
        return grade(assignment, submission, sandbox, OPTIONS)

    return run


def points(report: Report) -> list[float]:
    """Of each check that counts."""
    return [check.points for question in report.questions for check in question.checks if not check.by_hand]


def check(report: Report, name: str) -> CheckResult:
    """A check by its grade id."""
    return next(check for question in report.questions for check in question.checks if check.id == name)


EXPECTED = {
    "a_right": [2, 3, 4, 4],
    "b_partial": [2, 3, 1, 2],
    "c_hidden_fails": [0, 3, 4, 4],
    "d_deleted_cell": [2, 3, 4, 4],
    "e_edited_test": [2, 0, 4, 4],
    "f_endless_loop": [0, 3, 4, 4],
    "g_dead_kernel": [2, 0, 4, 4],
    "h_exit": [2, 3, 4, 4],
    "i_huge_output": [2, 3, 4, 4],
    "j_syntax_error": [2, 0, 4, 4],
    "k_missing": [0, 0, 0, 0],
    "l_warns": [2, 3, 4, 4],
    "m_forger": [0, 3, 4, 4],
    "z_duplicated_cell": [2, 3, 4, 4],
}


@pytest.mark.parametrize("student", EXPECTED)
def test_every_kind_of_notebook_gets_what_it_deserves(graded: Grading, student: str) -> None:
    """One bad cell costs its own points, and no others."""
    report = graded({**TWELVE, **MORE}[student])
    assert points(report) == EXPECTED[student]
    assert (report.points, report.max_points, report.internal) == (sum(EXPECTED[student]), 13, False)


def test_every_test_cell_is_marked_as_run_in_process(graded: Grading) -> None:
    """In the report and on the page, whose tooltip says what that means."""
    report = graded(handed_in())
    (question,) = report.questions
    assert [each.in_process for each in question.checks] == [True, True, True, True, False]
    page = student_page(report, Heading("tiny101", "hw1"))
    assert page.count('<span class="tag" title="These assertions ran in the same process as your code') == 4


def test_questions_are_notebooks_and_checks_are_cells_with_their_headings(graded: Grading) -> None:
    """Titles are found above the cells; hidden is what students cannot see."""
    (question,) = graded(handed_in()).questions
    assert (question.id, question.title) == ("hw1", "Homework 1")
    assert [(each.id, each.title, each.hidden) for each in question.checks] == [
        ("add_tests", "Adding (add_tests)", True),
        ("mul_tests", "Multiplying (mul_tests)", True),
        ("mean_tests", "Means (mean_tests)", False),
        ("share_tests", "Means (share_tests)", False),
        ("essay", "Means (essay)", False),
    ]


def test_a_written_answer_waits_for_a_person(graded: Grading) -> None:
    """It is listed with its points, which count in no sum."""
    report = graded(handed_in(essay="Why are sums shorter than products?"))
    essay = check(report, "essay")
    assert (essay.verdict, essay.points, essay.max_points, essay.by_hand) == (Verdict.MANUAL, 0, 0, 5)
    assert "A person grades this answer: 5 points." in essay.message
    assert report.max_points == 13
    assert ">to be graded by a person: 5</span>" in student_page(report, Heading("tiny101", "hw1"))


def test_the_words_of_a_hidden_test_are_for_staff_alone(graded: Grading) -> None:
    """A student reads that a hidden test fails, not what it asks."""
    report = graded(handed_in(add="def add(a, b):\n    return abs(a) + abs(b)"))
    failed = check(report, "add_tests")
    assert failed.verdict is Verdict.FAILED
    assert failed.message == "The answer is not the expected one. It is a hidden test that does not hold."
    assert failed.staff_message == "secret\nThis does not hold: add(-1, -2) == -3"
    assert "secret" not in student_page(report, Heading("tiny101", "hw1"))


def test_a_visible_test_is_quoted_though_hidden_ones_came_before(graded: Grading) -> None:
    """What does not hold is shown as the release has it."""
    report = graded(handed_in(mul="def mul(a, b):\n    return 0"))
    assert check(report, "mul_tests").message == "This does not hold: mul(2, 3) == 6"


SPY = """
import sys
def add(a, b):
    return a + b
def mul(a, b):
    everything = str(In) + str(get_ipython().user_ns.get("_ih"))
    frame = sys._getframe()
    while frame:
        everything += str(frame.f_code.co_consts) + str(frame.f_locals.get("source"))
        frame = frame.f_back
    print(everything)
    raise ValueError(everything)
"""


def test_what_a_submission_read_of_hidden_tests_is_not_shown_to_it(graded: Grading) -> None:
    """It can look at the tests that run in its process; what it prints and raises then goes to staff only."""
    report = graded(handed_in(add=SPY, mul="pass"))
    (question,) = report.questions
    assert "secret" not in student_page(report, Heading("tiny101", "hw1"))
    assert "-4" not in check(report, "mul_tests").message
    assert "secret" not in question.output


def test_an_error_of_the_students_own_is_reported_with_its_place(graded: Grading) -> None:
    """RAISED and not FAILED, with cell and line."""
    report = graded(handed_in(mean="def mean(numbers):\n    return numbers.total"))
    raised = check(report, "mean_tests")
    assert raised.verdict is Verdict.RAISED
    assert "raised AttributeError (line 2 of cell 10 of hw1.ipynb)" in raised.message


def test_a_failed_import_costs_its_cell_alone_and_is_quoted(graded: Grading) -> None:
    """The note names the package, the line and the cell."""
    report = graded([*handed_in(), code("import mxnet")])
    assert points(report) == [2, 3, 4, 4]
    assert any("did not come to its end: `import mxnet` in line 1 of cell " in note for note in report.notes)
    assert any("the package `mxnet` is not installed in the grading environment" in note for note in report.notes)


def test_another_notebook_is_reported_in_one_note(graded: Grading) -> None:
    """No list of deleted cells."""
    notes = graded([code("import math"), code("def other():\n    return 1")]).notes
    (note,) = [each for each in notes if each.startswith("hw1.ipynb: ")]
    assert "his looks like another notebook: none of the " in note


def test_a_stub_is_not_attempted(graded: Grading) -> None:
    """NotImplementedError has a verdict of its own; an answer cell that was deleted stands there as handed out."""
    cells = handed_in()
    del cells[place(cells, "mul")]
    report = graded(cells)
    assert check(report, "mul_tests").verdict is Verdict.NOT_ATTEMPTED
    assert check(report, "mul_tests").message == "Not attempted: the stub is still in place."
    assert any("'mul' was not handed in; it counts as not written" in note for note in report.notes)


def test_what_was_repaired_is_reported(graded: Grading) -> None:
    """Deleted and changed tests are named; an untouched release needs no word."""
    assert graded(TWELVE["a_right"]).notes == ("Handed in on 2026-10-01 at 12:00 UTC.",)


def test_a_deleted_test_is_put_back_with_a_note(graded: Grading) -> None:
    """The sentence names the cell."""
    (_, note) = graded(TWELVE["d_deleted_cell"]).notes
    assert note == "hw1.ipynb: The given cell 'mul_tests' was deleted; the handed-out one was used."


def test_an_endless_loop_says_how_long_it_ran(graded: Grading) -> None:
    """Its own time is up after as long as nbgrader's configuration says; no other cell waits."""
    report = graded(TWELVE["f_endless_loop"])
    assert check(report, "add_tests").verdict is Verdict.TIME
    assert check(report, "add_tests").message == "The cell ran for 1 s and was stopped."
    assert "wall" in report.resources.reached


STUBBORN = """
def add(a, b):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
"""


def test_a_loop_that_nothing_interrupts_costs_its_cell_alone(graded: Grading) -> None:
    """Its sandbox ends; the cells after it run in a new one."""
    report = graded(handed_in(add=STUBBORN), seconds=0.5)
    assert points(report) == [0, 3, 4, 4]
    assert "ran for more than 0.5 s and could not be interrupted" in check(report, "add_tests").message


def test_after_too_many_deaths_the_rest_was_never_reached(graded: Grading) -> None:
    """At most three restarts; a cell that was not run earns nothing, though it raised nothing."""
    cells = handed_in()
    at = place(cells, "add")
    report = graded([*cells[:at], *[code("import os; os._exit(0)") for _ in range(5)], *cells[at:]])
    assert points(report) == [0, 0, 0, 0]
    assert check(report, "add_tests").verdict is Verdict.CRASHED
    assert "never reached" in check(report, "add_tests").message


def test_the_instructors_files_are_beside_the_notebook(graded: Grading) -> None:
    """A data file of source/ is read by its plain name, also where the student handed in none."""
    report = graded(handed_in(mean="def mean(numbers):\n    assert open('numbers.csv').read() == '1,2,6\\n'\n"
                              "    return sum(numbers) / len(numbers)"))  # fmt: skip
    assert points(report) == [2, 3, 4, 4]


@pytest.mark.parametrize("accept", [True, False])
def test_a_notebook_under_another_name_is_taken_where_the_course_allows(tmp_path: Path, accept: bool) -> None:
    """With a note, as in other courses: it has the cells of the missing one; else it is named."""
    folder = make_course(tmp_path / "course", {"ann": handed_in()})
    handed = folder / "submitted" / "ann" / "hw1"
    (handed / "hw1.ipynb").rename(handed / "my_hw1_final.ipynb")
    (submission,) = collect_course(load(open_course(folder), "hw1"), tmp_path / "staging", accept=accept)
    if accept:
        said = "my_hw1_final.ipynb was taken for hw1.ipynb: it defines what hw1.ipynb should define."
        assert said in submission.notes
        assert (submission.folder / "hw1.ipynb").is_file()
    else:
        assert "hw1.ipynb is missing; my_hw1_final.ipynb looks like it: rename it to hw1.ipynb." in submission.problem


def test_what_is_no_notebook_fails_with_a_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    """The class continues."""
    tmp_path.chmod(0o755)
    folder = make_course(tmp_path / "course", {"ann": None})
    (folder / "submitted" / "ann" / "hw1" / "hw1.ipynb").write_text("{", encoding="utf-8")
    assignment = load(open_course(folder), "hw1")
    (submission,) = collect_course(assignment, tmp_path / "staging")
    report = grade(assignment, submission, sandbox, OPTIONS)
    assert check(report, "add_tests").verdict is Verdict.FAILED
    message = check(report, "add_tests").message
    assert "hw1.ipynb is no notebook: the file ends in the middle, so save it again, and take the whole file" in message


@pytest.mark.parametrize(
    ("value", "verdict", "got"),
    [
        (None, Verdict.PASSED, 4),
        (True, Verdict.PASSED, 4),
        (4, Verdict.PASSED, 4),
        (2.5, Verdict.PARTIAL, 2.5),
        (0, Verdict.FAILED, 0),
        (-1, Verdict.FAILED, 0),
        (False, Verdict.FAILED, 0),
        (float("nan"), Verdict.FAILED, 0),
        (4.5, Verdict.INTERNAL, 0),
        (float("inf"), Verdict.INTERNAL, 0),
    ],
)
def test_the_last_expression_gives_partial_credit(value: float | None, verdict: Verdict, got: float) -> None:
    """A number of points, or nothing that is one; more than there are is the instructor's fault."""
    found, given, _ = points_of(CellRun(1, Cell("code", ""), value=value, valued=value is not None), 4)
    assert (found, given) == (verdict, got)


# --- what is read ---


def test_the_configuration_is_read_and_not_run(tmp_path: Path) -> None:
    """Literals are taken wherever they stand; what would have to be computed is named with its line."""
    (tmp_path / CONFIG_FILE).write_text(
        "c = get_config()\nraise SystemExit\nc.CourseDirectory.source_directory = 'solutions'\n"
        "c.CourseDirectory.root = os.path.join('a', 'b')\nc.ExecutePreprocessor.timeout = None\n"
        "c.ClearSolutions.code_stub = {'python': '...', 'r': 'x'}\n"
        "c.CourseDirectory.course_id = here()\nc.Other.thing = 3\n",
        encoding="utf-8",
    )
    settings = read_settings(tmp_path)
    assert (settings.source, settings.root, settings.cell_seconds) == ("solutions", "a/b", 600)
    assert (settings.code_stub, settings.course_id) == ("...", "")
    (note,) = settings.notes
    assert note.startswith("nbgrader_config.py:7: CourseDirectory.course_id is computed")


def test_a_course_without_configuration_has_nbgraders_defaults(tmp_path: Path) -> None:
    """Half a minute a cell, and the folders that everybody has."""
    assert read_settings(tmp_path) == Settings()
    assert Settings().cell_seconds == 30


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("c.CourseDirectory.source_directory = 3", r"CourseDirectory.source_directory is 3; give a text"),
        ("c.Execute.timeout = 'long'", r":1: Execute.timeout is 'long'; give a number"),
        ("c =", r":1: this is not Python"),
        ("c.x = 1\0", r"config.py:1: this is not Python"),
        ("c.CourseDirectory.directory_structure = '{nope}/x'", r":1: .* is '{nope}/x'; it must have {nbgrader_step}, "),
        ("c.CourseDirectory.directory_structure = '{nbgrader_step}/{student_id'", r"it must have {nbgrader_step}"),
        (
            "c.CourseDirectory.directory_structure = '{nbgrader_step}/s-{student_id}/{assignment_id}'",
            r"{student_id} as a folder of its own",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    """The sentence names file, line and setting."""
    (tmp_path / CONFIG_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InstructorError, match=sentence):
        read_settings(tmp_path)


def test_folders_may_be_called_otherwise(tmp_path: Path) -> None:
    """The configuration's names and structure hold, for sources and for submissions."""
    folder = make_course(tmp_path / "course", {"ann": handed_in()})
    (folder / "source").rename(folder / "solutions")
    (folder / "handed" / "hw1").mkdir(parents=True)
    (folder / "submitted" / "ann" / "hw1").rename(folder / "handed" / "hw1" / "ann")
    (folder / CONFIG_FILE).write_text(
        "c.CourseDirectory.source_directory = 'solutions'\nc.CourseDirectory.submitted_directory = 'handed'\n"
        "c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}/{student_id}'\n",
        encoding="utf-8",
    )
    (folder / "solutions" / "hw1").rename(folder / "x")
    (folder / "solutions" / "hw1").mkdir()
    (folder / "x" / "hw1.ipynb").rename(folder / "solutions" / "hw1" / "hw1.ipynb")
    course = open_course(folder)
    assert course.assignments() == ("hw1",)
    assert [each.student for each in collect_course(load(course, "hw1"), tmp_path / "staging")] == ["ann"]


def test_submissions_may_be_elsewhere(tmp_path: Path) -> None:
    """With nbgrader's folders in it, or one notebook for each student."""
    folder = make_course(tmp_path / "course", {"ann": handed_in()})
    assignment = load(open_course(folder), "hw1")
    other = tmp_path / "other"
    other.mkdir()
    (other / "ben.ipynb").write_text(notebook(handed_in()), encoding="utf-8")
    by_name = collect_course(assignment, tmp_path / "s1", other)
    as_theirs = collect_course(assignment, tmp_path / "s2", folder / "submitted")
    assert [(each.student, each.problem) for each in (*by_name, *as_theirs)] == [("ben", ""), ("ann", "")]


def test_without_submissions_a_sentence_says_where_they_were_looked_for(tmp_path: Path) -> None:
    """The folder is named."""
    assignment = load(open_course(make_course(tmp_path / "course", {})), "hw1")
    with pytest.raises(UsageError, match=r"no submission in .*submitted/STUDENT/hw1"):
        collect_course(assignment, tmp_path / "staging")


def test_a_time_stamp_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A student's folder may hold anything."""
    folder = make_course(tmp_path / "course", {"ann": handed_in()})
    stamp = folder / "submitted" / "ann" / "hw1" / "timestamp.txt"
    stamp.unlink()
    stamp.symlink_to(folder / CONFIG_FILE)
    (submission,) = collect_course(load(open_course(folder), "hw1"), tmp_path / "staging")
    assert not any("Handed in" in note for note in submission.notes)


def broken(tmp_path: Path, *cells: dict[str, object]) -> Path:
    """A course whose only notebook has these cells."""
    folder = make_course(tmp_path / "course", {})
    (folder / "source" / "hw1" / "hw1.ipynb").write_text(notebook(list(cells)), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (asserts("### BEGIN HIDDEN TESTS\nassert x", "t", 1), "'t' has a 'BEGIN HIDDEN TESTS' without 'END HIDDEN"),
        (answer("### BEGIN SOLUTION\n### BEGIN SOLUTION", "a"), "'a' has a 'BEGIN SOLUTION' inside another"),
        (asserts("### AUTOTEST x", "t", 1), "AUTOTEST lines, and no tests have been made .*autograder import nbgrader"),
    ],
)
def test_a_source_that_cannot_be_graded_is_refused(tmp_path: Path, cell: dict[str, object], sentence: str) -> None:
    """Before anything is run, with the name of file and cell."""
    with pytest.raises(InstructorError, match=f"hw1.ipynb: .*{sentence}"):
        load(open_course(broken(tmp_path, cell)), "hw1")


def test_two_cells_of_one_name_are_refused_in_the_source(tmp_path: Path) -> None:
    """In a submission they are repaired; in the source nobody knows which is meant."""
    with pytest.raises(InstructorError, match="Two cells have the grade id 't'; rename one of them"):
        load(open_course(broken(tmp_path, asserts("1", "t", 1), asserts("2", "t", 1))), "hw1")


def test_made_tests_stand_in_the_place_of_autotest_lines(tmp_path: Path) -> None:
    """From source_with_tests/, or from the release where nothing of the cell is hidden."""
    folder = broken(tmp_path, asserts("### HASHED AUTOTEST x", "t", 1))
    release = folder / "release" / "hw1"
    release.mkdir(parents=True)
    (release / "hw1.ipynb").write_text(notebook([asserts("assert released", "t", 1)]), encoding="utf-8")
    (graded,) = load(open_course(folder), "hw1").notebooks
    assert graded.source.cells[0].source == "assert released"
    made = folder / "source_with_tests" / "hw1"
    made.mkdir(parents=True)
    (made / "hw1.ipynb").write_text(notebook([asserts("assert made", "t", 7)]), encoding="utf-8")
    (graded,) = load(open_course(folder), "hw1").notebooks
    (cell,) = graded.source.cells
    assert cell.source == "assert made"
    assert cell.role is not None
    assert cell.role.points == 1


def test_only_courses_of_that_form_are_taken_for_one(tmp_path: Path) -> None:
    """An assignment of our own goes first."""
    folder = make_course(tmp_path / "course", {})
    assert find_course(folder, "hw1") is not None
    assert find_course(tmp_path, "hw1") is None
    (folder / "assignments" / "hw1").mkdir(parents=True)
    (folder / "grader_config.py").touch()
    assert find_course(folder, "hw2") is None
    (folder / "assignments" / "hw1" / "assignment.py").touch()
    assert find_course(folder, "hw1") is None


def test_a_result_is_known_by_all_that_decides_it(tmp_path: Path) -> None:
    """Another test, another time limit, another submission: another key."""
    assignment = load(open_course(make_course(tmp_path / "one", {"ann": handed_in()})), "hw1")
    slower = load(open_course(make_course(tmp_path / "two", {"ann": handed_in()}, seconds=6)), "hw1")
    submission = Submission("ann", tmp_path, "0")
    keys = {
        result_key(assignment, submission, OPTIONS, "none"),
        result_key(slower, submission, OPTIONS, "none"),
        result_key(assignment, replace(submission, sha256="1"), OPTIONS, "none"),
        result_key(assignment, submission, OPTIONS, "bubblewrap"),
    }
    assert len(keys) == 4


def test_a_report_that_no_job_brought_back_costs_nothing(tmp_path: Path) -> None:
    """Every test cell is our fault."""
    assignment = load(open_course(make_course(tmp_path / "course", {})), "hw1")
    report = lost_report(assignment, Submission("ann", tmp_path, "0"), "It went away.", "k")
    assert (report.max_points, report.internal, report.replay.key) == (0, True, "k")
    assert check(report, "add_tests").staff_message == "It went away."


def test_a_survey_counts_cells_points_and_submissions(tmp_path: Path) -> None:
    """What `autograder import nbgrader` shows."""
    course = open_course(make_course(tmp_path / "course", {"ann": handed_in(), "ben": None}))
    found = survey(course, load(course, "hw1"))
    assert (found.tests, found.hidden, found.points, found.by_hand, found.points_by_hand) == (4, 2, 13, 1, 5)
    assert (found.notebooks, found.submissions) == (1, 2)


def test_a_configuration_is_never_overwritten(tmp_path: Path) -> None:
    """The second import leaves what the first one wrote."""
    course = open_course(make_course(tmp_path / "course", {}))
    path = write_config(course)
    assert path is not None
    assert write_config(course) is None


def test_a_folder_without_notebooks_is_no_course(tmp_path: Path) -> None:
    """The sentence says what is missing."""
    with pytest.raises(UsageError, match=r"no notebook in .*source/ASSIGNMENT"):
        open_course(tmp_path)


# --- the command line ---


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `autograder`."""
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ)
    )


def test_a_course_is_imported_and_graded_from_the_command_line(tmp_path: Path) -> None:
    """Table, reports and pages are there; the second call grades nothing again."""
    course = make_course(tmp_path / "course", {"ann": handed_in(), "ben": None})
    output = run("import", "nbgrader", course, cwd=tmp_path)
    assert output.returncode == 0, output.stderr
    assert "Written: " in output.stdout
    assert f"autograder grade hw1 --course {course} --out graded" in output.stdout
    done = run("grade", "hw1", "--course", course, "--out", tmp_path / "out", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "reports" / "ann.json").read_text("utf-8"))
    assert (report["points"], report["max_points"]) == (13, 13)
    assert (tmp_path / "out" / "feedback" / "ben.html").is_file()
    again = run("grade", "hw1", "--course", course, "--out", tmp_path / "out", cwd=tmp_path)
    assert "2 of 2 reports were there already" in again.stdout


def test_grading_a_course_imports_nothing_of_nbgrader(tmp_path: Path) -> None:
    """Its import alone costs seconds."""
    code_text = (
        "import sys, autograder.cli.grade, autograder.formats.nbgrader\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('nbgrader', 'nbformat', 'nbconvert')])"
    )
    done = subprocess.run([sys.executable, "-c", code_text], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"


def test_submissions_must_be_named_for_an_assignment_of_our_own(tmp_path: Path) -> None:
    """Only nbgrader's courses say where they are."""
    from tiny_course import make_course as make_tiny

    done = run("grade", "tiny", "--out", tmp_path / "out", cwd=make_tiny(tmp_path / "tiny"))
    assert done.returncode == 2
    assert "SUBMISSIONS is missing; name the folder" in done.stderr


def change(course: Path, **reported: object) -> None:
    """Give a cell of the source other metadata; None takes a key away."""
    path = course / "source" / "hw1" / "hw1.ipynb"
    made = json.loads(path.read_text("utf-8"))
    metadata = next(c["metadata"]["nbgrader"] for c in made["cells"] if "add_tests" in str(c["metadata"]))
    metadata.update(reported)
    for key in [key for key, value in reported.items() if value is None]:
        del metadata[key]
    path.write_text(json.dumps(made), encoding="utf-8")


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ({"points": None}, r"hw1.ipynb: Cell \d+ \('add_tests'\) has no points; give it a number, 0 or more"),
        ({"points": "2"}, r"has '2' for its points; give it a number"),
        ({"points": -2}, r"has -2 for its points; give it a number"),
        ({"grade_id": None}, r"is graded and has no grade id; give it one"),
        ({"grade_id": ""}, r"is graded and has no grade id; give it one"),
    ],
)
def test_a_graded_cell_without_name_or_points_is_refused(tmp_path: Path, expected: dict, sentence: str) -> None:
    """Else it would give no points, and nobody would notice."""
    course = make_course(tmp_path, {})
    change(course, **expected)
    with pytest.raises(InstructorError, match=sentence):
        load(Course(course, Settings()), "hw1")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"",
            "the file ends in the middle, so save it again, and take the whole file; save it anew, or remove it.",
        ),
        (b'{"cells": [{"cell_type": "code", "source": "\xe9"}]}', "hw1.ipynb, cell 1: this is no cell: "),
        (b'{"cells": [], "nbformat": 4}', "gives points; mark some with nbgrader's Create Assignment."),
        (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "gives points; mark some with"),
    ],
)
def test_a_source_that_is_no_notebook_is_reported_for_its_assignment_alone(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    """The others of the course are examined as before."""
    course = make_course(tmp_path, {})
    make_course(tmp_path, {}, name="hw2")
    (course / "source" / "hw1" / "hw1.ipynb").write_bytes(content)
    first, second = import_course(open_course(course), lambda _: None)
    assert sentence in first.problem
    assert second.problem == ""


def test_an_assignment_that_a_course_of_nbgraders_does_not_have_is_reported(tmp_path: Path) -> None:
    """With those that it has, and not with a file that only courses of ours have."""
    course = make_course(tmp_path, {})
    with pytest.raises(UsageError, match=r"no notebook in .*source/hw9; the assignments are hw1\.$"):
        find_course(course, "hw9")


def test_folders_that_would_be_one_student_are_two(tmp_path: Path) -> None:
    """Names with unusual characters are made usual; both are graded, each with the time of its own folder."""
    course = make_course(
        tmp_path / "c", {"a\nb": handed_in(), "a_b": handed_in(), "Zoë O'Hara": handed_in(), "x ": None}
    )
    (course / "submitted" / "a_b" / "hw1" / "timestamp.txt").write_text("2026-10-05 12:00:00 UTC")
    assignment = load(Course(course, read_settings(course)), "hw1")
    found = collect_course(assignment, tmp_path / "staged")
    assert sorted(each.student for each in found) == ["Zoë O'Hara", "a_b", "a_b-2", "x"]
    assert not any(each.problem for each in found if each.student != "x")
    assert {name: time.day for name, time in times_of(assignment).items()} == {
        "Zoë O'Hara": 1, "a_b": 5, "a_b-2": 1, "x": 1
    }  # fmt: skip


def drawn_by(sandbox: Sandbox, folder: Path, *plots: str) -> Report:
    """The report of a course with one manually graded cell, in whose place somebody handed in cells that draw."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    folder.chmod(0o755)
    cell = partial(code, grade_id="drawing", grade=True, solution=True, points=3)
    cells = [cell(plots[0]), *map(code, plots[1:])]
    course = open_course(course_of(folder / "course", [cell("# Draw squares.")], {"ann": cells}))
    assignment = load(course, "hw1")
    (submission,) = collect_course(assignment, folder / "staging")
    return grade(assignment, submission, sandbox, OPTIONS)


def test_a_person_sees_the_plot_of_a_manually_graded_cell(sandbox: Sandbox, tmp_path: Path) -> None:
    """A figure below a cell that a person reads is shown as a report keeps it, drawn from its record."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])\nplt.title('squares');"
    (picture,) = check(drawn_by(sandbox, tmp_path, plot), "drawing").pictures
    assert words_of(picture).startswith("Plot “squares”: curve of 3 points")


def test_plots_of_manually_graded_cells_are_bounded(sandbox: Sandbox, tmp_path: Path, monkeypatch) -> None:
    """Those behind the last that a report holds are left out, and the report says so."""
    monkeypatch.setattr("autograder.formats.nbgrader.grading._MOST_PICTURES", 1)
    plots = [f"import matplotlib.pyplot as plt\nplt.plot([1, 2, {last}]);" for last in range(3)]
    report = drawn_by(sandbox, tmp_path, *plots)
    assert len(check(report, "drawing").pictures) == 1
    assert "p.ipynb: Pictures left out: 2. A report holds no more, or drawing them takes too long." in report.notes
