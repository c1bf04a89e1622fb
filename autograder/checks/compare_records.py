"""Compare what has a way of its own to be compared: tables, sparse matrices, images, moments, complex numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from .compare_tables import compare_records
from .errors import CheckFailed
from .records import Fields, Member, Missing, Moment, Picture, Span, Sparse
from .value_text import TABLES, article, distinct_texts, is_handle, other_value, placed, returned, what

__all__ = ["Parts", "compared_specially"]

_TIMES = (datetime, timedelta, np.datetime64, np.timedelta64)
_RECORDS = (Moment, Span, Missing, Member)
_SINGLE = (*_RECORDS, *_TIMES)


@dataclass(frozen=True, slots=True)
class Parts:
    """How what is inside of a value is compared: `close` and `same` of `compare`, which looks here for the whole."""

    close: Callable[..., None]
    same: Callable[..., None]

    def alike(self, one: Any, other: Any, rtol: float, atol: float) -> bool:
        """Whether two values agree; exactly without a difference that is allowed."""
        try:
            if rtol or atol:
                try:
                    self.close(one, other, rtol=rtol, atol=atol)
                except CheckFailed:
                    self.same(one, other)
            else:
                self.same(one, other)
        except CheckFailed:
            return False
        return True


def compared_specially(
    got: object, want: object, name: str, rtol: float, atol: float, parts: Parts, *, exact: bool
) -> bool:
    """Compare what has a way of its own to be compared; False where the expected value has none."""
    got, want = _single(got), _single(want)
    if isinstance(want, TABLES):
        compare_records(got, want, parts.alike, name=name, rtol=rtol, atol=atol, exact=exact)
    elif isinstance(want, Sparse):
        _sparse(got, want, name, rtol, atol)
    elif isinstance(want, Picture):
        _picture(got, want, name, rtol, atol, parts)
    elif isinstance(want, Fields):
        _fields(got, want, name, rtol, atol, parts)
    elif isinstance(want, _RECORDS) or (isinstance(want, _SINGLE) and isinstance(got, _SINGLE)):
        if not _is_equal(got, want):
            raise other_value(name, got, want)
    elif isinstance(want, (np.ndarray, np.generic)) and (want.dtype.names or want.dtype.kind in "mM"):
        _special_array(got, want, name, rtol, atol, parts)
    elif isinstance(want, np.ma.MaskedArray):
        _masked(got, want, name, rtol, atol, parts)
    elif isinstance(want, (complex, np.ndarray, np.generic)) and np.asarray(want).dtype.kind == "c":
        _complex(got, want, name, rtol, atol, parts)
    else:
        return False
    return True


def _single(value: object) -> object:
    """An array of no dimensions with a moment or span as that; anything else as it is."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "mM" else value


def _is_equal(got: object, want: object) -> bool:
    """Whether two single values are the same, whichever of the two comes from pandas, numpy or the standard library."""
    if isinstance(got, np.generic) and isinstance(want, np.generic):
        nothing = np.isnat(got) and np.isnat(want)
        return type(got) is type(want) and bool(nothing or got == want)
    got, want = _recorded(got), _recorded(want)
    if not isinstance(got, _RECORDS):
        got, want = want, got  # numpy would compare with a record item by item
    return bool(type(got).__eq__(got, want) is True)


def _recorded(value: object) -> object:
    """A moment or span of numpy's as the record that pandas' have."""
    if not isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    if np.isnat(value):
        return Missing("NaT")
    unit = np.datetime_data(value.dtype)[0]
    ticks = int(value.astype(f"{value.dtype.kind}8[{unit}]").view("i8"))
    return Moment(ticks, unit) if isinstance(value, np.datetime64) else Span(ticks, unit)


def _are_single(values: Sequence[object]) -> bool:
    return all(isinstance(_single(each), _SINGLE) for each in values)


def _part(got: object, want: object, name: str, rtol: float, atol: float, parts: Parts) -> None:
    if rtol or atol:
        parts.close(got, want, name=name, rtol=rtol, atol=atol)
    else:
        parts.same(got, want, name=name)


def _sparse(got: object, want: Sparse, name: str, rtol: float, atol: float) -> None:
    if not isinstance(got, Sparse):
        raise CheckFailed(f"{returned(got, name)}; expected {what(want)}.")
    if got.shape != want.shape:
        raise CheckFailed(f"{name}: expected the shape {want.shape}, got {got.shape}.")
    (mine, data), (right, asked) = _flat(got), _flat(want)
    every = np.union1d(mine, right)  # arrays alone: an answer may have millions of entries
    found, other = np.zeros(len(every), data.dtype), np.zeros(len(every), asked.dtype)
    found[np.searchsorted(every, mine)], other[np.searchsorted(every, right)] = data, asked
    wide = np.complex128 if "c" in found.dtype.kind + other.dtype.kind else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(found.astype(wide) - other.astype(wide))
        wrong = ~((found == other) | (distance <= atol + rtol * np.abs(other.astype(wide))))
    if wrong.any():
        first = int(np.argmax(wrong))
        texts = distinct_texts(found[first], other[first])
        place = placed(every[first], want.shape)
        raise CheckFailed(f"{name}{place}: expected {texts[1]}, got {texts[0]} ({int(wrong.sum())} entries differ).")


