"""What matplotlib figures say, as plain data: titles, labels, ticks, curves, bars, images, numbers written into cells.

A figure is a dictionary ``{"title", "legend", "axes"}``; an axes ``{"title", "xlabel", "ylabel", "xscale", "yscale",
"xlim", "ylim", "xticks", "yticks", "legend", "legend_title", "colorbar", "lines", "bars", "images", "texts",
"others"}``:

- a line ``{"label", "kind", "x", "y"}``, float arrays of shape (n,); a label that nobody gave is "", here and below;
  `kind` is "line", "points" for a `scatter`, or "guide" for what runs across the whole axes (`axhline`, `axvline`,
  `axline`); error bars add ``"xerr"`` and ``"yerr"``, arrays (n, 2) of the ends of each bar;
- bars ``{"label", "horizontal", "at", "width", "height"}``, arrays (n,): centres, thickness and signed length of the
  bars of one call of `bar`, `barh` or `hist`, also of a histogram that is drawn as steps;
- an image ``{"colormap", "colorbar", "shape", "values", "x", "y"}`` of `imshow`, `matshow` or `pcolormesh`: `values`
  (rows, columns) or (rows, columns, 3 or 4), the centres of the columns and of the rows in the units of the axes;
- ticks ``{"at", "labels"}`` of those in sight, a text ``{"text", "x", "y"}``; `others` is the number of
  areas, contours, arrows and all else that is drawn.

Nothing of matplotlib is left in it, so it can leave a sandbox and be judged outside, drawn by any backend. What
cannot be read is left empty: nothing that a figure holds raises here.

This module is shipped to students: standard library, numpy, and matplotlib where the student's code has loaded it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from autograder.checks.inspection.safe_reading import (
    MAX_AXES,
    MAX_BARS,
    MAX_FIGURES,
    MAX_IMAGES,
    MAX_LINES,
    MAX_POINTS,
    MAX_TEXTS,
    MAX_TICKS,
    Array,
    Record,
    has,
    label_of,
    Left,
    list_of,
    numbers_of,
    text_of,
    text_from,
    tried,
    words_of,
)

__all__ = [
    "figures",
]


def figures(
    returned: object = (), *, picture: Callable[[Any, Record, Mapping[int, Any]], Record] | None = None
) -> tuple[Record, ...]:
    """Records of the open pyplot figures, in the order of their numbers, and of returned ones; closes them all.

    Empty if nobody imported matplotlib. What is recorded has an end: the constants of this module say where, and what
    lies beyond is left out.

    Args:
        returned: what a function gave back: an object, or lists, tuples and dictionaries of them. Figures among them,
            and those of axes and of their parts, are recorded after the open ones, where they are not open themselves.
        picture: given a figure, its record, and the artists behind the parts of the record by the `id` of each part;
            what it returns is added to the record.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    try:
        drawn = [pyplot.figure(number) for number in pyplot.get_fignums()[:MAX_FIGURES]] if pyplot else []
        for figure in map(_figure_of, _flat(returned)):
            if figure is not None and all(figure is not known for known in drawn):
                drawn.append(figure)
        left = Left()
        records = [_figure(figure, left) for figure in drawn[:MAX_FIGURES]]
        for figure, record in zip(drawn, records, strict=False):
            if picture:
                record.update(picture(figure, record, left.artists))
        return tuple(records)
    finally:
        if pyplot:
            pyplot.close("all")


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value[: MAX_FIGURES * MAX_AXES]:
            yield from _flat(item)
    else:
        yield value


def _figure_of(thing: Any) -> Any:
    figure_class = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
    if figure_class is None:
        return None
    if not isinstance(thing, figure_class):
        thing = tried(None, getattr, thing, "figure")
    return thing if isinstance(thing, figure_class) else None


