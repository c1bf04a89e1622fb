"""Fragments of a submission: every run of so many tokens inside one function, as a number.

All runs are kept, not a sample of them as in winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): a class fits into
memory, and what is marked on a page is then exactly what was counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.insight.similarity.tokens import Token

__all__ = ["LENGTH", "Fragments", "fragments_of", "runs"]

LENGTH = 8
"""Tokens of one fragment: one or two statements. `benchmarks/similarity.py` measures what a length gives."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MOST_PLACES = 30  # of one fragment in one submission: a text that repeats itself is marked in its first places

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


@lru_cache(maxsize=100_000)
def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "little")


def fragments_of(tokens: Sequence[Token], length: int = LENGTH) -> Fragments:
    """The fragments of some tokens; a function of fewer tokens has none."""
    parts = np.array([each.part for each in tokens], dtype=np.int64)
    order = np.argsort(parts, kind="stable")  # what stands around an inner function goes on behind it
    values = np.array([_number(tokens[place].text) for place in order.tolist()], dtype=np.uint64)
    count = len(values) - length + 1
    if count <= 0:
        return Fragments(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    numbers = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(length):
            numbers = (numbers ^ values[offset : offset + count]) * _FACTOR
            numbers ^= numbers >> np.uint64(29)
    parts = parts[order]
    inside = parts[:count] == parts[length - 1 :]
    return Fragments(numbers[inside], order[:count][inside])


def runs(first: Fragments, second: Fragments, counted: Array) -> tuple[tuple[int, int, int], ...]:
    """What two submissions share, as runs that are as long as possible: greedy string tiling over fragments.

    Args:
        first: the fragments of one submission.
        second: those of the other.
        counted: sorted numbers of the fragments that count.

    Returns:
        For each run its first place in both and its number of fragments, longest first. No fragment is in two.
    """
    where: dict[int, list[int]] = {}
    mine, theirs = first.numbers.tolist(), second.numbers.tolist()
    chosen = set(counted.tolist())
    for place, number in enumerate(theirs):
        if number in chosen and len(found := where.setdefault(number, [])) < _MOST_PLACES:
            found.append(place)
    longest = []
    for place, number in enumerate(mine):
        for other in where.get(number, ()):
            if place and other and mine[place - 1] == theirs[other - 1] and mine[place - 1] in chosen:
                continue  # the middle of a run that began before
            size = 1
            while (
                place + size < len(mine)
                and other + size < len(theirs)
                and mine[place + size] == theirs[other + size]
                and mine[place + size] in chosen
            ):
                size += 1
            longest.append((size, place, other))
    longest.sort(key=lambda run: (-run[0], run[1], run[2]))
    taken_mine, taken_theirs = np.zeros(len(mine), bool), np.zeros(len(theirs), bool)
    made = []
    for size, place, other in longest:
        here, there = slice(place, place + size), slice(other, other + size)
        if not taken_mine[here].any() and not taken_theirs[there].any():
            taken_mine[here] = taken_theirs[there] = True
            made.append((place, other, size))
    return tuple(made)
