"""What a figure answers, read without trust in it: no more than the limits here, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "MAX_AXES",
    "MAX_BARS",
    "MAX_FIGURES",
    "MAX_IMAGES",
    "MAX_LINES",
    "MAX_NUMBERS",
    "MAX_PIXELS",
    "MAX_POINTS",
    "MAX_TEXT",
    "MAX_TEXTS",
    "MAX_TICKS",
    "Array",
    "Left",
    "Record",
    "has",
    "label_of",
    "list_of",
    "numbers_of",
    "text_from",
    "text_of",
    "tried",
    "words_of",
]


MAX_FIGURES = 64
MAX_AXES = 128  # of a figure; as all below up to MAX_TEXT, of one axes
MAX_LINES = 64
MAX_POINTS = 100_000  # of a line
MAX_BARS = 10_000
MAX_IMAGES = 64
MAX_TEXTS = 2_500
MAX_TICKS = 200
MAX_TEXT = 500  # characters of a text
MAX_NUMBERS = 2_000_000  # coordinates of all lines and bars together
MAX_PIXELS = 1_000_000  # entries of all images together; an image that is too large is recorded without its values

Record = dict[str, Any]
Array = np.ndarray[Any, Any]
T = TypeVar("T")


class Left:
    """How many numbers and pixels may still be recorded; and what was so far: the artist by the `id` of its record."""

    def __init__(self) -> None:
        self.numbers = MAX_NUMBERS
        self.pixels = MAX_PIXELS
        self.artists: dict[int, Any] = {}

    def take(self, *columns: Any) -> tuple[Array, ...]:
        """Columns of floats (n,) of one length each at most `MAX_POINTS`; what is no number gives none."""
        records = []
        for column in columns:
            found = numbers_of(column)[: max(0, min(MAX_POINTS, self.numbers))]
            self.numbers -= len(found)
            records.append(found)
        return tuple(records)

    def image(self, values: Array) -> Array:
        """The values, or none of them where they are too many."""
        if values.size > self.pixels:
            return np.empty((0, 0))
        self.pixels -= values.size
        return values


def tried(otherwise: T, make: Callable[..., T], *arguments: Any) -> T:
    """What a figure answers, or something else where it does not: a student's own artists may raise anything."""
    try:
        return make(*arguments)
    except Exception:  # noqa: BLE001
        return otherwise


def numbers_of(values: Any) -> Array:
    """Floats of shape (n,); masked points are NaN, and what is no number gives no points."""
    try:
        filled = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    except (TypeError, ValueError):
        return np.empty(0)
    return np.array(filled, dtype=np.float64).reshape(-1)


def list_of(thing: Any, name: str) -> list[Any]:
    """An attribute as a list; empty where there is none."""
    return tried([], lambda: list(getattr(thing, name)))


def has(thing: Any, name: str) -> bool:
    """Whether there is such an attribute."""
    return tried(False, hasattr, thing, name)


def words_of(figure: Any, name: str) -> str:
    """One of a figure's own texts, which need not be there."""
    return tried("", lambda: text_of(getattr(figure, name).get_text()))


def text_from(thing: Any, method: str) -> str:
    """What a method gives, as a text."""
    return text_of(getattr(thing, method)())


def label_of(label: Any) -> str:
    """A label that somebody gave; "" in place of the private names that matplotlib gives, such as ``_child0``."""
    text = text_of(label)
    return "" if text.startswith("_") else text


def text_of(text: Any) -> str:
    """The beginning of a text."""
    return str(text)[:MAX_TEXT]
