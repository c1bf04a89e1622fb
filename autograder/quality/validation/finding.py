"""What is found out about an assignment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of an assignment: whether it holds, what was seen, and how to fix it where it does not hold.

    A `warning` keeps nothing from being handed out; it is shown with the way to fix it.
    """

    what: str
    good: bool
    said: str
    fix: str = ""
    warning: bool = False
