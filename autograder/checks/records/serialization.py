"""Records, and what the standard library and numpy have of the kind, taken apart for the wire and put together again.

`taken_apart` gives a name and plain values; `put_together` judges what came under that name, from somebody who may lie,
and makes the value. Nothing is built that was not paid for, and nothing that could not have been taken apart. What is
of packages is in `package_serialization`.
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

from ..inspection.arrays import is_masked
from .package_serialization import (
    LONGEST_NAME,
    LONGEST_TEXT,
    PACKAGE_MAKERS,
    PACKAGE_RECORDS,
    ZONE,
    Array,
    Entry,
    Pay,
    ask,
    identifier,
    integer,
    is_array,
    shape_of,
    sparse,
    text_of,
)
from .single import Fields, Member, Missing, Moment, Named, Span, Tensor

__all__ = ["FACTORIES", "KEYS", "RECORDS", "put_together", "taken_apart", "zone_of"]

_MOST_BITS = 1 << 16
_TIME_DTYPE = re.compile(r"[mM]8(\[([1-9]\d{0,5})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?")
_TEXT_DTYPE = re.compile(r"[US]\d{1,9}|O")
_PER_NUMBER = 36  # bytes of a number in a list, and of its place there
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


RECORDS: dict[type, Entry] = {
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
    **PACKAGE_RECORDS,
}  # fmt: skip
"""What has a name of its own on the wire, by its exact type: the name, and what takes it apart."""
_PAID: dict[str, Callable[..., Any]] = {
    "range": _range,
    "texts": _texts,
    "structured": _structured,
    "masked": _masked,
    "scalar": _scalar,
    "sparse": sparse,
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
    **PACKAGE_MAKERS,
}
