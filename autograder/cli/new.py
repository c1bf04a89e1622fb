"""`autograder new`: start an assignment, from nothing or from a solved reference."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console
from autograder.cli.import_otter import show_imported
from autograder.course import open_course
from autograder.formats.otter import import_otter
from autograder.grading.preparing import settings_of
from autograder.scaffold import Recipe, Started, start_blank, start_from
from autograder.scaffold.reference import Progress as ShowsProgress
from autograder.scaffold.reference import is_otter

__all__ = ["Call", "new_assignment"]


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder new`; None or empty means: left out."""

    name: str
    source: Path | None
    example: Path | None
    arguments: str
    seconds: float
    tests: tuple[Path, ...]
    data: Path | None
    course: Path | None


def new_assignment(call: Call) -> None:
    """Write the folders of a new assignment, and say what to do next."""
    root, course = open_course(call.course, beginning=call.name)
    if call.source is None:
        if call.example is not None or call.arguments or call.tests:
            raise UsageError("--example, --arguments and --tests belong to --from; name the solved reference with it.")
        started = start_blank(root, call.name)
    elif is_otter(call.source):
        imported = import_otter(root, call.source, call.name)
        show_imported(imported, root, listed=imported.name in course.assignments)
        return
    else:
        try:
            arguments = tuple(shlex.split(call.arguments))
        except ValueError as error:
            raise UsageError(f"--arguments {call.arguments!r}: {error}; close every quotation mark.") from None
        recipe = Recipe(call.source, call.example, arguments, call.tests, call.seconds)
        from autograder.scaffold.files import stand_ins

        with _drafting() as shown:
            started = start_from(root, call.name, recipe, stand_ins(settings_of(call.data, course)), shown)
    _show(call.name, started, root, listed=call.name in course.assignments)


@contextmanager
def _drafting() -> Iterator[ShowsProgress]:
    """What is being drafted, and how far that is: a bar on a terminal, elsewhere a line for each function."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    screen = console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    last = ""
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as bar:
        task = bar.add_task("Running the example", total=None)

        def shown(function: str, done: int, total: int) -> None:
            nonlocal last
            text = f"Drafting checks of {function}" if function else "Running the example"
            bar.update(task, description=escape(text), completed=done, total=total)
            if not screen.is_terminal and text != last:
                screen.print(f"{text}{f' ({done + 1} of {total})' if function else ''}", markup=False, soft_wrap=True)
            last = text

        yield shown


def _show(name: str, started: Started, root: Path, *, listed: bool) -> None:
    screen = console()
    for path in started.files:
        screen.print(f"Written: {escape(str(path.relative_to(root)))}", soft_wrap=True)
    if started.renamed:
        screen.print(escape(started.renamed), soft_wrap=True)
    if started.example:
        ended = "cut when its time was over; what it had called by then counts" if started.cut else "run to its end"
        screen.print(f"The example was {ended}: {escape(started.example)}.", soft_wrap=True)
    screen.print(
        f"{counted(started.questions, 'question')}, {counted(started.checks, 'check')}, "
        f"{counted(started.points, 'point')}."
    )
    for note in started.notes:
        screen.print(f"[yellow]No check yet:[/] {escape(note)}", soft_wrap=True)
    if not listed:
        screen.print(f'Add "{escape(name)}" to the assignments in grader_config.py.')
    screen.print("Next:")
    for verb, why in (
        ("validate", "is it fit to be handed out?"),
        ("audit", "which mistakes do its checks catch?"),
        ("release", "write what students get"),
    ):
        screen.print(f"  autograder {verb} {escape(name)}  # {why}")
