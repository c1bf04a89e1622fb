"""The public tests of a release: what they are given, and what becomes of them. It is shipped to students.

pytest runs them on the files (`testing`), and a notebook on what its cells have defined (`live_tests`).
"""

from __future__ import annotations

import ast
import random
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..errors import StudentError, Verdict
from ..wording import are, series
from .notebook_code import is_notebook, read_code

__all__ = ["attempted", "called_in", "not_attempted", "rng_for"]


def rng_for(name: str) -> np.random.Generator:
    """Random numbers for one test, the same in every run; `random` and `numpy.random` start anew with it."""
    number = zlib.crc32(name.encode())
    random.seed(number)
    np.random.seed(number)
    return np.random.default_rng(number)


def attempted(folder: Path, names: Mapping[str, str], solution: Iterable[str]) -> None:
    """Fail if some function or method of `solution` is still the stub, or is not there.

    Args:
        folder: where the files lie.
        names: each public name with its file.
        solution: functions, classes and methods (``Class.method``) to be written.

    Raises:
        StudentError: NOT_ATTEMPTED with the names that are still to be written; MISSING without the file, RAISED if
            it is no Python.
    """
    trees: dict[str, tuple[ast.Module, StudentError | None]] = {}
    waiting = []
    for name in solution:
        file = names[name.partition(".")[0]]
        if file not in trees:
            trees[file] = _tree(folder / file)
        tree, unread = trees[file]
        node = _find(tree, name.split("."))
        if node is None and unread:
            raise unread
        if node is None or _is_dots(node) or any(_is_stub(inner) for inner in ast.walk(node)):
            waiting.append(name)
    if waiting:
        raise not_attempted(waiting)


def not_attempted(names: list[str]) -> StudentError:
    """The error about functions that are still to be written."""
    return StudentError(Verdict.NOT_ATTEMPTED, f"Not attempted: {series(names)} {are(names)} not written yet")


def _tree(file: Path) -> tuple[ast.Module, StudentError | None]:
    """A module, or the cells of a notebook that are Python; and why the first of the other cells is none."""
    if not file.is_file():
        raise StudentError(Verdict.MISSING, f"The file {file.name} is missing.", file=file.name)
    if not is_notebook(file.name):
        return _parsed(file.read_bytes(), file, file.name), None
    tree, unread = ast.Module([], []), None
    try:
        cells = list(read_code(file).cells())
    except SyntaxError as error:
        raise StudentError(Verdict.RAISED, f"{error.msg}.", file=file.name) from None
    for number, _, source in cells:
        try:
            tree.body += _parsed(source, file, f"cell {number} of {file.name}").body
        except StudentError as error:
            unread = unread or error
    return tree, unread


def _parsed(source: str | bytes, file: Path, where: str) -> ast.Module:
    try:
        return ast.parse(source, file.name)
    except SyntaxError as error:
        line = error.lineno or 1
        raise StudentError(
            Verdict.RAISED, f"{where}, line {line}: this is not Python: {error.msg}.", file=file.name, line=line
        ) from None


def called_in(tests: Path) -> set[str]:
    """The names that a file of tests calls, such as ``student.relu(x)`` or ``student.map(student.relu, xs)``."""
    found = set()
    for call in ast.walk(ast.parse(tests.read_bytes())) if tests.is_file() else ():
        if isinstance(call, ast.Call):
            for each in (call.func, *call.args[:1] * _is_of_student(call.func)):
                if isinstance(each, ast.Attribute) and _is_of_student(each):
                    found.add(each.attr)
    return found


def _is_of_student(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "student"


def _find(tree: ast.AST, path: list[str]) -> ast.AST | None:
    """The definition (or assignment) of a dotted name, or None."""
    node: ast.AST | None = tree
    for name in path:
        node = next((child for child in ast.iter_child_nodes(node) if _binds(child, name)), None) if node else None
    return node


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == name


def _is_stub(node: ast.AST) -> bool:
    """Whether this is the ``raise NotImplementedError("... is not written yet")`` of a stub."""
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(text))])):
            return text.endswith(" is not written yet")
    return False


def _is_dots(node: ast.AST) -> bool:
    """Whether this is the ``name = ...`` of a stub."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is ...
