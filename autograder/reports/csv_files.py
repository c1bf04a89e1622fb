"""Every CSV file that is written here: texts in quotes and without formulas, numbers as they are.

A student chooses names, comments and answers; a spreadsheet that opens the file runs whatever looks like a formula. It
takes a cell for one behind spaces, behind a line break, with full-width signs, and behind a semicolon or tab inside a
text, where it cuts columns there instead of at commas. So an apostrophe goes before every sign that could begin a
formula at any such place, and reading takes exactly these away again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from autograder.scoring import shown

__all__ = ["Cell", "csv_text", "defused", "restored"]

Cell = str | float | None
"""A text, a number of points, or nothing."""

_SIGNS = frozenset("=+-@\N{MINUS SIGN}")
_SEPARATORS = frozenset(';,|"\t\r\n\v\f\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}')
_AT_THE_START = frozenset("\t\r")  # some programs drop these and look at what follows


def csv_text(rows: Iterable[Sequence[Cell]], delimiter: str = ",") -> str:
    """The rows as CSV, lines ended by CR LF; `restored` undoes what was done to a text."""
    return "".join(delimiter.join(map(_cell, row)) + "\r\n" for row in rows)


def defused(text: str) -> str:
    """The text with an apostrophe before every sign with which a spreadsheet could begin a formula."""
    return _walked(text, 1)


def restored(text: str) -> str:
    """What `defused` made this text from."""
    return _walked(text, -1)


def _cell(value: Cell) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return '"' + defused(value).replace('"', '""') + '"'
    return shown(value)


def _walked(text: str, more: int) -> str:
    """The text with one apostrophe more, or less, before each sign that may begin a formula.

    Apostrophes that stood there before count, so that the way back finds the very same places.
    """
    made: list[str] = []
    begins, apostrophes = True, 0  # whether a cell may begin here, and how many apostrophes it begins with so far
    for place, character in enumerate(text):
        if begins and character == "'":
            apostrophes += 1
            continue
        at_start = place == apostrophes and character in _AT_THE_START
        if begins and (at_start or _is_sign(character)):
            apostrophes = max(0, apostrophes + more)
        made.append("'" * apostrophes + character)
        begins = character in _SEPARATORS or (begins and not apostrophes and _is_blank(character))
        apostrophes = 0
    return "".join(made) + "'" * apostrophes


def _is_sign(character: str) -> bool:
    """Also in another width or size: NFKC makes one sign of them."""
    return character in _SIGNS or (not character.isascii() and unicodedata.normalize("NFKC", character)[:1] in _SIGNS)


def _is_blank(character: str) -> bool:
    """Spaces, control characters, and what cannot be seen at all."""
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf")
