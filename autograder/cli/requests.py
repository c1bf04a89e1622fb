"""`autograder requests`: students ask to look at a grade again; it is listed, answered and closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.checks.errors import UsageError
from autograder.cli.options import CourseOption, DatabaseOption, whole_within
from autograder.cli.stopping import Verbs

if TYPE_CHECKING:
    from autograder.course.roster import Roster
    from autograder.store import Store

__all__ = ["requests_app"]

_SHORT = 72
_MOST_NAMED = 20

requests_app = typer.Typer(
    cls=Verbs, help="Requests to look at a grade again.", no_args_is_help=True, rich_markup_mode=None
)
FolderOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="The folder that `autograder grade ... --out` wrote: its DIR/grader.db."),
]
NumberArgument = Annotated[
    int,
    typer.Argument(parser=whole_within(1, 10**12), metavar="NUMBER", help="The number that `requests list` shows."),
]


@requests_app.command("add")
def add_requests(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: student, assignment, question, text.")],
    *,
    assignment: Annotated[
        str, typer.Option("--assignment", metavar="NAME", help="What lines are about that name none.")
    ] = "",
    out: FolderOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Take requests from a file, such as the answers to a form.

    A request that is known already is not taken twice, so the whole file of a form can be given each time. Requests of
    students who are neither on the roster nor in the results database are not taken, and these students are named.

    Example: autograder requests add form.csv --assignment backprop --out graded
    """
    from autograder.checks.wording import counted
    from autograder.cli.common import console
    from autograder.cli.kept import address_of
    from autograder.formats.request_form import read_requests
    from autograder.reports.pages.text import visible
    from autograder.settings import near
    from autograder.store import Store, publishing
    from autograder.store.history import students

    asked = read_requests(file, assignment, datetime.now(UTC))
    assignments, roster = _of_course(course)
    with Store(address_of(db, out, course, there=True)) as store:
        with store.reading():
            graded = [name for (name,) in store.database.rows("SELECT name FROM assignments ORDER BY name")]
            people = [each.name for each in students(store.database) if each.forgotten is None]
        names = dict.fromkeys((*assignments, *graded))
        for name in filter(None, (assignment, *(each.assignment for each in asked))):
            if name not in names:
                raise UsageError(f"{file}: there is no assignment {name!r}; {near(name, names)} No request was added.")
        asked = tuple(replace(each, student=_id_of(each.student, roster)) for each in asked)
        known_people = dict.fromkeys((*(roster.by_id if roster else ()), *people))
        unknown = Counter(each.student for each in asked if each.student not in known_people)
        asked = tuple(each for each in asked if each.student in known_people)
        different = {_identity(each): each for each in asked}
        with store.writing("the requests"):  # what is known is read there: others may add the same form meanwhile
            known = {_identity(each) for each in publishing.requests(store.database)}
            fresh = [each for identity, each in different.items() if identity not in known]
            for each in fresh:
                publishing.add_request(store.database, each, store.change())
    console().print(f"{counted(len(fresh), 'request')} added, {len(asked) - len(fresh)} there already.")
    for name in list(unknown)[:_MOST_NAMED]:
        who = f"Nobody on the roster or in the results database is {name!r}; {near(name, known_people)}"
        console().print(visible(f"Not added: {counted(unknown[name], 'request')}. {who}"), markup=False, soft_wrap=True)
    if len(unknown) > _MOST_NAMED:
        console().print(f"Not added: the requests of {len(unknown) - _MOST_NAMED} more whom nobody knows.")
    if unknown:
        raise typer.Exit(1)


def _of_course(course: Path | None) -> tuple[tuple[str, ...], Roster | None]:
    """The assignments and the roster of the course; none where no course is named and none is here."""
    from autograder import loader
    from autograder.course import open_course
    from autograder.submissions.term import course_roster

    try:
        root, settings = open_course(course)
    except UsageError:
        if course is not None:
            raise
        return (), None
    return loader.names(root), course_roster(settings, root)


def _id_of(student: str, roster: Roster | None) -> str:
    """The id of somebody whom a form names by the id, an e-mail or an alias; what stands there if nobody is meant."""
    meant = roster.find([student], ()) if roster and student not in roster.by_id else ()
    return meant[0].id if len(meant) == 1 else student


def _identity(request: object) -> tuple[str, ...]:
    return tuple(getattr(request, name) for name in ("student", "assignment", "question", "text"))


