"""The stub of a deleted answer cell undoes nothing: values, tables, models and functions that the student set stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.notebooks import Cell, Notebook, Role, repair
from autograder.notebooks.repairing import changes_of


def code(source: str, name: str = "", **role: object) -> Cell:
    """A code cell; with a name it has a role."""
    return Cell("code", source, role=Role(name, **role) if name else None)  # type: ignore[arg-type]


DATA = code("import statistics\nnumbers = [1, 2, 3]", "data", locked=True)
MEAN = code("mean = None", "mean", solution=True)
TEST_MEAN = code("seen.append(('mean', globals().get('mean')))", "test_mean", grade=True, locked=True)
TABLE = code("table = {}  # fill it", "table", solution=True)
TEST_TABLE = code("seen.append(('table', globals().get('table')))", "test_table", grade=True, locked=True)
BOTH = code("low = None\nhigh = None", "both", solution=True)
TEST_BOTH = code("seen.append(('both', globals().get('low'), globals().get('high')))", "test_both", grade=True)
RELEASED = Notebook((DATA, MEAN, TEST_MEAN, TABLE, TEST_TABLE, BOTH, TEST_BOTH))

LOW_HIGH = code("low, high = 1, 3", "both", solution=True)
RIGHT = [("mean", 2), ("table", {"a": 1}), ("both", 1, 3)]


def seen(*cells: Cell) -> list[Any]:
    """What the tests see when the repaired notebook is run from top to bottom; a cell that raises stops no other."""
    names: dict[str, Any] = {"seen": []}
    for cell in repair(Notebook(cells), RELEASED).notebook.cells:
        try:
            exec(cell.source, names)
        except NameError:
            continue
    return names["seen"]


ANEW = (code("mean = 2"), code("table = {'a': 1}"), code("low, high = 1, 3"))


@pytest.mark.parametrize(
    "cells",
    [
        (DATA, ANEW[0], TEST_MEAN, ANEW[1], TEST_TABLE, LOW_HIGH, TEST_BOTH),
        (DATA, replace(MEAN, source="mean = 2\ntable = {'a': 1}"), TEST_MEAN, TEST_TABLE, LOW_HIGH, TEST_BOTH),
        (code(DATA.source), ANEW[0], code(TEST_MEAN.source), *ANEW[1:], code(TEST_BOTH.source)),
        (code("from statistics import mean"), code("mean = mean([2])"), *ANEW[1:]),
    ],
    ids=["retyped", "two answers in one cell", "all metadata lost", "everything else deleted"],
)
def test_an_answer_counts_wherever_it_was_typed(cells: tuple[Cell, ...]) -> None:
    """Retyped, merged and metadata-free answers reach the tests, and no restored stub runs after them."""
    assert seen(*cells) == RIGHT


def test_a_stub_whose_names_are_set_elsewhere_is_not_run() -> None:
    """A comment stands in its place, and a note says which names other cells set."""
    done = repair(Notebook((DATA, code("mean = 2; table = {}", "mean", solution=True), LOW_HIGH)), RELEASED)
    assert "The cell 'table' was not handed in; other cells set table, so its stub was not run." in done.notes
    assert [cell.source for cell in done.notebook.cells if cell.name == "table"] == [
        "# This cell was not handed in; other cells set table."
    ]
    assert done.missing == ("table",)


def test_a_stub_of_which_a_part_is_answered_runs_before_the_answer() -> None:
    """What the student did not set is as it was handed out; what was set stays."""
    cells = (DATA, code("low = 1"), code("mean = 2", "mean", solution=True), TEST_MEAN, code("table = {'a': 1}"))
    assert seen(*cells) == [("mean", 2), ("table", {"a": 1}), ("both", 1, None)]
    assert (
        "The cell 'both' was not handed in; its stub was run before the cells that may set what it sets."
        in repair(Notebook(cells), RELEASED).notes
    )


def test_a_part_of_an_answer_alone_is_no_other_notebook() -> None:
    """Where everything else was deleted, one name of a stub is enough."""
    assert not repair(Notebook((code("low = 1"),)), RELEASED).foreign
    assert repair(Notebook((code("something = 1"),)), RELEASED).foreign


def test_a_stub_runs_before_cells_whose_names_cannot_be_read() -> None:
    """A star import or exec may set anything, so the stub goes first."""
    cells = (DATA, code("exec('mean = 2')"), TEST_MEAN)
    assert seen(*cells)[0] == ("mean", 2)


def test_a_stub_that_nobody_answered_stands_in_its_place() -> None:
    """It counts as not written, and the handed-out values hold."""
    done = repair(Notebook((DATA, TEST_MEAN)), RELEASED)
    assert [cell.name for cell in done.notebook.cells] == [cell.name for cell in RELEASED.cells]
    assert "The cell 'mean' was not handed in; it counts as not written." in done.notes


def test_an_answer_typed_anew_is_graded_in_its_place() -> None:
    """A cell without name that sets all that the stub sets, where the stub stood, has the stub's role."""
    for retyped in (code("mean = 2"), code("mean = 2", "of-another-notebook", solution=True)):
        done = repair(Notebook((DATA, retyped, TEST_MEAN)), RELEASED)
        assert [cell.source for cell in done.notebook.cells if cell.name == "mean"] == ["mean = 2"]
        assert "The cell 'mean' has lost its name; it was recognised by what it says." in done.notes


