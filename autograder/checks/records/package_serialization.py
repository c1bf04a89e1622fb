"""Records of what packages make, taken apart for the wire, and judged part by part before they are put together.

The parts came from somebody who may lie: the small judgements at the top raise ValueError. What the standard library
and numpy have is in `serialization`, which is what others import.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .generators import KINDS, Draws
from .pandas import Column, Index, Table
from .single import Missing, Moment, Picture, Span, Sparse, Tensor
from .values import Values

__all__ = [
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "PACKAGE_MAKERS",
    "PACKAGE_RECORDS",
    "PANDAS_UNITS",
    "ZONE",
    "Array",
    "Entry",
    "Pay",
    "ask",
    "identifier",
    "integer",
    "is_array",
    "label_of",
    "shape_of",
    "sparse",
    "text_of",
    "within",
]

Array = np.ndarray[Any, Any]
Pay = Callable[[int], None]
ZONE = re.compile(r"[A-Za-z0-9_+\-]{1,40}(/[A-Za-z0-9_+\-]{1,40}){0,3}|UTC[+-]\d\d:\d\d")
PANDAS_UNITS = frozenset(("s", "ms", "us", "ns"))

LONGEST_NAME = 200

LONGEST_TEXT = 1 << 16


def ask(holds: Any) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise ValueError("it is no such record")


def is_array(array: Any, *dtypes: str | None) -> bool:
    """Whether it is a plain array of one of these dtypes; None stands for any."""
    return type(array) is np.ndarray and (None in dtypes or array.dtype in [np.dtype(each) for each in dtypes])


def integer(value: Any) -> int:
    """A Python integer, and no truth value."""
    ask(type(value) is int)
    return value  # type: ignore[no-any-return]


def within(array: Array, side: int, least: int = 0) -> bool:
    """Whether all numbers are places below `side`."""
    return not array.size or bool(array.min() >= least and array.max() < side)


def shape_of(value: Any) -> tuple[int, ...]:
    """A shape that numpy can have."""
    ask(type(value) is tuple and len(value) <= 32 and all(type(each) is int and 0 <= each < 1 << 62 for each in value))
    ask(math.prod(each or 1 for each in value) < 1 << 62)
    return value  # type: ignore[no-any-return]


def text_of(value: Any, most: int) -> str:
    """A text of at most so many characters."""
    ask(type(value) is str and len(value) <= most)
    return value  # type: ignore[no-any-return]


def identifier(value: Any) -> str:
    """A name that Python could give."""
    ask(text_of(value, LONGEST_NAME).isidentifier())
    return value  # type: ignore[no-any-return]


def label_of(value: Any) -> Any:
    """The name of a column or an index: an atom, a moment, or a tuple of such."""
    atoms = (type(None), bool, int, float, str, bytes, Moment, Span, Missing)
    ask(type(value) in atoms or (type(value) is tuple and all(type(each) in atoms for each in value)))
    return value


# --- the makers, one for each kind of record ---

_CLOSED = frozenset(("left", "right", "both", "neither"))
_INDEXES = frozenset(
    f"{kind}Index" for kind in ("", "Range", "Multi", "Datetime", "Timedelta", "Period", "Categorical", "Interval")
)
_BANDS = {
    **{"LA": 2, "PA": 2, "La": 2, "RGB": 3, "YCbCr": 3, "LAB": 3, "HSV": 3},
    **{"RGBA": 4, "RGBX": 4, "RGBa": 4, "CMYK": 4},
}
_MODES = {"1": "b1", "L": "u1", "P": "u1", "I": "i4", "F": "f4", "I;16": "u2", **dict.fromkeys(_BANDS, "u1")}
_TORCH = {
    **{name: name for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16")},
    **{name: name for name in ("uint32", "uint64", "bool", "complex64", "complex128")},
    "bfloat16": "float32",
}


def _moment(ticks: Any, unit: Any, zone: Any) -> Moment:
    ask(unit in PANDAS_UNITS and (zone is None or (type(zone) is str and ZONE.fullmatch(zone))))
    ask(-(1 << 63) < integer(ticks) < 1 << 63)
    return Moment(ticks, unit, zone)


def _span(ticks: Any, unit: Any) -> Span:
    ask(unit in PANDAS_UNITS and -(1 << 63) < integer(ticks) < 1 << 63)
    return Span(ticks, unit)


def _missing(name: Any) -> Missing:
    ask(name in ("NaT", "NA"))
    return Missing(name)


def _draws(kind: Any, seed: Any) -> Draws:
    ask(kind in KINDS and 0 <= integer(seed) < 1 << 32)
    return Draws(kind, seed)


def _tensor(array: Any, torch_dtype: Any, requires_grad: Any, device: Any) -> Tensor:
    ask(type(array) is np.ndarray and type(torch_dtype) is str and _TORCH.get(torch_dtype) == array.dtype.name)
    ask(type(requires_grad) is bool and type(device) is str and re.fullmatch(r"[a-z]{1,20}(:\d{1,4})?", device))
    return Tensor(array, torch_dtype, requires_grad=requires_grad, device=device)


def _picture(mode: Any, pixels: Any, palette: Any) -> Picture:
    bands = (_BANDS[mode],) if mode in _BANDS else ()
    ask(mode in _MODES and is_array(pixels, _MODES[mode]))
    ask(pixels.ndim == 2 + len(bands) and pixels.shape[2:] == bands)
    ask(palette is None or (type(palette) is bytes and len(palette) <= 1024))
    return Picture(mode, pixels, palette)


def sparse(pay: Pay, form: Any, is_matrix: Any, shape: Any, data: Any, places: Any) -> Sparse:
    """A sparse matrix or array of these parts; `pay` is called with bytes of memory before they are taken."""
    shape = shape_of(shape)
    ask(type(is_matrix) is bool and type(data) is np.ndarray and data.dtype.kind in "biufc" and type(places) is tuple)
    ask(1 <= len(shape) <= (2 if is_matrix or form != "coo" else 32))
    ask(all(is_array(each, "i4", "i8") for each in places))
    if form in ("csr", "csc", "bsr"):
        _compressed(form, shape, data, *places)
    elif form == "dia":
        (offsets,) = places
        ask(len(shape) == 2 and data.ndim == 2 and offsets.shape == data.shape[:1])
        ask(len(np.unique(offsets)) == len(offsets))
        pay(32 * data.size)
    else:
        ask(form in ("coo", "dok", "lil") and data.ndim == 1 and len(places) == len(shape))
        for each, side in zip(places, shape, strict=True):
            ask(each.shape == data.shape and within(each, side))
    pay(32 * data.size)
    return Sparse(form, is_matrix, shape, data, places)


def _compressed(form: str, shape: tuple[int, ...], data: Array, indices: Array, pointers: Array) -> None:
    """Judge what the formats hold that count entries row by row."""
    major, minor = (1, *shape)[-2:] if form != "csc" else shape[::-1]
    if form == "bsr":
        ask(len(shape) == 2 and data.ndim == 3 and 0 not in data.shape[1:])
        height, width = data.shape[1:]
        ask(major % height == 0 and minor % width == 0)
        major, minor = major // height, minor // width
    ask(indices.ndim == pointers.ndim == 1 and len(pointers) == major + 1 and len(indices) == len(data))
    ask(form == "bsr" or (data.ndim == 1 and (len(shape) == 2 or form == "csr")))
    ask(pointers[0] == 0 and pointers[-1] == len(indices) and bool(np.all(np.diff(pointers) >= 0)))
    ask(within(indices, minor))


def _values(dtype: Any, kind: Any, data: Any, missing: Any, detail: Any) -> Values:
    text_of(dtype, LONGEST_NAME)
    ask(type(detail) is tuple and _is_detail(kind, detail))
    if kind == "objects":
        ask(type(data) is list)
    elif kind == "numbers":
        ask(is_array(data, None) and data.ndim == 1 and data.dtype.kind in "biufc")
    elif kind == "intervals":
        ask(data is None)
    else:
        ask(is_array(data, "i8") and data.ndim == 1)
        ask(kind != "categories" or within(data, len(detail[0]), least=-1))
    made = Values(dtype, kind, data, missing, detail)
    ask(missing is None or (kind == "numbers" and is_array(missing, "b1") and missing.shape == (len(made),)))
    return made


def _is_detail(kind: Any, detail: tuple[Any, ...]) -> bool:
    match kind, detail:
        case ("numbers" | "objects", ()):
            return True
        case ("moments", (unit, zone)):
            return bool(unit in PANDAS_UNITS and (zone is None or (type(zone) is str and ZONE.fullmatch(zone))))
        case ("spans", (unit,)):
            return unit in PANDAS_UNITS
        case ("periods", (str(frequency),)):
            return bool(re.fullmatch(r"[A-Za-z0-9\-]{1,20}", frequency))
        case ("categories", (Values(), bool())):
            return bool(detail[0].kind != "categories")
        case ("intervals", (Values() as left, Values() as right, closed)):
            ends = left.kind in ("numbers", "moments", "spans") and right.kind == left.kind
            return bool(ends and len(left) == len(right) and closed in _CLOSED)
    return False


def _index(levels: Any, names: Any, class_name: Any) -> Index:
    ask(type(levels) is tuple and levels and all(type(each) is Values for each in levels))
    ask(type(names) is tuple and len(names) == len(levels) and class_name in _INDEXES)
    ask(len({len(each) for each in levels}) == 1 and (len(levels) == 1 or class_name == "MultiIndex"))
    return Index(levels, tuple(map(label_of, names)), class_name)


def _column(content: Any, index: Any, name: Any) -> Column:
    ask(type(content) is Values and type(index) is Index and len(index) == len(content))
    return Column(content, index, label_of(name))


def _table(content: Any, index: Any, labels: Any) -> Table:
    ask(type(content) is tuple and type(index) is Index and type(labels) is Index and len(labels) == len(content))
    ask(all(type(each) is Values and len(each) == len(index) for each in content))
    return Table(content, index, labels)


def _index_apart(index: Index) -> tuple[Any, ...]:
    return index.levels, index.names, index.class_name


Entry = tuple[str, Callable[[Any], tuple[Any, ...]]]
PACKAGE_RECORDS: dict[type, Entry] = {
    Moment: ("moment", lambda v: (v.ticks, v.unit, v.zone)),
    Span: ("span", lambda v: (v.ticks, v.unit)),
    Missing: ("missing", lambda v: (v.name,)),
    Draws: ("draws", lambda v: (v.kind, v.seed)),
    Tensor: ("tensor", lambda v: (np.asarray(v), v.torch_dtype, v.requires_grad, v.torch_device)),
    Picture: ("picture", lambda v: (v.mode, v.pixels, v.palette)),
    Sparse: ("sparse", lambda v: (v.format, v.is_matrix, v.shape, v.data, v.places)),
    Values: ("values", lambda v: (v.dtype, v.kind, v.data, v.missing, v.detail)),
    Index: ("index", _index_apart),
    Column: ("column", lambda v: (v.content, v.index, v.name)),
    Table: ("table", lambda v: (v.content, v.index, v.labels)),
}
"""By its exact type: the name of a record on the wire, and what takes it apart."""
PACKAGE_MAKERS: dict[str, Callable[..., Any]] = {
    "moment": _moment,
    "span": _span,
    "missing": _missing,
    "draws": _draws,
    "tensor": _tensor,
    "picture": _picture,
    "values": _values,
    "index": _index,
    "column": _column,
    "table": _table,
}
"""By its name: what judges the parts of a record and makes it; a sparse matrix is made by `sparse`, which is paid."""
