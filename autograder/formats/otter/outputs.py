"""What a test's output says: the text that Python shows for a value, read back without running it."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass

from autograder.scaffold.writing import double_quoted

__all__ = ["Expected", "expected"]

_MATRIX = re.compile(r"[\[\]\s\d.eE+-]+")
_GAP = re.compile(r"(?<=[\d.\]])\s+(?=[-\d.\[])")
_SCALARS = ("int", "float", "uint", "bool", "str", "longlong", "half")
_ARRAYS = ("array", "tensor")


@dataclass(frozen=True, slots=True)
class Expected:
    """A value; `array` is whether its text was that of an array, which stands here as nested lists."""

    value: object
    array: bool = False

    @property
    def source(self) -> str:
        """As it is typed."""
        return double_quoted(repr(self.value))

    @property
    def inexact(self) -> bool:
        """Whether it holds numbers with a fraction, which are compared with a tolerance."""
        return _inexact(self.value)


def expected(text: str) -> Expected | None:
    """The value whose text this is, or None where the text stands for an object, or for more than one value.

    Read are literals, numpy's scalars and arrays, and tensors: ``np.int64(3)``, ``array([1., 2.])``, ``[[1 2] [3 4]]``.
    """
    text = text.strip()
    if text.startswith("[") and _MATRIX.fullmatch(text) and "," not in text and len(text.split()) > 1:
        text = f"array({_GAP.sub(', ', text)})"
    try:
        node = ast.parse(text, mode="eval").body
        return Expected(_value(node), array="array(" in text or "tensor(" in text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError):
        return None


def _value(node: ast.expr) -> object:
    """The value of a literal. ValueError: it is none."""
    match node:
        case ast.Call(func=func, args=[inner, *_]):
            name = _last(func)
            if name in _ARRAYS and isinstance(inner, (ast.List, ast.Tuple, ast.Constant)):
                return _value(inner)
            if name.rstrip("_0123456789").startswith(_SCALARS):
                return _value(inner)
            raise ValueError
        case ast.Attribute() if _last(node) in ("True_", "False_"):
            return _last(node) == "True_"
        case ast.List(elts=parts):
            return [_value(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_value(part) for part in parts)
        case ast.Set(elts=parts):
            return {_value(part) for part in parts}
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Call(func=ast.Name(id="set"), args=[]):
            return set()
    value = ast.literal_eval(node)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError
    if value is Ellipsis:
        raise ValueError
    return value


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _inexact(value: object) -> bool:
    if isinstance(value, (list, tuple, set)):
        return any(map(_inexact, value))
    if isinstance(value, dict):
        return any(map(_inexact, value.values()))
    return isinstance(value, (float, complex))
