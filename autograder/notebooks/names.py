"""Which names of a notebook a cell sets or changes when it runs, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.checks.local.notebook_code import python_lines

__all__ = ["Changes", "changes_of"]

_ANYTHING = ("exec", "eval", "globals", "locals", "vars", "setattr", "get_ipython")
_RUNS_OTHER_CODE = ("%run", "%load", "%reset", "%store", "%macro")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a cell does to the names of its notebook.

    `values` are names that it assigns, defines as function or class, or whose object it changes (``x[0] = 1``,
    ``x.append(1)``); `imports` are names that it imports. `anything` says that it may set names that its text does not
    show: a star import, ``exec``, ``%run``.
    """

    values: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    anything: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.values | self.imports


def changes_of(source: str) -> Changes:
    """What a code cell does to the names of its notebook; a cell that is no Python does nothing."""
    try:
        nodes = list(_in_scope(ast.parse("\n".join(python_lines(source)))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Changes()
    imports = {name for node in nodes for name in _imported(node)}
    values = {name for node in nodes for name in _set(node)}
    magic = any(line.lstrip().startswith(_RUNS_OTHER_CODE) for line in source.split("\n"))
    return Changes(frozenset(values), frozenset(imports - {"*"}), magic or "*" in imports or any(map(_hides, nodes)))


def _in_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run in the notebook's own scope; of functions and classes only what they set outside."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _SCOPES):
            inner = (each for each in ast.walk(node) if isinstance(each, ast.Global))
            yield from inner
        elif isinstance(node, _COMPREHENSIONS):
            yield from (each for each in ast.walk(node) if isinstance(each, (ast.NamedExpr, ast.Call)))
        else:
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _set(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Global(names=names):
            yield from names
        case ast.NamedExpr(target=ast.Name(id=name)):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield from _root(node)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
            yield from _root(method)


def _root(node: ast.AST) -> Iterator[str]:
    """The name in front of ``name.a[0].b``; none of what a call returns."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _hides(node: ast.AST) -> bool:
    """Whether a node may set names that nobody can read off the text."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ANYTHING
