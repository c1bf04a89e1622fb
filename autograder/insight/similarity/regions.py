"""Where two submissions share what: their lines in blocks, each with the number of the shared region it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from autograder.insight.similarity.fragments import LENGTH, Array, runs
from autograder.insight.similarity.reading import Sample

__all__ = ["Block", "Side", "TextFile", "side_by_side"]

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
