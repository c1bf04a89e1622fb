"""Tables, columns and indexes beside each other: one property after the other, and the first difference in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import CheckFailed
from .records import Column, Index, Values, record_of
from .sheets import (
    Alike,
    Array,
    Sheet,
    cells_agree,
    family_of,
    hashable_label,
    same_dtype,
    sheet_of_answer,
    sheet_of_expected,
    sort_key,
)
from .value_text import show

__all__ = ["TEXT_DTYPES", "compare_records", "compare_tables", "listed"]

TEXT_DTYPES = ("str", "string", "object", "text")
"""What a column of texts may be called, in one version of pandas or another."""

_SHOWN = 6


def compare_tables(
    got: object,
    right: Sheet | None,
    alike: Alike,
    *,
    name: str,
    columns: Sequence[Any] | None = None,
    dtypes: str | Mapping[Any, str] | None = "kind",
    order: str = "both",
    by: Sequence[str] = (),
    index: bool = True,
    nan: bool = True,
    rtol: float,
    atol: float,
) -> None:
    """Compare an answer with a sheet; the arguments are those of `tables.table`.

    Args:
        got: the answer.
        right: what is expected, None where only properties are asked.
        alike: compares two cells that are objects.
        by: the labels that rows must be sorted by.

    Raises:
        CheckFailed: the first difference found.
    """
    mine = sheet_of_answer(got, name, right)
    labels = list(columns) if columns is not None else right.labels if right else mine.labels
    _columns(mine, labels, name, exactly=columns is None, ordered=order in ("both", "columns"))
    if right is not None and len(mine.index) != len(right.index):
        raise CheckFailed(f"{name}: expected {_rows(len(right.index))}, got {len(mine.index)}.")
    _dtypes(mine, right, labels, name, dtypes, alike)
    if not nan:
        _none_missing(mine, labels, name)
    _sorted(mine, list(by), name)
    if right is None:
        return
    if by or order in ("columns", "none"):
        index = index and not (mine.index.is_default() and right.index.is_default())
        mine, right = (each.take(_free_order(each, labels, list(by), with_index=index)) for each in (mine, right))
    if index:
        _same_index(mine.index, right.index, name, alike)
    _same_values(mine, right, labels, name, rtol, atol, alike)


def compare_records(
    got: object, want: object, alike: Alike, *, name: str, rtol: float, atol: float, exact: bool
) -> None:
    """What `close` and `same` ask of a table, a column or an index; `exact` also asks for dtypes and names.

    Raises:
        CheckFailed: the first difference found.
    """
    dtypes = "exact" if exact else "kind"
    compare_tables(got, sheet_of_expected(want), alike, name=name, dtypes=dtypes, rtol=rtol, atol=atol)
    mine, right = record_of(got), record_of(want)
    if not exact:
        return
    if isinstance(right, Column) and mine.name != right.name:
        raise CheckFailed(f"{name}: expected a Series of the name {show(right.name)}, got {show(mine.name)}.")
    pairs = [(mine, right)] if isinstance(right, Index) else [(mine.index, right.index)]
    for one, other in pairs:
        if one.names != other.names:
            raise CheckFailed(f"{name}: expected an index of the name {_names(other)}, got {_names(one)}.")


# --- one property after the other ---


def _columns(mine: Sheet, labels: list[Any], name: str, *, exactly: bool, ordered: bool) -> None:
    if mine.single:
        return
    here, asked = Counter(map(hashable_label, mine.labels)), Counter(map(hashable_label, labels))
    for label in labels:
        if not here[hashable_label(label)]:
            raise CheckFailed(f"{name} has no column {show(label)}; its columns are {listed(mine.labels)}.")
    for label in mine.labels:
        if exactly and here[hashable_label(label)] > asked[hashable_label(label)]:
            raise CheckFailed(
                f"{name} has the column {show(label)}, which is not expected; expected are {listed(labels)}."
            )
    found = [label for label in mine.labels if asked[hashable_label(label)]]
    if ordered and list(map(hashable_label, found)) != list(map(hashable_label, labels)):
        raise CheckFailed(f"{name}: the columns are in another order: expected {listed(labels)}, got {listed(found)}.")


def _dtypes(
    mine: Sheet,
    right: Sheet | None,
    labels: list[Any],
    name: str,
    dtypes: str | Mapping[Any, str] | None,
    alike: Alike,
) -> None:
    if dtypes is None or (isinstance(dtypes, str) and right is None):
        return
    for label in dtypes if isinstance(dtypes, Mapping) else labels:
        if hashable_label(label) not in map(hashable_label, mine.labels):
            raise CheckFailed(f"{name} has no column {show(label)}; its columns are {listed(mine.labels)}.")
        found = mine.of(label)
        if isinstance(dtypes, Mapping):
            asked = str(dtypes[label])
            holds = found.dtype == asked or (asked in TEXT_DTYPES and family_of(found) == "text")
        else:
            assert right is not None
            other = right.of(label)
            asked = other.dtype
            holds = family_of(found) == family_of(other) and (dtypes == "kind" or same_dtype(found, other, alike))
        if not holds:
            raise CheckFailed(f"{name}: {_place(mine, label)}expected {asked}, got {found.dtype}{_example(found)}.")


def _none_missing(mine: Sheet, labels: list[Any], name: str) -> None:
    for label in labels:
        missing = mine.of(label).missing_at()
        if missing.any():
            count = int(missing.sum())
            raise CheckFailed(
                f"{name}: {_row(mine, label, int(np.argmax(missing)))}: expected no missing value, got "
                f"{_in_words(mine.of(label), int(np.argmax(missing)))} ({count} of {_rows(len(missing))} in all)."
            )


def _sorted(mine: Sheet, by: list[str], name: str) -> None:
    keys = []
    for each in by:
        falls = each.startswith("-") and hashable_label(each) not in map(hashable_label, mine.labels)
        label = each[1:] if falls else each
        if hashable_label(label) not in map(hashable_label, mine.labels):
            raise CheckFailed(f"{name} has no column {show(label)}; its columns are {listed(mine.labels)}.")
        keys.append((label, falls, list(map(sort_key, mine.of(label).tolist()))))
    for row in range(1, len(mine.index) if keys else 0):
        for label, falls, values in keys:
            if values[row - 1] == values[row]:
                continue
            if (values[row - 1] > values[row]) != falls:
                found, before = (_in_words(mine.of(label), place) for place in (row, row - 1))
                way = " from large to small" if falls else ""
                raise CheckFailed(f"{name}: not sorted by {show(label)}{way}: row {row} has {found} after {before}.")
            break


def _same_index(mine: Index, right: Index, name: str, alike: Alike) -> None:
    if len(mine.levels) != len(right.levels):
        raise CheckFailed(f"{name}: expected an index of {_levels(right)}, got one of {_levels(mine)}.")
    for found, other in zip(mine.levels, right.levels, strict=True):
        near = cells_agree(found, other, 1e-9, 0.0, alike)
        if not near.all():
            row = int(np.argmin(near))
            hint = ""
            if right.is_default():
                hint = " Is a reset_index(drop=True) missing?"
            raise CheckFailed(
                f"{name}: the index differs: row {row}: expected {show(right[row])}, got {show(mine[row])}.{hint}"
            )


def _same_values(
    mine: Sheet, right: Sheet, labels: list[Any], name: str, rtol: float, atol: float, alike: Alike
) -> None:
    twice = len(set(map(hashable_label, labels))) < len(labels)
    for place, label in enumerate(labels):
        found = mine.content[place] if twice else mine.of(label)
        other = right.content[place] if twice else right.of(label)
        near = cells_agree(found, other, rtol, atol, alike)
        if near.all():
            continue
        row, wrong = int(np.argmin(near)), int((~near).sum())
        more = f" ({wrong} of {_rows(len(near))} differ)" if wrong > 1 else ""
        got, asked = _in_words(found, row), _in_words(other, row)
        if got == asked:
            got, asked = (repr(each.take([row]).tolist()[0]) for each in (found, other))
        label_text = "" if mine.index.is_default() else f" (index {show(mine.index[row])})"
        raise CheckFailed(f"{name}: {_row(mine, label, row)}{label_text}: expected {asked}, got {got}{more}.")


# --- values ---


def _free_order(sheet: Sheet, labels: list[Any], by: list[str], *, with_index: bool) -> Array:
    """An order of rows that depends on what is in them alone, first of all on the columns that they are sorted by."""
    parts = [*(sheet.of(label) for label in labels), *(sheet.index.levels if with_index else ())]
    parts.sort(key=lambda values: family_of(values) == "number")  # nearly equal numbers decide last
    keys = [list(map(sort_key, values.tolist())) for values in parts]
    known = [
        sheet.of(each if hashable_label(each) in map(hashable_label, sheet.labels) else each[1:]).tolist()
        for each in by
    ]
    first = [tuple(sort_key(values[row]) for values in known) for row in range(len(sheet.index))]
    return np.array(sorted(range(len(first)), key=lambda row: (first[row], [key[row] for key in keys])), int)


# --- words ---


def _place(sheet: Sheet, label: Any) -> str:
    return "" if sheet.single else f"column {show(label)}: "


def _row(sheet: Sheet, label: Any, row: int) -> str:
    return f"row {row}" if sheet.single else f"row {row}, column {show(label)}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _in_words(values: Values, row: int) -> str:
    value = values.take([row]).tolist()[0]
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return str(value) if type(value) is float and value.is_integer() and abs(value) < 1e15 else show(value)


def _example(values: Values) -> str:
    """Of a column of objects, the first value that is no text."""
    if values.kind != "objects" or family_of(values) == "text":
        return ""
    first = next((each for each in values.data if type(each) is not str and each is not None), None)
    return f" (it holds {show(first)}, a {type(first).__name__})" if first is not None else ""


def listed(labels: Sequence[Any]) -> str:
    """Some labels, the first of many."""
    shown = ", ".join(map(show, labels[:_SHOWN]))
    return f"[{shown}{', ...' if len(labels) > _SHOWN else ''}]"


def _names(index: Index) -> str:
    return show(index.names[0]) if len(index.names) == 1 else listed(index.names)


def _levels(index: Index) -> str:
    return "one level" if len(index.levels) == 1 else f"{len(index.levels)} levels"
