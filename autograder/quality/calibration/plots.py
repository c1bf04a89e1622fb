"""Pictures of what was measured: a histogram for each check, with its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.quality.calibration.rates import Row

__all__ = ["plot"]

INCHES = (7.0, 3.2)


def plot(found: Sequence[Row], folder: Path) -> tuple[Path, ...]:
    """Write ``CHECK.svg``, or ``CHECK-2.svg`` for a second measurement, into a folder, and return the paths.

    Args:
        found: thresholds, of which those of one measurement share a picture.
        folder: an existing one.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    written = []
    for check, place in dict.fromkeys((row.check.id, row.place[0]) for row in found if row.values):
        same = [row for row in found if (row.check.id, row.place[0]) == (check, place)]
        first = same[0]
        percent = 100 if first.measured.percent else 1
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.hist([percent * value for value in first.values], bins="auto", color="0.6")
        for row in same:
            label = f"{percent * row.threshold.value:g}: {row.judgement.word}, {row.fell} of {row.n} fell"
            axes.axvline(percent * row.threshold.value, color="black" if row.threshold.fraction == 1 else "0.4",
                         linestyle="-" if row.threshold.fraction == 1 else "--", label=label)  # fmt: skip
        axes.set_xlabel(f"{first.measured.name}{' (%)' if percent == 100 else ''}")
        axes.set_ylabel("runs")
        axes.locator_params(axis="y", integer=True)
        axes.set_title(check)
        axes.legend()
        path = folder / f"{check}{f'-{place + 1}' if place else ''}.svg"
        figure.savefig(path)
        written.append(path)
    return tuple(written)
