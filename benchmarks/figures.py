"""What the picture of a figure costs: its record and its look inside the sandbox, the drawing outside, by kind.

    python benchmarks/figures.py [--times 5] [KIND ...]

CPU milliseconds of one process, the lowest of several tries, without the student's own calls of matplotlib. *painted*
is what matplotlib takes to paint the same figure as a PNG file.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from autograder.checks.inspection import figures
from autograder.pictures import raster
from autograder.worker.appearance import illustrator

RNG = np.random.default_rng(0)
LINE, ROUND = np.linspace(0, 10, 200), np.linspace(0, 6, 100)


def plain() -> None:
    """Two curves with a legend and labels."""
    plt.plot([1, 0.5, 0.3], label="training")
    plt.plot([1.1, 0.7, 0.6], "--", label="validation")
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()


def grid(ticks: bool) -> None:
    """Twenty-five digits."""
    _, every = plt.subplots(5, 5)
    for axes in every.flat:
        axes.imshow(RNG.random((28, 28)), cmap="gray")
        axes.set_title("7")
        if not ticks:
            axes.axis("off")


def confusion() -> None:
    """A matrix with a number in each cell, and a colour bar."""
    counts = RNG.integers(100, size=(10, 10))
    plt.colorbar(plt.imshow(counts))
    for row, column in np.ndindex(10, 10):
        plt.text(column, row, str(counts[row, column]), ha="center", va="center")


def solid(kind: str, side: int = 30) -> None:
    """Something in three dimensions."""
    axes: Any = plt.figure().add_subplot(projection="3d")
    x, y = np.meshgrid(np.linspace(-2, 2, side), np.linspace(-2, 2, side))
    if kind == "line":
        axes.plot(np.cos(LINE), np.sin(LINE), LINE)
    elif kind == "scatter":
        axes.scatter(*RNG.normal(size=(3, 300)), c=np.arange(300) % 3)
    elif kind == "surface":
        axes.plot_surface(x, y, x * x + y * y, cmap="viridis")
    else:
        axes.plot_wireframe(x, y, x * x + y * y)
    axes.set(xlabel="x", ylabel="y", zlabel="z", title=kind)


def contours() -> None:
    """Filled contours of a loss, with the way of an optimizer."""
    x, y = np.meshgrid(np.linspace(-2, 2, 50), np.linspace(-2, 2, 50))
    plt.colorbar(plt.contourf(x, y, x * x + 3 * y * y, levels=12))
    plt.plot(np.linspace(2, 0, 30), np.linspace(2, 0, 30) ** 2, "o-")


def stream() -> None:
    """The stream lines of a gradient."""
    x, y = np.meshgrid(np.linspace(-2, 2, 50), np.linspace(-2, 2, 50))
    plt.streamplot(x, y, -2 * x, -6 * y + np.sin(3 * x))


def table() -> None:
    """Results in a table alone."""
    plt.axis("off")
    plt.table([[f"{i * j}" for i in range(4)] for j in range(5)], colLabels=list("abcd"), loc="center")


def hatches() -> None:
    """Bars and an area with patterns."""
    plt.bar([1, 2, 3], [3, 2, 1], hatch="//")
    plt.fill_between([1, 2, 3], [1, 2, 1], hatch="x", alpha=0.3)


def polar(draw: Callable[[Any], Any]) -> None:
    """Something around a circle."""
    draw(plt.figure().add_subplot(projection="polar"))


def scale() -> None:
    """A scale that is neither linear nor logarithmic."""
    plt.plot(np.linspace(-100, 100, 200))
    plt.yscale("symlog")


KINDS: dict[str, Callable[[], Any]] = {
    "two curves": plain,
    "bars": lambda: plt.bar(["a", "b", "c"], [1, 2, 3]),
    "histogram": lambda: plt.hist(RNG.normal(size=1_000), bins=30),
    "1,000 points": lambda: plt.scatter(*RNG.normal(size=(2, 1_000)), c=np.arange(1_000) % 10),
    "confusion matrix": confusion,
    "25 images": lambda: grid(ticks=False),
    "25 images with ticks": lambda: grid(ticks=True),
    "contours": contours,
    "stream lines": stream,
    "box plots": lambda: plt.boxplot([RNG.normal(size=50) for _ in range(5)]),
    "steps": lambda: plt.step(np.arange(30), np.arange(30) % 7),
    "symlog": scale,
    "hatches": hatches,
    "table": table,
    "polar curve": lambda: polar(lambda axes: axes.plot(ROUND, ROUND)),
    "polar bars": lambda: polar(lambda axes: axes.bar(np.arange(8) * np.pi / 4, np.arange(8) + 1)),
    "3d curve": lambda: solid("line"),
    "3d points": lambda: solid("scatter"),
    "3d wire frame": lambda: solid("wire frame"),
    "3d surface 30 x 30": lambda: solid("surface"),
    "3d surface 50 x 50": lambda: solid("surface", 100),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=[*KINDS], metavar="KIND")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}\n{'CPU ms':22}  inside  outside     sum  painted     kB")
    for kind in options.kinds:
        made = [_measured(KINDS[kind]) for _ in range(options.times + 1)][1:]
        inside, outside, painted = (min(each[place] for each in made) for place in range(3))
        said = f"{inside:7.1f} {outside:8.1f} {inside + outside:7.1f} {painted:8.1f} {made[0][3] / 1000:6.1f}"
        print(f"{kind:22} {said}{'' if made[0][4] else '  (painted as a whole)'}", flush=True)


def _measured(draw: Callable[[], Any]) -> tuple[float, float, float, int, bool]:
    """Milliseconds inside, outside, and of painting; bytes; and whether the picture was drawn outside."""
    draw()
    began = time.process_time()
    (record,) = figures.figures(picture=illustrator())
    crossed = time.process_time()
    text = raster.shown(record, record.get("look"), record.get("png"))
    done = time.process_time()
    draw()
    before = time.process_time()
    plt.gcf().savefig(io.BytesIO(), format="png", dpi=100)
    painted = time.process_time() - before
    plt.close("all")
    return 1e3 * (crossed - began), 1e3 * (done - crossed), 1e3 * painted, len(text), "look" in record


if __name__ == "__main__":
    main()
