"""What several verbs need: a console, the sandbox that "auto" stands for, and a folder for their output."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.early_start import DATABASE

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.loader import Loaded

__all__ = ["DATABASE", "console", "named_sandbox", "show_note_on", "staging"]

PLAIN_WIDTH = 120


def console() -> Console:
    """Standard output: coloured in a terminal, plain and wide enough in a file or pipe."""
    from rich.console import Console

    terminal = Console(highlight=False)
    return (
        terminal
        if terminal.is_terminal
        else Console(highlight=False, width=int(os.environ.get("COLUMNS", PLAIN_WIDTH)))
    )


def named_sandbox(screen: Console, name: str, loaded: Loaded) -> str:
    """The sandbox that "auto" stands for here, said on the console where a stronger one does not work."""
    from autograder.sandbox import best
    from autograder.sandbox.image import image_name

    if name == "auto":
        name = best(image_name(loaded.id))
        show_note_on(screen, name)
    return name


def show_note_on(screen: Console, name: str) -> None:
    """Say that "auto" stands for a sandbox which is not the strongest of all, and why."""
    from rich.markup import escape

    from autograder.sandbox import note_on

    if note := note_on(name):
        screen.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """An empty folder of our own under `out`, gone afterwards; what a killed run left there is removed first.

    Where the work fails before anything is written to `out`, nothing of ours stays there, and a new `out` goes as well.

    Raises:
        UsageError: `out` cannot be written, or another run is at work in it.
    """
    ours = [path for path in (out / ".lock", out, *out.parents) if not os.path.lexists(path)]
    before: set[str] = set()
    try:
        before.update(os.listdir(out) if out not in ours else ())
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        graded = (out / "reports").is_dir()  # another folder has no reports to go on from
        advice = "make the folder writable" if graded else "name another folder with --out"
        raise UsageError(f"Cannot write to {out}: {reason_of(error)}; {advice}.") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), os.stat(out / ".lock")):
                raise FileExistsError  # the lock of a run that has just ended, which removed it
        except OSError:
            raise UsageError(f"Another autograder is at work in {out}; wait for it, or name another --out.") from None
        folder = out / atomic_files.STAGING
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                if {*os.listdir(out)} - {".lock"} == before - {".lock", folder.name}:
                    _remove(ours)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _remove(ours: Iterable[Path]) -> None:
    """Remove what was made for an output that nothing has been written to, from the inside."""
    for path in ours:
        path.rmdir() if path.is_dir() else path.unlink()
