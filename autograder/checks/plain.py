"""Any result to plain data.

Plain data is what can cross as bytes without running anybody's code: None, bool, int, float, complex, str, bytes, list,
tuple, dict, set, frozenset, range, deque, OrderedDict, defaultdict, Counter, dates and times, Decimal, Fraction, numpy
scalars and arrays, and the records of `checks.records` that stand for what pandas, scipy, torch and PIL
make, for Enum members, named tuples and data classes. Subclasses are reduced to these through the methods of the base
class, so that what a subclass overrides has no say.

This module is shipped to students: standard library and numpy only.
"""

from __future__ import annotations

import io
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Sequence, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from .inspection.arrays import is_masked
from .records.conversion import ATOMS, SCALARS, SIMPLE, UnreadableError, holds_only, mapped, names_of, recorded
from .records.serialization import FACTORIES, KEYS, RECORDS, zone_of
from .records.single import Fields, Member, Named
from .rows import Handle, Rows, native, size_of

__all__ = ["TABLES", "PlainError", "is_iterator", "to_plain"]

_SEQUENCES = frozenset((list, tuple))
_NUMERIC = "biufc"
_LISTED_KINDS = "OUST"  # object, text, bytes and (numpy 2) variable text arrays have no fixed raw form: lists
_WALKED = frozenset((OrderedDict, defaultdict, Counter, deque, Named))  # what they hold is not plain yet
_TIMES = (datetime, date, time, timedelta, Decimal, Fraction)

TABLES = ("Series", "DataFrame", "Index", "RangeIndex", "MultiIndex", "DatetimeIndex", "Categorical")
"""Names of classes, as in pandas, whose objects have values, which ``to_numpy()`` gives."""


class PlainError(ValueError):
    """A value has no plain form of bearable size; the text is one sentence."""


def to_plain(
    value: object,
    keep: Callable[[Any], Any],
    *,
    max_items: int = 1_000_000,
    max_depth: int = 32,
    max_bytes: int = 1 << 26,
    copy: bool = False,
    draw: bool = True,
    listed: bool = True,
    classes: dict[str, type] | None = None,
) -> Any:
    """Reduce any value to plain data; give what has no plain form to `keep` and put its answer in place.

    Iterators (with `draw`) and dictionary views become lists, arrays of text or of objects nested ones; what packages
    make becomes a record (`checks.records`), subclasses of `numpy.ndarray` but masked ones plain arrays,
    long doubles doubles. Keys of dictionaries and members of sets may be atoms (None, bool, int, float, complex, str,
    bytes), dates, Enum members and the like, or tuples of them; a dictionary or a set with other ones goes to `keep` as
    a whole.

    Args:
        value: anything.
        keep: called with each object that has no plain form.
        max_items: most elements in all lists, tuples, dictionaries and sets together (numeric arrays count as one).
        max_depth: most containers inside each other.
        max_bytes: most memory that what comes out of iterators may take; such a value exists only as it is drawn.
        copy: whether arrays are copied, so that the result shares no memory with `value`; what an iterator gives
            always is, for the next element may be written into the same memory.
        draw: whether iterators become lists; otherwise they go to `keep`.
        listed: whether arrays of text and of objects become lists; otherwise they stay arrays.
        classes: takes the classes of named tuples, data classes and Enum members by name, so that what comes back can
            be made of them again.

    Raises:
        PlainError: the value contains itself, is nested too deeply, has too many elements, or cannot be read.
    """
    if type(value) in ATOMS:
        return value
    try:
        return _Reducer(keep, max_items, max_depth, max_bytes, copy, draw, listed, classes).reduce(value)
    except UnreadableError as error:
        raise PlainError(str(error)) from error


def is_iterator(value: object) -> bool:
    """Whether items can be drawn from a value one by one; open files are no iterators here."""
    return isinstance(value, Iterator) and not isinstance(value, io.IOBase)


