"""Judge images, heat maps and confusion matrices by the numbers in them: as colours, or written into the cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CheckFailed, InstructorError
from ..value_text import distinct_texts
from ..wording import small
from .charts import name_key, names_at, nearest
from .curve import matches
from .records import Drawn, Image, words

__all__ = ["confusion_matrix", "heat_map", "image"]

Array = np.ndarray[Any, Any]

_WRITTEN = re.compile(
    r"[-+]?(?:\d[\d,]*\.?(?P<decimals>\d*)|\.(?P<more>\d+))(?:e(?P<power>[-+]?\d{1,3}))?", re.IGNORECASE
)
_PREDICTED = r"predict|estimat|output|guess|assigned|classified|ŷ|y_?pred|y_?hat"
_TRUE = r"true|truth|actual|target|real|gold|correct|label|expected|observed"
_DEEP, _COLOURS = 3, (3, 4)
_LONGEST = 100  # characters of a cell's text that are read


@dataclass(frozen=True, slots=True)
class _Table:
    """Numbers in rows and columns: each with how far it may be rounded, and the places of columns and rows."""

    values: Array
    rounded: Array
    x: Array
    y: Array
    written: bool


def image(drawn: Drawn, like: object, tolerance: float, where: str) -> None:
    """See `Axes.image`."""
    want = np.asarray(like, dtype=np.float64)
    if want.ndim == _DEEP and want.shape[0] in (1, *_COLOURS) and want.shape[2] not in (1, *_COLOURS):
        want = np.moveaxis(want, 0, 2)
    want = want[:, :, 0] if want.ndim == _DEEP and want.shape[2] == 1 else want
    if want.ndim not in (2, 3):
        raise InstructorError(f"An image to compare with has the shape {want.shape}; (rows, columns[, 3]) is needed.")
    shown = _images(drawn, where)
    if any(_looks_like(each, want, tolerance) for each in shown):
        return
    turns: tuple[tuple[str, Callable[[Array], Array]], ...] = (
        ("transposed", lambda each: np.swapaxes(each, 0, 1)),
        ("upside down", lambda each: each[::-1]),
        ("mirrored", lambda each: each[:, ::-1]),
        ("turned by 180 degrees", lambda each: each[::-1, ::-1]),
        ("with red and blue exchanged", lambda each: each[:, :, [2, 1, 0]] if each.ndim == _DEEP else each),
    )
    flat = np.ptp(_gray(want)) == 0
    for name, turn in turns if not flat else ():
        if any(_looks_like(turn(each), want, tolerance) for each in shown):
            raise CheckFailed(f"The image in {small(where)} is the right one, but {name}.")
    shapes = ", ".join(" x ".join(map(str, each.shape)) for each in shown[:4])
    size = " x ".join(map(str, want.shape))
    if all(each.shape[:2] != want.shape[:2] for each in shown):
        raise CheckFailed(f"{where} has an image of {shapes} values; expected one of {size}.")
    raise CheckFailed(f"{where} has an image of {shapes} values, but it shows something else than it should.")


def heat_map(
    drawn: Drawn, values: object, xlabels: Sequence[object], ylabels: Sequence[object], rtol: float, where: str
) -> None:
    """See `Axes.heat_map`."""
    want = np.asarray(values, dtype=np.float64)
    tables = _tables(drawn, where)
    errors = []
    for table in tables:
        try:
            _same_table(drawn, table, want, xlabels, ylabels, rtol, where)
        except CheckFailed as error:
            if table.written:
                raise  # what is written into the cells is what is read
            errors.append(error)
        else:
            return
    raise errors[0]


def confusion_matrix(drawn: Drawn, y_true: object, y_pred: object, names: Sequence[object], where: str) -> None:
    """See `Axes.confusion_matrix`."""
    right, guessed = (np.asarray(each).reshape(-1) for each in (y_true, y_pred))
    if len(right) != len(guessed) or not len(right):
        raise InstructorError(f"{len(right)} true labels and {len(guessed)} predictions make no confusion matrix.")
    errors = []
    for table in _tables(drawn, where):
        try:
            _confusion(drawn, table, right, guessed, names, where)
        except CheckFailed as error:
            if table.written:
                raise
            errors.append(error)
        else:
            return
    raise errors[0]


# --- images ---


def _images(drawn: Drawn, where: str) -> list[Array]:
    """The images as they are seen: row 0 on top, column 0 on the left."""
    if not drawn.images:
        raise CheckFailed(f"{where} has no image.")
    nonempty = [each for each in drawn.images if each.values.size]
    if not nonempty:
        size = " x ".join(map(str, drawn.images[0].shape))
        raise CheckFailed(f"{where} has an image of {size} values, too many to be looked at; draw a smaller one.")
    return [_seen(each, drawn) for each in nonempty]


def _seen(each: Image, drawn: Drawn) -> Array:
    values = each.values
    if len(each.y) > 1 and (each.y[0] - each.y[-1]) * (drawn.ylim[1] - drawn.ylim[0]) < 0:
        values = values[::-1]
    if len(each.x) > 1 and (each.x[0] - each.x[-1]) * (drawn.xlim[1] - drawn.xlim[0]) > 0:
        values = values[:, ::-1]
    return values


def _looks_like(mine: Array, want: Array, tolerance: float) -> bool:
    """Whether two images are one up to a shift and a factor of all values (of gray ones also a negative)."""
    if mine.shape[:2] != want.shape[:2]:
        return False
    if mine.ndim == want.ndim == _DEEP and not (_is_gray(mine) or _is_gray(want)):
        return _distance(mine[:, :, :3], want[:, :, :3]) <= tolerance
    first, second = _gray(mine), _gray(want)
    return min(_distance(first, second), _distance(-first, second)) <= tolerance


def _distance(mine: Array, want: Array) -> float:
    """The largest difference after both were stretched to the range 0 to 1."""
    known = np.isfinite(mine) & np.isfinite(want)
    if not known.any() or not np.array_equal(np.isfinite(mine), np.isfinite(want)):
        return 1.0
    spans = np.ptp(mine[known]), np.ptp(want[known])
    if min(spans) == 0:
        return 0.0 if max(spans) == 0 else 1.0
    first = (mine[known] - mine[known].min()) / spans[0]
    second = (want[known] - want[known].min()) / spans[1]
    return float(np.max(np.abs(first - second)))


def _is_gray(values: Array) -> bool:
    return bool(values.ndim == 2 or np.allclose(values[:, :, :3], values[:, :, :1], atol=1e-6))


def _gray(values: Array) -> Array:
    """Luminance by the weights of ITU-R BT.601; alone where the colours are equal."""
    if values.ndim == 2:
        return values
    return values[:, :, 0] if _is_gray(values) else values[:, :, :3] @ np.array([0.299, 0.587, 0.114])


# --- tables ---


def _tables(drawn: Drawn, where: str) -> list[_Table]:
    """The numbers written into cells, where every cell has one, then those that are shown as colours."""
    flat = [each for each in drawn.images if each.values.ndim == 2 and each.values.size]
    tables = [table for each in flat for table in _written(drawn, each.x, each.y)]
    if not drawn.images:
        x, y = (np.unique([round(getattr(each, axis), 6) for each in drawn.texts]) for axis in "xy")
        tables = list(_written(drawn, x, y)) if len(x) * len(y) == len(drawn.texts) > 1 else []
    tables += [_Table(each.values, np.zeros(each.values.shape), each.x, each.y, False) for each in flat]
    if not tables:
        _images(drawn, where)
        raise CheckFailed(f"{where} has an image of colours; expected one of numbers.")
    return tables


def _written(drawn: Drawn, x: Array, y: Array) -> Iterator[_Table]:
    """The texts as a table: of several numbers in a cell the first, and if that may be wrong the last."""
    if not 0 < len(x) * len(y) <= len(drawn.texts):
        return
    columns = nearest(x, np.array([each.x for each in drawn.texts]))
    rows = nearest(y, np.array([each.y for each in drawn.texts]))
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for text, row, column in zip(drawn.texts, rows.tolist(), columns.tolist(), strict=True):
        if row >= 0 and column >= 0 and (row, column) not in cells and (found := _numbers_written(text.text)):
            cells[row, column] = found
    if len(cells) < len(x) * len(y):
        return
    several = min(map(len, cells.values())) > 1
    for pick in (0, -1) if several else (0,):
        values, rounded = np.zeros((len(y), len(x))), np.zeros((len(y), len(x)))
        for place, found in cells.items():
            values[place], rounded[place] = found[pick]
        yield _Table(values, rounded, x, y, written=not (several and pick == 0))


def _numbers_written(text: str) -> list[tuple[float, float]]:
    """Each number of a text with half a unit of its last digit: 0.25 stands for all from 0.245 to 0.255."""
    found = []
    for match in _WRITTEN.finditer(words(text)[:_LONGEST]):
        decimals = len(match["decimals"] or match["more"] or "")
        unit = 10.0 ** max(-300, min(300, int(match["power"] or 0) - decimals))
        found.append((float(match[0].replace(",", "")), 0.5 * unit * (1 + 1e-6)))
    return found


def _same_table(
    drawn: Drawn,
    table: _Table,
    want: Array,
    xlabels: Sequence[object],
    ylabels: Sequence[object],
    rtol: float,
    where: str,
) -> None:
    values, rounded, turned = table.values, table.rounded, False
    if sorted(values.shape) != sorted(want.shape):
        raise _wrong_size(values, want, where)
    columns, rows = names_at(drawn.xticks, table.x), names_at(drawn.yticks, table.y)
    if (xlabels or ylabels) and _order(columns, ylabels) and _order(rows, xlabels):
        straight = _order(columns, xlabels) and _order(rows, ylabels)
        turned = not straight or (values.shape != want.shape)
    if turned:
        values, rounded, columns, rows = values.T, rounded.T, rows, columns
    if values.shape != want.shape:
        raise _wrong_size(values, want, where)
    for axis, labels, expected in (("x", columns, xlabels), ("y", rows, ylabels)):
        if expected and not _order(labels, expected):
            there = {name_key(each) for each in labels}
            missing = next((name for name in expected if name_key(name) not in there), expected[0])
            shown = ", ".join(repr(each[:40]) for each in labels[:8])
            raise CheckFailed(
                f"The {axis} axis of {small(where)} has no tick labelled {str(missing)!r} at a cell of its own; "
                f"its cells are labelled {shown}."
            )
    order = np.ix_(_order(rows, ylabels) or range(len(rows)), _order(columns, xlabels) or range(len(columns)))
    values, rounded = values[order], rounded[order]
    wrong = _differs(values, rounded, want, rtol)
    if not wrong.any():
        return
    what = "number written into" if table.written else "value of"
    row, column = (int(each) for each in np.argwhere(wrong)[0])
    slip = ""
    if want.shape[0] == want.shape[1] and not _differs(values.T, rounded.T, want, rtol).any():
        slip = " It looks transposed."
    texts = distinct_texts(float(values[row, column]), float(want[row, column]))
    raise CheckFailed(
        f"The {what} the cell in row {row}, column {column} of {small(where)} is {texts[0]}; "
        f"expected {texts[1]} ({int(wrong.sum())} of {wrong.size} cells differ).{slip}"
    )


def _differs(values: Array, rounded: Array, want: Array, rtol: float) -> Array:
    with np.errstate(invalid="ignore"):
        rounded = np.minimum(rounded, 0.1 * np.ptp(want[np.isfinite(want)])) if np.isfinite(want).any() else rounded
        near = np.abs(values - want) <= rounded + rtol * np.abs(want) + 1e-9
    return np.asarray(~(near | (np.isnan(values) & np.isnan(want))))


def _order(labels: list[str], expected: Sequence[object]) -> list[int]:
    """The places of the expected names among those found; [] where one is missing or stands twice."""
    there: dict[str, list[int]] = {}
    for place, name in enumerate(labels):
        there.setdefault(name_key(name), []).append(place)
    found = [there.get(name_key(each), []) for each in expected]
    return [places[0] for places in found] if all(len(places) == 1 for places in found) else []


def _wrong_size(values: Array, want: Array, where: str) -> CheckFailed:
    slip = " It looks transposed." if values.shape == want.shape[::-1] else ""
    size = f"{values.shape[0]} x {values.shape[1]}"
    return CheckFailed(f"{where} has {size} cells; expected {want.shape[0]} x {want.shape[1]}.{slip}")


# --- confusion matrices ---


def _confusion(drawn: Drawn, table: _Table, right: Array, guessed: Array, names: Sequence[object], where: str) -> None:
    classes = np.unique(np.concatenate([right, guessed]))
    size = table.values.shape[0]
    if table.values.shape[0] == table.values.shape[1] and size > len(classes) and classes.dtype.kind in "iu":
        classes = np.arange(size) if classes.min() >= 0 and classes.max() < size else classes
    count = len(classes)
    if table.values.shape != (count, count):
        cells = " x ".join(map(str, table.values.shape))
        raise CheckFailed(f"{where} has {cells} cells; expected a confusion matrix of {count} classes.")
    columns, rows = names_at(drawn.xticks, table.x), names_at(drawn.yticks, table.y)
    called: Sequence[object] = names if len(names) == count else [str(each) for each in classes]
    order = np.ix_(_order(rows, called) or range(count), _order(columns, called) or range(count))
    values, rounded = table.values[order], table.rounded[order]
    counts = np.zeros((count, count))
    np.add.at(counts, (np.searchsorted(classes, right), np.searchsorted(classes, guessed)), 1)
    flipped = _rows_are_predictions(drawn)
    mine, digits = (values.T, rounded.T) if flipped else (values, rounded)
    if any(_near(mine, digits, form).all() for form in _forms(counts)):
        return
    if any(_near(mine.T, digits.T, form).all() for form in _forms(counts)):
        sides = ("true labels", "predictions") if flipped else ("predictions", "true labels")
        rest = "; turn it, or label its axes" if flipped is None else f", by the labels of its axes the {sides[1]}"
        raise CheckFailed(
            f"The confusion matrix in {small(where)} looks transposed: its rows are the {sides[0]}{rest}."
        )
    total = counts.sum(axis=0, keepdims=True)
    by_column = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    if any(_near(mine, digits, scale * by_column).all() for scale in (1, 100)):
        raise CheckFailed(
            f"The confusion matrix in {small(where)} is normalised over the predictions; expected counts, "
            "or shares of each true class."
        )
    share = bool(np.max(np.abs(mine), initial=0.0) <= 1)
    want = next((form for form in _forms(counts) if bool(form.max() <= 1) == share), counts)
    wrong = ~_near(mine, digits, want)
    row, column = (int(each) for each in np.argwhere(wrong)[0])
    texts = distinct_texts(float(mine[row, column]), float(want[row, column]))
    raise CheckFailed(
        f"The confusion matrix in {small(where)} has {texts[0]} for class {called[row]} taken "
        f"for {called[column]}; expected {texts[1]} "
        f"({int(wrong.sum())} of {want.size} cells differ)."
    )


def _forms(counts: Array) -> list[Array]:
    """What may be shown: counts, shares of each true class, shares of all; the shares also in per cent."""
    rows = counts.sum(axis=1, keepdims=True)
    by_row = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    return [counts, by_row, 100 * by_row, counts / counts.sum(), 100 * counts / counts.sum()]


def _near(values: Array, rounded: Array, want: Array) -> Array:
    """Which cells are right: counts exactly, shares to two decimals or as they are written (in per cent to none)."""
    if np.all(want == np.round(want)):
        allowed = np.full(want.shape, 1e-6)
    else:
        least, most = (0.0051, 0.051) if want.max() <= 1 else (0.51, 0.51)
        allowed = np.clip(rounded, least, most)
    return np.asarray(np.abs(np.nan_to_num(values) - want) <= allowed)


def _rows_are_predictions(drawn: Drawn) -> bool | None:
    """What the labels of the axes say; None where they say nothing, or the same of both."""
    x, y = (
        "predicted" if matches(_PREDICTED, text) else "true" if matches(_TRUE, text) else ""
        for text in (drawn.xlabel, drawn.ylabel)
    )
    if x == y:
        return None
    return y == "predicted" or x == "true"
