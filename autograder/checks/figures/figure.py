"""Judge figures by what they say: any drawing style is welcome, and what is drawn must be right.

Figures are the plain records of `checks.inspection.figures`, such as ``student.figures()``. A plot is an
axes: whether plots are subplots of one figure or figures of their own is all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..arguments import (
    COUNT,
    LABELS,
    NOT_NEGATIVE,
    NUMBER,
    TEXT,
    VALUES,
    either,
    one_of,
    optional,
    takes,
    values_of,
)
from ..errors import CheckFailed
from ..inspection.safe_reading import MAX_NUMBERS, MAX_PIXELS
from ..wording import counted
from .axes import HEIGHTS, NAMES, Axes, in_words
from .curve import Plotted, matches, naming
from .records import Drawn, drawn, entries

__all__ = ["Figure", "figure", "figures_drawn"]

_MOST = 64  # figures, as many as are recorded
_MOST_PLOTS = 512
_MOST_DRAWN, _MOST_TEXTS = 10_000, 50_000  # lines, calls that drew bars, and images of all plots; and texts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """Some figures that were drawn, as one: all their plots.

    `labelled`, `log_scale` and `has_legend` are asked of every plot with curves or bars. All else is asked of any plot:
    the first that fits is returned; where none does, the sentence about the first plot of the right kind is raised.
    """

    plots: tuple[Axes, ...]

    @takes(words=TEXT, lines=LABELS)
    def axes(self, *words: str, lines: Sequence[str | float] = ()) -> Axes:
        """The plot whose title or y label (else any text around it) holds each of these regular expressions.

        Without words it is the only plot there is; of several that fit, the first with most of the curves that `lines`
        names.

        Examples:
            nothing: the plot whose title or y label says all of the words; of several, that with most of these curves

            >>> figure({'axes': [{'title': 'Accuracy', 'lines': [{}]}]}).axes('loss')
            No plot was found among 1 whose title or y label says 'loss'.
        """
        if not words:
            if len(self.plots) != 1:
                raise CheckFailed(f"{len(self.plots)} plots were drawn; expected one.")
            return self.plots[0]
        for texts in (_near, _around):
            fitting = [
                plot
                for plot in self.plots
                if all(matches(word, texts(plot.drawn, len(self.plots) == 1)) for word in words)
            ]
            if fitting:
                return max(fitting, key=lambda plot: naming(plot.drawn, lines)) if len(fitting) > 1 else fitting[0]
        said = " and ".join(map(in_words, words))
        raise CheckFailed(f"No plot was found among {len(self.plots)} whose title or y label says {said}.")

    @takes(words=TEXT)
    def titled(self, *words: str) -> Axes:
        """See `Axes.titled`."""
        return self._any("plot", lambda _: True, lambda plot: plot.titled(*words))

    @takes(x=optional(TEXT), y=optional(TEXT))
    def labelled(self, x: str | None = "", y: str | None = "") -> Figure:
        """See `Axes.labelled`."""
        return self._all(lambda plot: plot.labelled(x, y))

    @takes(axes=one_of("x", "y"))
    def log_scale(self, *axes: str) -> Figure:
        """See `Axes.log_scale`."""
        return self._all(lambda plot: plot.log_scale(*axes))

    def has_legend(self) -> Figure:
        """See `Axes.has_legend`."""
        return self._all(Axes.has_legend)

    @takes(label=either(TEXT, NUMBER))
    def line(self, label: str | float = "") -> Plotted:
        """See `Axes.line`."""
        return self._any("plot with a curve", lambda axes: axes.lines, lambda plot: plot.line(label))

    @takes(heights=HEIGHTS, series=TEXT, rtol=NOT_NEGATIVE)
    def bars(self, heights: Mapping[Any, float] | Sequence[float], *, series: str = "", rtol: float = 1e-3) -> Axes:
        """See `Axes.bars`."""
        return self._any(
            "plot with bars", lambda axes: axes.bars, lambda plot: plot.bars(heights, series=series, rtol=rtol)
        )

    @takes(values=VALUES, series=TEXT, bins=COUNT)
    def histogram_of(self, values: object, *, series: str = "", bins: int = 3) -> Axes:
        """See `Axes.histogram_of`."""
        return self._any(
            "histogram", lambda axes: axes.bars, lambda plot: plot.histogram_of(values, series=series, bins=bins)
        )

    @takes(points=values_of(2), label=TEXT)
    def scatter(self, points: object, *, label: str = "") -> Axes:
        """See `Axes.scatter`."""
        return self._any("plot with points", lambda axes: axes.lines, lambda plot: plot.scatter(points, label=label))

    @takes(like=VALUES, tolerance=NOT_NEGATIVE)
    def image(self, like: object, *, tolerance: float = 0.01) -> Axes:
        """See `Axes.image`."""
        return self._any("image", lambda axes: axes.images, lambda plot: plot.image(like, tolerance=tolerance))

    @takes(values=values_of(2), xlabels=NAMES, ylabels=NAMES, rtol=NOT_NEGATIVE)
    def heat_map(
        self,
        values: object,
        xlabels: Sequence[object] = (),
        ylabels: Sequence[object] = (),
        *,
        rtol: float = 1e-3,
    ) -> Axes:
        """See `Axes.heat_map`."""
        return self._any("heat map", _is_table, lambda plot: plot.heat_map(values, xlabels, ylabels, rtol=rtol))

    @takes(y_true=VALUES, y_pred=VALUES, names=NAMES)
    def confusion_matrix(self, y_true: object, y_pred: object, *, names: Sequence[object] = ()) -> Axes:
        """See `Axes.confusion_matrix`."""
        return self._any("confusion matrix", _is_table, lambda plot: plot.confusion_matrix(y_true, y_pred, names=names))

    def _any(self, kind: str, fits: Callable[[Drawn], object], judge: Callable[[Axes], T]) -> T:
        candidates = [plot for plot in self.plots if fits(plot.drawn)]
        if not candidates:
            among = f"{counted(len(self.plots), 'plot')} that {'was' if len(self.plots) == 1 else 'were'} drawn"
            raise CheckFailed(f"No {kind} was found among {among}.")
        first: CheckFailed | None = None
        for plot in candidates:
            try:
                return judge(plot)
            except CheckFailed as error:
                first = first or error
        assert first is not None
        raise first

    def _all(self, judge: Callable[[Axes], object]) -> Figure:
        for plot in self.plots:
            if plot.drawn.lines or plot.drawn.bars or len(self.plots) == 1:
                judge(plot)
        return self


def figure(records: object) -> Figure:
    """What was drawn, ready to be judged.

    Args:
        records: one record of `checks.inspection.figures`, or several, such as what ``student.figures()``
        gives.

    Raises:
        CheckFailed: nothing was drawn.

    Examples:
        at least one figure with something in it is open

        >>> figure(())
        No figure with anything in it is open; draw with matplotlib, and leave figures open (no plt.close()).
    """
    figures = [records] if isinstance(records, Mapping) else records if isinstance(records, (list, tuple)) else []
    plots = [plot for each in figures[:_MOST] for plot in drawn(each)][:_MOST_PLOTS]
    plots = _bearable([plot for plot in plots if _holds_something(plot)])
    if not plots:
        raise CheckFailed(
            "No figure with anything in it is open; draw with matplotlib, and leave figures open (no plt.close())."
        )
    return Figure(tuple(Axes(plot, _name(plot, place, len(plots) == 1)) for place, plot in enumerate(plots, start=1)))


def _name(plot: Drawn, place: int, alone: bool) -> str:
    """What sentences call a plot: by its title, among several also by its y label, else by its place."""
    if title := plot.title or (plot.above if alone else ""):
        return f"The plot {title[:60]!r}"
    if alone:
        return "The plot"
    return f"The plot of {plot.ylabel[:60]!r}" if plot.ylabel else f"Plot {place}"


@takes(at_least=COUNT, plots=COUNT)
def figures_drawn(records: object, *, at_least: int = 1, plots: int = 0) -> Figure:
    """Fail unless enough was drawn; the figures, ready to be judged.

    Args:
        records: as for `figure`.
        at_least: fewest figures. A plot that is a figure of its own and one that shares a figure are not distinguished
            by `plots`: prefer that.
        plots: fewest plots in all figures together, without colour bars and empty ones.

    Raises:
        CheckFailed: fewer of them.

    Examples:
        so many figures, or so many plots in all of them

        >>> figures_drawn({'axes': [{'lines': [{}]}]}, plots=3)
        Only 1 plot with anything in it was drawn; expected at least 3.
    """
    found = figure(records)
    count = (
        1
        if isinstance(records, Mapping)
        else sum(1 for each in entries(records)[:_MOST] if any(map(_holds_something, drawn(each))))
    )
    if count < at_least:
        raise CheckFailed(f"{_count(count, 'figure')} with anything in it was drawn; expected at least {at_least}.")
    if len(found.plots) < plots:
        raise CheckFailed(
            f"{_count(len(found.plots), 'plot')} with anything in it was drawn; expected at least {plots}."
        )
    return found


def _bearable(plots: Sequence[Drawn]) -> list[Drawn]:
    """The plots up to where they hold more than a figure's record may, or than can be judged soon."""
    left = np.array([_MOST_DRAWN, _MOST_TEXTS, MAX_NUMBERS, MAX_PIXELS])
    kept: list[Drawn] = []
    for plot in plots:
        numbers = sum(2 * len(line.x) for line in plot.lines) + sum(3 * len(bars.at) for bars in plot.bars)
        pixels = sum(image.values.size for image in plot.images)
        left -= (len(plot.lines) + len(plot.bars) + len(plot.images), len(plot.texts), numbers, pixels)
        if np.any(left < 0):
            break
        kept.append(plot)
    return kept


def _holds_something(plot: Drawn) -> bool:
    return bool(plot.lines or plot.bars or plot.images or plot.texts or plot.others)


def _is_table(plot: Drawn) -> bool:
    return bool(plot.images) or len(plot.texts) > 1


def _near(plot: Drawn, alone: bool) -> str:
    return f"{plot.title} {plot.ylabel} {plot.above if alone else ''}"


def _around(plot: Drawn, alone: bool) -> str:
    labels = [line.label for line in plot.lines] + [bars.label for bars in plot.bars]
    return " ".join((_near(plot, alone), plot.above, plot.xlabel, plot.legend_title, *plot.legend, *labels))


def _count(count: int, what: str) -> str:
    return f"Only {count} {what}" + ("s" if count != 1 else "")
