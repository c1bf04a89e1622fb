"""Known edits that hide a copy, for tests and `benchmarks/similarity.py`: each makes another module of one.

They are made on the syntax tree, so comments and formatting go at the same time. What they make need not run: it is
only compared.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Mapping

__all__ = ["EDITS"]


def _parsed(text: str) -> ast.Module:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False):
            node.body = body[1:] or [ast.Pass()]
    return tree


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def reformat(text: str) -> str:
    """Other line breaks, quotes, parentheses and spelling of numbers."""
    made = []
    for line in ast.unparse(_parsed(text)).splitlines():
        made.append(line.replace("'", '"') if '"' not in line else line)
    return "\n".join(made).replace(" + 1\n", " + (1.0)\n")


def comments(text: str) -> str:
    """A comment before every line, and other docstrings."""
    made = []
    for number, line in enumerate(ast.unparse(_parsed(text)).splitlines()):
        indent = line[: len(line) - len(line.lstrip())]
        made += [f"{indent}# step {number}: this is what I do here", line] if line.strip() else []
    return "\n".join(made)


def rename(text: str) -> str:
    """Every variable, parameter and attribute of the author's own gets another name."""
    tree = _parsed(text)
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = {name: f"value_{number}" for number, name in enumerate(sorted(own))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = names[node.arg]
    return ast.unparse(tree)


def reorder(text: str) -> str:
    """Functions and methods in the opposite order."""
    tree = _parsed(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            kinds = (ast.FunctionDef, ast.ClassDef)
            moved = [each for each in node.body if isinstance(each, kinds)]
            node.body = [each for each in node.body if not isinstance(each, kinds)] + moved[::-1]
    return ast.unparse(tree)


class _Loops(ast.NodeTransformer):
    """Loops that append become comprehensions, comprehensions loops, and `x += y` becomes `x = x + y`."""

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        match node.body:
            case [ast.Expr(ast.Call(ast.Attribute(found, "append"), [value]))] if not node.orelse:
                clause = ast.comprehension(node.target, node.iter, [], 0)
                target = copy.deepcopy(found)
                target.ctx = ast.Store()
                return ast.AugAssign(target, ast.Add(), ast.ListComp(value, [clause]))
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.AST]:
        self.generic_visit(node)
        match node:
            case ast.Assign([ast.Name(name)], ast.ListComp(value, [clause])):
                append = ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value], []))
                body: list[ast.stmt] = [append]
                for test in clause.ifs:
                    body = [ast.If(test, body, [])]
                return [ast.Assign(node.targets, ast.List([])), ast.For(clause.target, clause.iter, body, [])]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id), node.op, node.value))
        return node


def loops(text: str) -> str:
    """Loops as comprehensions and the other way round, `x += y` as `x = x + y`."""
    return ast.unparse(ast.fix_missing_locations(_Loops().visit(_parsed(text))))


def dead_code(text: str) -> str:
    """After every third statement a line that does nothing of use."""
    tree, draw = _parsed(text), random.Random(0)
    useless = ("unused = 0", "if False:\n    unused = [1, 2, 3]", "debug = len('abc')", "for _ in range(0):\n    pass")
    for function in _functions(tree):
        for node in ast.walk(function):
            body = getattr(node, "body", None)
            if isinstance(body, list) and len(body) > 1:
                made = []
                for number, each in enumerate(body):
                    made += [each, *(ast.parse(draw.choice(useless)).body if number % 3 == 1 else [])]
                node.body = made[:-1] if isinstance(made[-2], ast.Return) else made
    return ast.unparse(ast.fix_missing_locations(tree))


def split(text: str) -> str:
    """The second half of every longer function becomes one of its own, and so does the body of its first loop."""
    tree = _parsed(text)
    helpers: list[ast.stmt] = []
    for function in _functions(tree):
        loop = next((each for each in function.body if isinstance(each, ast.For) and len(each.body) > 2), None)
        if loop is not None:
            loop.body = [_moved(loop.body, helpers)]
        middle = len(function.body) // 2
        if middle >= 2:
            tail = function.body[middle:]
            function.body = [*function.body[:middle], _moved(tail, helpers)]
    tree.body += helpers
    return ast.unparse(ast.fix_missing_locations(tree))


def _moved(body: list[ast.stmt], helpers: list[ast.stmt]) -> ast.stmt:
    """A call in place of some statements, which become a function."""
    used = sorted({node.id for each in body for node in ast.walk(each) if isinstance(node, ast.Name)})[:6]
    name = f"helper_{len(helpers)}"
    parameters = ast.arguments([], [ast.arg(each) for each in used], None, [], [], None, [])
    helpers.append(ast.FunctionDef(name, parameters, body, [], lineno=1))
    return ast.Return(ast.Call(ast.Name(name), [ast.Name(each) for each in used], []))


def everything(text: str) -> str:
    """All of these, one after the other."""
    for edit in (loops, split, dead_code, rename, reorder, comments):
        text = edit(text)
    return text


EDITS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "names": rename,
    "comments": comments,
    "formatting": reformat,
    "order": reorder,
    "loops": loops,
    "dead code": dead_code,
    "split functions": split,
    "all of them": everything,
}
"""The edits, by what a table calls them."""
