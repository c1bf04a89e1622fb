"""Courses of nbgrader's as they come every day, graded from the command line: what counts, and what is shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from nbgrader_course import answer, asserts, code, course_of
from test_nbgrader_course import run

SOURCE = [
    code("numbers = [1, 2, 3]", "data", locked=True),
    answer("mean = None\n### BEGIN SOLUTION\nmean = 2\n### END SOLUTION", "mean"),
    asserts("assert mean == 2", "test_mean", 1),
    answer("table = {}  # fill it\n### BEGIN SOLUTION\ntable['a'] = 1\n### END SOLUTION", "table"),
    asserts("assert table == {'a': 1}", "test_table", 1),
]


def graded(course: Path, *more: str) -> dict[str, Any]:
    """The reports of `hw1` by student."""
    out = course.parent / "graded"
    done = run("grade", "hw1", "--course", course, "--out", out, *more, cwd=course.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((out / "reports").glob("*.json"))}


def points(course: Path) -> dict[str, float]:
    """What each student gets."""
    return {student: report["points"] for student, report in graded(course).items()}


def test_answers_count_wherever_they_were_typed(tmp_path: Path) -> None:
    """No stub that is put back undoes a value that the student's cells computed."""
    data, _, test_mean, _, test_table = SOURCE
    students = {
        "kept": [data, answer("mean = 2", "mean"), test_mean, answer("table = {'a': 1}", "table"), test_table],
        "lost": [code("numbers = [1]"), code("mean = 2"), code("table = {'a': 1}"), code("assert table")],
        "merged": [data, answer("mean = 2\ntable = {'a': 1}", "mean"), test_mean, test_table],
        "none": [data, test_mean, test_table],
        "retyped": [data, code("mean = 2"), test_mean, code("table = {'a': 1}"), test_table],
    }
    assert points(course_of(tmp_path / "course", SOURCE, students)) == {
        "kept": 2, "lost": 2, "merged": 2, "none": 0, "retyped": 2
    }  # fmt: skip


def test_the_command_that_import_recommends_works(tmp_path: Path) -> None:
    """Also where the course holds a folder assignments/, and where its name has a space."""
    right = [answer("mean = 2", "mean"), SOURCE[2], answer("table = {'a': 1}", "table"), SOURCE[4]]
    config = "c.CourseDirectory.root = 'assignments'"
    rooted = course_of(tmp_path / "my course", SOURCE, {"ada": right}, config=config, root="assignments")
    beside = course_of(tmp_path / "other", SOURCE, {"ada": right})
    (beside / "assignments").mkdir()
    for course in (rooted, beside):
        told = run("import", "nbgrader", course, cwd=tmp_path)
        command = shlex.split(told.stdout.partition("To grade: ")[2])
        assert (command[0], (course / "grader_config.py").is_file()) == ("autograder", True)
        done = run(*command[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "ada: 2 of 2 points" in done.stdout


def test_an_assignment_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    """Also after `import`, where the folder of sources lies in assignments/."""
    config = "c.CourseDirectory.root = 'assignments'"
    course = course_of(tmp_path / "course", SOURCE, {}, config=config, root="assignments")
    run("import", "nbgrader", course, cwd=tmp_path)
    done = run("grade", "hw9", "--course", course, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "the assignments are hw1." in done.stderr
