"""autograder.checks.records.judging: TODO docstring."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .single import Missing, Moment, Span

__all__ = ["Array"]


Array = np.ndarray[Any, Any]

_LONGEST_NAME = 200

_LONGEST_TEXT = 1 << 16


def _ask(holds: Any) -> None:
    if not holds:
        raise ValueError("it is no such record")


def _is(array: Any, *dtypes: str | None) -> bool:
    return type(array) is np.ndarray and (None in dtypes or array.dtype in [np.dtype(each) for each in dtypes])


def _int(value: Any) -> int:
    _ask(type(value) is int)
    return value  # type: ignore[no-any-return]


def _within(array: Array, side: int, least: int = 0) -> bool:
    return not array.size or bool(array.min() >= least and array.max() < side)


def _shape(value: Any) -> tuple[int, ...]:
    _ask(type(value) is tuple and len(value) <= 32 and all(type(each) is int and 0 <= each < 1 << 62 for each in value))
    _ask(math.prod(each or 1 for each in value) < 1 << 62)
    return value  # type: ignore[no-any-return]


def _text_of(value: Any, most: int) -> str:
    _ask(type(value) is str and len(value) <= most)
    return value  # type: ignore[no-any-return]


def _identifier(value: Any) -> str:
    _ask(_text_of(value, _LONGEST_NAME).isidentifier())
    return value  # type: ignore[no-any-return]


def _label(value: Any) -> Any:
    """The name of a column or an index: an atom, a moment, or a tuple of such."""
    atoms = (type(None), bool, int, float, str, bytes, Moment, Span, Missing)
    _ask(type(value) in atoms or (type(value) is tuple and all(type(each) in atoms for each in value)))
    return value
