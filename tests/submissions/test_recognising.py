"""A file under another name: which one is meant is said on both pages, and it is taken where the course allows that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ASSIGNMENT, REFERENCE

from autograder.checks.errors import InstructorError
from autograder.checks.local.sources import defined_names
from autograder.course import Course
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.reports.pages import Heading, staff_page, student_page
from autograder.results import Verdict
from autograder.submissions import Recogniser, Submission, collect, collect_one

NET, MAIN = "backprop_network.py", "backprop_main.py"
NETWORK = b"def relu(z):\n    return z\n\n\nclass Network:\n    pass\n"
PLOTS = b"def plot():\n    pass\n"
DEFINES = {NET: ("relu", "Network"), MAIN: ("plot",)}


def hand_in(tmp_path: Path, files: dict[str, bytes], *, accept: bool = True, required=(NET, MAIN)) -> Submission:
    """One submission that is a folder."""
    for name, data in files.items():
        path = tmp_path / "in" / "ada" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (found,) = collect(tmp_path / "in", required, tmp_path / "staging", recogniser=Recogniser(DEFINES, accept))
    return found


def staged(submission: Submission) -> dict[str, bytes]:
    """The files that are graded."""
    found = (path for path in submission.folder.rglob("*") if path.is_file())
    return {path.relative_to(submission.folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    "name",
    [
        "skeleton_backprop_network.py",
        "backprop_networks.py",
        "my_backprop_network_final.py",
        "backpropnetwork2.py",
        "net.py",
        "solution.py",
        "src/backprop_network.py",
    ],
)
def test_the_only_file_that_defines_the_names_is_taken_with_a_note(tmp_path, name):
    """Whatever it is called, and in whatever folder it lies; it keeps its own name beside the right one."""
    submission = hand_in(tmp_path, {name: NETWORK, MAIN: PLOTS})

    assert staged(submission) == {NET: NETWORK, MAIN: PLOTS, name: NETWORK}
    assert submission.notes == (f"{name} was taken for {NET}: it defines what {NET} should define.",)
    assert submission.meant == ()
    assert submission.problem == ""


def test_a_course_may_refuse_other_names(tmp_path):
    """Then the file is named, and what it should be called."""
    submission = hand_in(tmp_path, {"skeleton_backprop_network.py": NETWORK, MAIN: PLOTS}, accept=False)

    assert NET not in staged(submission)
    assert submission.notes == (f"{NET} is missing; skeleton_backprop_network.py looks like it: rename it to {NET}.",)
    assert submission.meant == ((NET, "skeleton_backprop_network.py"),)


def test_a_close_name_without_the_names_inside_is_only_named(tmp_path):
    """A file that defines something else is not graded in place of the missing one."""
    submission = hand_in(tmp_path, {"backprop_networks.py": b"x = 1\n", MAIN: PLOTS})

    assert NET not in staged(submission)
    assert submission.notes == (f"{NET} is missing; backprop_networks.py looks like it: rename it to {NET}.",)


def test_of_several_files_with_the_names_the_one_with_a_close_name_is_taken(tmp_path):
    """Name and contents agree on one."""
    files = {"my_backprop_network.py": NETWORK, "other.py": NETWORK, MAIN: PLOTS}

    assert hand_in(tmp_path, files).notes == (
        f"my_backprop_network.py was taken for {NET}: it defines what {NET} should define.",
    )


def test_several_files_that_look_alike_are_named_and_none_is_taken(tmp_path):
    """Nobody guesses which one counts."""
    submission = hand_in(tmp_path, {"one.py": NETWORK, "two.py": NETWORK, MAIN: PLOTS})

    assert NET not in staged(submission)
    assert submission.notes == (f"{NET} is missing; one.py, two.py look like it: keep one, as {NET}.",)


def test_a_copy_of_another_file_is_not_taken_for_a_missing_one(tmp_path):
    """A name that is closer to a file that is there means that one."""
    submission = hand_in(tmp_path, {"backprop_main_old.py": b"x = 1\n", MAIN: PLOTS})

    assert submission.notes == (f"{NET} is missing.",)


def test_where_nothing_has_its_name_files_are_recognised_too(tmp_path):
    """Two files under other names in a folder: both are taken, with what is beside them."""
    submission = hand_in(tmp_path, {"hw4/net.py": NETWORK, "hw4/draw.py": PLOTS, "hw4/tools.py": b"x = 1\n"})

    assert staged(submission) == {
        NET: NETWORK, MAIN: PLOTS, "net.py": NETWORK, "draw.py": PLOTS, "tools.py": b"x = 1\n",
    }  # fmt: skip
    assert submission.problem == ""


def test_a_problem_names_the_file_that_looks_meant(tmp_path):
    """Where nothing can be graded, the sentence says what to rename."""
    submission = hand_in(tmp_path, {"my_backprop_network.py": NETWORK}, accept=False, required=(NET,))

    assert submission.problem == f"{NET} is missing; my_backprop_network.py looks like it: rename it to {NET}."
    assert submission.notes == ()


def test_a_file_by_itself_is_taken_for_the_one_whose_names_it_defines(tmp_path):
    """It need not be the first that is asked for."""
    (tmp_path / "ada.py").write_bytes(PLOTS)
    submission = collect_one(
        (tmp_path / "ada.py",), (NET, MAIN), tmp_path / "staging", "ada", recogniser=Recogniser(DEFINES, True)
    )

    assert staged(submission) == {MAIN: PLOTS}
    assert submission.notes == (f"ada.py was taken for {MAIN}, because it was handed in alone.",)


@pytest.mark.parametrize(
    ("name", "required"),
    [("answer.md", "answers.md"), ("my_answers_final.md", "answers.md"), ("hw4-essay.pdf", "essay.pdf")],
)
def test_an_answer_under_a_close_name_is_taken(tmp_path, name, required):
    """Texts define nothing, so the name alone decides."""
    submission = hand_in(tmp_path, {name: b"Because.", NET: NETWORK}, required=(NET, required))

    assert staged(submission)[required] == b"Because."
    assert submission.notes == (f"{name} was taken for {required}: its name is close.",)


def test_other_texts_are_not_taken_for_answers(tmp_path):
    """A file of another name stays what it is, and the answer's own place says that it is missing."""
    submission = hand_in(tmp_path, {"README.md": b"Read me.", NET: NETWORK}, required=(NET, "answers.md"))

    assert "answers.md" not in staged(submission)
    assert submission.notes == ()


