"""Which part of an `assignment.py` decides what is run, so that the rest can change without anything being run again.

Points, titles, `visible` and `bonus` say how results are scored and shown. They are left out here; a hint and a rubric
stand in sentences that are made with the result, so they stay in. What is left is compared as a syntax tree: comments
and layout do not count. A check that is a function at the top level of the file has a part of its own, with what it
needs and every other check that it names; everything else is shared by all.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["RunSource", "run_source"]

_NOT_RUN = {"check": ("points", "visible"), "question": ("bonus",)}
_TITLED = ("question", "Assignment")


@dataclass(frozen=True, slots=True)
class RunSource:
    """Digests of the shared part and of each check by its id, with what it needs; the same digest, the same run."""

    shared: str
    checks: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """One digest of everything."""
        return _digest(self.shared, *(f"{name} {digest}" for name, digest in sorted(self.checks.items())))


def run_source(source: str | bytes, others: str = "") -> RunSource:
    """What decides the run of an assignment.

    Args:
        source: the text of its `assignment.py`, which is Python.
        others: stands for all that checks may use beside it, such as a digest of the other files of its folder.

    >>> one = run_source('@a.check(points=1)\\ndef f(student):\\n    "Title."\\n    close(student.f(1), 2)')
    >>> other = run_source('@a.check(points=2)\\ndef f(student):\\n    "Another title."\\n    close(student.f(1), 2)')
    >>> one == other
    True
    """
    tree = ast.parse(source)
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and _is_check(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _without_scoring(node)
        elif isinstance(node, ast.FunctionDef) and _is_check(node):
            _without_title(node)
    own = {name: _digest(ast.dump(each)) for name, each in functions.items()}
    named = {name: sorted(own.keys() & set(_names(each)) - {name}) for name, each in functions.items()}
    tree.body = [each for each in tree.body if each not in functions.values()]
    shared = _digest(ast.dump(tree), others)
    return RunSource(shared, {name: _digest(*(own[each] for each in _closed(name, named))) for name in own})


def _is_check(function: ast.FunctionDef) -> bool:
    """Whether it is declared by ``@something.check(...)``."""
    return any(isinstance(each, ast.Call) and _called(each) == "check" for each in function.decorator_list)


def _called(call: ast.Call) -> str:
    """The name of what is called, without the object that it belongs to."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _without_scoring(call: ast.Call) -> None:
    """Take out what only says how results are scored and shown."""
    name = _called(call)
    call.keywords = [each for each in call.keywords if each.arg not in _NOT_RUN.get(name, ())]
    if name in _TITLED:
        call.args = [ast.Constant("")] if len(call.args) == 1 and _is_text(call.args[0]) else call.args
        call.keywords = [each for each in call.keywords if each.arg != "title" or not _is_text(each.value)]
    for each in call.keywords if name == "check" else ():
        if each.arg == "cases" and isinstance(each.value, ast.Dict):
            each.value.values = [_case(value) for value in each.value.values]


def _case(value: ast.expr) -> ast.expr:
    """A case with True or False for its points, a number or the first argument of ``Case(points, hint)``.

    Whether it has any decides whether a check of which no other case is passed may be PARTIAL, and others need that.
    """
    if isinstance(value, ast.Constant):
        return ast.Constant(bool(value.value))
    if isinstance(value, ast.Call) and _called(value) == "Case":
        value.args = [_case(each) if place == 0 else each for place, each in enumerate(value.args)]
        for each in value.keywords:
            each.value = _case(each.value) if each.arg == "points" else each.value
    return value


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _without_title(function: ast.FunctionDef) -> None:
    """Take out the docstring, whose first sentence is the title."""
    if function.body and isinstance(function.body[0], ast.Expr) and _is_text(function.body[0].value):
        function.body = function.body[1:] or [ast.Pass()]


def _names(function: ast.FunctionDef) -> Iterator[str]:
    """Every name that is read in a function, its decorators and its parameters."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def _closed(name: str, named: Mapping[str, list[str]]) -> list[str]:
    """A check and all that it leads to, in an order that depends on nothing else."""
    found, waiting = [], [name]
    while waiting:
        if (each := waiting.pop()) not in found:
            found.append(each)
            waiting.extend(named[each])
    return [name, *sorted(set(found) - {name})]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
