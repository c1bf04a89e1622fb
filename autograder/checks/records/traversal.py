"""Plain data, walked: what needs no look inside, and the same value with other items in its places."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from .pandas import Column, Index, Table
from .single import Fields, Named
from .values import Values

__all__ = ["ATOMS", "SCALARS", "SIMPLE", "holds", "holds_only", "mapped"]

ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
SCALARS = frozenset(np.dtype(code).type for code in "?bBhHiIlLqQefdFD")
SIMPLE = ATOMS | SCALARS | {np.ndarray}
"""Exact types of values that are plain as they are, but for arrays of something else than numbers."""
_SEQUENCES = frozenset((list, tuple))


def holds_only(value: list[Any] | tuple[Any, ...], kinds: frozenset[type]) -> bool:
    """Whether all items are of these exact types, or lists and tuples of such items; found at the speed of C."""
    found = set(map(type, value))
    if kinds.issuperset(found):
        return True
    return _SEQUENCES.issuperset(found) and kinds.issuperset(map(type, chain.from_iterable(value)))


def mapped(value: Any, change: Callable[[Any], Any], *, flat: bool = True) -> Any:
    """A container or record with each of its items replaced by what `change` gives; itself where nothing changes.

    Anything else is given back as it is. With `flat`, `change` leaves numbers, texts and arrays alone, so that a list
    of nothing else need not be walked.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        if flat and holds_only(value, SIMPLE):
            return value
        made = [change(each) for each in value]
        return kind(made) if any(map(_differ, made, value)) else value
    if kind is dict or kind in (OrderedDict, defaultdict, Counter):
        return _mapping(value, change)
    if kind is deque:
        return deque((change(each) for each in value), value.maxlen)
    if kind is Named:
        return Named(value.class_name, value.names, [change(each) for each in value])
    if kind is Fields:
        return Fields(value.class_name, {name: change(each) for name, each in value.fields.items()})
    if kind is Table:
        content = tuple(_values(each, change) for each in value.content)
        return Table(content, mapped(value.index, change), mapped(value.labels, change))
    if kind is Column:
        return Column(_values(value.content, change), mapped(value.index, change), value.name)
    if kind is Index:
        return Index(tuple(_values(each, change) for each in value.levels), value.names, value.class_name)
    return value


def holds(value: Any, kind: type) -> bool:
    """Whether a value is of a class, or holds something that is, at any depth."""
    found = isinstance(value, kind)

    def look(each: Any) -> Any:
        nonlocal found
        found = found or isinstance(each, kind)
        return each if found else mapped(each, look)

    mapped(value, look)
    return found


def _values(values: Values, change: Callable[[Any], Any]) -> Values:
    if values.kind == "objects":
        return Values(values.dtype, values.kind, mapped(values.data, change), values.missing, values.detail)
    if values.kind == "categories":
        categories, ordered = values.detail
        return Values(values.dtype, values.kind, values.data, values.missing, (_values(categories, change), ordered))
    return values


def _mapping(value: Any, change: Callable[[Any], Any]) -> Any:
    made = {key: change(each) for key, each in value.items()}
    if not any(map(_differ, made.values(), value.values())):
        return value
    kind = type(value)
    if kind is dict:
        return made
    if kind is defaultdict:
        return defaultdict(value.default_factory, made)
    new = kind()
    if kind is OrderedDict:
        new.update(made)
    else:
        dict.update(new, made)  # a Counter would add
    return new


def _differ(one: Any, other: Any) -> bool:
    return one is not other
