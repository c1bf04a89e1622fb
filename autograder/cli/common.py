"""What several verbs need: the course, its data, limits, and a console."""

from __future__ import annotations

import difflib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import whole
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import CONFIG_FILE, SANDBOXES, Course, course_seed, find_root, load

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.datasets import DataSet, DataSettings
    from autograder.early_start import Early
    from autograder.loader import Loaded
    from autograder.sandbox import ContainerSandbox, ForkServer
    from autograder.submissions import Caps

__all__ = [
    "caps_for",
    "console",
    "data_settings",
    "dataset_for",
    "known_sandbox",
    "limits_from",
    "named_sandbox",
    "near",
    "open_course",
    "show_note_on",
    "staging",
    "start_sandbox",
]

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


def open_course(folder: Path | None) -> tuple[Path, Course]:
    """The course's folder and its configuration.

    Raises:
        UsageError: no course here.
        InstructorError: its configuration is wrong.
    """
    root = find_root(Path.cwd()) if folder is None else folder.resolve()
    return root, load(root / CONFIG_FILE)


def data_settings(data: Path | None, folder: Path | None, *, to_write: bool = False) -> DataSettings:
    """Where data sets are looked for: --data, else the course's folder, else what the environment says.

    Outside a course the course's part is left out. What is to be written may be a folder that is not there yet.

    Raises:
        UsageError: --data names no folder.
    """
    course = None
    try:
        _, course = open_course(folder)
    except UsageError:
        if folder is not None:
            raise
    return settings_of(data, course, to_write=to_write)


def settings_of(
    data: Path | None, course: Course | None, loaded: Loaded | None = None, *, to_write: bool = False
) -> DataSettings:
    """The same with the course at hand, and an assignment that may declare a data set of its own.

    Raises:
        InstructorError: a data set of the course's or the assignment's own has the name of another one.
        UsageError: there is one, and the course's secret seed cannot be kept; or --data names no folder.
    """
    from autograder.datasets import EMBEDDED, MIRRORS, NAMES, DataSettings

    if data is not None and not to_write and not data.is_dir() and str(data) not in (*EMBEDDED, "embedded"):
        raise UsageError(f"The data folder {data} does not exist; name the folder that holds the data sets.")
    mirrors = (*course.mirrors, *MIRRORS) if course else MIRRORS
    settings = DataSettings.from_environment(data or (course.data if course else None), mirrors)
    declared = loaded.assignment.dataset if loaded else None
    own = (*(course.datasets if course else ()), *([declared] if declared else []))
    for each in own:
        if each.name in NAMES or [other.name for other in own].count(each.name) > 1:
            raise InstructorError(f"There is another data set called {each.name!r}; rename the one of your own.")
    seed = course_seed(None, os.environ) if own else ""  # what was released decides, whatever --seed says
    return replace(settings, own=own, seed=seed)


def dataset_for(loaded: Loaded, settings: DataSettings, *, released: bool = True) -> tuple[DataSet | None, str]:
    """The assignment's data set, and a sentence that says which one is used; (None, "") when it names none.

    ``--data digits`` (or ``shapes``, or ``embedded`` for the one that fits) asks for the embedded stand-in, unless
    there is a folder of that name.

    Raises:
        UsageError: it cannot be had, or an embedded data set is named that does not stand in for this one; or, unless
            `released` is false, students got parts of it that were split by another seed.
        InstructorError: it is one of the course's own, and cannot be read or split as declared.
    """
    from autograder.datasets import EMBEDDED, find, find_or_default, stand_in

    wanted, asked = loaded.assignment.data, str(settings.data)
    if not wanted:
        return None, ""
    if settings.declared(wanted):
        found, said = find_or_default(wanted, settings)
        if released:
            _refuse_another_split(loaded, found)
        return found, said
    if asked in (*EMBEDDED, "embedded") and not Path(asked).is_dir():
        asked = stand_in(wanted) if asked == "embedded" else asked
        if asked not in (wanted, stand_in(wanted)):
            raise UsageError(f"{loaded.id} is about {wanted}, for which {stand_in(wanted)} stand in and not {asked}.")
        return find(asked, settings), f"Data: the embedded {asked}, as asked for."
    return find_or_default(wanted, settings)


def caps_for(loaded: Loaded, dataset: DataSet | None) -> Caps:
    """How much of a submission is read: what students were given, they may hand in again."""
    from autograder.submissions import Caps

    return Caps().beside(
        (*loaded.given_sizes, *(len(each) for each in (dataset.handed_out if dataset else {}).values()))
    )


def _refuse_another_split(loaded: Loaded, dataset: DataSet) -> None:
    """What students have in hand must not be the hidden part."""
    folder = loaded.folder.parent.parent / "release" / loaded.id
    for name, content in dataset.handed_out.items():
        path = folder / name
        if path.is_file() and path.read_bytes() != content:
            raise UsageError(
                f"{path} was made from other data, or split by another seed, so students may have rows that are hidden "
                f"now: use the seed of the release (AUTOGRADER_SEED), or run `autograder release {loaded.id}` again."
            )


def start_sandbox(
    walls: str,
    loaded: Loaded,
    threads: int | None = None,
    foreseen: Iterable[str] = (),
    early: Early | None = None,
) -> ForkServer | ContainerSandbox:
    """Start the sandbox of that name with all that an assignment asks of it, or with another number of threads.

    `foreseen` are modules that submissions import and the assignment does not preload; `early` is a forkserver that was
    started before.

    Raises:
        UsageError: it cannot be had on this machine.
        SandboxError: it should work here but did not start.
    """
    from autograder.sandbox import start
    from autograder.sandbox.image import image_name

    assignment = loaded.assignment
    return start(
        walls,
        preload=assignment.preload,
        threads=assignment.limits.threads if threads is None else threads,
        image=image_name(loaded.id),
        gpus="all" if assignment.gpu else "",
        packaged_data=assignment.packaged_data,
        foreseen=tuple(foreseen),
        early=early,
    )


def known_sandbox(name: str) -> str:
    """The same name of a sandbox, once it is one.

    Raises:
        UsageError: nothing is called that.
    """
    if name not in SANDBOXES:
        raise UsageError(f"--sandbox: nothing is called {name!r}; {near(name, SANDBOXES)}")
    return name


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


def limits_from(texts: Iterable[str]) -> dict[str, float]:
    """``wall_seconds=10`` and the like as numbers.

    Raises:
        UsageError: not NAME=NUMBER, or no such limit.
    """
    from autograder.results import Limits

    limits: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            limits[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"--limit {text!r} is not NAME=NUMBER; write for example --limit wall_seconds=10.")
    Limits().changed(limits)
    return limits


def near(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was perhaps meant, or all there is."""
    known = list(names)
    folded = {each.casefold(): each for each in known}
    close = [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=3)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"there are {', '.join(known[:12])}{' and more' if len(known) > 12 else ''}." if known else "there are none."


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
        raise UsageError(f"Cannot write to {out}: {reason_of(error)}; name another folder with --out.") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), os.stat(out / ".lock")):
                raise FileExistsError  # the lock of a run that has just ended, which removed it
        except OSError:
            raise UsageError(f"Another autograder is at work in {out}; wait for it, or name another --out.") from None
        folder = out / whole.STAGING
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
