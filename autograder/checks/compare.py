"""Compare an answer with the right one: numbers, arrays, and lists, tuples and dictionaries of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from .arguments import COUNT, NOT_NEGATIVE, SHAPE, TEXT, takes, wrong
from .common_mistakes import slip
from .compare_records import Parts, compared_specially
from .errors import CheckFailed
from .inspection.arrays import filled, is_masked, is_tensor, without_tensors
from .records import Sparse, Table
from .records.conversion import record_of
from .value_text import (
    TABLES,
    article,
    distinct_texts,
    dtype_of,
    is_handle,
    is_long,
    is_number,
    is_structure,
    kind_of,
    other_value,
    placed,
    returned,
    show,
    unboxed,
    what,
)

__all__ = ["ALIKE", "close", "finite", "numbers", "same", "shape"]

Array = np.ndarray[Any, Any]
_LARGEST = int(np.finfo(np.float64).max)


@takes(name=TEXT, rtol=NOT_NEGATIVE, atol=NOT_NEGATIVE, n=COUNT)
def close(
    got: object, want: object, *, name: str = "result", rtol: float = 1e-5, atol: float = 1e-8, n: int = 0
) -> None:
    """Fail unless ``|got - want| <= atol + rtol |want|`` in every entry, with the same shapes and structure.

    Nothing is broadcast. NaN equals nothing (not even NaN), infinity only itself. Where a complex number is expected, a
    real one counts as complex, and not the other way round. What is no number (text, None, sets) must be the same. An
    answer in float32 may differ by 1e-6 of the largest expected entry more (not with ``rtol=0``): that much is lost
    where large terms cancel. Where a common slip explains the difference (`checks.common_mistakes`), the sentence is
    followed by one that says so.

    Args:
        got: a number, an array or torch tensor, nested lists of numbers, or lists, tuples or dictionaries of these; a
            DataFrame, Series or Index, a sparse matrix, an image, a data class. Where plain numbers are expected, a
            Series, an Index or a DataFrame counts as its values.
        want: the right answer, of the same structure: real ones of pandas, scipy, torch and PIL, or their records.
        name: what the sentence calls the answer, such as ``"relu(z)"``.
        rtol: allowed difference relative to the expected entry.
        atol: allowed absolute difference.
        n: number of samples that may have been forgotten in, or put twice into, a mean; 0 when there is none.

    Raises:
        CheckFailed: the first difference found.

    Examples:
        numbers, arrays, lists, tuples and dictionaries of them: `abs(got - want) <= atol + rtol * abs(want)` in every
        entry, same shapes and structure, nothing broadcast; `n` samples may explain a factor

        >>> close([1.0, -2.0], [-1.0, 2.0], name='delta')
        delta[1] is -2; expected 2 (2 of 2 entries differ). The sign looks wrong.
    """
    got, want = _both(got, want)
    if compared_specially(got, want, name, rtol, atol, _PARTS, exact=False):
        return
    if _is_no_number(want):
        same(got, want, name=name)
        return
    if isinstance(want, Mapping):
        _keys(got, want, name)
        for key in want:
            close(got[key], want[key], name=f"{name}[{show(key)}]", rtol=rtol, atol=atol, n=n)  # type: ignore[index]
        return
    if is_structure(want):
        _length(got, want, name)
        for place, (mine, right) in enumerate(zip(got, want, strict=True)):  # type: ignore[call-overload]
            close(mine, right, name=f"{name}[{place}]", rtol=rtol, atol=atol, n=n)
        return
    right = _right(want)
    mine = numbers(got, name=name)
    _same_shape(mine, right, name, n)
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = atol + rtol * np.abs(right.astype(np.float64))
        distance = np.abs(mine.astype(np.float64) - right.astype(np.float64))  # integers would wrap around
        near = (mine == right) | ((distance <= allowed) & (allowed > 0))
        if rtol and not np.all(near):
            near |= distance <= allowed + _lost(got, right)
    near = (near & np.isfinite(right)) | (mine == right)
    if np.all(near):
        return
    broken = ~np.isfinite(mine) & np.isfinite(right)
    if broken.any():
        _not_finite(mine, broken, name, f"; expected {_entry(right, broken)} there" if right.size > 1 else "")
    _values_differ(mine, right, near, name, rtol, n)


@takes(name=TEXT)
def same(got: object, want: object, *, name: str = "result") -> None:
    """Fail unless the answer is exactly the expected one: equal numbers and text, same shapes, lengths and keys.

    Raises:
        CheckFailed: the first difference found.

    Examples:
        the same, exactly; text, truth values and None, too

        >>> same('ridge', 'lasso', name='method')
        method is 'ridge'; expected 'lasso'.
    """
    got, want = _both(got, want)
    if compared_specially(got, want, name, 0.0, 0.0, _PARTS, exact=True):
        return
    got, want = unboxed(got), unboxed(want)
    if isinstance(want, Mapping):
        _keys(got, want, name)
        for key in want:
            same(got[key], want[key], name=f"{name}[{show(key)}]")  # type: ignore[index]
    elif is_structure(want):
        _length(got, want, name)
        for place, (mine, right) in enumerate(zip(got, want, strict=True)):  # type: ignore[call-overload]
            same(mine, right, name=f"{name}[{place}]")
    elif isinstance(want, bool):
        if got is not want:
            raise other_value(name, got, want)
    elif isinstance(want, (np.ndarray, np.generic, list, tuple, int, float)) and not (is_long(got) or is_long(want)):
        close(got, want, name=name, rtol=0.0, atol=0.0)
    elif not _is_equal(got, want):
        raise other_value(name, got, want)


_PARTS = Parts(close, same)
ALIKE = _PARTS.alike
"""Whether two objects agree, within a relative and an absolute difference."""


def _is_equal(got: object, want: object) -> bool:
    """Whether two values of one type, or two numbers, are equal; an exact number equals the float next to it."""
    if isinstance(got, (np.ndarray, np.generic)) and got.ndim == 0 and got.dtype.kind in "biufc":
        got = got.item()
    if is_number(got) and is_number(want):
        if isinstance(got, float) or isinstance(want, float):
            return _nearest(got) == _nearest(want)
        return bool(got == want)
    return type(got) is type(want) and bool(got == want)


def _nearest(value: Any) -> float:
    """The float next to a number; NaN, which equals none, where it is larger than all."""
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _is_no_number(value: object) -> bool:
    """Whether an expected value is text, nothing, a set or the like, which is the same or not."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "OUST"
    if isinstance(value, (int, Decimal, Fraction)):
        return math.isnan(_nearest(value))
    return value is None or not isinstance(value, (float, list, tuple, Mapping))


