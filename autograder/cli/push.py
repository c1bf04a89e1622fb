"""`autograder push`: who has which grade on a learning platform, which would be written, and then writing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.formats.class_grades import ClassGrades, class_grades
from autograder.formats.lms.pushing import Asked, NotCertain, Plan, Step, planned, pushed
from autograder.formats.lms.records import JOURNAL, Journal
from autograder.formats.lms.sites import SITES, is_address, place_of, site_of
from autograder.reports.pages.text import visible
from autograder.scoring import shown

__all__ = ["Call", "push_grades"]

_LONGEST_TABLE = 400  # students
_KEPT = "What was written is known; the same command goes on from there."


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder push`."""

    out: Path
    to: str
    yes: bool
    comments: bool
    overwrite: bool
    scale: bool | None
    roster: Path | None
    submissions: Path | None
    token_file: Path | None
    course: Path | None


def push_grades(call: Call) -> int:
    """Show what would change, or write it; 1 where somebody was not found, or something could not be written.

    Raises:
        UsageError: the folder has no grades, the address names no assignment, or the platform refuses.
    """
    place = place_of(call.to)
    screen = console()
    grades = class_grades(call.out, course=call.course, roster=call.roster, submissions=call.submissions)
    site = site_of(place, call.token_file, writing=True)
    asked = Asked(call.scale, call.comments, call.overwrite)
    with staging(call.out):
        journal = Journal.of(call.out / place.platform / JOURNAL, place.address)
        plan = planned(site, SITES[place.platform].source, grades, journal, asked)
        screen.print(f"{place.address} is the assignment {_safe(plan.there.title)!r} in {place.called}.", markup=False,
                     soft_wrap=True)  # fmt: skip
        if others := [each for each in grades.downloads if is_address(each) and each != place.address]:
            screen.print(
                f"The submissions were collected from another page: {_safe(', '.join(others))}.",
                markup=False,
                soft_wrap=True,
            )
        _show(screen, plan)
        failed: list[str] = []
        uncertain: list[str] = []
        if call.yes:
            try:
                for step, problem in pushed(site, plan, journal):
                    if problem:
                        which = uncertain if isinstance(problem, NotCertain) else failed
                        which.append(f"{step.seat.shown} ({problem})")
                        continue
                    screen.print(f"Written:     {_safe(step.seat.shown)}", markup=False, soft_wrap=True)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_KEPT) from None
        _sum_up(screen, call, plan, grades, failed, uncertain)
    return int(bool(failed or uncertain or plan.placed.left or plan.placed.unsure))


def _show(screen: Console, plan: Plan) -> None:
    """A line for everybody whose grade or comment changes, or does not although there is one here."""
    listed = [each for each in plan.steps if each.writes or each.why]
    if not listed:
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("Student", "There", "New", "Comment", "Notes"):
        table.add_column(title, justify="right" if title in ("There", "New") else "left", overflow="fold")
    for step in listed[:_LONGEST_TABLE]:
        before = step.seat.present.points
        table.add_row(
            escape(_safe(step.seat.shown)),
            "" if before is None else shown(before),
            "" if step.new is None else shown(step.new),
            _comment(step),
            escape(_notes(step)),
        )
    screen.print(table)
    if len(listed) > _LONGEST_TABLE:
        screen.print(f"And {counted(len(listed) - _LONGEST_TABLE, 'student')} more.")


def _comment(step: Step) -> str:
    if step.comment is None:
        return ""
    return "text and page" if step.comment.text and step.comment.file else "page" if step.comment.file else "text"


def _notes(step: Step) -> str:
    notes = [step.why] if step.why else []
    if step.seat.present.taken:
        notes.append(f"the platform takes {counted(step.seat.present.taken, 'point')} off for lateness, too")
    said = "; ".join(notes)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _sum_up(
    screen: Console, call: Call, plan: Plan, grades: ClassGrades, failed: Sequence[str], uncertain: Sequence[str]
) -> None:
    """Say how many, who is left, and what is to be done."""
    writing = [each for each in plan.steps if each.writes]
    same = sum(not each.writes and not each.why for each in plan.steps)
    number = len(writing) - len(failed) - len(uncertain)
    screen.print(f"{'Written' if call.yes else 'Would write'}: {counted(number, 'student')}; as it is already: {same}.")
    for what, who in (
        ("Not written", failed),
        ("Not certain, so run the same command again", uncertain),
        ("Graded, but not found there", [each.student for each in plan.placed.left]),
        ("There, but without a grade here", plan.without),
        ("Handed in, but not graded yet", grades.ungraded),
    ):
        if who:
            screen.print(f"{what}: {_safe(', '.join(who))}.", markup=False, soft_wrap=True)
    unpublished = sum(each.why.startswith("not published") for each in plan.steps)
    if unpublished:
        screen.print(
            f"Not published as it is now: {counted(unpublished, 'student')}; run `autograder publish "
            f"{grades.assignment} --out {call.out}` first.",
            markup=False,
            soft_wrap=True,
        )
    for remark in (*plan.there.remarks, *grades.remarks):
        screen.print(_safe(remark), markup=False, soft_wrap=True)
    if writing and not call.yes:
        screen.print("Nothing was written; the same command with --yes writes it.")


def _safe(text: str) -> str:
    return visible(text).replace("\n", " ")
