"""What a submission printed, made safe to look at."""

from __future__ import annotations

import re

__all__ = ["visible"]

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, longest: int = 20_000) -> str:
    """The text without terminal colours, with overprinted lines as a terminal leaves them, and no hidden character.

    Control characters become their pictures (``␀``), characters that turn the direction of writing their numbers
    (``⟨U+202E⟩``), halves of surrogate pairs ``�``. Beyond `longest` characters it ends with a note.
    """
    cut = len(text) - longest
    if cut <= 0 and text.isprintable():
        return text
    text = ANSI.sub("", text[:longest]).replace("\r\n", "\n")
    text = "\n".join(_overprinted(line) for line in text.split("\n"))
    text = HARMFUL.sub(_picture, text)
    return f"{text}\n… and {cut} more characters" if cut > 0 else text


def _overprinted(line: str) -> str:
    """Of ``10 %\\r20 %\\r30 %`` a terminal shows the last."""
    return line if "\r" not in line else next((part for part in reversed(line.split("\r")) if part), "")


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "�" if 0xD800 <= code <= 0xDFFF else f"⟨U+{code:04X}⟩"
