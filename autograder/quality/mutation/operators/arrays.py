"""Transposes, axes, kinds of numbers, and copies."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.assignment.interface import array_stated
from autograder.quality.mutation.code import Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import is_text, operator

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
