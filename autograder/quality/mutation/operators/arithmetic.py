"""Numbers and arrays: signs, factors, the order of operands; transposes, axes, kinds of numbers, copies."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.assignment.interface import array_stated
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


# --- arrays ---

TWINS = (
    ("argmax", "argmin"),
    ("max", "min"),
    ("amax", "amin"),
    ("maximum", "minimum"),
    ("mean", "sum"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("var", "std"),
    ("randn", "rand"),
)
FRESH = (ast.List, ast.Tuple, ast.ListComp, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp)
"""What makes a new thing, which nothing else holds."""
TWIN = {a: b for pair in TWINS for a, b in (pair, pair[::-1])}


@operator("transpose")
def _transpose(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A transpose left out, or one too many in a matrix product."""
    factors: list[ast.expr] = []
    match node:
        case ast.Attribute(attr="T", ctx=ast.Load()):
            yield code.instead(node, code.text(node)[:-1].rstrip().removesuffix(".").rstrip())
        case ast.Call(func=ast.Attribute(attr="transpose"), args=[]):
            yield code.instead(node, code.text(node).rpartition(".")[0])
        case ast.Call(func=ast.Attribute(attr="transpose"), args=[of]):
            yield code.instead(node, code.atom(of))
        case ast.BinOp(op=ast.MatMult()):
            factors = [node.left, node.right]
        case ast.Call() if called(node) in ("dot", "matmul", "mm"):
            factors = node.args
    for factor in factors:
        if isinstance(factor, (ast.Name, ast.Attribute, ast.Subscript)) and plain_name(factor) != "T":
            yield code.after(factor, ".T")


@operator("axis")
def _axis(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.keyword) and node.arg in ("axis", "dim", "keepdims", "keepdim"):
        text = code.text(node.value)
        if text == "True":
            yield code.instead(node.value, "False")
        elif text in ("0", "1", "-1"):
            yield code.instead(node.value, "1" if text == "0" else "0")
            start, end = code.span(node)
            before = code.bytes[:start].rstrip()
            if before.endswith((b",", b"(")):
                yield Edit(len(before) - before.endswith(b","), end, "")


@operator("twin")
def _twin(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A function taken for its neighbour: argmin for argmax, sum for mean, ones for zeros."""
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    twin = TWIN.get(name, "")
    if twin and (isinstance(node.func, ast.Attribute) or name in ("max", "min")):
        end = code.span(node.func)[1]
        yield Edit(end - len(name), end, twin)


@operator("integers")
def _integers(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Return) and isinstance(node.value, (ast.BinOp, ast.Call)) and not is_text(node.value):
        yield code.instead(node.value, f"{code.atom(node.value)}.astype(int)")
    elif isinstance(node, ast.keyword) and node.arg == "dtype" and "float" in code.text(node.value):
        yield code.instead(node.value, "int")


@operator("alias")
def _alias(code: Code, node: ast.AST) -> Iterator[Edit]:
    """What was a copy is the thing itself; what is made on the spot has no other name, so a copy of it is no matter."""
    match node:
        case ast.Call(func=ast.Attribute(attr="copy" | "clone", value=of), args=[], keywords=[]):
            if not isinstance(of, FRESH):
                yield code.instead(node, code.atom(of))
        case ast.Call(args=[of], keywords=[]) if called(node) in ("copy", "deepcopy", "list", "array"):
            if not isinstance(of, FRESH) or _is_another_type(called(node), of) or _is_the_promised_array(code, node):
                yield code.instead(node, code.atom(of))
        case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=None), ctx=ast.Load()):
            yield code.instead(node, code.atom(node.value))


def _is_another_type(name: str, of: ast.expr) -> bool:
    """Whether a call makes another type of what is made on the spot, such as a list of a tuple.

    An array of a list counts only where an array is promised: else checks take a list as they take an array.
    """
    made = (ast.List, ast.ListComp, ast.Tuple) if name == "array" else (ast.List, ast.ListComp)
    return name in ("array", "list") and not isinstance(of, made)


def _is_the_promised_array(code: Code, node: ast.Call) -> bool:
    """Whether a function returns this array, and says that it returns one: a list in its place is a wrong answer."""
    around = code.around(node)
    function = next((each for each in around if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))), None)
    returned = bool(around) and isinstance(around[0], ast.Return)
    return called(node) == "array" and returned and function is not None and array_stated(function)
