"""Tests that an instructor already has, as checks: of pytest, of unittest with Gradescope's decorators, and doctests.

Their text is read, and nothing of it is run. What they call of the reference becomes a call of the student's; what
they assert becomes a comparison with a sentence. A test that cannot be said that way is named, with its line.
"""

from __future__ import annotations

import ast
import builtins
import copy
import doctest
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Foreign", "doctests_in", "tests_in"]

KNOWN_MODULES = {"numpy": "np", "math": "math"}
PYTEST_ONLY = {"tmp_path", "tmpdir", "capsys", "caplog", "monkeypatch", "request", "mocker", "benchmark"}
BUILT_INS = frozenset(dir(builtins))
VISIBLE = "visible"


@dataclass(frozen=True, slots=True)
class Foreign:
    """One test: where it stands, its body as that of a check, and what else its author says of it.

    `stays` says why it is no check, "" if it is one; `names` are the public names of the reference that it uses, in the
    order of use; `points` None where it says none.
    """

    line: int
    id: str
    title: str
    lines: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    stays: str = ""
    hidden: bool = True
    points: float | None = None


class Stays(Exception):
    """A test that cannot be a check; the text says why, as the end of a sentence."""


def tests_in(source: str, public: Collection[str], modules: Collection[str]) -> list[Foreign]:
    """The tests of a file of pytest or unittest.

    Args:
        source: its text.
        public: what the reference defines.
        modules: names of the reference's modules.

    Raises:
        SyntaxError: it is no Python.
    """
    return list(_File(ast.parse(source), public, modules).tests())


def doctests_in(function: str, text: str, first_line: int, public: Collection[str]) -> Foreign | None:
    """The examples in one docstring, None where there are none.

    Args:
        function: qualified name of what the docstring belongs to.
        text: the docstring.
        first_line: its line in the file.
        public: what the reference defines.
    """
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError as error:
        return Foreign(first_line, "", "", stays=f"cannot be read as a doctest ({error})")
    if not examples:
        return None
    line = first_line + examples[0].lineno
    rewriting = _Rewriting(public, {})
    lines: list[str] = []
    try:
        for each in examples:
            lines += _example(each, rewriting)
    except (Stays, SyntaxError) as error:
        return Foreign(line, "", "", stays=str(error) or "is no Python")
    if not any("(" in each and each.split("(")[0] in ("agree", "raises") for each in lines):
        return None
    short = re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", function)).lower()
    title = f"The examples in the docstring of {function} hold."
    return Foreign(
        line, f"{short}_does_as_its_docstring_shows", title, tuple(lines), tuple(rewriting.used), hidden=False
    )


def _example(example: doctest.Example, rewriting: _Rewriting) -> list[str]:
    tree = ast.parse(example.source)
    if example.exc_msg is not None:
        if not isinstance(tree.body[-1], ast.Expr):
            raise Stays("expects an exception of a statement")
        kind = example.exc_msg.partition(":")[0].strip()
        call = ast.unparse(rewriting.visit(tree.body[-1].value))
        return [f"raises({kind!r}, lambda: {call}, name={_short(example.source)!r})"]
    if not example.want.strip():
        return [line for each in tree.body for line in ast.unparse(rewriting.visit(each)).splitlines()]
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        raise Stays("shows what a statement prints")
    expression = tree.body[0].value
    if isinstance(expression, ast.Call) and getattr(expression.func, "id", "") == "print":
        raise Stays("compares what is printed")
    want = _shown(example.want)
    name = _short(example.source)
    return [f"agree({ast.unparse(rewriting.visit(expression))}, {want}, {name!r}, rtol=1e-4, atol=1e-6)"]


