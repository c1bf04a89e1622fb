"""`autograder collect`: a download of a learning platform in; one folder for each attempt, and a table, out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import loader
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.cli.known_hand_ins import show_keeping
from autograder.course import Course, open_course
from autograder.formats.filing import Filing, collect_found
from autograder.formats.hand_in_times import FILES, HandInTimes, read_times
from autograder.formats.hand_ins import Asked, Collection, Line
from autograder.formats.lms.replies import reading_kept
from autograder.formats.lms.sites import SITES, Place, site_of
from autograder.formats.questions import QUESTIONS
from autograder.formats.sources import collect_source, is_download, refuse_other_folder
from autograder.grading.preparing import caps_for, dataset_for, settings_of
from autograder.submissions import Recogniser, Which, waiting_in
from autograder.submissions.attempts import is_collected, read_attempts
from autograder.submissions.names import printable
from autograder.submissions.term import course_roster, keep_collected, open_term

__all__ = ["Call", "collect_download", "collected_first"]

_KEPT = "What was collected is kept; the same command goes on from there."
_LONGEST_TABLE = 300  # students
_LONGEST_NAME = 40  # columns; a longer one is cut, because the notes need the width
_MOST_NOTES = 3
_STYLES = {
    "waits": "[yellow]waits for an answer[/]",
    "missing": "[red]missing[/]",
    "not fetched": "[red]not fetched[/]",
    "not on the roster": "[yellow]not on the roster[/]",
}


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder collect`; None means: as the course has it."""

    source: Path | Place
    assignment: str
    roster: Path | None
    due: datetime | None
    out: Path | None
    course: Path | None
    times: str | None = None
    token_file: Path | None = None

    @property
    def named(self) -> str:
        """What SOURCE is called in sentences."""
        return self.source.address if isinstance(self.source, Place) else str(self.source)


def collect_download(call: Call) -> int:
    """Collect, and print the table; returns the exit code: 1 where something waits, or could not be read."""
    root, course = open_course(call.course)
    into = call.out or root / "submissions" / call.assignment
    try:
        collection = _collect(call, root, course, into)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*([_KEPT] if is_collected(into) else [])) from None
    show(console(), call.named, into, collection)
    show_keeping(console(), keep_collected(root, course, call.assignment, into))
    return 1 if collection.questions or collection.unread else 0


def _collect(call: Call, root: Path, course: Course, into: Path) -> Collection:
    loaded = loader.load(root, call.assignment)
    dataset, _ = dataset_for(loaded, settings_of(None, course, loaded))
    term = open_term(root, course, call.roster)
    roster = term.roster or course_roster(course, root, call.roster)
    due = call.due.replace(tzinfo=UTC) if call.due and call.due.tzinfo is None else call.due
    times = HandInTimes(FILES) if call.times == FILES else None
    if call.times not in (None, FILES):
        times = read_times(Path(call.times or ""), course.timezone)
    filing = Filing(
        into,
        Asked(call.assignment, tuple(loaded.assignment.handed_in), due, term=term),
        roster,
        caps_for(loaded, dataset),
        Recogniser.of(loaded, accept=course.accept_close_names),
    )
    if isinstance(call.source, Place):
        return _collect_from(call, call.source, filing)
    if not call.source.exists():
        collect_source(call.source, into, filing)  # which says so, before anything is made
    with staging(into) as folder:
        return collect_source(call.source, folder, filing, times=times)


def _collect_from(call: Call, place: Place, filing: Filing) -> Collection:
    """Collect from the web service of a platform, without an archive in between."""
    if call.times is not None:
        raise UsageError(f"--times is for downloads without hand-in times; {place.called} says them by itself.")
    refuse_other_folder(place.address, filing.into, filing.asked)
    site = site_of(place, call.token_file)
    there = site.assignment()
    with staging(filing.into) as folder:
        found = site.hand_ins()
        kind = SITES[place.platform].source
        reading_kept(found, read_attempts(filing.into), kind, filing.into)
        collection = collect_found(found, kind, place.address, folder, filing)
    collection.said = f"the assignment {printable(there.title)!r} in {place.called}"
    return collection


