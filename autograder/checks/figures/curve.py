"""One curve of a plot: found by its label, compared with the history behind it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import NOT_NEGATIVE, NUMBER, takes
from ..compare import close
from ..errors import CheckFailed
from ..inspection.safe_reading import MAX_POINTS
from ..training import curve
from ..wording import counted, labels_in_words
from .records import Drawn, Line, numbers_in, words

__all__ = ["Plotted", "find", "matches", "same_but_for_percent"]

Array = np.ndarray[Any, Any]

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Plotted:
    """One drawn curve: its points `x` and `y`, float arrays (n,), and what sentences call it.

    Every method returns the curve, so that they can be chained: ``line("lr=0.1").shows(history).falls()``.
    """

    x: Array
    y: Array
    name: str

    @takes(rtol=NOT_NEGATIVE)
    def shows(self, history: object, *, rtol: float = 1e-3, x: object = None) -> Plotted:
        """Fail unless the curve is this history, value by value.

        Percentages stand for fractions and the other way round. One more point may come first (the state before the
        training), and `x` may start at 0 or 1. Where the history is not finite, the curve need not be.

        Args:
            history: numbers (n,), such as what the submission's training returned.
            rtol: allowed difference relative to each value.
            x: where the points must lie, numbers (n,), up to a shift by one; None for anywhere, from left to right.

        Raises:
            CheckFailed: the history is none; or another number of points, points out of order, other values.

        Examples:
            the curve is that history: also in per cent, from 0 or 1, with one more point before the first

            >>> figure({'axes': [{'lines': [{'label': 'lr=0.1', 'x': [1, 2, 3], 'y': [0.9, 0.5,
            ...     0.3]}]}]}).line('lr=0.1').shows([0.9, 0.5, 0.4])
            The curve 'lr=0.1'[2] is 0.3; expected 0.4 (1 of 3 entries differ).
        """
        want = curve(history, name="the history").values
        if len(self.y) == MAX_POINTS < len(want):
            want = want[:MAX_POINTS]  # no more points are recorded
        if len(self.y) not in (len(want), len(want) + 1):
            raise CheckFailed(
                f"{self.name} has {counted(len(self.y), 'point')}; expected {len(want)}, one for each value of the "
                "history."
            )
        back = np.flatnonzero(~(np.diff(self.x) > 0))
        if len(back):
            raise CheckFailed(
                f"{self.name} does not go from left to right: after x = {self.x[back[0]]:.6g} "
                f"comes {self.x[back[0] + 1]:.6g}."
            )
        mine = self.y[len(self.y) - len(want) :]
        if not same_but_for_percent(mine, want, rtol):
            known = np.isfinite(want)
            scale = 1.0
            if known.any() and np.all((want[known] >= 0) & (want[known] <= 1)) and np.max(np.abs(mine[known])) > 2:
                scale = 0.01
            close(np.where(known, scale * mine, 0.0), np.where(known, want, 0.0), name=self.name, rtol=rtol, atol=0.0)
        if x is not None:
            self._at(curve(x, name="x").values)
        return self

    @takes(by=NUMBER)
    def falls(self, by: float = 0.0) -> Plotted:
        """Fail unless the last value lies below the first, by more than the fraction `by` of the first's size.

        Raises:
            CheckFailed: it does not, or a value is NaN or infinite.

        Examples:
            last below first; `rises` for last above first

            >>> figure({'axes': [{'lines': [{'label': 'lr=0.1', 'x': [1, 2, 3], 'y': [0.9, 0.5,
            ...     0.3]}]}]}).line('lr=0.1').rises()
            The curve 'lr=0.1' goes from 0.9 to 0.3 in 3 points; it must end above 0.9.
        """
        curve(self.y, name=self.name).falls(by)
        return self

    @takes(by=NUMBER)
    def rises(self, by: float = 0.0) -> Plotted:
        """Fail unless the last value lies above the first, by more than the fraction `by` of the first's size.

        Raises:
            CheckFailed: it does not, or a value is NaN or infinite.
        """
        first, last = (float(value) for value in curve(self.y, name=self.name).finite().values[[0, -1]])
        limit = first + by * abs(first)
        if not last > limit:
            raise CheckFailed(
                f"{self.name} goes from {first:.4g} to {last:.4g} in {counted(len(self.y), 'point')}; "
                f"it must end above {limit:.4g}{f' ({100 * by:g} % higher)' if by else ''}."
            )
        return self

    def _at(self, want: Array) -> None:
        mine = self.x[max(0, len(self.x) - len(want)) :]
        slack = 1e-6 * (1 + np.abs(want))
        if len(mine) != len(want) or not any(np.all(np.abs(mine + shift - want) <= slack) for shift in (0, 1, -1)):
            raise CheckFailed(
                f"{self.name} lies between x = {self.x[0]:.6g} and {self.x[-1]:.6g}; "
                f"expected {counted(len(want), 'point')} from {want[0]:.6g} to {want[-1]:.6g}."
            )


def same_but_for_percent(mine: Array, want: Array, rtol: float) -> bool:
    """Whether two arrays of one shape are the same, or one is the other in per cent; no matter where `want` is NaN."""
    known = np.isfinite(want)
    mine, want = mine[known], want[known]
    scales = [1.0]
    if np.all((want >= 0) & (want <= 1)):
        scales.append(0.01)
    if np.all((mine >= 0) & (mine <= 1)) and np.all((want >= 0) & (want <= 100)):
        scales.append(100.0)
    slack = rtol * np.abs(want) + 1e-9 * np.max(np.abs(want), initial=0.0)
    return any(bool(np.all(np.abs(scale * mine - want) <= slack)) for scale in scales)


def find(drawn: Drawn, label: str | float, where: str, points: Sequence[int] = ()) -> Line:
    """The curve of one plot whose label says this.

    A label with numbers is found by its numbers ("lr=0.1" is also "1e-1" and "$10^{-1}$"). Numbers that all labels
    share name nothing, and further words are asked for only where several curves have the numbers. Any other label is a
    regular expression. The only curve of a plot may be named by the plot's title or y label instead. Of several that
    fit, those with an allowed number of `points` are meant: a marked point beside a curve is none.

    Raises:
        CheckFailed: there is none, or more than one.
    """
    expected = words(label)
    found = _exactly(drawn.lines, expected) or list(_by_number(drawn, expected) or ())
    if not found and not numbers_in(expected):
        found = [line for line in drawn.lines if matches(expected, line.label)]
    if not found and len(drawn.lines) == 1 and not drawn.lines[0].label:
        text = f"{drawn.title} {drawn.above} {drawn.ylabel}"
        asked, named = Counter(numbers_in(expected)), Counter(numbers_in(text))
        if (asked and asked <= named) or (not asked and matches(expected, text)):
            found = [drawn.lines[0]]
    if len(found) > 1 and points:
        found = [line for line in found if len(line.y) in points] or found
    if len(found) == 1:
        return found[0]
    if found:
        labels = [repr(line.label[:40]) for line in found]
        shown = ", ".join(labels[:_SHOWN]) + (" ..." if len(labels) > _SHOWN else "")
        raise CheckFailed(
            f"{where} has {len(found)} curves that may be {expected!r}: {shown}; tell them apart by labels."
        )
    raise CheckFailed(
        f"{where} has no curve labelled {expected!r}; {labels_in_words([line.label for line in drawn.lines])}."
    )


def naming(drawn: Drawn, labels: Iterable[str | float]) -> int:
    """How many of these labels a curve of the plot may have; each curve's own label is read once."""
    labelled = [(line.label, numbers_in(line.label)) for line in drawn.lines]
    count = 0
    for label in map(words, labels):
        asked = numbers_in(label)
        count += any(_holds(numbers, asked) if asked else matches(label, own) for own, numbers in labelled)
    return count


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression is found in a text, in capital letters or small ones."""
    try:
        return re.search(pattern, text, re.IGNORECASE) is not None
    except re.error:
        return pattern.casefold() in text.casefold()


def _exactly(lines: tuple[Line, ...], expected: str) -> list[Line]:
    flat = " ".join(expected.casefold().split())
    return [line for line in lines if expected and " ".join(line.label.casefold().split()) == flat]


def _by_number(drawn: Drawn, expected: str) -> Iterator[Line]:
    asked = numbers_in(expected)
    if not asked:
        return
    per_label = [numbers_in(line.label) for line in drawn.lines]
    shared = set(per_label[0]).intersection(*per_label[1:]) if len(per_label) > 1 else set()
    own = [[number for number in each if number not in shared] for each in per_label]
    found = []
    for numbers in (own, per_label):  # what all labels share is looked at only where nothing else fits
        found = [line for line, each in zip(drawn.lines, numbers, strict=True) if _holds(each, asked)]
        if found:
            break
    if len(found) > 1:
        names = re.findall(r"[^\W\d_]{2,}", expected)
        narrow = [line for line in found if all(matches(re.escape(name), line.label) for name in names)]
        found = narrow or found
    if len(found) > 1:  # what a label says first is what it is the curve of: "lr=0.1 (ends at 0.4)"
        leading = [line for line in found if _holds(numbers_in(line.label)[: len(asked)], asked)]
        found = leading or found
    yield from found


def _holds(numbers: list[float], asked: list[float]) -> bool:
    return all(any(math.isclose(number, each, rel_tol=1e-6) for number in numbers) for each in asked)