def _figure(figure: Any, left: Left) -> Record:
    every = list_of(figure, "axes")[:MAX_AXES]
    nothing: Record = {}
    records = [tried(nothing, _axes, axes, left) for axes in every]
    left.artists.update((id(record), axes) for axes, record in zip(every, records, strict=True))
    places = [tried((), lambda axes: tuple(axes.get_position().bounds), axes) for axes in every]
    beside = list(zip(every, records, places, strict=True))
    for axes, record, place in beside:
        tried(None, _shared, figure, axes, record, place, beside)
    return {
        "title": words_of(figure, "_suptitle"),
        "legend": [text for legend in list_of(figure, "legends")[:8] for text in _legend(legend)],
        "axes": records,
    }


def _shared(figure: Any, axes: Any, record: Record, place: Any, beside: list[tuple[Any, Record, Any]]) -> None:
    """Fill in what a reader sees beside other axes: those on the same place, those that share an axis, the figure's."""
    shared_x, shared_y = axes.get_shared_x_axes(), axes.get_shared_y_axes()
    for other, known, where in beside:
        if other is axes or not known:
            continue
        if place == where or shared_x.joined(axes, other):
            record["xlabel"] = record["xlabel"] or known["xlabel"]
        if place == where:
            record["title"] = record["title"] or known["title"]
            record["legend"] = record["legend"] or known["legend"]
        elif shared_y.joined(axes, other):
            record["ylabel"] = record["ylabel"] or known["ylabel"]
    record["xlabel"] = record["xlabel"] or words_of(figure, "_supxlabel")
    record["ylabel"] = record["ylabel"] or words_of(figure, "_supylabel")


def _axes(axes: Any, left: Left) -> Record:
    bar = has(axes, "_colorbar")
    titles = [tried("", lambda place: str(axes.get_title(loc=place)), place) for place in ("center", "left", "right")]
    legend = tried(None, axes.get_legend)
    none: list[Record] = []
    return {
        "title": text_of(" ".join(filter(None, titles))),
        **{key: tried("", text_from, axes, f"get_{key}") for key in ("xlabel", "ylabel", "xscale", "yscale")},
        "xlim": tried(np.empty(0), lambda: numbers_of(axes.get_xlim())),
        "ylim": tried(np.empty(0), lambda: numbers_of(axes.get_ylim())),
        "xticks": _ticks(axes, "xaxis"),
        "yticks": _ticks(axes, "yaxis"),
        "legend": _legend(legend),
        "legend_title": tried("", lambda: text_of(legend.get_title().get_text())) if legend is not None else "",
        "colorbar": bar,
        "lines": [] if bar else [*tried(none, _lines, axes, left), *tried(none, _clouds, axes, left)],
        "bars": [] if bar else tried(none, _bars, axes, left),
        "images": [] if bar else tried(none, _images, axes, left),
        "texts": _each(list_of(axes, "texts")[:MAX_TEXTS], lambda text, _: _written(axes, text), left),
        "others": sum(len(list_of(axes, name)) for name in ("collections", "patches", "tables")),
    }


def _legend(legend: Any) -> list[str]:
    texts: list[Any] = tried([], lambda: list(legend.get_texts())) if legend is not None else []
    return [tried("", text_from, text, "get_text") for text in texts[:MAX_LINES]]


def _ticks(axes: Any, name: str) -> Record:
    """The major ticks between the ends of an axis, with the labels that are drawn there."""

    nothing: Record = {"at": np.empty(0), "labels": []}

    def read() -> Record:
        axis = getattr(axes, name)
        if not axes.axison:
            return nothing
        found = axis.get_majorticklocs()
        at = numbers_of(found)[:1000]
        if len(vars(axis).get("majorTicks", ())) > 1:  # some of them may have been changed one by one
            labels = [text_of(label.get_text()) for label in axis.get_majorticklabels()[:1000]]
        else:  # the same texts, without the hundreds of parts that each tick is made of
            shown = axis.get_tick_params()
            on = any(shown.get(f"label{side}") for side in ("bottom", "top", "left", "right"))
            labels = [text_of(label) for label in axis.get_major_formatter().format_ticks(found)[:1000]] if on else []
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        labels += [""] * (len(at) - len(labels))
        seen = [place for place, where in enumerate(at) if low - slack <= where <= high + slack][:MAX_TICKS]
        return {"at": at[seen], "labels": [labels[place] for place in seen]}

    return tried(nothing, read)