def _flat(sparse: Sparse) -> tuple[Any, Any]:
    """The places of all entries in the array laid flat, rising, and the entries."""
    coordinates, data = sparse.entries()
    if not len(data):
        return np.zeros(0, np.int64), data
    return np.ravel_multi_index(tuple(coordinates), sparse.shape), data


def _picture(got: object, want: Picture, name: str, rtol: float, atol: float, parts: Parts) -> None:
    if not isinstance(got, (Picture, np.ndarray)):
        raise CheckFailed(f"{returned(got, name)}; expected an image.")
    if isinstance(got, Picture) and got.mode != want.mode:
        raise CheckFailed(f"{name}: expected an image of mode {want.mode}, got {got.mode}.")
    mine = got.pixels if isinstance(got, Picture) else got
    if mine.shape[:2] != want.pixels.shape[:2]:
        size = f"{mine.shape[1]} x {mine.shape[0]}" if mine.ndim > 1 else str(mine.shape)
        raise CheckFailed(f"{name}: expected an image of {want.size[0]} x {want.size[1]} pixels, got {size}.")
    _part(mine, want.pixels, f"{name}, pixel", rtol, atol, parts)


def _fields(got: object, want: Fields, name: str, rtol: float, atol: float, parts: Parts) -> None:
    if not isinstance(got, Fields) or got.class_name != want.class_name:
        raise CheckFailed(f"{returned(got, name)}; expected {article(want.class_name)}.")
    missing = [field for field in want.fields if field not in got.fields]
    if missing:
        raise CheckFailed(f"{name} has no field {missing[0]!r}; its fields are {', '.join(got.fields)}.")
    for field, right in want.fields.items():
        _part(got.fields[field], right, f"{name}.{field}", rtol, atol, parts)


def _special_array(got: object, want: Any, name: str, rtol: float, atol: float, parts: Parts) -> None:
    """Arrays of moments or spans, and those with named fields."""
    right = np.asarray(want)
    if right.ndim == 1 and isinstance(got, (list, tuple)) and len(got) == len(right) and _are_single(got):
        _part(got, list(right), name, rtol, atol, parts)
        return
    mine = np.asarray(got) if isinstance(got, (np.ndarray, np.generic)) else None
    if mine is None or mine.dtype.kind != right.dtype.kind:
        found = f"{name} is an array of dtype {mine.dtype}" if mine is not None else returned(got, name)
        raise CheckFailed(f"{found}; expected dtype {right.dtype}.")
    if mine.shape != right.shape:
        raise CheckFailed(f"{name}: expected the shape {right.shape}, got {mine.shape}.")
    if right.dtype.names:
        if mine.dtype.names != right.dtype.names:
            raise CheckFailed(f"{name}: expected the fields {right.dtype.names}, got {mine.dtype.names}.")
        for field in right.dtype.names:
            _part(mine[field], right[field], f"{name}[{field!r}]", rtol, atol, parts)
        return
    near = (mine == right) | (np.isnat(mine) & np.isnat(right))
    if not np.all(near):
        place = int(np.argmin(near))
        raise CheckFailed(
            f"{name}{placed(place, mine.shape)}: expected {right.ravel()[place]}, got {mine.ravel()[place]}."
        )


def _masked(got: object, want: Any, name: str, rtol: float, atol: float, parts: Parts) -> None:
    if isinstance(got, np.ndarray) and got.dtype.kind in "biufc" and not isinstance(got, np.ma.MaskedArray):
        got = np.ma.masked_invalid(got)  # how a submission's masked array comes
    if not isinstance(got, np.ma.MaskedArray):
        raise CheckFailed(f"{returned(got, name)}; expected a masked array.")
    if got.shape != want.shape:
        raise CheckFailed(f"{name}: expected the shape {want.shape}, got {got.shape}.")
    mine, right = np.ma.getmaskarray(got), np.ma.getmaskarray(want)
    if not np.array_equal(mine, right):
        place = int(np.argmax(mine != right))
        asked = ("not masked", "masked")[bool(right.ravel()[place])]
        raise CheckFailed(f"{name}{placed(place, mine.shape)}: expected it {asked}.")
    _part(np.where(mine, 0, got.data), np.where(mine, 0, want.data), name, rtol, atol, parts)


def _complex(got: object, want: Any, name: str, rtol: float, atol: float, parts: Parts) -> None:
    """Complex numbers, the real and the imaginary parts apart."""
    try:
        mine = np.asarray(got)
    except (ValueError, TypeError):
        mine = np.empty(0, object)
    if is_handle(got) or mine.dtype.kind not in "biufc":
        raise CheckFailed(f"{returned(got, name)}; expected complex numbers.")
    _part(mine.real, np.asarray(want).real, f"the real part of {name}", rtol, atol, parts)
    _part(mine.imag, np.asarray(want).imag, f"the imaginary part of {name}", rtol, atol, parts)
