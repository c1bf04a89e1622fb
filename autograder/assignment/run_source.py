"""Which part of an `assignment.py` decides what is run, so that the rest can change without anything being run again.

Points, titles, rubrics, `visible` and `bonus` say how results are scored and shown. Where they are written as numbers
and texts in the declaration of a check, of predictions, of a written answer, a question or the assignment itself, they
are left out here; a hint stands in sentences that are made with the result, so it stays in. Numbers may be computed
from constants of the file (``P = 2``), which are left out as well where nothing else reads them. What is left is
compared as a syntax tree: comments and layout do not count. A check that is a function at the top level of the file has
a part of its own, with every check to which its names lead; everything else is shared by all.
"""

from __future__ import annotations

import ast
import hashlib
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["RunSource", "run_source"]

_DYNAMIC = frozenset(
    ("globals", "locals", "vars", "eval", "exec", "getattr", "attrgetter", "__dict__", "__globals__", "__import__",
     "import_module", "importlib", "modules", "inspect")
)  # fmt: skip
"""What finds names that stand nowhere: then nothing is known of what leads where."""
_OPERATORS: Mapping[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
"""How points may be computed from constants."""
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


def run_source(source: str | bytes, others: str = "", *, read_by_others: bool = False) -> RunSource:
    """What decides the run of an assignment.

    Args:
        source: the text of its `assignment.py`, which is Python.
        others: stands for all that checks may use beside it, such as a digest of the other files of its folder.
        read_by_others: these may read names of this file, so each constant counts.

    >>> before = '@a.check(points=1)\\ndef f(student):\\n    "Title."\\n    same(student.f(1), 2)'
    >>> run_source(before) == run_source(before.replace("points=1", "points=2").replace("Title", "Another title"))
    True
    >>> run_source(before) == run_source(before.replace("f(1), 2", "f(1), 3"))
    False
    """
    tree = ast.parse(source)
    mentioned = set(_mentioned(tree))
    checks = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and _declaration(each)}
    constants, questions = _constants(tree), _questions(tree)
    for statement in tree.body:
        _without_scoring(statement, constants, questions, titles="__doc__" not in mentioned)
    if not mentioned & _DYNAMIC and not read_by_others:
        tree.body = _without_unread(tree, constants)
    rest = [each for each in tree.body if each not in checks.values()]
    own = {name: _digest(ast.dump(each)) for name, each in checks.items()}
    leads = _leads(tree.body)
    if mentioned & _DYNAMIC:
        leads = {name: set(own) for name in own}
    reached = {name: frozenset(_closed(name, leads) & own.keys() - {name}) for name in own}
    digests = {name: _digest(own[name], *(own[each] for each in sorted(reached[name]))) for name in own}
    return RunSource(_digest(*map(ast.dump, rest), others), digests, reached)


def _mentioned(tree: ast.AST) -> Iterator[str]:
    """Every name and attribute of a file, and what it imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")


def _declaration(function: ast.FunctionDef) -> ast.Call | None:
    """The ``@question.check(...)`` above a function, or None."""
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr == "check":
            return each if isinstance(each.func.value, ast.Name) else None
    return None


def _constants(tree: ast.Module) -> dict[str, float]:
    """The names at the top level that are one number from beginning to end, such as ``P`` after ``P = 2``."""
    bound = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    bound.update(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    bound.update(name for each in tree.body if isinstance(each, _NAMED[2:]) for name in _bound(each))
    found: dict[str, float] = {}
    for each in tree.body:
        if (name := _target(each)) and bound[name] == 1 and (number := _number(each.value, found)) is not None:  # type: ignore[attr-defined]
            found[name] = number
    return found


def _target(statement: ast.stmt) -> str:
    """The one name that a statement assigns to, or ""."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _questions(tree: ast.Module) -> frozenset[str]:
    """The names that stand for questions: of ``a = assignment.question(...)``."""
    return frozenset(name for each in tree.body if (name := _target(each)) and _method(each.value) == "question")  # type: ignore[attr-defined]


def _answer(statement: ast.stmt, questions: frozenset[str]) -> ast.Call | None:
    """The declaration of predictions or of a written answer, ``a.written(...)`` of a question ``a``, or None."""
    call = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="predictions" | "written")) if name in questions:
            return call
    return None


def _method(node: ast.expr) -> str:
    """The name of the method that an expression calls, or ""."""
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _without_unread(tree: ast.Module, constants: Mapping[str, float]) -> list[ast.stmt]:
    """The statements without those that bind constants which nothing reads, once points are taken out."""
    body = list(tree.body)
    while True:
        read = {name for each in body for name in _read(each)}
        left = [each for each in body if _target(each) not in constants or _target(each) in read]
        if len(left) == len(body):
            return left
        body = left


