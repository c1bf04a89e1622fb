"""Activations, their derivatives, and gradients."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.quality.mutation.code import FUNCTIONS, Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import (
    DERIVATIVE,
    GRADIENT,
    function_of,
    names_in,
    operator,
    value_of,
)

ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax", "log_softmax", "leaky_relu", "gelu", "exp", "log", "sqrt", "abs")
HIDDEN_ACTIVATIONS = ("relu", "sigmoid", "tanh")
LAST_LAYER = re.compile(r"(fc|linear|out|output|head|dense|last|classifier)\w*")
SIGNAL = re.compile(r"delta\w*|err(or)?\w*|d_?(z|v|a|out|logits|scores)\w*")
DERIVED = re.compile(r"^(d|grad)_|_?(derivative|deriv|prime|grad|gradient|backward)$")


@operator("activation-dropped")
def _activation_dropped(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and node.args:
        name, count = called(node), len(node.args)
        if (name in ACTIVATIONS and count == 1) or (name == "maximum" and count == 2):
            yield code.instead(node, code.atom(node.args[0]))


@operator("activation-added")
def _activation_added(code: Code, node: ast.AST) -> Iterator[Edit]:
    """An activation around what is linear, as on the layer before a softmax."""
    value = value_of(node)
    known = _functions(code)
    name = next((name for name in HIDDEN_ACTIVATIONS if name in known), "")
    linear = value
    while isinstance(linear, ast.BinOp) and isinstance(linear.op, ast.Add):
        linear = linear.left
    match node:
        case _ if name and value and isinstance(linear, ast.BinOp) and isinstance(linear.op, ast.MatMult):
            yield code.instead(value, f"{name}({code.text(value)})")
        case ast.Return(value=ast.Call(func=ast.Attribute(attr=layer, value=ast.Name(id="self"))) as result):
            if LAST_LAYER.fullmatch(layer) and "torch" in names_in(code.tree) | _modules(code):
                yield code.instead(result, f"torch.relu({code.text(result)})")
        case ast.Call(args=[*_, ast.Call(func=ast.Attribute(attr="Linear")) as last]) if called(node) == "Sequential":
            yield code.after(last, f", {code.text(last.func).removesuffix('Linear')}ReLU()")


@operator("derivative-added")
def _derivative_added(code: Code, node: ast.AST) -> Iterator[Edit]:
    """The derivative of an activation where none belongs, as on a softmax output with cross-entropy."""
    if not (isinstance(node, ast.Assign) and SIGNAL.fullmatch(plain_name(node.targets[0]))):
        return
    inside = ast.walk(function_of(code, node))
    used = [code.text(each.func) for each in inside if isinstance(each, ast.Call) and _derivative(each)]
    known = [name for name, count in _functions(code).items() if DERIVATIVE.fullmatch(name) and count == 1]
    for name in [*used, *known][:1]:
        if not any(map(_derivative, ast.walk(node.value))):
            places = [each.args[0] for each in ast.walk(node.value) if isinstance(each, ast.Call) and each.args]
            if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Sub):
                places.append(node.value.left)
            for place in [each for each in places if isinstance(each, (ast.Name, ast.Subscript, ast.Attribute))][:1]:
                yield code.instead(node.value, f"{code.atom(node.value)} * {name}({code.text(place)})")


@operator("derivative-place")
def _derivative_place(code: Code, node: ast.AST) -> Iterator[Edit]:
    """The derivative at what the activation gives, not at what it is given."""
    if not (isinstance(node, ast.Call) and _derivative(node)):
        return
    (place,) = node.args
    function = function_of(code, node)
    given = code.text(place)
    for each in ast.walk(function):
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[of])) if (
                called(each.value) in ACTIVATIONS and code.text(of) == given and name != given
            ):
                yield code.instead(place, name)
                return
    activation = DERIVED.sub("", called(node))
    if activation in _functions(code):
        yield code.instead(place, f"{activation}({given})")
    if isinstance(place, ast.Subscript) and isinstance(place.value, ast.Name):
        others = [
            each.value.id
            for each in ast.walk(function)
            if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name) and each.value.id != place.value.id
        ]
        for other in others[:1]:
            yield code.instead(place.value, other)


@operator("zeroed")
def _zeroed(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A gradient that is zero."""
    match node:
        case ast.Assign(targets=[target]) if GRADIENT.fullmatch(plain_name(target)):
            parts = node.value.elts if isinstance(node.value, ast.List) else [node.value]
        case ast.Call(func=ast.Attribute(attr="append" | "insert", value=target)) if node.args and GRADIENT.fullmatch(
            plain_name(target)
        ):
            parts = [node.args[-1]]
        case _:
            parts = []
    for part in parts:
        yield code.instead(part, f"0 * {code.atom(part)}")


@operator("shuffle")
def _shuffle(code: Code, node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.Call(args=[of]) if called(node) == "permutation":
            yield code.instead(node, f"np.arange({code.text(of)})")
        case ast.keyword(arg="shuffle", value=ast.Constant(value=True)):
            yield code.instead(node.value, "False")


def _functions(code: Code) -> dict[str, int]:
    """The functions of a module, with the number of their parameters."""
    return {each.name: len(each.args.args) for each in code.tree.body if isinstance(each, FUNCTIONS)}


def _modules(code: Code) -> set[str]:
    """The names that imports bind."""
    return {
        alias.asname or alias.name
        for each in ast.walk(code.tree)
        if isinstance(each, (ast.Import, ast.ImportFrom))
        for alias in each.names
    }


def _derivative(node: ast.AST) -> bool:
    """Whether a node is the derivative of an activation at some place."""
    return isinstance(node, ast.Call) and len(node.args) == 1 and bool(DERIVATIVE.fullmatch(called(node)))
