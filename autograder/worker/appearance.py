"""How a figure looks, as plain data beside its record: places, colours, line styles, what else the picture needs.

From both, the picture is made outside (`autograder.pictures.vector`), without matplotlib. What the record leaves out is
added as outlines, or painted alone, without all around it. Only where that takes too much there is no look, and
matplotlib paints the whole figure here (`autograder.worker.rendering`).

The look of a figure is ``{"size", "over", "axes"}``: width and height in inches, layers (`autograder.worker.areas`) of
what belongs to no axes, and for each axes of the record a dictionary, or None where it is not visible:

- "place": left, bottom, width and height as parts of the figure; "sides": where the ticks of x and y stand ("top",
  "right", "none", else bottom and left); "grid" and "frame": whether there is one;
- "ticks": for axes with scales of other kinds, such as a colour bar of steps, where those of "x" and "y" stand as parts
  of the axes;
- "areas": shapes that the record only counts (`autograder.worker.areas`); "words": texts that it does not have, and
  "outlines": whether these are all that is drawn (`autograder.worker.other_axes`); "above": pixels between the axes and
  its title, if there are more than usual;
- "own": which of title, labels and legend belong to this axes (its record also has those of axes beside it);
- "lines", "guides" (those across the axes), "bars", "images", "texts": a dictionary for each part of the record, in its
  order. A line has "style" and "marker", bars have "base", an image "palette" and "limits", a text "across" and "up",
  and with an arrow its own "place", as parts of the axes; what is among the areas as well has "outlined".
  All but images have "color" (three numbers 0 to 255), "colors" (uint8 (n, 3), one for each point, or None where one
  serves for all) and "alpha" (0 to 1).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from autograder.checks.inspection import safe_reading
from autograder.worker import other_axes
from autograder.worker.areas import Budget, layer_of, shapes_of
from autograder.worker.rendering import painter

__all__ = ["illustrator"]


Record = dict[str, Any]

_SCALES = ("linear", "log")
_GRAY = 256
_MARGINS = (
    0.62,
    0.12,
    0.5,
    0.34,
)  # left, right, bottom, top of a plot in inches, where matplotlib lays out as it paints


class _Unsaid(Exception):
    """The figure shows something that its record does not say."""


def illustrator() -> Callable[[Any, Record, Mapping[int, Any]], Record]:
    """A function for `checks.inspection.figures.figures` that adds "look" to a record, or else "png", or nothing."""
    paint = painter()
    palettes: dict[Hashable, bytes] = {}

    def illustrate(figure: Any, record: Record, artists: Mapping[int, Any]) -> Record:
        try:
            return {"look": _figure(figure, record, artists, palettes)}
        except Exception:  # noqa: BLE001  (a student's own artists may raise anything)
            picture = paint(figure)
        return {} if picture is None else {"png": picture}

    return illustrate


def _figure(figure: Any, record: Record, artists: Mapping[int, Any], palettes: dict[Hashable, bytes]) -> Record:
    title = getattr(figure, "_suptitle", None)
    own = [*figure.lines, *figure.patches, *figure.images, *figure.artists, *figure.legends]
    own = [each for each in (*own, *(text for text in figure.texts if text is not title)) if each.get_visible()]
    if any(each.get_visible() for each in figure.subfigs) or len(figure.axes) > safe_reading.MAX_AXES:
        raise _Unsaid
    engine = figure.get_layout_engine()
    size = tuple(float(inches) for inches in figure.get_size_inches())
    budget = Budget()
    images = any(_is_even(image) for each in record["axes"] for image in each.get("images", ()))
    return {
        "size": size,
        "over": layer_of(figure.transFigure, own, budget),
        "axes": [_axes(each, size, engine, artists, palettes, budget, images) for each in record["axes"]],
    }


def _axes(
    record: Record,
    size: tuple[float, ...],
    engine: Any,
    artists: Mapping[int, Any],
    palettes: dict[Hashable, bytes],
    budget: Budget,
    images: bool,
) -> Record | None:
    axes = artists[id(record)]
    if not axes.get_visible():
        return None
    around = {
        "place": _place(axes, size, engine),
        "grid": any(axis.get_tick_params().get("gridOn", False) for axis in (axes.xaxis, axes.yaxis)),
        "frame": bool(axes.axison and axes.get_frame_on()),
        "sides": tuple(_side(axis) for axis in (axes.xaxis, axes.yaxis)),
        "own": _own(axes),
    }
    special = {"polar": other_axes.polar, "3d": other_axes.solid}.get(axes.name)
    if special is not None:
        return {**around, **special(axes, record, _drawn_in(axes), budget)}
    if axes.name != "rectilinear":
        raise _Unsaid
    if not (_is_scaled(record) or record["colorbar"]):
        texts = [_text(artists[id(part)]) for part in record["texts"]]
        return {**around, **other_axes.unscaled(axes, record, _drawn_in(axes), budget), "texts": texts}
    if not record["colorbar"]:
        others, apart = _others(axes, record, artists)
    else:  # beside an image it has the colours of that; else it is drawn as what it consists of
        others = [] if images else [each for each in axes.collections if each.get_visible() and len(each.get_paths())]
        apart = set()
    cells, words = other_axes.tables(axes)
    return {
        **around,
        "lines": [_line(part, artists[id(part)], apart) for part in record["lines"] if part["kind"] != "guide"],
        "guides": [_line(part, artists[id(part)], apart) for part in record["lines"] if part["kind"] == "guide"],
        "bars": [_bars(artists[id(part)], apart) for part in record["bars"]],
        "images": [_image(part, artists[id(part)], palettes) for part in record["images"]],
        "texts": [_text(artists[id(part)]) for part in record["texts"]],
        "areas": [*shapes_of(axes, others, budget), *cells],
        "words": words,
        **({} if _is_scaled(record) else _ticks_of_steps(axes, record)),
    }


def _drawn_in(axes: Any) -> list[Any]:
    """All that is drawn inside of an axes, but texts."""
    if axes.tables or axes.child_axes or any(getattr(each, "arrow_patch", None) is not None for each in axes.texts):
        raise _Unsaid
    every = (*axes.images, *axes.collections, *axes.patches, *axes.lines, *axes.artists)
    return [each for each in every if each.get_visible()]


def _is_scaled(record: Record) -> bool:
    return not {record["xscale"], record["yscale"]}.difference(_SCALES)


def _ticks_of_steps(axes: Any, record: Record) -> Record:
    """Where the ticks of a colour bar of steps stand, such as a contour's, which has a scale of its own."""
    ticks = record["yticks"]["at"]
    points = axes.transData.transform(np.stack([np.full(len(ticks), axes.get_xlim()[0]), ticks], axis=1))
    return {"ticks": {"y": axes.transAxes.inverted().transform(points)[:, 1]}}


