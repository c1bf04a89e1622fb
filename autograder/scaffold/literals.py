"""Values, and small pieces of code, as people would type them in a check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["TooLong", "kernel_matrix", "literal", "some_missing", "two_digits", "with_article"]

MOST_NUMBERS = 60


class TooLong(Exception):
    """A literal would have too many numbers to be read."""


def literal(value: Any, digits: int = 17) -> str:
    """A value as people would type it.

    Raises:
        TooLong: more than `MOST_NUMBERS` numbers.
    """
    text, count = _literal(value, digits, bare=digits < 17)
    if count > MOST_NUMBERS:
        raise TooLong
    return text


def _literal(value: Any, digits: int, *, bare: bool = False) -> tuple[str, int]:
    if isinstance(value, np.ndarray):
        inner, count = _literal(value.tolist(), 6 if value.dtype == np.float32 else digits)
        if not value.size:
            raise TooLong
        if bare:
            return inner, count
        dtype = ", dtype=np.float32" if value.dtype == np.float32 else ""
        return f"np.array({inner}{dtype})", count
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_NUMBERS:
            raise TooLong
        parts = [_literal(each, digits) for each in value]
        inner = ", ".join(text for text, _ in parts)
        count = sum(number for _, number in parts)
        if isinstance(value, tuple):
            return (f"({inner},)" if len(parts) == 1 else f"({inner})"), count
        return f"[{inner}]", count
    if isinstance(value, dict):
        pairs = [(repr(key), *_literal(each, digits)) for key, each in value.items()]
        return "{" + ", ".join(f"{key}: {text}" for key, text, _ in pairs) + "}", sum(n for _, _, n in pairs)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        short = float(f"{value:.{digits}g}")
        return repr(short), 1
    if isinstance(value, (int, str, bool, bytes, type(None))):
        return repr(value), 1
    raise TooLong


def some_missing(lengths: Sequence[str]) -> str:
    """Truth values that say where something is missing: in about one place of ten, and never in none of several."""
    count = " * ".join(lengths)
    places = f"rng.permutation({count})" + (f".reshape({', '.join(lengths)})" if len(lengths) > 1 else "")
    return f"{places} < ({count} + 8) // 10"


def kernel_matrix(rows: str, largest: float) -> str:
    """A random symmetric matrix with positive eigenvalues, whose entries are about as large as was seen."""
    factor = two_digits(largest / 2)
    drawn = f"np.cov(rng.normal(size=({rows}, 2 * {rows} + 2))).reshape({rows}, {rows})"
    return drawn if factor == "1" else f"{factor} * {drawn}"


def two_digits(value: float) -> str:
    """Two significant digits, as people write them."""
    short = float(f"{value:.2g}")
    return f"{short:g}" if abs(short) < 1e15 else repr(short)


def with_article(word: str) -> str:
    """A word with "a" or "an" before it."""
    return f"an {word}" if word[:1].lower() in "aeiou" else f"a {word}"
