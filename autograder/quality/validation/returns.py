"""What checks return and throw away, read from their text: also where only a wrong submission would come.

The reference shows what a check returns for right work. ``if not ok: return False`` is met by wrong work alone.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.assignment.declaration import Assignment
from autograder.grading.check_results import GIVES_CREDIT, makes_credit
from autograder.quality.validation.finding import Finding

__all__ = ["returns"]

_TRUTH = (
    "all", "allclose", "any", "array_equal", "array_equiv", "bool", "callable", "equal", "equals", "hasattr",
    "isclose", "isdisjoint", "isfinite", "isinstance", "isnan", "issubclass", "issubset", "issuperset",
)  # fmt: skip
"""Functions and methods whose only result is a truth value, or an array of them."""
_NUMBERS = ("abs", "float", "int", "len", "max", "mean", "min", "round", "str", "sum")
_VALUES = (ast.Compare, ast.Dict, ast.JoinedStr, ast.List, ast.Set, ast.Tuple, ast.DictComp, ast.ListComp, ast.SetComp)
_OWN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_MISTAKE = "which is no pass but a mistake of the check's: it would be INTERNAL"
_FIX = "A check fails by raising: compare with close(...) or same(...), write assert, or return a Credit."


def returns(assignment: Assignment) -> Finding:
    """No check returns a truth value or a number, or throws away what it compared."""
    used = {name for check in assignment.checks for name in check.parameters if name in check.needs}
    wrong = [
        f"{check.function.__code__.co_filename.rpartition('/')[2]}:{line}: the check {check.id!r} {said}"
        for check in assignment.checks
        for line, said in _mistakes(check.function, handed_on=check.id in used)
    ]
    said = "; ".join(wrong) or "Every check fails by raising, or by the Credit that it returns."
    return Finding("what checks return", not wrong, said, _FIX)


def _mistakes(function: Callable[..., Any], *, handed_on: bool) -> Iterator[tuple[int, str]]:
    """Each line with a mistake, and what is wrong there; nothing of a function whose text is not to be found."""
    try:
        lines, first = inspect.getsourcelines(function)
        node = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError, TypeError):
        return
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    inside = list(_inside(node.body))
    ahead = first - 1
    if isinstance(node, ast.AsyncFunctionDef) or any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in inside):
        yield ahead + node.lineno, "is a generator or a coroutine, so that nothing of it is ever run"
        return
    for each in inside:
        if isinstance(each, ast.Expr) and _is_truth(each.value):
            yield ahead + each.lineno, f"throws away what `{ast.unparse(each.value)}` says"
        if isinstance(each, ast.Assert) and isinstance(each.test, ast.Tuple) and each.test.elts:
            yield ahead + each.lineno, "asserts a tuple, which is always true: write it without ()"
    if handed_on:
        return
    credit = makes_credit(function.__code__)
    for each in inside:
        if isinstance(each, ast.Return) and each.value is not None and (text := _returned(each.value)):
            yield ahead + each.lineno, f"returns {text}, `{ast.unparse(each.value)}`, {_MISTAKE}"
        elif isinstance(each, ast.Return) and credit and each.value is None:
            yield ahead + each.lineno, f"returns nothing here and a Credit elsewhere, {_MISTAKE}"
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and _name(each.value) in GIVES_CREDIT:
            yield ahead + each.lineno, f"makes a Credit and does not return it: `{ast.unparse(each.value)}`"
    if credit and not _ends(node.body):
        last = node.body[-1]
        yield ahead + last.lineno, f"may come to its end without returning its Credit, {_MISTAKE}"


def _inside(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node of a function's own body, without those of functions and classes in it."""
    for node in body:
        if not isinstance(node, _OWN):
            yield node
            yield from _inside(list(ast.iter_child_nodes(node)))


def _returned(value: ast.expr) -> str:
    """What a returned expression is, if its text tells that it is neither a Credit nor nothing."""
    if _is_truth(value):
        return "a truth value"
    if isinstance(value, ast.Constant) and value.value is not None:
        return "a truth value" if isinstance(value.value, bool) else "a value"
    plain = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and _name(value) in _NUMBERS
    return "a value" if plain or isinstance(value, (*_VALUES, ast.BinOp)) else ""


def _is_truth(value: ast.expr) -> bool:
    match value:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_is_truth, values))
        case ast.Call():
            return _name(value) in _TRUTH
    return False


def _name(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a function cannot come to its end behind these statements."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=one, orelse=other):
            return _ends(one) and _ends(other)
        case ast.With(body=inner) | ast.While(test=ast.Constant(value=True), body=inner):
            return _ends(inner) or isinstance(body[-1], ast.While)
        case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
            whole = _ends(inner) or _ends(other)
            return _ends(final) or (whole and all(_ends(each.body) for each in handlers))
        case ast.Match(cases=cases):
            return any(_is_any(each) for each in cases) and all(_ends(each.body) for each in cases)
        case ast.For(orelse=other) if other:
            return _ends(other)
    return False


def _is_any(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
