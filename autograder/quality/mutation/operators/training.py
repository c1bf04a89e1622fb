"""Trainings and their data: the order and place of updates, penalties, modes; labels, training and test samples."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.quality.mutation.code import Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import function_of, is_scalar, is_text, names_in, operator

SYMBOLS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
PENALTY = re.compile(r"lam\w*|reg\w*|l[12]\w*|weight_decay|wd|decay|penalty")
BIAS_GRADIENT = re.compile(r"d_?b\w*|g(rad)?_?b\w*|\w*bias\w*grad\w*")
BIAS = {"W": "b", "w": "b", "weights": "biases", "weight": "bias", "theta": "b", "coef": "intercept"}
BIAS |= {"coef_": "intercept_"}
WEIGHT = re.compile(r"\b(weights|weight|theta|coef_|coef|[Ww])(\d?)\b")
TOTALS = ("sum", "norm", "dot", "mean", "vdot", "square")


@operator("update-order")
def _update_order(code: Code, node: ast.AST) -> Iterator[Edit]:
    """What must be computed with the old weights is computed with the new ones."""
    target = _updated(code, node)
    before = _before(code, node)
    if not target or before is None or not isinstance(before, (ast.Assign, ast.AugAssign, ast.Expr)):
        return
    reads = any(
        isinstance(each, (ast.Name, ast.Attribute)) and isinstance(each.ctx, ast.Load) and code.text(each) == target
        for each in ast.walk(before)
    )
    bound = {each.id for each in ast.walk(before) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    (start, middle), (next_start, end) = code.span(before), code.span(node)
    between = code.bytes[middle:next_start].decode()
    if reads and not bound & used and "SOLUTION" not in between:
        yield Edit(start, end, code.text(node) + between + code.text(before))


@operator("in-place")
def _in_place(code: Code, node: ast.AST) -> Iterator[Edit]:
    """An array is changed that others hold, too; or many are one and the same."""
    match node:
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=op, right=right)) if (
            type(op) in SYMBOLS
            and code.text(target) == code.text(left)
            and not is_scalar(right)
            and not is_text(node.value)
        ):
            yield code.instead(node, f"{code.text(target)} {SYMBOLS[type(op)]}= {code.text(right)}")
        case ast.ListComp(elt=ast.Call() as each, generators=[ast.comprehension(target=target, iter=over, ifs=[])]):
            bound = {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
            if not bound & {part.id for part in ast.walk(each) if isinstance(part, ast.Name)}:
                count = (
                    code.atom(over.args[0])
                    if isinstance(over, ast.Call) and called(over) == "range" and len(over.args) == 1
                    else f"len({code.text(over)})"
                )
                yield code.instead(node, f"[{code.text(each)}] * {count}")


@operator("regulariser")
def _regulariser(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A penalty that is halved, or that falls on the biases, too."""
    if _penalty(node) and not _penalty(code.parents[node]):
        yield code.instead(node, f"0.5 * {code.text(node)}")
        total = any(called(each) in TOTALS for each in ast.walk(node))
        if total and (other := _on_biases(code, node, node)):
            yield code.instead(node, f"{code.text(node)} + {other}")
    elif isinstance(node, ast.Assign) and BIAS_GRADIENT.fullmatch(plain_name(node.targets[0])):
        for each in ast.walk(function_of(code, node)):
            term = _penalty(each) and not _penalty(code.parents[each])
            if term and not any(called(part) in TOTALS for part in ast.walk(each)):
                if other := _on_biases(code, each, node):
                    yield code.instead(node.value, f"{code.atom(node.value)} + {other}")
                return


@operator("train-eval")
def _train_eval(code: Code, node: ast.AST) -> Iterator[Edit]:
    """A model in the wrong mode: dropout and batch statistics while it is judged, or none while it learns."""
    match node:
        case ast.Call(func=ast.Attribute(attr="train" | "eval"), args=[], keywords=[]):
            end = code.span(node.func)[1]
            name = called(node)
            yield Edit(end - len(name), end, "eval" if name == "train" else "train")
        case ast.keyword(arg="training" | "is_training" | "train", value=ast.Constant(value=bool(on))):
            yield code.instead(node.value, str(not on))
        case ast.Attribute(attr="training", value=ast.Name(id="self"), ctx=ast.Load()):
            outer = code.parents[node]
            if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not):
                yield code.instead(outer, code.text(node))
            else:
                yield code.instead(node, f"(not {code.text(node)})")


def _updated(code: Code, node: ast.AST) -> str:
    """What a statement moves from its old value to a new one, "" for any other statement."""
    match node:
        case ast.AugAssign(target=ast.Name() | ast.Attribute() as target):
            return code.text(target)
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target]):
            text = code.text(target)
            again = any(
                isinstance(each, (ast.Name, ast.Attribute)) and code.text(each) == text for each in ast.walk(node.value)
            )
            return text if again else ""
    return ""


def _before(code: Code, node: ast.AST) -> ast.stmt | None:
    """The statement before one, in the same block."""
    holder = code.parents.get(node)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(holder, name, None)
        if isinstance(block, list) and node in block and block.index(node):
            before = block[block.index(node) - 1]
            return before if isinstance(before, ast.stmt) else None
    return None


def _penalty(node: ast.AST) -> bool:
    """Whether a product has the strength of a penalty as a factor."""
    match node:
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            return any(_penalty(each) or PENALTY.fullmatch(plain_name(each)) for each in (node.left, node.right))
    return False


def _on_biases(code: Code, term: ast.AST, near: ast.AST) -> str:
    """A penalty on weights, written for the biases; "" where it has none, or no bias is known."""
    text = code.text(term)
    other = WEIGHT.sub(lambda match: BIAS[match[1]] + match[2], text)
    known = code.text(function_of(code, near)) if function_of(code, near) is not code.tree else code.source
    found = {BIAS[match[1]] + match[2] for match in WEIGHT.finditer(text)}
    return other if found and all(re.search(rf"\b{name}\b", known) for name in found) else ""


# --- samples and labels ---

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
