"""The legend of a plot, in the corner where it hides least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograder.checks.figures.records import Drawn
from autograder.pictures.vector.svg import Array, element, text, wide

__all__ = ["Entry", "legend"]

_MOST = 20
_FONT, _ROW, _HANDLE, _PADDING = 11.0, 16.0, 26.0, 6.0
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """How something that was drawn is shown in a legend."""

    label: str
    color: str
    dashes: str = ""
    stroke: bool = False
    dot: bool = False
    box: bool = False


def legend(
    record: Drawn, drawn: Sequence[Entry], used: Sequence[tuple[Array, Array]], width: float, height: float
) -> str:
    """The legend in pixels of the plot; "" where it has no entries.

    Args:
        record: the plot, with the texts of its legend.
        drawn: what was drawn; an entry belongs to the text that is its label, else to the text in its place.
        used: pixels that should stay in sight.
        width, height: of the plot.
    """
    texts = record.legend[:_MOST]
    if not texts:
        return ""
    by_label = {entry.label: entry for entry in reversed(drawn) if entry.label}
    rows = [(label, by_label.get(label) or (drawn[n] if n < len(drawn) else None)) for n, label in enumerate(texts)]
    lines = len(rows) + bool(record.legend_title)
    longest = max(wide(label[:_LONGEST], _FONT) for label in (*texts, record.legend_title))
    size = min(width, _HANDLE + longest + 3 * _PADDING), min(height, lines * _ROW + 1.5 * _PADDING)
    left, top = _corner(size, used, width, height)
    parts = [
        element(
            "rect",
            x=left,
            y=top,
            width=size[0],
            height=size[1],
            rx=3,
            fill="#ffffff",
            fill_opacity=0.8,
            stroke="#cccccc",
        )
    ]
    y = top + _PADDING / 2 + 12
    if record.legend_title:
        parts.append(
            text(left + size[0] / 2, y, record.legend_title, most=_LONGEST, font_size=_FONT, text_anchor="middle")
        )
        y += _ROW
    for label, entry in rows:
        if entry:
            parts.append(_handle(entry, left + _PADDING, y - 4))
        parts.append(text(left + 2 * _PADDING + _HANDLE, y, label, most=_LONGEST, font_size=_FONT))
        y += _ROW
    return "".join(parts)


def _handle(entry: Entry, x: float, y: float) -> str:
    made = []
    if entry.box:
        made.append(element("rect", x=x, y=y - 4, width=_HANDLE, height=8, fill=entry.color))
    if entry.stroke:
        dashes = {"stroke_dasharray": entry.dashes} if entry.dashes else {}
        made.append(element("line", x1=x, x2=x + _HANDLE, y1=y, y2=y, stroke=entry.color, stroke_width=1.8, **dashes))
    if entry.dot:
        made.append(
            element(
                "path", d=f"M{x + _HANDLE / 2:g},{y:g}h0", stroke=entry.color, stroke_width=6.5, stroke_linecap="round"
            )
        )
    return "".join(made)


def _corner(
    size: tuple[float, float], used: Sequence[tuple[Array, Array]], width: float, height: float
) -> tuple[float, float]:
    """Left and top of the first corner that hides the fewest points."""
    gap = min(6.0, width - size[0], height - size[1])
    rights, bottoms = width - size[0] - gap, height - size[1] - gap
    corners = [(rights, gap), (gap, gap), (gap, bottoms), (rights, bottoms)]
    hidden = [
        sum(
            int(np.count_nonzero((x >= left) & (x <= left + size[0]) & (y >= top) & (y <= top + size[1])))
            for x, y in used
        )
        for left, top in corners
    ]
    return corners[hidden.index(min(hidden))]
