"""What `autograder grade` writes and prints of a class: the table, what stopped whole submissions, and what is odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.checks.wording import counted
from autograder.cli.known_hand_ins import show_keeping
from autograder.course.late import UNKNOWN, length
from autograder.messages import banners, next_step
from autograder.reports.class_folder import LEFT, Graded, price_of, write_class
from autograder.reports.final_points import known_hand_ins, unknown_before
from autograder.reports.grades import question_ids, usage_of, verdict_summary, waiting
from autograder.reports.marks import MARKS
from autograder.reports.pages.text import visible
from autograder.reports.regrading import counting_folder
from autograder.results import Report
from autograder.scoring import points_of, rounded, shown
from autograder.submissions.term import keep_graded

__all__ = ["deliver"]

_LONGEST_TABLE = 300  # students
_MOST_BANNERS = 20
_MOST_LATE = 20
_LONGEST_BANNER = 400  # characters


def deliver(screen: Console, name: str, out: Path, graded: Graded, known: int) -> int:
    """Write every file of a class that was graded, and print the table; returns the exit code.

    Args:
        screen: where it is printed.
        name: the assignment's.
        out: where the files go.
        graded: what grading gave.
        known: how many of the reports were there before.
    """
    made = write_class(out, graded)
    reports = made.reports
    if made.left:
        screen.print(
            f"Not among the submissions any more: {escape(', '.join(made.left))}. Their reports and pages are in "
            f"{escape(str(out / LEFT))}.",
            soft_wrap=True,
        )
    if made.earlier:
        screen.print(
            f"Not graded as they are now: {escape(', '.join(made.earlier))}. Their earlier reports count until then.",
            soft_wrap=True,
        )
    if known:
        screen.print(f"{known} of {len(reports)} reports were there already and are taken over as they are.")
    table = _table(reports) if len(reports) <= _LONGEST_TABLE else _too_many(reports)
    screen.print(f"\n[bold]{escape(graded.heading.assignment)}[/]", table, sep="\n")
    _show_banners(screen, reports)
    _point_out_late(screen, reports)
    for sentence in unknown_before(reports, known_hand_ins(out, reports, graded.term)):
        screen.print(f"[yellow]Late days:[/]      {escape(visible(sentence))}", soft_wrap=True)
    if counting_folder(out) == out:  # what was graded to be compared does not count yet
        show_keeping(screen, keep_graded(graded.term, name, out, made.hand_ins))
    screen.print(f"Used:           {usage_of(reports, price_of(graded.term))}", soft_wrap=True)
    _point_out(screen, out, reports, graded.names)
    _point_out_answers(screen, name, out, made.everybody)
    for alarm in made.alarms:
        screen.print(f"[bold yellow]Look at this:[/]   {escape(visible(alarm.sentence))}", soft_wrap=True)
    return 1 if any(report.internal for report in reports) else 0


def _too_many(reports: Sequence[Report]) -> str:
    """In place of the table of a large class: how many there are, and the middle of their points."""
    middle = median(rounded(report.points + report.bonus_points) for report in reports)
    whole = max(report.max_points for report in reports)
    return (
        f"{counted(len(reports), 'student')}, median {points_of(rounded(middle), whole)}. "
        f"A table is printed for up to {_LONGEST_TABLE}."
    )


def _table(reports: Sequence[Report]) -> Table:
    """Student, points per question, total, verdicts, seconds."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Student", overflow="fold")
    highest = {q.id: (q.max_points, q.bonus) for report in reports for q in report.questions}
    for id_ in question_ids(reports):
        most, bonus = highest[id_]
        head = f"{'+' if bonus else '/'}{shown(most)}" if most else "no points"
        table.add_column(f"{escape(id_)}\n{head}", justify="right", no_wrap=True)
    whole = max((report.max_points for report in reports), default=0.0)
    extra = sum(most for most, bonus in highest.values() if bonus)
    worth = f"{f'/{shown(whole)}' if whole else ''}{f'+{shown(extra)}' if extra else ''}"
    table.add_column(f"Total\n{worth or 'no points'}", justify="right", no_wrap=True)
    unread = any(report.waiting for report in reports)
    if unread:
        table.add_column("Manual", justify="right", no_wrap=True)
    table.add_column("Verdicts")
    table.add_column("Seconds", justify="right", no_wrap=True)
    for report in reports:
        points = {each.id: shown(each.points) if each.max_points else "-" for each in report.questions}
        total = shown(rounded(report.points + report.bonus_points)) if worth else "-"
        table.add_row(
            escape(report.student),
            *(points.get(id_, "") for id_ in question_ids(reports)),
            f"[bold]{total}[/]",
            *([f"[dim]{shown(waiting(report))}[/]"] if unread else []),
            f"[magenta]{verdict_summary(report)}[/]" if report.internal else verdict_summary(report),
            f"{report.resources.wall_seconds:.1f}",
        )
    return table


