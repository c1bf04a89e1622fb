"""MNIST, from its four gzipped idx files or from `mnist.pkl.gz`, verified by content.

Copies differ in how they were zipped, so checksums are of what is inside. The pickle is verified by the same
checksums: its pixels and labels are brought back to the bytes of the idx files.

The idx format and the split into training and test images are those of Y. LeCun, C. Cortes, C. Burges,
*The MNIST database of handwritten digits*; the last 10,000 training images serve as validation data.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.datasets.pickles import UnsafePickle, read_splits
from autograder.datasets.records import DataSet, Split

__all__ = ["FILES", "PICKLE", "IdxFile", "load", "locate", "verify_idx"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class IdxFile:
    """One file of unsigned bytes: `shape` and the checksum of header and bytes, unzipped."""

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> bytes:
        """The file's first bytes: two zeros, 8 for unsigned bytes, the number of axes, their lengths (big-endian)."""
        return bytes((0, 0, 8, len(self.shape))) + np.array(self.shape, ">u4").tobytes()

    @property
    def size(self) -> int:
        """Length in bytes, unzipped."""
        return len(self.header) + int(np.prod(self.shape))


FILES = (
    IdxFile(
        "train-images-idx3-ubyte.gz",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte.gz",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte.gz",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte.gz",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
PICKLE = "mnist.pkl.gz"

_TRAIN = 50_000
_PICKLE_BYTES = 700 * 2**20  # float64 images as Python 3 writes them in protocol 2 stay below
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
_FIX = "Delete it and run `autograder data fetch mnist`, or copy the original there."


def locate(folder: Path) -> tuple[Path, ...]:
    """The files that hold MNIST in this folder or in its subfolder `mnist`: four, one (the pickle), or none."""
    for place in (folder / "mnist", folder):
        idx = tuple(place / file.name for file in FILES)
        if all(path.is_file() for path in idx):
            return idx
    for place in (folder / "mnist", folder):
        if (place / PICKLE).is_file():
            return (place / PICKLE,)
    return ()


def load(paths: tuple[Path, ...]) -> DataSet:
    """Read and verify MNIST: train (50,000), validation (10,000, the last of the training file), hidden (10,000).

    Args:
        paths: what `locate` found.

    Raises:
        UsageError: a file cannot be read, is damaged, or is not the published one.
    """
    if len(paths) == 1:
        images, labels, hidden_images, hidden_labels = _from_pickle(paths[0])
    else:
        images, labels, hidden_images, hidden_labels = (
            verify_idx(path, file) for path, file in zip(paths, FILES, strict=True)
        )
    x, y = _pixels(images), _labels(labels)
    together = hashlib.sha256("".join(file.sha256 for file in FILES).encode()).hexdigest()
    return DataSet(
        "mnist",
        together,
        train=Split(x[:_TRAIN], y[:_TRAIN]),
        validation=Split(x[_TRAIN:], y[_TRAIN:]),
        hidden=Split(_pixels(hidden_images), _labels(hidden_labels)),
        source=str(paths[0] if len(paths) == 1 else paths[0].parent),
    )


def verify_idx(path: Path, file: IdxFile) -> Array:
    """The bytes of one gzipped idx file, (n, 28, 28) or (n,) uint8, when they are the published ones.

    Never unpacks more than the right file holds.

    Raises:
        UsageError: it cannot be read, is damaged, or is another file.
    """
    try:
        with gzip.open(path) as stream:
            raw = stream.read(file.size + 1)
    except _DAMAGE as error:
        raise UsageError(f"{path} is damaged ({error}). {_FIX}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}. Fix its permissions.") from None
    if not raw.startswith(file.header):
        raise UsageError(f"{path} does not begin like the {file.name} of MNIST. {_FIX}")
    if len(raw) != file.size or hashlib.sha256(raw).hexdigest() != file.sha256:
        raise UsageError(f"{path} is not the published file of MNIST: its checksum is another. {_FIX}")
    return np.frombuffer(raw, np.uint8, offset=len(file.header)).reshape(file.shape)


def _from_pickle(path: Path) -> tuple[Array, Array, Array, Array]:
    try:
        with gzip.open(path) as stream:
            pairs = read_splits(stream, _PICKLE_BYTES)
    except UnsafePickle as error:
        raise UsageError(f"{path} is not read, because {error}. {_FIX}") from None
    except PermissionError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}. Fix its permissions.") from None
    except Exception as error:  # noqa: BLE001 - a damaged pickle may raise nearly anything
        raise UsageError(f"{path} is damaged ({type(error).__name__}). {_FIX}") from None
    shapes = [(x.shape, y.shape) for x, y in pairs]
    if shapes != [((n, 784), (n,)) for n in (_TRAIN, 10_000, 10_000)]:
        raise UsageError(f"{path} does not hold 50,000, 10,000 and 10,000 images with labels. {_FIX}")
    images = np.empty((60_000, 784), np.uint8)
    hidden_images = np.empty((10_000, 784), np.uint8)
    for target, (x, _) in zip((images[:_TRAIN], images[_TRAIN:], hidden_images), pairs, strict=True):
        _to_bytes(x, target)
    labels = np.concatenate([pairs[0][1], pairs[1][1]]).astype(np.uint8)
    parts = (images, labels, hidden_images, pairs[2][1].astype(np.uint8))
    for file, part in zip(FILES, parts, strict=True):
        digest = hashlib.sha256(file.header)
        digest.update(part.data)
        if digest.hexdigest() != file.sha256:
            what = file.name.removesuffix(".gz")
            raise UsageError(f"{path} is not MNIST: what should be {what} has another checksum. {_FIX}")
    return parts


def _to_bytes(x: Array, target: Array, rows: int = 5000) -> None:
    """Undo the scaling of pixels: most copies divide by 255, the oldest ones by 256."""
    scale = 256 if x.dtype.kind == "f" and len(x) and x.max() <= 255 / 256 else 255
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        scaled = np.rint(part * scale) if x.dtype.kind == "f" else part
        with np.errstate(invalid="ignore"):  # NaN becomes some byte, and the checksum another
            target[start : start + rows] = scaled.astype(np.uint8)


def _pixels(images: Array) -> Array:
    x = np.empty((len(images), 784), np.float32)
    np.divide(images.reshape(len(images), 784), 255, out=x, dtype=np.float32)
    x.flags.writeable = False
    return x


def _labels(labels: Array) -> Array:
    y = labels.astype(np.int64)
    y.flags.writeable = False
    return y
