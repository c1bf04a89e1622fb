"""The code of a test, read and never run: what a statement names, binds and does, and what its output says."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.scaffold.writing import double_quoted

__all__ = [
    "Expected",
    "Stays",
    "bound_in",
    "expected",
    "fails",
    "names",
    "parameters",
    "parsed",
    "said",
    "says_nothing",
]

_SHOWN = 70


class Stays(Exception):
    """Why a test cannot be moved: the end of a sentence that begins with the test."""


def parsed(text: str) -> list[ast.stmt]:
    """The statements of a test.

    Raises:
        Stays: it is no plain Python.
    """
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Stays("is no plain Python; a magic or a shell command needs the notebook itself") from None


def said(node: ast.AST) -> str:
    """The text of an expression in a line that is not too long."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def bound_in(body: Iterable[ast.AST]) -> set[str]:
    """Names that statements bind in their own scope."""
    found = set()
    for node in body:
        for each in _own_scope(node):
            match each:
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.ExceptHandler(name=str(name)):
                    found.add(name)
                case ast.alias():
                    found.add(each.asname or each.name.partition(".")[0])
    return found


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    closed = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)
    if not isinstance(node, (*closed, ast.GeneratorExp)):
        for child in ast.iter_child_nodes(node):
            yield from _own_scope(child)


def names(body: Iterable[ast.AST]) -> Iterator[ast.Name]:
    """Every name in some statements."""
    return (node for each in body for node in ast.walk(each) if isinstance(node, ast.Name))


def parameters(args: ast.arguments) -> set[str]:
    """The names of a function's parameters."""
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, [args.vararg, args.kwarg])]
    return {each.arg for each in every}


def fails(statement: ast.stmt) -> bool:
    """``assert False`` or ``raise``."""
    match statement:
        case ast.Assert(test=ast.Constant(value=value)):
            return not value
        case ast.Raise():
            return True
    return False


def says_nothing(statement: ast.stmt) -> bool:
    """``pass``, a constant, ``assert True``, or a print of a constant."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assert(test=ast.Constant(value=value)):
            return bool(value)
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Constant()])):
            return True
    return False


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