def _shown(text: str) -> str:
    """A printed value as an expression: literals, and arrays as numpy prints them."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise Stays(f"shows {text.strip()[:40]!r}, which is no literal") from None

    class Arrays(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            name = ast.unparse(node.func)
            if node.args and (name == "array" or name.startswith("np.")):
                inner: ast.AST = self.visit(node.args[0])
                return inner
            raise Stays(f"shows {text.strip()[:40]!r}, which is no literal")

        def visit_Name(self, node: ast.Name) -> ast.AST:
            raise Stays(f"shows {node.id!r}, which is no literal")

    found = Arrays().visit(tree)
    try:
        ast.literal_eval(found)
    except ValueError:
        raise Stays(f"shows {text.strip()[:40]!r}, which is no literal") from None
    return ast.unparse(found)


# --- names ---


@dataclass(slots=True)
class _Rewriting(ast.NodeTransformer):
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


# --- files of tests ---


class _File:
    """A file of tests: its imports, fixtures and functions."""

    def __init__(self, tree: ast.Module, public: Collection[str], modules: Collection[str]) -> None:
        self.tree = tree
        self.public = set(public)
        self.imported: dict[str, str] = {}
        self.others: set[str] = set()
        self.fixtures: dict[str, ast.FunctionDef] = {}
        self.constants: dict[str, ast.stmt] = {}
        self.functions: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._import(alias.name, alias.asname or alias.name, modules)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if node.module and node.module.rpartition(".")[2] in modules:
                        self.imported[alias.asname or alias.name] = alias.name
                        if alias.name == "*":
                            self.imported |= {name: name for name in public}
                    else:
                        self.others.add(alias.asname or alias.name)
            elif isinstance(node, ast.FunctionDef):
                if any("fixture" in ast.unparse(each) for each in node.decorator_list):
                    self.fixtures[node.name] = node
                elif not node.name.startswith("test"):
                    self.functions.add(node.name)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node

    def _import(self, module: str, name: str, modules: Collection[str]) -> None:
        if module in modules:
            self.imported[name] = ""
        else:
            self.others.add(name.partition(".")[0])

    def tests(self) -> Iterator[Foreign]:
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                yield self.test(node, None)
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef) and each.name.startswith("test"):
                        yield self.test(each, node)

    def test(self, node: ast.FunctionDef, owner: ast.ClassDef | None) -> Foreign:
        """One test, as a check or with the reason why it is none."""
        doc = (ast.get_docstring(node) or "").strip().partition("\n")[0]
        title = doc or f"{node.name.removeprefix('test').strip('_').replace('_', ' ').capitalize()}."
        points, hidden, number = _decorated(node)
        title = f"{number}: {title}" if number else title
        title = title if title.endswith((".", "?", "!")) else f"{title}."
        rewriting = _Rewriting(self.public, self.imported, attributes=owner is not None)
        name = re.sub(r"\W", "_", node.name).lower()
        try:
            lines = self.body(node, owner, rewriting)
        except Stays as error:
            return Foreign(node.lineno, name, title, stays=str(error))
        if not rewriting.used:
            return Foreign(node.lineno, name, title, stays="calls nothing of the reference")
        return Foreign(
            node.lineno, name, title.replace('"', "'"), tuple(lines), tuple(rewriting.used), "", hidden, points
        )

    def body(self, node: ast.FunctionDef, owner: ast.ClassDef | None, rewriting: _Rewriting) -> list[str]:
        loops, looped = _parameters(node)
        lines: list[str] = []
        rewriting.local |= looped
        node = copy.deepcopy(node)
        asked = [arg.arg for arg in node.args.args if arg.arg not in ("self", *looped)]
        setup = [
            each
            for each in (owner.body if owner else [])
            if isinstance(each, ast.FunctionDef) and each.name in ("setUp", "setup_method", "setUpClass")
        ]
        for each in setup:
            lines += [line for step in copy.deepcopy(each).body for line in _judged(step, rewriting)]
        for fixture in asked:
            lines += self.fixture(fixture, rewriting, ())
        statements = node.body[1:] if ast.get_docstring(node) else node.body
        for statement in statements:
            lines += _judged(statement, rewriting)
        text = "\n".join(lines)
        used = {each.id for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Name)}
        stored = {
            each.id
            for each in ast.walk(ast.parse(text))
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        constants: list[str] = []
        for name, constant in self.constants.items():
            if name in used and name not in stored:
                constants += ast.unparse(rewriting.visit(copy.deepcopy(constant))).splitlines()
                stored.add(name)
        lacking = used & (self.others - {"np", "math", "pytest"}) | (used & self.functions) - stored
        if "numpy" in lacking:
            lacking.discard("numpy")
            constants.insert(0, "numpy = np")
        if lacking:
            raise Stays(f"uses {sorted(lacking)[0]!r}, which a check does not have")
        if "math" in used and "math" in self.others:
            constants.insert(0, "import math")
        if not re.search(r"\b(close|same|agree|raises|CheckFailed)\(", text):
            raise Stays("asserts nothing that was understood")
        for head in reversed(loops):
            lines = [head, *(f"    {line}" for line in lines)]
        return [*constants, *lines]

    def fixture(self, name: str, rewriting: _Rewriting, outer: tuple[str, ...]) -> list[str]:
        """The lines that make what a fixture gives."""
        if name in PYTEST_ONLY:
            raise Stays(f"uses pytest's fixture {name}")
        if name not in self.fixtures or name in outer:
            raise Stays(f"uses the fixture {name}, which is not in this file")
        node = copy.deepcopy(self.fixtures[name])
        if any("params" in ast.unparse(each) for each in node.decorator_list):
            raise Stays(f"uses the fixture {name}, which has parameters")
        lines = [line for each in node.args.args for line in self.fixture(each.arg, rewriting, (*outer, name))]
        statements = node.body[1:] if ast.get_docstring(node) else node.body
        for statement in statements:
            value = statement.value if isinstance(statement, (ast.Return, ast.Expr)) else None
            if isinstance(value, ast.Yield):
                value, given = value.value, True
            else:
                given = isinstance(statement, ast.Return)
            if given and value is not None:
                rewriting.local.add(name)
                return [*lines, f"{name} = {ast.unparse(rewriting.visit(value))}"]
            lines += _judged(statement, rewriting)
        raise Stays(f"uses the fixture {name}, which returns nothing at its end")


def _decorated(node: ast.FunctionDef) -> tuple[float | None, bool, str]:
    """Gradescope's @weight, @visibility and @number; hidden unless they say what is visible."""
    points: float | None = None
    hidden, number, gradescope = True, "", False
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and each.args and isinstance(each.args[0], ast.Constant):
            name, value = ast.unparse(each.func).rpartition(".")[2], each.args[0].value
            if name == "weight" and isinstance(value, (int, float)):
                points, gradescope = float(value), True
            elif name == "visibility":
                hidden, gradescope = value != VISIBLE, True
                continue
            elif name == "number":
                number, gradescope = str(value), True
    shown = not any("visibility" in ast.unparse(each) for each in node.decorator_list)
    return points, hidden and not (gradescope and shown), number


