"""What names in a module's syntax tree stand for.

All walks are loops, not recursions: the trees come from untrusted text. Nothing is run, so what a program puts
together while it runs is not seen; `HIDING` names the ways to do that.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from .local.sources import Source, base_of

__all__ = ["FUNCTIONS", "HIDING", "MOST_NAMES", "Module", "modules_of"]

_HIDING = "exec eval compile __import__ globals __builtins__ builtins sys.modules runpy importlib ctypes marshal"
HIDING = frozenset(_HIDING.split())
"""What runs text, or finds what it runs by a text: a reader of the source cannot tell what that is."""
_HIDING_ATTRIBUTES = frozenset(("__builtins__", "__globals__", "__subclasses__", "__getattribute__", "__loader__"))

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*FUNCTIONS, ast.Lambda)
_BUILTIN = frozenset(dir(builtins))

# Text may be written to make a reader slow, so of what no sane program has more, more is not looked at.
_PASSES = 8
MOST_NAMES = 64
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Name)
_OPERATORS = re.compile(r"__[ir]?(add|sub|mul|matmul|truediv|floordiv|mod|pow|neg|abs|array_ufunc|lt|gt|le|ge|eq)__")


@dataclass(frozen=True, eq=False)
class Module:
    """One file's tree with what its names stand for."""

    file: str
    tree: ast.Module
    aliases: dict[str, set[str]] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._stands_for(alias.asname or top, alias.name if alias.asname else top)
            elif isinstance(node, ast.ImportFrom):
                base = base_of(node, self.file)
                for alias in node.names:
                    if alias.name == "*":
                        self._star(base)
                    else:
                        self._stands_for(alias.asname or alias.name, f"{base}.{alias.name}".lstrip("."))
        pairs = list(self._assigned())
        for _ in range(_PASSES):  # a = np; b = a.sum; c = b
            if not self._learn(pairs):
                break

    @cached_property
    def has_operators(self) -> bool:
        """Whether a class says what ``+`` and the like do: numpy calls that once for each entry of an array."""
        named = (node for node in ast.walk(self.tree) if isinstance(node, _NAMED))
        return any(_OPERATORS.fullmatch(getattr(node, "name", getattr(node, "id", ""))) for node in named)

    @cached_property
    def binds_get(self) -> bool:
        """Whether something of its own is called `get`."""
        return any(
            isinstance(node, (ast.FunctionDef, ast.Name, ast.Attribute))
            and not isinstance(getattr(node, "ctx", None), ast.Load)
            and "get" in (getattr(node, "name", ""), getattr(node, "id", ""), getattr(node, "attr", ""))
            for node in ast.walk(self.tree)
        )

    def _learn(self, pairs: list[tuple[str, ast.expr]]) -> bool:
        """Note what names are set to; whether anything was news."""
        news = [self._stands_for(name, path) for name, value in pairs for path in self.paths(value, ())]
        return any(news)

    def _stands_for(self, name: str, path: str) -> bool:
        """Note it; whether it is news."""
        known = self.aliases.setdefault(name, set())
        if path in known or len(known) >= MOST_NAMES:
            return False
        known.add(path)
        return True

    def _star(self, base: str) -> None:
        if len(self.stars) < MOST_NAMES:
            self.stars.add(base)

    def _assigned(self) -> Iterator[tuple[str, ast.expr]]:
        """Names with what they are set to, anywhere: assignments, also of tuples, and defaults of arguments."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from _pairs(target, node.value)
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
                yield from _pairs(node.target, node.value)
            elif isinstance(node, ast.arguments):
                positional = [*node.posonlyargs, *node.args]
                for argument, value in zip(
                    positional[len(positional) - len(node.defaults) :], node.defaults, strict=True
                ):
                    yield argument.arg, value
                for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                    if default is not None:
                        yield argument.arg, default

    # --- what an expression stands for ---

    def paths(self, node: ast.AST, bound: tuple[frozenset[str], ...]) -> set[str]:
        """Dotted names that an expression may stand for: ``{"numpy.linalg.inv"}``; built-in ones by themselves.

        Args:
            bound: names that the functions around it bind.
        """
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        found: set[str] = set()
        if isinstance(node, ast.Name):
            found = set(self.aliases.get(node.id, ()))
            if node.id not in self.bindings and not any(node.id in names for names in bound):
                found |= {node.id} if node.id in _BUILTIN else set()
                found |= {f"{star}.{node.id}" for star in self.stars}
        elif isinstance(node, ast.Call):
            found = self._called(node, bound)
        suffix = "".join(f".{each}" for each in reversed(attributes))
        return {f"{path}{suffix}".removeprefix("builtins.") for path in found}

    def _called(self, node: ast.Call, bound: tuple[frozenset[str], ...]) -> set[str]:
        """What ``getattr(np, "sum")``, ``__import__("numpy")`` and ``import_module("numpy.linalg")`` give."""
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if not texts or not isinstance(node.func, (ast.Name, ast.Attribute)):
            return set()
        called = self.paths(node.func, bound)
        if "getattr" in called and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            owner = node.args[0]
            if isinstance(owner, (ast.Name, ast.Attribute)):
                return {f"{path}.{texts[0]}" for path in self.paths(owner, bound)}
        if "__import__" in called:
            return {texts[0].partition(".")[0]}
        return {texts[0]} if "importlib.import_module" in called else set()

    @cached_property
    def bindings(self) -> frozenset[str]:
        """Names that the module itself defines."""
        return frozenset(name for name in self.definitions if "." not in name)

    @cached_property
    def definitions(self) -> dict[str, list[ast.AST]]:
        """What each name of the module, and each ``Class.name``, was set to: functions, classes, expressions."""
        found: dict[str, list[ast.AST]] = {}
        waiting: list[tuple[str, ast.AST]] = [("", self.tree)]
        while waiting:
            owner, node = waiting.pop()
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                    found.setdefault(owner + child.name, []).append(child)
                    if isinstance(child, ast.ClassDef) and not owner:
                        waiting.append((f"{child.name}.", child))
                        for name, value in _own(child):
                            found.setdefault(f"{child.name}.{name}", []).append(value)
                elif isinstance(child, (ast.Assign, ast.AnnAssign)) and child.value is not None:
                    targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                    for target in targets:
                        for name, value in _pairs(target, child.value, dotted=True):
                            found.setdefault(owner + name, []).append(value)
                elif isinstance(child, ast.Expr) and (given := _set(child.value)):
                    found.setdefault(given[0], []).append(given[1])
                elif isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    waiting.append((owner, child))
        return found

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Of each attribute that classes here have, the whole names: of "walk" ``["Net.walk", "Box.walk"]``."""
        found: dict[str, list[str]] = {}
        for name in self.definitions:
            owner, _, member = name.rpartition(".")
            if owner:
                found.setdefault(member, []).append(name)
        return found

    @cached_property
    def operators(self) -> dict[str, list[str]]:
        """Of each class here, the whole names of ``__init__``, ``__call__`` and their like."""
        found: dict[str, list[str]] = {}
        for name in self.definitions:
            owner, _, member = name.rpartition(".")
            if owner and member.startswith("__"):
                found.setdefault(owner, []).append(name)
        return found

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names that are set to functions anywhere, also inside of others: by ``def`` or to a lambda."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, FUNCTIONS):
                found.add(node.name)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        return frozenset(found)

    def nodes(self, start: ast.AST) -> Iterator[tuple[ast.AST, tuple[frozenset[str], ...]]]:
        """Every node below one, itself included, with the names that the functions around it bind."""
        waiting: list[tuple[ast.AST, tuple[frozenset[str], ...]]] = [(start, ())]
        while waiting:
            node, bound = waiting.pop()
            yield node, bound
            inner = (*bound, _bound(node)) if isinstance(node, _SCOPES) else bound
            waiting += [(child, inner) for child in ast.iter_child_nodes(node)]

    def hidings(self, start: ast.AST) -> Iterator[tuple[int, str]]:
        """Line and name of each way to hide what is run (see `HIDING`) below a node."""
        plain: set[int] = set()  # imports by a text that stands there can be read
        for node, bound in self.nodes(start):
            if isinstance(node, ast.Call) and self._called(node, bound):
                plain |= {id(inner) for inner in ast.walk(node.func)}
            if isinstance(node, ast.expr) and id(node) not in plain and (way := self._hiding(node, bound)):
                yield node.lineno, way

    def _hiding(self, node: ast.expr, bound: tuple[frozenset[str], ...]) -> str:
        if isinstance(node, ast.Attribute) and node.attr in _HIDING_ATTRIBUTES:
            return node.attr
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":  # of a module: what vars() gives
            return next((f"{path}.__dict__" for path in sorted(self.paths(node.value, bound) - _BUILTIN)), "")
        if isinstance(node, ast.Name) and node.id == "__builtins__":
            return node.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "vars"):
            fixed = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
            if node.args and not fixed and isinstance(node.args[0], (ast.Name, ast.Attribute)):
                # of an object's own attributes it is ordinary Python; of a module's, a detour
                modules = {path for path in self.paths(node.args[0], bound) if path not in _BUILTIN}
                return f"{node.func.id}({min(modules)}, ...)" if modules else ""
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            found = {path for path in self.paths(node, bound) if path in HIDING or path.partition(".")[0] in HIDING}
            return min(found - {"importlib"}, default="")
        return ""


