"""Samples and their labels, what is for training and what is for testing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.quality.mutation.code import Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import function_of, names_in, operator

ORDERS = ("permutation", "randperm", "choice")
LEARNS = ("fit", "partial_fit", "train", "DataLoader", "SGD")
JUDGES = ("score", "predict", "evaluate", "accuracy", "accuracy_score")
SCALER = re.compile(r".*(scal|standard|normal|pca|imput|vectori|encod|whiten|preproc).*", re.IGNORECASE)
TRAINED = re.compile(r"train\w*|tr|\w+_train")
STATISTICS = ("mean", "std", "var", "min", "max", "median")


@operator("labels-not-shuffled")
def _labels(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Inputs and labels in different orders."""
    match node:
        case ast.Assign(targets=[ast.Tuple()], value=ast.Call(args=[first, second]) as call) if (
            called(call) == "shuffle"
        ):
            yield code.instead(call, f"{code.text(call.func)}({code.text(first)}), {code.text(second)}")
        case ast.Subscript(value=of, slice=index, ctx=ast.Load()) if not isinstance(index, ast.Slice):
            orders, batches = _orders(code, function_of(code, node))
            alike = {
                code.text(each.value)
                for each in ast.walk(function_of(code, node))
                if isinstance(each, ast.Subscript) and code.text(each.slice) == code.text(index)
            }
            if len(alike) < 2:
                return
            if isinstance(index, ast.Name) and index.id in orders:
                yield code.instead(node, code.text(of))
            elif isinstance(index, ast.Name) and index.id in batches:
                yield code.instead(index, batches[index.id])
            elif isinstance(index, ast.Subscript) and plain_name(index.value) in orders:
                yield code.instead(index, code.text(index.slice))


@operator("test-data")
def _test_data(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Trained on what is for testing, or judged on what was trained on."""
    if isinstance(node, ast.Call) and node.args and not _is_scaler(node):
        known = names_in(function_of(code, node))
        name = called(node)
        if name in LEARNS or name in JUDGES:
            for other in ("test", "val", "valid", "validation"):
                old, new = ("train", other) if name in LEARNS else (other, "train")
                yield from _renamed(code, node, old, new, known)
    elif (
        isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and TRAINED.fullmatch(plain_name(node.slice))
    ):
        yield code.instead(node, code.text(node.value))


@operator("scaler")
def _scaler(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Scaled by what the test data say, too."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return
    name = called(node)
    known = names_in(function_of(code, node))
    if name == "transform" and _is_scaler(node):
        end = code.span(node.func)[1]
        yield Edit(end - len(name), end, "fit_transform")
    given = node.args[0] if node.args else node.func.value
    fits = (name in ("fit", "fit_transform") and _is_scaler(node)) or name in STATISTICS
    if fits and isinstance(given, ast.Name) and "train" in given.id:
        test = given.id.replace("train", "test")
        everything = f"np.concatenate([{given.id}, {test}])"
        if test in known and name == "fit_transform":
            yield code.instead(node, f"{code.text(node.func.value)}.fit({everything}).transform({given.id})")
        elif test in known:
            yield code.instead(given, everything)


def _orders(code: Code, function: ast.AST) -> tuple[set[str], dict[str, str]]:
    """Names of random orders, and of parts of them with the bounds of each part."""
    orders: set[str] = set()
    batches: dict[str, str] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if called(call) in ORDERS:
                orders.add(name)
            case ast.Call(args=[ast.Name(id=name)]) if called(node) == "shuffle":
                orders.add(name)
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(value=ast.Name(id=of), slice=part)) if (
                of in orders
            ):
                batches[name] = code.text(part)
    return orders, batches


def _is_scaler(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and bool(SCALER.fullmatch(plain_name(node.func.value)))


def _renamed(code: Code, node: ast.Call, old: str, new: str, known: set[str]) -> Iterator[Edit]:
    """A call whose arguments have other names, where all of these are known."""
    names = [each for each in node.args if isinstance(each, ast.Name) and old in each.id.split("_")]
    others = [re.sub(rf"(?<![a-z]){old}(?![a-z])", new, each.id) for each in names]
    if names and all(each in known for each in others):
        (start, _), (_, end) = code.span(node.args[0]), code.span(node.args[-1])
        text = code.bytes[start:end].decode()
        for each, other in zip(names, others, strict=True):
            text = re.sub(rf"\b{re.escape(each.id)}\b", other, text)
        yield Edit(start, end, text)
