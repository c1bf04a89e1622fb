"""Assertions of checks: what stands on both sides of one that does not hold, as pytest shows it, in a sentence.

`rewritten` changes each `assert` of a syntax tree so that its operands are kept while they are computed; nothing is
computed twice, or in another order. Only where the assertion does not hold, `explained` makes a sentence of them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from autograder.checks.value_text import distinct_texts, show

__all__ = ["EXPLAIN", "explained", "rewritten"]

EXPLAIN = "@explained"
"""The global name by which a rewritten module calls `explained`; no module can have a variable of that name."""

_OPERAND = "@operand{}"
_LONGEST = 200
_SHOWN_ARGUMENTS = 4
_WITHOUT_VALUE = (ast.GeneratorExp, ast.Lambda, ast.NamedExpr)
_SIGNS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def rewritten(tree: ast.Module) -> ast.Module:
    """The tree with every `assert` replaced by one that says its values; the tree itself is changed.

    The module that is made of it needs `explained` as its global `EXPLAIN`.
    """
    _Rewriter().visit(tree)
    return ast.fix_missing_locations(tree)


def explained(message: object, test: str, values: Mapping[str, object]) -> str:
    """What an assertion that does not hold says.

    Args:
        message: the instructor's own, or None.
        test: the text of what was asserted.
        values: the values that were kept, by the text of what gave them.
    """
    try:
        said = _sentence(ast.parse(test, mode="eval").body, test, values)
    except Exception:  # noqa: BLE001  (a value of the submission's whose text cannot be made must not hide the failure)
        said = f"This does not hold: {_quoted(test)}"
    return said if message is None else f"{message} {said}"


def _sentence(node: ast.expr, test: str, values: Mapping[str, object]) -> str:
    match node:
        case ast.Compare(left=left, ops=operators, comparators=others):
            return _compared([left, *others], operators, test, values)
        case ast.Call(args=arguments, keywords=keywords):
            given = [ast.unparse(each) for each in (*arguments, *(keyword.value for keyword in keywords))]
            known = [text for text in dict.fromkeys(given) if text in values and not isinstance(values[text], type)]
            parts = [f"{_quoted(text)} is {show(values[text])}" for text in known[:_SHOWN_ARGUMENTS]]
            return f"Expected {_quoted(test)} to hold{', where ' if parts else ''}{', '.join(parts)}"
        case ast.UnaryOp(op=ast.Not(), operand=operand) if (text := ast.unparse(operand)) in values:
            return f"Expected {_quoted(test)}, but {_quoted(text)} is {show(values[text])}"
    if test in values:
        return f"Expected {_quoted(test)}, got {show(values[test])}"
    return f"This does not hold: {_quoted(test)}"


def _compared(
    sides: Sequence[ast.expr], operators: Sequence[ast.cmpop], test: str, values: Mapping[str, object]
) -> str:
    texts = [ast.unparse(side) for side in sides]
    kept = [text in values for text in texts]
    if not any(kept):
        return f"This does not hold: {_quoted(test)}"
    shown = [show(values[text]) if text in values else _cut(text) for text in texts]
    answers = [place for place, side in enumerate(sides) if kept[place] and _is_answer(side)]
    if len(sides) == 2 and isinstance(operators[0], ast.Eq) and len(answers) == 1:
        (mine,) = answers
        if all(kept):  # long texts that differ in the middle have the same short form
            shown[mine], shown[1 - mine] = distinct_texts(values[texts[mine]], values[texts[1 - mine]])
        return f"{_quoted(texts[mine])}: expected {shown[1 - mine]}, got {shown[mine]}"
    if sum(kept) == 1:
        return f"Expected {_quoted(test)}, got {shown[kept.index(True)]}"
    signs = [_SIGNS[type(operator)] for operator in operators]
    return f"Expected {_quoted(test)}, got {' '.join(map(' '.join, zip(shown, [*signs, ''], strict=True))).strip()}"


def _is_answer(side: ast.expr) -> bool:
    """Whether one side of a comparison is what the submission gave, as far as its text tells."""
    names = {node.id for node in ast.walk(side) if isinstance(node, ast.Name)}
    return bool(names) and "reference" not in names


def _quoted(text: str) -> str:
    return f"`{_cut(text)}`"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


class _Rewriter(ast.NodeTransformer):
    """Replaces assertions; those that are joined by `and` become one each."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        return [self.one(test, node) for test in _joined(node.test)]

    def one(self, test: ast.expr, node: ast.Assert) -> ast.stmt:
        """``if not (test, its values kept): raise AssertionError(explained(message, text, values))``."""
        text = ast.unparse(test)
        kept: dict[str, str] = {}
        watched = _watched(test, kept)
        values = ast.Dict(
            keys=[ast.Constant(each) for each in kept],
            values=[ast.Name(name, ast.Load()) for name in kept.values()],
        )
        message = node.msg or ast.Constant(None)
        said = ast.Call(ast.Name(EXPLAIN, ast.Load()), [message, ast.Constant(text), values], [])
        raised = ast.Raise(ast.Call(ast.Name("AssertionError", ast.Load()), [said], []))
        made = ast.If(ast.UnaryOp(ast.Not(), watched), [raised], [])
        for each in ast.walk(made):
            if not hasattr(each, "lineno"):
                ast.copy_location(each, node)
        return made


def _joined(test: ast.expr) -> list[ast.expr]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [each for value in test.values for each in _joined(value)]
    return [test]


def _watched(test: ast.expr, kept: dict[str, str]) -> ast.expr:
    """The same expression, with the values of its operands kept under the names that `kept` then holds."""

    def keep(part: ast.expr) -> ast.expr:
        if isinstance(part, ast.Starred):
            return part
        text = ast.unparse(part)
        plain = not any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(part))
        if plain or isinstance(part, _WITHOUT_VALUE) or text in kept:
            return part
        kept[text] = _OPERAND.format(len(kept))
        return ast.NamedExpr(ast.Name(kept[text], ast.Store()), part)

    match test:
        case ast.Compare(left=left, ops=operators, comparators=others):
            return ast.Compare(keep(left), operators, [keep(each) for each in others])
        case ast.Call(func=function, args=arguments, keywords=keywords):
            return ast.Call(
                function,
                [keep(each) for each in arguments],
                [ast.keyword(each.arg, keep(each.value) if each.arg else each.value) for each in keywords],
            )
        case ast.UnaryOp(op=ast.Not() as negation, operand=operand):
            return ast.UnaryOp(negation, keep(operand))
    return keep(test)
