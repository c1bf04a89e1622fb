"""Judge bars, histograms and clouds of points by what they say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import CheckFailed
from ..value_text import distinct_texts
from ..wording import counted, labels_in_words, small
from .curve import matches, same_but_for_percent
from .records import Bars, Drawn, Ticks, words

__all__ = ["bars", "histogram", "name_key", "names_at", "nearest", "scatter"]

Array = np.ndarray[Any, Any]

_SHOWN = 8
_FEW = 8  # clouds, of which any may be the expected ones


def bars(drawn: Drawn, heights: Mapping[Any, float] | Sequence[float], series: str, rtol: float, where: str) -> None:
    """See `Axes.bars`."""
    chosen = _series(drawn, series, where)
    pool = chosen if len(chosen) == 1 else [*chosen, _together(chosen)]
    alone = {float(each.at[0]): each.label for each in reversed(chosen) if len(each.at) == 1 and each.label}
    errors = []
    for each in pool:
        try:
            if isinstance(heights, Mapping):
                _named_bars(each, _names(each, drawn, alone), heights, rtol, where)
            else:
                _bars_in_order(each, np.asarray(heights, dtype=np.float64), rtol, where)
        except CheckFailed as error:
            errors.append((abs(len(each.at) - len(heights)), error))
        else:
            return
    raise min(errors, key=lambda pair: pair[0])[1]


def histogram(drawn: Drawn, values: object, series: str, bins: int, where: str) -> None:
    """See `Axes.histogram_of`."""
    data = np.asarray(values, dtype=np.float64).reshape(-1)
    data = np.sort(data[np.isfinite(data)])
    errors = []
    least = min(bins, len(np.unique(data)))
    for each in _series(drawn, series, where):
        try:
            _histogram(each, data, least, where)
        except CheckFailed as error:
            errors.append(error)
        else:
            return
    raise errors[0]


def scatter(drawn: Drawn, points: object, label: str, where: str) -> None:
    """See `Axes.scatter`."""
    want = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    clouds = [line for line in drawn.lines if len(line.x) and (not label or matches(label, line.label))]
    if not clouds:
        raise CheckFailed(f"{where} has no points{f' labelled {label!r}' if label else ''}.")
    pool = list(_unions([np.stack([line.x, line.y], axis=1) for line in clouds], len(want)))
    if any(_same_points(each, want) for each in pool):
        return
    if any(_same_points(each[:, ::-1], want) for each in pool):
        raise CheckFailed(f"In {small(where)} x and y of the points are swapped.")
    mine = min(pool, key=lambda each: abs(len(each) - len(want)))
    if len(mine) != len(want):
        raise CheckFailed(f"{where} has {counted(len(mine), 'point')}; expected {len(want)}.")
    first, second = _sorted(mine), _sorted(want)
    differ = int(np.sum(~np.all(np.isclose(first, second, rtol=1e-4, atol=1e-6 * _span(want)), axis=1)))
    raise CheckFailed(
        f"{where} has {counted(len(mine), 'point')}, but {differ} of them lie elsewhere than they should."
    )


def names_at(ticks: Ticks, at: Array) -> list[str]:
    """The label of the nearest tick for each place, at most half a step between ticks away; "" where there is none."""
    labelled = [(float(where), label) for where, label in zip(ticks.at, ticks.labels, strict=True) if label]
    if not labelled or not len(at):
        return [""] * len(at)
    return ["" if place < 0 else labelled[place][1] for place in nearest(np.array([each for each, _ in labelled]), at)]


def nearest(centres: Array, at: Array) -> Array:
    """The index of the nearest of some centres (n,), n > 0, for each place (m,), or -1 beyond half a step of them.

    A step is the smallest distance between two of them; 1 where there is none.
    """
    order = np.argsort(centres, kind="stable")
    there = centres[order]
    above = np.minimum(np.searchsorted(there, at), len(there) - 1)
    below = np.maximum(above - 1, 0)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.where(np.abs(at - there[below]) <= np.abs(there[above] - at), below, above)
        steps = np.diff(there)
        step = np.min(steps[steps > 0], initial=math.inf)
        step = step if math.isfinite(step) else 1.0
        close_by = np.abs(at - there[near]) <= 0.5 * step * (1 + 1e-9)
    return np.where(close_by, order[near], -1)


def name_key(name: object) -> str:
    """What two names have in common that are one: the same words, or the same number."""
    plain = " ".join(words(name if isinstance(name, str) else str(name)).casefold().split())
    try:
        return f"{float(plain):.9g}"
    except ValueError:
        return plain


def _series(drawn: Drawn, series: str, where: str) -> list[Bars]:
    found = [each for each in drawn.bars if len(each.at) and (not series or matches(series, each.label))]
    if not found and series and drawn.bars:
        names = labels_in_words(
            [each.label for each in drawn.bars], one="group of bars", many="groups of bars", call="bar()"
        )
        raise CheckFailed(f"{where} has no bars labelled {series!r}; {names}.")
    if not found:
        raise CheckFailed(f"{where} has no bars.")
    return found


def _together(series: list[Bars]) -> Bars:
    lying = series[0].horizontal
    alike = [each for each in series if each.horizontal == lying]
    at, width, height = (np.concatenate([getattr(each, key) for each in alike]) for key in ("at", "width", "height"))
    order = np.argsort(at, kind="stable")
    return Bars("", lying, at[order], width[order], height[order])


def _names(bars: Bars, drawn: Drawn, alone: Mapping[float, str]) -> list[str]:
    """What each bar is called: the tick's label, or that of the call that drew it alone."""
    names = names_at(drawn.yticks if bars.horizontal else drawn.xticks, bars.at)
    return [alone.get(float(at), name) for at, name in zip(bars.at, names, strict=True)]


