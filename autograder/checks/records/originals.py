"""What a record stands for, made on demand: records ask here, `conversion` says how each kind is made.

So a record can answer what only the real object knows, and nothing imports in a circle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["makes", "original"]

_MAKERS: dict[type, Callable[[Any], Any]] = {}


def makes(*kinds: type) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Enter a function as what makes the real objects of some classes of records, or containers that hold them."""

    def entered(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        _MAKERS.update(dict.fromkeys(kinds, function))
        return function

    return entered


def original(record: Any) -> Any:
    """What a record stands for, made by the package that it comes from; any other value as it is.

    Raises:
        AttributeError: that package is not installed.
    """
    maker = _MAKERS.get(type(record))
    try:
        return maker(record) if maker else record
    except ImportError as error:
        raise AttributeError(f"{type(record).__name__}: {error.name} is not installed here") from None
