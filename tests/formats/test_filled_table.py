"""Cells of somebody else's file are filled, and every other byte stays."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import UsageError
from autograder.formats.filled_table import number_of, number_text, read_table

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
CELL = st.tuples(TEXT | st.sampled_from(['a"b', "=1+1", "x\r\ny", "ü;,\t", "\ufeff"]), st.booleans())


@st.composite
def files(draw):
    """A file with cells in quotes and without, as its text, the values, and what separates columns and lines."""
    delimiter, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n"]))
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    rows = [[(f"head {at}", False) for at in range(width)], *rows]

    def raw(value: str, quoted: bool) -> str:
        if quoted or any(sign in value for sign in ',;\t"\r\n'):
            return '"' + value.replace('"', '""') + '"'
        return value

    text = "".join(delimiter.join(raw(*cell) for cell in row) + end for row in rows)
    return text, [[value for value, _ in row] for row in rows], delimiter, draw(st.booleans())


def read(text: str, delimiter: str) -> list[list[str]]:
    """What Python's own reader finds."""
    return [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]


@given(files(), st.data())
def test_a_filled_file_differs_in_the_filled_cells_alone(tmp_path_factory, file, data) -> None:
    """Whatever quotes, separators, line ends and marks a file has, another reader finds all other cells unchanged."""
    text, values, delimiter, mark = file
    path = tmp_path_factory.mktemp("table") / "file.csv"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    table = read_table(path)
    seen = [row for row in values if any(cell.strip() for cell in row)]

    assert [list(row) for row in table.rows] == seen
    assert table.filled({}) == path.read_bytes()

    row = data.draw(st.integers(0, len(seen) - 1))
    column = data.draw(st.integers(0, len(seen[0]) - 1))
    new = data.draw(st.sampled_from(["12.50", "12,50", 'a"b;c,d\te', ""]))
    filled = table.filled({(row, column): new})
    expected = [list(each) for each in read(text, delimiter)]
    line = [each for each in expected if any(cell.strip() for cell in each)][row]
    line[column] = new

    assert read(filled.decode("utf-8-sig"), delimiter) == expected
    assert filled.startswith(b"\xef\xbb\xbf") == mark


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "latin-1", "utf-8"])
def test_the_encoding_stays(tmp_path: Path, encoding: str) -> None:
    """A file that Excel saved in another encoding comes back in it."""
    path = tmp_path / "file.csv"
    path.write_bytes("Name;Points\r\nJürgen;\r\n".encode(encoding))
    filled = read_table(path).filled({(1, 1): "2,50"})

    assert filled == "Name;Points\r\nJürgen;2,50\r\n".encode(encoding)


def test_the_sign_before_decimals_is_that_of_the_file(tmp_path: Path) -> None:
    """Most numbers decide; without any, semicolons between columns mean commas in numbers."""
    path = tmp_path / "file.csv"
    for text, expected in (
        ("a,b\n1.50,2\n", "."), ('a,b\n"1,50",2\n', ","), ("a;b\n;\n1;\n", ","), ("a,b\n1,2\n", "."),
        ("a;b\n1.5;2.5\n", "."),
    ):  # fmt: skip
        path.write_text(text)
        assert read_table(path).decimal_sign() == expected, text
    assert [number_of(each) for each in ("2.5", "2,5", "-1", "EX", "", "1.2.3", "1,23.5", "1,234.567,8")] == [
        2.5, 2.5, -1, None, None, None, None, None,
    ]  # fmt: skip
    for grouped in ("1,234.5", "1.234,5", "1 234,5", "1\N{NO-BREAK SPACE}234,50", "1'234.5"):
        assert number_of(grouped) == 1234.5
    assert number_of("-1,234,567.25") == -1234567.25
    assert (number_text(2.5, ","), number_text(10, ".")) == ("2,50", "10.00")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"\n , \n", "is empty"),
        (b'a,b\n"c,d\n', "file.csv:2: this is no CSV: a quotation mark is not closed"),
        (b'a,b\n"c"x,d\n', "file.csv:2: this is no CSV"),
        (b"a,b\n1,2,3\n", "file.csv:2: this line has 3 columns, the first line 2"),
        (b"PK\x03\x04rest", "is a spreadsheet or an archive; name the CSV file"),
        (b"\xff\xfea", "is damaged: it is no UTF-16-LE text"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    """The file, the line and what is wrong are in one sentence."""
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError) as refused:
        read_table(path)

    assert sentence in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The sentence has the path."""
    with pytest.raises(UsageError, match=r"nothing.csv cannot be read: file not found\."):
        read_table(tmp_path / "nothing.csv")


def test_a_short_line_cannot_be_filled(tmp_path: Path) -> None:
    """A line without the column is named."""
    path = tmp_path / "file.csv"
    path.write_text("a,b\n1\n")
    with pytest.raises(UsageError, match=r"file.csv:2: this line has fewer columns than the first"):
        read_table(path).filled({(1, 1): "2"})
