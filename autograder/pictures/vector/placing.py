"""One axes on its way into a picture: its place, the scales within it, and how much may still be drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks.figures.records import Drawn
from autograder.pictures.vector.legends import Entry
from autograder.pictures.vector.svg import Array

__all__ = ["Plot", "Room", "Scale"]

_MOST_TEXTS = 1_500  # of a figure; as all below
_MOST_POINTS = 30_000
_MOST_PIXELS = 1 << 18
_MOST_NUMBERS = 500_000  # points that are looked at, of which some are drawn


@dataclass(slots=True)
class Room:
    """How much of one figure may still be drawn."""

    texts: int = _MOST_TEXTS
    points: int = _MOST_POINTS
    pixels: int = _MOST_PIXELS
    numbers: int = _MOST_NUMBERS

    def take(self, points: int, most: int) -> int:
        """How many of these points are drawn; 0 also where no more may be looked at."""
        self.numbers -= points
        granted = max(0, min(points, most, self.points)) if self.numbers >= 0 else 0
        self.points -= granted
        return granted


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: from data to pixels, of `length`, starting at `start` and growing by `sign`."""

    low: float
    high: float
    log: bool
    length: float
    down: bool = False

    def __call__(self, values: Array) -> Array:
        """Pixels, not finite where a value is not, or has no logarithm."""
        low, high, found = self.low, self.high, np.asarray(values, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                low, high, found = math.log10(low), math.log10(high), np.log10(found)
            part = (found - low) / (high - low) if high != low else np.full(found.shape, 0.5)
            return self.length * (1 - part if self.down else part)

    def one(self, value: float) -> float:
        """A single place; NaN where there is none."""
        low, high, found = self.low, self.high, float(value)
        if not math.isfinite(found) or (self.log and found <= 0):
            return math.nan
        if self.log:
            low, high, found = math.log10(low), math.log10(high), math.log10(found)
        part = (found - low) / (high - low) if high != low else 0.5
        return self.length * (1 - part if self.down else part)


@dataclass(slots=True)
class Plot:
    """One axes on its way: its part of the picture, in pixels, and the scales within it."""

    record: Drawn
    look: Mapping[str, Any]
    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale
    room: Room
    inside: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # what is not cut off at the edge, and lies over all inside
    entries: list[Entry] = field(default_factory=list)
    used: list[tuple[Array, Array]] = field(default_factory=list)  # where the legend must not stand

    def put(self, part: str, *, outside: bool) -> None:
        """Add what is drawn, in pixels of the axes: inside, or where it may lie beyond the edge."""
        (self.outside if outside or self.outside else self.inside).append(part)
