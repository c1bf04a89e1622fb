"""Fragments of a submission: every run of so many tokens inside one function, as a number.

All runs are kept, not a sample of them as in winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): a class fits into
memory, and what is marked on a page is then exactly what was counted.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from autograder.insight.similarity.tokens import Token

__all__ = ["LENGTH", "Fragments", "Runs", "fragments_of", "runs"]

LENGTH = 8
"""Tokens of one fragment: one or two statements. `benchmarks/similarity.py` measures what a length gives."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MOST_PLACES = 30  # of one fragment in one submission: a text that repeats itself is marked in its first places
_MOST_STEPS = 300_000
"""For one pair, of looking for runs; two ordinary copies of a thousand lines take some ten thousand."""

Array = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class Fragments:
    """All fragments of a submission: `numbers` at `places`, the place of the first of its tokens; both (n,)."""

    numbers: Array
    places: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def different(self) -> Array:
        """Each number once, sorted."""
        return np.unique(self.numbers)


@dataclass(frozen=True, slots=True)
class Runs:
    """What two submissions share: for each run its first place in both and its number of fragments, longest first.

    No fragment is in two. `complete` is False where looking for them was stopped.
    """

    found: tuple[tuple[int, int, int], ...]
    complete: bool


@lru_cache(maxsize=100_000)
def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "little")


def fragments_of(tokens: Sequence[Token], length: int = LENGTH) -> Fragments:
    """The fragments of some tokens, which are sorted by their parts; a part of fewer tokens has none."""
    parts = np.array([each.part for each in tokens], dtype=np.int64)
    values = np.array([_number(each.text) for each in tokens], dtype=np.uint64)
    count = len(values) - length + 1
    if count <= 0:
        return Fragments(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    numbers = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(length):
            numbers = (numbers ^ values[offset : offset + count]) * _FACTOR
            numbers ^= numbers >> np.uint64(29)
    inside = parts[:count] == parts[length - 1 :]
    return Fragments(numbers[inside], np.flatnonzero(inside))


def runs(first: Fragments, second: Fragments, counted: Array) -> Runs:
    """What two submissions share, as runs that are as long as possible: greedy string tiling over fragments.

    The work has a limit, since a text that repeats itself has too many runs; those of rare fragments come first.

    Args:
        first: the fragments of one submission.
        second: those of the other.
        counted: sorted numbers of the fragments that count.
    """
    longest, complete = _longest(
        np.where(np.isin(first.numbers, counted), first.numbers, 0).tolist(),
        np.where(np.isin(second.numbers, counted), second.numbers, 0).tolist(),
    )
    longest.sort(key=lambda run: (-run[2], run[0], run[1]))
    taken_mine, taken_theirs = np.zeros(len(first.numbers), bool), np.zeros(len(second.numbers), bool)
    made = []
    for place, other, size in longest:
        here, there = slice(place, place + size), slice(other, other + size)
        if not taken_mine[here].any() and not taken_theirs[there].any():
            taken_mine[here] = taken_theirs[there] = True
            made.append((place, other, size))
    return Runs(tuple(made), complete)


def _longest(mine: Sequence[int], theirs: Sequence[int]) -> tuple[list[tuple[int, int, int]], bool]:
    """Every run that cannot go on in either direction, and whether these are all; 0 stands for what does not count."""
    here, there = _places(mine), _places(theirs)
    shared = sorted(here.keys() & there.keys(), key=lambda each: (len(here[each]) * len(there[each]), here[each][0]))
    known: dict[int, list[tuple[int, int]]] = {}  # first and last place of each run, by how far the sides are apart
    found: list[tuple[int, int, int]] = []
    left = _MOST_STEPS
    for place, other in (pair for each in shared for pair in product(here[each], there[each][:_MOST_PLACES])):
        on_same = known.setdefault(place - other, [])
        at = bisect_right(on_same, (place, len(mine)))
        left -= 1
        if not at or on_same[at - 1][1] < place:
            before, behind = _same(mine, theirs, place, other, -1), _same(mine, theirs, place, other, 1)
            size = before + behind - 1
            on_same.insert(at, (place - before + 1, place + behind - 1))
            found.append((place - before + 1, other - before + 1, size))
            left -= size
        if left < 0:
            return found, False
    return found, True


def _places(numbers: Sequence[int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        if number:
            places.setdefault(number, []).append(place)
    return places


def _same(mine: Sequence[int], theirs: Sequence[int], place: int, other: int, step: int) -> int:
    """How many fragments are the same from here on, in one direction."""
    size = 0
    while 0 <= place < len(mine) and 0 <= other < len(theirs) and mine[place] == theirs[other] and mine[place]:
        size, place, other = size + 1, place + step, other + step
    return size