def _place(axes: Any, size: tuple[float, ...], engine: Any) -> tuple[float, ...]:
    """Where the axes is; where it is placed only as it is painted, its part of the grid with room for labels."""
    if (locator := axes.get_axes_locator()) is not None:  # a colour bar is made narrower as it is painted
        axes.apply_aspect(locator(axes, None))
    cell = axes.get_subplotspec() if engine is not None else None
    if cell is None:
        # The record asked for the position before, which takes long, for it applies the aspect.
        return tuple(float(part) for part in vars(axes).get("_position", axes.get_position(original=True)).bounds)
    rows, columns, first, last = cell.get_geometry()
    top, left = divmod(first, columns)
    bottom, right = divmod(last, columns)
    before, after, below, above = (margin / size[n > 1] for n, margin in enumerate(_MARGINS))
    width, height = (right - left + 1) / columns, (bottom - top + 1) / rows
    return (
        left / columns + before,
        1 - (bottom + 1) / rows + below,
        max(0.3 * width, width - before - after),
        max(0.3 * height, height - below - above),
    )


def _side(axis: Any) -> str:
    """Where the labels of an axis stand, or its ticks, if it has none."""
    shown = axis.get_tick_params()
    for kind in ("label", ""):
        sides = [each for each in ("bottom", "top", "left", "right") if shown.get(f"{kind}{each}")]
        if sides:
            return sides[0] if axis.get_visible() else "none"
    return "none"


def _own(axes: Any) -> list[str]:
    """The names of the texts that are this axes' own."""
    texts = {"xlabel": axes.get_xlabel(), "ylabel": axes.get_ylabel()}
    texts["title"] = "".join(axes.get_title(loc=place) for place in ("center", "left", "right"))
    return [*(name for name, text in texts.items() if text), *(["legend"] if axes.get_legend() is not None else [])]


def _others(axes: Any, record: Record, artists: Mapping[int, Any]) -> tuple[list[Any], set[int]]:
    """What an axes draws and the record only counts, or says in part; and the `id` of each of the latter."""
    seen: set[int] = set()
    apart: list[Any] = [artists[id(part)] for part in record["images"] if not _is_even(part)]
    for part in (*record["lines"], *record["bars"], *record["images"], *record["texts"]):
        artist = artists[id(part)]
        seen.add(id(artist))
        seen.update(map(id, getattr(artist, "patches", ())))
        if hasattr(artist, "get_slope") or (hasattr(artist, "get_drawstyle") and not _is_plain(artist)):
            if part.keys() & {"xerr", "yerr"}:
                raise _Unsaid  # bars of errors are drawn with their line
            apart.append(artist)
        if any(each.get_hatch() for each in getattr(artist, "patches", ())):
            apart += artist.patches
    for container in axes.containers:
        for parts in list(container)[1:] if hasattr(container, "has_yerr") else ():  # caps and bars of errors
            seen.update(map(id, parts or ()))
    shapes: list[Any] = [*axes.lines, *axes.images, *axes.artists, *axes.child_axes, *axes.collections, *axes.patches]
    shapes = [each for each in shapes if id(each) not in seen]
    shapes += [each for each in axes.texts if getattr(each, "arrow_patch", None) is not None]
    unseen = [each for each in axes.texts if id(each) not in seen and each.get_visible()]
    if any(each.get_text().strip() for each in unseen):
        raise _Unsaid
    return [each for each in (*apart, *shapes) if each.get_visible()], set(map(id, apart))


