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
cannot be read is left empty: nothing that a figure holds raises here. `artists` reads what is inside the axes.

This module is shipped to students: standard library, numpy, and matplotlib where the student's code has loaded it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .artists import bar_records, cloud_records, image_records, line_records, records_of, text_record
from .safe_reading import (
    MAX_AXES,
    MAX_FIGURES,
    MAX_LINES,
    MAX_TEXTS,
    MAX_TICKS,
    Left,
    Record,
    has,
    list_of,
    numbers_of,
    text_from,
    text_of,
    tried,
    words_of,
)

__all__ = ["figures", "ticks_of"]


def figures(
    returned: object = (), *, picture: Callable[[Any, Record, Mapping[int, Any]], Record] | None = None
) -> tuple[Record, ...]:
    """Records of the open pyplot figures, in the order of their numbers, and of returned ones; closes them all.

    Empty if nobody imported matplotlib. What is recorded has an end: the limits of `safe_reading` say where, and what
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
    # An axes has its final size, on which its ticks depend, once it was asked for its position.
    places = [tried((), lambda axes: tuple(axes.get_position().bounds), axes) for axes in every]
    ticks: dict[Any, Record] = {}
    records = [tried(nothing, _axes, axes, left, ticks) for axes in every]
    left.artists.update((id(record), axes) for axes, record in zip(every, records, strict=True))
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


def _axes(axes: Any, left: Left, ticks: dict[Any, Record]) -> Record:
    bar = has(axes, "_colorbar")
    titles = [tried("", lambda place: str(axes.get_title(loc=place)), place) for place in ("center", "left", "right")]
    legend = tried(None, axes.get_legend)
    none: list[Record] = []
    return {
        "title": text_of(" ".join(filter(None, titles))),
        **{key: tried("", text_from, axes, f"get_{key}") for key in ("xlabel", "ylabel", "xscale", "yscale")},
        "xlim": tried(np.empty(0), lambda: numbers_of(axes.get_xlim())),
        "ylim": tried(np.empty(0), lambda: numbers_of(axes.get_ylim())),
        "xticks": ticks_of(axes, "xaxis", ticks),
        "yticks": ticks_of(axes, "yaxis", ticks),
        "legend": _legend(legend),
        "legend_title": tried("", lambda: text_of(legend.get_title().get_text())) if legend is not None else "",
        "colorbar": bar,
        "lines": [] if bar else [*tried(none, line_records, axes, left), *tried(none, cloud_records, axes, left)],
        "bars": [] if bar else tried(none, bar_records, axes, left),
        "images": [] if bar else tried(none, image_records, axes, left),
        "texts": records_of(list_of(axes, "texts")[:MAX_TEXTS], lambda text, _: text_record(axes, text), left),
        "others": sum(len(list_of(axes, name)) for name in ("collections", "patches", "tables")),
    }


def _legend(legend: Any) -> list[str]:
    texts: list[Any] = tried([], lambda: list(legend.get_texts())) if legend is not None else []
    return [tried("", text_from, text, "get_text") for text in texts[:MAX_LINES]]


def ticks_of(axes: Any, name: str, known: dict[Any, Record] | None = None) -> Record:
    """The major ticks between the ends of an axis, with the labels that are drawn there.

    Args:
        axes: an axes of matplotlib.
        name: of its axis, such as ``"xaxis"``.
        known: ticks of others that are placed and written in the same way; those of this one are added.
    """

    nothing: Record = {"at": np.empty(0), "labels": []}

    def read() -> Record:
        axis = getattr(axes, name)
        if not getattr(axes, "_axis3don", axes.axison):
            return nothing
        key = tried(None, _like, axis) if known is not None else None
        if known is None or tried(None, hash, key) is None or key is None:
            return _read(axis)
        if key not in known:
            known[key] = _read(axis)
        return {"at": known[key]["at"], "labels": list(known[key]["labels"])}

    return tried(nothing, read)


def _read(axis: Any) -> Record:
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


def _like(axis: Any) -> Any:
    """What says where the ticks of an axis stand and how they are written; None where more than that may decide."""
    ticker = sys.modules["matplotlib.ticker"]
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    usual = type(locator) is ticker.AutoLocator and type(formatter) is ticker.ScalarFormatter
    if not usual or len(vars(axis).get("majorTicks", ())) > 1:
        return None
    shown = axis.get_tick_params()
    return (
        axis.axis_name,
        tuple(round(float(side), 3) for side in axis.axes.bbox.size),
        tuple(map(float, axis.get_view_interval())),
        tuple(map(float, axis.get_data_interval())),
        tuple(shown.get(each) for each in ("labelsize", "labelbottom", "labeltop", "labelleft", "labelright")),
        tuple(
            value.tobytes() if isinstance(value, np.ndarray) else tuple(value) if type(value) is list else value
            for part in (locator, formatter)
            for name, value in vars(part).items()
            if name not in _PASSING
        ),
    )


_PASSING = ("axis", "locs", "format", "offset", "orderOfMagnitude")  # of a locator or formatter: of no setting
