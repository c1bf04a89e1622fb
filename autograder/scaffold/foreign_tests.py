"""Tests that an instructor already has, as checks: of pytest, of unittest with Gradescope's decorators, and doctests.

Their text is read, and nothing of it is run. What they call of the reference becomes a call of the student's; what
they assert becomes a comparison with a sentence. A test that cannot be said that way is named, with its line.
"""

from __future__ import annotations

import ast
import copy
import doctest
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from autograder.scaffold.assertions import Rewriting, Stays, judged, short

__all__ = ["Foreign", "doctests_in", "tests_in"]


KNOWN_MODULES = {"numpy": "np", "math": "math"}
PYTEST_ONLY = {"tmp_path", "tmpdir", "capsys", "caplog", "monkeypatch", "request", "mocker", "benchmark"}
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
    rewriting = Rewriting(public, {})
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


def _example(example: doctest.Example, rewriting: Rewriting) -> list[str]:
    tree = ast.parse(example.source)
    if example.exc_msg is not None:
        if not isinstance(tree.body[-1], ast.Expr):
            raise Stays("expects an exception of a statement")
        kind = example.exc_msg.partition(":")[0].strip()
        call = ast.unparse(rewriting.visit(tree.body[-1].value))
        return [f"raises({kind!r}, lambda: {call}, name={short(example.source)!r})"]
    if not example.want.strip():
        return [line for each in tree.body for line in ast.unparse(rewriting.visit(each)).splitlines()]
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        raise Stays("shows what a statement prints")
    expression = tree.body[0].value
    if isinstance(expression, ast.Call) and getattr(expression.func, "id", "") == "print":
        raise Stays("compares what is printed")
    want = _shown(example.want)
    name = short(example.source)
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
        rewriting = Rewriting(self.public, self.imported, attributes=owner is not None)
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

    def body(self, node: ast.FunctionDef, owner: ast.ClassDef | None, rewriting: Rewriting) -> list[str]:
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
            lines += [line for step in copy.deepcopy(each).body for line in judged(step, rewriting)]
        for fixture in asked:
            lines += self.fixture(fixture, rewriting, ())
        statements = node.body[1:] if ast.get_docstring(node) else node.body
        for statement in statements:
            lines += judged(statement, rewriting)
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

    def fixture(self, name: str, rewriting: Rewriting, outer: tuple[str, ...]) -> list[str]:
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
            lines += judged(statement, rewriting)
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
