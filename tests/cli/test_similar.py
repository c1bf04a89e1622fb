"""`autograder similar`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from command_line import refused, run_here
from copy_edits import EDITS
from tiny_course import hand_in, make_course

from autograder.reports.files import restored

SOLVED = Path(__file__).parent.parent / "solved"
SOURCES = {path.stem: path.read_text("utf-8") for path in sorted(SOLVED.glob("*.py"))}
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course, and a class of which two hand in the same, one of them under another spelling."""
    root = make_course(tmp_path / "course")
    copy = f'"""{HOSTILE}"""\nnothing = "{HOSTILE}"\n' + EDITS["names"](SOURCES["kmeans"])
    hand_in(root / "submissions" / "tiny", **SOURCES, zoe=copy)
    return root


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: restored(text) for name, text in row.items()} for row in csv.DictReader(file)]


def test_a_class_is_compared(course: Path) -> None:
    """The pair is in the table, in the CSV, in the list and on a page of its own, where nothing of it is alive."""
    out = course / "out"
    done = run_here("similar", "tiny", "--out", out, cwd=course)
    assert done.returncode == 0, done.stderr
    assert "kmeans" in done.stdout
    assert "evidence to be read, and no verdict" in done.stdout
    (row,) = rows(out / "similar.csv")
    assert (row["first"], row["second"], row["cluster"]) == ("kmeans", "zoe", "1")
    assert float(row["share"]) > 0.9
    listed = (out / "similar.html").read_text("utf-8")
    assert row["page"] in listed
    assert "no verdict" in listed
    page = (out / row["page"]).read_text("utf-8")
    assert "&lt;script&gt;" in page
    for text in (listed, page):
        assert "<script" not in text
        assert "Content-Security-Policy" in text
        assert 'name="viewport"' in text
        assert not {word for word in ("cheat", "plagiar", "copied", "guilt") if word in text.lower()}
    assert 'href="#b1"' in page
    assert 'id="b1"' in page


def test_what_no_longer_stands_out_is_removed(course: Path) -> None:
    """A page of an earlier run goes with its pair; files of others stay."""
    out = course / "out"
    run_here("similar", "tiny", "--out", out, cwd=course)
    (out / "similar" / "notes.html").write_text("mine")
    known = course / "known"
    known.mkdir()
    (known / "solution.py").write_text(SOURCES["kmeans"])
    done = run_here("similar", "tiny", "--out", out, "--base", known, cwd=course)
    assert "No pair stands out." in " ".join(done.stdout.split())
    assert rows(out / "similar.csv") == []
    assert [path.name for path in (out / "similar").iterdir()] == ["notes.html"]
    assert "No pair stands out" in (out / "similar.html").read_text("utf-8")


def test_earlier_years_are_named_by_their_folder(course: Path) -> None:
    """Who hands in what somebody had a year ago is listed with it."""
    earlier = hand_in(course / "year-2025", anna=EDITS["names"](SOURCES["viterbi"]), ben=SOURCES["pca"])
    (course / "submissions" / "tiny" / "pca" / "tiny.py").write_text("def double(x):\n    return 2 * x\n")
    done = run_here("similar", "tiny", "--out", "out", "--earlier", earlier, cwd=course)
    assert done.returncode == 0, done.stderr
    pairs = {(row["first"], row["second"]) for row in rows(course / "out" / "similar.csv")}
    assert pairs == {("kmeans", "zoe"), ("viterbi", "year-2025/anna")}


def test_a_notebook_of_a_student_is_compared_with_modules(course: Path) -> None:
    """What cannot be read is named with the reason, and the rest is compared."""
    (course / "submissions" / "tiny" / "yan").mkdir()
    (course / "submissions" / "tiny" / "yan" / "notes.txt").write_text("nothing")
    cells = [{"cell_type": "code", "source": SOURCES["viterbi"], "metadata": {}, "outputs": []}]
    book = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    (course / "submissions" / "tiny" / "xia").mkdir()
    (course / "submissions" / "tiny" / "xia" / "tiny.ipynb").write_text(book)
    done = run_here("similar", "tiny", "--out", "out", cwd=course)
    assert done.returncode == 0, done.stderr
    assert "Not compared: yan. No code was handed in." in done.stdout


def test_a_small_class_says_so(course: Path, tmp_path: Path) -> None:
    """Of four submissions nobody can know what is common idiom."""
    few = hand_in(tmp_path / "few", **{name: SOURCES[name] for name in ("kmeans", "pca", "viterbi")})
    done = run_here("similar", "tiny", few, "--out", "out", cwd=course)
    assert "Few submissions" in done.stdout
    assert "With so few submissions" in (course / "out" / "similar.html").read_text("utf-8")


def test_what_cannot_be_compared_is_refused(course: Path, tmp_path: Path) -> None:
    """A folder that is not there, one submission, a base without code, a share out of range: one sentence each."""
    refused(run_here("similar", "tiny", "nowhere", "--out", "o", cwd=course), "nowhere does not exist")
    refused(run_here("similar", "tiny", "--out", "o", "--earlier", "gone", cwd=course), "gone does not exist")
    alone = hand_in(tmp_path / "alone", anna=SOURCES["pca"], ben=SOURCES["pca"])
    refused(
        run_here("similar", "tiny", alone / "anna", "--out", "o", cwd=course), "there is nothing to compare it with"
    )
    (tmp_path / "empty").mkdir()
    refused(
        run_here("similar", "tiny", "--out", "o", "--base", tmp_path / "empty", cwd=course), "holds no .py or .ipynb"
    )
    done = run_here("similar", "tiny", "--out", "o", "--share", "2", cwd=course)
    assert done.returncode == 2
    assert "'2' is no number from 0.05 to 1." in " ".join(done.stderr.split())
