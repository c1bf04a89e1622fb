"""What a data set is to everybody else, and where data sets are looked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment.dataset import Dataset
from autograder.checks.errors import UsageError

__all__ = ["MIRRORS", "Available", "DataNotFound", "DataSet", "DataSettings", "OpenData", "Split"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://www.cs.toronto.edu/~kriz/",
)
"""Folders on the web that hold the four gzipped idx files of MNIST, or the archive of CIFAR-10; every download is
checked, so none is trusted.
"""


class DataNotFound(UsageError):
    """A data set lies in none of the folders; the sentence says what to place where."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Samples and their labels, both read-only: `y` (n,) int64; `x` (n, 784) float32 in [0, 1] of digits in grey, and
    (n, 32, 32, 3) uint8 of colour images.

    Of a data set of the course's own, `x` is an array with a row for each sample, or, where some columns are text or
    there are several arrays, a dictionary from column to such an array.
    """

    x: Any
    y: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class OpenData:
    """The part of a data set that checks may hand to a submission."""

    name: str
    train: Split
    validation: Split
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A verified data set. `sha256` stands for the content, whichever file it was read from; `source` is that file.

    Of a data set of the course's own, `sha256` stands for the split as well; `columns` names the features of a table,
    `classes` the numbers that are labels of images, and `handed_out` has the files that students get, by their path.
    """

    name: str
    sha256: str
    train: Split
    validation: Split
    hidden: Split
    source: str = ""
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    handed_out: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where it comes from, for the middle of a sentence."""
        return f"from {self.source}" if self.source else "made by autograder itself"

    @property
    def open(self) -> OpenData:
        """This data set without its hidden part."""
        return OpenData(self.name, self.train, self.validation, self.columns, self.classes)


@dataclass(frozen=True, slots=True)
class Available:
    """One line of `autograder data list`: `origin` is where it comes from, `problem` why it cannot be used, or ""."""

    name: str
    title: str
    origin: str = ""
    problem: str = ""


def _cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("autograder")) / "data"


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where data sets are looked for, in this order: `data` (asked for by name), `environment`, `cache`.

    `own` are those that the course and its assignments declare; they are split by `seed`, the course's.
    """

    data: Path | None = None
    mirrors: tuple[str, ...] = MIRRORS
    environment: Path | None = None
    cache: Path = field(default_factory=_cache)
    own: tuple[Dataset, ...] = ()
    seed: str = field(default="", repr=False)

    def declared(self, name: str) -> Dataset | None:
        """The declaration of one of the course's own."""
        return next((each for each in self.own if each.name == name), None)

    @classmethod
    def from_environment(
        cls,
        data: Path | None = None,
        mirrors: tuple[str, ...] = MIRRORS,
        environ: Mapping[str, str] = os.environ,
    ) -> DataSettings:
        """The settings of this user on this machine: reads `AUTOGRADER_DATA`, once."""
        named = environ.get("AUTOGRADER_DATA", "")
        return cls(data=data, mirrors=mirrors, environment=Path(named).expanduser() if named else None)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders to search, the most particular first."""
        return tuple(folder for folder in (self.data, self.environment, self.cache) if folder is not None)

    @property
    def target(self) -> Path:
        """The folder into which a download goes: the first of `folders`."""
        return self.folders[0]
