"""Whoever grades an answer reads the cells that the student added around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbgrader_course import Cell as JsonCell
from nbgrader_course import code, course_of, markdown
from test_nbgrader_course import run
from test_nbgrader_everyday import graded

from autograder.notebooks import Cell, Notebook, Role
from autograder.notebooks.added_cells import ToRead, to_read

TASK = Cell("markdown", "Derive it below.", role=Role("task", task=True, points=4))
ANSWER = Cell("markdown", "YOUR ANSWER HERE", role=Role("why", grade=True, solution=True, points=3))
HINT = Cell("markdown", "A hint of the handout.")
TEST = Cell("code", "assert True", role=Role("test", grade=True, points=1))
RELEASED = Notebook((ANSWER, TEST, TASK, HINT))
MINE, CODE = Cell("markdown", "d/dx x² = 2x"), Cell("code", "print('checked')")


def read(name: str, *cells: Cell, outputs: dict[int, str] | None = None) -> ToRead:
    """What there is to be read."""
    return to_read(Notebook(cells), RELEASED, name, outputs)


def test_cells_below_a_task_are_its_answer() -> None:
    """With what they are, where they stand, and what they printed; cells of the handout are none of them."""
    found = read("task", ANSWER, TEST, TASK, MINE, HINT, CODE, outputs={6: "checked\n", 1: "no"})
    assert found.text == (
        "--- Added by the student below this cell (Markdown, cell 4) ---\nd/dx x² = 2x\n\n"
        "--- Added by the student below this cell (code, cell 6) ---\nprint('checked')\n--- Its output ---\nchecked"
    )
    assert (found.own, found.added) == ("", 2)
    assert found.said == "The cell is as it was handed out; 2 cells added beside it will be read."


def test_a_written_answer_comes_with_what_is_below_it() -> None:
    """Up to the next cell of the handout that has a name."""
    found = read("why", Cell("markdown", "Because.", role=ANSWER.role), MINE, TEST, TASK, CODE)
    assert found.text == "Because.\n\n--- Added by the student below this cell (Markdown, cell 2) ---\nd/dx x² = 2x"
    assert found.said == "It will be read with 1 cell added beside it."


def test_an_answer_alone_is_read_alone() -> None:
    """Nothing is said about it."""
    assert read("why", Cell("markdown", "Because.", role=ANSWER.role), TEST, TASK) == ToRead(
        "Because.", "Because.", 0, (1,)
    )


def test_cells_above_are_read_where_there_is_nothing_else() -> None:
    """Some students write over the cell that asks."""
    above = "--- Added by the student above this cell (Markdown, cell 1) ---\nd/dx x² = 2x"
    assert read("why", MINE, ANSWER, TEST, TASK).text == above
    assert "above" not in read("why", CODE, ANSWER, MINE, TEST, TASK).text


def test_nothing_to_read_is_said() -> None:
    """As it was handed out, empty, or not there at all."""
    assert read("task", ANSWER, TEST, TASK, HINT).said == "It is as it was handed out."
    assert read("why", Cell("markdown", " ", role=ANSWER.role), TEST, TASK).said == "It is empty."
    assert read("gone", TASK) == ToRead("", "", 0)


def handed_in(*below_why: JsonCell, below_task: tuple[JsonCell, ...] = ()) -> list[JsonCell]:
    """A notebook with a written answer and a task, and cells below them."""
    return [
        markdown("YOUR ANSWER HERE", "why", grade=True, solution=True, points=3),
        *below_why,
        code("assert True", "test", grade=True, locked=True, points=1),
        markdown("Derive it below.", "task", task=True, locked=True, points=4),
        *below_task,
    ]


@pytest.mark.long
def test_pages_for_marking_staff_and_students_show_added_cells(tmp_path: Path) -> None:
    """Of task cells and of written answers; who added nothing has an answer as it was handed out."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    below = (markdown("My <b>derivation</b>"), code("print('checked', 6 * 7)"), code(plot))
    students = {"ada": handed_in(markdown("My reason"), below_task=below), "ben": handed_in()}
    course = course_of(tmp_path / "course", handed_in(), students)
    reports = graded(course)
    out = tmp_path / "graded"
    assert run("mark", "hw1", "--course", course, "--out", out, cwd=tmp_path).returncode == 0
    pages = [(out / name).read_text("utf-8") for name in ("answers/task.html", "staff/ada.html", "feedback/ada.html")]
    for page in pages:
        assert "Added by the student below this cell (Markdown, cell 5)" in page
        assert "My &lt;b&gt;derivation&lt;/b&gt;" in page
        assert "checked 42" in page
        assert re.search(r"<svg|data:image/(png|svg)", page)
    assert "My reason" in (out / "answers" / "why.html").read_text("utf-8")
    verdicts = {name: [check["verdict"] for check in each["questions"][0]["checks"]] for name, each in reports.items()}
    assert verdicts == {"ada": ["MANUAL", "PASSED", "MANUAL"], "ben": ["NOT_ATTEMPTED", "PASSED", "NOT_ATTEMPTED"]}
    assert '"ben","p","task","as handed out"' in (out / "marks.csv").read_text("utf-8-sig")
