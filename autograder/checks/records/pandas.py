"""Records of pandas: tables (DataFrame), columns (Series) and indexes; the values in them are `values.Values`.

They answer what checks ask most: columns, shape, dtype, index, values. Whatever else pandas can do is asked of a real
DataFrame, made when it is asked, if pandas is installed: ``answer.groupby("city").mean()``, ``answer["rooms"] > 3``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from types import MethodType
from typing import Any

import numpy as np

from .single import Moment, original
from .values import Array, Values

__all__ = ["Column", "Index", "Table"]

_OPERATORS = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "and_",
    "or_",
)
_ASKED = frozenset(("eq", "ne", "lt", "le", "gt", "ge", "and_", "or_"))
_PLAIN_KEYS = (int, str, float, tuple, Moment)


class _Pandas:
    """Whatever is not answered here is asked of the real thing."""

    __slots__ = ()

    def to_pandas(self) -> Any:
        """The real DataFrame, Series or Index.

        Raises:
            AttributeError: pandas is not installed.
        """
        return original(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self.to_pandas(), name)
        return _given_real_ones(found) if isinstance(found, MethodType) else found

    def __bool__(self) -> bool:
        raise ValueError(
            "The truth value of a table, column or index is ambiguous; ask for its length, any() or all()."
        )


def _given_real_ones(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of pandas' that may be given records."""

    @wraps(method)
    def called(*arguments: Any, **named: Any) -> Any:
        return method(*map(original, arguments), **{name: original(each) for name, each in named.items()})

    return called


