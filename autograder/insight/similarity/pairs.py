"""How much two submissions share, weighed by how rare it is; which pairs stand out; and where they share what.

A fragment that others of the class have, too, says little: its weight is the logarithm of one over the share of *other*
submissions with it. What the stub, the reference or a base has, or more than a quarter of the others, has no weight. So
the measure calibrates itself on each class, and copying that most of a class took part in cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.insight.similarity.fragments import LENGTH, Array, Fragments, runs
from autograder.insight.similarity.reading import Sample

__all__ = [
    "COMMON",
    "LEAST_EVIDENCE",
    "LEAST_SHARE",
    "Block",
    "Comparison",
    "Pair",
    "Side",
    "TextFile",
    "class_is_small",
    "compare",
    "side_by_side",
    "weighed",
]

COMMON = 0.25
"""A fragment that more than this share of the other submissions has is common idiom and has no weight."""
LEAST_SHARE = 0.65
"""A listed pair shares at least so much of the weight of the one of them that has less."""
LEAST_EVIDENCE = 12.0
"""And at least so much weight in all: that of three or four fragments which nobody else has in a class of 100."""
OUTLYING = 6.0
"""And lies so many deviations above the middle of the class (median absolute deviation, scaled to normal)."""
NEARLY_ALL = 0.90
"""What shares so much of its weight is listed however much the class shares."""
SMALL = 10
"""In a smaller class it cannot be seen what is common."""
_SEEN, _OTHERS = 0.5, 10.0  # the prior: half a submission of ten has a fragment that was not seen elsewhere
_COLUMNS = 20_000

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Pair:
    """What two submissions share: places `first` < `second` among those compared.

    `share` is the part of the weight of the one that has less, 0 to 1. `evidence` is the weight in nats, where one
    fragment counts for as many tokens as it has. `fragments` are shared and have a weight, `only` of them are in no
    other submission.
    """

    first: int
    second: int
    share: float
    evidence: float
    fragments: int
    only: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Listed pairs, strongest first, and groups of submissions that they connect, largest first.

    `typical` is the median share of all pairs, `limit` the share above which a pair was listed, `compared` the number
    of pairs. `counted` are the sorted numbers of the fragments that have a weight.
    """

    pairs: tuple[Pair, ...]
    clusters: tuple[tuple[int, ...], ...]
    typical: float
    limit: float
    compared: int
    counted: Array


def compare(
    current: Sequence[Fragments],
    earlier: Sequence[Fragments] = (),
    base: Sequence[Fragments] = (),
    *,
    least_share: float = LEAST_SHARE,
) -> Comparison:
    """Compare each submission with each other one and with those of earlier years.

    Args:
        current: the class.
        earlier: submissions of earlier years, behind the class in the places of `Pair`; they are not compared with each
            other, and count where it is asked how common a fragment is.
        base: what explains a fragment: the stub, the reference, given files, public solutions.
        least_share: a listed pair shares at least so much.

    Returns:
        The same, up to the places, for every order of the submissions.
    """
    found = weighed((*current, *earlier), base)
    size = len(current) + len(earlier)
    if size < 2:
        return Comparison((), (), 0.0, least_share, 0, found.counted)
    rows, others = np.triu_indices(size, 1)
    asked = rows < len(current)
    rows, others = rows[asked], others[asked]
    shares, weights = found.share[rows, others], found.evidence[rows, others]
    typical = float(np.median(shares))
    spread = 1.4826 * float(np.median(np.abs(shares - typical)))
    limit = max(least_share, min(typical + OUTLYING * spread, NEARLY_ALL))
    listed = np.flatnonzero((shares >= limit) & (weights >= LEAST_EVIDENCE))
    pairs = sorted(
        (found.pair(*places) for places in zip(rows[listed].tolist(), others[listed].tolist(), strict=True)),
        key=lambda pair: (-pair.evidence * pair.share, pair.first, pair.second),
    )
    return Comparison(tuple(pairs), _clusters(pairs), typical, limit, len(rows), found.counted)


