"""What is drawn inside of one axes: curves, points, bars, images; and outlines, layers of pixels and words of its look.

What a figure's look adds comes from a submission's process (`autograder.worker.areas`), in parts of the axes, and
decides about nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checks.figures.records import Bars, Image, Line, entries, words
from autograder.pictures.vector.axes import Entry, Plot
from autograder.pictures.vector.svg import (
    Array,
    alpha_of,
    color_of,
    colors_of,
    data_png,
    element,
    finite,
    floats,
    hexadecimal,
    looks,
    number,
    palette_of,
    path,
    several,
    text,
)

__all__ = ["add_areas", "add_bars", "add_colorbar", "add_image", "add_line", "markers", "words_around"]

_POINTS = 1_000  # of one curve
_DOTS = 2_000  # of one cloud
_BARS = 2_000  # of one call
_COLORS = 32  # different ones of one cloud or call
_SIDE = 256  # rows and columns of one image
_DASHES = {"--": "6 3", "dashed": "6 3", "-.": "7 3 2 3", "dashdot": "7 3 2 3", ":": "2 3", "dotted": "2 3"}


def add_line(plot: Plot, line: Line, look: Mapping[str, Any], otherwise: str) -> None:
    """A curve, a cloud of points, or a line across the axes."""
    color, alpha = color_of(look.get("color"), otherwise), alpha_of(look)
    style = look.get("style", "-")
    marker = look.get("marker", "")
    style, marker = (each if type(each) is str else "" for each in (style, marker))
    if line.kind == "points":
        _dots(plot, line, look, color, alpha)
        plot.entries.append(Entry(line.label, color, dot=True))
        return
    count = plot.room.take(len(line.x), _POINTS)
    if count == 0:
        return
    x, y = _across(plot, line) if line.kind == "guide" else (plot.x(line.x), plot.y(line.y))
    x, y = _thinned(x, y, count)
    plot.used.append((x, y))
    stroke: dict[str, Any] = {"stroke": color, "stroke_width": 1.8, "stroke_opacity": alpha, "fill": "none"}
    if style and (data := path(x, y)):
        dashes = {"stroke_dasharray": _DASHES[style]} if style in _DASHES else {}
        plot.inside.append(element("path", d=data, stroke_linejoin="round", **stroke, **dashes))
    if marker:
        plot.inside.append(markers(x, y, marker, color, alpha))
    if len(line.xerr) or len(line.yerr):
        _errors(plot, line, count, color, alpha)
    plot.entries.append(Entry(line.label, color, dashes=_DASHES.get(style, ""), stroke=bool(style), dot=bool(marker)))


def _errors(plot: Plot, line: Line, count: int, color: str, alpha: float) -> None:
    """The bars of errors, from end to end."""
    chosen = slice(0, count)
    x, y = plot.x(line.x[chosen]), plot.y(line.y[chosen])
    data = []
    for ends, scale, places in ((line.xerr, plot.x, y), (line.yerr, plot.y, x)):
        low, high = scale(ends[chosen, 0]), scale(ends[chosen, 1])
        count = min(len(low), len(places))
        for a, b, c in zip(low[:count].tolist(), high[:count].tolist(), places[:count].tolist(), strict=True):
            if math.isfinite(a) and math.isfinite(b) and math.isfinite(c):
                lying = scale is plot.x
                data.append(
                    f"M{number(a)},{number(c)}H{number(b)}" if lying else f"M{number(c)},{number(a)}V{number(b)}"
                )
    if data:
        plot.inside.append(element("path", d="".join(data), stroke=color, stroke_opacity=alpha, stroke_width=1.4))


def _across(plot: Plot, line: Line) -> tuple[Array, Array]:
    """A line across the axes: along it, its ends are parts of the axes."""
    if len(line.x) == 2 and line.x[0] == line.x[1]:
        return plot.x(line.x), plot.height * (1 - line.y)
    return plot.width * line.x, plot.y(line.y)


def _dots(plot: Plot, line: Line, look: Mapping[str, Any], color: str, alpha: float) -> None:
    count = plot.room.take(len(line.x), _DOTS)
    if count == 0:
        return
    chosen = np.unique(np.linspace(0, len(line.x) - 1, count).astype(int))
    x, y = plot.x(line.x[chosen]), plot.y(line.y[chosen])
    plot.used.append((x, y))
    colors = colors_of(look.get("colors"), len(line.x))
    if colors is None:
        plot.inside.append(markers(x, y, "o", color, alpha))
        return
    coarse = _few(colors[chosen])
    for one in np.unique(coarse, axis=0):
        same = np.all(coarse == one, axis=1)
        plot.inside.append(markers(x[same], y[same], "o", hexadecimal(one), alpha))


def _few(colors: Array) -> Array:
    """The colours, rounded where there are too many different ones, since each one is drawn by itself."""
    return colors & 0xC0 | 0x20 if len(np.unique(colors, axis=0)) > _COLORS else colors


def markers(x: Array, y: Array, marker: str, color: str, alpha: float) -> str:
    """Points in pixels of the plot, each as a dot, a cross or a plus sign."""
    good = np.isfinite(x) & np.isfinite(y)
    shape = {"x": "m-3,-3l6,6m-6,0l6,-6", "+": "m-4,0h8m-4,-4v8"}.get(marker, "h0")
    data = "".join(f"M{number(a)},{number(b)}{shape}" for a, b in zip(x[good].tolist(), y[good].tolist(), strict=True))
    if not data:
        return ""
    width = 1.6 if shape != "h0" else {".": 4.0, ",": 1.5}.get(marker, 6.5)
    stroke: dict[str, Any] = {"stroke": color, "stroke_width": width, "stroke_opacity": alpha, "fill": "none"}
    return element("path", d=data, stroke_linecap="round", **stroke)


def _thinned(x: Array, y: Array, most: int) -> tuple[Array, Array]:
    """At most that many points, the lowest and the highest of each stretch among them."""
    if len(x) <= most:
        return x, y
    stretches = most // 2
    if stretches == 0:
        return x[:0], y[:0]
    length = math.ceil(len(y) / stretches)
    padded = np.full(stretches * length, np.nan)
    padded[: len(y)] = y
    rows = padded.reshape(stretches, length)
    rows = rows[~np.all(np.isnan(rows), axis=1)] if len(rows) else rows
    starts = np.flatnonzero(~np.all(np.isnan(padded.reshape(stretches, length)), axis=1)) * length
    if not len(rows):
        return x[:0], y[:0]
    chosen = np.unique(np.concatenate([[0], starts + np.nanargmin(rows, axis=1), starts + np.nanargmax(rows, axis=1)]))
    return x[chosen], y[chosen]


def add_bars(plot: Plot, bars: Bars, look: Mapping[str, Any], otherwise: str) -> None:
    """The bars of one call."""
    count = plot.room.take(len(bars.at), _BARS)
    if count == 0:
        return
    color, alpha = color_of(look.get("color"), otherwise), alpha_of(look)
    plot.entries.append(Entry(bars.label, color, box=True))
    base = floats(look.get("base"), len(bars.at))[:count]
    at, thick, long = (each[:count] for each in (bars.at, bars.width, bars.height))
    along, up = (plot.y, plot.x) if bars.horizontal else (plot.x, plot.y)
    ends = along(at - thick / 2), along(at + thick / 2), up(base), up(base + long)
    foot = up.length if up.down else 0.0
    first, second, low, high = (np.where(np.isfinite(each), each, foot) for each in ends)
    good = np.isfinite(at) & np.isfinite(thick) & np.isfinite(long)
    if bars.horizontal:
        plot.used.append((high, (first + second) / 2))
        boxes = np.stack([low, first, high - low, second - first], axis=1)
    else:
        plot.used.append(((first + second) / 2, high))
        boxes = np.stack([first, low, second - first, high - low], axis=1)
    colors = colors_of(look.get("colors"), len(bars.at))
    groups = [(color, good)]
    if colors is not None:
        coarse = _few(colors[:count])
        groups = [(hexadecimal(one), good & np.all(coarse == one, axis=1)) for one in np.unique(coarse, axis=0)]
    for paint, chosen in groups:
        data = "".join(
            f"M{number(a)},{number(b)}h{number(c)}v{number(d)}h{number(-c)}z" for a, b, c, d in boxes[chosen].tolist()
        )
        if data:
            edge: dict[str, Any] = {"stroke": "#ffffff", "stroke_width": 0.5} if count > 1 else {}
            plot.inside.append(element("path", d=data, fill=paint, fill_opacity=alpha, **edge))


def add_image(plot: Plot, image: Image, look: Mapping[str, Any]) -> None:
    """An image; left out where the figure has too many pixels already."""
    values = image.values[
        :: math.ceil(image.values.shape[0] / _SIDE) or 1, :: math.ceil(image.values.shape[1] / _SIDE) or 1
    ]
    count = values.shape[0] * values.shape[1]
    if not count or count > plot.room.pixels or len(image.x) == 0 or len(image.y) == 0:
        return
    plot.room.pixels -= count
    pixels = _pixels(values, look)
    sides = []
    for scale, centres in ((plot.x, image.x), (plot.y, image.y)):
        half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2 if len(centres) > 1 else 0.5
        sides.append((scale.one(centres[0] - half), scale.one(centres[-1] + half)))
    (left, right), (top, bottom) = sides
    if not np.all(np.isfinite([left, right, top, bottom])):
        return
    pixels = pixels[:, ::-1] if right < left else pixels
    pixels = pixels[::-1] if bottom < top else pixels
    plot.inside.append(
        element(
            "image",
            x=min(left, right),
            y=min(top, bottom),
            width=abs(right - left),
            height=abs(bottom - top),
            preserveAspectRatio="none",
            image_rendering="pixelated",
            href=data_png(pixels),
        )
    )


def _pixels(values: Array, look: Mapping[str, Any]) -> Array:
    """Colours as uint8 (rows, columns, 3): by the palette, or as they are (0 to 1, or 0 to 255)."""
    with np.errstate(all="ignore"):
        if values.ndim == 3:
            shown = values[..., :3] if values.shape[2] >= 3 else np.repeat(values[..., :1], 3, axis=2)
            largest = np.nanmax(shown) if np.isfinite(shown).any() else 1.0
            bytes_ = np.nan_to_num(shown * (255.0 if largest <= 1.0 else 1.0), nan=255.0)
            return np.clip(bytes_, 0, 255).astype(np.uint8)
        low, high = (
            finite(each, other) for each, other in zip(several(look.get("limits"), 2), (0.0, 1.0), strict=True)
        )
        place = (values - low) * (256 / (high - low) if high != low else 0.0)
        place = np.fmax(np.fmin(place, 255), 0).astype(np.uint8)
    table = np.frombuffer(palette_of(look), np.uint8).reshape(256, 3)
    found: Array = table[place]
    found[np.isnan(values)] = 255
    return found


def add_colorbar(plot: Plot, palettes: Sequence[bytes]) -> None:
    """The colours of the last image beside which it may stand."""
    table = np.frombuffer(palettes[-1] if palettes else palette_of({}), np.uint8).reshape(256, 3)
    lying = plot.width > plot.height
    pixels = table[None, :] if lying else table[::-1][:, None]
    plot.inside.append(
        element("image", width=plot.width, height=plot.height, preserveAspectRatio="none", href=data_png(pixels))
    )


# --- what a figure's look adds to its record ---

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
