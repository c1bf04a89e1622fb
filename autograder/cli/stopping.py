"""Ctrl-C: one sentence that says what was kept and how to go on, and the exit code 130, for every verb.

What a verb has changed when it is stopped follows from how it writes: files and folders as a whole or not at all
(`autograder.atomic_files`), results one by one. A verb that knows more says so with `if_stopped`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from autograder.cli.options import read_plainly
from autograder.formats.exporters import EXPORTERS

__all__ = ["SENTENCES", "STOPPED", "Verbs", "if_stopped"]

STOPPED = 130
"""The exit code after Ctrl-C."""

_NOTHING = "Nothing was changed; run the same command again."
_GOES_ON = "Nothing that was finished is lost; the same command goes on from there."

SENTENCES = {
    "new": "Nothing was written; run the same command again.",
    "init": "Nothing was written; run the same command again.",
    "release": "Nothing was released, and a release that was there is unchanged; run the same command again.",
    "bundle": "No archive was written; run the same command again.",
    "collect": "Nothing was collected by this command; run it again.",
    "grade": "Nothing was graded by this command; run it again.",
    "regrade": "The results that counted are unchanged, and what was graded again is kept; run the same command again.",
    "courses": _NOTHING,
    "push": "What was written to the platform stays, and is known; run the same command again to go on.",
    "publish": "Pages that were written are whole; run the same command again.",
    "mark": "The points in marks.csv are kept; run the same command again to write grades and pages.",
    "total": _NOTHING,
    "similar": _NOTHING,
    "backup": "No backup was written, and one that was there is unchanged; run the same command again.",
    "restore": "Nothing was restored; run the same command again.",
    "forget": "What was removed stays removed; run the same command again to go on.",
    "log": _NOTHING,
    "review": "The server has ended; what was given on its pages is saved.",
    "leaderboard": "A page that was written is whole; run the same command again.",
    "check": "No result is kept; run the same command again.",
    "replay": _NOTHING,
    "validate": "Nothing was changed, and what is printed above holds; run the same command again.",
    "audit": _GOES_ON,
    "calibrate": _GOES_ON,
    "image": "No image of that name was made; the same command uses again what the engine has built.",
    "doctor": _NOTHING,
    "data list": _NOTHING,
    "data fetch": "Files that were complete are kept; the same command downloads the others.",
    "cluster keys": "A key that was there is unchanged; run the same command again.",
    "cluster scheduler": "Nothing is lost; started again, it goes on with what is open.",
    "cluster worker": "What they were grading is graded by others, or when they are started again.",
    "cluster doctor": _NOTHING,
    "cluster manifests": _NOTHING,
    **dict.fromkeys(["requests list", "requests show"], _NOTHING),
    **dict.fromkeys(
        ["requests add", "requests answer", "requests close"],
        "The request is as before or as asked for; `autograder requests list` shows which.",
    ),
    "export nbgrader": "Submissions that were written are in the gradebook; run the same command again to write all.",
    "export html": "Pages that were written are whole; run the same command again to write all.",
    **dict.fromkeys(
        [f"export {name}" for name in EXPORTERS], "Files that were written are whole; run the same command again."
    ),
    "import nbgrader": "What was written is whole; run the same command again to go on.",
    "import otter": "Nothing was written; run the same command again.",
}
"""What is said after Ctrl-C, by verb."""


class Verbs(TyperGroup):
    """A group of verbs that end after Ctrl-C with their sentence."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the words of the call.

        Raises:
            typer.Exit: it was stopped; the sentence is on standard error.
        """
        read_plainly(self)
        try:
            return super().make_context(*arguments, **more)
        except KeyboardInterrupt:
            typer.echo("Stopped before anything was done.", err=True)
            raise typer.Exit(STOPPED) from None

    def get_command(self, ctx: Any, name: str) -> Any:
        """The verb of a name, None for no such verb."""
        command = super().get_command(ctx, name)
        return command and read_plainly(command)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was named.

        Raises:
            typer.Exit: it was stopped; the sentence is on standard error.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            names, here = [ctx.invoked_subcommand or ""], ctx
            while here.parent:
                names.insert(0, here.info_name)
                here = here.parent
            said = stop.args[0] if stop.args else SENTENCES.get(" ".join(names), _NOTHING)
            typer.echo(f"Stopped. {said}", err=True)
            raise typer.Exit(STOPPED) from None


@contextmanager
def if_stopped(sentence: str) -> Iterator[None]:
    """Ctrl-C in here is followed by this sentence, unless something inside knows a better one."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(*(stop.args or (sentence,))) from None
