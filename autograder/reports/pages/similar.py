"""Submissions of a class that share more than the handout explains: the list of pairs, and two of them side by side.

Both pages say what was counted and what that can mean; neither says that anybody copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.insight.similarity.pairs import Pair
from autograder.insight.similarity.regions import Side
from autograder.reports.csv_files import csv_text
from autograder.reports.pages.student import Heading, render

__all__ = ["Likeness", "SimilarClass", "pair_page", "similar_csv", "similar_page"]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A listed pair: two submissions' names, the pair, the group that it belongs to (from 1), and its page."""

    first: str
    second: str
    pair: Pair
    cluster: int
    page: str


@dataclass(frozen=True, slots=True)
class SimilarClass:
    """What was found in a class.

    `clusters` are names, largest group first. `submissions`, `earlier` and `compared` count submissions, those of
    earlier years, and pairs; `typical` is the median share, `limit` the one from which on a pair is listed. `small`
    says that there are too few to see what is common. `unread` are names with the sentence why.
    """

    pairs: tuple[Likeness, ...]
    clusters: tuple[tuple[str, ...], ...]
    submissions: int
    earlier: int
    compared: int
    typical: float
    limit: float
    small: bool
    unread: tuple[tuple[str, str], ...]


def similar_page(found: SimilarClass, heading: Heading) -> str:
    """The list of pairs and clusters."""
    return render("similar.html", found=found, heading=heading)


def pair_page(likeness: Likeness, sides: Sequence[Side], regions: int, found: SimilarClass, heading: Heading) -> str:
    """Two submissions side by side; `regions` are numbered from 1, the longest first."""
    return render(
        "similar_pair.html", likeness=likeness, sides=sides, regions=regions, found=found, heading=heading, seen=set()
    )


def similar_csv(found: SimilarClass) -> str:
    """A row for each listed pair, strongest first; share from 0 to 1, evidence in nats."""
    rows: list[list[str | float | None]] = [
        ["first", "second", "share", "evidence", "fragments", "in_no_other", "cluster", "page"]
    ]
    for each in found.pairs:
        numbers = (round(each.pair.share, 4), round(each.pair.evidence, 1), each.pair.fragments, each.pair.only)
        rows.append([each.first, each.second, *numbers, each.cluster, each.page])
    return csv_text(rows)
