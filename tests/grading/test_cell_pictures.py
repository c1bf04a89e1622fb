"""Pictures below the cells of a notebook: what is drawn for a submission is bounded, whatever it shows."""

from __future__ import annotations

import pytest

from autograder.grading.notebooks import Notebooks
from autograder.notebooks import Cell
from autograder.pictures import raster
from autograder.remote.notebook import CellRun, Output

FIGURE = {"axes": [], "look": {}}


def shown(*counts: int) -> list[tuple[int, bool]]:
    """Of cells with so many figures each: how many pictures are kept, and whether one says that some are left out."""
    runs = [
        CellRun(number, Cell("code", "draw()"), outputs=(Output("display", "", figure=FIGURE),) * count)
        for number, count in enumerate(counts, 1)
    ]
    (result,) = Notebooks(_runs={"hw.ipynb": (runs, True)}).results()
    return [(len(cell.pictures), "(Pictures from here on are left out: " in cell.text) for cell in result.cells]


@pytest.fixture
def drawing(monkeypatch):
    """What a figure becomes, as often as it is drawn: a list of all that was drawn, and its last entry the answer."""
    drawn: list[str] = []
    answer = ["<svg/>"]

    def draw(*_record: object) -> str:
        drawn.append(answer[0])
        return answer[0]

    monkeypatch.setattr(raster.vector, "draw", draw)
    return drawn, answer


def test_refused_pictures_are_not_drawn_without_end(drawing) -> None:
    """Figures that a report refuses count as tries; after 32 nothing is drawn any more, and one cell says so."""
    drawn, answer = drawing
    answer[0] = ""
    assert shown(20, 250, 250) == [(0, False), (0, True), (0, False)]
    assert len(drawn) == 32


def test_pictures_that_do_not_fit_are_not_drawn_without_end(drawing) -> None:
    """Nor are those for which a report has no room left."""
    drawn, answer = drawing
    answer[0] = "x" * (3 << 20)
    assert shown(256) == [(0, True)]
    assert len(drawn) == 32


def test_a_report_holds_sixteen_pictures(drawing) -> None:
    """The sentence stands where the first is left out; with sixteen there is none."""
    assert shown(10, 6) == [(10, False), (6, False)]
    assert shown(10, 7, 1) == [(10, False), (6, True), (0, False)]


def test_seconds_of_drawing_are_bounded(drawing, monkeypatch) -> None:
    """Figures that take long end it earlier; CPU time is counted."""
    drawn, _ = drawing
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(raster.time, "thread_time", lambda: float(next(clock)))
    assert shown(16) == [(4, True)]
    assert len(drawn) == 4