def _parameters(node: ast.FunctionDef) -> tuple[list[str], set[str]]:
    """Loops for @pytest.mark.parametrize, the outermost first, and the names that they give."""
    loops, names = [], set()
    for each in node.decorator_list:
        text = ast.unparse(each)
        if not isinstance(each, ast.Call) or "parametrize" not in ast.unparse(each.func):
            if "skip" in text or "xfail" in text:
                raise Stays(f"is marked {text}")
            continue
        given = each.args[0]
        if isinstance(given, ast.Constant):
            own = [part.strip() for part in str(given.value).split(",")]
        else:
            own = [str(part) for part in ast.literal_eval(given)]
        values = [_parameter(part) for part in getattr(each.args[1], "elts", ())]
        if not values:
            raise Stays("has parameters that are not listed in place")
        loops.append(f"for {', '.join(own)} in [{', '.join(values)}]:")
        names |= set(own)
    return loops[::-1], names


def _parameter(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("param"):
        inner = ", ".join(ast.unparse(each) for each in node.args)
        return f"({inner})" if len(node.args) > 1 else inner
    return ast.unparse(node)


# --- what is asserted ---


def _judged(statement: ast.stmt, rewriting: _Rewriting) -> list[str]:
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
        lines = [*head, *(f"    {line}" for each in statement.body for line in _judged(each, rewriting))]
        if statement.orelse:
            lines += ["else:", *(f"    {line}" for each in statement.orelse for line in _judged(each, rewriting))]
        return lines
    if isinstance(
        statement, (ast.Try, ast.Return, ast.Global, ast.Nonlocal, ast.FunctionDef, ast.ClassDef, ast.Delete)
    ):
        raise Stays(f"has a statement that a check cannot take over ({type(statement).__name__.lower()})")
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        raise Stays("imports something inside the test")
    return ast.unparse(ast.fix_missing_locations(rewriting.visit(statement))).splitlines()


def _asserted(test: ast.expr, rewriting: _Rewriting) -> list[str]:
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


def _true(test: ast.expr, rewriting: _Rewriting) -> list[str]:
    said = f"Expected {_short(ast.unparse(test))}, which does not hold."
    return [f"if not ({ast.unparse(rewriting.visit(test))}):", f"    raise CheckFailed({said!r})"]


def _equal(left: ast.expr, right: ast.expr, rewriting: _Rewriting) -> str:
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


def _same(got: ast.expr, want: ast.expr, rewriting: _Rewriting) -> str:
    name = _short(ast.unparse(got))
    return f"same({ast.unparse(rewriting.visit(got))}, {ast.unparse(rewriting.visit(want))}, name={name!r})"


def _close(got: ast.expr, want: ast.expr, tolerances: Mapping[str, str], rewriting: _Rewriting) -> str:
    name = _short(ast.unparse(got))
    given = ", ".join(f"{key}={tolerances[key]}" for key in ("rtol", "atol") if key in tolerances)
    return f"close({ast.unparse(rewriting.visit(got))}, {ast.unparse(rewriting.visit(want))}, name={name!r}, {given})"


def _called(call: ast.Call, rewriting: _Rewriting) -> list[str] | None:
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
        name = _short(ast.unparse(inner))
        kind = ast.unparse(call.args[0])
        return [f"raises({kind!r}, lambda: {ast.unparse(rewriting.visit(inner))}, name={name!r})"]
    raise Stays(f"uses {name}, which has no counterpart")


def _raising(statement: ast.With, rewriting: _Rewriting) -> list[str]:
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
    name = _short(ast.unparse(first.value))
    return [f"raises({kind!r}, lambda: {ast.unparse(rewriting.visit(first.value))}, name={name!r})"]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