@requests_app.command("list")
def list_requests(
    *,
    assignment: Annotated[str, typer.Option("--assignment", metavar="NAME", help="Of one assignment only.")] = "",
    student: Annotated[str, typer.Option("--student", metavar="STUDENT", help="Of one student only.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    out: FolderOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """List requests that are not closed, oldest first.

    Example: autograder requests list --out graded
    """
    from rich.markup import escape
    from rich.table import Table

    from autograder.cli.common import console
    from autograder.cli.kept import address_of
    from autograder.reports.pages.text import visible
    from autograder.store import Store, publishing

    with Store(address_of(db, out, course, there=True)) as store, store.reading():
        found = publishing.requests(store.database, assignment, student)
    listed = [each for each in found if everything or each.state != "closed"]
    screen = console()
    if not listed:
        screen.print("There are no requests." if not found else "All requests are closed.")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("Number", "Student", "About", "State", "Since", "Request"):
        table.add_column(title)
    for each in listed:
        about = f"{each.assignment} ({each.question})" if each.question else each.assignment
        text = " ".join(each.text.split())
        short = text if len(text) <= _SHORT else f"{text[:_SHORT]} …"
        made = f"{each.made:%Y-%m-%d}"
        table.add_row(str(each.id), *(escape(visible(part)) for part in (each.student, about, each.state, made, short)))
    screen.print(table)


@requests_app.command("show")
def show_request(
    number: NumberArgument,
    *,
    out: FolderOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Show a request as it was written, with its answer.

    Example: autograder requests show 3 --out graded
    """
    from autograder.cli.common import console
    from autograder.cli.kept import address_of
    from autograder.reports.pages.text import visible
    from autograder.store import Store, publishing

    with Store(address_of(db, out, course, there=True)) as store, store.reading():
        found = next((each for each in publishing.requests(store.database) if each.id == number), None)
    if found is None:
        raise UsageError(f"There is no request {number}; `autograder requests list --all` shows all of them.")
    about = f"{found.assignment}, question {found.question}" if found.question else found.assignment
    said = [f"Request {found.id} of {found.student} about {about}, {found.made:%Y-%m-%d %H:%M} UTC: {found.state}"]
    said += ["", found.text, *(["", f"Answer ({found.who}):", found.answer] if found.answer else [])]
    console().print(visible("\n".join(said), 30_000), markup=False, soft_wrap=True)


@requests_app.command("answer")
def answer_request(
    number: NumberArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The answer, in quotes.")],
    *,
    out: FolderOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Answer a request; it can be answered again until it is closed.

    Example: autograder requests answer 3 "You are right, see the new grade." --out graded
    """
    if not text.strip():
        raise UsageError("TEXT is empty; write the answer in quotes.")
    _change(number, text, out, db, course)


@requests_app.command("close")
def close_request(
    number: NumberArgument,
    *,
    out: FolderOption = None,
    db: DatabaseOption = None,
    course: CourseOption = None,
) -> None:
    """Close a request, answered or not; it stays in the list of all.

    Example: autograder requests close 3 --out graded
    """
    _change(number, None, out, db, course)


def _graded_form(store: Store, assignment: str) -> str:
    """The assignment as it was graded: as a notebook, where a request is about the scripts that nobody handed in."""
    from autograder.early_start import NOTEBOOK_FORM
    from autograder.store.runs import runs

    base = assignment.removesuffix(NOTEBOOK_FORM)
    forms = (assignment, base, f"{base}{NOTEBOOK_FORM}")
    return next((form for form in forms if runs(store.database, form)), assignment)


def _change(number: int, answer: str | None, out: Path | None, db: str | None, course: Path | None) -> None:
    """Answer or close a request."""
    from rich.markup import escape

    from autograder.cli.common import console
    from autograder.cli.kept import address_of
    from autograder.reports.pages.text import visible
    from autograder.store import Store, publishing

    with Store(address_of(db, out, course, there=True)) as store:
        with store.reading():
            found = next((each for each in publishing.requests(store.database) if each.id == number), None)
        if found is None:
            raise UsageError(f"There is no request {number}; `autograder requests list --all` shows all of them.")
        if found.state == "closed":
            raise UsageError(f"Request {number} is closed; a further one can be added for the student.")
        with store.writing(f"request {number}"):
            if answer is None:
                publishing.close_request(store.database, number, store.change())
            else:
                publishing.answer_request(store.database, number, answer, store.change())
        with store.reading():
            name = _graded_form(store, found.assignment)
    said = "answered" if answer is not None else "closed" if found.answer else "closed, without an answer"
    console().print(
        f"Request {number} is {said}. The student's own page says so after `autograder publish "
        f"{escape(visible(name))}`.",
        soft_wrap=True,
    )
