"""Records of figures (`checks.inspection.figures`), frozen, whatever a submission's process put into them.

What is not as it should be is left empty here, so that those who judge look at numbers and words alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..inspection.safe_reading import MAX_BARS, MAX_IMAGES, MAX_LINES, MAX_PIXELS, MAX_POINTS, MAX_TEXTS, MAX_TICKS

__all__ = ["Bars", "Drawn", "Image", "Line", "Text", "Ticks", "drawn", "entries", "numbers_in", "words"]

Array = np.ndarray[Any, Any]

_LONGEST = 500
# Records come from a submission's process, so nothing may take long on any of them: no more is read of one axes than
# `checks.inspection.figures` tells of it.
_MOST = 2_500  # texts, and calls that drew bars
_MOST_AXES = 512
_NUMBER = re.compile(r"(?<![\d.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_POWER = re.compile(
    r"(?:(?P<factor>\d+\.?\d*|\.\d+)\s*(?:\*|x|×|·|\\times|\\cdot)\s*)?10\s*(?:\^|\*\*)\s*\{?\s*(?P<power>[-+]?\d{1,9})\s*\}?"  # noqa: RUF001
)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve or a cloud of points: `x` and `y`, float arrays (n,); a label that nobody gave is "".

    `kind` is "line", "points", or "guide" for what runs across the whole axes. `xerr` and `yerr` are the ends of the
    bars of errors, arrays (m, 2), empty where there are none.
    """

    label: str
    x: Array
    y: Array
    kind: str
    xerr: Array
    yerr: Array


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one call: centres, thickness and signed length, float arrays (n,)."""

    label: str
    horizontal: bool
    at: Array
    width: Array
    height: Array


@dataclass(frozen=True, slots=True)
class Image:
    """An image: `values` (rows, columns[, 3 or 4]), empty where they are too many; centres of columns and of rows."""

    shape: tuple[int, ...]
    values: Array
    x: Array
    y: Array


@dataclass(frozen=True, slots=True)
class Text:
    """A text at a place of an axes."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Ticks:
    """Positions (n,) and as many labels."""

    at: Array
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one axes shows; `others` says that there is something else, such as an area, or `guides` (lines across it).

    `above` is the title of its figure; `xlim`, `ylim` go from left to right, bottom to top.
    """

    title: str
    above: str
    xlabel: str
    ylabel: str
    xscale: str
    yscale: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    xticks: Ticks
    yticks: Ticks
    legend: tuple[str, ...]
    legend_title: str
    lines: tuple[Line, ...]
    bars: tuple[Bars, ...]
    images: tuple[Image, ...]
    texts: tuple[Text, ...]
    others: bool
    guides: tuple[Line, ...]


def drawn(figure: object) -> tuple[Drawn, ...]:
    """The axes of one figure's record, without colour bars; () for what is no record."""
    if not isinstance(figure, Mapping):
        return ()
    above, legend = words(figure.get("title")), _texts(figure.get("legend"))
    axes_records = [axes for axes in entries(figure.get("axes"))[:_MOST_AXES] if isinstance(axes, Mapping)]
    return tuple(_axes(axes, above, legend) for axes in axes_records if axes.get("colorbar") is not True)


def words(text: object) -> str:
    """A text of bearable length without the signs of TeX's mathematics; "" for what is none."""
    if not isinstance(text, (str, int, float)) or (isinstance(text, int) and text.bit_length() > 64):
        return ""
    plain = str(text)[:_LONGEST].replace("−", "-").replace("\\mathdefault", "")  # noqa: RUF001
    return plain.replace("$", "").replace("\\,", "").replace("\\_", "_").strip()


def numbers_in(label: str) -> list[float]:
    """All numbers of a label without their signs, in order; ``10^{-3}`` and ``2x10^5`` are numbers, too."""
    text = words(label)[:200]
    found: list[tuple[int, float]] = []

    def power(match: re.Match[str]) -> str:
        value = float(match["factor"] or 1) * 10.0 ** max(-300, min(300, int(match["power"])))
        found.append((match.start(), value))
        return " " * len(match[0])

    rest = _POWER.sub(power, text)
    found += [(match.start(), abs(float(match[0]))) for match in _NUMBER.finditer(rest)]
    return [number for _, number in sorted(found)]


