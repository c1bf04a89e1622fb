"""Comparisons, constants, indices and statements, as in any program."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.quality.mutation.code import FUNCTIONS, Code, Edit, called
from autograder.quality.mutation.operators.registry import in_index, literal, operator

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Gt: (">", ">=", "<"),
    ast.GtE: (">=", ">", "<="),
    ast.Lt: ("<", "<=", ">"),
    ast.LtE: ("<=", "<", ">="),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
AUGMENTED: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("+=", "=", "-="),
    ast.Sub: ("-=", "=", "+="),
    ast.Mult: ("*=", "=", "/="),
    ast.Div: ("/=", "=", "*="),
}
CONSTANTS = {"0": "1", "1": "0", "2": "1", "0.0": "1.0", "1.0": "0.0", "0.5": "1.0", "2.0": "1.0"}


DRAWS = ("random", "rand", "uniform", "normal", "standard_normal", "randn", "exponential")
"""Functions that draw real numbers, which equal another number with probability 0."""


@operator("comparison")
def _comparison(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        symbol, *others = COMPARISONS.get(type(node.ops[0]), ("",))
        drawn = any(isinstance(each, ast.Call) and called(each) in DRAWS for each in (node.left, node.comparators[0]))
        for other in others:
            if not (drawn and symbol.rstrip("=") == other.rstrip("=")):  # < and <= are the same then
                yield from code.between(node.left, node.comparators[0], symbol, other)


@operator("constant")
def _constant(code: Code, node: ast.AST) -> Iterator[Edit]:
    # Other numbers are settings (widths, rates, epochs), where another choice is no mistake.
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and not in_index(code, node):
        other = CONSTANTS.get(code.text(node))
        parent = code.parents[node]
        if other and not (isinstance(parent, ast.keyword) and parent.arg in ("axis", "dim")):
            yield code.instead(node, other)


@operator("off-by-one")
def _off_by_one(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Subscript):
        for index in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            yield from _index_off(code, index)
    elif isinstance(node, ast.Call) and called(node) == "range":
        first, last = (node.args[0], node.args[1]) if len(node.args) > 1 else (None, node.args[0])
        if first:
            yield code.instead(first, _moved(code, first, 1))
        yield code.instead(last, _moved(code, last, -1))
        yield code.instead(last, _moved(code, last, 1))


@operator("augmented")
def _augmented(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.AugAssign):
        symbol, *others = AUGMENTED.get(type(node.op), ("",))
        for other in others:
            yield from code.between(node.target, node.value, symbol, other)


@operator("reversed")
def _reversed(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and called(node) in ("reversed", "sorted") and node.args:
        yield code.instead(node, code.atom(node.args[0]))


@operator("statement-dropped")
def _statement(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A line forgotten, such as `optimizer.zero_grad()` or `random.shuffle(data)`, after which the rest still runs."""
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if call or isinstance(node, (ast.Assign, ast.AugAssign)):
        function = next((each for each in code.around(node) if isinstance(each, FUNCTIONS)), None)
        if function and _bound(node) <= _bound(function, without=node):
            yield code.instead(node, "pass")


def _index_off(code: Code, index: ast.expr) -> Iterator[Edit]:
    if isinstance(index, ast.Slice):
        start, end = code.span(index)
        if index.lower or index.upper:
            lower, upper = index.lower, index.upper
            yield code.instead(lower, _moved(code, lower, 1)) if lower else Edit(start, start, "1")
            if upper:
                yield code.instead(upper, _moved(code, upper, -1))
            elif not index.step:
                yield Edit(end, end, "-1")
    elif isinstance(index, ast.BinOp) or (literal(index) is not None) or _counts(code, index):
        yield code.instead(index, _moved(code, index, 1 if literal(index) == 0 else -1))


def _moved(code: Code, node: ast.AST, by: int) -> str:
    """An index or bound, moved by one."""
    number = literal(node)
    if number is not None:
        return str(number + by)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and literal(node.right) is not None:
        offset = (literal(node.right) or 0) * (1 if isinstance(node.op, ast.Add) else -1) + by
        return code.text(node.left) + (f" {'+' if offset > 0 else '-'} {abs(offset)}" if offset else "")
    return f"{code.text(node)} {'+' if by > 0 else '-'} 1"


def _counts(code: Code, node: ast.AST) -> bool:
    """Whether a name is the counter of a loop or comprehension around it."""
    if not isinstance(node, ast.Name):
        return False
    around = code.around(node)
    loops = [each for each in around if isinstance(each, ast.For)]
    generators = [part for each in around for part in getattr(each, "generators", ())]
    return any(
        called(loop.iter) in ("range", "enumerate")
        and any(isinstance(part, ast.Name) and part.id == node.id for part in ast.walk(loop.target))
        for loop in (*loops, *generators)
    )


def _bound(node: ast.AST, without: ast.AST | None = None) -> set[str]:
    """The names that a statement or function binds, parameters included, less what one statement of it binds."""
    left_out = set(ast.walk(without)) if without else set()
    return {
        each.arg if isinstance(each, ast.arg) else each.id
        for each in ast.walk(node)
        if each not in left_out
        and (isinstance(each, ast.arg) or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)))
    }
