"""The command line: one function a verb. Only what `--help` needs is imported here; the rest when a verb runs.

Exit codes: 0 done, 1 some report is INTERNAL or what a verb tries did not hold, 2 a wrong call or a course that cannot
be used, 3 our fault, 130 stopped.
"""

from __future__ import annotations

import atexit
import copy
import errno
import gc
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from autograder import __version__, atomic_files, early_stop
from autograder.checks.errors import GraderError
from autograder.checks.wording import reason_of
from autograder.cli.authoring import audit, calibrate, init, new, release, validate
from autograder.cli.bundle import bundle
from autograder.cli.cluster import cluster_app
from autograder.cli.export import export_app
from autograder.cli.grading import check, collect, grade, leaderboard, mark, replay, similar, total
from autograder.cli.importing import import_app
from autograder.cli.keeping import backup, forget, restore, review
from autograder.cli.log import log
from autograder.cli.machine import doctor, fetch_data, image, list_data
from autograder.cli.platforms import courses, push
from autograder.cli.publishing import publish, regrade
from autograder.cli.requests import requests_app
from autograder.cli.stopping import Verbs
from autograder.optional_packages import missing

__all__ = ["app", "main"]

_OBJECTS_BEFORE_GARBAGE = 50_000

app = typer.Typer(
    name="autograder",
    cls=Verbs,
    help="Assignments, releases and fair, sandboxed grades for machine-learning courses.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(
    cls=Verbs, help="Data sets: what is there, and fetching them.", no_args_is_help=True, rich_markup_mode=None
)
for verb in (
    new,
    init,
    release,
    bundle,
    validate,
    audit,
    calibrate,
    collect,
    grade,
    check,
    regrade,
    leaderboard,
    mark,
    publish,
    courses,
    push,
    total,
    similar,
    replay,
    image,
    doctor,
):
    app.command()(verb)
for keeping in (backup, restore, forget, log, review):
    app.command()(keeping)
data_app.command("list")(list_data)
data_app.command("fetch")(fetch_data)
app.add_typer(data_app, name="data")
app.add_typer(cluster_app, name="cluster")
app.add_typer(export_app, name="export")
app.add_typer(import_app, name="import")
app.add_typer(requests_app, name="requests")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Assignments, releases and fair, sandboxed grades for machine-learning courses."""


def main() -> None:
    """Run the command line; errors become one sentence on standard error."""
    early_stop.answer()
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)  # imports make little; looking for it took a tenth of the time
    gc.enable()  # it was off (`autograder.__main__`)
    atexit.register(gc.freeze)  # so that nothing is looked through at the end, where everything goes anyway
    try:
        _of_call(sys.argv[1:2])(prog_name="autograder")
    except GraderError as error:
        _say(str(error))
        sys.exit(2)
    except OSError as error:
        if not error.errno:
            _ours(error)
        _say(_about_the_machine(error))
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 (nobody should meet a traceback)
        if needed := missing(error, " ".join(["autograder", *sys.argv[1:2]])):
            _say(f"{needed}.")
            sys.exit(2)
        _ours(error)


def _of_call(words: list[str]) -> typer.Typer:
    """The command line with the verb that is called alone: reading the signatures of all others takes 50 ms.

    Where the first word is no verb, all are there, to be listed or suggested.
    """
    commands = [each for each in app.registered_commands if each.name in words or _named(each.callback) in words]
    groups = [each for each in app.registered_groups if each.name in words]
    if not commands and not groups:
        return app
    called = copy.copy(app)
    called.registered_commands, called.registered_groups = commands, groups
    return called


def _named(verb: Any) -> str:
    """The name that typer gives to the verb of a function."""
    return str(verb.__name__).replace("_", "-")


def _ours(error: Exception) -> NoReturn:
    _say(f"This is our fault: {type(error).__name__}: {error}; please report it{_written(error)}.")
    sys.exit(3)


def _about_the_machine(error: OSError) -> str:
    """What the system refused: a full disk, a folder that may not be written, a name that is too long."""
    steps = {
        errno.ENOSPC: "make room on that disk, and run the command again",
        errno.EDQUOT: "make room in your quota, and run the command again",
        errno.ENAMETOOLONG: "give a shorter name",
        errno.EACCES: "change its permissions, or name another place",
        errno.EPERM: "change its permissions, or name another place",
        errno.EROFS: "name a place that can be written",
    }
    where = f"{atomic_files.given_folder(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
    step = f"; {steps[error.errno]}" if error.errno in steps else ""
    said = f"{where}{reason_of(error)}{step}."
    return said if where else said[0].upper() + said[1:]


def _say(sentence: str) -> None:
    typer.secho(f"Error: {sentence}", fg="red", err=True)


def _written(error: Exception) -> str:
    """Where the way to an error was put, to be sent to others: the end of a sentence."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="autograder-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"autograder {__version__}, Python {sys.version}\n{_without_names(error)}")
    except OSError:
        return ""
    return f" with the file {path}"


def _without_names(error: BaseException | None) -> str:
    """The verb, its options without their values, and the lines of code that led to an error, without its message.

    Values and messages may name students; whoever saw the message can decide what of it to report.
    """
    options = [word.partition("=")[0] for word in sys.argv[2:] if word.startswith("-")]
    lines = [" ".join([*sys.argv[1:2], *options]), "\n"]
    while error is not None:
        lines += ["\n", type(error).__name__, "\n", *traceback.format_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines)
