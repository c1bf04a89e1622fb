"""The statements of a test: read, and what they name, bind and do; nothing is run for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

__all__ = ["Stays", "bound_in", "fails", "names", "parameters", "parsed", "said", "says_nothing"]

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
