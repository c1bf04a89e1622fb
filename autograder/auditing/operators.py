"""The mistakes of machine-learning homeworks, each as a function from a node of the tree to edits of the text.

`OPERATORS` maps a mistake's name to its function. A function may offer what does not compile or means the same as
before; `mutants` sorts that out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from autograder.auditing.code import FUNCTIONS, Code, Edit, called, plain_name

__all__ = ["OPERATORS", "Operator"]

Operator = Callable[[Code, ast.AST], Iterable[Edit]]
OPERATORS: dict[str, Operator] = {}

ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax", "log_softmax", "leaky_relu", "gelu", "exp", "log", "sqrt", "abs")
HIDDEN_ACTIVATIONS = ("relu", "sigmoid", "tanh")
COMMUTATIVE = ("maximum", "minimum", "add", "multiply", "allclose", "isclose", "range", "max", "min")
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
TWIN = {a: b for pair in TWINS for a, b in (pair, pair[::-1])}
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
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)
SCALAR = re.compile(r"[nmkNMK]|eta|lr|alpha|lam|scale|step|rate|batch|num_.*|n_.*|.*_(rate|size|count)")
GRADIENT = re.compile(r"d[bwxzWX]\d?|d_.*|.*(grad|delta|nabla).*")
DERIVATIVE = re.compile(r".*(deriv|prime|grad).*")


def operator(name: str) -> Callable[[Operator], Operator]:
    """Enter a function under the name of its mistake."""

    def enter(function: Operator) -> Operator:
        OPERATORS[name] = function
        return function

    return enter


# --- arithmetic ---


@operator("sign")
def _sign(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and not _is_text(node):
        if isinstance(node.op, ast.Add):
            yield from code.between(node.left, node.right, "+", "-")
        elif isinstance(node.op, ast.Sub):
            yield from code.between(node.left, node.right, "-", "+")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _in_index(code, node):
        yield code.instead(node, code.text(node).removeprefix("-").lstrip())


@operator("max-not-subtracted")
def _stable(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and called(node.right) in ("max", "amax"):
        yield code.instead(node, code.atom(node.left))


@operator("factor-dropped")
def _factor_dropped(code: Code, node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.BinOp(op=ast.Div()):
            yield code.instead(node, code.atom(node.left))
        case ast.BinOp(op=ast.Mult()) if not _is_text(node):
            yield code.instead(node, code.atom(node.right))
            yield code.instead(node, code.atom(node.left))


@operator("factor-twice")
def _factor_twice(code: Code, node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.BinOp(op=ast.Div()) if _is_scalar(node.right):
            yield code.after(node, f" / {code.atom(node.right)}")
        case ast.BinOp(op=ast.Mult()):
            for factor in (node.left, node.right):
                if _is_scalar(factor) or DERIVATIVE.fullmatch(called(factor)):
                    yield code.after(node, f" * {code.atom(factor)}")


@operator("factor-two")
def _factor_two(code: Code, node: ast.AST) -> Iterator[Edit]:
    value = _value(node)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ARITHMETIC) and not _is_text(value):
        product = isinstance(value.op, (ast.Mult, ast.Div, ast.Pow))
        yield code.instead(value, f"2 * {code.text(value) if product else code.atom(value)}")


@operator("order")
def _order(code: Code, node: ast.AST) -> Iterator[Edit]:
    """Operands or arguments the wrong way round."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.MatMult)) and not _in_index(code, node):
        symbol = "-" if isinstance(node.op, ast.Sub) else "@"
        yield code.instead(node, f"{code.atom(node.right)} {symbol} {code.atom(node.left)}")
    elif isinstance(node, ast.Call) and len(node.args) > 1 and called(node) not in COMMUTATIVE:
        yield from _exchanged(code, *node.args[:2])


