"""Graded submissions as notebooks: whose cells, which points, and nothing that a browser could run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbformat import v4
from nbgrader_folders import ESSAY, PNG, RIGHT, STUB, graded, notebook
from samples import check, internal, question, report

from autograder.notebooks import read
from autograder.pictures.raster import clean
from autograder.reports.graded_notebook import cell_name, graded_notebooks, is_cell_of, notebook_node
from autograder.reports.notebook_outputs import neutral, outputs_of
from autograder.reports.visibility import Moment
from autograder.results import CellResult, NotebookResult, Verdict, Visibility

RELEASED = {"hw": read(notebook(STUB, ESSAY), "hw.ipynb")}
HARMLESS = {"p", "em", "strong", "code", "pre", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "div"}
HARMLESS |= {"blockquote", "table", "thead", "tbody", "tr", "th", "td", "span", "del"}


def cells(made):
    """The cells of a notebook by their grade ids."""
    return {each.cell.role.grade_id: each for each in made.cells if each.cell.role}


class Tags(HTMLParser):
    """Tags, and attributes that could do something."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Note a tag; a heading's own anchor leads to the heading, and an address that is written out to itself."""
        address = dict(attrs).get("href") or ""
        own = tag == "a" and dict(attrs).get("class") == "anchor-link"
        bare = tag == "a" and re.match("https?://", address) and [name for name, _ in attrs] == ["href"]
        if not own and not bare:
            self.tags.add(tag)
            self.attributes |= {name for name, _ in attrs} - {"class", "id", "style"}


def rendered(markdown):
    """What nbconvert makes of Markdown, with raw HTML and every address allowed, as formgrader does."""
    from nbconvert.filters.markdown import markdown2html

    return markdown2html(markdown)


@given(st.text(alphabet=st.sampled_from("<>[]()!:/ab\\`*_~&;#\n \t\"'-^$|h")))
@example("<script>alert(1)</script>")
@example("[x](javascript:alert(1)) ![x](http://a/b) [y][z]\n\n[z]: javascript:alert(1)")
@example("<javascript:alert(1)> <http://a/b> <!-- --> <?x?> </p>")
@example("```mermaid\n</pre><script>alert(1)</script>\n```")
@example("[^a]\n\n[^a]: <b>")
def test_neutral_markdown_becomes_no_markup_of_its_own(text):
    """Whatever is written, nbconvert makes plain tags of it, without addresses and without handlers."""
    seen = Tags(rendered(neutral(text)))
    assert seen.tags <= HARMLESS
    assert seen.attributes == set()


def test_the_law_above_can_fail():
    """The same markup as it stands becomes tags and addresses."""
    assert Tags(rendered("<img src=x onerror=y>")).attributes == {"src", "onerror"}
    assert "a" in Tags(rendered("[x](javascript:alert(1))")).tags


@pytest.mark.parametrize(
    "text", ["a < b, a<2, 1 <= x", "$x_1 < y$", "* one\n* two", "`x[1]`", "| a | b |\n|---|---|", ""]
)
def test_what_is_no_markup_stays(text):
    """Comparisons, formulas, lists, tables and code are not changed."""
    assert neutral(text) == text


def test_neutral_only_adds_spaces():
    """Nothing of what a student wrote is lost."""
    text = "<b>bold</b> [link](http://x) ![p](q)"
    assert neutral(text) == "< b>bold< /b> [link] (http://x) ![p] (q)"


@given(st.text(max_size=200))
def test_a_cell_name_is_one_that_nbgrader_takes(text):
    """Any id becomes letters, digits, underscores and hyphens, not empty and not too long."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", cell_name(text))


def test_cell_names_of_like_ids_differ():
    """Two ids that differ only in what cannot stand in a name stay two."""
    assert cell_name("doubles_one") == "doubles_one"
    assert cell_name("a.b") != cell_name("a_b") != cell_name("a/b")


def test_a_check_is_about_a_cell_by_its_id():
    """Alone, behind the notebook's name, or as the name that it became."""
    assert is_cell_of("t", "hw", "t")
    assert is_cell_of("hw/t", "hw", "t")
    assert not is_cell_of("other/t", "hw", "t")
    assert is_cell_of("größe", "hw", cell_name("größe"))


def test_a_notebook_s_grade_cells_have_the_points_of_their_checks():
    """The test cell carries its check, the essay waits for a person, the student's cell carries nothing."""
    (made,) = graded_notebooks(graded("ada"), {"hw.ipynb": notebook(RIGHT, "Because.")}, RELEASED)
    found = cells(made)
    assert (found["test_add"].scored, found["test_add"].points) == (True, 2)
    assert (found["essay"].scored, found["essay"].points) == (True, None)
    assert not found["add"].scored
    assert found["add"].own
    assert found["add"].cell.source == RIGHT


