"""`autograder publish`: what each student gets, what changed since the last time, and who was shown what and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import loader
from autograder import reports as export
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import DATABASE, console, staging
from autograder.course import open_course
from autograder.formats.recorded_marks import lost_sentence, missing_file, recorded_marks
from autograder.formats.request_form import answered_requests
from autograder.reports import pages
from autograder.reports.final_points import final_reports, known_hand_ins, unknown_before
from autograder.reports.pages.text import visible
from autograder.reports.publishing import (
    EARLIER,
    PUBLISHED,
    TABLE,
    Held,
    StudentPage,
    published_names,
    ready_pages,
    withdrawn,
    write_pages,
)
from autograder.reports.regrading import signed
from autograder.reports.visibility import moment_at
from autograder.scoring import points_of, rounded
from autograder.store import Store, publishing, sqlite_address
from autograder.store.records import Publication
from autograder.store.runs import runs
from autograder.submissions.term import term_at

__all__ = ["Call", "publish_grades"]

_LONGEST_TABLE = 60  # students


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder publish`."""

    name: str
    out: Path
    to: Path | None
    unfinished: bool
    pdf: bool
    dry_run: bool
    db: str | None
    course: Path | None


def publish_grades(call: Call) -> int:
    """Write what students get, keep what each was shown, and print what changed; 1 where somebody has to wait.

    Raises:
        UsageError: the folder has no reports of this assignment, or something cannot be read or written.
    """
    root, course = open_course(call.course)
    folder = call.to or call.out / PUBLISHED
    screen = console()
    address = call.db or course.database or sqlite_address(call.out.resolve() / DATABASE)
    if not call.db:
        _refuse_lost(call.out, course.database)
    with staging(call.out):
        found = export.read_reports(call.out)
        if other := {report.assignment for report in found} - {call.name}:
            raise UsageError(f"{call.out} holds reports of {', '.join(sorted(other))}; name the folder of {call.name}.")
        heading = pages.Heading(course.title, loader.load(root, call.name).assignment.title)
        names = export.file_names(report.student for report in found)
        moment = moment_at(datetime.now(UTC), None, published=True)
        term = term_at(call.course)
        recorded = recorded_marks(call.out, found, call.db or course.database, begins=bool(call.db))
        if said := lost_sentence(call.out, found, recorded):
            screen.print(escape(said), soft_wrap=True)
        reports = final_reports(call.out, term, recorded)
        remarks = unknown_before(reports, known_hand_ins(call.out, found, term))
        requests = answered_requests(call.out, call.name, call.db or course.database)
        made, held = ready_pages(reports, heading, names, moment, requests, unfinished=call.unfinished)
        gone = withdrawn(folder, made)
        with Store(address) as store:
            before, fresh = _given_out(call, folder, store, made)
    _show(screen, call, folder, made, fresh, before, held)
    for sentence in remarks:
        screen.print(f"[yellow]Late days:[/] {escape(visible(sentence))}", soft_wrap=True)
    if gone:
        _show_withdrawn(screen, call, folder, gone)
    return 1 if held else 0


def _refuse_lost(out: Path, named: str | None) -> None:
    """Refuse to begin a new results database beside pages that were published with another one.

    Raises:
        UsageError: there are such pages and no database, that of the folder or the one that the course names.
    """
    path = out / DATABASE
    lost = bool(missing_file(named)) if named else not (path.is_file() and path.stat().st_size)
    if lost and published_names(out):
        raise UsageError(
            f"{out} has published pages, but no results database {missing_file(named) if named else DATABASE}, which "
            "keeps who was shown what; put it back, or restore a backup with `autograder restore`. "
            f"`--db {named or sqlite_address(path.resolve())}` begins a new one."
        )


def _given_out(
    call: Call, folder: Path, store: Store, made: Sequence[StudentPage]
) -> tuple[dict[str, Publication], list[StudentPage]]:
    """Write pages and keep who is shown what; returns what was shown before, by student, and new pages."""
    with store.reading():
        before = {each.student: each for each in publishing.publications(store.database, call.name)}
        numbers = {(run.student, run.key): run.id for run in runs(store.database, call.name)}
    fresh = [page for page in made if _is_new(page, before)]
    if not call.dry_run:
        write_pages(folder, call.out / EARLIER, made, _printed(made) if call.pdf else {})
        with store.writing("what students are shown"):
            for page in fresh:
                publishing.publish(store.database, _publication(page, numbers), store.change())
    return before, fresh


def _printed(made: Sequence[StudentPage]) -> Mapping[str, bytes]:
    from autograder.formats.nbgrader.conversions import pdf_of

    return {page.report.student: pdf_of(page.html) for page in made}


def _is_new(page: StudentPage, before: Mapping[str, Publication]) -> bool:
    last = before.get(page.report.student)
    return last is None or last.sha256 != page.sha256


def _publication(page: StudentPage, numbers: Mapping[tuple[str, str], int]) -> Publication:
    report = page.report
    return Publication(
        report.student,
        report.assignment,
        page.sha256,
        report.points,
        report.max_points,
        report.bonus_points,
        numbers.get((report.student, report.replay.key)),
    )


def _show(
    screen: Console,
    call: Call,
    folder: Path,
    made: Sequence[StudentPage],
    fresh: Sequence[StudentPage],
    before: Mapping[str, Publication],
    held: Sequence[Held],
) -> None:
    changed = [page for page in fresh if page.report.student in before]
    first = len(fresh) - len(changed)
    would = "Would publish" if call.dry_run else "Published"
    screen.print(
        f"{would}: {counted(first, 'page')} for the first time, {counted(len(changed), 'page')} changed, "
        f"{counted(len(made) - len(fresh), 'page')} as {'it was' if len(made) - len(fresh) == 1 else 'they were'}."
    )
    if changed:
        screen.print(_table(changed[:_LONGEST_TABLE], before))
        if len(changed) > _LONGEST_TABLE:
            screen.print(f"And {counted(len(changed) - _LONGEST_TABLE, 'page')} more.")
    for each in held:
        screen.print(f"Not published: {escape(visible(each.student))}, {escape(each.why)}.", soft_wrap=True)
    if held and not call.unfinished:
        screen.print("With --unfinished pages with open points are published as well; what is not final is not.")
    if made and not call.dry_run:
        screen.print(f"Pages:     {escape(str(folder))}, listed in {TABLE}", soft_wrap=True)


def _show_withdrawn(screen: Console, call: Call, folder: Path, names: Sequence[str]) -> None:
    """Say whose pages leave the folder; what was handed out of them already is out of our reach."""
    listed = escape(visible(", ".join(f"{name}.html" for name in names)))
    removed = "Would be removed" if call.dry_run else "Removed"
    screen.print(f"{removed} from {escape(str(folder))}, as no page is published: {listed}.", soft_wrap=True)


def _table(changed: Sequence[StudentPage], before: Mapping[str, Publication]) -> Table:
    """Who was shown other points, or another page, the last time."""
    table = Table(box=None, pad_edge=False)
    for title in ("Student", "Shown before", "Now", "Change"):
        table.add_column(title, justify="left" if title == "Student" else "right")
    for page in changed:
        report, last = page.report, before[page.report.student]
        old = (last.points or 0.0) + (last.bonus_points or 0.0)
        new = report.points + report.bonus_points
        difference = rounded(new - old)
        table.add_row(
            escape(visible(report.student)),
            points_of(rounded(old), last.max_points or 0.0),
            points_of(rounded(new), report.max_points),
            signed(difference) if difference else "the words",
        )
    return table
