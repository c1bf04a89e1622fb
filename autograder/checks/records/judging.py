"""Small judgements about the parts of a record that came from somebody who may lie; each raises ValueError."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .single import Missing, Moment, Span

__all__ = [
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "PANDAS_UNITS",
    "ZONE",
    "Array",
    "Pay",
    "ask",
    "identifier",
    "integer",
    "is_array",
    "label_of",
    "shape_of",
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