def test_an_unreadable_file_is_not_taken(tmp_path):
    """The sentence says what is wrong with it."""
    submission = hand_in(tmp_path, {"net.py": NETWORK + b"\0", MAIN: PLOTS})

    assert NET not in staged(submission)
    assert any("NUL bytes" in note for note in submission.notes)


def test_a_notebook_is_recognised_by_the_functions_in_its_cells(tmp_path):
    """Also one whose cells hold the text in pieces."""
    cells = [{"cell_type": "code", "metadata": {}, "source": ["import numpy\n", "def relu(z):\n", "    return z"]}]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "Untitled3.ipynb").write_bytes(data)
    recogniser = Recogniser({"hw.ipynb": ("relu",)}, True)
    (submission,) = collect(tmp_path / "in", ("hw.ipynb",), tmp_path / "staging", recogniser=recogniser)

    assert staged(submission)["hw.ipynb"] == data
    assert submission.notes == ("Untitled3.ipynb was taken for hw.ipynb: it defines what hw.ipynb should define.",)


def test_names_are_read_line_by_line():
    """Functions, classes and variables of the top level, also of a text that Python cannot read."""
    text = (
        b"import numpy as np\nasync def f(x):\n  def inner(): pass\nclass A(B):\r\n    y = 1\nz: int = 3\nw == 2\n(\n"
    )

    assert defined_names(text, "hw.py") == ("f", "A", "z")