def modules_of(source: Source) -> dict[str, Module]:
    """Every module of a source by its dotted name: "network", "package.helpers", "package" of an ``__init__.py``."""
    found = {}
    for file, tree in source.trees.items():
        parts = PurePath(file).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = Module(file, tree)
    return found


def _pairs(target: ast.expr, value: ast.expr, *, dotted: bool = False) -> Iterator[tuple[str, ast.expr]]:
    """Names with their values; of ``a, b = c, d`` both."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif dotted and isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        yield f"{target.value.id}.{target.attr}", value
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value] * len(target.elts)
        for part, each in zip(target.elts, values, strict=False):
            if isinstance(part, ast.Name):
                yield part.id, each


def _own(of: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Attributes that the methods of a class set: of ``self.f = helper`` f and helper."""
    for node in ast.walk(of):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name, value in _pairs(target, node.value, dotted=True):
                    first, _, attribute = name.partition(".")
                    if first in ("self", "cls"):
                        yield attribute, value


def _set(node: ast.expr) -> tuple[str, ast.expr] | None:
    """What ``setattr(Class, "name", value)`` sets, and to what."""
    match node:
        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), ast.Constant(value=str(name)), value]):
            return f"{owner}.{name}", value
    return None


def _bound(node: ast.AST) -> frozenset[str]:
    """Names that a function or lambda binds: its arguments, and what it sets without calling it global."""
    found: set[str] = set()
    elsewhere: set[str] = set()
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.arg):
            found.add(inner.arg)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        elif isinstance(inner, (ast.Global, ast.Nonlocal)):
            elsewhere |= set(inner.names)
        elif isinstance(inner, (*FUNCTIONS, ast.ClassDef)):
            found.add(inner.name)
        if not isinstance(inner, (*_SCOPES, ast.ClassDef)):
            waiting += ast.iter_child_nodes(inner)
    return frozenset(found - elsewhere)
