"""What a check may return: nothing, a `Credit`, or what a later check takes as a parameter. All else is a mistake.

A check fails by raising. One that returns ``bool(np.allclose(...))`` would pass whatever the answer is.
"""

from __future__ import annotations

import inspect
import re
from types import CodeType
from typing import Any

from autograder.assignment.declaration import Check
from autograder.checks import Credit
from autograder.checks.compare import show

__all__ = ["GIVES_CREDIT", "makes_credit", "mistaken"]

GIVES_CREDIT = ("Credit", "points_at", "points_between")
"""Names by which a check makes a `Credit`."""

_SAID_NONE = re.compile(r"^\s*return None\s*(#.*)?$", re.MULTILINE)

_HOW = "a check fails by raising: compare with close(...) or same(...), write assert, or return a Credit"


def mistaken(check: Check, value: Any, *, handed_on: bool) -> str:
    """The sentence for staff about a value that a check should not have returned; "" for one that it may.

    Args:
        check: the check, or one case of it.
        value: what its function returned.
        handed_on: whether a later check takes the value as a parameter.
    """
    if isinstance(value, Credit) or handed_on:
        return ""
    code = check.function.__code__
    place = f"{code.co_filename}:{code.co_firstlineno}: the check {check.id!r}"
    if value is None:
        if makes_credit(code) and not _says_none(check):
            return (
                f"{place} makes a Credit and returned None: return the Credit, "
                "or write `return None` where nothing else can go wrong."
            )
        return ""
    if hasattr(value, "close") and hasattr(value, "__await__"):
        value.close()  # a coroutine that nobody waits for would warn at an unrelated place
    kind = type(value).__name__
    return f"{place} returned {show(value)} ({kind}), and no later check takes it as a parameter; {_HOW}."


def makes_credit(code: CodeType) -> bool:
    """Whether a function makes a `Credit` somewhere, as far as its names tell."""
    return any(name in code.co_names for name in GIVES_CREDIT)


def _says_none(check: Check) -> bool:
    """Whether ``return None`` stands in the function: then nothing is what it means to return."""
    try:
        return bool(_SAID_NONE.search(inspect.getsource(check.function)))
    except (OSError, TypeError):
        return True
