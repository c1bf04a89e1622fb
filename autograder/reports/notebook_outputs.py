"""What a notebook was handed in with, made harmless: outputs as text and clean pictures, and students' Markdown.

Nobody vouches for what they say. Formgrader and nbconvert render Markdown with raw HTML, with any address in a link,
and with pictures from anywhere, in a page in which the reader is logged in. So what opens a tag, a link or a picture is
opened here, by a space, before anybody parses it: two rules that hold wherever the text stands, in code and formulas.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from autograder.checks.wording import counted
from autograder.pictures.raster import MAX_TOTAL, Refused, clean, text_of
from autograder.reports.pages.text import visible

__all__ = ["LONGEST", "Shown", "neutral", "outputs_of"]


LONGEST = 200_000  # characters of one cell

_TAG = re.compile(r"<(?=[A-Za-z/!?])")  # only these may follow the sign where it begins a tag, a comment or an address
_TARGET = re.compile(r"\](?=[(:])")  # [text](address), ![text](address), [name]: address


def neutral(markdown: str) -> str:
    """The same text with a space behind each ``<`` and ``]`` that Markdown could take for markup.

    ``<b>`` becomes ``< b>`` and ``[here](http://x)`` becomes ``[here] (http://x)``: nothing is lost, and neither
    formulas nor lists nor tables change. An address that is written out may become a link to itself. Control
    characters are made visible.
    """
    return _TARGET.sub("] ", _TAG.sub("< ", visible(markdown, LONGEST)))


_MOST = 20  # outputs of one cell
_LONGEST = 20_000  # characters of one output
_MOST_TEXT = 1 << 21  # characters of all outputs of a notebook
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing below a cell: a text, or a picture as a report keeps it."""

    text: str = ""
    png: str = ""


@dataclass(slots=True)
class _Room:
    """How much of a notebook may still be shown."""

    text: int = _MOST_TEXT
    pictures: int = MAX_TOTAL


class _Data(Struct):
    plain: str | list[str] = msgspec.field(name="text/plain", default="")
    png: str | list[str] = msgspec.field(name="image/png", default="")


class _Output(Struct):
    output_type: str = ""
    text: str | list[str] = ""
    data: _Data = msgspec.field(default_factory=_Data)
    ename: str = ""
    evalue: str = ""
    traceback: list[str] = msgspec.field(default_factory=list)


class _Cell(Struct):
    source: str | list[str] = ""
    outputs: list[Raw] = msgspec.field(default_factory=list)


class _File(Struct):
    cells: list[Raw] = msgspec.field(default_factory=list)


def outputs_of(content: bytes) -> dict[str, list[tuple[Shown, ...]]]:
    """What stood below the cells of a file, by the text of the cell: one entry for each cell of that text, in order.

    Anything but text and pictures is left out, and so is what cannot be read.
    """
    found: dict[str, list[tuple[Shown, ...]]] = {}
    room = _Room()
    for raw in _lenient(content.removeprefix(b"\xef\xbb\xbf"), _File, _File()).cells:
        cell = _lenient(raw, _Cell, _Cell())
        made = tuple(shown for each in cell.outputs[:_MOST] for shown in _shown(each, room))
        if len(cell.outputs) > _MOST:
            made = (*made, Shown(f"… and {counted(len(cell.outputs) - _MOST, 'more output')}\n"))
        found.setdefault(_joined(cell.source), []).append(made)
    return found


def _shown(raw: Raw, room: _Room) -> Iterator[Shown]:
    output = _lenient(raw, _Output, _Output())
    picture = _joined(output.data.png)
    if picture:
        yield _picture(picture, room)
        return
    error = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    text = error if output.output_type == "error" else _joined(output.text) or _joined(output.data.plain)
    if text and room.text > 0:
        shown = visible(text, _LONGEST)
        room.text -= len(shown)
        yield Shown(shown if room.text > 0 else "(This output and all that follow are not shown: there is too much.)\n")


def _picture(text: str, room: _Room) -> Shown:
    try:
        png = text_of(clean(base64.b64decode(text, validate=False)))
    except (Refused, binascii.Error, ValueError) as error:
        return Shown(f"(A picture is not shown: {error}.)\n")
    room.pictures -= len(png)
    return Shown(png=png) if room.pictures >= 0 else Shown("(A picture is not shown: there are too many.)\n")


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _lenient(raw: Raw | bytes, kind: type[T], otherwise: T) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return otherwise
