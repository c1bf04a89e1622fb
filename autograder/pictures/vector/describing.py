"""A figure in words, for those who do not see it: plots, axes, curves with their first and last values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograder.checks.figures.records import Bars, Drawn, Image, Line, drawn, entries
from autograder.checks.wording import counted

__all__ = ["described"]

_MOST = 6  # plots, and parts of one plot, that are described one by one
_LONGEST = 1_500
_LONGEST_NAME = 60


def described(record: object) -> str:
    """Sentences about one figure's record; "" for what is none. Not escaped."""
    every = entries(record.get("axes")) if isinstance(record, Mapping) else ()
    plots = [each for each in every if isinstance(each, Mapping) and each.get("colorbar") is not True]
    first = drawn({**record, "axes": plots[:_MOST]}) if isinstance(record, Mapping) else ()
    sentences = [_plot(plot) for plot in first]
    if len(plots) > _MOST:
        sentences.append(f"And {counted(len(plots) - _MOST, 'more plot')}.")
    text = " ".join(filter(None, sentences)) or "An empty figure."
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _plot(plot: Drawn) -> str:
    name = _name(plot.title or plot.above)
    axes = [
        f"{axis} axis {_name(label)}{', logarithmic' if scale == 'log' else ''}"
        for axis, label, scale in (("x", plot.xlabel, plot.xscale), ("y", plot.ylabel, plot.yscale))
        if label or scale == "log"
    ]
    parts = [*map(_line, plot.lines), *map(_bars, plot.bars), *map(_image, plot.images)]
    if plot.others and not (parts or plot.guides):
        parts = ["areas, contours or other shapes"]
    left = len(parts) - _MOST
    parts = parts[:_MOST] + ([f"{left} more"] if left > 0 else [])
    first = ", ".join([f"Plot {name}" if name else "Plot without a title", *axes])
    return f"{first}: {'; '.join(parts) or 'nothing that can be described'}."


def _line(line: Line) -> str:
    kind = "points" if line.kind == "points" else "curve"
    name = f" {_name(line.label)}" if line.label else ""
    good = np.flatnonzero(np.isfinite(line.y))
    if not len(good):
        return f"{kind}{name} without values"
    first, last = good[0], good[-1]
    if kind == "points":
        return f"{counted(len(line.x), 'point')}{name}"
    ends = f"from {line.y[first]:.4g}" + (f" at {line.x[first]:.4g}" if np.isfinite(line.x[first]) else "")
    ends += f" to {line.y[last]:.4g}" + (f" at {line.x[last]:.4g}" if np.isfinite(line.x[last]) else "")
    return f"curve{name} of {len(line.x)} point{'' if len(line.x) == 1 else 's'}, {ends}"


def _bars(bars: Bars) -> str:
    heights = bars.height[np.isfinite(bars.height)]
    name = f" {_name(bars.label)}" if bars.label else ""
    reach = f", from {heights.min():.4g} to {heights.max():.4g}" if len(heights) else ""
    return f"{len(bars.height)} bar{'' if len(bars.height) == 1 else 's'}{name}{reach}"


def _image(image: Image) -> str:
    return f"image of {' x '.join(f'{length:.6g}' for length in image.shape[:2])}"


def _name(text: str) -> str:
    """A label in quotes, on one line, without what a reader cannot see."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_NAME])
    return f"“{' '.join(shown.split())}”" if shown.strip() else ""
