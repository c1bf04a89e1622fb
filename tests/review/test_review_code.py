"""The code on the page of a submission: that which was graded, as text, with the lines that messages name."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from command_line import run, run_here
from samples import check, question, report
from tiny_course import RIGHT, hand_in, make_course

from autograder.checks.errors import UsageError
from autograder.course import CONFIG_FILE, load
from autograder.results import Replay, Report, Verdict
from autograder.review.access import Access
from autograder.review.app import application
from autograder.review.code import code_of, code_style, staged
from autograder.review.page import Review
from autograder.store import sqlite_address
from autograder.submissions import Submission

ACCESS = Access("right-token", 8765)
RAISES = "def double(x):\n    # <script>\n    return x + missing\n"


def found(*messages: str) -> Report:
    """A report whose checks say these things to staff."""
    checks = (replace(check(f"c{n}", Verdict.RAISED), staff_message=each) for n, each in enumerate(messages))
    return replace(report("ada", question("a", *checks)), replay=Replay(submission_sha256="abc"))


def handed(folder: Path, **files: str) -> Submission:
    """A staged submission of these files; __ in a name stands for a full stop."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return Submission("ada", folder, "abc")


def test_the_lines_that_messages_name_are_marked(tmp_path: Path) -> None:
    """A line of the main file, and one of a file that is named."""
    submission = handed(tmp_path, hw__py="a = 1\nb = a / 0\n", other__py="c = 1\n")
    messages = "double raised ZeroDivisionError (line 2: `b = a / 0`).", "KeyError (line 1 of other.py)."
    code, said = code_of(found(*messages), submission)
    assert said == ""
    assert [(each.name, each.lines) for each in code] == [("hw.py", (2,)), ("other.py", (1,))]
    assert code[0].html.count('class="hll"') == 1


def test_a_notebook_is_shown_cell_by_cell(tmp_path: Path) -> None:
    """Text and code in order, with the line of the cell that a message names; what is none is shown as it is."""
    cells = [{"source": ["# Title"]}, {"source": "x = 1\ny = x /0"}, {"source": ""}, 7]
    submission = handed(tmp_path, hw__ipynb=json.dumps({"cells": cells}), broken__ipynb="[1")
    code, _ = code_of(found("ZeroDivisionError (line 2 of cell 2)."), submission)
    assert [(each.name, each.lines) for each in code] == [
        ("broken.ipynb", ()),
        ("hw.ipynb, cell 1", ()),
        ("hw.ipynb, cell 2", (2,)),
    ]


def test_code_is_text(tmp_path: Path) -> None:
    """Markup and control characters are shown, and a long file is cut."""
    submission = handed(tmp_path, hw__py=RAISES + "\x1b[31m\u202e", long__txt="x" * 300_000)
    code, _ = code_of(found("bad"), submission)
    assert "<script>" not in code[0].html and "&lt;script&gt;" in code[0].html
    assert "\x1b" not in code[0].html and "\u202e" not in code[0].html and "⟨" in code[0].html
    assert "more characters" in code[1].html and len(code[1].html) < 250_000


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"sha256": "other"}, "The files in the folder of submissions are others than those that were graded"),
        ({"folder": Path("/nowhere")}, "Nothing that was handed in is text."),
    ],
)
def test_only_what_was_graded_is_shown(tmp_path: Path, changed: dict[str, object], sentence: str) -> None:
    """Other files, and none, are a sentence."""
    submission = replace(handed(tmp_path, hw__py="x"), **changed)
    code, said = code_of(found("bad"), submission)
    assert code == () and sentence in said
    assert "are not in the folder of submissions" in code_of(found("bad"), None)[1]


def test_the_page_of_a_submission_shows_its_code(tmp_path: Path) -> None:
    """Of a class that was graded: the code with the failing line, from the same folder; what is wrong is said."""
    root = make_course(tmp_path / "course")
    inbox = hand_in(tmp_path / "in", ann=RIGHT, ben=RAISES)
    assert run("grade", "tiny", inbox, "--out", tmp_path / "out", cwd=root).returncode == 0
    submissions = staged(root, load(root / CONFIG_FILE), "tiny", inbox, tmp_path / "staging")

    def broken(_: str) -> dict[str, Submission]:
        raise UsageError("in does not exist.")

    async def pages() -> list[str]:
        texts = []
        for handed_in in (lambda _: submissions, lambda _: None, broken):
            app = application(Review(sqlite_address(tmp_path / "out" / "grader.db"), ACCESS, handed_in=handed_in))
            headers = {"cookie": f"{ACCESS.cookie}=right-token"}
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765", headers=headers) as ask:
                texts.append((await ask.get("/assignments/tiny/students/2")).text)
        return texts

    with_code, without, wrong = asyncio.run(pages())
    assert "messages name line 3" in " ".join(with_code.split()) and "missing" in with_code
    assert "What was handed in" not in without
    assert "The files cannot be shown. in does not exist." in wrong


def test_the_style_of_code_has_both_schemes() -> None:
    """The sheet is made of Pygments' own styles."""
    assert b"prefers-color-scheme: dark" in code_style() and b".highlight .k" in code_style()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Before anything is served."""
    for option in ("--submissions", "--course"):
        done = run_here("review", "--out", tmp_path, option, tmp_path / "none", "--no-browser", cwd=tmp_path)
        assert done.returncode == 2 and f"There is no folder {tmp_path / 'none'}; correct" in done.stderr
