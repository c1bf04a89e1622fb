"""What a second grading of a class changes, for staff: by which check, and who gains and loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.reports.changes import StudentChange, blamed, change_sentence
from autograder.reports.pages.student import Heading, render

__all__ = ["changes_page"]

_LEFT, _RIGHT = 8.0, 632.0
_MOST_DRAWN = 120


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A student's points before and after as places on the axis."""

    change: StudentChange
    x1: float
    x2: float


def changes_page(found: Sequence[StudentChange], everybody: int, heading: Heading) -> str:
    """One self-contained page; of more than 120 students the plot shows those with the largest changes.

    Args:
        found: who gains or loses, as `autograder.reports.changes.changes` gives them.
        everybody: how many were graded.
        heading: what stands on top of the page.
    """
    most = max((points for each in found for points in (*each.most, each.before or 0.0, each.after or 0.0)), default=0)
    moved = [each for each in found if each.difference and each.before is not None and each.after is not None]
    largest = sorted(moved, key=lambda each: -abs(each.difference))[:_MOST_DRAWN]

    def place(points: float | None) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * max(points or 0.0, 0.0) / most, 1) if most else _LEFT

    drawn = [_Drawn(each, place(each.before), place(each.after)) for each in moved if each in largest]
    return render(
        "changes.html",
        heading=heading,
        changes=found,
        sentence=change_sentence(found, everybody),
        blamed=blamed(found),
        drawn=drawn,
        most=most,
    )
