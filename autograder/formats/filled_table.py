"""A CSV file that somebody else wrote, of which single cells are filled: every other byte stays as it is.

A gradebook goes back into the learning platform that it came from. Writing it anew would change quotes, line ends,
the mark at its beginning, or a number that a spreadsheet takes for a date; so cells are found by their place in the
text, and only theirs is replaced.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of

__all__ = ["Table", "number_of", "number_text", "read_table"]

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS = ",;\t"
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_GROUPED = re.compile(r"(-?\d{1,3}(?:([.,' \u00a0\u202f\u2019])\d{3})(?:\2\d{3})*)(?!\2)[.,](\d+)")
"""A number with signs between thousands, which its decimals make clear."""
_FRACTION = re.compile(r"-?\d+([.,])\d+")
Place = tuple[int, int]
"""Row and column, both from 0."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where a cell stands in the text, with its quotes, and what it says."""

    start: int
    end: int
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file by row; rows without any content are left out.

    `lines` are the numbers of the rows as an editor shows them.
    """

    path: Path
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    delimiter: str
    _cells: tuple[tuple[_Cell, ...], ...]
    _text: str
    _encoding: str
    _mark: bytes

    def where(self, row: int) -> str:
        """The file and the line of a row, for a message."""
        return f"{self.path.name}:{self.lines[row]}"

    def filled(self, values: Mapping[Place, str]) -> bytes:
        """The file with these cells in place of those that were there; all other bytes are the same.

        Raises:
            UsageError: a row is too short for one of them.
        """
        parts, at = [], 0
        for (row, column), value in sorted(values.items()):
            if column >= len(self._cells[row]):
                raise UsageError(f"{self.where(row)}: this line has fewer columns than the first; export it again.")
            cell = self._cells[row][column]
            parts += [self._text[at : cell.start], self._written(value, cell)]
            at = cell.end
        return self._mark + "".join([*parts, self._text[at:]]).encode(self._encoding)

    def decimal_sign(self, columns: Sequence[int] | None = None) -> str:
        """What stands before decimals in these columns, all by default: a comma or a point; a point where none has any.

        Where both stand there, the one that more cells have.
        """
        found = [
            match[1]
            for row in self.rows
            for number, value in enumerate(row)
            if (columns is None or number in columns) and (match := _FRACTION.fullmatch(value.strip()))
        ]
        if not found and self.delimiter == ";":
            return ","  # what separates columns by semicolons needs commas in numbers
        return "," if found.count(",") > found.count(".") else "."

    def _written(self, value: str, old: _Cell) -> str:
        if old.quoted or any(sign in value for sign in (self.delimiter, '"', "\r", "\n")):
            return '"' + value.replace('"', '""') + '"'
        return value


def read_table(path: Path) -> Table:
    """Read a file whose columns are separated by commas, semicolons or tabs.

    Raises:
        UsageError: it cannot be read, is no CSV, or holds nothing.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UsageError(f"{path} is a spreadsheet or an archive; name the CSV file that the platform exported.")
    text, encoding, mark = _decoded(data, path)
    delimiter = _delimiter(text)
    found = [(line, cells) for line, cells in _rows(text, delimiter, path) if any(cell.value.strip() for cell in cells)]
    if not found:
        raise UsageError(f"{path} is empty; export it from the platform again.")
    rows = tuple(tuple(cell.value for cell in cells) for _, cells in found)
    for row, cells in zip(rows, (cells for _, cells in found), strict=True):
        if len(cells) > len(rows[0]):
            line = found[rows.index(row)][0]
            raise UsageError(
                f"{path}:{line}: this line has {counted(len(cells), 'column')}, the first line {len(rows[0])}; "
                "export it from the platform again."
            )
    return Table(
        path, rows, tuple(line for line, _ in found), delimiter, tuple(cells for _, cells in found),
        text, encoding, mark,
    )  # fmt: skip


def _decoded(data: bytes, path: Path) -> tuple[str, str, bytes]:
    """The text, its encoding, and the mark before it; encoded again, it is the same bytes."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.removeprefix(mark).decode(encoding), encoding, mark
            except UnicodeDecodeError:
                raise UsageError(f"{path} is damaged: it is no {encoding.upper()} text; export it again.") from None
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding, b""
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1", b""  # any byte is a character there, and goes back as it came


def _delimiter(text: str) -> str:
    head = re.sub(r'"(?:[^"]|"")*"', "", text).lstrip("\r\n")
    first = re.split(r"[\r\n]", head, maxsplit=1)[0]
    return max(_DELIMITERS, key=first.count)


def _rows(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, tuple[_Cell, ...]]]:
    """Each row with the number of its first line."""
    sign = re.escape(delimiter)
    quoted_text, plain = r'"(?P<quoted>[^"]*(?:""[^"]*)*)"', rf'(?P<plain>(?:[^"{sign}\r\n][^{sign}\r\n]*)?)'
    pattern = re.compile(rf"(?:{quoted_text}|{plain})(?P<end>{sign}|\r\n|\r|\n|\Z)")
    at, line, first, cells = 0, 1, 1, []
    while True:
        match = pattern.match(text, at)
        if match is None:
            raise UsageError(f"{path}:{line}: this is no CSV: a quotation mark is not closed, or stands inside a text.")
        quoted = match["quoted"] is not None
        value = match["quoted"].replace('""', '"') if quoted else match["plain"]
        cells.append(_Cell(match.start(), match.start("end"), value, quoted))
        line += len(re.findall(r"\r\n|\r|\n", match[0]))
        at = match.end()
        if match["end"] != delimiter:
            yield first, tuple(cells)
            cells, first = [], line
            if at == len(text):
                return


def number_of(text: str) -> float | None:
    """The number in a cell, with a point or a comma before its decimals; None where there is none."""
    stripped = text.strip()
    if grouped := _GROUPED.fullmatch(stripped):
        return float(f"{grouped[1].replace(grouped[2], '')}.{grouped[3]}")
    return float(stripped.replace(",", ".")) if _NUMBER.fullmatch(stripped) else None


def number_text(points: float, decimal_sign: str) -> str:
    """Points as platforms write them: two decimals, with their own sign before these."""
    return f"{points:.2f}".replace(".", decimal_sign)
