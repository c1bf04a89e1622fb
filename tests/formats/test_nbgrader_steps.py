"""nbgrader's own steps on what was exported: they find each cell, its tests, points and comments."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nbconvert
import nbformat
import pytest
from nbgrader_folders import ESSAY, RIGHT, TEST, graded, notebook, write_course, write_reports
from test_gradebook_cli import refused, run

from autograder.formats.nbgrader.gradebook import write_gradebook
from autograder.formats.nbgrader.gradebook_file import course_directory
from autograder.results import Verdict

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """A course whose one submission was exported, in which somebody graded the essay and wrote a comment."""
    home = tmp_path_factory.mktemp("steps") / "course"
    write_course(home, ada="Because.")
    out = write_reports(home.parent / "out", graded("ada", Verdict.FAILED))
    run("export", "nbgrader", out, "--course", home)
    with closing(sqlite3.connect(home / "gradebook.db")) as database:
        database.execute(
            "update grade set manual_score = 4.5, needs_manual_grade = 0 where cell_id in"
            " (select id from base_cell where name = 'essay')"
        )
        database.execute(
            "update comment set manual_comment = 'Well said, Ada.' where cell_id in"
            " (select id from base_cell where name = 'essay' and type = 'SolutionCell')"
        )
        database.commit()
    return home


@pytest.fixture
def course(exported, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(exported, tmp_path / "course"))


def nbgrader(course: Path, *arguments: str) -> str:
    """Run a verb of nbgrader's in a course; what it said."""
    beside = Path(nbconvert.__file__).parents[4] / "share" / "jupyter"  # templates, also of another environment
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbgrader", *arguments],
        cwd=course, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "JUPYTER_PATH": str(beside)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def rows(course: Path, query: str) -> list[tuple[object, ...]]:
    """What the gradebook says."""
    with closing(sqlite3.connect(course / "gradebook.db")) as database:
        return database.execute(query).fetchall()


CELLS = "select name, cell_type, locked, source, length(checksum) from source_cell order by name"


def test_source_cells_hold_stubs_and_whole_tests(exported) -> None:
    """As nbgrader's own generate_assignment writes them: solutions cut, hidden tests whole, with checksums."""
    found = {name: tuple(rest) for name, *rest in rows(exported, CELLS)}

    assert set(found) == {"add", "test_add", "essay"}
    assert found["test_add"][:2] == ("code", 1)
    assert "assert add(-1, 41) == 40" in str(found["test_add"][2])
    assert found["essay"] == ("markdown", 0, ESSAY, 32)
    assert "return a + b" not in str(found["add"][2])
    assert "NotImplementedError" in str(found["add"][2])


def test_nbgrader_itself_writes_the_same_rows(course, tmp_path) -> None:
    """`nbgrader generate_assignment` in a course of its own, compared row by row."""
    other = write_course(tmp_path / "other")
    write_gradebook("other", (), course_directory(other))  # nbgrader alone needs the program `alembic` for a new one
    nbgrader(other, "generate_assignment", "ps1", "--force")
    assert rows(course, CELLS) == rows(other, CELLS)
    kernel = "select kernelspec from notebook"
    assert [json.loads(str(k)) for (k,) in rows(course, kernel)] == [json.loads(str(k)) for (k,) in rows(other, kernel)]


def test_an_assignment_can_be_generated_again_after_an_export(course) -> None:
    """nbgrader refuses that where the cells of the gradebook are other than those of the source."""
    said = nbgrader(course, "generate_assignment", "ps1", "--force")
    assert "Cannot add or remove cells" not in said


def test_nbgrader_puts_an_edited_test_back_from_the_exported_rows(course) -> None:
    """Its step before grading finds the cell by its id, and the hidden test comes with it."""
    from nbgrader.preprocessors import OverwriteCells

    handed = nbformat.reads(notebook(RIGHT, "Because.", test="assert True").decode(), as_version=4)
    data = {"notebook": "hw", "assignment": "ps1", "student": "ada", "db_url": f"sqlite:///{course}/gradebook.db"}
    made, _ = OverwriteCells().preprocess(handed, {"nbgrader": data})
    (cell,) = [each for each in made.cells if each.metadata.get("nbgrader", {}).get("grade_id") == "test_add"]
    assert TEST in cell.source
    assert "add(-1, 41)" in cell.source


def test_nbgrader_s_own_feedback_shows_points_and_comments(course) -> None:
    """`nbgrader generate_feedback` makes a page of an exported submission."""
    nbgrader(course, "generate_feedback", "ps1")
    page = (course / "feedback" / "ada" / "ps1" / "hw.html").read_text()

    assert "Well said, Ada." in page
    assert "(Score: 4.5 / 7.0)" in page
    assert "Score: 0.0 / 2.0" in page
    assert "Score: 4.5 / 5.0" in page
    assert "add(-1, 41)" not in page


def test_a_handout_alone_does_not_take_hidden_tests_away(course, tmp_path) -> None:
    """Where the source is not at hand, rows that are there are not changed."""
    before = rows(course, CELLS)
    shutil.rmtree(course / "source")
    run("export", "nbgrader", write_reports(tmp_path / "out", graded("ada")), "--course", course)
    assert rows(course, CELLS) == before


def test_a_course_that_has_a_configuration_of_ours_is_still_nbgrader_s(course, tmp_path) -> None:
    """`autograder import nbgrader` writes one; the folders and the gradebook are those of nbgrader as before."""
    run("import", "nbgrader", course)
    assert (course / "grader_config.py").is_file()
    said = run("export", "nbgrader", write_reports(tmp_path / "out", graded("ada")), "--course", course)
    assert "ps1: 1 submission and 1 notebook written" in said
    assert str(course / "gradebook.db") in said


def test_a_source_that_nbgrader_refuses_is_reported(tmp_path) -> None:
    """The notebook and nbgrader's own words, in one sentence."""
    home = write_course(tmp_path / "course", ada="Because.")
    path = home / "source" / "ps1" / "hw.ipynb"
    path.write_text(path.read_text().replace("return a + b", "### BEGIN SOLUTION\\n    return a + b"))
    out = write_reports(tmp_path / "out", graded("ada"))
    assert refused("export", "nbgrader", out, "--course", home) == (
        "hw.ipynb: nbgrader makes no handout of it: no end solution statement found; correct the notebook."
    )


def test_modules_need_no_source_cells(tmp_path) -> None:
    """Nothing was handed out as a notebook."""
    write_gradebook("hw", (), course_directory(tmp_path))
    assert rows(tmp_path, CELLS) == []
