"""What a value is, in words: "a pandas Series", "an object of class Foo"."""

from __future__ import annotations

from typing import Any

from .errors import CheckFailed
from .records import Column, Fields, Index, Member, Picture, Sparse, Table, conversion
from .records.conversion import record_of

__all__ = [
    "TABLES",
    "WANTED",
    "article",
    "dtype_of",
    "is_handle",
    "kind_of",
    "of_wrong_kind",
    "real",
    "returned",
    "what",
]

TABLES = (Table, Column, Index)
"""Records of what pandas makes."""
_NO_CALL = "(are parentheses missing?)"
_FUNCTIONS = (
    *("function", "method", "builtin_function_or_method", "method-wrapper", "partial", "ufunc"),
    *("_ArrayFunctionDispatcher", "_Function"),
)
_UNCALLED = {
    **dict.fromkeys(_FUNCTIONS, f"a function and not its result {_NO_CALL}"),
    **dict.fromkeys(("type", "ABCMeta"), f"a class {_NO_CALL}"),
    **dict.fromkeys(("iterator", "generator"), "an iterator"),
    **{"module": "a module", "object": "an object"},
}
"""How things are called that are seldom meant as an answer, by the names of their classes."""


def kind_of(value: object) -> str:
    """The name of a value's type; of a stand-in, that of the object that it stands for, as far as it is known."""
    kind = type(value)
    return str(value._kind) if hasattr(kind, "_kind") else kind.__name__  # type: ignore[attr-defined]


def is_handle(value: object) -> bool:
    """Whether a value is a stand-in for an object that stayed where it was made."""
    return hasattr(type(value), "_kind")


def returned(got: object, name: str) -> str:
    """The beginning of a sentence about an answer of the wrong kind: "f returned an object of class Foo"."""
    if is_handle(got):
        origin = vars(got).get("_origin")
        return f"{origin} returned {what(got)}" if origin else f"{name} is {what(got)}"
    return f"{name} is {what(got)}"


def of_wrong_kind(value: object, expected: str) -> CheckFailed:
    """The error of an answer that a check cannot use as it wants to: "f returned a module; expected a list"."""
    return CheckFailed(f"{returned(value, 'The answer')}; expected {expected}.")


WANTED = {
    "len": "something that has a length",
    "elements": "something to loop over",
    "item": "something with items",
    "contains": "something to look into with `in`",
}
"""What a check expects that asks for a length, loops, or looks into an answer."""


def what(value: object) -> str:
    """What a value is, for a sentence: "None", "an int", "a pandas Series", "an object of class Foo"."""
    if value is None:
        return "None"
    if is_handle(value):
        kind = kind_of(value)
        return _UNCALLED.get(kind, f"an object of class {kind}")
    value = record_of(value)
    if isinstance(value, TABLES):
        kind = "DataFrame" if isinstance(value, Table) else "Series" if isinstance(value, Column) else value.class_name
        return f"a pandas {kind}"
    if isinstance(value, Sparse):
        return f"a sparse {'matrix' if value.is_matrix else 'array'} of scipy ({value.class_name})"
    if isinstance(value, Picture):
        return "an image"
    if isinstance(value, (Fields, Member)):
        return article(value.class_name)
    return article(kind_of(value))


def dtype_of(value: Any) -> str:
    """The dtype of a column or an index; of a table, of its first column that holds no numbers."""
    if isinstance(value, Table):
        pairs = zip(value.columns, value.content, strict=True)
        other = (
            f"{each.dtype} (column {label!r})" for label, each in pairs if each.to_numpy().dtype.kind not in "biufc"
        )
        return next(other, "object")
    return str(value.dtype)


def real(value: object) -> Any:
    """What a record stands for, made by its package, also in lists and dictionaries; anything else is the same.

    Raises:
        ImportError: that package is not installed.

    Examples:
        nothing: what a [record](#what-can-cross) stands for, made by its package, for functions that want a real
        DataFrame or tensor

        >>> type(real(student_table)).__name__
        DataFrame
    """
    return conversion.real(value)


def article(word: str) -> str:
    """A word with its article."""
    return f"an {word}" if word[:1].lower() in "aeiou" else f"a {word}"
