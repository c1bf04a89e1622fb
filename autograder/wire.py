"""Values to bytes and back: what crosses the wall between the grader and a submission.

A frame is a prefix of 12 bytes (length of the header, uint32; length of the payload, uint64; little-endian), the
header (MessagePack), and the payload: the raw little-endian buffers of all arrays, in the order of their appearance,
each starting at a multiple of 16 bytes from the beginning of the frame (numpy is slow on unaligned arrays). Long lists
of equal rows are written as columns (`autograder.wire_packing`). Nothing is ever unpickled. `decode` accepts only what
`encode` can produce, builds only built-in types, `numpy.ndarray`, `Rows`, `Handle` and what
`autograder.checks.records.parts` judges (records, dates and the like), and allocates nothing that was not paid for in
bytes: a header is parsed in place, without copies of what is nested in it, objects are counted before they are made,
and what they will take in memory has a limit.
"""

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

from autograder.checks.records.parts import KEYS, put_together, taken_apart
from autograder.checks.rows import Handle, Rows
from autograder.wire_packing import ARRAYS, NUMBERS, PYTHON, TABLE, Column, Packed, pack_rows

__all__ = [
    "MAX_DEPTH",
    "PREFIX",
    "Gather",
    "TooLargeError",
    "WireError",
    "decode",
    "decode_request",
    "encode",
    "frame_for",
]

MAX_DEPTH = 48
_ANSWER_DEPTH = 40  # so that what came in can go out again, inside a request
_MOST_EMPTY_ROWS = 1 << 20
_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes)) | KEYS
PREFIX = struct.Struct("<IQ")

_ALIGN = 16
_DTYPES = tuple(
    np.dtype(code).newbyteorder("<")
    for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
)
_CODE_OF = {dtype: code for code, dtype in enumerate(_DTYPES)}
_SCALARS = (type(None), bool, int, float, str, bytes)
_MAX_NDIM = 32
_NUMERIC = "biufc"
_DEEPEST_PACKED = 32  # a list deeper than this is written item by item, as deep as it may be
_OUTER = (list, tuple)
_ROW = (None, list, tuple)
_PYTHON_DTYPES = frozenset(map(np.dtype, ("b1", "<i8", "<f8", "<c16")))
_MOST_ALIKE = 64
_MOST_BYTES = 256 << 20
_PER_OBJECT = 64  # bytes of a small object with its place in a list
_PER_DIMENSION = 16
_PIECE = 1 << 16  # characters
_MUCH_TEXT = 1 << 20  # bytes
_ROOM_FOR_TEXT = 3  # its buffer doubles, and the last one is copied
_SMALL = 256  # bytes; a copy of so little takes less than a view of it
_MAPS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_FIXED = {  # first byte: (length without the part that is stated, bytes that state it)
    **{0xC4: (2, 1), 0xC5: (3, 2), 0xC6: (5, 4), 0xC7: (3, 1), 0xC8: (4, 2), 0xC9: (6, 4)},
    **{0xCA: (5, 0), 0xCB: (9, 0), 0xCC: (2, 0), 0xCD: (3, 0), 0xCE: (5, 0), 0xCF: (9, 0)},
    **{0xD0: (2, 0), 0xD1: (3, 0), 0xD2: (5, 0), 0xD3: (9, 0)},
    **{0xD4 + n: (2 + 2**n, 0) for n in range(5)},
    **{0xD9: (2, 1), 0xDA: (3, 2), 0xDB: (5, 4), 0xDC: (3, 0), 0xDD: (5, 0)},
}

_ARRAY, _NUMBER, _TUPLE, _INTEGER, _HANDLE, _COMPLEX, _SET, _FROZENSET, _ROWS, _DICT, _PACKED, _RECORD = range(1, 13)
_LAST = _RECORD
_MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, OSError)


class WireError(ValueError):
    """Bytes that are no frame, or a value that no frame can carry; the text says which."""


