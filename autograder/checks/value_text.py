"""What a value is, and how it is shown, in sentences: "a pandas Series", "an object of class Foo", "[1, 2, 3]"."""

from __future__ import annotations

import reprlib
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeGuard

import numpy as np

from .errors import CheckFailed
from .records import Column, Fields, Index, Member, Picture, Sparse, Table, conversion
from .records.conversion import record_of
from .wording import apart

__all__ = [
    "EXPECTED",
    "TABLES",
    "article",
    "distinct_texts",
    "dtype_of",
    "is_handle",
    "is_long",
    "is_number",
    "is_structure",
    "kind_of",
    "of_wrong_kind",
    "other_value",
    "placed",
    "real",
    "returned",
    "show",
    "unboxed",
    "what",
]


Array = np.ndarray[Any, Any]
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


EXPECTED = {
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
    if type(value) is np.ndarray:
        return "an array"
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


_SHOWN_ENTRIES = 1000


_AROUND = 20  # characters that are shown on both sides of the first that differs


class _Brief(reprlib.Repr):
    """Short forms of built-in values, numpy's as Python has them, and arrays by their shape."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlong = 3, 60
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 20
        self.maxstring = self.maxother = 100

    def repr1(self, x: Any, level: int) -> str:
        return _of_numpy(x) if isinstance(x, np.generic) else super().repr1(x, level)

    def repr_int(self, value: int, level: int) -> str:  # noqa: ARG002
        return repr(value) if value.bit_length() < 1000 else f"an integer of {value.bit_length()} bits"

    def repr_ndarray(self, value: Array, level: int) -> str:
        if value.size > _SHOWN_ENTRIES:
            return f"array of shape {value.shape}"
        if value.dtype.kind == "O":
            return f"array({self.repr1(value.tolist(), level)}, dtype=object)"
        return repr(value)


def _of_numpy(value: np.generic) -> str:
    """A single value of numpy's without its type: 5 and not np.int64(5)."""
    plain = value.item()
    if isinstance(value, np.datetime64 | np.timedelta64 | np.void) or isinstance(plain, np.generic):
        return str(value)
    return f"{plain:.6g}" if isinstance(plain, float) else repr(plain)


def show(value: object) -> str:
    """A value in at most some eighty characters; of a large one, only the beginning is looked at."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.ndarray) and value.size > _SHOWN_ENTRIES:
        return f"an array of shape {value.shape}"
    text = f"{value:.6g}" if isinstance(value, float) else _Brief().repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."


def distinct_texts(got: object, want: object) -> tuple[str, str]:
    """Two different values as `show` has them, or where that is the same, with what makes them different."""
    mine, right = show(got), show(want)
    if mine != right:
        return mine, right
    got, want = (value.item() if isinstance(value, np.generic) else value for value in (got, want))
    if isinstance(got, float) and isinstance(want, float):
        return apart(got, want)
    if (isinstance(got, str) and isinstance(want, str)) or (isinstance(got, bytes) and isinstance(want, bytes)):
        same_length = (at for at, (one, other) in enumerate(zip(got, want, strict=False)) if one != other)
        at = next(same_length, min(len(got), len(want)))
        start = max(0, at - _AROUND)
        return (
            f"{mine}, which has {got[start : at + _AROUND]!r} from place {start} on",
            f"{want[start : at + _AROUND]!r}",
        )
    if type(got) is int and type(want) is int:
        return f"{mine}, {'more' if got > want else 'less'} by {show(abs(got - want))}", right
    if type(got) is not type(want):
        return f"{mine} ({article(kind_of(got))})", f"{right} ({article(kind_of(want))})"
    return f"{mine}, which only looks like the expected value", right


def other_value(name: str, got: object, want: object) -> CheckFailed:
    """The error of an answer that is another value than the expected one."""
    if is_handle(got):
        return CheckFailed(f"{returned(got, name)}; expected {show(want)}.")
    mine, right = distinct_texts(got, want)
    return CheckFailed(f"{name} is {mine}; expected {right}.")


def placed(flat: Any, of: tuple[int, ...]) -> str:
    """The place of an entry: "[1, 2]", or "" where there is only one."""
    if not of:
        return ""
    return "[" + ", ".join(str(int(i)) for i in np.unravel_index(int(flat), of)) + "]"


_NUMBERS_AND_LISTS = (int, float, np.number, list, tuple)


def is_long(value: object) -> TypeGuard[int]:
    """Whether a number is an integer for which numpy has no type."""
    return type(value) is int and not -(1 << 63) <= value < 1 << 64


def is_number(value: object) -> bool:
    """Whether a value is a real number of Python's, truth values excluded."""
    return isinstance(value, (int, float, Decimal, Fraction)) and not isinstance(value, bool)


def unboxed(value: object) -> object:
    """Text and single truth values of numpy's as Python has them; anything else as it is."""
    if isinstance(value, (np.ndarray, np.generic)) and (
        value.dtype.kind in "OUST" or (value.dtype.kind == "b" and value.ndim == 0)
    ):
        return value.tolist()
    return value


def is_structure(value: object) -> bool:
    """Whether a list or tuple is to be walked, not read as one array.

    It is empty, or holds something else than numbers (arrays, dictionaries, text, records), very long integers, or
    lists of different lengths.
    """
    if not isinstance(value, (list, tuple)):
        return False
    kinds = set(map(type, value))
    if (
        not value
        or not kinds.isdisjoint((bool, np.timedelta64))
        or not all(issubclass(kind, _NUMBERS_AND_LISTS) for kind in kinds)
    ):
        return True
    if any(is_long(part) or _is_nested(part) for part in value):
        return True
    return any(isinstance(part, (list, tuple)) for part in value) and _is_ragged(value)


def _is_ragged(value: object) -> bool:
    try:
        np.asarray(value)
    except ValueError:
        return True
    return False


def _is_nested(part: object) -> bool:
    return isinstance(part, (list, tuple)) and is_structure(part)