def _show_banners(screen: Console, reports: Sequence[Report]) -> None:
    """Errors that stopped several checks of a submission, once each."""
    found = banners(reports)
    for banner in found[:_MOST_BANNERS]:
        screen.print(
            f"{escape(banner.student)}: [red]one error stopped {banner.count} checks.[/] "
            f"{escape(visible(banner.sentence, _LONGEST_BANNER))}",
            soft_wrap=True,
        )
    if len(found) > _MOST_BANNERS:
        more = counted(len(found) - _MOST_BANNERS, "more such error")
        screen.print(f"{more} in the class summary.", soft_wrap=True)


def _point_out_late(screen: Console, reports: Sequence[Report]) -> None:
    """Who is late and what that costs, and whose hand-in time is not known."""
    late, states = [], dict[str, list[str]]()
    for report in reports:
        if (found := report.lateness) is None:
            continue
        if found.state in UNKNOWN:
            states.setdefault(found.state, []).append(report.student)
        elif found.seconds:
            days = f", {counted(found.late_days, 'late day')}" if found.late_days else ""
            by = length(timedelta(seconds=found.seconds))
            late.append(f"{report.student} ({by}{days}: -{shown(found.taken)})")
    if late:
        more = f" and {len(late) - _MOST_LATE} more" if len(late) > _MOST_LATE else ""
        screen.print(f"Late:           {escape(', '.join(late[:_MOST_LATE]))}{more}", soft_wrap=True)
    for state, students in states.items():
        named = f"{', '.join(students[:_MOST_LATE])}{' ...' if len(students) > _MOST_LATE else ''}"
        screen.print(
            f"[yellow]{state[0].upper()}{state[1:]}:[/] {escape(named)}. Nothing was taken off; `autograder collect "
            "... --times FILE` reads hand-in times.",
            soft_wrap=True,
        )


def _point_out_answers(screen: Console, name: str, out: Path, reports: Sequence[Report]) -> None:
    """What people still have to read."""
    unread = [check for report in reports for check in report.to_read]
    absent = sum(len(report.waiting) for report in reports) - len(unread)
    counting = counting_folder(out)
    command = f"autograder mark {name} --out {counting}"
    if counting != out and (unread or absent):
        text = f"what people grade is in no sum here; {counting / MARKS} holds for these results too ({command})"
        screen.print(f"Manual points:  {escape(text)}", soft_wrap=True)
    elif unread:
        points = counted(rounded(sum(check.by_hand for check in unread)), "point")
        left = f"{len(unread)} answer{' waits' if len(unread) == 1 else 's wait'}"
        text = f"{left} for a person: {points}, in no sum; {command}"
        screen.print(f"To be graded:   {escape(text)}", soft_wrap=True)
    elif absent:
        text = f"no answer to read; {command} counts {counted(absent, 'answer')} that nobody handed in as 0"
        screen.print(f"To be graded:   {escape(text)}", soft_wrap=True)


def _point_out(screen: Console, out: Path, reports: Sequence[Report], names: Mapping[str, str]) -> None:
    """Where everything lies."""
    ours = [report.student for report in reports if report.internal]
    for report in reports:
        if report.not_final:
            screen.print(f"Not final: {report.student}. {report.not_final}", markup=False, soft_wrap=True)
    if ours:
        screen.print(
            f"[magenta]Our fault, not scored:[/] {escape(', '.join(ours))}. {next_step(reports)}", soft_wrap=True
        )
    screen.print(f"Class summary:  {escape(str(out / 'summary.html'))}", soft_wrap=True)
    screen.print(f"Grades:         {escape(str(out / 'grades.csv'))}", soft_wrap=True)
    if final := [report for report in reports if not report.not_final]:
        example = min(final, key=lambda report: (abs(report.points - report.max_points / 2), report.student))
        page = out / "feedback" / f"{names[example.student]}.html"
        screen.print(f"Feedback:       {escape(str(page))} (one page per student)", soft_wrap=True)
