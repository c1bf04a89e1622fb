"""`autograder log`: who changed what and when, as the results database has it, chosen by student, time, user or kind.

The log names students by their ids alone, and holds numbers, states and references. Of a student who was forgotten
there are the same lines, under the pseudonym.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.checks.errors import UsageError
from autograder.cli.options import CourseOption, DatabaseOption, moment

if TYPE_CHECKING:
    from autograder.store.records import LogEntry

__all__ = ["log", "log_table"]

_HEADS = ("time (UTC)", "who", "kind", "student", "assignment", "about", "before", "after")


def log(
    *,
    student: Annotated[str, typer.Option("--student", metavar="STUDENT", help="Only what is about this student.")] = "",
    assignment: Annotated[
        str, typer.Option("--assignment", metavar="NAME", help="Only what is about this assignment.")
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option("--since", parser=moment, metavar="TIME", help="Only from this time on; UTC without an offset."),
    ] = None,
    who: Annotated[str, typer.Option("--who", metavar="USER", help="Only what this user changed.")] = "",
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Only one kind, such as graded, marked or published.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on each line, for programs.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote: its grader.db."),
    ] = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """List who changed what and when, oldest first.

    One line for each grading, mark, comment, publication, step of a request, erased student and restored backup, with
    the value before and after. It has ids and numbers, and no names and no texts that somebody wrote. Lines of a
    forgotten student stay under the pseudonym.

    Example: autograder log --student ada --since 2026-11-01 --out graded
    """
    from autograder.cli.kept import address_of
    from autograder.settings import near
    from autograder.store import Store
    from autograder.store.history import VERBS, log_entries

    if kind and kind not in VERBS:
        raise UsageError(f"--kind {kind!r} is not one of {', '.join(VERBS)}; {near(kind, VERBS)}")
    start = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
    with Store(address_of(db, out, course, there=True)) as store, store.reading():
        found = log_entries(store.database, student=student, assignment=assignment, since=start, who=who, verb=kind)
    if as_json:
        for entry in found:
            typer.echo(_json(entry))
    elif found:
        typer.echo(log_table(found))
    else:
        typer.echo("There are no such lines in the log.")


def log_table(entries: Sequence[LogEntry]) -> str:
    """A line for each entry below one of titles, with the columns at the same place; an empty column is left out."""
    from autograder.reports.pages.text import visible

    rows = [_HEADS, *(tuple(" ".join(visible(cell or "").split()) for cell in _cells(entry)) for entry in entries)]
    kept = [number for number in range(len(_HEADS)) if any(row[number] for row in rows[1:])]
    widths = {number: max(len(row[number]) for row in rows) for number in kept}
    return "\n".join("  ".join(row[number].ljust(widths[number]) for number in kept).rstrip() for row in rows)


def _cells(entry: LogEntry) -> tuple[str | None, ...]:
    at = f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return (at, entry.who, entry.verb, entry.student, entry.assignment, entry.subject, entry.before, entry.after)


def _json(entry: LogEntry) -> str:
    import msgspec

    names = ("who", "kind", "student", "assignment", "about", "before", "after")
    return msgspec.json.encode({"at": entry.at, **dict(zip(names, _cells(entry)[1:], strict=True))}).decode()
