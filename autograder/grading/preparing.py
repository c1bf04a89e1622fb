"""What is needed before anything is graded: data sets, how much of a submission is read, limits, a sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checks.errors import InstructorError, UsageError
from autograder.course import SANDBOXES, Course, course_seed, open_course
from autograder.datasets import (
    EMBEDDED,
    MIRRORS,
    NAMES,
    DataSet,
    DataSettings,
    find,
    find_or_default,
    stand_in,
)
from autograder.early_start import Early
from autograder.loader import Loaded
from autograder.results import Limits
from autograder.sandbox import ContainerSandbox, ForkServer, start
from autograder.sandbox.image import image_name
from autograder.settings import near
from autograder.submissions import Caps

__all__ = [
    "caps_for",
    "data_settings",
    "dataset_for",
    "known_sandbox",
    "limits_from",
    "sandbox_arguments",
    "settings_of",
    "start_sandbox",
]


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
        UsageError: it is not there, or an embedded data set is named that does not stand in for this one; or, unless
            `released` is false, students got parts of it that were split by another seed.
        InstructorError: it is one of the course's own, and cannot be read or split as declared.
    """
    named, asked = loaded.assignment.data, str(settings.data)
    if not named:
        return None, ""
    if settings.declared(named):
        found, said = find_or_default(named, settings)
        if released:
            _refuse_another_split(loaded, found)
        return found, said
    if asked in (*EMBEDDED, "embedded") and not Path(asked).is_dir():
        asked = stand_in(named) if asked == "embedded" else asked
        if asked not in (named, stand_in(named)):
            raise UsageError(f"{loaded.id} is about {named}, for which {stand_in(named)} stand in and not {asked}.")
        return find(asked, settings), f"Data: the embedded {asked}, as asked for."
    return find_or_default(named, settings)


def caps_for(loaded: Loaded, dataset: DataSet | None) -> Caps:
    """How much of a submission is read: what students were given, they may hand in again."""
    variant = loaded.example_variant
    own = {**(dataset.handed_out if dataset else {}), **(variant.everything if variant else {})}
    return Caps().beside((*loaded.given_sizes, *map(len, own.values())))


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
    name: str,
    loaded: Loaded,
    threads: int | None = None,
    foreseen: Iterable[str] = (),
    early: Early | None = None,
) -> ForkServer | ContainerSandbox:
    """Start the sandbox of that name with all that an assignment asks of it, or with another number of threads.

    `foreseen` are modules that submissions import and the assignment does not preload; `early` is a forkserver that was
    started before.

    Raises:
        UsageError: this machine has none of that name.
        SandboxError: it should work here but did not start.
    """
    return start(name, **sandbox_arguments(loaded, threads), foreseen=tuple(foreseen), early=early)


def sandbox_arguments(loaded: Loaded, threads: int | None = None) -> dict[str, Any]:
    """What an assignment asks of its sandbox, as `autograder.sandbox.start` takes it: plain values."""
    assignment = loaded.assignment
    return {
        "preload": tuple(assignment.preload),
        "threads": assignment.limits.threads if threads is None else threads,
        "image": image_name(loaded.id),
        "gpus": "all" if assignment.gpu else "",
        "packaged_data": assignment.packaged_data,
    }


def known_sandbox(name: str) -> str:
    """The same name of a sandbox, once it is one.

    Raises:
        UsageError: nothing is called that.
    """
    if name not in SANDBOXES:
        raise UsageError(f"--sandbox: unknown sandbox {name!r}; {near(name, SANDBOXES)}")
    return name


def limits_from(texts: Iterable[str]) -> dict[str, float]:
    """``wall_seconds=10`` and the like as numbers.

    Raises:
        UsageError: not NAME=NUMBER, or no such limit.
    """
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
