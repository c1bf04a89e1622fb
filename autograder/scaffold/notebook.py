"""A solved notebook as a module: what it defines, and then, as its example, all else that its cells do."""

from __future__ import annotations

import ast
import builtins
import json
import re
import textwrap
from pathlib import Path

from autograder.checks.errors import InstructorError
from autograder.checks.local.notebook_code import read_code
from autograder.markers import END

__all__ = ["as_module", "is_otter"]

OTTER = re.compile(r"^#+\s*(ASSIGNMENT CONFIG|BEGIN QUESTION|BEGIN SOLUTION NO PROMPT)\b", re.MULTILINE | re.IGNORECASE)


def as_module(path: Path) -> str:
    """The text of a module with the definitions of a notebook, and a part for ``__main__`` with its other statements.

    Raises:
        InstructorError: the notebook cannot be read, or its code is no Python; with its cell and line.
    """
    try:
        code = read_code(path)
    except SyntaxError as error:
        raise InstructorError(f"{path}: {error.msg}.") from None
    try:
        tree = ast.parse(code.text)
    except SyntaxError as error:
        cell, line = code.where(error.lineno or 1)
        raise InstructorError(
            f"{path}, cell {cell}, line {line}: this is no Python ({error.msg}); correct it."
        ) from None
    lines = code.text.split("\n")
    of_module = _of_module(tree)
    defined: list[str] = []
    done: list[str] = []
    last, at = defined, 0
    for node in tree.body:
        end = node.end_lineno or node.lineno
        chunk = lines[at:end]
        closing = max((place for place, line in enumerate(chunk) if line.strip() == END), default=-1) + 1
        inside = node.lineno - 1 - at if node.lineno - 1 >= at else 0
        closing = min(closing, max(inside, 0))
        last += chunk[:closing]
        last = defined if node in of_module else done
        last += chunk[closing:]
        at = max(at, end)
    last += lines[at:]
    body = textwrap.indent("\n".join(done).strip("\n"), "    ")
    return "\n".join([*defined, "", 'if __name__ == "__main__":', body or "    pass"]) + "\n"


def _of_module(tree: ast.Module) -> set[ast.stmt]:
    """The statements that belong to the module: definitions, and the values that functions use, as far as they can."""
    inside = {
        each.id
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    found: set[ast.stmt] = set()
    known = set(dir(builtins))
    for node in tree.body:
        names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        bound = {each.id for each in names if isinstance(each.ctx, ast.Store)}
        read = {each.id for each in names} - bound
        value = isinstance(node, (ast.Assign, ast.AnnAssign)) and bool(bound & inside) and read <= known
        if not (_defines(node) or value):
            continue
        found.add(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= {(each.asname or each.name).partition(".")[0] for each in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            known.add(node.name)
        else:
            known |= bound
    return found


def _defines(node: ast.stmt) -> bool:
    """Whether a statement belongs to the module: imports, functions, classes, docstrings and constants."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def is_otter(path: Path) -> bool:
    """Whether a notebook is a master of Otter Assign."""
    try:
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
        return any(OTTER.search("".join(cell["source"])) for cell in cells if cell["cell_type"] != "code")
    except (OSError, ValueError, KeyError, TypeError):
        return False
