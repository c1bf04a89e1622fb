"""Tables, columns and indexes as sheets: read from what an answer is, and compared cell by cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import wrong
from .errors import CheckFailed, InstructorError
from .records import Column, Index, Missing, Table, Values
from .records.conversion import record_of
from .value_text import returned

__all__ = [
    "Alike",
    "Array",
    "Sheet",
    "cells_agree",
    "family_of",
    "hashable_label",
    "same_dtype",
    "sheet_of_answer",
    "sheet_of_expected",
    "sort_key",
]


Array = np.ndarray[Any, Any]
Alike = Callable[[Any, Any, float, float], bool]
"""Whether two objects in cells agree, within a relative and an absolute difference."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table or a column: labels, their values, an index, and what sentences call it."""

    labels: list[Any]
    content: list[Values]
    index: Index
    kind: str

    @property
    def single(self) -> bool:
        """Whether it is no DataFrame, so that its only column needs no name."""
        return self.kind != "DataFrame"

    def of(self, label: Any) -> Values:
        """The values of a column."""
        return self.content[self.labels.index(label)]

    def take(self, places: Array) -> Sheet:
        """The rows at some places."""
        return Sheet(self.labels, [each.take(places) for each in self.content], self.index.take(places), self.kind)


def sheet_of_answer(got: object, name: str, right: Sheet | None) -> Sheet:
    """An answer as a sheet, of the kind that is expected.

    Raises:
        CheckFailed: it is none.
    """
    if got is None:
        raise CheckFailed(f"{name} is None; was a `return` forgotten?")
    asked = right.kind if right else "DataFrame"
    found = _sheet(record_of(got))
    if found is None or (right is not None and found.kind != asked):
        raise CheckFailed(f"{returned(got, name)}; expected a pandas {asked}.")
    if right is not None and right.single:
        return Sheet(right.labels, found.content, found.index, found.kind)
    return found


def sheet_of_expected(expected: object) -> Sheet:
    """What a check expects, which may be a dictionary of columns, as a sheet.

    Raises:
        InstructorError: it is none.
    """
    record = record_of(expected)
    if isinstance(record, Mapping):
        for each in record.values():
            if isinstance(each, str) or not isinstance(each, Iterable):
                raise wrong("table", "expected", expected, "give a list for each column")
        content = [_of_list(list(each)) for each in record.values()]
        if len({len(each) for each in content}) > 1:
            raise InstructorError("The columns of the expected table have different lengths; give them one length.")
        numbers = np.arange(len(content[0]) if content else 0)
        rows = Index((Values("int64", "numbers", numbers),), (None,), "RangeIndex")
        return Sheet(list(record), content, rows, "DataFrame")
    found = _sheet(record)
    if found is None:
        raise InstructorError(
            f"table() compares with a DataFrame, a Series, or a dict of lists, not with a {type(expected).__name__}."
        )
    return found


def _sheet(record: object) -> Sheet | None:
    if isinstance(record, Table):
        return Sheet(record.columns, list(record.content), record.index, "DataFrame")
    if isinstance(record, Column):
        return Sheet([record.name], [record.content], record.index, "Series")
    if isinstance(record, Index):
        count = Index((Values("int64", "numbers", np.arange(len(record))),), (None,), "RangeIndex")
        if len(record.levels) == 1:
            return Sheet([None], [record.levels[0]], count, "Index")
        return Sheet([None], [Values("object", "objects", record.tolist())], count, "Index")
    return None


def _of_list(values: list[Any]) -> Values:
    """Values as pandas would make a column of them."""
    kinds = set(map(type, values))
    if kinds and kinds <= {int, float, bool} and not (bool in kinds and len(kinds) > 1):
        array = np.array(values)
        return Values(str(array.dtype), "numbers", array)
    if kinds and all(issubclass(kind, (np.number, np.bool_)) for kind in kinds):
        array = np.array(values)
        return Values(str(array.dtype), "numbers", array)
    if kinds <= {int, float, type(None)} and kinds != {type(None)} and kinds:
        return Values("float64", "numbers", np.array([math.nan if each is None else each for each in values], float))
    return Values("object", "objects", [record_of(each) for each in values])


def cells_agree(mine: Values, right: Values, rtol: float, atol: float, alike: Alike) -> Array:
    """Where two columns agree, (n,); missing values agree with missing ones."""
    gone, gone_too = mine.missing_at(), right.missing_at()
    found = np.equal(gone, gone_too)
    there = ~gone & ~gone_too
    if mine.kind == right.kind == "numbers":
        one, other = np.asarray(mine.data)[there], np.asarray(right.data)[there]
        wide = np.complex128 if "c" in one.dtype.kind + other.dtype.kind else np.float64
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(one.astype(wide) - other.astype(wide))
            allowed = atol + rtol * np.abs(other.astype(wide))
            near = (one == other) | ((distance <= allowed) & (allowed > 0) & np.isfinite(other))
        found[there] = near
        return found
    if mine.kind == right.kind and mine.kind in ("moments", "spans"):
        found[there] = mine.to_numpy()[there] == right.to_numpy()[there]
        return found
    one_list, other_list = mine.tolist(), right.tolist()
    for row in np.flatnonzero(there).tolist():
        one, other = one_list[row], other_list[row]
        if type(one) is str or type(other) is str:
            found[row] = type(one) is type(other) and one == other
        else:
            found[row] = alike(one, other, rtol, atol)
    return found


def family_of(values: Values) -> str:
    """The kind of a column's values, for which the way they are stored does not matter."""
    if values.kind == "numbers":
        kind = values.data.dtype.kind
        return "boolean" if kind == "b" else "complex" if kind == "c" else "number"
    if values.kind == "moments":
        return "datetime" if values.detail[1] is None else "datetime with zone"
    if values.kind != "objects":
        return values.kind
    missing = values.missing_at().tolist()
    plain = all(gone or type(each) is str for each, gone in zip(values.data, missing, strict=True))
    return "text" if plain else "object"


def same_dtype(found: Values, other: Values, alike: Alike) -> bool:
    """Whether two columns have the very same dtype, as far as versions of pandas agree on it."""
    if family_of(found) == "text" or found.kind in ("moments", "spans"):
        return found.detail[1:] == other.detail[1:]  # "us" in one version of pandas is "ns" in another
    if found.kind == "categories":
        near = len(found.detail[0]) == len(other.detail[0]) and bool(
            cells_agree(found.detail[0], other.detail[0], 0, 0, alike).all()
        )
        return near and found.detail[1] == other.detail[1]
    return found.dtype == other.dtype


def sort_key(value: Any) -> tuple[int, Any]:
    """What any two values are compared by; missing ones come last."""
    if value is None or type(value) is Missing or (isinstance(value, float) and math.isnan(value)):
        return 3, 0
    if isinstance(value, (bool, int, float)):
        return 0, float(f"{value:.9g}") if isinstance(value, float) else value
    moment = getattr(value, "datetime64", None) if hasattr(value, "ticks") else None
    if moment is not None:
        return 1, int(np.datetime64(moment, "ns").astype(np.int64))
    return 2, value if type(value) is str else repr(value)


def hashable_label(label: Any) -> Any:
    """A label, distinct from those that only equal it; a numpy number is Python's."""
    label = label.item() if isinstance(label, np.generic) else label
    return (type(label).__name__ if isinstance(label, bool) else "", label)