def _each(things: list[Any], read: Callable[[Any, Left], Record | None], left: Left) -> list[Record]:
    """Records of those that can be read."""
    records = []
    for thing in things:
        record = tried(None, read, thing, left)
        if record is not None:
            left.artists[id(record)] = thing
            records.append(record)
    return records


def _lines(axes: Any, left: Left) -> list[Record]:
    """The curves; those of error bars under the name and with the bars of their container, and without the caps."""
    containers = [each for each in list_of(axes, "containers") if has(each, "has_yerr")]
    caps = {id(cap) for each in containers for cap in each[1] or ()}
    owners = {id(each[0]): each for each in containers if each[0] is not None}
    shown = [line for line in list_of(axes, "lines") if id(line) not in caps]

    def read(line: Any, left: Left) -> Record:
        return {"kind": _kind(axes, line), **_line(line, owners.get(id(line)), left)}

    return _each(shown[:MAX_LINES], read, left)


def _kind(axes: Any, line: Any) -> str:
    in_data = tried((True, True), lambda: line.get_transform().contains_branch_seperately(axes.transData))
    return "line" if all(in_data) else "guide"


def _line(line: Any, container: Any, left: Left) -> Record:
    x, y = left.take(line.get_xdata(orig=False), line.get_ydata(orig=False))
    record = {"label": label_of(line.get_label()), "x": x, "y": y}
    if container is not None:
        record["label"] = label_of(container.get_label()) or record["label"]
        bars = list(container[2])
        for axis, has in (("x", container.has_xerr), ("y", container.has_yerr)):
            if has and bars:
                ends = bars.pop(0).get_segments()[:MAX_POINTS]
                across = [np.asarray(end, dtype=np.float64)[:, "xy".index(axis)] for end in ends]
                low, high = left.take([end.min() for end in across], [end.max() for end in across])
                record[f"{axis}err"] = np.stack([low[: len(high)], high], axis=1)
    return record


def _clouds(axes: Any, left: Left) -> list[Record]:
    """The point clouds of an axes, as `scatter` draws them."""
    kind = getattr(sys.modules.get("matplotlib.collections"), "PathCollection", ())
    clouds = [each for each in list_of(axes, "collections") if isinstance(each, kind)]
    return _each(clouds[:MAX_LINES], _cloud, left)


def _cloud(cloud: Any, left: Left) -> Record:
    offsets = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=np.float64), np.nan).reshape(-1, 2)
    x, y = left.take(offsets[:, 0], offsets[:, 1])
    return {"label": label_of(cloud.get_label()), "kind": "points", "x": x, "y": y}


def _bars(axes: Any, left: Left) -> list[Record]:
    containers = [each for each in list_of(axes, "containers") if has(each, "patches")]
    outlines = [each for each in list_of(axes, "patches") if type(each).__name__ in ("Polygon", "StepPatch")]
    return [*_each(containers[:MAX_BARS], _container, left), *_each(outlines[:MAX_LINES], _steps, left)]


def _container(container: Any, left: Left) -> Record | None:
    boxes = [(each.get_x(), each.get_y(), each.get_width(), each.get_height()) for each in container.patches[:MAX_BARS]]
    if not boxes:
        return None
    x, y, width, height = np.asarray(boxes, dtype=np.float64).T
    lying = getattr(container, "orientation", "vertical") == "horizontal"
    columns = (y + height / 2, height, width) if lying else (x + width / 2, width, height)
    # Of a histogram, the first bar bears the label.
    label = label_of(container.get_label()) or label_of(container.patches[0].get_label())
    return _bar_record(label, lying, left.take(*columns))


