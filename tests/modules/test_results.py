"""The rows of docs/results.md: every one is there, none is made up, and the page is what the kept figures say."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _results() -> Any:
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("benchmark_results", ROOT / "benchmarks" / "results.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


results = _results()

ROW = """
[[row]]
id = "best"
system = "A thing"
published = "test 37.3 %"
command = "python -c 'print(1); print(\\"test 37.5 %\\")'"
stands_in = "fewer images"

[[row]]
id = "open"
system = "Another"
published = "9 %"
command = "python -c ''"
long = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two rows."""
    (tmp_path / "tiny.toml").write_text(ROW)
    return tmp_path


def test_the_page_is_what_is_kept() -> None:
    """docs/results.md is made by the script; `python benchmarks/results.py --write` fixes it."""
    assert results.PAGE.read_text("utf-8") == results.page(results.rows())


def test_every_row_can_be_repeated() -> None:
    """A row's command runs a reference or a benchmark of this repository."""
    for row in results.rows():
        words = row.command.split()
        module = words[2] if words[1] == "-m" else ""
        place = ROOT / f"{module.replace('.', '/')}/__main__.py" if module else ROOT / words[1]
        assert words[0] == "python"
        assert place.is_file(), row.command


def test_no_figure_is_kept_without_a_row() -> None:
    """Each measurement belongs to a row."""
    known = {(row.assignment, row.id) for row in results.rows()}
    for path in results.ROWS.glob("*.json"):
        assert {(path.stem, name) for name in json.loads(path.read_text("utf-8"))} <= known


def test_a_row_is_run_and_its_last_line_kept(folder: Path) -> None:
    """What the command printed last, how long it took, and where."""
    row = results.rows(folder)[0]
    results.keep(row, results.run(row), folder)
    stored = json.loads((folder / "tiny.json").read_text())["best"]
    assert stored["ours"] == "test 37.5 %"
    assert stored["seconds"] >= 0
    assert "cores of" in stored["machine"]


def test_the_page_tells_what_differs_and_what_is_open(folder: Path) -> None:
    """One line for each row: figures, time and what stands in, or that it was not measured."""
    row = results.rows(folder)[0]
    results.keep(row, results.Measured("test 37.5 %", 130.0, "2 cores of X"), folder)
    text = results.page(results.rows(folder), folder)
    assert "| test 37.3 % | test 37.5 % | 2 min | fewer images |" in text
    assert "| 9 % | *open: not measured* |  |  |" in text
    assert text.endswith("Measured on 2 cores of X.\n")


def test_a_command_that_fails_is_reported(folder: Path) -> None:
    """Nothing is kept of it."""
    with pytest.raises(SystemExit, match="ended with 0 and printed 'nothing'"):
        results.run(results.rows(folder)[1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[row]]\nid = 3\nsistem = 1", "unexpected keyword argument 'sistem'"),
        ("[[row", "tiny.toml"),
        (ROW + ROW, "Two rows of tiny have the id 'best'"),
    ],
)
def test_a_mistake_in_the_rows_is_reported(text: str, said: str, folder: Path) -> None:
    """A word that nobody knows, no TOML, the same id twice."""
    (folder / "tiny.toml").write_text(text)
    with pytest.raises(SystemExit, match=said):
        results.rows(folder)


@pytest.mark.parametrize(("seconds", "words"), [(41.2, "41 s"), (130, "2 min"), (5400, "1.5 h")])
def test_times_are_reported_in_words(seconds: float, words: str) -> None:
    """Seconds, minutes or hours."""
    assert results.duration(seconds) == words
