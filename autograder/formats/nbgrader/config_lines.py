"""Lines of a configuration in traitlets' way (``c.Class.trait = value``), read as text and not run."""

from __future__ import annotations

import ast
import operator
import os.path
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograder.checks.errors import InstructorError

__all__ = ["UNKNOWN", "Line", "Lines", "read_lines"]

UNKNOWN: Any = type("Unknown", (), {"__repr__": lambda _: "computed"})()
"""The value of what would have to be run."""

_IGNORE = "# autograder: ignore"
_MOST = 10_000  # characters and items of a computed value
_PATHS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        f"{prefix}{name}": getattr(os.path, name)
        for prefix in ("os.path.", "path.", "")
        for name in ("join", "dirname", "abspath", "realpath", "basename", "normpath", "expanduser")
    }
    | {"str": str, "int": int, "float": float, "list": list, "tuple": tuple, "set": set, "dict": dict}
)
_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType(
    {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: ``c.OWNER.TRAIT`` is set to `value`, in the file's words `text`.

    `trait` is "" where a whole class is set, and `owner` "*" where everything may be. `conditional` says that the line
    stands in a branch, a loop or a function.
    """

    owner: str
    trait: str
    value: Any
    text: str
    path: Path
    number: int
    conditional: bool = False

    @property
    def name(self) -> str:
        """As nbgrader's manual calls it."""
        return f"{self.owner}.{self.trait}"

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.path.name}:{self.number}"


@dataclass(frozen=True, slots=True)
class Lines:
    """The settings of a file in order, and numbers of lines that are to be ignored."""

    settings: tuple[Line, ...]
    ignored: tuple[int, ...]


def read_lines(path: Path) -> Lines:
    """All settings that a file sets, wherever in it they stand.

    Raises:
        InstructorError: it is no Python.
    """
    content = path.read_bytes()
    try:
        tree = ast.parse(content)
        text = content.decode("utf-8", "replace").split("\n")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InstructorError(
            f"{path}:{getattr(error, 'lineno', None) or 1}: this is not Python; correct it."
        ) from None
    reader = _Reader(path)
    found = list(reader.block(tree.body, conditional=False))
    ignored = {line.number for line in found if _IGNORE in text[line.number - 1]}
    return Lines(tuple(line for line in found if line.number not in ignored), tuple(sorted(ignored)))


@dataclass
class _Reader:
    """Goes through a file from top to bottom, and remembers what plain variables hold."""

    path: Path
    names: dict[str, Any] = field(default_factory=dict)
    dicts: dict[tuple[str, str], dict[Any, Any]] = field(default_factory=dict)

    def block(self, body: list[ast.stmt], *, conditional: bool) -> Iterator[Line]:
        """The settings of some statements."""
        for statement in body:
            yield from self.statement(statement, conditional)
            if isinstance(statement, ast.With):
                yield from self.block(statement.body, conditional=conditional)
                continue
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                for inner in getattr(statement, name, ()):
                    below = [inner] if isinstance(inner, ast.stmt) else inner.body
                    yield from self.block(below, conditional=True)

    def statement(self, statement: ast.stmt, conditional: bool) -> Iterator[Line]:
        """What one statement sets."""
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                yield from self.assigned(statement, target, conditional)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield from self.called(statement.value, conditional)

    def assigned(self, statement: Any, target: ast.expr, conditional: bool) -> Iterator[Line]:
        """A setting, or a variable."""
        plain = statement.value is not None and not isinstance(statement, ast.AugAssign)
        value = self.value(statement.value) if plain else UNKNOWN
        if isinstance(target, ast.Name):
            self.names[target.id] = UNKNOWN if conditional else value
            return
        parts = _path(target)
        if len(parts) == 1 and isinstance(value, dict) and all(isinstance(trait, str) for trait in value):
            for trait, each in value.items():
                yield self.line(parts[0], trait, each, statement, conditional)
        elif len(parts) == 1:
            yield self.line(parts[0], "", value, statement, conditional)
        elif len(parts) == 2:
            self.dicts[parts] = value
            yield self.line(*parts, value, statement, conditional)
        elif len(parts) == 3:  # an item of a dictionary
            yield self.updated(parts[:2], {parts[2]: value}, statement, conditional)

    def called(self, call: ast.Call, conditional: bool) -> Iterator[Line]:
        """``c.Class.trait.append(...)``, ``c.Class.update(...)``, ``load_subconfig(...)``."""
        if isinstance(call.func, ast.Name) and call.func.id == "load_subconfig":
            yield self.line("*", "", UNKNOWN, call, conditional)
        if not isinstance(call.func, ast.Attribute):
            return
        parts, verb = _path(call.func.value), call.func.attr
        given = (
            self.value(call.args[0])
            if verb in ("update", "merge") and len(call.args) == 1 and not call.keywords
            else None
        )
        if len(parts) == 2:
            yield self.updated(parts, given if isinstance(given, dict) else UNKNOWN, call, conditional)
        elif len(parts) == 1 and verb in ("update", "merge"):
            stated = given if isinstance(given, dict) else {"": UNKNOWN}
            for trait, value in stated.items():
                yield self.line(parts[0], str(trait), value, call, conditional)
        elif _is_config(call.func.value) and verb in ("update", "merge"):
            yield self.line("*", "", UNKNOWN, call, conditional)

    def updated(self, parts: tuple[str, ...], given: Any, node: ast.AST, conditional: bool) -> Line:
        """A dictionary of which some items are set; of anything else nobody knows what comes of it."""
        before = self.dicts.get((parts[0], parts[1]), {})
        known = isinstance(before, dict) and isinstance(given, dict) and UNKNOWN not in given.values()
        value = {**before, **given} if known else UNKNOWN
        self.dicts[parts[0], parts[1]] = value
        return self.line(parts[0], parts[1], value, node, conditional)

    def line(self, owner: str, trait: str, value: Any, node: Any, conditional: bool) -> Line:
        """The record."""
        expression = getattr(node, "value", None)
        text = ast.unparse(expression) if isinstance(expression, ast.expr) else ""
        return Line(owner, trait, value, text, self.path, node.lineno, conditional)

    def value(self, node: ast.expr) -> Any:
        """The value of an expression that holds nothing to be run but paths and small sums; else `UNKNOWN`."""
        try:
            return self.known(node)
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError):
            return UNKNOWN

    def known(self, node: ast.expr) -> Any:
        """As `value`.

        Raises:
            ValueError: it would have to be run.
        """
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id="__file__"):
                return str(self.path)
            case ast.Name(id=name) if self.names.get(name, UNKNOWN) is not UNKNOWN:
                return self.names[name]
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
                return kind(self.known(each) for each in items)
            case ast.Dict(keys=keys, values=values) if None not in keys:
                return {self.known(key): self.known(value) for key, value in zip(keys, values, strict=True) if key}
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.known(inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return self.sum(type(sign), self.known(left), self.known(right))
            case ast.JoinedStr(values=parts):
                return "".join(str(self.known(each)) for each in parts)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.known(inner)
            case ast.Call(func=function, args=args, keywords=[]) if ast.unparse(function) in _PATHS:
                return _PATHS[ast.unparse(function)](*(self.known(each) for each in args))
            case ast.Call(func=function, args=[], keywords=[]) if ast.unparse(function) in ("os.getcwd", "getcwd"):
                return str(self.path.parent)
        raise ValueError

    @staticmethod
    def sum(sign: type, left: Any, right: Any) -> Any:
        """Two values put together, as long as that stays small.

        Raises:
            ValueError: it does not.
        """
        sizes = [abs(each) if isinstance(each, (int, float)) else len(each) for each in (left, right)]
        if max(sizes) > _MOST or (sign is ast.Mult and sizes[0] * sizes[1] > _MOST * 100):
            raise ValueError
        return _OPERATORS[sign](left, right)


def _is_config(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (isinstance(node, ast.Call) and ast.unparse(node.func) == "get_config")


def _path(node: ast.expr) -> tuple[str, ...]:
    """``("Class", "trait")`` of ``c.Class.trait``, ``c["Class"]["trait"]`` and items of it; else ()."""
    parts: list[str] = []
    while not _is_config(node):
        match node:
            case ast.Attribute(value=inner, attr=name):
                parts.insert(0, name)
                node = inner
            case ast.Subscript(value=inner, slice=ast.Constant(value=str(name))):
                parts.insert(0, name)
                node = inner
            case _:
                return ()
    return tuple(parts) if parts and parts[0][:1].isupper() else ()
