"""One plot of a figure, and what can be asked of it: titles, labels, scales, and what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..arguments import (
    COUNT,
    LABELS,
    NOT_NEGATIVE,
    NUMBER,
    NUMBERS,
    TEXT,
    VALUES,
    Rule,
    either,
    one_of,
    optional,
    takes,
    values_of,
)
from ..errors import CheckFailed
from ..wording import counted, small
from . import charts, images
from .curve import Plotted, find, matches
from .records import Drawn

__all__ = ["Axes"]


_LOGARITHMIC = ("log", "symlog", "asinh")

_ROW = values_of(1)

NAMES = either(LABELS, Rule("a text of one letter for each", lambda value: isinstance(value, str)))

HEIGHTS = Rule(
    "heights, as a list or by label, such as {'Ulm': 3.0}",
    lambda value: NUMBERS.holds(list(value.values()) if isinstance(value, Mapping) else value) or _ROW.holds(value),
)


@dataclass(frozen=True, slots=True)
class Axes:
    """One plot. Every judgement returns the plot, so that they can be chained; `line` returns the curve.

    All of them raise `CheckFailed` with one sentence.
    """

    drawn: Drawn
    name: str

    @takes(words=TEXT)
    def titled(self, *words: str) -> Axes:
        """Fail unless the title of the plot or of its figure holds each of these regular expressions, if any.

        Examples:
            the title, of the plot or of its figure

            >>> figure({'axes': [{'title': 'Plot', 'lines': [{}]}]}).titled('loss')
            The title of the plot 'Plot' is 'Plot'; it must say 'loss'.
        """
        title = " ".join(filter(None, (self.drawn.title, self.drawn.above)))
        if not title:
            raise CheckFailed(f"{self.name} has no title.")
        missing = [word for word in words if not matches(word, title)]
        if missing:
            raise CheckFailed(f"The title of {small(self.name)} is {title[:80]!r}; it must say {in_words(missing[0])}.")
        return self

    @takes(x=optional(TEXT), y=optional(TEXT))
    def labelled(self, x: str | None = "", y: str | None = "") -> Axes:
        """Fail unless the axes are labelled, with a text that holds the regular expression; None asks nothing.

        ``labelled(x="epoch|iteration", y="loss")`` wants one of the two words at the x axis; "" wants any text.

        Examples:
            labels of the axes; '' is satisfied with any, None asks nothing

            >>> figure({'axes': [{'title': 'Loss', 'lines': [{}]}]}).labelled(x='epoch')
            The plot 'Loss' has no label on its x axis (it must say 'epoch').
        """
        for axis, expected, text in (("x", x, self.drawn.xlabel), ("y", y, self.drawn.ylabel)):
            if expected is not None and not text:
                raise CheckFailed(f"{self.name} has no label on its {axis} axis{_saying(expected)}.")
            if expected and not matches(expected, text):
                raise CheckFailed(
                    f"The {axis} axis of {small(self.name)} is labelled {text[:80]!r}; "
                    f"it must say {in_words(expected)}."
                )
        return self

    @takes(axes=one_of("x", "y"))
    def log_scale(self, *axes: str) -> Axes:
        """Fail unless these axes, "x" and "y", are logarithmic (symmetric ones count, too).

        Examples:
            the scale of 'x' or 'y'

            >>> figure({'axes': [{'title': 'Loss', 'yscale': 'linear', 'lines': [{}]}]}).log_scale('y')
            The y axis of the plot 'Loss' is not logarithmic, but linear.
        """
        for axis in axes or ("y",):
            scale = self.drawn.xscale if axis == "x" else self.drawn.yscale
            if scale not in _LOGARITHMIC:
                raise CheckFailed(
                    f"The {axis} axis of {small(self.name)} is not logarithmic, but {scale or 'unknown'}."
                )
        return self

    def has_legend(self) -> Axes:
        """Fail unless there is a legend with at least one text.

        Examples:
            a legend of the plot or of its figure

            >>> figure({'axes': [{'title': 'Loss', 'lines': [{}]}]}).has_legend()
            The plot 'Loss' has no legend, so nobody can tell what is what.
        """
        if not any(self.drawn.legend):
            raise CheckFailed(f"{self.name} has no legend, so nobody can tell what is what.")
        return self

    @takes(label=either(TEXT, NUMBER))
    def line(self, label: str | float = "") -> Plotted:
        """The curve with this label: see `checks.figures.curve.find`; without one, the only curve there is.

        Examples:
            the curve with that label: a regular expression, or a number in any form; a `Plotted`

            >>> figure({'axes': [{'lines': [{'label': 'lr=0.1', 'x': [1, 2, 3], 'y': [0.9, 0.5,
            ...     0.3]}]}]}).line('lr=0.2')
            The plot has no curve labelled 'lr=0.2'; the label of its only curve is 'lr=0.1'.
        """
        return self._line(label, ())

    def _line(self, label: str | float, points: Sequence[int]) -> Plotted:
        if label == "":
            if len(self.drawn.lines) != 1:
                raise CheckFailed(f"{self.name} has {len(self.drawn.lines)} curves; expected one.")
            found = self.drawn.lines[0]
        else:
            found = find(self.drawn, label, self.name, points)
        if not len(found.x):
            raise CheckFailed(f"The curve {str(label)!r} of {small(self.name)} holds no numbers.")
        return Plotted(found.x, found.y, f"The curve {name!r}" if (name := str(label or found.label)) else "The curve")

    @takes(labels=LABELS, points=NUMBERS)
    def lines(self, labels: Sequence[str | float], *, points: Sequence[int] = ()) -> dict[str | float, Plotted]:
        """The curves with these labels, by label: see `line`.

        Args:
            labels: texts, or numbers that the labels of the curves name, such as learning rates.
            points: allowed numbers of points of each curve; empty for any.

        Examples:
            the curves with these labels, by label, of so many points each

            >>> figure({'axes': [{'title': 'loss', 'lines': [{'label': 'lr=0.1', 'x': [1, 2, 3], 'y': [0.9, 0.5,
            ...     0.3]}]}]}).axes('loss').lines([0.1], points=(5, 6))
            The curve '0.1' of the plot 'loss' has 3 points; expected 5 or 6.
        """
        found = {label: self._line(label, points) for label in labels}
        for each in found.values():
            if points and len(each.y) not in points:
                raise CheckFailed(
                    f"{each.name} of {small(self.name)} has {counted(len(each.y), 'point')}; "
                    f"expected {' or '.join(map(str, points))}."
                )
        return found

    @takes(heights=HEIGHTS, series=TEXT, rtol=NOT_NEGATIVE)
    def bars(self, heights: Mapping[Any, float] | Sequence[float], *, series: str = "", rtol: float = 1e-3) -> Axes:
        """Fail unless there are bars of these heights, standing or lying, in fractions or in per cent.

        Args:
            heights: by the names at the ticks, in any order; or a sequence from left to right.
            series: regular expression in the label of the call that drew them, where there are several.
            rtol: allowed difference relative to each height.

        Examples:
            heights of bars, by name or from left to right, standing or lying

            >>> figure({'axes': [{'bars': [{'at': [0, 1], 'width': [1, 1], 'height': [3, 5]}]}]}).bars([3, 4])
            In the plot the bar 2 has the height 5; expected 4 (1 of 2 bars differ).
        """
        charts.bars(self.drawn, heights, series, rtol, self.name)
        return self

    @takes(values=VALUES, series=TEXT, bins=COUNT)
    def histogram_of(self, values: object, *, series: str = "", bins: int = 3) -> Axes:
        """Fail unless a histogram tells how these numbers are spread, with any bins, as counts, shares or density.

        At every edge of a bin, as many of the numbers must lie below as the bars up to there say.

        Args:
            values: numbers of any shape; those that are not finite are left out.
            series: regular expression in the label of the histogram, where there are several.
            bins: fewest bins that say something.

        Examples:
            how many of the values lie below each edge; any bins, counts or density

            >>> figure({'axes': [{'bars': [{'at': [0, 1, 2], 'width': [1, 1, 1], 'height': [1, 2,
            ...     1]}]}]}).histogram_of([0, 1, 2, 2])
            The histogram in the plot is of other values: 75 % of them lie below 1.5; expected 50 %.
        """
        charts.histogram(self.drawn, values, series, bins, self.name)
        return self

    @takes(points=values_of(2), label=TEXT)
    def scatter(self, points: object, *, label: str = "") -> Axes:
        """Fail unless exactly these points (n, 2) are drawn, in any order, in one cloud or in some of them together.

        Other clouds and curves may be drawn beside them. Points of a curve count, too, whatever joins them. `label` is
        a regular expression for the labels of the clouds.

        Examples:
            the points (n, 2), in any order and in any number of clouds; other clouds and curves may be beside them

            >>> figure({'axes': [{'lines': [{'x': [1, 2], 'y': [3, 4]}]}]}).scatter([[3, 1], [4, 2]])
            In the plot x and y of the points are swapped.
        """
        charts.scatter(self.drawn, points, label, self.name)
        return self

    @takes(like=VALUES, tolerance=NOT_NEGATIVE)
    def image(self, like: object, *, tolerance: float = 0.01) -> Axes:
        """Fail unless an image is shown that looks like this one, upright.

        Colours are free: values may be shifted and scaled, a gray image may be a negative, or stand for one in colours.

        Args:
            like: (rows, columns), (rows, columns, 3 or 4) or (3, rows, columns).
            tolerance: allowed difference of each value, as a fraction of the range of all.

        Examples:
            an image, up to a shift and a factor of its values; gray for colours; upright

            >>> figure({'axes': [{'images': [{'values': [[1, 2], [3, 4]]}], 'ylim': [1.5, -0.5]}]}).image([[1, 3], [2,
            ...     4]])
            The image in the plot is the right one, but transposed.
        """
        images.image(self.drawn, like, tolerance, self.name)
        return self

    @takes(values=values_of(2), xlabels=NAMES, ylabels=NAMES, rtol=NOT_NEGATIVE)
    def heat_map(
        self,
        values: object,
        xlabels: Sequence[object] = (),
        ylabels: Sequence[object] = (),
        *,
        rtol: float = 1e-3,
    ) -> Axes:
        """Fail unless a table is shown as colours, and what is written into its cells agrees.

        Args:
            values: (rows, columns); row 0 is that of the first y label.
            xlabels: names of the columns, at the ticks of the x axis. With names, rows and columns may be in any order,
                and the axes exchanged.
            ylabels: names of the rows.
            rtol: allowed difference relative to each value; numbers in cells may be rounded as they are written.

        Examples:
            a table of colours, with the names at its ticks, and the numbers in its cells

            >>> figure({'axes': [{'images': [{'values': [[1, 2], [3, 4]]}]}]}).heat_map([[1, 2], [3, 5]])
            The value of the cell in row 1, column 1 of the plot is 4; expected 5 (1 of 4 cells differ).
        """
        images.heat_map(self.drawn, values, xlabels, ylabels, rtol, self.name)
        return self

    @takes(y_true=VALUES, y_pred=VALUES, names=NAMES)
    def confusion_matrix(self, y_true: object, y_pred: object, *, names: Sequence[object] = ()) -> Axes:
        """Fail unless the confusion matrix of these labels is shown: as counts, or as shares of each true class.

        Rows are true classes, unless the labels of the axes say otherwise. Numbers in the cells must be right, too.
        Shares may be in per cent, and of all samples.

        Args:
            y_true: true labels (n,).
            y_pred: predictions (n,).
            names: what the classes are called, in the order of their labels.

        Examples:
            counts, or shares of each true class; rows are true classes unless the axes say otherwise

            >>> figure({'axes': [{'images': [{'values': [[2, 0], [1, 1]]}]}]}).confusion_matrix([0, 0, 0, 1], [0, 0, 1,
            ...     1])
            The confusion matrix in the plot looks transposed: its rows are the predictions; turn it, or label its axes.
        """
        images.confusion_matrix(self.drawn, y_true, y_pred, names, self.name)
        return self


def in_words(pattern: str) -> str:
    """A regular expression of alternatives as people say it."""
    return " or ".join(repr(each) for each in pattern.split("|"))


def _saying(expected: str | None) -> str:
    return f" (it must say {in_words(expected)})" if expected else ""
