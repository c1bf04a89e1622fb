"""Students' Markdown that other people's tools may render: text, mathematics, lists and code, but no markup of theirs.

Formgrader and nbconvert render Markdown with raw HTML, with any address in a link, and with pictures from anywhere, in
a page in which the reader is logged in. So what opens a tag, a link or a picture is opened here, by a space, before
anybody parses it: two rules that hold wherever the text stands, in code and in formulas, too.
"""

from __future__ import annotations

import re

from autograder.reports.pages.text import visible

__all__ = ["LONGEST", "neutral"]

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