def test_an_untouched_essay_is_worth_nothing():
    """What is still the handed-out text needs nobody to read it."""
    (made,) = graded_notebooks(graded("ada"), {"hw.ipynb": notebook(RIGHT, ESSAY)}, RELEASED)
    assert cells(made)["essay"].points == 0


def test_a_check_that_we_could_not_run_has_no_points():
    """Our fault is nobody's zero: a person has to look."""
    (made,) = graded_notebooks(internal("ada"), {}, {})
    assert cells(made)["one"].points is None
    assert cells(made)["two"].points == 2


def test_a_missing_notebook_is_reported():
    """The cells are those handed out, and the notebook counts as not handed in."""
    (made,) = graded_notebooks(graded("ada"), {}, RELEASED)
    assert not made.handed_in
    assert cells(made)["add"].cell.source == STUB


def test_a_file_that_is_no_notebook_is_shown_as_handed_out_with_the_reason():
    """A broken file stops nothing."""
    (made,) = graded_notebooks(graded("ada"), {"hw.ipynb": b"{"}, RELEASED)
    assert made.handed_in
    assert "hw.ipynb is no notebook" in made.cells[0].cell.source


def test_a_submission_of_modules_is_a_notebook_of_files_and_checks():
    """Files can be commented on, checks have points, a title, a verdict and a message; bonus points are beyond all."""
    first = question("a", check("one", Verdict.PASSED), check("two", Verdict.FAILED, hidden=True, failure="secret 7"))
    bonus = question("b", check("three", Verdict.PARTIAL, failure="half"), bonus=True)
    (made,) = graded_notebooks(report("ada", first, bonus), {"hw.py": b"x = 1\n", "w.bin": b"\0\1"}, {})
    found = cells(made)
    assert made.name == "tiny"
    assert [each.cell.role.points for each in found.values() if each.check] == [2, 2, 0]
    (file,) = [each for each in found.values() if each.cell.role.solution and not each.check]
    assert file.cell.source == "x = 1\n"
    assert found["two"].cell.source == "# Title of two. (hidden)"
    assert found["three"].outputs[0].text == "◐ partly: 1 of 2\nhalf\n"
    text = nbformat.writes(notebook_node(made))
    assert "secret 7" not in text
    assert "w.bin: 2 bytes that are no text." in text


def test_checks_that_no_cell_has_come_behind_the_notebook():
    """Our own notebook assignments keep their checks beside their cells."""
    made = replace(graded("ada"), questions=(question("q", check("elsewhere", Verdict.PASSED)),))
    (one,) = graded_notebooks(made, {"hw.ipynb": notebook(RIGHT, "x")}, RELEASED)
    assert [name for name, each in cells(one).items() if each.check] == ["elsewhere"]


def withheld(name, verdict=Verdict.FAILED):
    """A hidden check of two points that is shown after the deadline, with words that nobody may read before."""
    made = check(name, verdict, hidden=True, failure="secret")
    return replace(made, title="Secret title.", message="Secret message.", visible=Visibility.AFTER_DEADLINE)


def test_a_check_that_is_not_shown_yet_has_neither_words_nor_points():
    """No score, no sum and no cell that nbgrader gives a score to tells what became of it, until it is shown."""
    hidden = (withheld("one"), withheld("two", Verdict.PASSED))
    everything = report("ada", question("a", check("open", Verdict.PASSED), *hidden), question("b", withheld("three")))
    (made,) = graded_notebooks(everything, {}, {})
    text = nbformat.writes(notebook_node(made))
    assert "secret" not in text.casefold()
    assert text.count("A check whose result is not shown") == 3
    headings = [each.cell.source for each in made.cells if each.cell.source.startswith("## ")]
    assert [each.rpartition(": ")[2] for each in headings] == ["2 of 2 points", "points not shown"]
    assert [name for name, each in cells(made).items() if each.check] == ["open"]
    (later,) = graded_notebooks(everything, {}, {}, moment=Moment(closed=True))
    assert [each.points for each in cells(later).values()] == [2, 0, 2, 0]
    assert "4 of 6 points" in nbformat.writes(notebook_node(later))