def _named_bars(bars: Bars, names: list[str], heights: Mapping[Any, float], rtol: float, where: str) -> None:
    found = []
    keys = [name_key(name) for name in names]
    for expected in heights:
        key = name_key(expected)
        places = [place for place, each in enumerate(keys) if each == key]
        if len(places) != 1:
            count = "no bar" if not places else f"{len(places)} bars"
            labels = ", ".join(repr(name[:40]) for name in names[:_SHOWN])
            raise CheckFailed(f"{where} has {count} labelled {str(expected)!r}; its bars are labelled {labels}.")
        found.append(places[0])
    mine, want = bars.height[found], np.array([float(value) for value in heights.values()])
    if len(names) != len(found):
        raise CheckFailed(f"{where} has {len(names)} bars; expected {len(found)}.")
    if not same_but_for_percent(mine, want, rtol):
        raise _wrong_height(mine, want, rtol, [repr(str(name)) for name in heights], where)


def _bars_in_order(bars: Bars, want: Array, rtol: float, where: str) -> None:
    if len(bars.at) != len(want):
        raise CheckFailed(f"{where} has {len(bars.at)} bars; expected {len(want)}.")
    mine = bars.height[np.argsort(bars.at, kind="stable")]
    orders = (mine, mine[::-1]) if bars.horizontal else (mine,)  # from below or from above
    if not any(same_but_for_percent(each, want, rtol) for each in orders):
        raise _wrong_height(mine, want, rtol, [str(number) for number in range(1, len(want) + 1)], where)


def _wrong_height(mine: Array, want: Array, rtol: float, names: list[str], where: str) -> CheckFailed:
    wrong = ~(np.abs(mine - want) <= rtol * np.abs(want) + 1e-9 * np.max(np.abs(want), initial=0.0))
    place = int(np.argmax(wrong))
    order = " They are the right heights in another order." if np.allclose(np.sort(mine), np.sort(want), rtol) else ""
    texts = distinct_texts(float(mine[place]), float(want[place]))
    return CheckFailed(
        f"In {small(where)} the bar {names[place]} has the height {texts[0]}; "
        f"expected {texts[1]} ({int(wrong.sum())} of {len(want)} bars differ).{order}"
    )


def _histogram(bars: Bars, data: Array, least: int, where: str) -> None:
    order = np.argsort(bars.at)
    at, width, height = bars.at[order], np.abs(bars.width[order]), bars.height[order]
    if len(at) < least:
        raise CheckFailed(f"The histogram in {small(where)} has {len(at)} bins; expected at least {least}.")
    if not np.all(height >= 0):
        raise CheckFailed(f"The histogram in {small(where)} has bars below zero.")
    inner = (at[1:] + at[:-1]) / 2
    gap = np.max(np.abs(np.diff(at) - (width[1:] + width[:-1]) / 2), initial=0.0)
    first, last = at[0] - width[0] / 2, at[-1] + width[-1] / 2
    slack = 1e-6 * max(last - first, 1e-300)
    if gap <= slack:
        inner = at[:-1] + width[:-1] / 2
    else:  # bars with spaces between them: edges are known up to the space
        slack = gap
    edges = np.concatenate([[first], inner, [last]])
    total, area = float(height.sum()), float((height * width).sum())
    counted = abs(total - len(data)) <= 1e-6 * len(data)
    shares = any(math.isclose(total, whole, rel_tol=1e-6) for whole in (1.0, 100.0))
    if not (counted or shares or math.isclose(area, 1.0, rel_tol=1e-3)):
        raise CheckFailed(
            f"The histogram in {small(where)} counts {total:.6g} values; expected {len(data)} "
            "(or shares or a density that sum up to one)."
        )
    weight = height if counted or shares else height * width
    mine = np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum()
    low = np.searchsorted(data, edges - slack, side="left") / len(data)
    high = np.searchsorted(data, edges + slack, side="right") / len(data)
    wrong = (mine < low - 1e-6) | (mine > high + 1e-6)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise CheckFailed(
            f"The histogram in {small(where)} is of other values: {100 * mine[place]:.3g} % of them lie below "
            f"{edges[place]:.4g}; expected {50 * (low[place] + high[place]):.3g} %."
        )


def _unions(clouds: list[Array], size: int) -> Iterator[Array]:
    """Each cloud, all together, and some of them that have so many points together: others may be drawn beside.

    One call for each class is as good as one for all, and a boundary or centres may be drawn, too.
    """
    yield from clouds
    yield np.concatenate(clouds)
    for count in range(2, len(clouds)):
        for chosen in combinations(clouds, count) if len(clouds) <= _FEW or count == len(clouds) - 1 else ():
            if sum(map(len, chosen)) == size:
                yield np.concatenate(chosen)


def _same_points(mine: Array, want: Array) -> bool:
    if mine.shape != want.shape:
        return False
    return bool(np.allclose(_sorted(mine), _sorted(want), rtol=1e-4, atol=1e-6 * _span(want), equal_nan=True))


def _sorted(points: Array) -> Array:
    rounded = points.astype(np.float32)
    return points[np.lexsort((rounded[:, 1], rounded[:, 0]))]


def _span(points: Array) -> float:
    finite = points[np.isfinite(points)]
    return float(np.ptp(finite)) if len(finite) else 0.0
