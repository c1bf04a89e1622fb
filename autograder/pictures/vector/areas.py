"""Shapes that are drawn as their outlines say: areas, contours, wedges, lines between two points.

The outlines come from a submission's process (`autograder.worker.areas`), as parts of the axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.checks.figures.records import entries, words
from autograder.pictures.vector.legends import Entry
from autograder.pictures.vector.looking import alpha_of, color_of, finite, looks, several
from autograder.pictures.vector.placing import Plot
from autograder.pictures.vector.svg import Array, element, path

__all__ = ["add_areas"]

_SHAPES = 1_000  # of one axes, and so the outlines of them all
_OUTLINES = 2_000
_WIDEST = 20.0  # pixels
_FARTHEST = 1e6  # axes
_SEAM = 0.4  # pixels
_AREA_DASHES = "5 3"


def add_areas(plot: Plot, look: Mapping[str, Any]) -> None:
    """The shapes of one axes, in their order; what is not as it should be, or too much, is left out."""
    left = _OUTLINES
    for shape in looks(look, "areas")[:_SHAPES]:
        data = []
        for outline in _outlines(shape):
            left -= 1
            if left < 0 or not plot.room.take(len(outline), len(outline)):
                return
            x, y = plot.width * outline[:, 0], plot.height * (1 - outline[:, 1])
            data.append(path(x, y, closed=shape.get("closed") is True))
            plot.used.append((x, y))
        if drawn := "".join(data):
            _add(plot, shape, drawn)


def _add(plot: Plot, shape: Mapping[str, Any], data: str) -> None:
    fill, stroke = color_of(shape.get("fill"), ""), color_of(shape.get("stroke"), "")
    inside, edge = (alpha_of({"alpha": each}) for each in several(shape.get("alphas"), 2))
    how: dict[str, Any] = {"fill": fill or "none"}
    if fill:
        how["fill_opacity"] = inside
        if not stroke and inside >= 1:  # no seam between areas that touch
            how |= {"stroke": fill, "stroke_width": _SEAM}
    if stroke:
        width = min(_WIDEST, max(0.1, finite(shape.get("width"), 1.0)))
        how |= {"stroke": stroke, "stroke_width": width, "stroke_opacity": edge, "stroke_linejoin": "round"}
        if shape.get("dashed") is True:
            how["stroke_dasharray"] = _AREA_DASHES
    if not (fill or stroke):
        return
    plot.inside.append(element("path", d=data, **how))
    label = words(shape.get("label"))
    named = "" if label.startswith("_") else label
    if fill:
        plot.entries.append(Entry(named, fill, box=True))
    else:
        plot.entries.append(Entry(named, stroke, stroke=True))


def _outlines(shape: Mapping[str, Any]) -> Iterator[Array]:
    """Arrays (n, 2), cut from the points of a shape by their lengths."""
    points = shape.get("points")
    if not (isinstance(points, np.ndarray) and points.ndim == 2 and points.shape[1] == 2 and points.dtype.kind == "f"):
        return
    start = 0
    for length in entries(shape.get("lengths"))[: _OUTLINES + 1]:
        if type(length) is not int or not 0 < length <= len(points) - start:
            return
        yield np.clip(points[start : start + length].astype(np.float64), -_FARTHEST, _FARTHEST)
        start += length
