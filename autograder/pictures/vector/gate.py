"""Which texts are pictures of ours: a second look at what a report holds before a page shows it."""

from __future__ import annotations

import re

__all__ = ["MAX_BYTES", "address", "is_ours"]

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
_TURN = r"transform='rotate\([-0-9., ]*\)'"
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
