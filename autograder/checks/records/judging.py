"""autograder.checks.records.judging: TODO docstring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .single import Missing, Moment, Span

__all__ = ["Array"]


Array = np.ndarray[Any, Any]

LONGEST_NAME = 200

LONGEST_TEXT = 1 << 16


def ask(holds: Any) -> None:
    if not holds:
        raise ValueError("it is no such record")


def is_array(array: Any, *dtypes: str | None) -> bool:
    return type(array) is np.ndarray and (None in dtypes or array.dtype in [np.dtype(each) for each in dtypes])


def integer(value: Any) -> int:
    ask(type(value) is int)
    return value  # type: ignore[no-any-return]


def within(array: Array, side: int, least: int = 0) -> bool:
    return not array.size or bool(array.min() >= least and array.max() < side)


def shape_of(value: Any) -> tuple[int, ...]:
    ask(type(value) is tuple and len(value) <= 32 and all(type(each) is int and 0 <= each < 1 << 62 for each in value))
    ask(math.prod(each or 1 for each in value) < 1 << 62)
    return value  # type: ignore[no-any-return]


def text_of(value: Any, most: int) -> str:
    ask(type(value) is str and len(value) <= most)
    return value  # type: ignore[no-any-return]


def identifier(value: Any) -> str:
    ask(text_of(value, LONGEST_NAME).isidentifier())
    return value  # type: ignore[no-any-return]


def label_of(value: Any) -> Any:
    """The name of a column or an index: an atom, a moment, or a tuple of such."""
    atoms = (type(None), bool, int, float, str, bytes, Moment, Span, Missing)
    ask(type(value) in atoms or (type(value) is tuple and all(type(each) in atoms for each in value)))
    return value
