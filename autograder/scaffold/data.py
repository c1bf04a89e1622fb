"""Data files that an example may ask for and that do not lie beside it: made from the course's data sets."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.datasets import DataSettings, find, find_or_default
from autograder.datasets.records import Split

__all__ = ["stand_ins"]

MNIST = "mnist.pkl.gz"
SIZES = (50_000, 10_000, 10_000)


def stand_ins(settings: DataSettings) -> Mapping[str, Callable[[Path], None]]:
    """Names of data files, each with what writes it."""
    return {MNIST: lambda path: _mnist(path, settings)}


def _mnist(path: Path, settings: DataSettings) -> None:
    """``mnist.pkl.gz`` with its usual sizes; from a smaller data set, images come several times."""
    embedded = settings.data == Path("digits") and not settings.data.is_dir()
    data = find("digits", settings) if embedded else find_or_default("mnist", settings)[0]
    if Path(data.source).name == MNIST and Path(data.source).is_file():
        path.symlink_to(data.source)
        return
    splits = [
        _resized(split, size) for split, size in zip((data.train, data.validation, data.hidden), SIZES, strict=True)
    ]
    with gzip.open(path, "wb", compresslevel=1) as file:
        pickle.dump(splits, file)


def _resized(split: Split, size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    places = np.arange(size) % len(split)
    return split.x[places], split.y[places]
