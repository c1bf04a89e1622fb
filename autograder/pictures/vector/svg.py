"""SVG elements as text: numbers rounded to tenths, texts cut and escaped, single quotes around attributes.

Only names that are written in this package become elements and attributes; `is_ours` lists them, and takes a second
look at what a report holds before a page shows it.
"""

from __future__ import annotations

import base64
import re
import struct
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from autograder.checks.figures.records import entries

__all__ = [
    "FONT",
    "MAX_BYTES",
    "MAX_LETTERS",
    "Array",
    "address",
    "alpha_of",
    "color_of",
    "colors_of",
    "data_png",
    "element",
    "finite",
    "floats",
    "hexadecimal",
    "is_ours",
    "letters",
    "looks",
    "number",
    "palette_of",
    "path",
    "several",
    "text",
    "wide",
]

Array = np.ndarray[Any, Any]

FONT = 12.0  # pixels
MAX_LETTERS = 90
_COLOR_TYPES = {3: 2, 4: 6}
_LARGE, _LIGHTLY = 1 << 16, 2  # bytes, above which compressing well takes too long
_FARTHEST = 4000.0  # pixels: nothing is drawn further outside
_LETTER = 0.57  # width of a letter as part of its height, about
_HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)  # what XML forbids, and what turns around the direction of writing
_SIGNS = {
    "cdot": "·", "times": "\xd7", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "approx": "≈",
    "infty": "∞", "ell": "\u2113", "nabla": "∇", "partial": "∂", "sum": "\u2211", "rightarrow": "→", "to": "→",
}  # fmt: skip
_RAISED = str.maketrans("0123456789+-n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾")


def number(value: float) -> str:
    """A coordinate in pixels."""
    return f"{min(_FARTHEST, max(-_FARTHEST, round(float(value), 1))):g}"


def element(name: str, /, content: str = "", **attributes: str | float) -> str:
    """One element; `_` in the name of an attribute is a hyphen, texts of attributes are escaped."""
    attributes_text = "".join(
        f" {key.replace('_', '-')}='{escape(value, quote=True) if isinstance(value, str) else number(value)}'"
        for key, value in attributes.items()
    )
    return f"<{name}{attributes_text}>{content}</{name}>" if content else f"<{name}{attributes_text}/>"


def letters(text: str, most: int = MAX_LETTERS) -> str:
    """A text in plain letters, cut, escaped: simple formulas as Unicode, nothing that XML forbids or that turns around
    the direction of writing."""
    plain = re.sub(r"\\([A-Za-z]+)", lambda found: _sign(found[1]), text[: 4 * most])
    plain = re.sub(r"\^\{?([-+0-9n()]+)\}?", lambda found: found[1].translate(_RAISED), plain)
    plain = " ".join(_HIDDEN.sub("\ufffd", plain.replace("\n", " ")).replace("{", "").replace("}", "").split())
    return escape(plain if len(plain) <= most else f"{plain[: most - 1]}…", quote=True)


def _sign(name: str) -> str:
    """The letter or sign of a name in a formula, such as ``alpha``; "" for any other name."""
    size, greek = "SMALL" if name.islower() else "CAPITAL", name.removeprefix("var").upper().replace("LAMBDA", "LAMDA")
    try:
        return _SIGNS.get(name) or unicodedata.lookup(f"GREEK {size} LETTER {greek}")
    except KeyError:
        return ""


def wide(text: str, size: float = FONT) -> float:
    """About how many pixels a text takes."""
    return _LETTER * size * min(len(text), MAX_LETTERS)


def text(x: float, y: float, content: str, *, most: int = MAX_LETTERS, **attributes: str | float) -> str:
    """A text at a place; nothing where there is none."""
    shown = letters(content, most)
    return element("text", shown, x=x, y=y, **attributes) if shown else ""


def path(x: Array, y: Array, *, closed: bool = False) -> str:
    """The data of a path through points (n,); it is interrupted where a coordinate is not finite."""
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return ""
    places = np.clip(np.round(np.stack([x, y]), 1), -_FARTHEST, _FARTHEST)
    starts = good & ~np.concatenate([[False], good[:-1]])
    words = [
        f"{'M' if first else ''}{a:g},{b:g}"
        for a, b, first in zip(*places[:, good].tolist(), starts[good].tolist(), strict=True)
    ]
    return " ".join(words) + ("Z" if closed else "")