@takes(expected=SHAPE, name=TEXT)
def shape(got: object, expected: Sequence[int | None], *, name: str = "result") -> None:
    """Fail unless the answer is numbers, or a table or sparse matrix, of that shape; None in it stands for any length.

    Raises:
        CheckFailed: none of these, or another shape.

    Examples:
        the shape; None stands for any length

        >>> shape(np.zeros((2, 3)), (3, None), name='W')
        W has the shape (2, 3); expected (3, any).
    """
    record = record_of(got)
    found = record.shape if isinstance(record, (*TABLES, Sparse)) else numbers(got, name=name).shape
    required = tuple(expected)
    if len(found) != len(required) or any(w is not None and f != w for f, w in zip(found, required, strict=True)):
        text = (
            "("
            + ", ".join("any" if w is None else str(w) for w in required)
            + ("," if len(required) == 1 else "")
            + ")"
        )
        raise CheckFailed(f"{name} has the shape {found}; expected {text}.")


@takes(name=TEXT)
def finite(got: object, *, name: str = "result") -> None:
    """Fail if any number of the answer is NaN or infinite; looks into lists, tuples and dictionaries.

    Raises:
        CheckFailed: not numbers, or the first entry that is not finite.

    Examples:
        no NaN and no infinity, also inside lists and dictionaries

        >>> finite([0.5, np.nan], name='loss')
        loss[1] is NaN (1 of 2 entries are NaN or infinite).
    """
    got = without_tensors(got)
    if isinstance(got, Mapping):
        for key in got:
            finite(got[key], name=f"{name}[{show(key)}]")
    elif is_structure(got):
        for place, each in enumerate(got):  # type: ignore[var-annotated, arg-type]
            finite(each, name=f"{name}[{place}]")
    else:
        values = numbers(got, name=name)
        bad = ~np.isfinite(values)
        if bad.any():
            _not_finite(values, bad, name, "")


