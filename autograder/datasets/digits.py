"""The stand-in for MNIST: the 1,797 handwritten digits that come with scikit-learn, brought to the same shape.

The images are those of E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI repository:
8 x 8 pixels with values 0 to 16. Each pixel becomes a block of 3 x 3, and a border of 2 makes it 28 x 28.
"""

from __future__ import annotations

import gzip
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.errors import UsageError
from autograder.datasets.records import DataSet, Split

__all__ = ["load"]

_TRAIN, _VALIDATION = 1000, 300


def load() -> DataSet:
    """The digits in a fixed random order: train (1000), validation (300), hidden (497).

    Raises:
        UsageError: scikit-learn is not installed.
    """
    small, labels, source = _raw()
    # RandomState, because its stream is frozen: the split must stay the same with any numpy.
    order = np.random.RandomState(1797).permutation(len(small))
    small, y = small[order], labels[order]
    blocks = np.kron(small.reshape(-1, 8, 8), np.ones((1, 3, 3), np.uint8))
    images = np.pad(blocks, ((0, 0), (2, 2), (2, 2)))  # (n, 28, 28), 0 to 16
    x = images.reshape(len(images), 784).astype(np.float32) / 16
    x.flags.writeable = False
    y.flags.writeable = False
    parts = [Split(x[part], y[part]) for part in _parts()]
    digest = hashlib.sha256(small.tobytes() + y.astype("<i8").tobytes()).hexdigest()
    return DataSet("digits", digest, train=parts[0], validation=parts[1], hidden=parts[2], source=source)


def _parts() -> tuple[slice, slice, slice]:
    ready = _TRAIN + _VALIDATION
    return slice(_TRAIN), slice(_TRAIN, ready), slice(ready, None)


def _raw() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], str]:
    """Pixels (1797, 64) uint8, labels (1797,) int64, and where they come from."""
    spec = find_spec("sklearn")
    if spec is None:
        raise UsageError("The data set 'digits' comes with scikit-learn: run `pip install 'autograder-ml[sklearn]'`.")
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            # Read here, because importing scikit-learn takes a second.
            with gzip.open(path, "rt", encoding="ascii") as lines:
                table = np.array([line.split(",") for line in lines]).astype(np.float64)
            return table[:, :-1].astype(np.uint8), table[:, -1].astype(np.int64), str(path)
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.data.astype(np.uint8), bunch.target.astype(np.int64), "scikit-learn"