def _asked(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        made = getattr(operator, f"__{name}__")(self.to_pandas(), original(other))
        return made.fillna(name == "ne") if hasattr(made, "fillna") else made  # what is missing equals nothing

    return method


def _computed(name: str) -> Callable[[Any, Any], Any]:
    """Arithmetic on the values alone: means and sums of what pandas gives would pass over missing ones."""

    def method(self: Any, other: Any) -> Any:
        values = other.to_numpy() if isinstance(other, _Pandas) else other
        return getattr(operator, f"__{name}__")(self.to_numpy(), values)

    return method


for _name in _OPERATORS:
    setattr(_Pandas, f"__{_name}__", (_asked if _name in _ASKED else _computed)(_name))
_Pandas.__hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index(_Pandas):
    """An index: its `levels` (one, or several of a MultiIndex) with their `names`, and its class ("RangeIndex")."""

    levels: tuple[Values, ...]
    names: tuple[Any, ...]
    class_name: str = "Index"

    @property
    def name(self) -> Any:
        """Of an index with one level."""
        return self.names[0] if len(self.names) == 1 else None

    @property
    def dtype(self) -> str:
        """As pandas writes it."""
        return self.levels[0].dtype if len(self.levels) == 1 else "object"

    @property
    def shape(self) -> tuple[int]:
        """(n,)."""
        return (len(self),)

    def __len__(self) -> int:
        return len(self.levels[0])

    def tolist(self) -> list[Any]:
        """All labels, in order; of several levels tuples."""
        if self.class_name != "MultiIndex":
            return self.levels[0].tolist()
        return list(zip(*(level.tolist() for level in self.levels), strict=True))

    def is_default(self) -> bool:
        """Whether it counts from 0 as rows do."""
        first = self.levels[0]
        counts = len(self.levels) == 1 and first.kind == "numbers" and first.data.dtype.kind in "iu"
        return counts and np.array_equal(first.data, np.arange(len(first)))

    def take(self, places: Any) -> Index:
        """The labels at some places."""
        known = self.class_name if self.class_name != "RangeIndex" else "Index"
        return Index(tuple(level.take(places) for level in self.levels), self.names, known)

    def to_numpy(self) -> Array:
        """The labels as numpy has them."""
        if len(self.levels) == 1:
            return self.levels[0].to_numpy()
        made = np.empty(len(self), object)
        made[:] = self.tolist()
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.to_numpy(), dtype=dtype)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __contains__(self, label: Any) -> bool:
        return label in self.tolist()

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, np.integer)) and len(self.levels) == 1:
            return self.levels[0].take([key]).tolist()[0]
        return self.tolist()[key] if isinstance(key, (int, np.integer)) else self.take(key)

    def __repr__(self) -> str:
        return f"{self.class_name}({_begun(self.tolist())})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Column(_Pandas):
    """A Series: its values, its index, its name."""

    content: Values
    index: Index
    name: Any = None

    @property
    def dtype(self) -> str:
        """As pandas writes it, such as ``"float64"``."""
        return self.content.dtype

    @property
    def shape(self) -> tuple[int]:
        """(n,)."""
        return (len(self),)

    @property
    def size(self) -> int:
        """How many values."""
        return len(self)

    def __len__(self) -> int:
        return len(self.content)

    def tolist(self) -> list[Any]:
        """All values, in order."""
        return self.content.tolist()

    def to_numpy(self) -> Array:
        """The values as numpy has them."""
        return self.content.to_numpy()

    @property
    def values(self) -> Array:
        """The values as numpy has them."""
        return self.content.to_numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.to_numpy(), dtype=dtype)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __contains__(self, label: Any) -> bool:
        """As in pandas: whether the index has it."""
        return label in self.index

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, _PLAIN_KEYS) and not isinstance(key, bool) and self.index.class_name != "MultiIndex":
            places = [place for place, label in enumerate(self.index.tolist()) if label == key]
            if len(places) == 1:
                return self.content.take(places).tolist()[0]
            if not places:
                raise KeyError(key)
        return self.to_pandas()[key]

    def __repr__(self) -> str:
        return f"Series({_begun(self.tolist())}, name={self.name!r}, dtype={self.dtype})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Table(_Pandas):
    """A DataFrame: its values column by column, its index, and its columns' labels as an index of their own."""

    content: tuple[Values, ...]
    index: Index
    labels: Index

    @property
    def columns(self) -> list[Any]:
        """The labels of the columns, in order."""
        return self.labels.tolist()

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (len(self.index), len(self.content))

    @property
    def dtypes(self) -> dict[Any, str]:
        """The dtype of each column, as pandas writes it, by label."""
        return {label: each.dtype for label, each in zip(self.columns, self.content, strict=True)}

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Any]:
        """The labels of the columns, as in pandas."""
        return iter(self.columns)

    def __contains__(self, label: Any) -> bool:
        return label in self.columns

    def __getitem__(self, key: Any) -> Any:
        """A column by its label, or a table of several by a list of labels; anything else as pandas has it."""
        labels = self.columns
        if isinstance(key, list) and key and all(isinstance(each, _PLAIN_KEYS) and each in labels for each in key):
            places = [labels.index(each) for each in key]
            return Table(tuple(self.content[each] for each in places), self.index, self.labels.take(places))
        if isinstance(key, _PLAIN_KEYS) and not isinstance(key, bool) and labels.count(key) == 1:
            return Column(self.content[labels.index(key)], self.index, key)
        if isinstance(key, str) and self.labels.class_name != "MultiIndex" and key not in labels:
            raise KeyError(key)
        return self.to_pandas()[key]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self.columns.count(name) == 1:
            return self[name]
        return _Pandas.__getattr__(self, name)

    def to_numpy(self) -> Array:
        """The values (rows, columns) as numpy has them: of one dtype if they can be, else objects."""
        if not self.content:
            return np.empty(self.shape)
        columns = [each.to_numpy() for each in self.content]
        if all(each.dtype.kind in "biuf" for each in columns) or len({each.dtype for each in columns}) == 1:
            return np.stack(columns, axis=1)
        made = np.empty(self.shape, object)
        for place, each in enumerate(self.content):
            made[:, place] = each.tolist()
        return made

    @property
    def values(self) -> Array:
        """The values (rows, columns) as numpy has them."""
        return self.to_numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.to_numpy(), dtype=dtype)

    def __repr__(self) -> str:
        return f"DataFrame({self.shape[0]} rows, columns {_begun(self.columns)})"


def _begun(values: Sequence[Any]) -> str:
    shown = ", ".join(map(repr, values[:8]))
    return f"[{shown}{', ...' if len(values) > 8 else ''}]"
