"""What a figure's record only counts: areas, contours, lines between two points, wedges, polygons, as outlines.

An outline says all that a picture needs and nothing that a check asks for, so it belongs to the look of a figure
(`autograder.worker.appearance`). Its points are parts of the axes, (0, 0) at the bottom left and (1, 1) at the top
right, so scales and transformations of any kind are applied here, by matplotlib, without painting anything.

The look of a shape is a dictionary: "points", float array (n, 2); "lengths", how many of them each of its outlines has;
what `autograder.worker.outlines` says of its style; "outside", whether it may lie beyond the axes; and the "label" that
a legend may name. What outlines cannot say (hatches, shapes that are cut off by others, thousands of polygons) is
painted alone, on nothing: the look of such a layer has "pixels", uint8 (rows, columns, 4), "box", where they are (left,
bottom, width, height), and "named": labels that a legend may name, with their colours.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.worker.outlines import Part, TooMuch, of_arrow, of_collection, of_curve, of_patch, of_points, style_of

__all__ = ["Budget", "TooMuch", "layer_of", "shapes_of"]

Record = dict[str, Any]

_SLACK = 0.02  # of the axes: so far beyond its edge may be what it does not cut off
_GAP, _HEAD = 6.0, 8.0  # pixels between an arrow and its text, and of its head
_LARGEST_CANVAS = 1 << 20  # pixels
_MOST_NAMED = 20
_UNLIKE = ("get_slope", "transAxes")  # what is no shape: endless lines, axes inside of axes


@dataclass(slots=True)
class Budget:
    """What the outlines of one figure may still have."""

    points: int = 8_000
    shapes: int = 600
    pixels: int = 1 << 18  # of all layers together
    layers: int = 12

    def pay(self, shape: Record) -> Record:
        """The shape, where there is room for it.

        Raises:
            TooMuch: there is none.
        """
        self.points -= len(shape["points"])
        self.shapes -= 1
        if self.points < 0 or self.shapes < 0:
            raise TooMuch
        return shape


def shapes_of(axes: Any, artists: list[Any], budget: Budget, *, in_circle: bool = False) -> list[Record]:
    """Looks of artists of an axes, from the lowest to the uppermost; `in_circle` where the axes is a round one.

    Raises:
        TooMuch: they would take too much, even painted.
    """
    found: list[Record] = []
    painted: list[Any] = []
    for artist in sorted(artists, key=lambda each: float(each.get_zorder())):
        before = budget.points, budget.shapes
        try:
            if getattr(artist, "arrow_patch", None) is not None:
                shapes = [budget.pay(shape) for shape in _arrow(axes, artist)]
            else:
                shapes = _outlined(axes, artist, budget, in_circle)
        except TooMuch:
            if hasattr(artist, "arrow_patch"):
                raise  # its text is in the record
            budget.points, budget.shapes = before
            painted.append(artist)
            continue
        found += [*layer_of(axes.transAxes, painted, budget), *shapes]
        painted = []
    return [*found, *layer_of(axes.transAxes, painted, budget)]


def _outlined(axes: Any, artist: Any, budget: Budget, in_circle: bool) -> list[Record]:
    if _is_cut_off(artist, in_circle) or any(hasattr(artist, each) for each in _UNLIKE):
        raise TooMuch
    label, to_axes = str(artist.get_label()), axes.transAxes.inverted()
    found: list[Record] = []
    for outlines, style in _parts(artist):
        if not outlines:
            continue
        points = to_axes.transform(np.concatenate(outlines))
        far = np.abs(points - 0.5)
        outside = not artist.get_clip_on() and bool(np.any(far > 0.5 + _SLACK))
        if in_circle and np.any(np.hypot(*far.T) > 0.5 + _SLACK):
            raise TooMuch
        shape = {"points": points, "lengths": [len(each) for each in outlines], **style, "label": label}
        shape |= {"outside": True} if outside else {}
        if found and _alike(found[-1], shape):
            found[-1] = _together(found[-1], budget.pay(shape))
            budget.shapes += 1
        else:
            found.append(budget.pay(shape))
    return found


def _is_cut_off(artist: Any, in_circle: bool) -> bool:
    """Whether only a part of it is seen, or it is filled with a pattern."""
    hatch = artist.get_hatch() if hasattr(artist, "get_hatch") else None
    return bool(hatch) or (artist.get_clip_path() is not None and not in_circle)


def _parts(artist: Any) -> Iterator[Part]:
    if hasattr(artist, "get_sizes") and hasattr(artist, "get_offset_transform") and len(artist.get_sizes()):
        return of_points(artist)
    kinds: dict[str, Callable[[Any], Iterator[Part]]] = {
        "get_arrowstyle": of_arrow,
        "get_paths": of_collection,
        "get_drawstyle": of_curve,
        "get_facecolor": of_patch,
    }
    for method, kind in kinds.items():
        if hasattr(artist, method):
            return kind(artist)
    raise TooMuch


def layer_of(frame: Any, artists: list[Any], budget: Budget) -> list[Record]:
    """Artists painted alone, as a list of one look, or none: in parts of `frame`, the transform of axes or a figure.

    Raises:
        TooMuch: the canvas, or what is seen on it, is too large, or there are too many layers.
    """
    if not artists:
        return []
    figure = artists[0].get_figure(root=True)
    width, height = (int(side) for side in figure.bbox.size)
    budget.layers -= 1
    if budget.layers < 0 or width * height > _LARGEST_CANVAS:
        raise TooMuch
    canvas = importlib.import_module("matplotlib.backends.backend_agg").RendererAgg(width, height, figure.dpi)
    for artist in artists:
        artist.draw(canvas)
    pixels = np.asarray(canvas.buffer_rgba())
    rows, columns = (np.flatnonzero(pixels[..., 3].any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return []
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    budget.pixels -= int((bottom - top) * (right - left))
    if budget.pixels < 0:
        raise TooMuch
    corners = frame.inverted().transform([(left, height - bottom), (right, height - top)])
    box = (*map(float, corners[0]), *map(float, corners[1] - corners[0]))
    seen = np.ascontiguousarray(pixels[top:bottom, left:right])
    return [{"pixels": seen, "box": box, "named": [_named(each) for each in artists[:_MOST_NAMED]]}]


def _named(artist: Any) -> tuple[str, tuple[int, ...]]:
    """The label of an artist, and the colour in which a legend may show it."""
    colors = importlib.import_module("matplotlib.colors")
    ways = ("get_color", "get_facecolor", "get_edgecolor")
    color = next((getattr(artist, way)() for way in ways if hasattr(artist, way)), "black")
    found = colors.to_rgba_array(color)
    return str(artist.get_label()), tuple(round(255 * float(part)) for part in found[0, :3]) if len(found) else (
        0,
        0,
        0,
    )


def _arrow(axes: Any, note: Any) -> Iterator[Record]:
    """From the text of an `annotate` to its place: a straight line, and a head if the arrow has one."""
    if note.xycoords != "data" or note.anncoords != "data":
        raise TooMuch
    start, end = axes.transData.transform([note.get_position(), note.xy])
    way = end - start
    length = float(np.hypot(*way))
    if not np.isfinite(length) or length == 0:
        return
    along = way / length
    across = np.array([-along[1], along[0]])
    begin, tip = start + min(_GAP, length / 3) * along, end - min(_GAP / 2, length / 3) * along
    lines = [np.stack([begin, tip])]
    if str(note.arrowprops.get("arrowstyle", "->")) not in ("-", "|-|"):
        back = tip - _HEAD * along
        lines.append(np.stack([back + _HEAD / 2 * across, tip, back - _HEAD / 2 * across]))
    patch = note.arrow_patch
    style = style_of(None, patch.get_edgecolor(), patch.get_linewidth(), None)
    points = axes.transAxes.inverted().transform(np.concatenate(lines))
    yield {"points": points, "lengths": [len(each) for each in lines], **style, "label": ""}


def _alike(one: Record, other: Record) -> bool:
    """Whether two shapes can be drawn as one: they look the same, and nothing shines through where they overlap."""
    keys = ("fill", "stroke", "alphas", "width", "dashed", "label", "marker", "outside")
    same = all(one.get(key) == other.get(key) for key in keys)
    return same and (one["fill"] is None or one["alphas"][0] >= 1)


def _together(one: Record, other: Record) -> Record:
    points = np.concatenate([one["points"], other["points"]])
    return {**one, "points": points, "lengths": [*one["lengths"], *other["lengths"]]}
