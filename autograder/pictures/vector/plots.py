"""One figure as SVG: its axes where they stand, with ticks, labels, legends, and what is drawn in them.

All that is read was written by a submission's process. `autograder.checks.figures.records` makes numbers and texts of
the record; of the look, which decides only about colours and places, whatever is not as it should be is replaced by a
default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.checks.figures.records import Bars, Drawn, Image, Line, Ticks, drawn, entries
from autograder.checks.wording import counted
from autograder.pictures.vector.axes import Plot, Room, Scale, legend
from autograder.pictures.vector.marks import add_areas, add_bars, add_colorbar, add_image, add_line, words_around
from autograder.pictures.vector.svg import (
    FONT,
    MAX_BYTES,
    color_of,
    element,
    finite,
    letters,
    looks,
    number,
    palette_of,
    several,
    text,
    wide,
)

__all__ = ["described", "draw"]

_INCH = 100.0  # pixels
_SMALLEST, _LARGEST = 1.0, 40.0  # inches of a side of the figure
_TICK_FONT, _TITLE_FONT = 11.0, 14.0
_MOST_AXES = 64
_COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
_INK, _FAINT = "#222222", "#dddddd"
_LONGEST_TICK, _LONGEST_CELL = 26, 40


def draw(record: object, look: object) -> str:
    """The picture of one figure; "" where the record or its look is none, or where it takes too many bytes."""
    if not isinstance(record, Mapping) or not isinstance(look, Mapping):
        return ""
    width, height = (_INCH * side for side in _size(look.get("size")))
    room, parts = Room(), []
    above = drawn({"title": record.get("title"), "axes": [{}]})[0].above
    palettes: list[bytes] = []
    for axes, how in list(zip(entries(record.get("axes")), entries(look.get("axes")), strict=False))[:_MOST_AXES]:
        if isinstance(axes, Mapping) and isinstance(how, Mapping):
            (axes_record,) = drawn({"legend": [], "axes": [{**axes, **_own_ticks(axes, how), "colorbar": False}]})
            plot = _plot(axes_record, how, width, height, room)
            if axes.get("colorbar") is True and not looks(how, "areas"):
                add_colorbar(plot, palettes)
            else:
                palettes += [palette_of(each) for each in looks(how, "images")]
            parts.append(_whole(plot))
    parts.append(_over(look, width, height, room))
    words = letters(described(record), 1_500)
    head = element("title", "Figure" + (f": {letters(above)}" if above else "")) + element("desc", words)
    back = element("rect", width=width, height=height, fill="#ffffff")
    title = text(width / 2, 20, above, font_size=_TITLE_FONT, text_anchor="middle")
    view = f"0 0 {number(width)} {number(height)}"
    shrink = min(1.0, 800 / width, 600 / height)
    whole = (
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' viewBox='{view}' width='{number(shrink * width)}' "
        f"height='{number(shrink * height)}' font-family='DejaVu Sans, Verdana, Arial, sans-serif' fill='{_INK}' "
        f"font-size='{number(FONT)}'>{head}{back}{''.join(parts)}{title}</svg>"
    )
    return whole if len(whole.encode()) <= MAX_BYTES else ""


def _over(look: Mapping[str, Any], width: float, height: float, room: Room) -> str:
    """What belongs to no axes, over all of them."""
    (nothing,) = drawn({"axes": [{}]})
    side = Scale(0.0, 1.0, False, 1.0)
    whole = Plot(nothing, {}, 0.0, 0.0, width, height, side, side, room)
    add_areas(whole, {"areas": look.get("over")})
    return "".join((*whole.inside, *whole.outside))


def _own_ticks(axes: Mapping[str, Any], look: Mapping[str, Any]) -> dict[str, Any]:
    """Ticks as parts of the axes, where it has scales that only its look knows."""
    own = look.get("ticks")
    changed: dict[str, Any] = {}
    for side in "xy":
        ticks, places = axes.get(f"{side}ticks"), own.get(side) if isinstance(own, Mapping) else None
        if places is not None and isinstance(ticks, Mapping):
            changed |= {f"{side}lim": [0.0, 1.0], f"{side}scale": "linear", f"{side}ticks": {**ticks, "at": places}}
    return changed


def _size(size: object) -> tuple[float, float]:
    width, height = (finite(each, otherwise) for each, otherwise in zip(several(size, 2), (6.4, 4.8), strict=True))
    return min(_LARGEST, max(_SMALLEST, width)), min(_LARGEST, max(_SMALLEST, height))


def _plot(record: Drawn, look: Mapping[str, Any], width: float, height: float, room: Room) -> Plot:
    default = (0.125, 0.11, 0.775, 0.77)
    place = [finite(each, other) for each, other in zip(several(look.get("place"), 4), default, strict=True)]
    left, bottom = (min(1.0, max(0.0, each)) for each in place[:2])
    across, up = (min(1.0, max(0.01, each)) for each in place[2:])
    wide_, high = across * width, up * height
    return Plot(
        record,
        look,
        left * width,
        (1 - bottom - up) * height,
        wide_,
        high,
        _scale(record.xlim, record.xscale, wide_),
        _scale(record.ylim, record.yscale, high, down=True),
        room,
    )


def _scale(limits: tuple[float, float], kind: str, length: float, *, down: bool = False) -> Scale:
    low, high = (min(1e300, max(-1e300, end)) for end in limits)
    return Scale(low, high, kind == "log" and low > 0 and high > 0, length, down)


def _whole(plot: Plot) -> str:
    """Everything of one axes, at its place."""
    record, look = plot.record, plot.look
    own = {each for each in entries(look.get("own"))[:8] if type(each) is str}
    whole = look.get("outlines") is not True  # else the look has all that is drawn as outlines
    for image, how in zip(record.images if whole else (), looks(look, "images"), strict=False):
        if how.get("outlined") is not True:
            add_image(plot, image, how)
    if look.get("grid") is True and "frame" in look and look.get("frame") is not False:
        _grid(plot)
    add_areas(plot, look)
    for number_, (bars, how) in enumerate(zip(record.bars if whole else (), looks(look, "bars"), strict=False)):
        if how.get("outlined") is not True:
            add_bars(plot, bars, how, _COLORS[number_ % len(_COLORS)])
    lines, guides = looks(look, "lines"), looks(look, "guides")
    for number_, line in enumerate((*record.lines, *record.guides) if whole else ()):
        place = number_ - len(record.lines)
        seen = guides[place : place + 1] if place >= 0 else lines[number_ : number_ + 1]
        if not (seen and seen[0].get("outlined") is True):
            add_line(plot, line, seen[0] if seen else {}, _COLORS[number_ % len(_COLORS)])
    texts = [_written(plot, each, how) for each, how in zip(record.texts, looks(look, "texts"), strict=False)]
    size: dict[str, Any] = {"x": plot.left, "y": plot.top, "width": plot.width, "height": plot.height}
    clipped = element("svg", "".join(plot.inside) + "".join(texts), **size)
    over = "".join(plot.outside) + words_around(plot, look)
    if over:
        over = element("g", over, transform=f"translate({number(plot.left)} {number(plot.top)})")
    frame = _frame(plot) if look.get("frame") is not False else ""
    shown = legend(record, plot.entries, plot.used, plot.width, plot.height) if "legend" in own else ""
    if shown:
        shown = element("svg", shown, **size)
    return clipped + over + frame + _around(plot, own) + shown


def _frame(plot: Plot) -> str:
    return element("rect", x=plot.left, y=plot.top, width=plot.width, height=plot.height, fill="none", stroke=_INK)


def _grid(plot: Plot) -> None:
    across = plot.x(plot.record.xticks.at)
    up = plot.y(plot.record.yticks.at)
    data = [f"M{number(at)},0V{number(plot.height)}" for at in across[np.isfinite(across)]]
    data += [f"M0,{number(at)}H{number(plot.width)}" for at in up[np.isfinite(up)]]
    if data:
        plot.inside.append(element("path", d="".join(data), stroke=_FAINT, fill="none"))


def _around(plot: Plot, own: set[str]) -> str:
    """Ticks, labels and title."""
    sides = [each if type(each) is str else "" for each in (*entries(plot.look.get("sides"))[:2], "", "")]
    top, right = sides[0] == "top", sides[1] == "right"
    record, bottom = plot.record, plot.top + plot.height
    marks, parts, deepest, widest = [], [], 0.0, 0.0
    ticks = _within(record.xticks, plot.x) if sides[0] != "none" else []
    edge, sign = (plot.top, -1) if top else (bottom, 1)
    crowded = sum(wide(label, _TICK_FONT) + 6 for _, label in ticks) > plot.width + 30
    for at, label in ticks:
        marks.append(f"M{number(plot.left + at)},{number(edge)}v{4 * sign}")
        x, y = plot.left + at, edge + (-8 if top else 7 + _TICK_FONT)
        turned: dict[str, Any] = {"transform": f"rotate(-35 {number(x)} {number(y)})"} if crowded else {}
        anchor = "middle" if not crowded else "start" if top else "end"
        parts.append(_label(plot, x, y, label, text_anchor=anchor, **turned))
        if label.strip():
            deepest = max(deepest, 0.6 * wide(label[:_LONGEST_TICK], _TICK_FONT) if crowded else _TICK_FONT)
    edge, sign = (plot.left + plot.width, 1) if right else (plot.left, -1)
    ticks = _within(record.yticks, plot.y) if sides[1] != "none" else []
    step = max(1, math.ceil(len(ticks) * _TICK_FONT / max(1.0, plot.height + _TICK_FONT)))
    for at, label in ticks[::step]:
        marks.append(f"M{number(edge)},{number(plot.top + at)}h{4 * sign}")
        y = plot.top + at + 0.35 * _TICK_FONT
        parts.append(_label(plot, edge + 7 * sign, y, label, text_anchor="start" if right else "end"))
        widest = max(widest, wide(label[:_LONGEST_TICK], _TICK_FONT) if label.strip() else 0.0)
    if marks:
        parts.append(element("path", d="".join(marks), stroke=_INK))
    middle = plot.left + plot.width / 2
    if "xlabel" in own and record.xlabel:
        below = bottom + 12 + FONT + deepest if not top else plot.top - 14 - deepest
        parts.append(_label(plot, middle, below, record.xlabel, most=90, font_size=FONT, text_anchor="middle"))
    if "ylabel" in own and record.ylabel:
        x = max(FONT, plot.left - 14 - widest) if not right else plot.left + plot.width + 22 + widest
        y = plot.top + plot.height / 2
        turned = {"transform": f"rotate(-90 {number(x)} {number(y)})"}
        parts.append(_label(plot, x, y, record.ylabel, most=90, font_size=FONT, text_anchor="middle", **turned))
    if "title" in own and record.title:
        over = plot.top - 8 - (deepest + 12 if top else 0) - min(40.0, max(0.0, finite(plot.look.get("above"), 0.0)))
        parts.append(_label(plot, middle, over, record.title, most=90, font_size=_TITLE_FONT, text_anchor="middle"))
    return "".join(parts)


def _within(ticks: Ticks, scale: Scale) -> list[tuple[float, str]]:
    places = scale(ticks.at)
    slack = 1.0
    good = np.isfinite(places) & (places >= -slack) & (places <= scale.length + slack)
    return [(float(places[n]), ticks.labels[n]) for n in np.flatnonzero(good)]


def _label(plot: Plot, x: float, y: float, label: str, *, most: int = _LONGEST_TICK, **how: str | float) -> str:
    if not label.strip() or plot.room.texts <= 0:
        return ""
    plot.room.texts -= 1
    return text(x, y, label, most=most, **{"font_size": _TICK_FONT, **how})


def _written(plot: Plot, record: Any, look: Mapping[str, Any]) -> str:
    x, y = plot.x.one(record.x), plot.y.one(record.y)
    if look.get("place") is not None:
        right, up_ = (finite(each, math.nan) for each in several(look.get("place"), 2))
        x, y = plot.width * right, plot.height * (1 - up_)
    if not (math.isfinite(x) and math.isfinite(y)):
        return ""
    across, up = (each if type(each) is str else "" for each in (look.get("across"), look.get("up")))
    anchor = {"center": "middle", "right": "end"}.get(across, "start")
    y += {"center": 0.35, "center_baseline": 0.35, "top": 0.8}.get(up, 0.0) * _TICK_FONT
    color = color_of(look.get("color"), _INK)
    return _label(plot, x, y, record.text, most=_LONGEST_CELL, text_anchor=anchor, fill=color)


# --- a figure in words, for those who do not see it ---

_MOST_IN_WORDS = 6  # plots, and parts of one plot, that are described one by one
_LONGEST_TEXT = 1_500
_LONGEST_NAME_IN_TEXT = 60


def described(record: object) -> str:
    """Sentences about one figure's record; "" for what is none. Not escaped."""
    every = entries(record.get("axes")) if isinstance(record, Mapping) else ()
    plots = [each for each in every if isinstance(each, Mapping) and each.get("colorbar") is not True]
    first = drawn({**record, "axes": plots[:_MOST_IN_WORDS]}) if isinstance(record, Mapping) else ()
    sentences = [_plot_in_words(plot) for plot in first]
    if len(plots) > _MOST_IN_WORDS:
        sentences.append(f"And {counted(len(plots) - _MOST_IN_WORDS, 'more plot')}.")
    text = " ".join(filter(None, sentences)) or "An empty figure."
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _plot_in_words(plot: Drawn) -> str:
    name = _name_in_words(plot.title or plot.above)
    axes = [
        f"{axis} axis {_name_in_words(label)}{', logarithmic' if scale == 'log' else ''}"
        for axis, label, scale in (("x", plot.xlabel, plot.xscale), ("y", plot.ylabel, plot.yscale))
        if label or scale == "log"
    ]
    parts = [*map(_line_in_words, plot.lines), *map(_bars_in_words, plot.bars), *map(_image_in_words, plot.images)]
    if plot.others and not (parts or plot.guides):
        parts = ["areas, contours or other shapes"]
    left = len(parts) - _MOST_IN_WORDS
    parts = parts[:_MOST_IN_WORDS] + ([f"{left} more"] if left > 0 else [])
    first = ", ".join([f"Plot {name}" if name else "Plot without a title", *axes])
    return f"{first}: {'; '.join(parts) or 'nothing that can be described'}."