def _steps(patch: Any, left: Left) -> Record | None:
    """A histogram drawn as one outline: up at an edge, along the bin, up or down at the next edge."""
    if hasattr(patch, "get_data"):
        heights, edges, _ = patch.get_data()
        lying = getattr(patch, "orientation", "vertical") == "horizontal"
    else:
        x, y = np.asarray(patch.get_xy(), dtype=np.float64)[: 4 * MAX_BARS].T
        lying = bool(np.all(np.diff(x)[1::2] == 0)) and not np.all(np.diff(y)[1::2] == 0)
        along, up = (y, x) if lying else (x, y)
        bins = np.arange(1, len(along) - 1, 2)
        bins = bins[: int(np.argmax(np.append(np.diff(along)[bins] <= 0, True)))]  # an area goes back along its foot
        if not len(bins) or np.any(np.diff(up)[bins] != 0) or np.any(np.diff(along)[bins - 1] != 0):
            return None
        edges, heights = np.append(along[bins], along[bins[-1] + 1]), up[bins]
    edges = numbers_of(edges)
    return _bar_record(
        patch.get_label(), lying, left.take((edges[1:] + edges[:-1]) / 2, np.diff(edges), numbers_of(heights))
    )


def _bar_record(label: Any, lying: bool, columns: tuple[Array, ...]) -> Record:
    at, width, height = columns
    return {"label": label_of(label), "horizontal": lying, "at": at, "width": width, "height": height}


def _images(axes: Any, left: Left) -> list[Record]:
    meshes = [each for each in list_of(axes, "collections") if has(each, "get_coordinates")]
    return _each([*list_of(axes, "images"), *meshes][:MAX_IMAGES], _image, left)


def _image(image: Any, left: Left) -> Record:
    found = image.get_array()
    shape = tuple(int(length) for length in np.shape(found))
    if hasattr(image, "get_coordinates"):
        corners = np.asarray(image.get_coordinates(), dtype=np.float64)
        x, y = corners[0, :, 0], corners[:, 0, 1]
        if len(shape) == 1:  # before matplotlib 3.8
            shape = (len(y) - 1, len(x) - 1)
        if len(x) == shape[1] + 1:  # corners of cells, not centres
            x, y = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    else:
        start, end, bottom, top = (float(side) for side in image.get_extent())
        first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
        x, y = _centres(start, end, shape[1]), _centres(first, last, shape[0])
    values: Array = np.empty((0, 0))
    if np.size(found) <= left.pixels:
        values = np.ma.getdata(found).reshape(shape)
        mask = np.ma.getmaskarray(found).reshape(shape)
        if mask.any() or values.dtype.kind not in "biuf":
            values = np.where(mask, np.nan, values.astype(np.float64))
        values = left.image(np.array(values, subok=False))
    return {
        "colormap": tried("", lambda: text_of(image.get_cmap().name)),
        "colorbar": getattr(image, "colorbar", None) is not None,
        "shape": shape,
        "values": values,
        "x": x[:MAX_POINTS],
        "y": y[:MAX_POINTS],
    }


def _centres(start: float, end: float, count: int) -> Array:
    return start + (np.arange(min(count, MAX_POINTS)) + 0.5) * (end - start) / max(1, count)


def _written(axes: Any, text: Any) -> Record | None:
    words = text_of(text.get_text())
    if not words.strip():
        return None
    if hasattr(text, "xycoords"):  # an annotation: what it points to
        where = text.xy
    else:
        where = text.get_position()
        if text.get_transform() != axes.transData:
            where = axes.transData.inverted().transform(text.get_transform().transform(where))
    x, y = (float(axis.convert_units(value)) for axis, value in zip((axes.xaxis, axes.yaxis), where, strict=True))
    return {"text": words, "x": x, "y": y}
