"""`pytest assignments/NAME --submission PATH`: checks are tests, in the sandbox, with pytest's own options."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import warm_command
from tiny_course import ASSIGNMENT, RIGHT, WRONG, hand_in, make_course

HOME = Path(__file__).parents[2]

MORE = '''

third = assignment.question("Kinds", id="c")

@third.check(points=1, needs=doubles_text)
def needs_text(student):
    """It needs the text."""

@third.check(points=1)
def half(student):
    """Half is enough."""
    from autograder.checks import Credit
    return Credit(0.5, "Half of it.")

@third.check(points=1, hidden=True)
def ours(rng):
    """It divides by zero."""
    return 1 / 0
'''


@pytest.fixture
def course(tmp_path) -> Path:
    """The tiny course, with a submission that is right and one that is wrong."""
    hand_in(tmp_path / "in", right=RIGHT, wrong=WRONG, stub="def double(x):\n    raise NotImplementedError('open')\n")
    return make_course(tmp_path / "course")


@pytest.fixture
def run(course):
    """A function that runs pytest in the course, with the plugin as it is here; gives what it printed."""

    def call(*arguments, expect, stdin="", plugins=(), errors=False):
        named = [option for name in ("autograder.pytest_options", *plugins) for option in ("-p", name)]
        short = {key: text for key, text in os.environ.items() if key not in ("CI", "BUILD_NUMBER")}
        code, said, complained = warm_command.call(
            ["-p", "no:cacheprovider", *named, *map(str, arguments)],
            course,
            {**short, "AUTOGRADER_SEED": "s", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}
            | {"PYTHONPATH": str(HOME), "PYTEST_ADDOPTS": ""},
            100,
            program="pytest",
            stdin=stdin,
        )
        assert code == expect, said + complained
        return said + (complained if errors else "")

    return call


def test_a_wrong_check_is_a_failed_test_that_says_the_sentence(run, course):
    """Names are assignment.py::question::check; public and hidden checks run; the failing line is shown, no trace."""
    said = run("-v", "-rf", "assignments/tiny", "--submission", course.parent / "in" / "wrong", expect=1)

    assert "assignments/tiny/assignment.py::a::doubles_one PASSED" in said
    assert "assignments/tiny/assignment.py::a::doubles_minus_seven FAILED" in said
    assert "(a) Twice minus seven is right." in said
    assert "double is 14; expected -14. The sign looks wrong." in said
    assert 'same(student.double(-7), -14, name="double")' in said
    assert "Traceback" not in said
    assert "2 failed, 1 passed" in said


def test_every_verdict_has_its_word_in_pytest(run, course):
    """A need that failed is skipped, partial credit fails with its reason, and our own fault is an error."""
    (course / "assignments/tiny/assignment.py").write_text(ASSIGNMENT + MORE)
    file, wrong = "assignments/tiny/assignment.py", course.parent / "in" / "wrong" / "tiny.py"
    said = run("-rsE", f"{file}::c", "--submission", wrong, "--junitxml", "found.xml", expect=1)
    suite = ElementTree.parse(course / "found.xml").getroot()[0]

    assert "Not run: it needs the check 'Twice a text is the text written twice.' to pass." in said
    assert "Half of it." in said
    assert "ZeroDivisionError" in said
    assert "1 failed, 1 skipped, 1 error" in said
    assert {key: suite.get(key) for key in ("failures", "errors", "skipped")} == {
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }


def test_a_stub_is_skipped_as_not_attempted(run, course):
    """Nothing was tried, so nothing failed."""
    said = run("-rs", "assignments/tiny", "--submission", course.parent / "in" / "stub", expect=0)

    assert said.count("Not attempted: open") == 3
    assert "3 skipped" in said


def test_options_of_pytest_select(run, course):
    """By name with -k, by kind with -m."""
    wrong = ("--submission", course.parent / "in" / "wrong")

    assert "1 passed, 2 deselected" in run("assignments/tiny", *wrong, "-k", "doubles_one", expect=0)
    assert "1 failed, 2 deselected" in run("assignments/tiny", *wrong, "-m", "hidden", "--strict-markers", expect=1)


def test_the_debugger_begins_in_the_check(run, course):
    """The frame is the one of assignment.py, where `student` still answers."""
    said = run(
        *("assignments/tiny", "--submission", course.parent / "in" / "wrong", "--pdb", "-k", "minus_seven"),
        stdin="p 'local', sorted(locals())\np 'again', student.double(-4)\nq\n",
        expect=2,
    )

    assert "('local', ['student'])" in said
    assert "('again', 8)" in said


@pytest.mark.long
def test_checks_run_in_several_processes(run, course):
    """With pytest-xdist each process has a sandbox of its own."""
    pytest.importorskip("xdist")
    said = run("assignments/tiny", "--submission", course.parent / "in" / "right", "-n2", plugins=["xdist"], expect=0)

    assert "3 passed" in said


def test_an_archive_is_a_submission(run, course):
    """It is opened as `grade` opens it, and what a check printed is shown when it fails."""
    with zipfile.ZipFile(course / "ada.zip", "w") as archive:
        archive.writestr("deep/tiny.py", WRONG.replace("return", "print('called');return"))
    said = run("assignments/tiny", "--submission", "ada.zip", "--submission-sandbox", "none", expect=1)

    assert "Captured submission call" in said
    assert "called" in said
    assert "Sandbox: none." in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--submission", "grader_config.py", "--submission-sandbox", "bricks"], "bricks"),
    ],
)
def test_what_cannot_be_run_is_an_error_in_one_sentence(run, arguments, says):
    """Every check says it, without a trace of ours."""
    said = run("assignments/tiny", *arguments, expect=1)

    assert "3 errors" in said
    assert says in said
    assert "Traceback" not in said


def test_a_submission_that_does_not_exist_is_one_sentence(run):
    """It is said once, before anything is collected."""
    done = run("assignments/tiny", "--submission", "/nope", expect=4, errors=True)
    assert done.count("/nope") == 1
    assert "ERROR: --submission: /nope does not exist; name a file, a folder or an archive." in done


def test_an_error_that_stops_every_check_is_reported_once(run, course):
    """A failed import stands with the first check; the others point there."""
    (course / "broken.py").write_text("import nothing_of_that_name\n")
    said = run("assignments/tiny", "--submission", "broken.py", "--submission-sandbox", "none", expect=1)
    assert said.count("is not installed in the grading environment") == 1
    assert said.count("The same as in doubles_one: ") >= 2


def test_a_wrong_assignment_is_reported_with_its_line(run, course):
    """It cannot be collected, and pytest says why."""
    (course / "assignments/tiny/assignment.py").write_text("import nothing_of_that_name\n")

    assert "assignment.py:1: ModuleNotFoundError" in run("assignments/tiny", "--submission", course, expect=2)


def test_without_a_submission_nothing_is_collected(run):
    """Other runs of pytest meet no assignment."""
    assert "no tests ran" in run("assignments/tiny", expect=5)


def test_the_plugin_is_found_by_pytest():
    """The entry point names a module that adds options and imports none of the grader until there is a submission."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text())

    assert project["project"]["entry-points"]["pytest11"] == {"autograder": "autograder.pytest_options"}
    code = "import sys, autograder.pytest_options; print([name for name in sys.modules if name in {'numpy', 'typer'}])"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(HOME)}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
