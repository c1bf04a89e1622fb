"""Values to frames: a plain value as MessagePack, its arrays as they lie in memory."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from autograder.checks.records.serialization import taken_apart
from autograder.checks.rows import Handle, Rows
from autograder.wire.codes import (
    ALIGN,
    ARRAY,
    COMPLEX,
    DICT,
    DTYPES,
    FROZENSET,
    HANDLE,
    INTEGER,
    MAX_DEPTH,
    NUMBER,
    OUTER,
    PACKED,
    PREFIX,
    RECORD,
    ROW,
    ROWS,
    SCALARS,
    SET,
    TUPLE,
    TooLargeError,
    WireError,
)
from autograder.wire.columns import Packed, pack_rows

__all__ = ["Gather", "encode"]

_CODE_OF = {dtype: code for code, dtype in enumerate(DTYPES)}
_NUMERIC = "biufc"
_DEEPEST_PACKED = 32  # a list deeper than this is written item by item, as deep as it may be
_PIECE = 1 << 16  # characters
_MUCH_TEXT = 1 << 20  # bytes
_ROOM_FOR_TEXT = 3  # its buffer doubles, and the last one is copied


def encode(value: Any, *, most: int | None = None) -> list[bytes | memoryview]:
    """The frame of a plain value, as buffers to be written one after the other.

    Arrays are not copied when they are contiguous and little-endian; do not change them before the frame is written.
    Sizes are added up before anything is built, so that a value that is too large costs no memory.

    Args:
        value: plain data.
        most: bytes that the frame may hold; None for any number.

    Raises:
        WireError: the value holds something that is not plain data, or is nested deeper than `MAX_DEPTH`.
        TooLargeError: its texts, bytes and arrays alone are larger than `most`.
        MemoryError: there is no room for the frame.
    """
    packer = _Packer(sys.maxsize if most is None else most)
    try:
        packed = packer.pack(value, 0)
        _make_room(packer.text)
        header = msgspec.msgpack.encode(packed)
    except (OverflowError, UnicodeEncodeError) as error:
        raise WireError(f"this value cannot cross: {error}") from error
    if len(header) >= 1 << 32:
        raise WireError("this value is too long for a frame")
    payload, size = packer.payload(PREFIX.size + len(header))
    return [PREFIX.pack(len(header), size), header, *payload]


class _Packer:
    """Turns one value into MessagePack types, and collects the buffers of its arrays."""

    def __init__(self, most: int = sys.maxsize) -> None:
        self.arrays: list[memoryview] = []
        self.most = most
        self.left = most
        self.text = 0

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLargeError(self.most)

    def text_of(self, value: str | bytes) -> str | bytes:
        size = _size_when_sent(value)
        self.text += size if isinstance(value, bytes) or value.isascii() else 2 * size  # it keeps a copy as UTF-8
        self.count(size)
        return value

    def payload(self, start: int) -> tuple[list[bytes | memoryview], int]:
        """The buffers of all arrays with the padding between them, and how many bytes that is."""
        buffers: list[bytes | memoryview] = []
        position = start
        for array in self.arrays:
            if padding := -position % ALIGN:
                buffers.append(bytes(padding))
            buffers.append(array)
            position += padding + len(array)
        return buffers, position - start

    def pack(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in SCALARS and (kind is not int or -(1 << 63) <= value < 1 << 64):
            return self.text_of(value) if kind is str or kind is bytes else value
        if depth >= MAX_DEPTH:
            raise WireError(f"a value is nested more than {MAX_DEPTH} levels deep")
        if kind is int:
            return _integer(value)
        if kind is np.ndarray and value.dtype.kind in _NUMERIC:
            return self.array(ARRAY, value)
        if kind is list or kind is tuple:
            rows = pack_rows(value, self.left) if depth < _DEEPEST_PACKED else None
            if rows is not None:
                return self.columns(rows)
            if kind is list:
                return [self.pack(item, depth + 1) for item in value]
            return self.sequence(TUPLE, value, depth)
        return self.special(value, kind, depth)

    def special(self, value: Any, kind: type, depth: int) -> Any:
        """What is neither an atom, an array, a list nor a tuple."""
        if kind is dict:
            return self.sequence(DICT, (part for pair in value.items() for part in pair), depth)
        if isinstance(value, np.generic) and value.dtype.kind in _NUMERIC:
            return self.array(NUMBER, np.asarray(value))
        if kind is complex:
            return msgspec.msgpack.Ext(COMPLEX, struct.pack("<dd", value.real, value.imag))
        if kind in (set, frozenset):
            return self.sequence(SET if kind is set else FROZENSET, value, depth)
        if kind is Rows:
            return self.sequence(ROWS, value.columns, depth)
        if kind is Packed:
            return self.columns(value)
        if kind is Handle:
            parts = (value.id, value.type_name, True) if value.iterator else (value.id, value.type_name)
            return msgspec.msgpack.Ext(HANDLE, msgspec.msgpack.encode(parts))
        try:
            record = taken_apart(value)
        except ValueError as error:
            raise WireError(f"a value of type {kind.__name__} is not plain data: {error}") from error
        if record is None:
            raise WireError(f"a value of type {kind.__name__} is not plain data")
        name, parts = record
        return self.sequence(RECORD, (name, *parts), depth)

    def sequence(self, code: int, items: Any, depth: int) -> msgspec.msgpack.Ext:
        before = self.text
        packed = [self.pack(item, depth + 1) for item in items]
        _make_room(self.text - before)
        return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(packed))

    def columns(self, rows: Packed) -> msgspec.msgpack.Ext:
        kinds = bytes([OUTER.index(rows.outer), ROW.index(rows.row), *(column.kind for column in rows.columns)])
        arrays = [self.array(ARRAY, column.array) for column in rows.columns]
        return msgspec.msgpack.Ext(PACKED, msgspec.msgpack.encode([kinds, *arrays]))

    def array(self, kind: int, value: np.ndarray[Any, Any]) -> msgspec.msgpack.Ext:
        code = _CODE_OF.get(value.dtype.newbyteorder("<"))
        if code is None:
            raise WireError(f"an array of dtype {value.dtype} is not plain data")
        shape = value.shape
        self.count(value.size * value.itemsize)  # before it is copied: few numbers may stand for many
        flat = np.ascontiguousarray(value, DTYPES[code]).reshape(-1)
        if flat.nbytes:
            self.arrays.append(flat.view(np.uint8).data)
        return msgspec.msgpack.Ext(kind, struct.pack(f"<BB{len(shape)}Q", code, len(shape), *shape))


def _make_room(text: int) -> None:
    """Raise MemoryError where there is no room to write so much text: msgspec would crash halfway (0.22 does)."""
    if text > _MUCH_TEXT:
        bytearray(_ROOM_FOR_TEXT * text)


def _size_when_sent(value: str | bytes) -> int:
    """Bytes of a text as UTF-8, counted piece by piece."""
    if isinstance(value, bytes) or value.isascii():
        return len(value)
    pieces = (value[start : start + _PIECE] for start in range(0, len(value), _PIECE))
    return sum(len(piece.encode("utf-8", "surrogatepass")) for piece in pieces)


def _integer(value: int) -> msgspec.msgpack.Ext:
    size = value.bit_length() // 8 + 1
    if size > 1 << 16:
        raise WireError("an integer has more than half a million bits")
    return msgspec.msgpack.Ext(INTEGER, value.to_bytes(max(size, 9), "little", signed=True))


class Gather:
    """Buffers on their way into a pipe, for writes that take many at once and may take only a part.

    While it is true, something waits: write what `next` gives, and tell `passed` how many bytes went through.
    """

    _MOST = 512  # below IOV_MAX everywhere

    def __init__(self, buffers: Sequence[bytes | memoryview]) -> None:
        self._waiting = [memoryview(buffer) for buffer in reversed(buffers) if len(buffer)]

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def next(self) -> list[memoryview]:
        """The next buffers, first come first."""
        return self._waiting[: -self._MOST - 1 : -1]

    def passed(self, count: int) -> None:
        """That many bytes of them went through."""
        while count:
            first = self._waiting.pop()
            if count < len(first):
                self._waiting.append(first[count:])
                return
            count -= len(first)