class TooLargeError(WireError):
    """A value whose frame would be larger than allowed; `size` is a number of bytes that it is larger than."""

    def __init__(self, size: int) -> None:
        super().__init__(f"this value takes more than {size} bytes")
        self.size = size


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
        raise WireError("this value is too long to cross the wall")
    payload, size = packer.payload(PREFIX.size + len(header))
    return [PREFIX.pack(len(header), size), header, *payload]


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
            if padding := -position % _ALIGN:
                buffers.append(bytes(padding))
            buffers.append(array)
            position += padding + len(array)
        return buffers, position - start

    def pack(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _SCALARS and (kind is not int or -(1 << 63) <= value < 1 << 64):
            return self.text_of(value) if kind is str or kind is bytes else value
        if depth >= MAX_DEPTH:
            raise WireError(f"a value is nested more than {MAX_DEPTH} levels deep")
        if kind is int:
            return _integer(value)
        if kind is np.ndarray and value.dtype.kind in _NUMERIC:
            return self.array(_ARRAY, value)
        if kind is list or kind is tuple:
            rows = pack_rows(value, self.left) if depth < _DEEPEST_PACKED else None
            if rows is not None:
                return self.columns(rows)
            if kind is list:
                return [self.pack(item, depth + 1) for item in value]
            return self.sequence(_TUPLE, value, depth)
        return self.special(value, kind, depth)

    def special(self, value: Any, kind: type, depth: int) -> Any:
        """What is neither an atom, an array, a list nor a tuple."""
        if kind is dict:
            return self.sequence(_DICT, (part for pair in value.items() for part in pair), depth)
        if isinstance(value, np.generic) and value.dtype.kind in _NUMERIC:
            return self.array(_NUMBER, np.asarray(value))
        if kind is complex:
            return msgspec.msgpack.Ext(_COMPLEX, struct.pack("<dd", value.real, value.imag))
        if kind in (set, frozenset):
            return self.sequence(_SET if kind is set else _FROZENSET, value, depth)
        if kind is Rows:
            return self.sequence(_ROWS, value.columns, depth)
        if kind is Packed:
            return self.columns(value)
        if kind is Handle:
            parts = (value.id, value.type_name, True) if value.iterator else (value.id, value.type_name)
            return msgspec.msgpack.Ext(_HANDLE, msgspec.msgpack.encode(parts))
        try:
            record = taken_apart(value)
        except ValueError as error:
            raise WireError(f"a value of type {kind.__name__} is not plain data: {error}") from error
        if record is None:
            raise WireError(f"a value of type {kind.__name__} is not plain data")
        name, parts = record
        return self.sequence(_RECORD, (name, *parts), depth)

    def sequence(self, code: int, items: Any, depth: int) -> msgspec.msgpack.Ext:
        before = self.text
        packed = [self.pack(item, depth + 1) for item in items]
        _make_room(self.text - before)
        return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(packed))

    def columns(self, rows: Packed) -> msgspec.msgpack.Ext:
        kinds = bytes([_OUTER.index(rows.outer), _ROW.index(rows.row), *(column.kind for column in rows.columns)])
        arrays = [self.array(_ARRAY, column.array) for column in rows.columns]
        return msgspec.msgpack.Ext(_PACKED, msgspec.msgpack.encode([kinds, *arrays]))

    def array(self, kind: int, value: np.ndarray[Any, Any]) -> msgspec.msgpack.Ext:
        code = _CODE_OF.get(value.dtype.newbyteorder("<"))
        if code is None:
            raise WireError(f"an array of dtype {value.dtype} is not plain data")
        shape = value.shape
        self.count(value.size * value.itemsize)  # before it is copied: few numbers may stand for many
        flat = np.ascontiguousarray(value, _DTYPES[code]).reshape(-1)
        if flat.nbytes:
            self.arrays.append(flat.view(np.uint8).data)
        return msgspec.msgpack.Ext(kind, struct.pack(f"<BB{len(shape)}Q", code, len(shape), *shape))


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
        if kind in _SCALARS:
            return value
        if depth >= self.max_depth:
            raise WireError(f"a value is nested more than {self.max_depth} levels deep")
        if kind is list:
            return self.items(value, depth)
        if kind is msgspec.msgpack.Ext:
            return self.extension(value.code, value.data, depth)
        raise WireError(f"MessagePack type {kind.__name__} has no place in a frame")

    def items(self, values: list[Any], depth: int) -> list[Any]:
        return [item if type(item) in _SCALARS else self.unpack(item, depth + 1) for item in values]

    def extension(self, code: int, data: bytes | memoryview, depth: int) -> Any:
        if code in (_ARRAY, _NUMBER):
            array = self.array(bytes(data))
            if code == _NUMBER and array.shape != ():
                raise WireError("a number has a shape")
            return array if code == _ARRAY else array[()]
        if code == _COMPLEX:
            if len(data) != 16:
                raise WireError("a complex number is not 16 bytes long")
            return complex(*struct.unpack("<dd", data))
        if code == _INTEGER:
            if not 9 <= len(data) <= 1 << 16:
                raise WireError("a large integer has a wrong length")
            return int.from_bytes(data, "little", signed=True)
        self.plain = self.plain and code not in _OBJECTS
        parts = self.parse(data)
        if type(parts) is not list:
            raise WireError("a compound value is not a sequence")
        if code == _HANDLE:
            match parts:
                case [int(number), str(name)] if type(number) is int:
                    return Handle(number, name)
                case [int(number), str(name), True] if type(number) is int:
                    return Handle(number, name, iterator=True)
            raise WireError("a handle is malformed")
        items = self.items(parts, depth)
        if code == _RECORD:
            return self.record(items)
        return self.columns(items) if code == _PACKED else self.compound(code, items)

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
                if outer < len(_OUTER) and row < len(_ROW) and _may_be_columns(kinds, arrays, rows=row > 0):
                    columns = tuple(map(Column, arrays, kinds))
                    made = Packed(_OUTER[outer], _ROW[row], columns)
                    self.items_left -= made.objects
                    if self.items_left < 0:
                        raise WireError("a value has too many items")
                    views = sum(len(each.array) * each.array.ndim for each in columns if each.kind == ARRAYS)
                    self.pay(made.objects * _PER_OBJECT + views * _PER_DIMENSION)
                    return made.items()
        raise WireError("a packed list is malformed")

    def compound(self, code: int, items: list[Any]) -> Any:
        try:
            if code in (_SET, _FROZENSET, _DICT):
                _refuse_alike(items if code != _DICT else items[::2])
            if code == _TUPLE:
                return tuple(items)
            if code == _SET:
                return set(items)
            if code == _FROZENSET:
                return frozenset(items)
            if code == _DICT and len(items) % 2 == 0:
                return dict(zip(items[::2], items[1::2], strict=True))
            if code == _ROWS and self.rows and _are_columns(items):
                return Rows(tuple(items))
        except (TypeError, ValueError) as error:
            raise WireError(f"a compound value is malformed: {error}") from error
        raise WireError(f"extension {code} has no place in a frame")

    def array(self, data: bytes) -> np.ndarray[Any, Any]:
        if len(data) < 2 or data[0] >= len(_DTYPES) or data[1] > _MAX_NDIM or len(data) != 2 + 8 * data[1]:
            raise WireError("the description of an array is malformed")
        dtype, shape = _DTYPES[data[0]], struct.unpack_from(f"<{data[1]}Q", data, 2)
        self.pay(_PER_OBJECT + _PER_DIMENSION * data[1])
        count = math.prod(shape)
        size = count * dtype.itemsize
        if size == 0:
            if math.prod(side or 1 for side in shape) > _MOST_EMPTY_ROWS:  # numpy multiplies them, too
                raise WireError("an empty array has an impossible shape")
            return np.empty(shape, dtype)
        start = self.offset + -self.offset % _ALIGN
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
    return msgspec.msgpack.Ext(_INTEGER, value.to_bytes(max(size, 9), "little", signed=True))


_OBJECTS = frozenset((_HANDLE, _RECORD, _ROWS))
_STEPS = tuple(_steps())
_LONG_TEXT = frozenset((0xD9, 0xDA, 0xDB))
_LONG = _LONG_TEXT | {0xC4, 0xC5, 0xC6}
_DECODER = msgspec.msgpack.Decoder(ext_hook=_view)
