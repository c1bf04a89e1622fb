"""From a name and the settings to a verified data set."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from autograder.checks.errors import InstructorError, UsageError
from autograder.datasets import cifar10, digits, mnist, own, shapes
from autograder.datasets.records import Available, DataNotFound, DataSet, DataSettings

__all__ = ["EMBEDDED", "NAMES", "available", "find", "find_or_default", "known", "placing", "stand_in"]

NAMES = {
    "mnist": "70,000 handwritten digits, 28 x 28",
    "digits": "1,797 handwritten digits, 8 x 8 brought to 28 x 28, comes with scikit-learn",
    "cifar10": "60,000 colour photographs, 32 x 32, ten classes",
    "shapes": "3,500 coloured shapes, 32 x 32, ten classes, made by a formula",
}
EMBEDDED: dict[str, Callable[[], DataSet]] = {"digits": digits.load, "shapes": shapes.load}
"""Data sets that are always there."""

_STAND_INS = {
    "mnist": ("digits", "the embedded digits of scikit-learn stand in for MNIST"),
    "cifar10": ("shapes", "coloured shapes, made by a formula, stand in for CIFAR-10"),
}


def find(name: str, settings: DataSettings) -> DataSet:
    """Load and verify a data set by name.

    Raises:
        DataNotFound: it lies in none of the folders; the sentence says what to place where.
        UsageError: no such name or folder, or a file that is damaged or not the published one.
        InstructorError: it is one of the course's own, and cannot be read or split as declared.
    """
    if declared := settings.declared(name):
        return own.load(declared, settings.seed)
    if known(name, settings) in EMBEDDED:
        return EMBEDDED[name]()
    if settings.data is not None and not settings.data.is_dir():
        raise UsageError(f"The data folder {settings.data} does not exist; name the folder that holds the data sets.")
    for folder in settings.folders:
        if found := _READERS[name](folder):
            return found
    looked = ", ".join(str(folder) for folder in settings.folders)
    raise DataNotFound(
        f"The data set {name!r} was not found in {looked}: "
        f"run `autograder data fetch {name}`, or {placing(name, settings.target)}."
    )


def _mnist(folder: Path) -> DataSet | None:
    paths = mnist.locate(folder)
    return mnist.load(paths) if paths else None


def _cifar10(folder: Path) -> DataSet | None:
    copy = cifar10.locate(folder)
    return cifar10.load(copy) if copy else None


_READERS = {"mnist": _mnist, "cifar10": _cifar10}


def find_or_default(name: str, settings: DataSettings) -> tuple[DataSet, str]:
    """The data set, or the embedded one that stands in where it lies nowhere; and one sentence that says which it is.

    A copy that is there but damaged is an error, never a reason to use other data.

    Raises:
        UsageError: as `find`.
    """
    try:
        found = find(name, settings)
    except DataNotFound:
        embedded, reason = _STAND_INS[name]
        return EMBEDDED[embedded](), (
            f"Data: {reason}, which was not found; "
            f"for the real one run `autograder data fetch {name}`, or {placing(name, settings.target)}."
        )
    if name not in NAMES:
        sizes = f"{len(found.train)} given, {len(found.validation)} public and {len(found.hidden)} hidden samples"
        return found, f"Data: {name}, {sizes}, {found.origin}."
    return found, f"Data: {found.name}, {NAMES[found.name]}, {found.origin}."


def stand_in(name: str) -> str:
    """The embedded data set that takes the place of another; an embedded one is its own."""
    return _STAND_INS[name][0] if name in _STAND_INS else name


def available(settings: DataSettings) -> tuple[Available, ...]:
    """What each known data set's state is on this machine; files that are there are read and verified."""
    listed = []
    for name, title in NAMES.items():
        try:
            listed.append(Available(name, title, origin=find(name, settings).origin))
        except UsageError as error:
            listed.append(Available(name, title, problem=str(error)))
    for declared in settings.own:
        title = f"the course's own, {', '.join(declared.files)}"
        try:
            listed.append(Available(declared.name, title, origin=find(declared.name, settings).origin))
        except InstructorError as error:
            listed.append(Available(declared.name, title, problem=str(error)))
    return tuple(listed)


def known(name: str, settings: DataSettings | None = None) -> str:
    """The name itself.

    Raises:
        UsageError: there is no such data set; the sentence gives the near names.
    """
    if name in NAMES:
        return name
    names = [*NAMES, *(each.name for each in (settings.own if settings else ()))]
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, names))}."
    raise UsageError(f"There is no data set called {name!r}; {hint}")


def placing(name: str, folder: Path) -> str:
    """What to place where, as the end of a sentence."""
    if name == "cifar10":
        return f"place {cifar10.ARCHIVE} (or the python archive, or what is in either) into {folder / name}"
    names = ", ".join(file.name for file in mnist.FILES)
    return f"place {names} (or {mnist.PICKLE} instead of the four) into {folder / 'mnist'}"
