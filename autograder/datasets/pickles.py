"""Pickled data sets without the dangers of pickle: read as plain arrays only, and written from open data only.

Reading builds no numpy object from the file's instructions. The few names that such a file may use stand for small
records of our own, which are turned into arrays afterwards, when type, shape and length are known to be right.
"""

from __future__ import annotations

import gzip
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from autograder.datasets.records import OpenData

__all__ = ["Stream", "UnsafePickle", "read_batch", "read_splits", "write_pickle"]


class Stream(Protocol):
    """What is read from: a binary file, zipped or not."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""

    def readline(self, size: int, /) -> bytes:
        """A line, or at most so many bytes of it."""


class UnsafePickle(Exception):
    """The file is no plain triple of (images, labels) pairs; the text says what it holds instead."""


def read_splits(stream: Stream, max_bytes: int) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Read the (x, y) pairs of an uncompressed pickle, of Python 2 or 3, without running anything that it names.

    Args:
        stream: the uncompressed pickle.
        max_bytes: how much of it to read at most.

    Returns:
        Pairs of read-only arrays of numbers, of whatever shape and dtype the file says.

    Raises:
        UnsafePickle: it asks for other names than plain arrays need, is too large, or is of another structure.
        Exception: it is damaged; what exactly is raised depends on the damage.
    """
    splits = _Reader(_Capped(stream, max_bytes)).load()
    if not isinstance(splits, (tuple, list)):
        raise UnsafePickle("it holds no tuple of splits")
    pairs = []
    for split in splits:
        if not isinstance(split, (tuple, list)) or len(split) != 2:
            raise UnsafePickle("a split is no pair of images and labels")
        pairs.append((_array(split[0]), _array(split[1])))
    return pairs


def read_batch(stream: Stream, max_bytes: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read ``data`` and ``labels`` of a pickled dictionary, as the batches of CIFAR-10 are, as `read_splits` reads.

    Returns:
        The array of the data, read-only, of whatever shape and dtype the file says, and the labels (n,) int64.

    Raises:
        UnsafePickle: as `read_splits`; or it is no dictionary with an array and a list of numbers.
        Exception: it is damaged; what exactly is raised depends on the damage.
    """
    batch = _Reader(_Capped(stream, max_bytes)).load()
    if not isinstance(batch, dict):
        raise UnsafePickle("it holds no dictionary")
    named = {_name(key): value for key, value in batch.items()}
    labels = named.get("labels")
    if not isinstance(labels, list) or not all(type(label) is int and abs(label) < 1 << 31 for label in labels):
        raise UnsafePickle("its labels are no list of numbers")
    return _array(named.get("data")), np.array(labels, np.int64)


def write_pickle(open_data: OpenData, path: Path, *, compresslevel: int = 1) -> None:
    """Write a `mnist.pkl.gz` that a submission may read: train, validation, and validation again as its "test" part.

    The usual structure, ((x, y), (x, y), (x, y)) in protocol 2; equal data give equal bytes. It cannot hold hidden
    labels, because it is made from data that have none. The file appears whole or not at all.
    """
    train, validation = ((split.x, split.y) for split in (open_data.train, open_data.validation))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with (
            open(handle, "wb") as file,
            gzip.GzipFile("", "wb", compresslevel=compresslevel, fileobj=file, mtime=0) as packed,
        ):
            pickle.dump((train, validation, validation), packed, protocol=2)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _name(key: object) -> object:
    """A key of a dictionary, whichever Python wrote it."""
    if isinstance(key, _Text):
        return key.text
    return key.decode("latin1") if isinstance(key, bytes) else key


class _Capped:
    """A stream that ends, loudly, after so many bytes."""

    def __init__(self, stream: Stream, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise UnsafePickle("it unpacks to more than such a file can hold")

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._count(len(data))
        return data

    def readline(self) -> bytes:
        line = self._stream.readline(4096)  # names are short; nothing else in a pickle is read by lines
        self._count(len(line))
        return line


class _Text:
    """Bytes that Python 3 wrote as text in protocol 2. Kept as text: decoding early would hold them twice."""

    def __init__(self, text: object = "", encoding: object = "latin1") -> None:
        if not isinstance(text, str) or encoding != "latin1":
            raise UnsafePickle("it encodes text in another way than arrays do")
        self.text = text


class _Dtype:
    """What a pickled dtype says: its code, such as ``f4``, and its byte order."""

    def __init__(self, code: object = "", *_: object) -> None:
        self.code = code
        self.order: object = "|"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        code, order = (item.decode("latin1") if isinstance(item, bytes) else item for item in (self.code, self.order))
        if code not in {"f4", "f8", "u1", "i1", "i4", "i8"} or order not in {"<", ">", "|", "="}:
            raise UnsafePickle(f"it holds an array of type {code!r}, not of numbers")
        return np.dtype(f"{order}{code}")


class _Array:
    """What a pickled array says: shape, type, order and bytes."""

    def __init__(self, *_: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> _Array:
    """How protocol 5 writes an array."""
    array = _Array()
    array.state = (1, shape, dtype, order == "F", data)
    return array


def _array(record: object) -> np.ndarray[Any, Any]:
    if not isinstance(record, _Array) or not isinstance(record.state, tuple) or len(record.state) != 5:
        raise UnsafePickle("images or labels are no array")
    _, shape, dtype, fortran, data = record.state
    numbers = dtype.dtype() if isinstance(dtype, _Dtype) else None
    if isinstance(data, _Text):
        data = data.text
    if isinstance(data, str):
        data = data.encode("latin1")
    if (
        numbers is None
        or not isinstance(data, (bytes, bytearray))
        or not isinstance(shape, tuple)
        or not all(isinstance(length, int) and length >= 0 for length in shape)
    ):
        raise UnsafePickle("images or labels are no array of numbers")
    array = np.frombuffer(data, numbers).reshape(shape, order="F" if fortran else "C")
    array.flags.writeable = False
    return array


_ALLOWED: dict[tuple[str, str], Any] = {("_codecs", "encode"): _Text, ("numpy", "dtype"): _Dtype}
_ALLOWED[("numpy", "ndarray")] = _Array
for _core in ("numpy.core", "numpy._core"):
    _ALLOWED[(f"{_core}.multiarray", "_reconstruct")] = _Array
    _ALLOWED[(f"{_core}.numeric", "_frombuffer")] = _from_buffer


class _Reader(pickle._Unpickler):
    """The unpickler that is written in Python: the one in C takes any number in the file for the size of a table."""

    def __init__(self, stream: _Capped) -> None:
        super().__init__(stream, encoding="latin1")

    def find_class(self, module: str, name: str, /) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise UnsafePickle(f"it asks for {f'{module}.{name}'[:80]!r}, which plain arrays do not need")
        return found