def numbers(got: object, *, name: str) -> Array:
    """The answer as an array of real numbers (truth values count as 0 and 1); torch tensors are welcome.

    Raises:
        CheckFailed: it is missing (None), or no array of real numbers; the sentence says what it is.
    """
    got = without_tensors(got)
    if got is None:
        raise CheckFailed(f"{name} is None; was a `return` forgotten?")
    if is_tensor(got):
        raise CheckFailed(f"{name} is a tensor that numpy cannot read (a sparse one?); expected a dense one.")
    if isinstance(got, (str, bytes, Mapping, set, frozenset)):
        raise CheckFailed(f"{name} is {article(type(got).__name__)}; expected numbers.")
    got = _values_of(got, name)
    if isinstance(got, (Decimal, Fraction)):
        got = float(got)
    elif is_long(got):
        if abs(got) > _LARGEST:
            raise CheckFailed(f"{name} is {show(got)}, larger than any float; expected a smaller number.")
        got = float(got)
    try:
        values = np.asarray(got)
    except (ValueError, TypeError):
        raise CheckFailed(
            f"{name} is a {type(got).__name__} of parts with different shapes; expected an array."
        ) from None
    if values.dtype.kind == "c":
        raise CheckFailed(f"{name} holds complex numbers ({values.dtype}); expected real numbers.")
    if values.dtype.kind not in "biuf":
        raise CheckFailed(
            f"{name} is {article(kind_of(got))} of something else than numbers; expected numbers."
            if isinstance(got, (list, tuple, np.ndarray))
            else f"{name} is {article(kind_of(got))}; expected numbers."
        )
    return values.astype(np.float64) if values.dtype.kind in "bf" else values


def _right(want: object) -> Array:
    """The expected numbers as an array."""
    try:
        right = np.asarray(float(want) if is_long(want) or isinstance(want, (Decimal, Fraction)) else want)
    except (TypeError, ValueError, OverflowError):
        right = np.asarray("")
    if right.dtype.kind not in "biufc":
        raise wrong("close", "want", want, "give numbers, or lists or dictionaries of them; for text use same()")
    return right


def _values_of(got: object, name: str) -> Any:
    """The numbers of a table, a column or an index; what else is no sparse matrix and no stand-in, as it is."""
    if is_handle(got):
        raise CheckFailed(f"{returned(got, name)}; expected numbers.")
    got = record_of(got)
    if isinstance(got, Sparse):
        raise CheckFailed(f"{name} is {what(got)}; expected an array of numbers, such as its toarray().")
    if not isinstance(got, TABLES):
        return got
    values = got.to_numpy()
    if values.dtype.kind not in "biufc":
        raise CheckFailed(f"{name} is {what(got)} of dtype {dtype_of(got)}; expected numbers.")
    return values


def _both(got: object, want: object) -> tuple[object, object]:
    """Both sides with tensors as arrays, and what packages make as records."""
    got, want = without_tensors(got), without_tensors(want)
    want = _listed(record_of(want))
    got = got if is_handle(got) else _listed(record_of(got))
    got = filled(got) if is_masked(got) and not is_masked(want) else got  # as one comes out of a sandbox
    if isinstance(got, TABLES) and isinstance(want, (list, tuple, np.ndarray)):
        values = got.to_numpy()
        got = values if values.dtype.kind in "biufcmM" or isinstance(got, Table) else got.tolist()
    return got, want