def _axes(axes: Mapping[str, Any], above: str, legend: tuple[str, ...]) -> Drawn:
    legend = _texts(axes.get("legend")) or legend
    line_records = _records(axes.get("lines"))[: 2 * MAX_LINES]  # curves, and clouds of points
    lines = [_line(each) for each in line_records]
    if len(legend) == len(lines) and not any(line.label for line in lines):
        # As matplotlib does for `legend([...])`.
        lines = [replace(line, label=label) for label, line in zip(legend, lines, strict=True)]
    return Drawn(
        title=words(axes.get("title")),
        above=above,
        xlabel=words(axes.get("xlabel")),
        ylabel=words(axes.get("ylabel")),
        xscale=words(axes.get("xscale")),
        yscale=words(axes.get("yscale")),
        xlim=_limits(axes.get("xlim")),
        ylim=_limits(axes.get("ylim")),
        xticks=_ticks(axes.get("xticks")),
        yticks=_ticks(axes.get("yticks")),
        legend=legend,
        legend_title=words(axes.get("legend_title")),
        lines=tuple(line for line in lines if line.kind != "guide"),
        bars=tuple(_bars(each) for each in _records(axes.get("bars"))),
        images=tuple(image for each in _records(axes.get("images"))[:MAX_IMAGES] if (image := _image(each))),
        texts=tuple(text for each in _records(axes.get("texts"))[:MAX_TEXTS] if (text := _text(each))),
        others=(type(others := axes.get("others")) is int and others > 0)
        or any(line.kind == "guide" for line in lines),
        guides=tuple(line for line in lines if line.kind == "guide"),
    )


def _line(line: Mapping[str, Any]) -> Line:
    x, y = _numbers(line.get("x")), _numbers(line.get("y"))
    count = min(len(x), len(y))
    kind = line.get("kind")
    known = kind if type(kind) is str and kind in ("points", "guide") else "line"
    xerr, yerr = (_ends(line.get(key)) for key in ("xerr", "yerr"))
    return Line(_label(line.get("label")), x[:count], y[:count], known, xerr, yerr)


def _ends(values: object) -> Array:
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 2 and values.dtype.kind in "if":
        return values[:MAX_POINTS].astype(np.float64)
    return np.empty((0, 2))


def _bars(bars: Mapping[str, Any]) -> Bars:
    at, width, height = (_numbers(bars.get(key)) for key in ("at", "width", "height"))
    count = min(len(at), len(width), len(height), MAX_BARS)
    return Bars(_label(bars.get("label")), bars.get("horizontal") is True, at[:count], width[:count], height[:count])


def _image(image: Mapping[str, Any]) -> Image | None:
    pixels = image.get("values")
    if np.size(pixels) > MAX_PIXELS if isinstance(pixels, np.ndarray) else not isinstance(pixels, (list, tuple)):
        return None
    try:
        values = np.asarray(pixels, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    shape = values.shape if values.size else tuple(each for each in entries(image.get("shape")) if type(each) is int)
    if len(shape) not in (2, 3) or values.ndim not in (2, 3):
        return None
    rows, columns = values.shape[:2]
    x, y = _numbers(image.get("x")), _numbers(image.get("y"))
    x = x if len(x) == columns else np.arange(columns, dtype=np.float64)
    y = y if len(y) == rows else np.arange(rows, dtype=np.float64)
    return Image(shape, values, x, y)


def _text(text: Mapping[str, Any]) -> Text | None:
    x, y = text.get("x"), text.get("y")
    if not (isinstance(x, (int, float)) and isinstance(y, (int, float)) and math.isfinite(x) and math.isfinite(y)):
        return None
    return Text(words(text.get("text")), float(x), float(y))


def _ticks(ticks: object) -> Ticks:
    if not isinstance(ticks, Mapping):
        return Ticks(np.empty(0), ())
    at, labels = _numbers(ticks.get("at")), _texts(ticks.get("labels"))
    count = min(len(at), len(labels), MAX_TICKS)
    return Ticks(at[:count], labels[:count])


def _limits(limits: object) -> tuple[float, float]:
    found = _numbers(limits)
    return (float(found[0]), float(found[1])) if len(found) == 2 and np.all(np.isfinite(found)) else (0.0, 1.0)


def _numbers(values: object) -> Array:
    """Floats (n,); empty for anything else than an array or a list of numbers."""
    if not isinstance(values, (np.ndarray, list, tuple)):
        return np.empty(0)
    try:
        return np.asarray(values[:MAX_POINTS], dtype=np.float64).reshape(-1)[:MAX_POINTS]
    except (TypeError, ValueError, OverflowError, IndexError):
        return np.empty(0)


def _label(label: object) -> str:
    text = words(label)
    return "" if text.startswith("_") else text


def _texts(texts: object) -> tuple[str, ...]:
    return tuple(words(text) for text in entries(texts)[:_MOST])


def _records(value: object) -> list[Mapping[str, Any]]:
    return [each for each in entries(value)[:_MOST] if isinstance(each, Mapping)]


def entries(value: object) -> Sequence[Any]:
    """What a list or tuple holds; nothing for anything else."""
    return value if isinstance(value, (list, tuple)) else ()