@operator("returned-swapped")
def _returned(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        yield from _exchanged(code, *node.value.elts[:2])


# --- arrays ---


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
    """A function taken for its neighbour: argmin for argmax, sum for mean, ones for zeros, eval for train."""
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    twin = TWIN.get(name, "")
    if isinstance(node.func, ast.Attribute) and not node.args and name in ("train", "eval"):
        twin = "eval" if name == "train" else "train"
    if twin and (isinstance(node.func, ast.Attribute) or name in ("max", "min")):
        end = code.span(node.func)[1]
        yield Edit(end - len(name), end, twin)


@operator("integers")
def _integers(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Return) and isinstance(node.value, (ast.BinOp, ast.Call)) and not _is_text(node.value):
        yield code.instead(node.value, f"{code.atom(node.value)}.astype(int)")
    elif isinstance(node, ast.keyword) and node.arg == "dtype" and "float" in code.text(node.value):
        yield code.instead(node.value, "int")


@operator("alias")
def _alias(code: Code, node: ast.AST) -> Iterator[Edit]:
    """What was a copy is the thing itself."""
    match node:
        case ast.Call(func=ast.Attribute(attr="copy" | "clone", value=of), args=[], keywords=[]):
            yield code.instead(node, code.atom(of))
        case ast.Call(args=[of], keywords=[]) if called(node) in ("copy", "deepcopy", "list", "array"):
            yield code.instead(node, code.atom(of))
        case ast.Subscript(slice=ast.Slice(lower=None, upper=None, step=None), ctx=ast.Load()):
            yield code.instead(node, code.atom(node.value))


# --- networks ---


@operator("activation-dropped")
def _activation_dropped(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and node.args:
        name, count = called(node), len(node.args)
        if (name in ACTIVATIONS and count == 1) or (name == "maximum" and count == 2):
            yield code.instead(node, code.atom(node.args[0]))


@operator("activation-added")
def _activation_added(code: Code, node: ast.AST) -> Iterator[Edit]:
    """An activation around what is linear, as on the layer before a softmax."""
    value = _value(node)
    known = {each.name for each in code.tree.body if isinstance(each, FUNCTIONS)}
    name = next((name for name in HIDDEN_ACTIVATIONS if name in known), "")
    linear = value
    while isinstance(linear, ast.BinOp) and isinstance(linear.op, ast.Add):
        linear = linear.left
    if name and value and isinstance(linear, ast.BinOp) and isinstance(linear.op, ast.MatMult):
        yield code.instead(value, f"{name}({code.text(value)})")


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


# --- Python ---


@operator("comparison")
def _comparison(code: Code, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        symbol, *others = COMPARISONS.get(type(node.ops[0]), ("",))
        for other in others:
            yield from code.between(node.left, node.comparators[0], symbol, other)


@operator("constant")
def _constant(code: Code, node: ast.AST) -> Iterator[Edit]:
    # Other numbers are settings (widths, rates, epochs), where another choice is no mistake.
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and not _in_index(code, node):
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


# --- helpers ---


def _value(node: ast.AST) -> ast.expr | None:
    """What a statement assigns or returns."""
    return node.value if isinstance(node, (ast.Assign, ast.Return)) else None


def _is_text(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in (getattr(node, "left", node), getattr(node, "right", node))
    )


def _is_scalar(node: ast.AST) -> bool:
    """Whether a factor looks like a number: a constant, a length, a rate, or made of such."""
    match node:
        case ast.Constant():
            return isinstance(node.value, (int, float))
        case ast.UnaryOp():
            return _is_scalar(node.operand)
        case ast.BinOp():
            return _is_scalar(node.left) and _is_scalar(node.right)
        case ast.Subscript():
            return plain_name(node.value) == "shape"
        case ast.Call():
            name = called(node)
            return name == "len" or (name in ("sqrt", "float") and all(map(_is_scalar, node.args)))
    return bool(SCALAR.fullmatch(plain_name(node))) or plain_name(node) == "size"


def _in_index(code: Code, node: ast.AST) -> bool:
    """Whether a node stands in an index, a slice or a range, which are matters of off-by-one."""
    below = node
    for each in code.around(node):
        if isinstance(each, ast.stmt):
            return False
        if (isinstance(each, ast.Subscript) and below is each.slice) or called(each) == "range":
            return True
        below = each
    return False


def _exchanged(code: Code, first: ast.expr, second: ast.expr) -> Iterator[Edit]:
    if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
        (start, middle), (next_start, end) = code.span(first), code.span(second)
        yield Edit(start, end, code.text(second) + code.bytes[middle:next_start].decode() + code.text(first))


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
    elif isinstance(index, ast.BinOp) or (_number(index) is not None) or _counts(code, index):
        yield code.instead(index, _moved(code, index, 1 if _number(index) == 0 else -1))


def _number(node: ast.AST) -> int | None:
    """The value of a literal integer."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None


def _moved(code: Code, node: ast.AST, by: int) -> str:
    """An index or bound, moved by one."""
    number = _number(node)
    if number is not None:
        return str(number + by)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and _number(node.right) is not None:
        offset = (_number(node.right) or 0) * (1 if isinstance(node.op, ast.Add) else -1) + by
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
