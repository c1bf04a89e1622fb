"""How axes look that are no plain rectangle with two scales: polar axes, three dimensions, scales of other kinds.

Their record says what they hold, and not where that is seen. So all of it is outlines here
(`autograder.worker.areas`), with grid lines and edges of our own, and the texts around are "words": for each "text",
"at" (parts of the axes), "size" in pixels, "across" (how it is aligned), "color". A table of texts, which may stand in
any axes, is said the same way.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.checks.inspection.figures import ticks_of
from autograder.worker.areas import Budget, TooMuch, shapes_of
from autograder.worker.outlines import style_of

__all__ = ["polar", "solid", "tables", "unscaled"]

Record = dict[str, Any]

_TICK, _LABEL = 11.0, 12.0  # pixels
_PIXELS_PER_INCH = 100
_GRID, _EDGE, _PANE = (0.7, 0.7, 0.7, 1.0), (0.13, 0.13, 0.13, 1.0), (0.95, 0.95, 0.95, 1.0)
_THIN = 0.6  # points
_ARC = np.linspace(0, 1, 49)
_MOST_CELLS = 400
_LETTER = 0.57  # width of a letter as part of its height, about


def unscaled(axes: Any, record: Record, artists: list[Any], budget: Budget) -> Record:
    """The look of axes with a scale of another kind, such as symlog: outlines, and where the ticks stand."""
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    across, up = (record[f"{side}ticks"]["at"] for side in "xy")
    places = [*((at, bottom) for at in across), *((left, at) for at in up)]
    found = axes.transAxes.inverted().transform(axes.transData.transform(np.asarray(places).reshape(-1, 2)))
    return {
        "outlines": True,
        "areas": shapes_of(axes, artists, budget),
        "ticks": {"x": found[: len(across), 0], "y": found[len(across) :, 1]},
    }


def polar(axes: Any, record: Record, artists: list[Any], budget: Budget) -> Record:
    """The look of polar axes.

    Raises:
        TooMuch: they are no whole circle, or hold too much.
    """
    low, high = sorted((axes.get_rmin(), axes.get_rmax()))
    turn = np.array([axes.get_thetamin(), axes.get_thetamax()]) * np.pi / 180
    if not np.isclose(turn[1] - turn[0], 2 * np.pi):
        raise TooMuch
    around = turn[0] + (turn[1] - turn[0]) * _ARC

    def ring(radius: float) -> Any:
        return _on(axes, np.column_stack([around, np.full(len(around), radius)]))

    angles, radii = record["xticks"], record["yticks"]
    lines = [_on(axes, np.array([[angle, low], [angle, high]])) for angle in angles["at"]]
    lines += [ring(radius) for radius in radii["at"]]
    grid = [axis.get_tick_params().get("gridOn", False) for axis in (axes.xaxis, axes.yaxis)]
    areas = [_lines([], [ring(high)], fill=axes.patch.get_facecolor())]
    areas += [_lines(_GRID, lines)] if any(grid) and lines else []
    areas += shapes_of(axes, artists, budget, in_circle=True)
    areas += [_lines(_EDGE, [ring(high)])] if axes.axison else []
    words = []
    if len(angles["at"]):
        edge = _on(axes, np.column_stack([angles["at"], np.full(len(angles["at"]), high)]))
        outwards = edge - 0.5
        outwards /= np.maximum(1e-9, np.hypot(*outwards.T))[:, None]
        words += _words(edge + outwards * _pixels(axes, 15.0), angles["labels"])
    if len(radii["at"]):
        line = np.full(len(radii["at"]), axes.get_rlabel_position() * np.pi / 180)
        words += _words(_on(axes, np.column_stack([line, radii["at"]])), radii["labels"])
    return {
        "outlines": True,
        "areas": areas,
        "words": [*words, *_written(axes, record["texts"])],
        "above": 20.0,
        "frame": False,
        "sides": ("none", "none"),
    }


def solid(axes: Any, record: Record, artists: list[Any], budget: Budget) -> Record:
    """The look of axes of three dimensions: the three panes behind what is drawn, their grids, ticks and labels.

    Raises:
        TooMuch: another axis than z points upwards, or they hold too much.
    """
    if getattr(axes, "_vertical_axis", 2) != 2:
        raise TooMuch
    axes.M = axes.get_proj()  # as it does when it is painted
    drawn, before = [], [(artist, dict(vars(artist))) for artist in artists]  # a projection sets data, sizes, colours
    for artist in artists:
        if hasattr(artist, "do_3d_projection"):
            drawn.append((-float(artist.do_3d_projection() or 0.0), artist))
        elif hasattr(artist, "get_data_3d"):
            artist.set_data(*_projected(axes, np.column_stack(artist.get_data_3d())).T[:2])
            drawn.append((-np.inf, artist))
        else:
            raise TooMuch
    behind = sorted(drawn, key=lambda each: -each[0])
    panes, words = _room(axes, record) if getattr(axes, "_axis3don", True) else ([], [])
    for height, (_, artist) in enumerate(behind):
        artist.set_zorder(height)
    shapes = shapes_of(axes, [artist for _, artist in behind], budget)
    for artist, attributes in before:
        vars(artist).update(attributes)
    return {
        "outlines": True,
        "areas": [*panes, *shapes],
        "words": [*words, *_texts_in(axes)],
        "frame": False,
        "sides": ("none", "none"),
        "own": [each for each in ("title", "legend") if each == "title" or axes.get_legend() is not None],
    }


def _room(axes: Any, record: Record) -> tuple[list[Record], list[Record]]:
    """The panes of the room behind what is drawn, and the texts along its edges."""
    limits = np.array([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()], dtype=float)
    tilt, turn = np.radians([axes.elev, axes.azim])
    viewer = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
    back = (viewer <= 0).astype(float)  # of each axis, the end that is farther away, as part of it

    def at(parts: Any) -> Any:
        points = limits[:, 0] + np.asarray(parts, dtype=float) * (limits[:, 1] - limits[:, 0])
        flat = _projected(axes, points.reshape(-1, 3))[:, :2]
        return axes.transAxes.inverted().transform(axes.transData.transform(flat))

    ticks = [record["xticks"], record["yticks"], ticks_of(axes, "zaxis")]
    names = [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()]
    panes, grid, edges, words = [], [], [], []
    middle = at([[0.5, 0.5, 0.5]])[0]
    for axis in range(3):
        others = [each for each in range(3) if each != axis]
        corners = np.tile(back, (4, 1))
        corners[:, others] = [(0, 0), (0, 1), (1, 1), (1, 0)]
        panes.append(at(corners))
        span = limits[axis, 1] - limits[axis, 0]
        places = (ticks[axis]["at"] - limits[axis, 0]) / (span or 1.0)
        for place in places:
            line = np.tile(back, (3, 1))
            line[:, axis] = place
            line[0, others[0]] = 1 - back[others[0]]
            line[2, others[1]] = 1 - back[others[1]]
            grid.append(at(line))
        edge = _edge(axis, back, at)
        edges.append(at(edge))
        outwards = edges[-1].mean(axis=0) - middle
        outwards /= max(1e-9, float(np.hypot(*outwards)))
        along = edge[0] + places[:, None] * (edge[1] - edge[0])
        words += _words(at(along) + outwards * _pixels(axes, 14.0), ticks[axis]["labels"]) if len(places) else []
        words += _words(edges[-1].mean(axis=0)[None] + outwards * _pixels(axes, 36.0), [names[axis]], _LABEL)
    shown = getattr(axes, "_draw_grid", True)  # what `axes.grid` sets here
    areas = [_lines(_GRID, panes, fill=_PANE), *([_lines(_GRID, grid)] if grid and shown else []), _lines(_EDGE, edges)]
    return areas, words


def _texts_in(axes: Any) -> Iterator[Record]:
    """Texts at places of the room, and those that lie on the picture (`text2D`)."""
    for text in axes.texts:
        if text.get_visible() and text.get_text().strip():
            if hasattr(text, "get_position_3d"):
                flat = _projected(axes, np.array([text.get_position_3d()], dtype=float))[:, :2]
                pixels = axes.transData.transform(flat)
            else:
                pixels = text.get_transform().transform([text.get_position()])
            (place,) = axes.transAxes.inverted().transform(pixels)
            yield _word(place, text.get_text(), _LABEL, text.get_horizontalalignment(), text.get_color())


def _edge(axis: int, back: Any, at: Any) -> Any:
    """The ends of the edge along which the ticks of an axis stand: in front, at the bottom; of z at the right."""
    edge = np.tile(back, (2, 1))
    edge[:, axis] = 0, 1
    if axis < 2:
        edge[:, 1 - axis] = 1 - back[1 - axis]
        return edge
    sides = []
    for front in (0, 1):
        side = edge.copy()
        side[:, front] = 1 - back[front]
        sides.append(side)
    return max(sides, key=lambda side: float(at(side)[:, 0].mean()))


def tables(axes: Any) -> tuple[list[Record], list[Record]]:
    """The cells of tables as shapes, and their texts as words.

    Raises:
        TooMuch: there are too many cells.
    """
    shapes, words = [], []
    for table in axes.tables:
        cells = table.get_celld()
        if len(cells) > _MOST_CELLS:
            raise TooMuch
        width = axes.bbox.width * _PIXELS_PER_INCH / axes.get_figure(root=True).dpi
        table.auto_set_font_size(False)  # which measures every text again and again
        table.get_window_extent(_Measuring.of(axes))
        size = min((cell.get_fontsize() for cell in cells.values()), default=0.0) * _PIXELS_PER_INCH / 72
        for (_, column), cell in cells.items():
            room = 0.9 * cell.get_width() * width / _LETTER / max(1, len(cell.get_text().get_text()))
            size = min(size, room) if column >= 0 else size
        for cell in cells.values():
            left, bottom, wide, high = cell.get_x(), cell.get_y(), cell.get_width(), cell.get_height()
            corners = np.array([(left, bottom), (left + wide, bottom), (left + wide, bottom + high)])
            corners = np.concatenate([corners, [(left, bottom + high), (left, bottom)]])
            style = style_of(cell.get_facecolor(), cell.get_edgecolor(), cell.get_linewidth(), None)
            shapes.append({"points": corners, "lengths": [5], **style, "label": "", "outside": True})
            text, side = cell.get_text(), cell.get_text().get_horizontalalignment()
            part = {"center": 0.5, "left": cell.PAD}.get(side, 1 - cell.PAD)
            place = (left + part * wide, bottom + high / 2)
            words.append(_word(place, text.get_text(), max(4.0, size), side, text.get_color()))
    return shapes, words


class _Measuring:
    """A renderer that knows about how large texts are, and paints nothing."""

    @staticmethod
    def of(axes: Any) -> Any:
        base: Any = importlib.import_module("matplotlib.backend_bases").RendererBase
        dpi = axes.get_figure(root=True).dpi

        class Measuring(base):  # type: ignore[misc]
            def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:  # noqa: ARG002
                high = prop.get_size_in_points() * dpi / 72
                return _LETTER * high * len(s), high, 0.2 * high

            def _get_font_height_metrics(self, prop: Any) -> tuple[float, float, float]:
                high = prop.get_size_in_points() * dpi / 72
                return 0.93 * high, 0.24 * high, 0.0

            def points_to_pixels(self, points: float) -> float:
                return float(points * dpi / 72)

        return Measuring()


def _on(axes: Any, points: Any) -> Any:
    """Points in units of the axes as parts of it."""
    return axes.transAxes.inverted().transform(axes.transData.transform(points))


def _projected(axes: Any, points: Any) -> Any:
    """Points (n, 3) of the room as (n, 3) on the plane, with their depth."""
    plane = importlib.import_module("mpl_toolkits.mplot3d.proj3d").proj_transform(*points.T, axes.M)
    return np.column_stack([np.asarray(part, dtype=float) for part in plane])


def _pixels(axes: Any, count: float) -> Any:
    """So many pixels of the picture, as parts of the axes."""
    figure = axes.get_figure(root=True)
    return count * figure.dpi / _PIXELS_PER_INCH / np.array(axes.bbox.size)


def _lines(stroke: Any, lines: list[Any], *, fill: Any = None) -> Record:
    style = style_of(fill, stroke, _THIN, None)
    lengths = [len(each) for each in lines]
    return {"points": np.concatenate(lines), "lengths": lengths, **style, "label": "_", "outside": True}


def _written(axes: Any, texts: list[Record]) -> Iterator[Record]:
    for text in texts:
        (place,) = _on(axes, np.array([[text["x"], text["y"]]]))
        yield _word(place, text["text"], _LABEL)


def _words(places: Any, texts: list[str], size: float = _TICK) -> list[Record]:
    return [_word(place, text, size) for place, text in zip(places, texts, strict=False) if text]


def _word(place: Any, text: str, size: float, across: str = "center", color: Any = (0.13, 0.13, 0.13)) -> Record:
    ink = style_of(None, importlib.import_module("matplotlib.colors").to_rgba(color), 1.0, None)["stroke"]
    x, y = (float(each) for each in place)
    return {"text": str(text)[:500], "at": (x, y), "size": float(size), "across": across, "color": ink}
