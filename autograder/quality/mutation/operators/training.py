"""Steps of a training: in which order, in place or not, with which penalty, in which mode."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.quality.mutation.code import Code, Edit, called, plain_name
from autograder.quality.mutation.operators.registry import function_of, is_scalar, is_text, operator

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