def data_png(pixels: Array) -> str:
    """The address of a PNG file with these pixels, uint8 (rows, columns, 3), or 4 with their opacity."""
    rows, columns, channels = pixels.shape
    gray = channels == 3 and bool(np.all(pixels[..., :2] == pixels[..., 1:]))
    lines = np.ascontiguousarray(pixels[..., :1] if gray else pixels).reshape(rows, -1)
    raw = np.concatenate([np.zeros((rows, 1), np.uint8), lines], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", columns, rows, 8, 0 if gray else _COLOR_TYPES[channels], 0, 0, 0)
    parts: Sequence[tuple[bytes, bytes]] = (
        (b"IHDR", head),
        (b"IDAT", zlib.compress(raw, _LIGHTLY if len(raw) > _LARGE else 6)),
        (b"IEND", b""),
    )
    file = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in parts
    )
    return f"data:image/png;base64,{base64.b64encode(file).decode('ascii')}"


MAX_BYTES = 200 * 1024  # of one picture

_START = "<svg xmlns='http://www.w3.org/2000/svg' role='img' viewBox='"
_ELEMENTS = "svg|title|desc|g|path|rect|line|text|image"
_ATTRIBUTES = (
    "xmlns|role|viewBox|width|height|x|y|x1|x2|y1|y2|d|fill|fill-opacity|stroke|stroke-width|stroke-opacity|"
    "stroke-linecap|stroke-linejoin|stroke-dasharray|font-family|font-size|font-weight|text-anchor|"
    "preserveAspectRatio|image-rendering|rx"
)
_ENTITY = "&(?:amp|lt|gt|quot|#x27);"
_VALUE = rf"(?:[^<>&'(\x00-\x1f]|{_ENTITY})*"
_IMAGE = "href='data:image/png;base64,[A-Za-z0-9+/]*={0,2}'"
_TURN = r"transform='(?:rotate|translate)\([-0-9., ]*\)'"
_PART = re.compile(
    rf"<(?:{_ELEMENTS})(?: (?:(?:{_ATTRIBUTES})='{_VALUE}'|{_IMAGE}|{_TURN}))*/?>"
    rf"|</(?:{_ELEMENTS})>|{_ENTITY}|[^<>&\x00-\x08\x0b-\x1f]+"
)
_ESCAPED = {"%": "%25", "#": "%23", "<": "%3C", ">": "%3E", "&": "%26", '"': "%22"}


def is_ours(text: str) -> bool:
    """Whether a text is SVG of the few elements and attributes that are drawn here: it loads and runs nothing."""
    return len(text) <= MAX_BYTES and text.startswith(_START) and text.endswith("</svg>") and not _PART.sub("", text)


def address(text: str) -> str:
    """The address under which a page shows a picture of ours; it can stand in double quotes as it is."""
    for sign, code in _ESCAPED.items():
        text = text.replace(sign, code)
    return f"data:image/svg+xml;charset=utf-8,{text}"


# --- how a figure looks: whatever is not as it should be is replaced by a default ---


def looks(look: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The looks of the parts of one kind."""
    return [each if isinstance(each, Mapping) else {} for each in entries(look.get(key))[:20_000]]


def several(values: object, count: int) -> list[object]:
    """So many entries of a list or tuple, None for those that are missing."""
    found = list(entries(values)[:count])
    return [*found, *[None] * (count - len(found))]


def finite(value: object, otherwise: float) -> float:
    """A number, or the default."""
    return float(value) if type(value) in (int, float) and abs(value) < 1e300 else otherwise  # type: ignore[arg-type]


def floats(values: object, count: int) -> Array:
    """A float for each of `count` parts, 0 where there are none."""
    if isinstance(values, np.ndarray) and values.shape == (count,) and values.dtype.kind == "f":
        return np.where(np.isfinite(values), values, 0.0)
    return np.zeros(count)


def color_of(value: object, otherwise: str) -> str:
    """A colour as ``#rrggbb``, or the default."""
    parts = entries(value)
    if len(parts) == 3 and all(type(part) is int and 0 <= part <= 255 for part in parts):
        return hexadecimal(parts)
    return otherwise


def colors_of(values: object, count: int) -> Array | None:
    """A colour for each of `count` parts, uint8 (count, 3), or None."""
    if isinstance(values, np.ndarray) and values.shape == (count, 3) and values.dtype == np.uint8 and count:
        return values
    return None


def hexadecimal(parts: Sequence[Any] | Array) -> str:
    """Three numbers 0 to 255 as ``#rrggbb``."""
    return "#" + "".join(f"{int(part):02x}" for part in parts)


def alpha_of(look: Mapping[str, Any]) -> float:
    """An opacity, 0.1 to 1."""
    return round(min(1.0, max(0.1, finite(look.get("alpha"), 1.0))), 1)


def palette_of(look: Mapping[str, Any]) -> bytes:
    """256 colours; shades of gray where there are none."""
    palette = look.get("palette")
    return (
        palette
        if type(palette) is bytes and len(palette) == 768
        else bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
    )
