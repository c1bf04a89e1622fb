"""Signs, factors and the order of operands."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.quality.mutation.code import Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import (
    DERIVATIVE,
    exchanged,
    function_of,
    in_index,
    is_scalar,
    is_text,
    operator,
    value_of,
)

COMMUTATIVE = ("maximum", "minimum", "add", "multiply", "allclose", "isclose", "range", "max", "min")
MAXIMA = ("max", "amax")
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)


@operator("sign")
def _sign(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and not is_text(node):
        if isinstance(node.op, ast.Add):
            yield from code.between(node.left, node.right, "+", "-")
        elif isinstance(node.op, ast.Sub):
            yield from code.between(node.left, node.right, "-", "+")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not in_index(code, node):
        yield code.instead(node, code.text(node).removeprefix("-").lstrip())


@operator("max-not-subtracted")
def _stable(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Softmax without the maximum taken out."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        largest = {
            plain_name(each.targets[0])
            for each in ast.walk(function_of(code, node))
            if isinstance(each, ast.Assign) and called(each.value) in MAXIMA
        }
        if called(node.right) in MAXIMA or (isinstance(node.right, ast.Name) and node.right.id in largest):
            yield code.instead(node, code.atom(node.left))


@operator("factor-dropped")
def _factor_dropped(code: Code, node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.BinOp(op=ast.Div()):
            yield code.instead(node, code.atom(node.left))
        case ast.BinOp(op=ast.Mult()) if not is_text(node):
            yield code.instead(node, code.atom(node.right))
            yield code.instead(node, code.atom(node.left))


@operator("factor-twice")
def _factor_twice(code: Code, node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.BinOp(op=ast.Div()) if is_scalar(node.right):
            yield code.after(node, f" / {code.atom(node.right)}")
        case ast.BinOp(op=ast.Mult()):
            for factor in (node.left, node.right):
                if is_scalar(factor) or DERIVATIVE.fullmatch(called(factor)):
                    yield code.after(node, f" * {code.atom(factor)}")


@operator("factor-two")
def _factor_two(code: Code, node: ast.AST) -> Iterator[Edit]:
    value = value_of(node)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ARITHMETIC) and not is_text(value):
        product = isinstance(value.op, (ast.Mult, ast.Div, ast.Pow))
        yield code.instead(value, f"2 * {code.text(value) if product else code.atom(value)}")


@operator("order")
def _order(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Operands or arguments the wrong way round."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.MatMult)) and not in_index(code, node):
        symbol = "-" if isinstance(node.op, ast.Sub) else "@"
        yield code.instead(node, f"{code.atom(node.right)} {symbol} {code.atom(node.left)}")
    elif isinstance(node, ast.Call) and len(node.args) > 1 and called(node) not in COMMUTATIVE:
        yield from exchanged(code, *node.args[:2])


@operator("returned-swapped")
def _returned(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        yield from exchanged(code, *node.value.elts[:2])
