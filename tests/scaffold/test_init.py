"""`autograder init`: a course that can be graded two minutes later."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from command_line import refused, run

from autograder.course import Course, load


@pytest.mark.long
def test_a_new_course_validates_releases_and_grades(tmp_path: Path) -> None:
    """Its first assignment is fit to be handed out, and the solved reference gets full marks."""
    made = run("init", "ml", "--title", "Machine learning 2027", cwd=tmp_path)
    course = tmp_path / "ml"

    assert made.returncode == 0, made.stderr
    assert "autograder validate warm_up" in made.stdout
    assert "warm_up is fit to be handed out." in run("validate", "warm_up", cwd=course).stdout
    released = run("release", "warm_up", "--zip", cwd=course)
    assert f"Packed it as {course.resolve() / 'release/warm_up.zip'}" in released.stdout
    graded = run("grade", "warm_up", "reference/warm_up", "--out", "graded", cwd=course)
    assert "warm_up: 3 of 3 points (2 passed)" in graded.stdout


def test_the_settings_name_every_field(tmp_path: Path) -> None:
    """grader_config.py shows each setting with its default, and what it means above it."""
    run("init", "ml", "--title", "Machine learning 2027", cwd=tmp_path)
    text = (tmp_path / "ml/grader_config.py").read_text(encoding="utf-8")
    course = load(tmp_path / "ml/grader_config.py")

    assert course == Course("Machine learning 2027", ("warm_up",))
    for field in dataclasses.fields(Course):
        assert f"    {field.name}=" in text
        above = text.partition(f"    {field.name}=")[0].splitlines()[-1]
        assert above.startswith("    # ")


def test_the_file_for_continuous_integration_is_yaml(tmp_path: Path) -> None:
    """It validates every assignment of the course."""
    run("init", "ml", cwd=tmp_path)
    jobs = yaml.safe_load((tmp_path / "ml/.github/workflows/validate.yml").read_text(encoding="utf-8"))["jobs"]

    assert any("autograder validate" in step.get("run", "") for step in jobs["validate"]["steps"])


def test_a_course_in_the_current_folder_needs_no_cd(tmp_path: Path) -> None:
    """What is to be done next begins with what can be done here."""
    said = run("init", ".", cwd=tmp_path).stdout
    assert "cd " not in said
    assert "autograder doctor" in said


def test_a_name_that_is_listed_already_may_be_started(tmp_path: Path) -> None:
    """Whoever lists the assignment first, and then starts it, is not sent back."""
    run("init", ".", cwd=tmp_path)
    config = tmp_path / "grader_config.py"
    config.write_text(config.read_text().replace("assignments=(", 'assignments=("houses", ', 1))
    assert "no folder assignments/houses" in run("doctor", cwd=tmp_path).stderr
    done = run("new", "houses", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Add " not in done.stdout


@pytest.mark.parametrize(
    ("there", "arguments", "parts"),
    [
        ("ml/notes.txt", (), ("ml is not empty (it holds notes.txt)", "name a new folder")),
        ("ml", (), ("ml is a file",)),
        ("ml/.gitignore", (), (".gitignore is there already",)),
        ("other", ("--title", 'The "best" course'), ("--title", "without quotation marks")),
        ("other", ("--title", " "), ("--title", "give a line of text")),
    ],
)
def test_nothing_is_written_over(
    tmp_path: Path, there: str, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """A folder with files in it, a file, or a title that is none is one sentence."""
    path = tmp_path / there
    path.parent.mkdir(exist_ok=True)
    path.write_text("here before")
    refused(run("init", "ml", *arguments, cwd=tmp_path), *parts)

    assert path.read_text() == "here before"
    assert not (tmp_path / "ml/grader_config.py").exists()
