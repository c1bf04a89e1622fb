"""Recognise the slip behind a wrong array: the one simple change that gives the expected one.

A slip is only named when the changed answer agrees with the expected one in every entry, to 1e-5 relative to the entry
and 1e-7 to the largest, and when the agreement says something: no relation is tried that holds for equal entries, or
that a few wrong labels among right ones would fulfil by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["slip"]

Array = np.ndarray[Any, Any]

_MOST = 1_000_000  # entries; sorting more would take longer than the sentence is worth


def slip(got: object, expected: object, *, n: int = 0) -> str:
    """One short sentence that tells the slip, or "" when none is recognised (nor looked for in over a million entries).

    Tried in this order: for other shapes transposed, flattened, labels and one-hot rows, broadcast, repeated; for
    equal ones sign, transposed, a factor, off by one, logits and logarithms, a constant offset, another order.

    Args:
        got: the wrong answer, one array or number.
        expected: the right one.
        n: number of samples that a mean or sum may have run over; the lengths of `expected` are tried, too.
    """
    mine, right = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if not (0 < mine.size <= _MOST and 0 < right.size <= _MOST):
        return ""
    if not (np.all(np.isfinite(mine)) and np.all(np.isfinite(right))):
        return ""
    with np.errstate(all="ignore"):
        if mine.shape != right.shape:
            return _of_shape(mine, right)
        if _near(mine, right):
            return ""
        return (
            _sign_or_sides(mine, right)
            or _factor(mine, right, n)
            or _one_off(mine, right)
            or _scale(mine, right)
            or _offset(mine, right)
            or _order(mine, right)
        )


def _near(changed: Array, right: Array) -> bool:
    allowed = 1e-5 * np.abs(right) + 1e-7 * np.max(np.abs(right))
    return changed.shape == right.shape and bool(np.all(np.abs(changed - right) <= allowed))


def _varies(values: Array, least: int = 2) -> bool:
    return len(np.unique(values)) >= least


def _of_shape(mine: Array, right: Array) -> str:
    """Right values in another shape, form or number.

    Examples:
        right values in another shape

        >>> close([[1.0], [2.0]], [1.0, 2.0])
        result has the shape (2, 1); expected the shape (2,). The values are right, the shape is not.

        labels, one-hot

        >>> close([0, 2], np.eye(3)[[0, 2]])
        result has the shape (2,); expected the shape (2, 3). It looks like labels; expected one-hot rows.

        broadcast

        >>> close(np.array([[1, 2], [4, 5]]), [1, 5])
        result has the shape (2, 2); expected the shape (2,). Its diagonal is right: it looks like (2, 1) and (2,)
        broadcast to (2, 2).
    """
    if mine.ndim == 2 and _near(mine.T, right):
        return "It looks transposed."
    if mine.size == right.size and _near(mine.reshape(right.shape), right):
        return "The values are right, the shape is not."
    if right.ndim == 2 and _is_one_hot(right) and _near(mine.reshape(-1), np.argmax(right, axis=1).astype(float)):
        return "It looks like labels; expected one-hot rows."
    if mine.ndim == 2 and _is_one_hot(mine) and _near(np.argmax(mine, axis=1).astype(float), right.reshape(-1)):
        return "It looks one-hot; expected labels."
    n = right.size
    grown = right.shape in ((n,), (n, 1), (1, n)) and mine.shape == (n, n)
    if grown and _varies(right) and _near(np.diag(mine), right.reshape(-1)):
        return f"Its diagonal is right: it looks like ({n}, 1) and ({n},) broadcast to ({n}, {n})."
    return _repeated(mine, right)


def _repeated(mine: Array, right: Array) -> str:
    """The right values once in each row, or in each column, of a matrix that was not expected.

    Examples:
        repeated

        >>> close(np.tile([1.5, 0.5], (3, 1)), [1.5, 0.5])
        result has the shape (3, 2); expected the shape (2,). Every row is the right one: was it broadcast by accident?
    """
    if mine.ndim != 2 or max(right.shape, default=1) < right.size or not _varies(right):
        return ""
    for turned, what in ((mine, "row"), (mine.T, "column")):
        if turned.shape[1] == right.size and _near(turned, np.broadcast_to(right.reshape(-1), turned.shape)):
            return f"Every {what} is the right one: was it broadcast by accident?"
    return ""


def _is_one_hot(values: Array) -> bool:
    return values.shape[1] > 1 and bool(np.all((values == 0) | (values == 1)) and np.all(values.sum(axis=1) == 1))


def _sign_or_sides(mine: Array, right: Array) -> str:
    """A wrong sign, or rows taken for columns.

    Examples:
        sign

        >>> close(-1.5, 1.5)
        result is -1.5; expected 1.5. The sign looks wrong.

        transposed

        >>> close(np.array([[1, 2], [3, 4]]), np.array([[1, 3], [2, 4]]))
        result[1, 0] is 3; expected 2 (2 of 4 entries differ). It looks transposed.
    """
    if right.any() and _near(-mine, right):
        return "The sign looks wrong."
    if mine.ndim == 2 and _near(mine.T, right):
        return "It looks transposed."
    return ""


def _factor(mine: Array, right: Array, n: int) -> str:
    """A factor that a mean forgot or had twice, or 2.

    Examples:
        twice, half

        >>> close(3.0, 1.5)
        result is 3; expected 1.5. It looks twice too large.

        sum or mean

        >>> close(30.0, 1.5, n=20)
        result is 30; expected 1.5. It looks 20 times too large, as if summed instead of averaged over the 20 samples.
    """
    if np.count_nonzero(right) < min(2, right.size):  # one wrong label among zeros is a multiple of the right one
        return ""
    for count, what in _counts(right.shape, n):
        over = f" over the {count} {what}" if what else ""
        times = f"{count} times" if count > 2 else "twice"
        if _near(mine / count, right):
            return f"It looks {times} too large" + (f", as if summed instead of averaged{over}." if over else ".")
        if _near(mine * count, right):
            return f"It looks {times} too small" + (f", as if averaged once too often{over}." if over else ".")
    return ""


def _counts(shape: tuple[int, ...], n: int) -> Iterator[tuple[int, str]]:
    """Numbers that a mean may have been divided by, the most telling first, with what they count."""
    if n > 1:
        yield n, "samples"
    yield 2, ""
    lengths = list(zip(shape, ("rows", "columns") if len(shape) == 2 else (), strict=False))
    yield from ((count, what) for count, what in [*lengths, (int(np.prod(shape)), "entries")] if count > 2)


def _one_off(mine: Array, right: Array) -> str:
    """Every entry one too large or small, or one place further.

    Examples:
        off by one

        >>> close([2, 3, 1], [1, 2, 0])
        result[2] is 1; expected 0 (3 of 3 entries differ). Every entry is one too large: off by one?

        shifted by one

        >>> close([0.0, 1.5, 0.5, 2.5], [1.5, 0.5, 2.5, 0.7])
        result[2] is 0.5; expected 2.5 (4 of 4 entries differ). It looks shifted by one place.
    """
    step = mine - right
    if _varies(right) and _near(np.abs(step), np.ones(step.shape)) and not _varies(np.sign(step)):
        return f"Every entry is one too {'large' if step.flat[0] > 0 else 'small'}: off by one?"
    if not _mostly_wrong(mine, right):
        return ""
    for axis in {0, mine.ndim - 1}:
        a, b = np.moveaxis(mine, axis, 0), np.moveaxis(right, axis, 0)
        if len(a) > 3 and (_near(a[1:], b[:-1]) or _near(a[:-1], b[1:])):
            return f"It looks shifted by one place{_along(axis, mine)}."
    return ""


def _scale(mine: Array, right: Array) -> str:
    """Logits and logarithms where probabilities are expected.

    Examples:
        logits

        >>> close([0.0, np.log(3)], [0.25, 0.75])
        result[1] is 1.09861; expected 0.75 (2 of 2 entries differ). It looks like logits; expected probabilities: is
        softmax missing?

        logarithms

        >>> close(np.log([0.25, 0.75]), [0.25, 0.75])
        result[0] is -1.38629; expected 0.25 (2 of 2 entries differ). It looks like log-probabilities; expected
        probabilities.
    """
    if not _varies(mine):
        return ""
    shares = bool(np.all((right >= 0) & (right <= 1)))
    if _near(np.exp(mine), right):
        found = "log-probabilities; expected probabilities" if shares else "logarithms of the expected values"
        return f"It looks like {found}."
    if shares and _near(1 / (1 + np.exp(-mine)), right):
        return "It looks like logits; expected probabilities: is sigmoid missing?"
    for axis in range(mine.ndim) if shares else ():
        powers = np.exp(mine - mine.max(axis=axis, keepdims=True))
        if mine.shape[axis] > 1 and _near(powers / powers.sum(axis=axis, keepdims=True), right):
            return "It looks like logits; expected probabilities: is softmax missing?"
    return ""


def _offset(mine: Array, right: Array) -> str:
    """A difference that is the same everywhere, or in each column or row, of three entries at least.

    Examples:
        a bias

        >>> close([1.3, 0.8, 2.4], [1.0, 0.5, 2.1])
        result[1] is 0.8; expected 0.5 (3 of 3 entries differ). Every entry is 0.3 too large: is it a bias?
    """
    step = mine - right
    if mine.size > 2 and _varies(right) and _near(step, np.full(step.shape, step.mean())):
        return f"Every entry is {abs(step.mean()):.4g} too {'large' if step.mean() > 0 else 'small'}: is it a bias?"
    for axis, what in ((0, "column"), (1, "row")) if mine.ndim == 2 else ():
        varied = np.all(np.ptp(right, axis=axis) > 0)
        means = np.broadcast_to(step.mean(axis=axis, keepdims=True), step.shape)
        if mine.shape[axis] > 2 and varied and _near(step, means):
            return f"Each {what} is off by a constant of its own: is it a bias?"
    return ""


def _order(mine: Array, right: Array) -> str:
    """The right values in another order.

    Examples:
        reversed

        >>> close([3.0, 1.0, 2.5], [2.5, 1.0, 3.0])
        result[0] is 3; expected 2.5 (2 of 3 entries differ). It looks reversed.

        another order

        >>> close([3.0, 1.0, 2.5, 4.0], [2.5, 4.0, 3.0, 1.0])
        result[3] is 4; expected 1 (4 of 4 entries differ). It holds the right values in another order.
    """
    if not _mostly_wrong(mine, right):
        return ""
    for axis in range(mine.ndim):
        if _near(np.flip(mine, axis), right):
            return f"It looks reversed{_along(axis, mine)}."
    # Labels of few classes are always some other labels in another order.
    if _varies(right, 1 + right.size // 2) and _near(np.sort(mine, axis=None), np.sort(right, axis=None)):
        return "It holds the right values in another order."
    return ""


def _mostly_wrong(mine: Array, right: Array) -> bool:
    """Whether another order may be named: half of the entries moved, and there are more than two different ones."""
    return _varies(right, 3) and 2 * int(np.sum(mine != right)) >= right.size


def _along(axis: int, values: Array) -> str:
    return f" along axis {axis}" if values.ndim > 1 else ""