class _Reducer:
    """One walk over one value: what is left of the allowance, and which containers are open."""

    def __init__(
        self,
        keep: Callable[[Any], Any],
        max_items: int,
        max_depth: int,
        max_bytes: int,
        copy: bool,
        draw: bool,
        listed: bool,
        classes: dict[str, type] | None,
    ) -> None:
        self.keep = keep
        self.max_items = max_items
        self.max_depth = max_depth
        self.max_bytes = max_bytes
        self.copy = copy
        self.draw = draw
        self.listed = listed
        self.classes = {} if classes is None else classes
        self.items = 0
        self.drawn_bytes = 0
        self.open: list[int] = []

    def reduce(self, value: Any) -> Any:
        kind = type(value)
        if kind in ATOMS:
            return value
        if kind is np.ndarray:
            return self.array(value)
        if isinstance(value, np.generic):
            return self.scalar(value)
        if isinstance(value, np.ndarray) and is_masked(value):
            return self.masked(value)
        if kind in RECORDS and kind not in _WALKED:
            return mapped(self.valued(value), self.reduce)
        if isinstance(value, np.ndarray):
            return self.array(np.array(value, subok=False))
        if isinstance(value, (int, float, complex, str, bytes)):
            return _atom(value)
        if isinstance(value, bytearray):
            return bytes(memoryview(value))
        return self.container(value, kind)

    def container(self, value: Any, kind: type) -> Any:
        if issubclass(kind, dict) and kind.__module__.startswith("scipy.sparse"):
            return self.special(value)  # of one of its formats the class is a dictionary
        if issubclass(kind, list):
            return self.within(value, list.__len__(value), list.__iter__(value))
        if issubclass(kind, tuple):
            items = tuple(self.within(value, tuple.__len__(value), tuple.__iter__(value)))
            if kind is Named:
                return Named(value.class_name, value.names, items)
            names = names_of(kind)
            if names is None or len(names) != len(items):
                return items
            self.classes[kind.__name__] = kind
            return Named(kind.__name__, names, items)
        if issubclass(kind, dict):
            return self.mapping(value)
        if issubclass(kind, (set, frozenset)):
            return self.members(value)
        if issubclass(kind, deque):
            return deque(self.within(value, None, deque.__iter__(value)), value.maxlen)
        if issubclass(kind, (array, KeysView, ValuesView, ItemsView)):
            return self.within(value, None, iter(value))
        return self.special(value)

    def special(self, value: Any) -> Any:
        """What is no container of Python's."""
        if isinstance(value, (Handle, Rows)):
            return self.keep(value)
        for base in _TIMES:
            if isinstance(value, base) and type(value).__module__.partition(".")[0] != "pandas":
                return self.valued(value) if type(value) is base else self.keep(value)
        if id(value) in self.open:
            raise PlainError("The value contains itself, so it has no plain form.")
        if len(self.open) >= self.max_depth:
            raise PlainError(f"The value has more than {self.max_depth} containers inside each other.")
        self.open.append(id(value))  # a column of objects may hold its table
        made = recorded(value, self.reduce)
        self.open.pop()
        if made is not None:
            kind = type(value)
            if isinstance(made, (Fields, Member)):
                self.classes[kind.__name__] = kind
            return made
        if is_iterator(value):
            return self.drawn(value) if self.draw else self.keep(value)
        return self.keep(value)

    def valued(self, value: Any) -> Any:
        """What is a value as it is, unless it holds a time zone that has no plain form."""
        if type(value) is datetime or type(value) is time:
            try:
                zone_of(value.tzinfo)
            except (ValueError, AttributeError, TypeError):
                return self.keep(value)
        if type(value) is range:  # a check may make a list of it; len() of a long one overflows
            self.count(max(0, (value.stop - value.start) // value.step + 1))
        return value

    def masked(self, value: Any) -> Any:
        """A masked array of its own class, with plain numbers and a mask."""
        if value is np.ma.masked or value.dtype.kind not in _NUMERIC:
            return value if value is np.ma.masked else self.keep(value)
        return np.ma.MaskedArray(self.array(np.asarray(value.data)), np.array(np.ma.getmaskarray(value)))

    def drawn(self, value: Iterator[Any]) -> Any:
        """What an iterator gives, each element copied as it comes: it may give the same array again and again."""
        before, self.copy = self.copy, True
        try:
            return self.within(value, None, self.weighed(value))
        finally:
            self.copy = before

    def weighed(self, value: Iterator[Any]) -> Iterator[Any]:
        """The items of an iterator, plain already, up to as many bytes as may be drawn."""
        for item in value:
            plain = item if type(item) in ATOMS else self.reduce(item)
            self.drawn_bytes += size_of(plain)
            if self.drawn_bytes > self.max_bytes:
                raise PlainError(f"What its iterator gives takes more than {self.max_bytes >> 20} MiB.")
            yield plain

    def within(self, value: Any, length: int | None, elements: Iterable[Any]) -> list[Any]:
        """The elements of one container, reduced; `length` where it is known without asking the container's class."""
        if length is not None:
            self.count(length)
            if type(value) in _SEQUENCES and ATOMS.issuperset(map(type, value)):
                return list(value)  # the common case by far, at the speed of C
            if type(value) in _SEQUENCES and len(self.open) + 1 < self.max_depth and holds_only(value, SIMPLE):
                return self.rows(value)
        if id(value) in self.open:
            raise PlainError("The value contains itself, so it has no plain form.")
        if len(self.open) >= self.max_depth:
            raise PlainError(f"The value has more than {self.max_depth} containers inside each other.")
        self.open.append(id(value))
        result = []
        for element in elements:
            if length is None:
                self.count(1)
            result.append(element if type(element) in ATOMS else self.reduce(element))
        self.open.pop()
        return result

    def rows(self, value: list[Any] | tuple[Any, ...]) -> list[Any]:
        """A list of atoms and arrays, or of lists and tuples of them: column by column where rows are of one kind."""
        if not _SEQUENCES.issuperset(map(type, value)):
            return list(self.column(value))
        self.count(sum(map(len, value)))
        if len(set(map(len, value))) > 1 or len(set(map(type, value))) > 1:
            return [
                type(row)([self.array(each) if type(each) is np.ndarray else each for each in row]) for row in value
            ]
        columns = [self.column(column) for column in zip(*value, strict=True)]
        kind = type(value[0])
        if not columns:
            return [kind() for _ in value]
        rows = zip(*columns, strict=True)
        return list(rows if kind is tuple else map(list, rows))

    def column(self, column: Sequence[Any]) -> Sequence[Any]:
        if np.ndarray not in set(map(type, column)):
            return column
        return [self.array(each) if type(each) is np.ndarray else each for each in column]

    def mapping(self, value: Any) -> Any:
        items = list(OrderedDict.items(value) if isinstance(value, OrderedDict) else dict.items(value))
        keys = [_key(key) for key, _ in items]
        if None in keys:
            return self.keep(value)
        # A key is wrapped in a 1-tuple by _key, so that the key None differs from "no plain form".
        values = self.within(value, len(items), [element for _, element in items])
        made = {key[0]: element for key, element in zip(keys, values, strict=True) if key is not None}
        if isinstance(value, OrderedDict):
            return OrderedDict(made)
        if isinstance(value, defaultdict):
            factory = value.default_factory
            return defaultdict(factory if any(factory is each for each in FACTORIES.values()) else None, made)
        if isinstance(value, Counter):
            counted: Counter[Any] = Counter()
            dict.update(counted, made)
            return counted
        return made

    def members(self, value: Any) -> Any:
        base = frozenset if isinstance(value, frozenset) else set
        wrapped = [_key(member) for member in base.__iter__(value)]
        if None in wrapped:
            return self.keep(value)
        self.count(len(wrapped))
        return base(member[0] for member in wrapped if member is not None)

    def array(self, value: np.ndarray[Any, Any]) -> Any:
        kind = value.dtype.kind
        if kind in _NUMERIC:
            numbers = native(value)
            return numbers.copy() if self.copy and numbers is value else numbers
        if kind in "mM":
            times = value if value.dtype.isnative else value.astype(value.dtype.newbyteorder("="))
            return times.copy() if self.copy and times is value else times
        if value.dtype.names:
            return self.structured(value)
        if kind in _LISTED_KINDS:
            if id(value) in self.open:
                raise PlainError("The value contains itself, so it has no plain form.")
            self.count(value.size)
            self.open.append(id(value))  # an object array may hold itself
            self.items -= value.size  # counted again, element by element, in the lists that it becomes
            result = self.reduce(value.tolist()) if self.listed else self.of_objects(value)
            self.open.pop()
            return result
        return self.keep(value)

    def of_objects(self, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A copy of an array of text or of objects, these reduced."""
        if value.dtype.kind != "O":
            return np.array(value)
        made = np.empty(value.size, object)
        for place, each in enumerate(value.reshape(-1)):
            made[place] = self.reduce(each)
        return made.reshape(value.shape)

    def structured(self, value: np.ndarray[Any, Any]) -> Any:
        """An array with named fields, if each of them is an array that can cross."""
        if any(not _is_whole(each[0]) for each in (value.dtype.fields or {}).values()):
            return self.keep(value)
        return np.array(value, order="C") if self.copy or not value.flags.c_contiguous else value

    def scalar(self, value: np.generic) -> Any:
        kind = value.dtype.kind
        if kind in _NUMERIC:
            # An exact scalar type again: a subclass of one, or a long double, goes through an array of one element.
            return value if type(value) in SCALARS else native(np.array(value))[()]
        if kind in "US":
            return value.item()
        if kind in "mM":
            return value
        if value.dtype.names:
            made = self.structured(np.asarray(value))
            return made[()] if isinstance(made, np.ndarray) else made
        return self.keep(value)

    def count(self, more: int) -> None:
        self.items += more
        if self.items > self.max_items:
            raise PlainError(f"The value has more than {self.max_items:,} elements.")


def _atom(value: Any) -> Any:
    """An int, float, complex, str or bytes of the base type, whatever its subclass overrides."""
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, complex):
        return complex.__pos__(value)
    if isinstance(value, str):
        return str.__str__(value)
    return bytes.__getitem__(value, slice(None))


def _key(value: Any) -> tuple[Any] | None:
    """The plain key in a 1-tuple, or None where there is none."""
    if type(value) in ATOMS:
        return (value,)
    if isinstance(value, np.generic):
        return (value.item(),) if value.dtype.kind in _NUMERIC + "US" else None
    if isinstance(value, (int, float, complex, str, bytes)):
        return (_atom(value),)
    if type(value) in KEYS:
        return (value,)
    if isinstance(value, (Enum, datetime, timedelta)):  # the last two of pandas
        made = recorded(value, lambda each: each)
        return (made,) if type(made) in KEYS else None
    if isinstance(value, tuple):
        parts = [_key(part) if not isinstance(part, tuple) else None for part in tuple.__iter__(value)]
        return None if None in parts else (tuple(part[0] for part in parts if part is not None),)
    return None


def _is_whole(dtype: np.dtype[Any]) -> bool:
    """Whether a field of a structured array is of numbers, times or text, or of such fields."""
    if dtype.names:
        return all(_is_whole(each[0]) for each in (dtype.fields or {}).values())
    return dtype.base.kind in "biufcmMUS"
