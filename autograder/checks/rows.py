"""What crosses beside plain data: rows that are held as whole columns, and names for objects that stay where they are.

It is shipped to students: standard library and numpy only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import numpy as np

from .errors import InstructorError

__all__ = ["Handle", "Rows", "class_named", "native", "rows", "size_of"]

_KINDS = "biuf"


@dataclass(frozen=True, slots=True)
class Handle:
    """A name for an object that stays where it is; `type_name` is the class's name, for messages.

    `iterator` says that its items can be drawn one by one.
    """

    id: int
    type_name: str
    iterator: bool = False


class Rows(Sequence[Any]):
    """A cheap list of rows ``(x[i], y[i], ...)``, held as whole columns.

    Indexing gives what `as_list` gives at that place. Made by `rows`.
    """

    __slots__ = ("columns",)
    columns: tuple[np.ndarray[Any, Any], ...]

    def __init__(self, columns: tuple[np.ndarray[Any, Any], ...]) -> None:
        object.__setattr__(self, "columns", columns)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"rows are frozen: {name!r} cannot be set.")

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Rows: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Rows(tuple(np.ascontiguousarray(column[index]) for column in self.columns))
        row = tuple(column[index].item() if column.ndim == 1 else column[index] for column in self.columns)
        return row if len(row) > 1 else row[0]

    def __iter__(self) -> Iterator[Any]:
        elements = [_elements(column) for column in self.columns]
        return zip(*elements, strict=True) if len(elements) > 1 else iter(elements[0])

    def __repr__(self) -> str:
        described = ", ".join(f"{column.dtype}{list(column.shape)}" for column in self.columns)
        return f"rows({described})"

    def as_list(self) -> list[Any]:
        """A real list: tuples ``(x[i], y[i], ...)``, or ``x[i]`` alone for a single column.

        Elements of a 1-d column are Python numbers, of any other column numpy views of shape ``column.shape[1:]``.
        """
        return list(self)

    def copy(self) -> Rows:
        """The same rows over columns of their own, for a reader who may write into them."""
        return Rows(tuple(column.copy() for column in self.columns))


def rows(*columns: Any) -> Rows:
    """A cheap list of tuples ``[(x[0], y[0]), ...]`` from whole arrays; of ``[x[0], ...]`` from one.

    Args:
        columns: arrays (or what `numpy.asarray` takes) of numbers or truth values with the same length; kept without
            a copy where they are C-contiguous.

    Raises:
        InstructorError: no column, a column of another kind, or columns of different lengths.
    """
    if not columns:
        raise InstructorError("rows() needs at least one column; call it as rows(x, y).")
    arrays = [np.asarray(column) for column in columns]
    for place, each in enumerate(arrays, start=1):
        if each.ndim == 0 or each.dtype.kind not in _KINDS:
            raise InstructorError(
                f"Column {place} of rows() has dtype {each.dtype} and shape {each.shape}; "
                "give arrays of numbers with at least one dimension."
            )
    lengths = [len(each) for each in arrays]
    if len(set(lengths)) > 1:
        raise InstructorError(
            f"The columns of rows() have the lengths {', '.join(map(str, lengths))}; give them one length."
        )
    return Rows(tuple(np.ascontiguousarray(native(each)) for each in arrays))


def size_of(value: object) -> int:
    """About how many bytes a plain value takes."""
    if isinstance(value, np.ndarray):
        return value.nbytes + sys.getsizeof(None)
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(size_of(key) + size_of(each) for key, each in value.items())
    return size + sum(map(size_of, value)) if isinstance(value, (list, tuple, set, frozenset)) else size


def native(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same numbers in this machine's byte order, long doubles as doubles; the very array where nothing changes."""
    dtype = value.dtype
    if dtype.kind == "f" and dtype.itemsize > 8:
        return value.astype(np.float64)
    if dtype.kind == "c" and dtype.itemsize > 16:
        return value.astype(np.complex128)
    return value if dtype.isnative else value.astype(dtype.newbyteorder("="))


def _elements(column: np.ndarray[Any, Any]) -> list[Any]:
    """Python numbers of a 1-d column, views of any other."""
    return column.tolist() if column.ndim == 1 else list(column)


_LONGEST = 60
T = TypeVar("T")


def class_named(name: str, base: type[T]) -> type[T]:
    """A subclass of a stand-in's class that is called as the class of the object, if that is a name.

    It also has the name as `_kind`; what is no name of a class becomes "object".
    """
    shown_name = name if name.isidentifier() and name.isascii() and len(name) <= _LONGEST else "object"
    attributes: dict[str, Any] = {"__module__": base.__module__, "__doc__": base.__doc__, "_kind": shown_name}
    return type(shown_name, (base,), attributes)