def _listed(value: object) -> object:
    return list(value) if isinstance(value, (range, deque)) else value


def _lost(got: object, right: Array) -> float:
    """What an answer in float32 may differ by where large terms cancelled."""
    if right.dtype.kind != "f" or np.asarray(got).dtype != np.float32:
        return 0.0
    finite_ones = np.abs(right[np.isfinite(right)])
    return 1e-6 * float(finite_ones.max(initial=0.0))


def _keys(got: object, want: Mapping[Any, Any], name: str) -> None:
    if not isinstance(got, Mapping):
        raise CheckFailed(f"{returned(got, name)}; expected a dict.")
    missing = [key for key in want if key not in got]
    extra = [key for key in got if key not in want]
    if missing:
        raise CheckFailed(f"{name} has no key {show(missing[0])}; its keys are {show(list(got))}.")
    if extra:
        raise CheckFailed(
            f"{name} has the key {show(extra[0])}, which is not expected; expected are {show(list(want))}."
        )


def _length(got: object, want: object, name: str) -> None:
    assert isinstance(want, (list, tuple))
    if isinstance(got, np.ndarray) and got.ndim == 0:
        raise CheckFailed(f"{name} is a single number; expected a {type(want).__name__} of {len(want)}.")
    if not isinstance(got, (list, tuple, np.ndarray)):
        raise CheckFailed(f"{returned(got, name)}; expected a {type(want).__name__} of {len(want)}.")
    if len(got) != len(want):
        raise CheckFailed(f"{name} has length {len(got)}; expected length {len(want)}.")


def _same_shape(mine: Array, right: Array, name: str, n: int) -> None:
    if mine.shape == right.shape:
        return
    mistake = _slip(mine, right, n)
    guess = "; is it transposed?" if not mistake and mine.ndim == 2 and mine.shape == right.shape[::-1] else "."
    expected = f"expected the shape {right.shape}" if right.ndim else "expected a single number"
    found = f"has the shape {mine.shape}" if mine.ndim else "is a single number"
    raise CheckFailed(f"{name} {found}; {expected}{guess}{mistake}")


def _not_finite(values: Array, bad: Array, name: str, rest: str) -> None:
    place = placed(np.argmax(bad), values.shape)
    value = values.ravel()[int(np.argmax(bad))]
    kind = "NaN" if math.isnan(value) else "infinite"
    count = f" ({int(bad.sum())} of {values.size} entries are NaN or infinite)" if values.size > 1 else ""
    raise CheckFailed(f"{name}{place} is {kind}{count}{rest}.")


def _entry(right: Array, chosen: Array) -> str:
    return show(right.ravel()[int(np.argmax(chosen))])


def _values_differ(mine: Array, right: Array, near: Array, name: str, rtol: float, n: int) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(mine.astype(np.float64) - right.astype(np.float64)) - rtol * np.abs(right)
    worst = int(np.argmax(np.where(near, -1.0, np.nan_to_num(distance, nan=np.inf))))
    place = placed(worst, mine.shape)
    count = f" ({int(np.sum(~near))} of {near.size} entries differ)" if near.size > 1 else ""
    found, expected = mine.ravel()[worst], right.ravel()[worst]
    if np.isnan(found) and np.isnan(expected):
        raise CheckFailed(
            f"{name}{place} is NaN, as the value that it is compared with, but NaN equals nothing{count}."
        )
    texts = distinct_texts(found, expected)
    raise CheckFailed(f"{name}{place} is {texts[0]}; expected {texts[1]}{count}.{_slip(mine, right, n)}")


def _slip(mine: Array, right: Array, n: int) -> str:
    mistake = slip(mine, right, n=n)
    return f" {mistake}" if mistake else ""
