"""What a figure's record only counts: areas, contours, lines between two points, wedges, polygons, as outlines.

An outline says all that a picture needs and nothing that a check asks for, so it belongs to the look of a figure
(`autograder.worker.appearance`). Its points are parts of the axes, (0, 0) at the bottom left and (1, 1) at the top
right, so scales and transformations of any kind are applied here, by matplotlib, without painting anything.

The look of a shape is a dictionary: "points", float array (n, 2); "lengths", how many of them each of its outlines has;
"fill" and "stroke", colours of three numbers 0 to 255, or None; "alphas", the opacities of both; "width" of the stroke
in pixels; "dashed"; "closed"; and the "label" that a legend may name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Budget", "TooMuch", "shapes_of"]

Record = dict[str, Any]

_SLACK = 0.02  # of the axes: so far beyond its edge may be what it does not cut off
_POINTS_PER_INCH, _PIXELS_PER_INCH = 72, 100
_GAP, _HEAD = 6.0, 8.0  # pixels between an arrow and its text, and of its head


class TooMuch(Exception):
    """A shape is more than outlines can say, or there are too many of them."""


@dataclass(slots=True)
class Budget:
    """What the outlines of one figure may still have."""

    points: int = 8_000
    shapes: int = 600

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


def shapes_of(axes: Any, artists: list[Any], budget: Budget) -> list[Record]:
    """Looks of collections and patches of an axes, from the lowest to the uppermost.

    Raises:
        TooMuch: one is something else, or its outlines would take too much.
    """
    found: list[Record] = []
    for artist in sorted(artists, key=lambda each: float(each.get_zorder())):
        if getattr(artist, "arrow_patch", None) is not None:
            found += [budget.pay(shape) for shape in _arrow(axes, artist)]
            continue
        if artist.get_hatch() or artist.get_clip_path() is not None or hasattr(artist, "get_arrowstyle"):
            raise TooMuch
        label = str(artist.get_label())
        for outlines, style in _of_collection(artist) if hasattr(artist, "get_paths") else _of_patch(artist):
            if not outlines:
                continue
            points = axes.transAxes.inverted().transform(np.concatenate(outlines))
            if not artist.get_clip_on() and np.any(np.abs(points - 0.5) > 0.5 + _SLACK):
                raise TooMuch
            shape = {"points": points, "lengths": [len(each) for each in outlines], **style, "label": label}
            if found and _alike(found[-1], shape):
                found[-1] = _together(found[-1], budget.pay(shape))
                budget.shapes += 1
            else:
                found.append(budget.pay(shape))
    return found


Part = tuple[list[Any], Record]  # outlines in pixels of the screen, and their style


def _of_collection(artist: Any) -> Iterator[Part]:
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
    known = [_outlines(path, transform) for path in paths]
    for number in range(max(len(paths), len(shifts))):
        fill, stroke, width, dash = (
            each[number % len(each)] if len(each) else None for each in (fills, strokes, widths, dashes)
        )
        outlines = known[number % len(known)]
        shifted = [each + shifts[number % len(shifts)] for each in outlines] if moved else outlines
        yield shifted, _style(fill, stroke, width, dash[1] if dash else None)


def _of_patch(artist: Any) -> Iterator[Part]:
    fill = artist.get_facecolor() if artist.get_fill() else None
    dashed = artist.get_linestyle() not in ("solid", "-", "None", "none", "", " ")
    style = _style(fill, artist.get_edgecolor(), artist.get_linewidth(), dashed or None)
    yield _outlines(artist.get_path(), artist.get_transform()), style


def _outlines(path: Any, transform: Any) -> list[Any]:
    found: list[Any] = path.transformed(transform).to_polygons(closed_only=False)
    return found


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
    style = _style(None, patch.get_edgecolor(), patch.get_linewidth(), None)
    points = axes.transAxes.inverted().transform(np.concatenate(lines))
    yield {"points": points, "lengths": [len(each) for each in lines], **style, "label": ""}


def _style(fill: Any, stroke: Any, width: Any, dashes: Any) -> Record:
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


def _alike(one: Record, other: Record) -> bool:
    """Whether two shapes can be drawn as one: they look the same, and nothing shines through where they overlap."""
    same = all(one[key] == other[key] for key in ("fill", "stroke", "alphas", "width", "dashed", "label"))
    return same and (one["fill"] is None or one["alphas"][0] >= 1)


def _together(one: Record, other: Record) -> Record:
    points = np.concatenate([one["points"], other["points"]])
    return {**one, "points": points, "lengths": [*one["lengths"], *other["lengths"]]}
