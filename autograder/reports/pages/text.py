"""What a submission printed, made safe to look at, and formulas between dollar signs, drawn without scripts.

`latex2mathml` reads the formula; of what it makes, only elements and attributes of the tables below reach a page,
written anew with every text escaped. What it cannot read stays as it was typed. As the text may be a submission's,
formulas are short, few and free of definitions (which could grow without an end), and all of one text share a limit of
CPU time.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["CPU_SECONDS", "LONGEST", "MOST", "formulas_in_html", "mathml", "visible", "with_formulas"]

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


LONGEST = 1_000
"""Characters of one formula; a longer one stays as text. One of that length takes at most about 0.03 s."""
MOST = 300
"""Formulas of one text or HTML page; those behind stay as text."""
CPU_SECONDS = 1.0
"""What all formulas of one text or HTML page may take; those behind stay as text."""
_DEEPEST = 60  # elements inside each other: browsers stop far beyond, and Python's own recursion, too
_LARGEST = 20_000  # characters of MathML of one formula

_CODE = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FORMULA = re.compile(
    r"(?<![\\$])\$\$(?P<display>[^$]{1,1000}?)\$\$(?!\$)"
    r"|\\\[(?P<bracket>[^$]{1,1000}?)\\\]"
    r"|\\\((?P<paren>[^$]{1,1000}?)\\\)"
    r"|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]{0,999}(?:\n(?!\s*\n)[^$\n]{0,999}){0,4}[^\s$\\])?)\$(?![\d$])"
)
"""As in Markdown: no space between dollar sign and formula, no digit behind, no empty line inside: $5 is no formula."""
_DEFINES = re.compile(
    r"\\(?:(?:re|provide)?newcommand|renewcommand|providecommand|[gex]?def|let|DeclareMathOperator|newenvironment"
    r"|renewenvironment|verb|href|url|style|class|includegraphics|input|unicode)(?![A-Za-z])"
)
_COMMAND = re.compile(r"\\[A-Za-z]")
_TAG = re.compile(r"""(<[^<>"']*(?:(?:"[^"]*"|'[^']*')[^<>"']*)*>)""")
"""Its attributes may hold any character: a tag that seemed to end inside of one would become another tag."""
_CODE_TAG = re.compile(r"<(/)?(?:code|pre)\b")


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_ELEMENTS = _words(
    "math mrow mi mn mo mtext mspace ms mfrac msqrt mroot mstyle mpadded mphantom menclose mover munder munderover",
    "msub msup msubsup mmultiscripts mprescripts mtable mtr mtd",
)
_PARTS = dict.fromkeys(("mfrac", "mroot", "msub", "msup", "mover", "munder"), 2) | {"msubsup": 3, "munderover": 3}
"""So many elements stand in these, or the formula is broken."""
_WORDS = _words(
    "true false prefix infix postfix left right center top bottom baseline axis solid dashed none auto normal bold",
    "italic bold-italic double-struck bold-fraktur script bold-script fraktur sans-serif bold-sans-serif monospace",
    "sans-serif-italic sans-serif-bold-italic block inline box circle roundedbox updiagonalstrike downdiagonalstrike",
    "horizontalstrike verticalstrike longdiv actuarial radical 0 1 2 3 +1 -1",
)
_WORDY = _words(
    "accent accentunder align columnalign columnlines display displaystyle fence form frame largeop mathvariant",
    "movablelimits notation rowalign rowlines scriptlevel separator stretchy symmetric",
)
_MEASURED = _words("columnspacing depth height linethickness lspace maxsize minsize rowspacing rspace voffset width")
_LENGTH = re.compile(r"[-+]?(\d{0,3}(?:\.\d{0,4})?)(em|ex|mu|pt|px|%)?")
_MOST_OF = {"em": 10.0, "ex": 20.0, "mu": 180.0, "pt": 120.0, "px": 160.0, "%": 300.0, None: 10.0}
"""The largest length in each unit: a formula has no reach beyond its place."""


@dataclass(slots=True)
class _Allowance:
    """What the formulas of one text, or of one page, may still take."""

    formulas: int = MOST
    cpu_seconds: float = CPU_SECONDS


def with_formulas(text: str) -> Markup:
    """The text, escaped for a page, with its formulas as MathML.

    Args:
        text: Markdown or plain text, without harmful characters (`visible`). Formulas are ``$...$``, ``$$...$$``,
            ``\\(...\\)`` and ``\\[...\\]``; what stands in code is none.
    """
    if not _may_hold_formulas(text):
        from markupsafe import escape

        return escape(text)
    return _drawn(text, _Allowance())


def formulas_in_html(page: str) -> str:
    """The same for HTML whose tags can be trusted: what stands between them, outside of code.

    Args:
        page: as `bleach` writes it: attributes stand in quotation marks, and ``<`` in them and in texts is escaped.
    """
    made, code, left = [], 0, _Allowance()
    for part in _TAG.split(page):
        if _TAG.fullmatch(part):
            if found := _CODE_TAG.match(part):
                code += -1 if found[1] else 1
            made.append(part)
        else:
            made.append(part if code > 0 else str(_drawn(html.unescape(part), left)))
    return "".join(made)


def _drawn(text: str, left: _Allowance) -> Markup:
    """The text, escaped, with as many formulas as are left; they are taken off."""
    from markupsafe import Markup, escape

    parts: list[str] = []
    at = 0
    for found in islice(_formulas(text), left.formulas):
        if left.cpu_seconds < 0:
            break
        began = time.process_time()
        kind = found.lastgroup or "inline"
        drawn = mathml(found[kind], display=kind in ("display", "bracket"))
        if drawn:
            parts += [str(escape(text[at : found.start()])), drawn]
            at = found.end()
        left.formulas -= 1
        left.cpu_seconds -= time.process_time() - began
    return Markup("".join([*parts, str(escape(text[at:]))]))  # noqa: S704  (every part is escaped or written by us)


def _may_hold_formulas(text: str) -> bool:
    return "$" in text or "\\(" in text or "\\[" in text


def _formulas(text: str) -> Iterator[re.Match[str]]:
    """Formulas outside of code, from left to right."""
    if not _may_hold_formulas(text):
        return
    at = 0
    for code in [*_CODE.finditer(text), None]:
        end = code.start() if code else len(text)
        yield from _FORMULA.finditer(text, at, end)
        at = code.end() if code else end


def mathml(formula: str, *, display: bool = False) -> str:
    """The formula as one `math` element, or "" where it cannot be read or is too long."""
    if len(formula) > LONGEST or _DEFINES.search(formula):
        return ""
    try:
        from latex2mathml.converter import Converter

        tree = Converter(display="block" if display else "inline").convert_to_element(formula.strip())
        written = _written(tree, 0)
    except Exception:  # noqa: BLE001  (the library raises of every kind over what it cannot read)
        return ""
    if not written or len(written) > _LARGEST:
        return ""
    return (
        f'<math display="{"block" if display else "inline"}"><semantics>{written}{_source(formula)}</semantics></math>'
    )


def _source(formula: str) -> str:
    """The formula as it was typed, for those who copy it and for screen readers."""
    return f'<annotation encoding="application/x-tex">{html.escape(formula)}</annotation>'


class _Unfit(ValueError):
    """Something that is not MathML of the tables above."""


def _written(element: Element, depth: int) -> str:
    """An element of the library's as text, made of what the tables allow; of the outermost one what is inside."""
    if depth > _DEEPEST or element.tag not in _ELEMENTS or len(element) != _PARTS.get(element.tag, len(element)):
        raise _Unfit(element.tag)
    inside = _text(element.text) + "".join(_written(each, depth + 1) + _text(each.tail) for each in element)
    if element.tag == "math":
        return inside
    attributes = "".join(f' {name}="{value}"' for name, value in element.attrib.items() if _allowed(name, value))
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"


def _allowed(name: str, value: Any) -> bool:
    """Whether an attribute is one of ours, with words and lengths that say nothing else."""
    if not isinstance(value, str):
        return False
    if name in _WORDY:
        return bool(value) and all(word in _WORDS for word in value.split(" "))
    return name in _MEASURED and all(map(_short, value.split(" ")))


def _short(length: str) -> bool:
    found = _LENGTH.fullmatch(length)
    return found is not None and found[1].strip(".") != "" and float(found[1]) <= _MOST_OF[found[2]]


def _text(text: str | None) -> str:
    """What stands in an element: the library writes characters as entities, and unknown commands as they are."""
    plain = html.unescape(text or "")
    if _COMMAND.search(plain):
        raise _Unfit(plain)
    return html.escape(HARMFUL.sub("\ufffd", plain))
