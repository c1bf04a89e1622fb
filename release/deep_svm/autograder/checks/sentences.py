"""Small words that the sentences of checks are put together from."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["are", "series", "small"]


def series(words: Sequence[str]) -> str:
    """One text of several: "a", "a and b", "a, b and c"; "" of none."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def are(things: Sequence[object]) -> str:
    """The verb behind their names: "is" for one, else "are"."""
    return "is" if len(things) == 1 else "are"


def small(text: str) -> str:
    """The same text for the middle of a sentence."""
    return text[:1].lower() + text[1:]
