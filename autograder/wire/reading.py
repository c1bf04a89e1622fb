"""Frames to values: what came from somebody who may lie, judged and paid for before it is made."""

from __future__ import annotations

import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from autograder.checks.records.serialization import KEYS, put_together
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
    MAX_NDIM,
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
    WireError,
)
from autograder.wire.columns import ARRAYS, NUMBERS, PYTHON, TABLE, Column, Packed

__all__ = ["decode", "decode_request", "frame_for"]

_ANSWER_DEPTH = 40  # so that what came in can go out again, inside a request
_MOST_EMPTY_ROWS = 1 << 20
_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes)) | KEYS
_PYTHON_DTYPES = frozenset(map(np.dtype, ("b1", "<i8", "<f8", "<c16")))
_MOST_ALIKE = 64
_MOST_BYTES = 256 << 20
_PER_OBJECT = 64  # bytes of a small object with its place in a list
_PER_DIMENSION = 16
_SMALL = 256  # bytes; a copy of so little takes less than a view of it
_MAPS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_FIXED = {  # first byte: (length without the part that is stated, bytes that state it)
    **{0xC4: (2, 1), 0xC5: (3, 2), 0xC6: (5, 4), 0xC7: (3, 1), 0xC8: (4, 2), 0xC9: (6, 4)},
    **{0xCA: (5, 0), 0xCB: (9, 0), 0xCC: (2, 0), 0xCD: (3, 0), 0xCE: (5, 0), 0xCF: (9, 0)},
    **{0xD0: (2, 0), 0xD1: (3, 0), 0xD2: (5, 0), 0xD3: (9, 0)},
    **{0xD4 + n: (2 + 2**n, 0) for n in range(5)},
    **{0xD9: (2, 1), 0xDA: (3, 2), 0xDB: (5, 4), 0xDC: (3, 0), 0xDD: (5, 0)},
}
_LAST = RECORD
_MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError)


def frame_for(prefix: bytes | bytearray, *, cap: int) -> memoryview:
    """Space for the whole frame that a prefix announces, with the prefix in its place.

    The space is not touched, so that memory is taken as the bytes arrive and not as they are promised.

    Raises:
        WireError: more than `cap` bytes are announced.
    """
    header, payload = PREFIX.unpack(prefix)
    if header + payload > cap:
        raise WireError(f"an answer of {header + payload} bytes is larger than the {cap} allowed")
    frame = np.empty(PREFIX.size + header + payload, np.uint8).data
    frame[: PREFIX.size] = prefix
    return frame


def decode(frame: bytearray | memoryview, *, max_items: int = 2_000_000, answer: bool = False) -> Any:
    """The value of a whole frame (prefix included). Arrays are writable views of `frame`.

    An `answer` of a submission may hold no `Rows`, is less deep than what the grader sends, and its objects may take
    256 MiB of memory beside the frame.

    Raises:
        WireError: anything but what `encode` would have written.
    """
    return _read(frame, max_items, answer=answer)[0]


def decode_request(frame: bytearray | memoryview) -> tuple[Any, bool]:
    """The value of a frame of the grader's, and whether it is plain data: it holds no handle, no record and no `Rows`.

    Raises:
        WireError: anything but what `encode` would have written.
    """
    value, reader = _read(frame, 1 << 40, answer=False)
    return value, reader.plain


def _read(frame: bytearray | memoryview, max_items: int, *, answer: bool) -> tuple[Any, _Unpacker]:
    if len(frame) < PREFIX.size:
        raise WireError("a frame is shorter than its prefix")
    header, payload = PREFIX.unpack_from(frame)
    start = PREFIX.size + header
    if start + payload != len(frame):
        raise WireError("a frame is not as long as its prefix says")
    most = _MOST_BYTES if answer else sys.maxsize
    reader = _Unpacker(frame, start, max_items, most, _ANSWER_DEPTH if answer else MAX_DEPTH, not answer)
    value = reader.unpack(reader.parse(memoryview(frame)[PREFIX.size : start]), 0)
    if reader.offset != len(frame):
        raise WireError("a frame carries bytes that belong to no array")
    return value, reader


