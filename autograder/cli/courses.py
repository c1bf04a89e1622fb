"""`autograder courses`: what there is on a learning platform, with the addresses that other verbs take."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from autograder.cli.common import console
from autograder.formats.lms.sites import place_of, site_of
from autograder.reports.pages.text import visible
from autograder.scoring import shown

__all__ = ["list_courses"]


def list_courses(address: str, platform: str | None, token_file: Path | None) -> None:
    """Print the courses of a site, or the assignments of a course.

    Raises:
        UsageError: the address is none, or the platform does not answer.
    """
    place = place_of(address, platform, assignment=False)
    site = site_of(place, token_file)
    screen = console()
    table = Table(box=box.SIMPLE, pad_edge=False)
    if place.course:
        for title in ("Assignment", "Due (UTC)", "Points", "Address"):
            table.add_column(title, no_wrap=title == "Address")
        for each in site.assignments():
            due = f"{each.due.astimezone(UTC):%Y-%m-%d %H:%M}" if each.due else ""
            table.add_row(_safe(each.title), due, "" if each.most is None else shown(each.most), each.address)
    else:
        for title in ("Course", "Address"):
            table.add_column(title, no_wrap=title == "Address")
        for course in site.courses():
            table.add_row(_safe(course.title), course.address)
    if table.row_count:
        screen.print(table)
    else:
        what = "assignments" if place.course else "courses of the token's user"
        screen.print(f"{escape(place.address)} has no {what}.", soft_wrap=True)


def _safe(text: str) -> str:
    return escape(visible(text).replace("\n", " "))