@dataclass(frozen=True, slots=True)
class Weighed:
    """All numbers of all pairs, as matrices (n, n): those of `Pair`, and `Comparison.counted`."""

    share: Matrix
    evidence: Matrix
    fragments: Matrix
    only: Matrix
    counted: Array

    def pair(self, first: int, second: int) -> Pair:
        """One of them."""
        at = (first, second)
        shared, only = int(self.fragments[at]), int(self.only[at])
        return Pair(first, second, float(self.share[at]), float(self.evidence[at]), shared, only)


def weighed(everybody: Sequence[Fragments], base: Sequence[Fragments] = ()) -> Weighed:
    """What each two submissions share, weighed by how rare it is among them.

    Args:
        everybody: the submissions.
        base: as in `compare`.
    """
    explained = np.unique(np.concatenate([np.zeros(0, np.uint64), *(each.numbers for each in base)]))
    own = [found[~np.isin(found, explained, assume_unique=True)] for found in (each.different for each in everybody)]
    known, counts = np.unique(np.concatenate([np.zeros(0, np.uint64), *own]), return_counts=True)
    in_pair = _weights(counts - 2, len(everybody))
    alone = _weights(counts - 1, len(everybody))
    columns = [np.searchsorted(known, each) for each in own]
    shared, elsewhere, number, only = _products(columns, counts, in_pair, alone)
    total = np.array([alone[each].sum() for each in columns])
    rest = np.minimum(total[:, None] - elsewhere, total[None, :] - elsewhere).clip(0)
    share = np.divide(shared, shared + rest, out=np.zeros_like(shared), where=shared > 0)
    return Weighed(share, shared / LENGTH, number, only, known[in_pair > 0])


def _weights(others: np.ndarray[Any, Any], everybody: int) -> np.ndarray[Any, Any]:
    """The weight, in nats, of fragments that so many others have, of all but the two that are compared."""
    rate = (np.maximum(others, 0) + _SEEN) / (max(everybody - 2, 0) + _OTHERS)
    return np.where(rate > COMMON, 0.0, -np.log(rate))


def _products(
    columns: Sequence[np.ndarray[Any, Any]],
    counts: np.ndarray[Any, Any],
    in_pair: np.ndarray[Any, Any],
    alone: np.ndarray[Any, Any],
) -> tuple[np.ndarray[Any, Any], ...]:
    """For each pair: the weight of what both have (as a pair, and alone), how many fragments, how many theirs alone.

    Fragments that only one has are in no product; those with a weight are taken some thousand at a time.
    """
    useful = np.flatnonzero((counts > 1) & (in_pair > 0))
    place = np.full(len(counts), -1)
    place[useful] = np.arange(len(useful))
    sparse = [found[found >= 0] for found in (place[each] for each in columns)]
    size = (len(columns), len(columns))
    made = tuple(np.zeros(size) for _ in range(4))
    for start in range(0, len(useful), _COLUMNS):
        stop = min(start + _COLUMNS, len(useful))
        chosen = useful[start:stop]
        table = np.zeros((len(columns), stop - start), np.float32)
        for row, each in enumerate(sparse):
            table[row, each[np.searchsorted(each, start) : np.searchsorted(each, stop)] - start] = 1
        for sums, weight in zip(
            made, (in_pair[chosen], alone[chosen], np.ones(len(chosen)), counts[chosen] == 2), strict=True
        ):
            sums += (table * weight.astype(np.float32)) @ table.T
    return made


def _clusters(pairs: Sequence[Pair]) -> tuple[tuple[int, ...], ...]:
    """Groups that listed pairs connect, largest first."""
    group: dict[int, set[int]] = {}
    for pair in pairs:
        joined = group.get(pair.first, {pair.first}) | group.get(pair.second, {pair.second})
        for each in joined:
            group[each] = joined
    different = {tuple(sorted(each)) for each in group.values()}
    return tuple(sorted(different, key=lambda each: (-len(each), each)))


def class_is_small(current: Sequence[Fragments], earlier: Sequence[Fragments] = ()) -> bool:
    """Whether too few submissions were compared to see what is common."""
    return len(current) + len(earlier) < SMALL


_GAP = 3  # lines without code between two marked ones of a region that belong to it: comments, blank lines
_CONTEXT = 3  # lines that are shown around a region
_LONGEST_LINE = 300
_MOST_LINES = 4_000  # of one submission on a page


