"""Assertions of a test that an instructor already has, as comparisons of the student's answer with the reference's."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

__all__ = ["Rewriting", "Stays", "judged", "short"]

BUILT_INS = frozenset(dir(builtins))


class Stays(Exception):
    """A test that cannot be a check; the text says why, as the end of a sentence."""


@dataclass(slots=True)
class Rewriting(ast.NodeTransformer):
    """What is the reference's becomes the student's.

    `imported` are names in the file for names of the reference ("" for the module itself).
    """

    public: Collection[str]
    imported: Mapping[str, str]
    local: set[str] = field(default_factory=set)
    used: list[str] = field(default_factory=list)
    attributes: bool = False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name of the reference's, unless the test has a variable of that name."""
        if isinstance(node.ctx, ast.Store):
            self.local.add(node.id)
            return node
        name = self.imported.get(node.id, node.id)
        if node.id in self.local or name not in self.public:
            return node
        return self._of_student(name)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """``module.name``, and ``self.name`` of a test class."""
        if isinstance(node.value, ast.Name):
            if self.imported.get(node.value.id) == "" and node.attr in self.public:
                return self._of_student(node.attr)
            if node.value.id == "self" and self.attributes:
                return ast.Name(node.attr, node.ctx)
        self.generic_visit(node)
        return node

    def _of_student(self, name: str) -> ast.AST:
        if name not in self.used:
            self.used.append(name)
        return ast.Attribute(ast.Name("student", ast.Load()), name, ast.Load())


def judged(statement: ast.stmt, rewriting: Rewriting) -> list[str]:
    """A statement of a test as lines of a check."""
    if isinstance(statement, ast.Assert):
        return _asserted(statement.test, rewriting)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        found = _called(statement.value, rewriting)
        if found is not None:
            return found
    if isinstance(statement, ast.With):
        return _raising(statement, rewriting)
    if isinstance(statement, (ast.For, ast.While, ast.If)):
        shell = copy.copy(statement)
        shell.body, shell.orelse = [ast.Pass()], []
        head = ast.unparse(ast.fix_missing_locations(rewriting.visit(shell))).splitlines()[:-1]
        lines = [*head, *(f"    {line}" for each in statement.body for line in judged(each, rewriting))]
        if statement.orelse:
            lines += ["else:", *(f"    {line}" for each in statement.orelse for line in judged(each, rewriting))]
        return lines
    if isinstance(
        statement, (ast.Try, ast.Return, ast.Global, ast.Nonlocal, ast.FunctionDef, ast.ClassDef, ast.Delete)
    ):
        raise Stays(f"has a statement that a check cannot take over ({type(statement).__name__.lower()})")
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        raise Stays("imports something inside the test")
    return ast.unparse(ast.fix_missing_locations(rewriting.visit(statement))).splitlines()


def _asserted(test: ast.expr, rewriting: Rewriting) -> list[str]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [line for each in test.values for line in _asserted(each, rewriting)]
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return [_equal(test.left, test.comparators[0], rewriting)]
    if isinstance(test, ast.Call):
        name = ast.unparse(test.func).rpartition(".")[2]
        if name in ("allclose", "isclose") and len(test.args) >= 2:
            relative = {"rel_tol": "rtol", "abs_tol": "atol"}
            usual = {"rtol": "1e-09", "atol": "0.0"} if "math" in ast.unparse(test.func) else {}
            usual = usual or {"rtol": "1e-05", "atol": "1e-08"}
            named = {relative.get(k.arg or "", k.arg or ""): ast.unparse(k.value) for k in test.keywords}
            named |= dict(zip(("rtol", "atol"), map(ast.unparse, test.args[2:4]), strict=False))
            return [_close(test.args[0], test.args[1], {**usual, **named}, rewriting)]
        if name == "array_equal" and len(test.args) == 2:
            return [_same(test.args[0], test.args[1], rewriting)]
        if name == "all" and len(test.args) == 1 and isinstance(test.args[0], ast.Compare):
            return _asserted(test.args[0], rewriting)
    return _true(test, rewriting)


def _true(test: ast.expr, rewriting: Rewriting) -> list[str]:
    said = f"Expected {short(ast.unparse(test))}, which does not hold."
    return [f"if not ({ast.unparse(rewriting.visit(test))}):", f"    raise CheckFailed({said!r})"]


def _equal(left: ast.expr, right: ast.expr, rewriting: Rewriting) -> str:
    for got, want in ((left, right), (right, left)):
        if isinstance(want, ast.Call) and ast.unparse(want.func).rpartition(".")[2] == "approx":
            named = {{"rel": "rtol", "abs": "atol"}.get(k.arg or "", ""): ast.unparse(k.value) for k in want.keywords}
            named.pop("", None)
            named |= dict(zip(("rtol", "atol"), map(ast.unparse, want.args[1:3]), strict=False))
            if "atol" in named and "rtol" not in named:
                named["rtol"] = "0.0"
            return _close(got, want.args[0], {"rtol": "1e-06", "atol": "1e-12", **named}, rewriting)
    plain = _is_literal(left) and not _is_literal(right)
    return _same(right, left, rewriting) if plain else _same(left, right, rewriting)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _same(got: ast.expr, want: ast.expr, rewriting: Rewriting) -> str:
    name = short(ast.unparse(got))
    return f"same({ast.unparse(rewriting.visit(got))}, {ast.unparse(rewriting.visit(want))}, name={name!r})"


