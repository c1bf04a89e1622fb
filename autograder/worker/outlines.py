"""Outlines of what matplotlib draws, and what they look like: computed by matplotlib, without painting anything.

A part is its outlines in pixels of the screen, float arrays (n, 2), and a style: a dictionary of "fill" and "stroke",
colours of three numbers 0 to 255, or None; "alphas", the opacities of both; "width" of the stroke in pixels; "dashed";
"closed"; and, for points that are drawn as markers, "marker".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["Part", "TooMuch", "of_arrow", "of_collection", "of_curve", "of_patch", "of_points", "style_of"]

Record = dict[str, Any]
Part = tuple[list[Any], Record]

_POINTS_PER_INCH, _PIXELS_PER_INCH = 72, 100
_STEPS = 16  # into which a straight side is cut where the axes bends it
_COLORS = 32  # different ones of one cloud
_MOST_POINTS = 5_000  # of one curve or cloud
_MOST_PARTS = 250  # of one collection, if they look different


class TooMuch(Exception):
    """A shape is more than outlines can say, or there are too many of them."""


def of_collection(artist: Any) -> Iterator[Part]:
    """The parts of a collection: areas, contours, lines between points, wedges, polygons.

    Raises:
        TooMuch: it consists of something else.
    """
    if len(artist.get_transforms()):
        raise TooMuch  # markers, each of its own size
    artist.update_scalarmappable()
    fills, strokes = artist.get_facecolor(), artist.get_edgecolor()
    widths, dashes = artist.get_linewidth(), artist.get_linestyle()
    paths, transform = artist.get_paths(), artist.get_transform()
    shifts = np.asarray(artist.get_offsets(), dtype=float)
    moved = bool(np.any(shifts))
    shifts = artist.get_offset_transform().transform(shifts) if moved else np.zeros((1, 2))
    if not len(paths):  # arrows get theirs only as they are painted: here on a canvas of one pixel
        artist.draw(sys.modules["matplotlib.backends.backend_agg"].RendererAgg(1, 1, artist.get_figure().dpi))
        paths, transform = artist.get_paths(), artist.get_transform()
        fills, strokes = artist.get_facecolor(), artist.get_edgecolor()
    if not len(paths):
        raise TooMuch
    count = max(len(paths), len(shifts))
    if count > _MOST_PARTS and max(len(fills), len(strokes)) > 1:
        raise TooMuch  # each would be drawn by itself
    known = [_outlines(path, transform) for path in paths]
    for number in range(count):
        fill, stroke, width, dash = (
            each[number % len(each)] if len(each) else None for each in (fills, strokes, widths, dashes)
        )
        outlines = known[number % len(known)]
        shifted = [each + shifts[number % len(shifts)] for each in outlines] if moved else outlines
        yield shifted, style_of(fill, stroke, width, dash[1] if dash else None)


def of_patch(artist: Any) -> Iterator[Part]:
    """The part that a patch is."""
    fill = artist.get_facecolor() if artist.get_fill() else None
    dashed = artist.get_linestyle() not in ("solid", "-", "None", "none", "", " ")
    style = style_of(fill, artist.get_edgecolor(), artist.get_linewidth(), dashed or None)
    yield _outlines(artist.get_path(), artist.get_transform()), style


def of_arrow(arrow: Any) -> Iterator[Part]:
    """The part that a straight arrow with a filled head at its end is, as stream lines have them.

    Raises:
        TooMuch: it is bent, begins or ends at the edge of something, or has another head.
    """
    style, ends = arrow.get_arrowstyle(), arrow._posA_posB
    straight = getattr(arrow.get_connectionstyle(), "rad", None) == 0 and arrow.get_mutation_aspect() in (None, 1)
    if type(style).__name__ != "CurveFilledB" or ends is None or not straight or arrow.patchA or arrow.patchB:
        raise TooMuch
    begin, end = arrow.get_transform().transform(np.asarray(ends, dtype=float))
    length = float(np.hypot(*(end - begin)))
    if not np.isfinite(length) or length == 0:
        raise TooMuch
    along = (end - begin) / length
    pixels = arrow.get_figure(root=True).dpi / _POINTS_PER_INCH
    gap = [each * pixels if each * pixels < length / 2 else 0.0 for each in (arrow.shrinkA, arrow.shrinkB)]
    begin, end = begin + gap[0] * along, end - gap[1] * along
    scale = arrow.get_mutation_scale() * pixels
    back = end - style.head_length * scale * along
    side = style.head_width * scale * np.array([-along[1], along[0]])
    dashed = arrow.get_linestyle() not in ("solid", "-")
    look = style_of(arrow.get_facecolor(), arrow.get_edgecolor(), arrow.get_linewidth(), dashed or None)
    yield [np.stack([begin, end]), np.stack([back + side, end, back - side, back + side])], look


def of_curve(line: Any) -> Iterator[Part]:
    """The parts of a line: its curve, also where that goes in steps or is bent by the axes, and its markers.

    Raises:
        TooMuch: it has too many points.
    """
    path, transform = line.get_path(), line.get_transform()
    if len(path.vertices) > _MOST_POINTS:
        raise TooMuch
    rgba = sys.modules["matplotlib.colors"].to_rgba(line.get_color(), line.get_alpha())
    kind, marker = line.get_linestyle(), line.get_marker()
    if kind not in ("None", "none", "", " "):
        yield _outlines(path, transform), style_of(None, rgba, line.get_linewidth(), None if kind == "-" else kind)
    if marker not in (None, "None", "none", "", " "):
        places = transform.transform(np.column_stack(line.get_data()).astype(float))
        yield _dots(places, rgba, marker if type(marker) is str else "o")


def of_points(cloud: Any) -> Iterator[Part]:
    """The parts of a cloud of points as `scatter` draws it, one for each of its colours.

    Raises:
        TooMuch: it has too many points.
    """
    places: Any = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=float), np.nan).reshape(-1, 2)
    if len(places) > _MOST_POINTS:
        raise TooMuch
    cloud.update_scalarmappable()
    places = cloud.get_offset_transform().transform(places)
    colors = cloud.get_facecolor() if len(cloud.get_facecolor()) else cloud.get_edgecolor()
    if not len(colors):
        return
    rgba = np.asarray(colors, dtype=float)
    rgba = np.column_stack([np.round(255 * rgba[:, :3]), np.round(10 * rgba[:, 3])]).astype(int)
    if len(rgba) != len(places):
        yield _dots(places, rgba[0] / (255, 255, 255, 10), "o")
        return
    kinds, which = np.unique(rgba, axis=0, return_inverse=True)
    if len(kinds) > _COLORS:
        rgba[:, :3] = rgba[:, :3] & 0xC0 | 0x20
        rgba[:, 3] = 10
        kinds, which = np.unique(rgba, axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        yield _dots(places[which.reshape(-1) == number], kind / (255, 255, 255, 10), "o")


def _dots(places: Any, rgba: Any, marker: str) -> Part:
    return [places], {**style_of(None, rgba, 1.0, None), "marker": marker[:1]}


def _outlines(path: Any, transform: Any) -> list[Any]:
    if path._interpolation_steps > _STEPS:  # a path says it nowhere else
        path = type(path)(path.vertices, path.codes, _interpolation_steps=_STEPS)
    found: list[Any] = transform.transform_path(path).to_polygons(closed_only=False)
    return found


def style_of(fill: Any, stroke: Any, width: Any, dashes: Any) -> Record:
    """The style of a part of these colours, width in points, and dashes, of which None are a line without gaps."""
    colors = sys.modules["matplotlib.colors"]
    inside, edge = (colors.to_rgba(each) if each is not None and len(each) else (0, 0, 0, 0) for each in (fill, stroke))
    thick = 0.0 if width is None else float(width) * _PIXELS_PER_INCH / _POINTS_PER_INCH
    return {
        "fill": _color(inside) if inside[3] > 0 else None,
        "stroke": _color(edge) if edge[3] > 0 and thick > 0 else None,
        "alphas": (float(inside[3]), float(edge[3])),
        "width": thick,
        "dashed": dashes is not None,
        "closed": inside[3] > 0,
    }


def _color(rgba: Any) -> tuple[int, ...]:
    return tuple(round(255 * float(part)) for part in rgba[:3])
