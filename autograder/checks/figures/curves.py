"""Judge plots of several curves: figures as plain records (`checks.inspection.figures`), curves found by their labels.

How a plot is drawn is free: separate figures or subplots of one, any colours and markers, any scale of the axes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import NUMBERS, TEXT, TEXTS, Rule, takes
from ..errors import CheckFailed
from ..wording import counted, labels_told, series
from .records import entries, numbers_in
from .records import words as plain

__all__ = ["Curves", "curves", "has_curves"]

# Records come from a submission's process, so nothing here may take long on any of them.
_LONGEST = 200
_MOST = 256


_AXES = Rule("the record of one axes", lambda value: isinstance(value, Mapping))
_MEASURES = Rule(
    "words for each measure, such as {'loss': ('loss',)}",
    lambda value: isinstance(value, Mapping) and all(map(TEXTS.holds, value.values())),
)


@dataclass(frozen=True, slots=True)
class Curves:
    """One plot of one measure: the texts around it, and ``{key: (x, y)}``, float arrays, one pair for each key."""

    title: str
    xlabel: str
    ylabel: str
    by_key: dict[float, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


@takes(measures=_MEASURES, keys=NUMBERS, points=NUMBERS, key_name=TEXT)
def has_curves(
    figures: object,
    measures: Mapping[str, Sequence[str]],
    keys: Sequence[float],
    *,
    points: Sequence[int] = (),
    key_name: str = "value",
) -> dict[str, Curves]:
    """Fail unless the figures hold, for each measure, one plot with a labelled curve for each key.

    Args:
        figures: records as `checks.inspection.figures.figures` makes them.
        measures: from the name of a measure to words that all must stand in its plot's title or y label (a word may
            give alternatives, ``"train|fit"``), such as ``{"test accuracy": ["test", "acc"]}``. When several plots
            have them, the one with the most keys among its curves is taken.
        keys: the numbers that the curves' labels name, such as learning rates.
        points: allowed numbers of points of each curve; empty for any.
        key_name: what a key is, for the sentences, such as ``"learning rate"``.

    Returns:
        The plot of each measure.

    Raises:
        CheckFailed: no figure, no plot of a measure, an axis without a label, no legend, a curve missing or with
            another number of points.
    """
    plots = _plots(figures)
    if not plots:
        raise CheckFailed(f"No figure with curves was drawn; expected plots of {series(list(measures))}.")
    found: dict[str, Curves] = {}
    taken: set[int] = set()
    for measure, words in measures.items():
        candidates = [
            (len(curves(axes, keys)), -place, place, axes)
            for place, (texts, axes) in enumerate(plots)
            if place not in taken and all(re.search(word, texts, re.IGNORECASE) for word in words)
        ]
        if not candidates:
            raise CheckFailed(
                f"No plot of {measure} was found among {len(plots)}: its title or y label must say {measure!r}."
            )
        *_, place, axes = max(candidates, key=lambda each: each[:3])
        taken.add(place)
        found[measure] = _judge(axes, measure, keys, points, key_name)
    return found


@takes(axes=_AXES, keys=NUMBERS)
def curves(axes: Mapping[str, Any], keys: Sequence[float]) -> dict[float, Mapping[str, Any]]:
    """The lines of one axes by the key that each one's label names: ``0.1``, ``1e-1``, ``lr=0.1``, ``$10^{-1}$``.

    Numbers that all labels share (``batch 10``) name no key. A line without a label takes the legend's text at its
    place, as matplotlib does for ``legend([...])``.
    """
    lines = [line for line in entries(axes.get("lines")) if isinstance(line, Mapping)][:_MOST]
    labels = _labels(lines, [plain(text) for text in list(entries(axes.get("legend")))[:_MOST]])
    named_lines = [pair for pair in zip(lines, labels, strict=True) if pair[0].get("kind") != "guide"]
    counts = [Counter(numbers_in(label)) for _, label in named_lines]
    shared: Counter[float] = Counter()
    if len(counts) > 1:
        named = [count for count in counts if count]
        shared = named[0].copy() if len(named) > 1 else shared
        for count in named[1:] if shared else ():
            shared &= count
    found: dict[float, Mapping[str, Any]] = {}
    for (line, _), count in zip(named_lines, counts, strict=True):
        for number in count - shared:
            key = next((key for key in keys if math.isclose(number, key, rel_tol=1e-6)), None)
            if key is not None and key not in found:
                found[key] = line
                break
    return found


def _judge(
    axes: Mapping[str, Any], measure: str, keys: Sequence[float], points: Sequence[int], key_name: str
) -> Curves:
    for axis, field in (("x", "xlabel"), ("y", "ylabel")):
        if not str(axes.get(field, "")).strip():
            raise CheckFailed(f"The plot of {measure} has no label on its {axis} axis.")
    by_key = curves(axes, keys)
    missing = [key for key in keys if key not in by_key]
    if missing:
        lines = [line for line in entries(axes.get("lines")) if isinstance(line, Mapping)][:_MOST]
        every = _labels(lines, [plain(text) for text in list(entries(axes.get("legend")))[:_MOST]])
        labels = [label for line, label in zip(lines, every, strict=True) if line.get("kind") != "guide"]
        raise CheckFailed(
            f"The plot of {measure} has no curve labelled with {key_name} {series([f'{key:g}' for key in missing])}; "
            f"{labels_told(labels)}."
        )
    if not entries(axes.get("legend")):
        raise CheckFailed(f"The plot of {measure} has no legend, so nobody can tell which curve is which.")
    drawn: dict[float, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = {}
    for key in keys:
        x, y = (_numbers(by_key[key].get(axis), measure, key, key_name) for axis in "xy")
        if points and len(y) not in points:
            wanted = " or ".join(str(number) for number in points)
            raise CheckFailed(
                f"In the plot of {measure} the curve of {key_name} {key:g} has {counted(len(y), 'point')}; "
                f"expected {wanted}."
            )
        drawn[key] = (x, y)
    return Curves(str(axes.get("title", "")), str(axes.get("xlabel", "")), str(axes.get("ylabel", "")), drawn)


def _numbers(values: object, measure: str, key: float, key_name: str) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise CheckFailed(f"In the plot of {measure} the curve of {key_name} {key:g} holds no numbers.") from None


def _plots(figures: object) -> list[tuple[str, Mapping[str, Any]]]:
    """Every axes that holds a line, with all text that may say what it shows."""
    plots: list[tuple[str, Mapping[str, Any]]] = []
    for figure in entries(figures):
        if not isinstance(figure, Mapping):
            continue
        drawn = [axes for axes in entries(figure.get("axes")) if isinstance(axes, Mapping) and axes.get("lines")]
        for axes in drawn:
            # A figure's own title tells about an axes only where it is alone.
            above = str(figure.get("title", "")) if len(drawn) == 1 else ""
            texts = (axes.get("title", ""), axes.get("ylabel", ""), above)
            legend = axes.get("legend") or figure.get("legend")
            plots.append((" ".join(str(text)[:_LONGEST] for text in texts), {**axes, "legend": legend}))
    return plots[:_MOST]


def _labels(lines: Sequence[Mapping[str, Any]], legend: Sequence[str]) -> list[str]:
    labels = [str(line.get("label", "")) for line in lines]
    unnamed = all(not label or label.startswith("_") for label in labels)
    if unnamed and len(legend) == len(lines):
        return list(legend)
    return ["" if label.startswith("_") else label for label in labels]
