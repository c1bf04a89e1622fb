"""What `collect`, `grade` and `regrade --take` say after they kept when everybody handed in: what that changes."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from autograder.reports.pages.text import visible
from autograder.submissions.term import Keeping, OtherDays

__all__ = ["show_keeping"]

_MOST_NAMES = 20


def show_keeping(screen: Console, kept: Keeping) -> None:
    """Say why hand-in times could not be kept, or what was graded with other late days than there are now."""
    for sentence in (kept.problem, *map(_sentence, kept.other_days)):
        if sentence:
            screen.print(f"[yellow]Late days:[/]      {escape(visible(sentence, 2000))}", soft_wrap=True)


def _sentence(other: OtherDays) -> str:
    students = other.students
    more = f" and {len(students) - _MOST_NAMES} more" if len(students) > _MOST_NAMES else ""
    return (
        f"{other.assignment} has other late days now for {', '.join(students[:_MOST_NAMES])}{more}; tables and pages "
        f"in {', '.join(map(str, other.folders))} are from before: run its `autograder grade` command once more. "
        "Totals, exports and `publish` are right already."
    )
