"""Stand-ins for objects are of a class with the object's own name, so that no sentence has to know of stand-ins."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["class_named"]

_LONGEST = 60
T = TypeVar("T")


def class_named(name: str, base: type[T]) -> type[T]:
    """A subclass of a stand-in's class that is called as the class of the object, if that is a name.

    It also has the name as `_kind`; what is no name of a class becomes "object".
    """
    shown_name = name if name.isidentifier() and name.isascii() and len(name) <= _LONGEST else "object"
    attributes: dict[str, Any] = {"__module__": base.__module__, "__doc__": base.__doc__, "_kind": shown_name}
    return type(shown_name, (base,), attributes)