def _line_in_words(line: Line) -> str:
    kind = "points" if line.kind == "points" else "curve"
    name = f" {_name_in_words(line.label)}" if line.label else ""
    good = np.flatnonzero(np.isfinite(line.y))
    if not len(good):
        return f"{kind}{name} without values"
    first, last = good[0], good[-1]
    if kind == "points":
        return f"{counted(len(line.x), 'point')}{name}"
    ends = f"from {line.y[first]:.4g}" + (f" at {line.x[first]:.4g}" if np.isfinite(line.x[first]) else "")
    ends += f" to {line.y[last]:.4g}" + (f" at {line.x[last]:.4g}" if np.isfinite(line.x[last]) else "")
    return f"curve{name} of {len(line.x)} point{'' if len(line.x) == 1 else 's'}, {ends}"


def _bars_in_words(bars: Bars) -> str:
    heights = bars.height[np.isfinite(bars.height)]
    name = f" {_name_in_words(bars.label)}" if bars.label else ""
    reach = f", from {heights.min():.4g} to {heights.max():.4g}" if len(heights) else ""
    return f"{len(bars.height)} bar{'' if len(bars.height) == 1 else 's'}{name}{reach}"


def _image_in_words(image: Image) -> str:
    return f"image of {' x '.join(f'{length:.6g}' for length in image.shape[:2])}"


def _name_in_words(text: str) -> str:
    """A label in quotes, on one line, without what a reader cannot see."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_NAME_IN_TEXT])
    return f"“{' '.join(shown.split())}”" if shown.strip() else ""
