"""What a figure's look adds to its record, inside of one axes and around it: outlines, layers of pixels, words.

They come from a submission's process (`autograder.worker.areas`), in parts of the axes, and decide about nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.checks.figures.records import entries, words
from autograder.pictures.vector.legends import Entry
from autograder.pictures.vector.looking import alpha_of, color_of, finite, looks, several
from autograder.pictures.vector.marks import markers
from autograder.pictures.vector.placing import Plot
from autograder.pictures.vector.svg import Array, data_png, element, path, text

__all__ = ["add_areas", "words_around"]

_SHAPES = 1_000  # of one axes, and so the outlines of them all
_OUTLINES = 2_000
_WIDEST = 20.0  # pixels
_FARTHEST = 1e6  # axes
_SEAM = 0.4  # pixels
_SLACK = 0.01  # axes
_AREA_DASHES = "5 3"
_LAYERS, _LONGEST_SIDE = 16, 1_100
_SMALLEST_LETTERS, _LARGEST_LETTERS = 4.0, 20.0
_LONGEST_WORDS = 40
_ANCHORS = {"center": "middle", "right": "end"}


def add_areas(plot: Plot, look: Mapping[str, Any]) -> None:
    """The shapes of one axes, in their order; what is not as it should be, or too much, is left out."""
    left, layers = _OUTLINES, _LAYERS
    for shape in looks(look, "areas")[:_SHAPES]:
        if "pixels" in shape:
            layers -= 1
            if layers >= 0:
                _add_layer(plot, shape)
            continue
        marker, data = shape.get("marker"), []
        for outline in _outlines(shape):
            left -= 1
            if left < 0 or not plot.room.take(len(outline), len(outline)):
                return
            x, y = plot.width * outline[:, 0], plot.height * (1 - outline[:, 1])
            plot.used.append((x, y))
            if marker is None:
                data.append(path(x, y, closed=shape.get("closed") is True))
            elif type(marker) is str:
                _, edge = several(shape.get("alphas"), 2)
                color = color_of(shape.get("stroke"), "#000000")
                dots = markers(x, y, marker, color, alpha_of({"alpha": edge}))
                plot.put(dots, outside=shape.get("outside") is True)
                plot.entries.append(Entry(_label(shape.get("label")), color, dot=True))
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
    plot.put(element("path", d=data, **how), outside=shape.get("outside") is True)
    label = shape.get("label")
    if type(label) is str and label == "_":  # a grid, or another part of the axes itself
        return
    if fill:
        plot.entries.append(Entry(_label(label), fill, box=True))
    else:
        plot.entries.append(Entry(_label(label), stroke, stroke=True))


def _label(value: object) -> str:
    label = words(value)
    return "" if label.startswith("_") else label


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


def _add_layer(plot: Plot, layer: Mapping[str, Any]) -> None:
    """Pixels, some of which nothing is on; left out where the figure has too many already."""
    pixels = layer.get("pixels")
    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 4):
        return
    rows, columns, _ = pixels.shape
    if not 0 < min(rows, columns) <= max(rows, columns) <= _LONGEST_SIDE or rows * columns > plot.room.pixels:
        return
    left, bottom, width, height = (finite(each, math.nan) for each in several(layer.get("box"), 4))
    if not all(abs(each) <= _FARTHEST for each in (left, bottom, width, height)) or width <= 0 or height <= 0:
        return
    plot.room.pixels -= rows * columns
    place: dict[str, Any] = {"x": plot.width * left, "y": plot.height * (1 - bottom - height)}
    size: dict[str, Any] = {"width": plot.width * width, "height": plot.height * height}
    image = element("image", **place, **size, preserveAspectRatio="none", href=data_png(pixels))
    beyond = min(left, bottom, 1 - left - width, 1 - bottom - height) < -_SLACK
    plot.put(image, outside=beyond)
    for named in entries(layer.get("named"))[:20]:
        label, color = several(named, 2)
        if shown := _label(label):
            plot.entries.append(Entry(shown, color_of(color, "#000000"), box=True))


def words_around(plot: Plot, look: Mapping[str, Any]) -> str:
    """Texts that the record does not have, at their places in and around the axes."""
    parts = []
    for word in looks(look, "words"):
        at = [finite(each, math.nan) for each in several(word.get("at"), 2)]
        if plot.room.texts <= 0 or not all(abs(each) <= _FARTHEST for each in at):
            continue
        plot.room.texts -= 1
        size = min(_LARGEST_LETTERS, max(_SMALLEST_LETTERS, finite(word.get("size"), _SMALLEST_LETTERS)))
        across = word.get("across")
        anchor = _ANCHORS.get(across, "start") if type(across) is str else "middle"
        x, y = plot.width * at[0], plot.height * (1 - at[1]) + 0.35 * size
        how: dict[str, Any] = {"font_size": size, "text_anchor": anchor, "fill": color_of(word.get("color"), "#222222")}
        parts.append(text(x, y, words(word.get("text")), most=_LONGEST_WORDS, **how))
    return "".join(parts)
