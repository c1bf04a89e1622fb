"""CIFAR-10, from the binary or from the python files, unpacked or as the archive that its publisher gives away.

A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images* (2009): 60,000 colour photographs, 32 x 32, in
ten classes. Six files of 10,000 records; the sixth is the test set. The last 5,000 training images are validation data.
The pickled files are read as plain arrays: nothing that they name is run.

Copies are not compared with published checksums, because many are converted or repacked; their form is checked, and
`DataSet.sha256` tells which pixels a grade is about.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.datasets.pickles import UnsafePickle, read_batch
from autograder.datasets.records import DataSet, Split

__all__ = ["ARCHIVE", "ARCHIVE_MD5", "CLASSES", "PER_FILE", "Copy", "load", "locate"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PER_FILE = 10_000
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""The archive's checksum as its publisher's page gives it; for downloads."""

_PIXELS = 32 * 32 * 3
_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_VALIDATION_SHARE = 10  # one in ten training images
_FIX = "Unpack the original archive there again."
_DAMAGE = (EOFError, zlib.error, tarfile.TarError)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the two ways in which the files are given away."""

    folder: str
    ending: str
    read: Callable[[IO[bytes], int], tuple[Array, Array]]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the data set: a folder of files, or an archive of one."""

    path: Path
    form: _Form


def _binary(stream: IO[bytes], count: int) -> tuple[Array, Array]:
    """Records of a label and 3,072 pixels, each a byte."""
    raw = stream.read(count * (1 + _PIXELS) + 1)
    if len(raw) != count * (1 + _PIXELS):
        raise ValueError(f"it has not {count:,} records of {1 + _PIXELS:,} bytes")
    records = np.frombuffer(raw, np.uint8).reshape(count, 1 + _PIXELS)
    return records[:, 1:], records[:, 0]


def _pickled(stream: IO[bytes], count: int) -> tuple[Array, Array]:
    pixels, labels = read_batch(stream, count * (4 * _PIXELS + 64) + (1 << 16))
    if pixels.shape != (count, _PIXELS) or pixels.dtype != np.uint8 or labels.shape != (count,):
        raise ValueError(f"it does not hold {count:,} images of {_PIXELS:,} bytes with labels")
    return pixels, labels


_FORMS = {
    ARCHIVE: _Form("cifar-10-batches-bin", ".bin", _binary),
    "cifar-10-python.tar.gz": _Form("cifar-10-batches-py", "", _pickled),
}


def locate(folder: Path) -> Copy | None:
    """A copy in this folder or in its subfolder `cifar10`: files before archives, binary ones before pickles."""
    for place in (folder / "cifar10", folder):
        for form in _FORMS.values():
            for inner in (place / form.folder, place):
                if all((inner / f"{name}{form.ending}").is_file() for name in (*_BATCHES, "test_batch")):
                    return Copy(inner, form)
        for name, form in _FORMS.items():
            if (place / name).is_file():
                return Copy(place / name, form)
    return None


def load(copy: Copy, per_file: int = PER_FILE) -> DataSet:
    """Read CIFAR-10: train (45,000), validation (5,000), hidden (10,000); x (n, 32, 32, 3) uint8, red, green, blue.

    Args:
        copy: what `locate` found.
        per_file: images in each of the six files.

    Raises:
        UsageError: a file cannot be read, is damaged, or does not hold so many images, as many of each class.
    """
    try:
        parts = _from_archive(copy, per_file) if copy.path.is_file() else _from_folder(copy, per_file)
    except _DAMAGE as error:
        raise UsageError(f"{copy.path} is damaged ({error}). {_FIX}") from None
    except OSError as error:
        place = error.filename or copy.path
        raise UsageError(f"{place} cannot be read: {reason_of(error)}. Fix its permissions.") from None
    images = np.empty((6 * per_file, 32, 32, 3), np.uint8)
    labels = np.empty(6 * per_file, np.int64)
    for number, (pixels, classes) in enumerate(parts):
        place = slice(number * per_file, (number + 1) * per_file)
        images[place] = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # channels come first in the files
        labels[place] = classes
    for part in (labels[: 5 * per_file], labels[5 * per_file :]):
        if part.min() < 0 or part.max() >= len(CLASSES) or set(np.bincount(part)) != {len(part) // len(CLASSES)}:
            raise UsageError(f"{copy.path} is not CIFAR-10: the ten classes do not come equally often. {_FIX}")
    images.flags.writeable = labels.flags.writeable = False
    digest = hashlib.sha256(images.data)
    digest.update(labels.astype("<i8").data)
    train = 5 * per_file - 5 * per_file // _VALIDATION_SHARE
    ends = (0, train, 5 * per_file, 6 * per_file)
    splits = [Split(images[start:end], labels[start:end]) for start, end in pairwise(ends)]
    return DataSet("cifar10", digest.hexdigest(), splits[0], splits[1], splits[2], source=str(copy.path))


def _from_folder(copy: Copy, per_file: int) -> list[tuple[Array, Array]]:
    parts = []
    for name in (*_BATCHES, "test_batch"):
        path = copy.path / f"{name}{copy.form.ending}"
        with path.open("rb") as stream:
            parts.append(_read(copy.form, stream, str(path), per_file))
    return parts


def _from_archive(copy: Copy, per_file: int) -> list[tuple[Array, Array]]:
    """The six files, in whatever order the archive has them; others in it are passed over."""
    expected = [f"{copy.form.folder}/{name}{copy.form.ending}" for name in (*_BATCHES, "test_batch")]
    found: dict[str, tuple[Array, Array]] = {}
    left = 2 * len(expected) * per_file * (1 + _PIXELS)
    with tarfile.open(copy.path, "r:gz") as archive:
        for member in archive:
            left -= member.size
            if left < 0:
                raise UsageError(f"{copy.path} unpacks to more than CIFAR-10 can hold. {_FIX}")
            stream = archive.extractfile(member) if member.isreg() and member.name in expected else None
            if stream is not None:
                found[member.name] = _read(copy.form, stream, f"{copy.path} ({member.name})", per_file)
    missing = [name for name in expected if name not in found]
    if missing:
        raise UsageError(f"{copy.path} does not hold {missing[0]}. {_FIX}")
    return [found[name] for name in expected]


def _read(form: _Form, stream: IO[bytes], place: str, per_file: int) -> tuple[Array, Array]:
    try:
        return form.read(stream, per_file)
    except UnsafePickle as error:
        raise UsageError(f"{place} is not read, because {error}. {_FIX}") from None
    except ValueError as error:
        raise UsageError(f"{place} is no file of CIFAR-10: {error}. {_FIX}") from None
    except (OSError, zlib.error, tarfile.TarError):
        raise
    except Exception as error:  # noqa: BLE001 - a damaged pickle may raise nearly anything
        raise UsageError(f"{place} is damaged ({type(error).__name__}). {_FIX}") from None