def _read(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement may read: also attributes, of which one may be the module's, and what texts say."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.alias):
            yield node.name


def _without_scoring(
    statement: ast.stmt, constants: Mapping[str, float], questions: frozenset[str], *, titles: bool
) -> None:
    """Take out of a statement at the top level what only says how results are scored and shown."""
    if (answer := _answer(statement, questions)) is not None:
        _without_points_of_answers(answer, constants, titles=titles)
    elif isinstance(statement, ast.FunctionDef) and (call := _declaration(statement)):
        _without_points(call, constants)
        if titles and statement.body and isinstance(statement.body[0], ast.Expr) and _is_text(statement.body[0].value):
            statement.body = statement.body[1:] or [ast.Pass()]
    elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        call = statement.value
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == "question" and isinstance(call.func, ast.Attribute):
            call.keywords = [each for each in call.keywords if each.arg != "bonus" or not _is_flag(each.value)]
        if name in ("question", "Assignment") and titles and call.args and _is_text(call.args[0]):
            call.args[0] = ast.Constant("")


def _without_points_of_answers(call: ast.Call, constants: Mapping[str, float], *, titles: bool) -> None:
    """Take points, rubric, title, and from when on it is shown, out of a declared answer or file of predictions."""
    if _method(call) == "written" and titles and call.args and _is_text(call.args[0]):
        call.args[0] = ast.Constant("")
    call.keywords = [
        each
        for each in call.keywords
        if not (
            (each.arg == "points" and _number(each.value, constants) is not None)
            or (each.arg == "visible" and _is_text(each.value))
            or (each.arg == "rubric" and _is_rubric(each.value, constants))
        )
    ]


def _is_rubric(node: ast.expr, constants: Mapping[str, float]) -> bool:
    """Whether a rubric is written as texts with numbers, or with ``Item(points, student=...)``."""
    if not isinstance(node, ast.Dict) or not all(key is not None and _is_text(key) for key in node.keys):
        return False
    return all(_number(each, constants) is not None or _is_item(each, constants) for each in node.values)


def _is_item(node: ast.expr, constants: Mapping[str, float]) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "Item":
        return False
    values = (*node.args, *(each.value for each in node.keywords))
    return all(_is_text(each) or _number(each, constants) is not None for each in values)


def _without_points(call: ast.Call, constants: Mapping[str, float]) -> None:
    """Take points, and from when on it is shown, out of the declaration of a check.

    Whether a case has any points decides whether a check of which no other case is passed may be PARTIAL, and others
    need that; so this stays.
    """
    cases = next((each.value for each in call.keywords if each.arg == "cases"), None)
    kept = []
    for each in call.keywords:
        if each.arg == "visible" and _is_text(each.value):
            continue
        if each.arg == "points" and (points := _number(each.value, constants)) is not None:
            if cases is None or isinstance(cases, ast.Dict):
                continue
            if not points or 100 * points >= _count(cases):  # else some of the cases have none
                each.value = ast.Constant(bool(points))
        kept.append(each)
    call.keywords = kept
    if isinstance(cases, ast.Dict):
        cases.values = [_case(value, constants) for value in cases.values]


def _count(cases: ast.expr) -> float:
    """How many cases are listed; without end where that does not stand there."""
    return len(cases.elts) if isinstance(cases, ast.List | ast.Tuple) else math.inf


def _number(node: ast.expr, constants: Mapping[str, float]) -> float | None:
    """The number that an expression is, as it is written or computed from constants; None for anything else."""
    match node:
        case ast.Constant(value=int() | float() as number) if type(number) is not bool:
            return number
        case ast.Name(id=name):
            return constants.get(name)
        case ast.UnaryOp(op=op, operand=operand):
            parts = [_number(operand, constants)]
        case ast.BinOp(left=left, op=op, right=right):
            parts = [_number(left, constants), _number(right, constants)]
        case _:
            return None
    compute = _OPERATORS.get(type(op))
    try:
        return compute(*parts) if compute and None not in parts else None
    except ArithmeticError:
        return None


def _case(value: ast.expr, constants: Mapping[str, float]) -> ast.expr:
    """A case with True or False for its points: a number, or the first argument of ``Case(points, hint)``."""
    if (points := _number(value, constants)) is not None:
        return ast.Constant(bool(points))
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Case":
        value.args = [_case(each, constants) if place == 0 else each for place, each in enumerate(value.args)]
        for each in value.keywords:
            each.value = _case(each.value, constants) if each.arg == "points" else each.value
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
