"""One axes of a figure in its picture: its place, its scales, how much may still be drawn, and its legend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks.figures.records import Drawn
from autograder.pictures.vector.svg import Array, element, text, wide

__all__ = ["Entry", "Plot", "Room", "Scale", "legend"]

_MOST_TEXTS = 1_500  # of a figure; as all below
_MOST_POINTS = 30_000
_MOST_PIXELS = 1 << 18
_MOST_NUMBERS = 500_000  # points that are looked at, of which some are drawn


@dataclass(slots=True)
class Room:
    """How much of one figure may still be drawn."""

    texts: int = _MOST_TEXTS
    points: int = _MOST_POINTS
    pixels: int = _MOST_PIXELS
    numbers: int = _MOST_NUMBERS

    def take(self, points: int, most: int) -> int:
        """How many of these points are drawn; 0 also where no more may be looked at."""
        self.numbers -= points
        granted = max(0, min(points, most, self.points)) if self.numbers >= 0 else 0
        self.points -= granted
        return granted


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: from data to pixels, of `length`, starting at `start` and growing by `sign`."""

    low: float
    high: float
    log: bool
    length: float
    down: bool = False

    def __call__(self, values: Array) -> Array:
        """Pixels, not finite where a value is not, or has no logarithm."""
        low, high, found = self.low, self.high, np.asarray(values, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                low, high, found = math.log10(low), math.log10(high), np.log10(found)
            part = (found - low) / (high - low) if high != low else np.full(found.shape, 0.5)
            return self.length * (1 - part if self.down else part)

    def one(self, value: float) -> float:
        """A single place; NaN where there is none."""
        low, high, found = self.low, self.high, float(value)
        if not math.isfinite(found) or (self.log and found <= 0):
            return math.nan
        if self.log:
            low, high, found = math.log10(low), math.log10(high), math.log10(found)
        part = (found - low) / (high - low) if high != low else 0.5
        return self.length * (1 - part if self.down else part)


@dataclass(slots=True)
class Plot:
    """One axes on its way: its part of the picture, in pixels, and the scales within it."""

    record: Drawn
    look: Mapping[str, Any]
    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale
    room: Room
    inside: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # what is not cut off at the edge, and lies over all inside
    entries: list[Entry] = field(default_factory=list)
    used: list[tuple[Array, Array]] = field(default_factory=list)  # where the legend must not stand

    def put(self, part: str, *, outside: bool) -> None:
        """Add what is drawn, in pixels of the axes: inside, or where it may lie beyond the edge."""
        (self.outside if outside or self.outside else self.inside).append(part)


# --- the legend, in the corner where it hides least ---

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