def _close(got: ast.expr, want: ast.expr, tolerances: Mapping[str, str], rewriting: Rewriting) -> str:
    name = short(ast.unparse(got))
    given = ", ".join(f"{key}={tolerances[key]}" for key in ("rtol", "atol") if key in tolerances)
    return f"close({ast.unparse(rewriting.visit(got))}, {ast.unparse(rewriting.visit(want))}, name={name!r}, {given})"


def _called(call: ast.Call, rewriting: Rewriting) -> list[str] | None:
    """Calls that assert: of numpy.testing and of unittest; None for any other."""
    name = ast.unparse(call.func).rpartition(".")[2]
    named = {each.arg: ast.unparse(each.value) for each in call.keywords if each.arg}
    if name in ("assert_allclose",):
        rest = dict(zip(("rtol", "atol"), map(ast.unparse, call.args[2:4]), strict=False))
        return [_close(call.args[0], call.args[1], {"rtol": "1e-07", "atol": "0.0", **rest, **named}, rewriting)]
    if name in ("assert_array_almost_equal", "assert_almost_equal", "assertAlmostEqual", "assertAlmostEquals"):
        usual = "7" if name.startswith("assertA") or name == "assert_almost_equal" else "6"
        places = ast.unparse(call.args[2]) if len(call.args) > 2 else named.get("places", named.get("decimal", usual))
        atol = named.get("delta") or (f"{1.5 * 10.0 ** -int(places):g}" if places.lstrip("-").isdigit() else "")
        if not atol:
            raise Stays("has a number of places that is not written in place")
        return [_close(call.args[0], call.args[1], {"rtol": "0.0", "atol": atol}, rewriting)]
    if name in ("assert_array_equal", "assert_equal"):
        return [_same(call.args[0], call.args[1], rewriting)]
    if not name.startswith("assert"):
        return None
    if name in (
        "assertEqual",
        "assertEquals",
        "assertListEqual",
        "assertTupleEqual",
        "assertDictEqual",
        "assertSetEqual",
        "assertSequenceEqual",
        "assertMultiLineEqual",
    ):
        return [_equal(call.args[0], call.args[1], rewriting)]
    if name == "assertTrue":
        return _asserted(call.args[0], rewriting)
    signs = {
        "assertGreater": ">",
        "assertGreaterEqual": ">=",
        "assertLess": "<",
        "assertLessEqual": "<=",
        "assertIn": "in",
        "assertNotIn": "not in",
        "assertNotEqual": "!=",
        "assertIs": "is",
    }
    if name in signs:
        first, second = (ast.unparse(each) for each in call.args[:2])
        return _true(ast.parse(f"({first}) {signs[name]} ({second})", mode="eval").body, rewriting)
    words = {"assertFalse": "not ({})", "assertIsNone": "({}) is None", "assertIsNotNone": "({}) is not None"}
    if name in words:
        return _true(ast.parse(words[name].format(ast.unparse(call.args[0])), mode="eval").body, rewriting)
    if name == "assertIsInstance":
        return _true(
            ast.parse(f"isinstance({ast.unparse(call.args[0])}, {ast.unparse(call.args[1])})", mode="eval").body,
            rewriting,
        )
    if name == "assertRaises" and len(call.args) >= 2:
        inner = ast.Call(call.args[1], call.args[2:], call.keywords)
        name = short(ast.unparse(inner))
        kind = ast.unparse(call.args[0])
        return [f"raises({kind!r}, lambda: {ast.unparse(rewriting.visit(inner))}, name={name!r})"]
    raise Stays(f"uses {name}, which has no counterpart")


def _raising(statement: ast.With, rewriting: Rewriting) -> list[str]:
    """``with pytest.raises(ValueError):`` and ``with self.assertRaises(ValueError):``."""
    call = statement.items[0].context_expr
    name = ast.unparse(call.func).rpartition(".")[2] if isinstance(call, ast.Call) else ""
    first = statement.body[0]
    one = len(statement.items) == 1 and len(statement.body) == 1
    raising = name in ("raises", "assertRaises", "assertRaisesRegex") and one
    if not raising or not isinstance(call, ast.Call) or not isinstance(first, (ast.Expr, ast.Assign)):
        raise Stays(f"has a block 'with {ast.unparse(call)}' that a check cannot take over")
    kind = ast.unparse(call.args[0])
    if kind not in BUILT_INS:
        raise Stays(f"expects {kind}, which is no built-in exception")
    name = short(ast.unparse(first.value))
    return [f"raises({kind!r}, lambda: {ast.unparse(rewriting.visit(first.value))}, name={name!r})"]


def short(text: str) -> str:
    """The beginning of a text, in one line."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
