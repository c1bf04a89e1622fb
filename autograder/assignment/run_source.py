"""Which part of an `assignment.py` decides what is run, so that the rest can change without anything being run again.

Points, titles, `visible` and `bonus` say how results are scored and shown. Where they are written as numbers and texts
in the declaration of a check, a question or the assignment itself, they are left out here; a hint and a rubric stand in
sentences that are made with the result, so they stay in. What is left is compared as a syntax tree: comments and layout
do not count. A check that is a function at the top level of the file has a part of its own, with every check to which
its names lead; everything else is shared by all.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["RunSource", "run_source"]

_DYNAMIC = frozenset({"globals", "locals", "vars", "eval", "exec", "getattr", "__import__"})
"""What finds names that stand nowhere: then nothing is known of what leads where."""
_NAMED = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, slots=True)
class RunSource:
    """Digests of the shared part and of each check by its id, with all to which its names lead.

    The same digest, the same run. `leads_to` are the other checks to which those of a check lead.
    """

    shared: str
    checks: Mapping[str, str] = field(default_factory=dict)
    leads_to: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """One digest of everything."""
        return _digest(self.shared, *(f"{name} {digest}" for name, digest in sorted(self.checks.items())))


def run_source(source: str | bytes, others: str = "") -> RunSource:
    """What decides the run of an assignment.

    Args:
        source: the text of its `assignment.py`, which is Python.
        others: stands for all that checks may use beside it, such as a digest of the other files of its folder.

    >>> before = '@a.check(points=1)\\ndef f(student):\\n    "Title."\\n    same(student.f(1), 2)'
    >>> run_source(before) == run_source(before.replace("points=1", "points=2").replace("Title", "Another title"))
    True
    >>> run_source(before) == run_source(before.replace("f(1), 2", "f(1), 3"))
    False
    """
    tree = ast.parse(source)
    mentioned = set(_mentioned(tree))
    checks = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and _declaration(each)}
    for statement in tree.body:
        _without_scoring(statement, titles="__doc__" not in mentioned)
    rest = [each for each in tree.body if each not in checks.values()]
    own = {name: _digest(ast.dump(each)) for name, each in checks.items()}
    leads = _leads(tree.body)
    if mentioned & _DYNAMIC:
        leads = {name: set(own) for name in own}
    reached = {name: frozenset(_closed(name, leads) & own.keys() - {name}) for name in own}
    digests = {name: _digest(own[name], *(own[each] for each in sorted(reached[name]))) for name in own}
    return RunSource(_digest(*map(ast.dump, rest), others), digests, reached)


def _mentioned(tree: ast.AST) -> Iterator[str]:
    """Every name and attribute of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _declaration(function: ast.FunctionDef) -> ast.Call | None:
    """The ``@question.check(...)`` above a function, or None."""
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr == "check":
            return each if isinstance(each.func.value, ast.Name) else None
    return None


def _without_scoring(statement: ast.stmt, *, titles: bool) -> None:
    """Take out of a statement at the top level what only says how results are scored and shown."""
    if isinstance(statement, ast.FunctionDef) and (call := _declaration(statement)):
        _without_points(call)
        if titles and statement.body and isinstance(statement.body[0], ast.Expr) and _is_text(statement.body[0].value):
            statement.body = statement.body[1:] or [ast.Pass()]
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        call = statement.value
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == "question" and isinstance(call.func, ast.Attribute):
            call.keywords = [each for each in call.keywords if each.arg != "bonus" or not _is_flag(each.value)]
        if name in ("question", "Assignment") and titles and call.args and _is_text(call.args[0]):
            call.args[0] = ast.Constant("")


def _without_points(call: ast.Call) -> None:
    """Take points, and from when on it is shown, out of the declaration of a check.

    Whether a case has any points decides whether a check of which no other case is passed may be PARTIAL, and others
    need that; so this stays.
    """
    cases = next((each.value for each in call.keywords if each.arg == "cases"), None)
    kept = []
    for each in call.keywords:
        if each.arg == "visible" and _is_text(each.value):
            continue
        if each.arg == "points" and (points := _number(each.value)) is not None:
            if cases is None or isinstance(cases, ast.Dict):
                continue
            if not points or 100 * points >= _count(cases):  # else some of the cases have none
                each.value = ast.Constant(bool(points))
        kept.append(each)
    call.keywords = kept
    if isinstance(cases, ast.Dict):
        cases.values = [_case(value) for value in cases.values]


def _count(cases: ast.expr) -> float:
    """How many cases are listed; without end where that does not stand there."""
    return len(cases.elts) if isinstance(cases, ast.List | ast.Tuple) else math.inf


def _number(node: ast.expr) -> float | None:
    """A number as it is written, or None."""
    return node.value if isinstance(node, ast.Constant) and type(node.value) in (int, float) else None  # type: ignore[return-value]


def _case(value: ast.expr) -> ast.expr:
    """A case with True or False for its points: a number, or the first argument of ``Case(points, hint)``."""
    if (points := _number(value)) is not None:
        return ast.Constant(bool(points))
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Case":
        value.args = [_case(each) if place == 0 else each for place, each in enumerate(value.args)]
        for each in value.keywords:
            each.value = _case(each.value) if each.arg == "points" else each.value
    return value


def _is_flag(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _leads(statements: list[ast.stmt]) -> dict[str, set[str]]:
    """From each name at the top level to the names that stand where it is bound.

    In a statement that binds nothing by itself, such as ``CHECKS.append(check)`` or a loop, each name leads to all.
    """
    leads: dict[str, set[str]] = {}
    for statement in statements:
        mentioned = set(_names(statement))
        bound = set(_bound(statement)) if isinstance(statement, _NAMED) else mentioned
        for name in bound:
            leads.setdefault(name, set()).update(mentioned)
    return leads


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds at the top level; of ``a.b = c`` and ``a[b] = c`` that of ``a``."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((each.asname or each.name).split(".")[0] for each in statement.names)
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in filter(None, targets):
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _names(statement: ast.stmt) -> Iterator[str]:
    """Every name in a statement, those of parameters too: a parameter may be the result of a check."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def _closed(name: str, leads: Mapping[str, set[str]]) -> set[str]:
    """All names to which a name leads, itself included."""
    found, waiting = set[str](), [name]
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting.extend(leads.get(each, ()))
    return found


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