@dataclass(frozen=True, slots=True)
class Block:
    """Lines from `line` on; `region` is 0 for what is not shared; `left_out` lines follow that are not shown."""

    region: int
    line: int
    lines: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TextFile:
    """One file of a submission, of which something is shared."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One submission beside another."""

    name: str
    files: tuple[TextFile, ...]
    others: tuple[str, ...]
    """Files of which nothing is shared."""
    complete: bool = True
    """Whether looking for what is shared came to its end."""


def side_by_side(first: Sample, second: Sample, counted: Array) -> tuple[Side, Side, int]:
    """Both submissions with the regions that they share, and the number of regions; 1 is the longest.

    Args:
        first: one submission.
        second: the other.
        counted: the fragments that have a weight: `Comparison.counted`.
    """
    marks: tuple[dict[tuple[int, int], int], ...] = ({}, {})
    number = 0
    shared = runs(first.fragments, second.fragments, counted)
    for mine, theirs, size in shared.found:
        lines = [_lines(sample, start, size) for sample, start in ((first, mine), (second, theirs))]
        fresh = [[place for place in each if place not in mark] for each, mark in zip(lines, marks, strict=True)]
        if all(fresh):
            number += 1
            for places, mark in zip(fresh, marks, strict=True):
                mark.update(dict.fromkeys(places, number))
    sides = [_side(sample, mark, shared.complete) for sample, mark in zip((first, second), marks, strict=True)]
    return sides[0], sides[1], number


def _lines(sample: Sample, start: int, size: int) -> set[tuple[int, int]]:
    """File and line of each token of a run, which may go on from one part to the next."""
    tokens = {
        first + more for first in sample.fragments.places[start : start + size].tolist() for more in range(LENGTH)
    }
    return {(int(sample.file[each]), int(sample.line[each])) for each in tokens}


def _side(sample: Sample, marks: Mapping[tuple[int, int], int], complete: bool) -> Side:
    by_file: dict[int, dict[int, int]] = {}
    for (file, line), region in marks.items():
        by_file.setdefault(file, {})[line] = region
    code: dict[int, set[int]] = {}
    for file, line in zip(sample.file.tolist(), sample.line.tolist(), strict=True):
        code.setdefault(file, set()).add(line)
    files, others, left = [], [], _MOST_LINES
    for number, (name, text) in enumerate(sample.texts):
        if (of_file := by_file.get(number)) and left > 0:
            lines = text.removesuffix("\n").split("\n")  # a form feed ends no line of Python
            blocks = tuple(_shortened(_blocks(lines[:left], of_file, code[number])))
            left -= sum(len(block.lines) for block in blocks)
            files.append(TextFile(name, blocks))
        else:
            others.append(name)
    return Side(sample.name, tuple(files), tuple(others), complete)


def _blocks(lines: list[str], marks: Mapping[int, int], code: Set[int]) -> Iterator[Block]:
    """The lines in blocks, from top to bottom; a short gap inside of a region, without code, belongs to it."""
    regions = [marks.get(line, 0) for line in range(1, len(lines) + 1)]
    at = 0
    while at < len(regions):
        end = at
        while end < len(regions) and regions[end] == regions[at]:
            end += 1
        around = at > 0 and end < len(regions) and regions[at - 1] == regions[end] != 0
        if regions[at] == 0 and around and end - at <= _GAP and not code & set(range(at + 1, end + 1)):
            regions[at:end] = [regions[end]] * (end - at)
        at = end
    at = 0
    while at < len(regions):
        end = at
        while end < len(regions) and regions[end] == regions[at]:
            end += 1
        shown = tuple(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …" for line in lines[at:end])
        yield Block(regions[at], at + 1, shown)
        at = end


def _shortened(blocks: Iterator[Block]) -> Iterator[Block]:
    """Of what is not shared, the lines around regions alone."""
    for block in blocks:
        more = len(block.lines) - 2 * _CONTEXT
        if block.region or more <= _CONTEXT:
            yield block
        else:
            yield Block(0, block.line, block.lines[:_CONTEXT], left_out=more)
            yield Block(0, block.line + _CONTEXT + more, block.lines[-_CONTEXT:])
