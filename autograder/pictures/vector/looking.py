"""Reading how a figure looks: whatever is not as it should be is replaced by a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checks.figures.records import entries
from autograder.pictures.vector.svg import Array

__all__ = ["alpha_of", "color_of", "colors_of", "finite", "floats", "hexadecimal", "looks", "palette_of", "several"]


def looks(look: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The looks of the parts of one kind."""
    return [each if isinstance(each, Mapping) else {} for each in entries(look.get(key))[:20_000]]


def several(values: object, count: int) -> list[object]:
    """So many entries of a list or tuple, None for those that are missing."""
    found = list(entries(values)[:count])
    return [*found, *[None] * (count - len(found))]


def finite(value: object, otherwise: float) -> float:
    """A number, or the default."""
    return float(value) if type(value) in (int, float) and abs(value) < 1e300 else otherwise  # type: ignore[arg-type]


def floats(values: object, count: int) -> Array:
    """A float for each of `count` parts, 0 where there are none."""
    if isinstance(values, np.ndarray) and values.shape == (count,) and values.dtype.kind == "f":
        return np.where(np.isfinite(values), values, 0.0)
    return np.zeros(count)


def color_of(value: object, otherwise: str) -> str:
    """A colour as ``#rrggbb``, or the default."""
    parts = entries(value)
    if len(parts) == 3 and all(type(part) is int and 0 <= part <= 255 for part in parts):
        return hexadecimal(parts)
    return otherwise


def colors_of(values: object, count: int) -> Array | None:
    """A colour for each of `count` parts, uint8 (count, 3), or None."""
    if isinstance(values, np.ndarray) and values.shape == (count, 3) and values.dtype == np.uint8 and count:
        return values
    return None


def hexadecimal(parts: Sequence[Any] | Array) -> str:
    """Three numbers 0 to 255 as ``#rrggbb``."""
    return "#" + "".join(f"{int(part):02x}" for part in parts)


def alpha_of(look: Mapping[str, Any]) -> float:
    """An opacity, 0.1 to 1."""
    return round(min(1.0, max(0.1, finite(look.get("alpha"), 1.0))), 1)


def palette_of(look: Mapping[str, Any]) -> bytes:
    """256 colours; shades of gray where there are none."""
    palette = look.get("palette")
    return (
        palette
        if type(palette) is bytes and len(palette) == 768
        else bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
    )