@dataclass(slots=True)
class _Unpacker:
    """Walks what MessagePack found, in the order in which `_Packer` wrote it."""

    frame: bytearray | memoryview
    offset: int
    items_left: int
    bytes_left: int
    max_depth: int
    rows: bool
    plain: bool = True

    def parse(self, data: bytes | memoryview) -> Any:
        items, text = _tokens(data, self.items_left)
        self.items_left -= items
        self.pay(items * _PER_OBJECT + text)
        try:
            return _DECODER.decode(data)
        except (msgspec.DecodeError, RecursionError, TypeError, ValueError) as error:
            raise WireError(f"a header is not MessagePack: {error}") from error

    def pay(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise WireError("a value takes too much memory")

    def unpack(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in SCALARS:
            return value
        if depth >= self.max_depth:
            raise WireError(f"a value is nested more than {self.max_depth} levels deep")
        if kind is list:
            return self.items(value, depth)
        if kind is msgspec.msgpack.Ext:
            return self.extension(value.code, value.data, depth)
        raise WireError(f"MessagePack type {kind.__name__} has no place in a frame")

    def items(self, values: list[Any], depth: int) -> list[Any]:
        return [item if type(item) in SCALARS else self.unpack(item, depth + 1) for item in values]

    def extension(self, code: int, data: bytes | memoryview, depth: int) -> Any:
        if code in (ARRAY, NUMBER):
            array = self.array(bytes(data))
            if code == NUMBER and array.shape != ():
                raise WireError("a number has a shape")
            return array if code == ARRAY else array[()]
        if code == COMPLEX:
            if len(data) != 16:
                raise WireError("a complex number is not 16 bytes long")
            return complex(*struct.unpack("<dd", data))
        if code == INTEGER:
            if not 9 <= len(data) <= 1 << 16:
                raise WireError("a large integer has a wrong length")
            return int.from_bytes(data, "little", signed=True)
        self.plain = self.plain and code not in _OBJECTS
        parts = self.parse(data)
        if type(parts) is not list:
            raise WireError("a compound value is not a sequence")
        if code == HANDLE:
            match parts:
                case [int(number), str(name)] if type(number) is int:
                    return Handle(number, name)
                case [int(number), str(name), True] if type(number) is int:
                    return Handle(number, name, iterator=True)
            raise WireError("a handle is malformed")
        items = self.items(parts, depth)
        if code == RECORD:
            return self.record(items)
        return self.columns(items) if code == PACKED else self.compound(code, items)

    def record(self, items: list[Any]) -> Any:
        """A record, or a value of the standard library's or of numpy's that is taken apart as one."""
        match items:
            case [str(name), *parts]:
                try:
                    return put_together(name, tuple(parts), self.pay)
                except WireError:
                    raise
                except _MALFORMED as error:
                    raise WireError(f"a {name[:40]} is malformed: {error}") from error
        raise WireError("a record is malformed")

    def columns(self, items: list[Any]) -> Any:
        """A list that was written as columns; its items are paid for before they are made."""
        match items:
            case [bytes(described), *arrays] if arrays and len(described) == len(arrays) + 2:
                outer, row, *kinds = described
                if outer < len(OUTER) and row < len(ROW) and _may_be_columns(kinds, arrays, rows=row > 0):
                    columns = tuple(map(Column, arrays, kinds))
                    made = Packed(OUTER[outer], ROW[row], columns)
                    self.items_left -= made.objects
                    if self.items_left < 0:
                        raise WireError("a value has too many items")
                    views = sum(len(each.array) * each.array.ndim for each in columns if each.kind == ARRAYS)
                    self.pay(made.objects * _PER_OBJECT + views * _PER_DIMENSION)
                    return made.items()
        raise WireError("a packed list is malformed")

    def compound(self, code: int, items: list[Any]) -> Any:
        try:
            if code in (SET, FROZENSET, DICT):
                _refuse_alike(items if code != DICT else items[::2])
            if code == TUPLE:
                return tuple(items)
            if code == SET:
                return set(items)
            if code == FROZENSET:
                return frozenset(items)
            if code == DICT and len(items) % 2 == 0:
                return dict(zip(items[::2], items[1::2], strict=True))
            if code == ROWS and self.rows and _are_columns(items):
                return Rows(tuple(items))
        except (TypeError, ValueError) as error:
            raise WireError(f"a compound value is malformed: {error}") from error
        raise WireError(f"extension {code} has no place in a frame")

    def array(self, data: bytes) -> np.ndarray[Any, Any]:
        if len(data) < 2 or data[0] >= len(DTYPES) or data[1] > MAX_NDIM or len(data) != 2 + 8 * data[1]:
            raise WireError("the description of an array is malformed")
        dtype, shape = DTYPES[data[0]], struct.unpack_from(f"<{data[1]}Q", data, 2)
        self.pay(_PER_OBJECT + _PER_DIMENSION * data[1])
        count = math.prod(shape)
        size = count * dtype.itemsize
        if size == 0:
            if math.prod(side or 1 for side in shape) > _MOST_EMPTY_ROWS:  # numpy multiplies them, too
                raise WireError("an empty array has an impossible shape")
            return np.empty(shape, dtype)
        start = self.offset + -self.offset % ALIGN
        if size > len(self.frame) - start:
            raise WireError("an array is longer than its frame")
        if any(self.frame[self.offset : start]):
            raise WireError("the padding before an array is not zero")
        self.offset = start + size
        if dtype.kind == "b" and np.frombuffer(self.frame, np.uint8, count, start).max() > 1:
            raise WireError("a truth value is neither 0 nor 1")
        return np.frombuffer(self.frame, dtype, count, start).reshape(shape)


def _steps() -> Iterator[tuple[int, int]]:
    """For each first byte of MessagePack: the bytes up to the next, and how many tell a length."""
    for first in range(256):
        if 0xA0 <= first <= 0xBF:
            yield 1 + first - 0xA0, 0
        else:
            yield _FIXED.get(first, (1, 0))


def _tokens(data: bytes | memoryview, most: int) -> tuple[int, int]:
    """How many objects a header will make, and how many bytes its texts will take, found without making them.

    Raises:
        WireError: more than `most`; or a map, whose keys MessagePack's reader would hash before anybody has seen them.
    """
    position = count = text = 0
    while position < len(data):
        first = data[position]
        step, kind = _STEPS[first]
        if kind:
            length = int.from_bytes(data[position + 1 : position + 1 + kind], "big")
            if first in _LONG:
                text += _size_of(data[position + step : position + step + length], first)
            step += length
        if count >= most:
            raise WireError("a value has too many items")
        if first in _MAPS:
            raise WireError("a map has no place in a frame")
        position += step
        count += 1
    return count, text


def _size_of(data: bytes | memoryview, first: int) -> int:
    """What bytes or a text take in memory: of a text with one character that is not ASCII, each may take four."""
    if first not in _LONG_TEXT or len(data) <= _SMALL or np.frombuffer(data, np.uint8).max() < 0x80:
        return len(data)
    return 4 * len(data)


def _view(code: int, data: memoryview) -> msgspec.msgpack.Ext:
    """What is nested stays where it is: a copy on each level would take the frame's size as often as it is deep."""
    return msgspec.msgpack.Ext(code, data if len(data) > _SMALL else bytes(data))


def _is_flat(key: Any) -> bool:
    """Sets inside sets would take exponential time to compare."""
    return type(key) is tuple and all(type(part) in _ATOMS for part in key)


def _refuse_alike(keys: Sequence[Any]) -> None:
    """Keys with one hash take quadratic time; nobody but an attacker has many."""
    if not all(type(key) in _ATOMS or _is_flat(key) for key in keys):
        raise WireError("a key is neither an atom nor a tuple of atoms")
    if len(keys) > _MOST_ALIKE and max(Counter(map(hash, keys)).values()) > _MOST_ALIKE:
        raise WireError("too many keys have the same hash")


def _are_columns(items: list[Any]) -> bool:
    whole = all(type(item) is np.ndarray and item.ndim and item.dtype.kind in "biuf" for item in items)
    return whole and len({len(item) for item in items}) == 1


def _may_be_columns(kinds: list[int], arrays: list[Any], *, rows: bool) -> bool:
    """Whether arrays are what the columns of a packed list can be."""
    if not all(type(each) is np.ndarray and each.ndim for each in arrays) or len({len(each) for each in arrays}) > 1:
        return False
    if TABLE in kinds:
        (array,) = arrays if len(arrays) == 1 else (None,)
        return rows and array is not None and array.ndim == 2 and array.size > 0 and array.dtype in _PYTHON_DTYPES
    if not rows and len(arrays) > 1:
        return False
    return all(
        (kind == ARRAYS and each.ndim > 1)
        or (kind == NUMBERS and each.ndim == 1)
        or (kind == PYTHON and each.ndim == 1 and each.dtype in _PYTHON_DTYPES)
        for kind, each in zip(kinds, arrays, strict=True)
    )


_OBJECTS = frozenset((HANDLE, RECORD, ROWS))
_STEPS = tuple(_steps())
_LONG_TEXT = frozenset((0xD9, 0xDA, 0xDB))
_LONG = _LONG_TEXT | {0xC4, 0xC5, 0xC6}
_DECODER = msgspec.msgpack.Decoder(ext_hook=_view)
