"""Records, and what the standard library and numpy have of the kind, taken apart for the wire and put together again.

`taken_apart` gives a name and plain values; `put_together` judges what came under that name, from somebody who may lie,
and makes the value. Nothing is built that was not paid for, and nothing that could not have been taken apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from .generators import KINDS, Draws
from .judging import (
    LONGEST_NAME,
    LONGEST_TEXT,
    PANDAS_UNITS,
    ZONE,
    Array,
    Pay,
    ask,
    identifier,
    integer,
    is_array,
    label_of,
    shape_of,
    text_of,
    within,
)
from .masked import is_masked
from .pandas import Column, Index, Table, Values
from .single import Fields, Member, Missing, Moment, Named, Picture, Span, Sparse, Tensor

__all__ = ["FACTORIES", "KEYS", "RECORDS", "put_together", "taken_apart", "zone_of"]

_MOST_BITS = 1 << 16
_UNITS = frozenset(("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"))
_TIME_DTYPE = re.compile(r"[mM]8(\[([1-9]\d{0,5})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?")
_TEXT_DTYPE = re.compile(r"[US]\d{1,9}|O")
_CLOSED = frozenset(("left", "right", "both", "neither"))
_INDEXES = frozenset(
    f"{kind}Index" for kind in ("", "Range", "Multi", "Datetime", "Timedelta", "Period", "Categorical", "Interval")
)
_BANDS = {
    **{"LA": 2, "PA": 2, "La": 2, "RGB": 3, "YCbCr": 3, "LAB": 3, "HSV": 3},
    **{"RGBA": 4, "RGBX": 4, "RGBa": 4, "CMYK": 4},
}
_PER_NUMBER = 36  # bytes of a number in a list, and of its place there
_MODES = {"1": "b1", "L": "u1", "P": "u1", "I": "i4", "F": "f4", "I;16": "u2", **dict.fromkeys(_BANDS, "u1")}
_TORCH = {
    **{name: name for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16")},
    **{name: name for name in ("uint32", "uint64", "bool", "complex64", "complex128")},
    "bfloat16": "float32",
}
KEYS = frozenset((date, datetime, time, timedelta, Decimal, Fraction, Member, Moment, Span, Missing))
"""What may be a key of a dictionary or in a set, beside atoms and tuples of them."""
FACTORIES: dict[str, Any] = {each.__name__: each for each in (int, float, str, list, dict, set, tuple, bool)}
"""What makes the values of a defaultdict, as far as it can cross."""


def taken_apart(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """The name and the parts of a value of these exact types; None of any other."""
    found = RECORDS.get(type(value))
    if found is not None:
        return found[0], found[1](value)
    if isinstance(value, np.ndarray) and not isinstance(value, Tensor):
        return _array_apart(value)
    if isinstance(value, np.generic) and not isinstance(value, (np.str_, np.bytes_)):
        name_and_parts = _array_apart(np.asarray(value))
        return ("scalar", name_and_parts) if name_and_parts else None
    return None


def put_together(name: str, parts: tuple[Any, ...], pay: Pay) -> Any:
    """The value of a name and parts.

    Args:
        name, parts: as `taken_apart` gives them, or anything else.
        pay: is called with bytes of memory before they are taken.

    Raises:
        ValueError, TypeError, KeyError, OverflowError, ArithmeticError, AttributeError: they are no such value.
    """
    paid = _PAID.get(name)
    return paid(pay, *parts) if paid else _MAKERS[name](*parts)


# --- arrays of numpy that are not numbers ---


def _array_apart(value: Array) -> tuple[str, tuple[Any, ...]] | None:
    kind, dtype = value.dtype.kind, value.dtype
    if is_masked(value):
        if value is np.ma.masked:
            return "masked constant", ()
        return "masked", (np.asarray(value.data), np.ma.getmaskarray(value))
    if kind in "mM":
        ticks = np.ascontiguousarray(value).astype(dtype.newbyteorder("=")).view(np.int64)
        return "times", (dtype.newbyteorder("=").str.lstrip("<>=|"), ticks.reshape(value.shape))
    if dtype.names:
        fields = [(name, np.array(value[name], order="C")) for name in dtype.names]
        return "structured", (value.shape, fields, isinstance(value, np.recarray))
    if kind in "USO":
        text = dtype.newbyteorder("=").str.lstrip("<>=|") if kind != "O" else "O"
        return "texts", (text, value.shape, value.reshape(-1).tolist())
    return None


def _times(text: Any, ticks: Any) -> Any:
    ask(type(text) is str and _TIME_DTYPE.fullmatch(text) and is_array(ticks, "i8"))
    return ticks.view(np.dtype(text))


def _texts(pay: Pay, text: Any, shape: Any, items: Any) -> Any:
    ask(type(text) is str and _TEXT_DTYPE.fullmatch(text) and type(items) is list)
    shape = shape_of(shape)
    kind = {"U": str, "S": bytes, "O": object}[text[0]]
    ask(math.prod(shape) == len(items) and all(isinstance(each, kind) for each in items))
    pay(np.dtype(text).itemsize * max(len(items), 1))
    if text == "O":
        made = np.empty(len(items), object)
        for place, each in enumerate(items):
            made[place] = each
        return made.reshape(shape)
    ask(np.dtype(text).itemsize < 1 << 28 and (text[1:] != "0" or not any(items)))
    return np.array(items, np.dtype(text)).reshape(shape)


def _structured(pay: Pay, shape: Any, fields: Any, record: Any) -> Any:
    shape = shape_of(shape)
    ask(type(fields) is list and fields and type(record) is bool)
    for each in fields:
        ask(type(each) is tuple and len(each) == 2)
        text_of(each[0], LONGEST_NAME)
        ask(isinstance(each[1], np.ndarray) and each[1].shape[: len(shape)] == shape)
    dtype = np.dtype([(name, array.dtype, array.shape[len(shape) :]) for name, array in fields])
    pay(dtype.itemsize * math.prod(shape))
    made = np.empty(shape, dtype)
    for name, array in fields:
        made[name] = array
    return made.view(np.recarray) if record else made


def _masked(pay: Pay, data: Any, mask: Any) -> Any:
    ask(isinstance(data, np.ndarray) and is_array(mask, "b1") and data.shape == mask.shape)
    pay(2 * mask.nbytes)
    return np.ma.MaskedArray(data, mask)


def _scalar(pay: Pay, name: Any, parts: Any) -> Any:
    ask(name in ("times", "structured") and type(parts) is tuple)
    made = put_together(name, parts, pay)
    ask(made.shape == ())
    return made[()]


# --- the standard library ---


def zone_of(value: Any) -> Any:
    """A time zone as plain data: None, its name, or its distance from UTC in seconds with its name.

    Raises:
        ValueError: it has none of these.
    """
    if value is None:
        return None
    key = getattr(value, "key", None) or getattr(value, "zone", None)
    if isinstance(key, str) and ZONE.fullmatch(key):
        return key
    offset = value.utcoffset(None)
    if offset is None:
        raise ValueError("a time zone has neither a name nor a fixed distance from UTC")
    return offset.total_seconds()


def _zone(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is float:
        return timezone(timedelta(seconds=value))
    ask(type(value) is str and ZONE.fullmatch(value))
    return ZoneInfo(value)


def _datetime(numbers: Any, fold: Any, zone: Any) -> datetime:
    ask(type(numbers) is tuple and len(numbers) == 7 and all(type(each) is int for each in numbers))
    year, month, day, hour, minute, second, microsecond = numbers
    return datetime(year, month, day, hour, minute, second, microsecond, _zone(zone), fold=integer(fold))


def _time(numbers: Any, fold: Any, zone: Any) -> time:
    ask(type(numbers) is tuple and len(numbers) == 4 and all(type(each) is int for each in numbers))
    hour, minute, second, microsecond = numbers
    return time(hour, minute, second, microsecond, _zone(zone), fold=integer(fold))


def _range(pay: Pay, start: Any, stop: Any, step: Any) -> range:
    """A range, for as much as the list costs that a check may make of it."""
    made = range(integer(start), integer(stop), integer(step))
    pay(max(0, (made.stop - made.start) // made.step + 1) * _PER_NUMBER)
    return made


def _decimal(text: Any) -> Decimal:
    return Decimal(text_of(text, LONGEST_TEXT))


def _fraction(numerator: Any, denominator: Any) -> Fraction:
    ask(integer(numerator).bit_length() <= _MOST_BITS and integer(denominator).bit_length() <= _MOST_BITS)
    return Fraction(numerator, denominator)


def _counter(items: Any) -> Counter[Any]:
    ask(type(items) is dict)
    made: Counter[Any] = Counter()
    dict.update(made, items)
    return made


def _default(factory: Any, items: Any) -> defaultdict[Any, Any]:
    ask(type(items) is dict)
    return defaultdict(None if factory is None else FACTORIES[factory], items)


def _ordered(items: Any) -> OrderedDict[Any, Any]:
    ask(type(items) is dict)
    return OrderedDict(items)


def _deque(most: Any, items: Any) -> deque[Any]:
    ask(type(items) is list and (most is None or integer(most) >= len(items)))
    return deque(items, most)


# --- records of single things ---


def _named(class_name: Any, names: Any, items: Any) -> Named:
    ask(type(names) is tuple and type(items) is tuple and len(names) == len(items))
    return Named(identifier(class_name), tuple(map(identifier, names)), items)


def _fields(class_name: Any, fields: Any) -> Fields:
    ask(type(fields) is dict)
    return Fields(identifier(class_name), {identifier(name): each for name, each in fields.items()})


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


def _sparse(pay: Pay, form: Any, is_matrix: Any, shape: Any, data: Any, places: Any) -> Sparse:
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


# --- records of pandas ---


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


# --- small judgements ---


_Entry = tuple[str, Callable[[Any], tuple[Any, ...]]]
RECORDS: dict[type, _Entry] = {
    datetime: ("datetime", lambda v: (
        (v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond), v.fold, zone_of(v.tzinfo)
    )),
    date: ("date", lambda v: (v.toordinal(),)),
    time: ("time", lambda v: ((v.hour, v.minute, v.second, v.microsecond), v.fold, zone_of(v.tzinfo))),
    timedelta: ("timedelta", lambda v: (v.days, v.seconds, v.microseconds)),
    Decimal: ("decimal", lambda v: (str(v),)),
    Fraction: ("fraction", lambda v: (v.numerator, v.denominator)),
    range: ("range", lambda v: (v.start, v.stop, v.step)),
    OrderedDict: ("ordered", lambda v: (dict(v),)),
    Counter: ("counter", lambda v: (dict(v),)),
    defaultdict: ("default", lambda v: (
        next((name for name, each in FACTORIES.items() if each is v.default_factory), None), dict(v)
    )),
    deque: ("deque", lambda v: (v.maxlen, list(v))),
    Named: ("named", lambda v: (v.class_name, v.names, tuple(v))),
    Fields: ("fields", lambda v: (v.class_name, dict(v.fields))),
    Member: ("member", lambda v: (v.class_name, v.name, v.value)),
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
}  # fmt: skip
"""What has a name of its own on the wire, by its exact type: the name, and what takes it apart."""
_PAID: dict[str, Callable[..., Any]] = {
    "range": _range,
    "texts": _texts,
    "structured": _structured,
    "masked": _masked,
    "scalar": _scalar,
    "sparse": _sparse,
}
_MAKERS: dict[str, Callable[..., Any]] = {
    "times": _times,
    "masked constant": lambda: np.ma.masked,
    "datetime": _datetime,
    "date": lambda day: date.fromordinal(integer(day)),
    "time": _time,
    "timedelta": lambda *numbers: timedelta(*map(integer, numbers)),
    "decimal": _decimal,
    "fraction": _fraction,
    "ordered": _ordered,
    "counter": _counter,
    "default": _default,
    "deque": _deque,
    "named": _named,
    "fields": _fields,
    "member": lambda class_name, name, value: Member(identifier(class_name), text_of(name, 200), value),
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