def collected_first(
    screen: Console, source: Path, assignment: str, root: Path, course: Course, *, collect: bool = True
) -> Path:
    """The folder that is graded: what was named, or, where that is a download of a learning platform, its attempts.

    Raises:
        UsageError: it is a download that cannot be collected, or is not to be.
    """
    into = root / "submissions" / assignment
    if source.exists() and not is_collected(source) and is_download(source, assignment):
        if not collect:
            raise UsageError(
                f"{source} is a download of a learning platform, and --forecast collects nothing; run "
                f"`autograder collect {source} --assignment {assignment}`, then name {into}."
            )
        screen.print("This is a download of a learning platform, so it is collected first.")
        collection = _collect(Call(source, assignment, None, None, None, root), root, course, into)
        show(screen, source, into, collection, table=False)
        show_keeping(screen, keep_collected(root, course, assignment, into))
        source = into
    if waiting := waiting_in(source, Which(open_term(root, course), assignment)):
        screen.print(
            f"Not graded, because {escape(str(source / QUESTIONS))} waits for an answer: {escape(', '.join(waiting))}.",
            soft_wrap=True,
        )
    return source


def show(screen: Console, source: Path | str, into: Path, collection: Collection, *, table: bool = True) -> None:
    """Say what the source is, show everybody, and say what is to be done."""
    screen.print(f"{escape(str(source))} is {escape(collection.said)}.", soft_wrap=True)
    lines = collection.lines if table else []
    if len(lines) > _LONGEST_TABLE:
        plain = sum(each.state == "collected" and not each.notes for each in lines)
        lines = [each for each in lines if each.state != "collected" or each.notes]
        screen.print(f"Collected without a note, and not in the table: {counted(plain, 'student')}.")
    if lines:
        screen.print(_table(lines))
    for note in collection.notes:
        screen.print(escape(note), soft_wrap=True)
    if collection.beside:
        screen.print(f"Not taken for hand-ins: {escape(', '.join(sorted(collection.beside)[:20]))}.", soft_wrap=True)
    missing = sum(each.state == "missing" for each in collection.lines)
    if missing:
        screen.print(f"Missing:     {counted(missing, 'student')}")
    done = f"{counted(collection.new, 'attempt')} collected"
    if collection.changed:
        done += f", {collection.changed} changed"
    screen.print(f"Collected:   {done}, {collection.known} there already, in {escape(str(into))}", soft_wrap=True)
    if collection.unread:
        screen.print(
            "[yellow]Not read:[/]    something could not be read or fetched; run the same command again later."
        )
    if collection.questions:
        screen.print(
            f"[yellow]To answer:[/]   {counted(collection.questions, 'question')} in {escape(str(into / QUESTIONS))}: "
            "fill in the column answer, and run the same command again. Until then these attempts are not graded.",
            soft_wrap=True,
        )


def _table(lines: list[Line]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("Student", no_wrap=True, max_width=_LONGEST_NAME)
    if any(line.name not in ("", line.student) for line in lines):
        table.add_column("Name", max_width=_LONGEST_NAME)
    table.add_column("State")
    table.add_column("Attempts", justify="right")
    table.add_column("Counts", justify="right")
    table.add_column("Handed in (UTC)")
    table.add_column("Notes", overflow="fold")
    for line in lines:
        received = f"{line.received.astimezone(UTC):%Y-%m-%d %H:%M}" if line.received else ""
        notes = list(line.notes[:_MOST_NOTES])
        if len(line.notes) > _MOST_NOTES:
            notes.append(f"And {len(line.notes) - _MOST_NOTES} more.")
        table.add_row(
            escape(line.student),
            *([escape(line.name)] if len(table.columns) == 7 else []),
            _STYLES.get(line.state, line.state),
            str(line.attempts or ""),
            str(line.counts or ""),
            f"{received} late".strip() if line.late else received,
            escape(" ".join(notes)),
        )
    return table