def test_the_setting_is_true_or_false():
    """Anything else is refused with the name of the field."""
    assert Course("C", ()).accept_close_names is True
    with pytest.raises(InstructorError, match="Course.accept_close_names is 'yes'; give True or False"):
        Course("C", (), accept_close_names="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("accept", [True, False])
def test_both_pages_name_the_file_that_looks_meant(course, tmp_path, bubblewrap, accept):
    """At the top, and, where it was not taken, at each check that needs the missing file."""
    text = ASSIGNMENT.lstrip().replace('files=["hw.py"]', 'files=["main.py", "hw.py"]')
    (course / "assignments" / "small" / "assignment.py").write_text(text)
    (course / "reference" / "small" / "main.py").write_text("def go():\n    return 1\n")
    loaded = load(course, "small")
    for name, content in (("main.py", "def go():\n    return 1\n"), ("homework_hw.py", REFERENCE)):
        (tmp_path / "in" / "ada").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "ada" / name).write_text(content)
    recogniser = Recogniser.of(loaded, accept=accept)
    (submission,) = collect(tmp_path / "in", loaded.assignment.handed_in, tmp_path / "staging", recogniser=recogniser)
    report = grade(loaded, submission, bubblewrap, None, RunOptions(seed="a secret"))

    note = (
        "homework_hw.py was taken for hw.py: it defines what hw.py should define."
        if accept
        else "hw.py is missing; homework_hw.py looks like it: rename it to hw.py."
    )
    for page in (student_page, staff_page):
        assert note in page(report, Heading("Course", "Small"))
    checks = {check.id: check for question in report.questions for check in question.checks}
    if accept:
        assert report.points == 8
    else:
        assert checks["counts"].verdict is Verdict.MISSING
        assert checks["counts"].message == (
            "hw.py was not handed in; it should define `Counter`. homework_hw.py looks like it: rename it to hw.py."
        )


# --- the stub beside the solution ---

STUB = "def relu(z):\n    raise NotImplementedError\n\n\nclass Network:\n    pass\n"


def beside(tmp_path, files: dict[str, bytes], *, accept: bool = True) -> Submission:
    """A submission to one module whose stub is known."""
    for name, data in files.items():
        path = tmp_path / "in" / "ada" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    recogniser = Recogniser({NET: ("relu", "Network"), "given.py": ("relu",)}, accept, {NET: STUB})
    (found,) = collect(tmp_path / "in", (NET,), tmp_path / "staging", recogniser=recogniser)
    return found


@pytest.mark.parametrize("name", ["hw_solution.py", "old/net.py"])
def test_a_solution_beside_the_untouched_stub_is_taken_with_a_note(tmp_path, name):
    """Where the file of the right name is as it was handed out, the only other one with its names is graded."""
    windows = STUB.replace("\n", "  \r\n").encode() + b"\r\n"  # editors change no more than that
    submission = beside(tmp_path, {NET: windows, name: NETWORK, "given.py": NETWORK, "test_public.py": b"x = 1\n"})

    assert staged(submission)[NET] == NETWORK
    assert staged(submission)[name] == NETWORK
    assert submission.notes == (
        f"{NET} is as it was handed out, and {name} defines the same names: it was taken for {NET}.",
    )


def test_a_course_that_takes_no_other_names_says_which_file_holds_the_solution(tmp_path):
    """The stub is graded, and the note says what to rename."""
    submission = beside(tmp_path, {NET: STUB.encode(), "hw_solution.py": NETWORK}, accept=False)

    assert staged(submission)[NET] == STUB.encode()
    assert submission.notes == (
        f"{NET} is as it was handed out, and hw_solution.py defines the same names: rename it to {NET}.",
    )


def test_of_several_solutions_beside_the_stub_none_is_chosen(tmp_path):
    """Only the student knows which one counts."""
    submission = beside(tmp_path, {NET: STUB.encode(), "a.py": NETWORK, "b.py": NETWORK})

    assert staged(submission)[NET] == STUB.encode()
    assert submission.notes == (
        f"{NET} is as it was handed out, and a.py, b.py define the same names: keep your solution as {NET}.",
    )


@pytest.mark.parametrize(
    "files",
    [
        {NET: NETWORK, "hw_solution.py": NETWORK + b"# other"},
        {NET: STUB.encode(), "copy_of_stub.py": STUB.encode()},
        {NET: STUB.encode(), "notes.py": b"x = 1"},
    ],
)
def test_a_file_that_was_worked_on_is_graded_whatever_is_beside_it(tmp_path, files):
    """Changed files, second copies of the stub and files with other names change nothing."""
    submission = beside(tmp_path, files)
    assert staged(submission)[NET] == files[NET]
    assert submission.notes == ()
