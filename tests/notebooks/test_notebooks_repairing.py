"""Whatever students do, what is graded is the handout with their work in it, and notes say what was repaired."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from autograder.notebooks import Cell, Notebook, Role, repair

TITLE = Cell("markdown", "# Homework", id="t")
SQUARE = Cell("code", "def square(x):\n    raise NotImplementedError", role=Role("square", solution=True))
TEST = Cell("code", "assert square(3) == 9", role=Role("test_square", grade=True, locked=True, points=2))
ESSAY = Cell("markdown", "YOUR ANSWER HERE", role=Role("essay", grade=True, solution=True, points=3))
RELEASED = Notebook((TITLE, SQUARE, TEST, ESSAY))

WRITTEN = replace(SQUARE, source="def square(x):\n    return x * x")
ANSWER = replace(ESSAY, source="Because.")
OWN = Cell("code", "print(square(2))", id="own")


def repaired(*cells: Cell) -> tuple[list[str], list[str]]:
    """The sources after the repair of these cells, and the notes."""
    done = repair(Notebook(cells), RELEASED)
    return [cell.source for cell in done.notebook.cells], list(done.notes)


RIGHT = [TITLE.source, WRITTEN.source, TEST.source, ANSWER.source]


def test_what_is_in_order_is_left_alone() -> None:
    """A notebook that was only filled in comes back as it was, without a note."""
    assert repaired(TITLE, WRITTEN, TEST, ANSWER) == (RIGHT, [])


def test_an_own_cell_stays_where_it_was() -> None:
    """What a student added runs behind the cell that it followed."""
    sources, notes = repaired(TITLE, WRITTEN, OWN, TEST, ANSWER)
    assert (sources, notes) == ([TITLE.source, WRITTEN.source, OWN.source, TEST.source, ANSWER.source], [])


def test_a_deleted_test_is_put_back() -> None:
    """Deleting a test neither removes its points nor its place."""
    note = "The given cell 'test_square' was deleted; the handed-out one was used."
    assert repaired(TITLE, WRITTEN, ANSWER) == (RIGHT, [note])


def test_an_edited_test_is_put_right() -> None:
    """The handed-out test runs, whatever the student made of it."""
    note = "The given cell 'test_square' was changed; the handed-out one was used."
    assert repaired(TITLE, WRITTEN, replace(TEST, source="assert True"), ANSWER) == (RIGHT, [note])


def test_a_test_that_became_text_is_code_again() -> None:
    """A test cell that was turned into Markdown is run."""
    note = "The given cell 'test_square' was changed; the handed-out one was used."
    assert repaired(TITLE, WRITTEN, replace(TEST, kind="markdown"), ANSWER) == (RIGHT, [note])


def test_a_copied_test_runs_once() -> None:
    """Copies of a test are dropped; the batch continues."""
    note = "The cell 'test_square' is there 3 times; the handed-out one was used."
    assert repaired(TITLE, WRITTEN, TEST, TEST, ANSWER, TEST) == (RIGHT, [note])


def test_a_copied_answer_still_runs() -> None:
    """Of copies of an answer all run, in their order, and the first keeps its name."""
    again = replace(WRITTEN, source="def square(x):\n    return x ** 2")
    done = repair(Notebook((TITLE, WRITTEN, again, TEST, ANSWER)), RELEASED)
    assert [cell.source for cell in done.notebook.cells][1:3] == [WRITTEN.source, again.source]
    assert [cell.name for cell in done.notebook.cells] == ["t", "square", "", "test_square", "essay"]
    assert done.notes == ("The cell 'square' is there 2 times; all of them run, and the first is graded.",)


def test_cells_are_put_back_into_order() -> None:
    """A test that was moved in front of what it tests runs after it again."""
    note = "Cells stand in another order than in the handout; they were put back into that order."
    assert repaired(TITLE, TEST, WRITTEN, ANSWER) == (RIGHT, [note])


def test_a_deleted_answer_is_not_written() -> None:
    """The stub stands in for an answer that is not there, and it is listed."""
    done = repair(Notebook((TITLE, TEST, ANSWER)), RELEASED)
    assert [cell.source for cell in done.notebook.cells] == [TITLE.source, SQUARE.source, TEST.source, ANSWER.source]
    assert done.notes == ("The cell 'square' was not handed in; it counts as not written.",)
    assert done.missing == ("square",)


def test_an_answer_that_lost_its_name_is_recognised_by_what_it_defines() -> None:
    """Metadata that a tool threw away costs nothing."""
    note = "The cell 'square' has lost its name; it was recognised by what it says."
    assert repaired(TITLE, replace(WRITTEN, role=None), TEST, ANSWER) == (RIGHT, [note])


def test_an_answer_that_was_renamed_is_recognised() -> None:
    """A grade id that was changed by hand is no longer known, but the function is."""
    note = "The cell 'square' has lost its name; it was recognised by what it says."
    renamed = replace(WRITTEN, role=Role("my_square", solution=True))
    assert repaired(TITLE, renamed, TEST, ANSWER) == (RIGHT, [note])


def test_text_that_lost_its_name_is_recognised_when_it_is_alike() -> None:
    """A written answer that kept most lines of its handout is found; another text is not."""
    lines = [f"line {n}" for n in range(6)]
    expected = replace(ESSAY, source="\n".join(lines))
    recognised = Cell("markdown", "\n".join([*lines[:5], "mine"]), id="k")
    released = Notebook((expected,))
    assert repair(Notebook((recognised,)), released).missing == ()
    assert repair(Notebook((replace(recognised, source="something else"),)), released).missing == ("essay",)


def test_code_in_place_of_text_is_read_as_text() -> None:
    """A written answer that became a code cell is an answer still."""
    note = "The cell 'essay' was turned into code; it was read as markdown."
    assert repaired(TITLE, WRITTEN, TEST, replace(ANSWER, kind="code")) == (RIGHT, [note])


pieces = st.lists(st.sampled_from([TITLE, WRITTEN, TEST, ANSWER, OWN, replace(TEST, source="pass")]), max_size=12)


@given(pieces)
def test_every_repair_is_complete_and_settled(cells: list[Cell]) -> None:
    """Each named cell is there once, in order, tests untouched; and a second repair changes nothing."""
    done = repair(Notebook(tuple(cells)), RELEASED)
    named = [cell for cell in done.notebook.cells if cell.role]
    assert [cell.name for cell in named] == ["square", "test_square", "essay"]
    assert named[1] == TEST
    again = repair(done.notebook, RELEASED)
    assert again.notebook == done.notebook
    assert again.notes == ()


@given(pieces)
def test_no_own_cell_is_lost(cells: list[Cell]) -> None:
    """Cells that students added are all there, in their order."""
    done = repair(Notebook(tuple(cells)), RELEASED)
    own = [cell.source for cell in cells if cell == OWN]
    assert [cell.source for cell in done.notebook.cells if cell.source == OWN.source] == own
