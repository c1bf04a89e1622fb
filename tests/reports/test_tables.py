"""CSV files: no cell is a formula for any spreadsheet, and what was written can be read back."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import check, question, report

import autograder
from autograder.reports.files import csv_text, defused, restored
from autograder.reports.grades import grades
from autograder.reports.marks import Marks, Row, read_marks, write_marks
from autograder.results import Verdict

SIGNS = (
    "=+-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u207a\u2212"  # ASCII, full width, small, superscript, minus
)
BLANKS = " \t\r\n\v\f\x00\x01\u00a0\u200b\ufeff"
NASTY = st.text(st.sampled_from(f"{SIGNS}{BLANKS}'\";,|aB1") | st.characters(codec="utf-8"))


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x", "\tx", "\r=x", " =x", *(f"{sign}1" for sign in SIGNS)])
def test_a_text_that_begins_like_a_formula_begins_with_an_apostrophe(name: str) -> None:
    """Also with signs of another width, and where the sign comes after a tab or spaces."""
    assert defused(name).lstrip(" \t\r").startswith("'")
    assert restored(defused(name)) == name


@pytest.mark.parametrize(
    "gap", [";", ",", "\n", "\r\n", "\t", '"', "|", "; ", ";\u00a0", ";\u200b", "\v", "\n\x00", '" \x01"']
)
def test_a_formula_inside_a_text_is_none_where_columns_are_cut_differently(gap: str) -> None:
    """A file with commas that is opened with semicolons has cells that begin in the middle of ours."""
    text = f"ada{gap}=HYPERLINK(1)"
    assert "'=HYPERLINK" in defused(text)
    assert restored(defused(text)) == text


@pytest.mark.parametrize(
    "text", ["O'Brien-Smith", "a+b", "x = 1", "ada@example.org", "1 - 2", "'quoted'", "", "it's -1"]
)
def test_a_text_that_cannot_be_a_formula_stays(text: str) -> None:
    """Names, addresses and sums in the middle of a sentence look as they did."""
    assert defused(text) == text


@given(NASTY)
def test_every_text_comes_back(text: str) -> None:
    """To read takes away just what writing put in, also where apostrophes stood before."""
    assert restored(defused(text)) == text
    assert restored(defused(defused(text))) == defused(text)


@given(st.lists(st.tuples(NASTY, NASTY, st.none() | st.integers(-1000, 1000).map(float)), max_size=4))
def test_every_table_comes_back(rows: list[tuple[str, str, float | None]]) -> None:
    """Through Python's own reader, cell by cell."""
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [tuple(map(restored, row[:2])) for row in read] == [row[:2] for row in rows]
    assert [float(row[2]) if row[2] else None for row in read] == [row[2] for row in rows]


@given(NASTY)
def test_no_cell_of_any_cut_is_a_formula(text: str) -> None:
    """However a spreadsheet cuts a line, no piece starts with a sign, blanks left out."""
    line = csv_text([("ada", text, 1.0)])
    for separator in ';,\t\n\r|"':
        for piece in line.split(separator):
            assert not piece.lstrip(BLANKS + '"').startswith(tuple(SIGNS))


@given(student=NASTY, comment=NASTY, own=NASTY, delimiter=st.sampled_from(",;\t"))
def test_marks_come_back(
    tmp_path_factory: pytest.TempPathFactory, student: str, comment: str, own: str, delimiter: str
) -> None:
    """The file of marks holds names, comments and columns of people's own as they were."""
    path = tmp_path_factory.mktemp("marks") / "marks.csv"
    row = Row(f"s{student}", "a", "why", "cause", 3.0, 2.5, comment, line=2, more={"own; column": own})
    write_marks(Marks((row,), ("own; column",), delimiter), path)
    read = read_marks(path)
    assert read is not None
    assert (read.columns, read.delimiter) == (("own; column",), delimiter)
    assert read.rows == (row,)


def test_grades_quote_every_text_and_no_number() -> None:
    """One line in full."""
    made = report('Doe;=1, "J"', question("a", check("x", Verdict.PASSED)))
    assert grades([made]).splitlines()[1] == '"Doe;\'=1, ""J""",2,2,0,2,2,"1 passed",'


def test_there_is_one_writer() -> None:
    """No module writes CSV in a way of its own, but files of data and of predictions, which programs read."""
    folder = Path(autograder.__file__).parent
    data = ("datasets/own.py", "checks/local/predictions.py", "quality/validation/wrong_predictions.py")
    others = [
        f"{path.relative_to(folder)}:{node.lineno}"
        for path in sorted(folder.rglob("*.py"))
        if path.relative_to(folder).as_posix() not in data
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in (("csv", "writer"), ("csv", "DictWriter"))
    ]
    assert others == []
