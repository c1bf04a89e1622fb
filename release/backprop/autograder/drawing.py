"""What the open matplotlib figures say, as plain data: titles, axis labels, and each curve with its label and points.

A figure is a dictionary ``{"title", "axes"}``; an axes ``{"title", "xlabel", "ylabel", "xscale", "yscale", "legend",
"lines"}`` with the legend's texts; a line ``{"label", "x", "y"}`` with float arrays of shape (n,). Nothing of
matplotlib is left in it, so it can cross a wall and be judged outside, drawn by any backend.

This module is shipped to students: standard library, numpy, and matplotlib where the student's code has loaded it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["MAX_AXES", "MAX_FIGURES", "MAX_LINES", "MAX_POINTS", "MAX_TEXT", "figures"]

MAX_FIGURES = 64
MAX_AXES = 32
MAX_LINES = 64
MAX_POINTS = 10_000
MAX_TEXT = 500


def figures() -> tuple[dict[str, Any], ...]:
    """Records of the open pyplot figures, in the order of their numbers; closes them all.

    Empty if nobody imported pyplot. At most `MAX_FIGURES` figures of `MAX_AXES` axes with `MAX_LINES` lines are
    told, of each line the first `MAX_POINTS` points, of each text the first `MAX_TEXT` characters.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return ()
    try:
        return tuple(_figure(pyplot.figure(number)) for number in pyplot.get_fignums()[:MAX_FIGURES])
    finally:
        pyplot.close("all")


def _figure(figure: Any) -> dict[str, Any]:
    suptitle = getattr(figure, "_suptitle", None)
    return {
        "title": _text(suptitle.get_text() if suptitle is not None else ""),
        "axes": [_axes(axes) for axes in figure.axes[:MAX_AXES]],
    }


def _axes(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    titles = [axes.get_title(loc=place) for place in ("center", "left", "right")]
    return {
        "title": _text(" ".join(title for title in titles if title)),
        "xlabel": _text(axes.get_xlabel()),
        "ylabel": _text(axes.get_ylabel()),
        "xscale": _text(axes.get_xscale()),
        "yscale": _text(axes.get_yscale()),
        "legend": [_text(text.get_text()) for text in legend.get_texts()[:MAX_LINES]] if legend is not None else [],
        "lines": [*map(_line, axes.lines[:MAX_LINES]), *map(_points, _scattered(axes)[:MAX_LINES])],
    }


def _line(line: Any) -> dict[str, Any]:
    return {
        "label": _text(line.get_label()),
        "x": _numbers(line.get_xdata(orig=False)),
        "y": _numbers(line.get_ydata(orig=False)),
    }


def _scattered(axes: Any) -> list[Any]:
    """The point clouds of an axes, as `scatter` draws them."""
    from matplotlib.collections import PathCollection

    return [each for each in axes.collections if isinstance(each, PathCollection)]


def _points(cloud: Any) -> dict[str, Any]:
    offsets = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=np.float64), np.nan).reshape(-1, 2)
    return {"label": _text(cloud.get_label()), "x": _numbers(offsets[:, 0]), "y": _numbers(offsets[:, 1])}


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    """Floats of shape (n,); masked points are NaN, and what is no number gives no points."""
    try:
        filled = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    except (TypeError, ValueError):
        return np.empty(0)
    return np.array(filled, dtype=np.float64).reshape(-1)[:MAX_POINTS]


def _text(text: Any) -> str:
    return str(text)[:MAX_TEXT]