def _is_plain(line: Any) -> bool:
    """Whether a line goes straight from point to point, with dashes of a usual kind."""
    return line.get_drawstyle() == "default" and type(line.get_linestyle()) is str


def _is_even(image: Record) -> bool:
    """Whether all pixels of an image are of one size."""
    steps = [np.diff(places) for places in (image["x"], image["y"])]
    return not any(len(each) and np.ptp(each) > 1e-6 * abs(each[0]) for each in steps)


def _line(record: Record, artist: Any, apart: set[int]) -> Record:
    if id(artist) in apart:
        return {"outlined": True}
    if not artist.get_visible() or not len(record["x"]) == len(record["y"]) < safe_reading.MAX_POINTS:
        raise _Unsaid
    if hasattr(artist, "get_offsets"):
        colors = artist.to_rgba(artist.get_array()) if artist.get_array() is not None else artist.get_facecolors()
        colors = colors if len(colors) else artist.get_edgecolors()
        return {"style": "", "marker": "o", **_painted(colors, len(record["x"]))}
    style, marker = artist.get_linestyle(), artist.get_marker()
    marker = "" if marker in (None, "None", "none", "", " ") else marker if type(marker) is str else "o"
    return {
        "style": "" if style in ("None", "none", "", " ") else style,
        "marker": marker[:1],
        **_painted([artist.get_color()], 1),
    }


def _bars(artist: Any, apart: set[int]) -> Record:
    patches = getattr(artist, "patches", None)
    if patches is None:
        patches = [artist]
    if any(id(each) in apart for each in patches):
        return {"outlined": True}
    faces = [each.get_facecolor() if each.get_fill() else each.get_edgecolor() for each in patches]
    lying = getattr(artist, "orientation", "vertical") == "horizontal"
    base = [(each.get_x() if lying else each.get_y()) if hasattr(each, "get_x") else 0.0 for each in patches]
    return {"base": np.asarray(base, dtype=np.float64), **_painted(faces[: safe_reading.MAX_BARS], len(patches))}


def _image(record: Record, artist: Any, palettes: dict[Hashable, bytes]) -> Record:
    shape = record["shape"]
    if not artist.get_visible() or record["values"].size == 0 or len(shape) not in (2, 3):
        raise _Unsaid
    if not _is_even(record):
        return {"outlined": True}
    if len(shape) == 3:
        return {"palette": b"", "limits": (0.0, 1.0)}
    if type(artist.norm).__name__ not in ("Normalize", "NoNorm"):
        raise _Unsaid
    artist.autoscale_None()
    low, high = (float(end) for end in artist.get_clim())
    colors = artist.get_cmap()
    source = vars(colors).get("_segmentdata", vars(colors).get("colors"))  # the same object in all copies of a map
    key = (type(colors), id(source), colors.N, vars(colors).get("_gamma")) if source is not None else id(colors)
    if key not in palettes:  # a map makes its table when it is first used, and each image has a copy of its map
        table = colors(np.linspace(0, 1, _GRAY), bytes=True)
        palettes[key] = np.ascontiguousarray(table[:, :3]).tobytes()
    return {"palette": palettes[key], "limits": (low, high)}


def _text(artist: Any) -> Record:
    if not artist.get_visible():
        raise _Unsaid
    look = {"across": artist.get_ha(), "up": artist.get_va(), **_painted([artist.get_color()], 1)}
    if getattr(artist, "arrow_patch", None) is not None:
        pixels = artist.axes.transData.transform(artist.get_position())  # as `areas` has the arrow begin
        look["place"] = tuple(float(part) for part in artist.axes.transAxes.inverted().transform(pixels))
    return look


def _painted(colors: Any, count: int) -> Record:
    """One colour for all, or one for each of `count` points."""
    found = sys.modules["matplotlib.colors"].to_rgba_array(list(colors))
    bytes_ = np.round(255 * found[:, :3]).astype(np.uint8)
    first = tuple(int(part) for part in bytes_[0]) if len(bytes_) else (0, 0, 0)
    varied = len(bytes_) == count and bool(np.any(bytes_ != bytes_[:1]))
    alpha = float(found[0, 3]) if len(found) else 1.0
    return {"color": first, "colors": bytes_ if varied else None, "alpha": alpha}
