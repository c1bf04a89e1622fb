"""What the operators share: the table they enter themselves into, and what they ask of a node."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from autograder.quality.mutation.code import FUNCTIONS, Code, Edit, called, plain_name

__all__ = [
    "DERIVATIVE",
    "GRADIENT",
    "OPERATORS",
    "Operator",
    "exchanged",
    "function_of",
    "in_index",
    "is_scalar",
    "is_text",
    "literal",
    "names_in",
    "operator",
    "value_of",
]

Operator = Callable[[Code, ast.AST], Iterable[Edit]]
OPERATORS: dict[str, Operator] = {}

SCALAR = re.compile(r"[nmkNMK]|eta|lr|alpha|lam|scale|step|rate|batch|num_.*|n_.*|.*_(rate|size|count)")
GRADIENT = re.compile(r"d[bwxzWX]\d?|d_.*|.*(grad|delta|nabla).*")
DERIVATIVE = re.compile(r".*(deriv|prime|grad).*")


def operator(name: str) -> Callable[[Operator], Operator]:
    """Enter a function under the name of its mistake."""

    def enter(function: Operator) -> Operator:
        OPERATORS[name] = function
        return function

    return enter


def value_of(node: ast.AST) -> ast.expr | None:
    """What a statement assigns or returns."""
    return node.value if isinstance(node, (ast.Assign, ast.Return)) else None


def is_text(node: ast.AST) -> bool:
    """Whether an operand is a text, so that + joins and * repeats."""
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in (getattr(node, "left", node), getattr(node, "right", node))
    )


def is_scalar(node: ast.AST) -> bool:
    """Whether a factor looks like a number: a constant, a length, a rate, or made of such."""
    match node:
        case ast.Constant():
            return isinstance(node.value, (int, float))
        case ast.UnaryOp():
            return is_scalar(node.operand)
        case ast.BinOp():
            return is_scalar(node.left) and is_scalar(node.right)
        case ast.Subscript():
            return plain_name(node.value) == "shape"
        case ast.Call():
            name = called(node)
            return name == "len" or (name in ("sqrt", "float") and all(map(is_scalar, node.args)))
    return bool(SCALAR.fullmatch(plain_name(node))) or plain_name(node) == "size"


def in_index(code: Code, node: ast.AST) -> bool:
    """Whether a node stands in an index, a slice or a range, which are matters of off-by-one."""
    below = node
    for each in code.around(node):
        if isinstance(each, ast.stmt):
            return False
        if (isinstance(each, ast.Subscript) and below is each.slice) or called(each) == "range":
            return True
        below = each
    return False


def exchanged(code: Code, first: ast.expr, second: ast.expr) -> Iterator[Edit]:
    """Two neighbours in a list, the wrong way round."""
    if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
        (start, middle), (next_start, end) = code.span(first), code.span(second)
        yield Edit(start, end, code.text(second) + code.bytes[middle:next_start].decode() + code.text(first))


def literal(node: ast.AST) -> int | None:
    """The value of a literal integer."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None


def function_of(code: Code, node: ast.AST) -> ast.AST:
    """The function around a node, or the module."""
    return next((each for each in code.around(node) if isinstance(each, FUNCTIONS)), code.tree)


def names_in(node: ast.AST) -> set[str]:
    """Every name in a part of the tree, parameters included."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