def test_a_cell_whose_check_is_not_shown_yet_is_no_cell_with_a_score():
    """Nor does the cell of a notebook that was handed out tell it."""
    whole = graded("ada")
    questions = tuple(
        replace(each, checks=tuple(replace(one, visible=Visibility.NEVER) for one in each.checks if not one.by_hand))
        for each in whole.questions
    )
    (made,) = graded_notebooks(replace(whole, questions=questions), {"hw.ipynb": notebook(RIGHT, "x")}, RELEASED)
    assert "test_add" not in cells(made)
    assert not [each for each in made.cells if each.check]
    assert any("add" in each.cell.source and not each.cell.role for each in made.cells)


def test_the_notebook_is_valid_for_nbformat_and_nbgrader():
    """Version 4.5, and nbgrader's metadata of version 3 in every cell with a role."""
    from nbgrader.nbgraderformat import MetadataValidator

    (made,) = graded_notebooks(graded("ada"), {"hw.ipynb": notebook(RIGHT, "Because.")}, RELEASED)
    node = notebook_node(made)
    nbformat.validate(node)
    MetadataValidator().validate_nb(node)
    reported = [cell.metadata.nbgrader for cell in node.cells if "nbgrader" in cell.metadata]
    assert [each.grade_id for each in reported] == ["add", "test_add", "essay"]
    assert {each.schema_version for each in reported} == {3}
    assert json.loads(nbformat.writes(node))["nbformat_minor"] == 5


def test_outputs_are_text_and_clean_pictures_only():
    """HTML, scripts, SVG and JPEG are left out; a picture is written again; output that is too large is reported."""
    outputs = (
        v4.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m"),
        v4.new_output("display_data", {"text/html": "<script>1</script>", "text/plain": "plain"}),
        v4.new_output("display_data", {"application/javascript": "alert(1)", "image/svg+xml": "<svg onload=x>"}),
        v4.new_output("display_data", {"image/png": PNG, "image/jpeg": "AAAA"}),
        v4.new_output("display_data", {"image/png": "AAAA"}),
        v4.new_output("error", ename="E", evalue="v", traceback=["one", "two"]),
    )
    (shown,) = outputs_of(notebook(RIGHT, "x", outputs=outputs))[RIGHT]
    texts = [each.text for each in shown if not each.png]
    assert texts == ["red", "plain", "(A picture is not shown: it is no PNG file.)\n", "one\ntwo"]
    (picture,) = [each.png for each in shown if each.png]
    import base64

    raw = base64.b64decode(picture)
    assert clean(raw) == raw
    assert b"script" not in raw


def test_a_flood_of_outputs_is_cut():
    """One output, the outputs of one cell, and those of all cells are limited, and a note says so."""
    long = tuple(v4.new_output("stream", name="stdout", text="x" * 30_000) for _ in range(30))
    cells = [v4.new_code_cell("1", outputs=list(long)) for _ in range(10)]
    shown = outputs_of(nbformat.writes(v4.new_notebook(cells=cells)).encode())["1"]
    assert shown[0][0].text.endswith("… and 10000 more characters")
    assert shown[0][-1].text == "… and 10 more outputs\n"
    texts = [each.text for cell in shown for each in cell]
    assert sum(map(len, texts)) < 2_200_000
    assert [each for each in texts if "all that follow are not shown" in each] != []


@given(st.binary(max_size=300))
def test_outputs_of_any_bytes_are_read_or_left_out(content):
    """No file makes this raise."""
    assert isinstance(outputs_of(content), dict)


def test_outputs_are_below_the_cells_that_they_came_with():
    """A student's cell keeps its outputs; a given cell gets those of its check."""
    printed = v4.new_output("stream", name="stdout", text="hello\n")
    (made,) = graded_notebooks(graded("ada"), {"hw.ipynb": notebook(RIGHT, "x", outputs=(printed,))}, RELEASED)
    found = cells(made)
    assert found["add"].outputs[0].text == "hello\n"
    assert found["test_add"].outputs[0].text.startswith("✓ passed: 2 of 2")


def test_outputs_are_those_of_the_run_where_there_was_one():
    """What the sandbox saw takes the place of what the file says; a result of another cell is not shown."""
    forged = v4.new_output("stream", name="stdout", text="forged\n")
    ran = NotebookResult(
        "hw.ipynb", (CellResult(2, "add", "printed\n", "It raised.", 0.1), CellResult(3, "x", "no", "", 0))
    )
    made = replace(graded("ada"), notebooks=(ran,))
    (one,) = graded_notebooks(made, {"hw.ipynb": notebook(RIGHT, "x", outputs=(forged,))}, RELEASED)
    assert [each.text for each in cells(one)["add"].outputs] == ["printed\n", "It raised.\n"]
    assert "forged" not in nbformat.writes(notebook_node(one))
    assert "handed in with them" not in nbformat.writes(notebook_node(one))
