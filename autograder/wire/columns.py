"""Long lists of equal rows as a few arrays, so that ten thousand pairs cost what their numbers cost.

A list or tuple is packed where nothing is lost by it: its items are numbers of one Python type, numpy numbers of one
dtype, arrays of one dtype and shape, or lists (or tuples) of equal length whose columns are such. `Packed.items` makes
the same values again, with the same types. Which items were the very same object is not kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

__all__ = ["ARRAYS", "FEWEST", "NUMBERS", "PYTHON", "TABLE", "Column", "Packed", "pack_rows"]

FEWEST = 32
"""Fewer values than this are written one by one, which takes less."""
_WIDEST = 64
PYTHON, NUMBERS, ARRAYS, TABLE = range(4)
"""What becomes of a column: Python numbers, numpy numbers, arrays; or of a matrix, rows of Python numbers."""

_DTYPE_OF: dict[type, Any] = {bool: np.bool_, int: np.int64, float: np.float64, complex: np.complex128}
_LETTER_OF: dict[Any, str] = {np.dtype(np.float64): "d", np.dtype(np.int64): "q", np.dtype(np.bool_): "?"}
_NUMERIC = "biufc"

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """An array (n, ...) and what its n items were: one of `PYTHON`, `NUMBERS`, `ARRAYS`, `TABLE`."""

    array: Array
    kind: int

    def items(self) -> list[Any]:
        """The n items."""
        return self.array.tolist() if self.kind in (PYTHON, TABLE) else list(self.array)

    @property
    def objects(self) -> int:
        """How many objects its items are, with those inside them."""
        return self.array.size if self.kind == TABLE else len(self.array)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A list or tuple of n items: the column itself where `row` is None, else lists or tuples of the columns' items."""

    outer: type
    row: type | None
    columns: tuple[Column, ...]

    def items(self) -> Any:
        """The list or tuple that was packed."""
        first = self.columns[0]
        if self.row is None:
            found: Any = first.items()
        elif first.kind == TABLE:
            found = _rows_of(first.array, self.row)
        else:
            rows = zip(*(column.items() for column in self.columns), strict=True)
            found = rows if self.row is tuple else map(list, rows)
        return found if type(found) is self.outer else self.outer(found)

    @property
    def objects(self) -> int:
        """How many objects it will be."""
        return sum(column.objects for column in self.columns) + (len(self.columns[0].array) if self.row else 0)


def pack_rows(value: list[Any] | tuple[Any, ...], room: int) -> Packed | None:
    """The packed form of a list or tuple, or None where it has none or is too short to gain by it.

    Args:
        value: anything in a list or tuple.
        room: bytes that its arrays may take; where they would take more, nothing is built.
    """
    kinds = set(map(type, value))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is not list and kind is not tuple:
        column = _column(value, kind, room) if len(value) >= FEWEST else None
        return Packed(type(value), None, (column,)) if column else None
    lengths = set(map(len, value))
    width = lengths.pop()
    if lengths or not width or len(value) * width < FEWEST:
        return None
    inner = set(map(type, chain.from_iterable(value)))
    if len(inner) == 1 and (dtype := _DTYPE_OF.get(next(iter(inner)))) and width > 1:
        made = _matrix(value, width, np.dtype(dtype), room)
        return Packed(type(value), kind, (Column(made, TABLE),)) if made is not None else None
    if width > _WIDEST or len(value) < FEWEST // 2 or not all(map(_may_be_packed, inner)):
        return None
    columns = []
    for items in zip(*value, strict=True):
        kinds = set(map(type, items))
        column = _column(items, kinds.pop(), room) if len(kinds) == 1 else None
        if column is None:
            return None
        room -= column.array.nbytes
        columns.append(column)
    return Packed(type(value), kind, tuple(columns))


def _rows_of(array: Array, row: type) -> Any:
    """The rows of a matrix as lists or tuples of Python numbers, in half the time that `tolist` takes."""
    letter = _LETTER_OF.get(array.dtype)
    if letter is None:
        return array.tolist() if row is list else map(tuple, array.tolist())
    rows = struct.iter_unpack(f"{array.shape[1]}{letter}", np.ascontiguousarray(array).data.cast("B"))
    return rows if row is tuple else map(list, rows)


def _matrix(rows: Any, width: int, dtype: np.dtype[Any], room: int) -> Array | None:
    """Rows of Python numbers of one type as an array; None where an integer is too large for it."""
    letter = _LETTER_OF.get(dtype)
    if letter is None:
        return _of_python(rows, dtype, room)
    if len(rows) * width * dtype.itemsize > room:
        return None
    pack = struct.Struct(f"{width}{letter}").pack
    try:
        written = b"".join([pack(*row) for row in rows])
    except struct.error:
        return None
    return np.frombuffer(written, dtype).reshape(len(rows), width)


def _may_be_packed(kind: type) -> bool:
    return kind in _DTYPE_OF or kind is np.ndarray or issubclass(kind, np.generic)


def _column(items: Any, kind: type, room: int) -> Column | None:
    """Equal items of one type as one array."""
    if kind in _DTYPE_OF:
        made = _of_python(items, _DTYPE_OF[kind], room)
        return None if made is None else Column(made, PYTHON)
    if kind is np.ndarray:
        first = items[0]
        if first.ndim == 0 or first.dtype.kind not in _NUMERIC or first.nbytes * len(items) > room:
            return None
        if len({each.shape for each in items}) > 1 or len({each.dtype for each in items}) > 1:
            return None
        return Column(np.concatenate(items).reshape(len(items), *first.shape), ARRAYS)
    if (
        issubclass(kind, np.generic)
        and np.dtype(kind).kind in _NUMERIC
        and np.dtype(kind).itemsize * len(items) <= room
    ):
        return Column(np.array(items, np.dtype(kind)), NUMBERS)
    return None


def _of_python(items: Any, dtype: Any, room: int) -> Array | None:
    """Python numbers of one type as an array; None where an integer is too large for it."""
    if len(items) * np.dtype(dtype).itemsize > room:
        return None
    try:
        return np.array(items, dtype)
    except OverflowError:
        return None
