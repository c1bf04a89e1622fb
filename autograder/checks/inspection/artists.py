"""What is drawn inside the axes of a figure, as records: curves, clouds of points, bars, images, texts.

`checks.inspection.figures` says what each record holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .safe_reading import (
    MAX_BARS,
    MAX_IMAGES,
    MAX_LINES,
    MAX_POINTS,
    Array,
    Left,
    Record,
    has,
    label_of,
    list_of,
    numbers_of,
    text_of,
    tried,
)

__all__ = ["bar_records", "cloud_records", "image_records", "line_records", "records_of", "text_record"]


def records_of(things: list[Any], read: Callable[[Any, Left], Record | None], left: Left) -> list[Record]:
    """Records of those that can be read."""
    records = []
    for thing in things:
        record = tried(None, read, thing, left)
        if record is not None:
            left.artists[id(record)] = thing
            records.append(record)
    return records


def line_records(axes: Any, left: Left) -> list[Record]:
    """The curves; those of error bars under the name and with the bars of their container, and without the caps."""
    containers = [each for each in list_of(axes, "containers") if has(each, "has_yerr")]
    caps = {id(cap) for each in containers for cap in each[1] or ()}
    owners = {id(each[0]): each for each in containers if each[0] is not None}
    shown = [line for line in list_of(axes, "lines") if id(line) not in caps]

    def read(line: Any, left: Left) -> Record:
        return {"kind": _kind(axes, line), **_line(line, owners.get(id(line)), left)}

    return records_of(shown[:MAX_LINES], read, left)


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


def cloud_records(axes: Any, left: Left) -> list[Record]:
    """The point clouds of an axes, as `scatter` draws them."""
    kind = getattr(sys.modules.get("matplotlib.collections"), "PathCollection", ())
    clouds = [each for each in list_of(axes, "collections") if isinstance(each, kind)]
    return records_of(clouds[:MAX_LINES], _cloud, left)


def _cloud(cloud: Any, left: Left) -> Record:
    offsets = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=np.float64), np.nan).reshape(-1, 2)
    x, y = left.take(offsets[:, 0], offsets[:, 1])
    return {"label": label_of(cloud.get_label()), "kind": "points", "x": x, "y": y}


def bar_records(axes: Any, left: Left) -> list[Record]:
    """Bars of `bar`, `barh` and `hist`, and histograms that are drawn as steps."""
    containers = [each for each in list_of(axes, "containers") if has(each, "patches")]
    outlines = [each for each in list_of(axes, "patches") if type(each).__name__ in ("Polygon", "StepPatch")]
    return [*records_of(containers[:MAX_BARS], _container, left), *records_of(outlines[:MAX_LINES], _steps, left)]


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


def image_records(axes: Any, left: Left) -> list[Record]:
    """What `imshow`, `matshow` and `pcolormesh` show."""
    meshes = [each for each in list_of(axes, "collections") if has(each, "get_coordinates")]
    return records_of([*list_of(axes, "images"), *meshes][:MAX_IMAGES], _image, left)


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


def text_record(axes: Any, text: Any) -> Record | None:
    """A text and its place in the units of the axes, None where it says nothing."""
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