ANSWERS = {
    "mean": ["mean = 2"],
    "table": ["table = {'a': 1}", "table = dict(a=1)"],
    "both": ["low, high = 1, 3", "high = 3\nlow = 1"],
}


@given(st.data())
def test_every_way_of_retyping_answers_gives_the_same_values(data: st.DataObject) -> None:
    """Each answer is kept, retyped behind the data, or retyped together with others: the tests see the same."""
    retyped, cells = [], []
    for given_cell, test in ((MEAN, TEST_MEAN), (TABLE, TEST_TABLE), (BOTH, TEST_BOTH)):
        answer = data.draw(st.sampled_from(ANSWERS[given_cell.name]))
        how = data.draw(st.sampled_from(["kept", "in place", "early"]))
        if how == "early":
            retyped.append(answer)
        else:
            cells.append(replace(given_cell, source=answer) if how == "kept" else code(answer))
        cells.append(test if data.draw(st.booleans()) else code("pass"))
    early = [code("\n".join(retyped))] if data.draw(st.booleans()) else [code(each) for each in retyped]
    assert seen(DATA, *early, *cells) == RIGHT


@pytest.mark.parametrize(
    ("source", "values", "imports", "anything"),
    [
        ("x = 1\ny: int = 2\nz += 1", {"x", "y", "z"}, set(), False),
        ("def f():\n    global g\n    a = 1\nclass C:\n    b = 1", {"f", "g", "C"}, set(), False),
        ("import a.b, c as d\nfrom e import f", set(), {"a", "d", "f"}, False),
        ("from e import *", set(), set(), True),
        ("model.fit(x)\ndf['a'] = 1\no.p.q = 2\ndel r[0]", {"model", "df", "o", "r"}, set(), False),
        ("for i in range(3):\n    with open(i) as f:\n        if (n := 1): pass", {"i", "f", "n"}, set(), False),
        ("[j for j in x if (k := j)]", {"k"}, set(), False),
        ("%%time\nx = 1", {"x"}, set(), False),
        ("%%writefile a.py\nx = 1", set(), set(), False),
        ("%run other.py", set(), set(), True),
        ("globals()['x'] = 1", set(), set(), True),
        ("x = = 1", set(), set(), False),
        ("print(x)", set(), set(), False),
    ],
)
def test_what_a_cell_sets_is_read_from_its_text(source: str, values: set, imports: set, anything: bool) -> None:
    """Names that it binds in the notebook's scope, or whose object it changes."""
    found = changes_of(source)
    assert (found.values, found.imports, found.anything) == (values, imports, anything)
