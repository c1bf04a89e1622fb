"""From a name and the settings to a verified data set."""

from __future__ import annotations

import difflib
from pathlib import Path

from autograder.datasets import digits, mnist
from autograder.datasets.records import Available, DataNotFound, DataSet, DataSettings
from autograder.errors import UsageError

__all__ = ["NAMES", "available", "find", "find_or_default", "known", "placing"]

NAMES = {
    "mnist": "70,000 handwritten digits, 28 x 28",
    "digits": "1,797 handwritten digits, 8 x 8 brought to 28 x 28, comes with scikit-learn",
}


def find(name: str, settings: DataSettings) -> DataSet:
    """Load and verify a data set by name.

    Raises:
        DataNotFound: it lies in none of the folders; the sentence says what to place where.
        UsageError: no such name or folder, or a file that is damaged or not the published one.
    """
    if known(name) == "digits":
        return digits.load()
    if settings.data is not None and not settings.data.is_dir():
        raise UsageError(f"The data folder {settings.data} does not exist; name the folder that holds the data sets.")
    for folder in settings.folders:
        paths = mnist.locate(folder)
        if paths:
            return mnist.load(paths)
    looked = ", ".join(str(folder) for folder in settings.folders)
    raise DataNotFound(
        f"The data set 'mnist' was not found in {looked}: "
        f"run `autograder data fetch mnist`, or {placing(settings.target)}."
    )


def find_or_default(name: str, settings: DataSettings) -> tuple[DataSet, str]:
    """The data set, or the embedded digits when MNIST lies nowhere; and one sentence that says which one is used.

    A copy that is there but damaged is an error, never a reason to use other data.

    Raises:
        UsageError: as `find`.
    """
    try:
        found = find(name, settings)
    except DataNotFound:
        return digits.load(), (
            "Data: the embedded digits of scikit-learn stand in for MNIST, which was not found; "
            f"for the real one run `autograder data fetch mnist`, or {placing(settings.target)}."
        )
    return found, f"Data: {found.name}, {NAMES[found.name]}, from {found.source}."


def available(settings: DataSettings) -> tuple[Available, ...]:
    """What each known data set's state is on this machine; files that are there are read and verified."""
    listed = []
    for name, title in NAMES.items():
        try:
            listed.append(Available(name, title, source=find(name, settings).source))
        except UsageError as error:
            listed.append(Available(name, title, problem=str(error)))
    return tuple(listed)


def known(name: str) -> str:
    """The name itself.

    Raises:
        UsageError: there is no such data set; the sentence gives the near names.
    """
    if name in NAMES:
        return name
    near = difflib.get_close_matches(name.lower(), NAMES, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, NAMES))}."
    raise UsageError(f"There is no data set called {name!r}; {hint}")


def placing(folder: Path) -> str:
    """What to place where, as the end of a sentence."""
    names = ", ".join(file.name for file in mnist.FILES)
    return f"place {names} (or {mnist.PICKLE} instead of the four) into {folder / 'mnist'}"
