"""How pytest runs the public checks on your own code: what `conftest.py` in your folder is made of.

A check that is not passed becomes one sentence, and your own traceback where your code raised. This module is
shipped to students: standard library, numpy and pytest only.
"""

from __future__ import annotations

import ast
import inspect
import os
import random
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from .. import Credit
from ..errors import CheckFailed, StudentError
from ..wording import are, series
from .notebook_code import is_notebook, read_code
from .student import LocalStudent

__all__ = ["attempted", "call", "rng_for", "student_in"]


def student_in(
    folder: Path, names: Mapping[str, str], *, cell_seed: int | None = None, run_on: bool = True
) -> LocalStudent:
    """The stand-in for the code in a folder; figures are drawn without a screen.

    Args:
        folder: where the files lie.
        names: each public name with its file.
        cell_seed: of the random numbers of each cell of a notebook; None for none.
        run_on: whether the cells after a failing one of a notebook still run.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")
    return LocalStudent(folder, names, cell_seed=cell_seed, run_on=run_on)


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
        raise StudentError("NOT_ATTEMPTED", f"Not attempted: {series(waiting)} {are(waiting)} not written yet")


def call(item: pytest.Function) -> bool:
    """Run one test, and turn what it finds into one sentence that names the question.

    Raises:
        pytest.fail.Exception: the check is not passed.
    """
    given = {name: item.funcargs[name] for name in inspect.signature(item.obj).parameters}
    marker = item.get_closest_marker("question")
    question = f"({marker.args[0]}) {marker.args[1]}" if marker else item.name
    failure = ""
    try:
        result = item.obj(**given)
        if isinstance(result, Credit) and result.fraction < 1:
            failure = f"{question}: {result.fraction:.0%} of the points. {result.message}".rstrip()
    except StudentError as error:
        failure = _sentence(error, question)
    except CheckFailed as error:
        failure = f"{question}: {error}"
    if failure:
        pytest.fail(failure, pytrace=False)  # out here, so that pytest does not show the error behind it as well
    return True


def _sentence(error: StudentError, question: str) -> str:
    if error.verdict == "NOT_ATTEMPTED":
        return f"not attempted: {question}: {error.message.removeprefix('Not attempted: ')}"
    trace = f"\n{error.trace}" if error.trace else ""
    return f"{question}: {error.message}{trace}"


def _tree(file: Path) -> tuple[ast.Module, StudentError | None]:
    """A module, or the cells of a notebook that are Python; and why the first of the other cells is none."""
    if not file.is_file():
        raise StudentError("MISSING", f"The file {file.name} is missing.", file=file.name)
    if not is_notebook(file.name):
        return _parsed(file.read_bytes(), file, file.name), None
    tree, unread = ast.Module([], []), None
    try:
        cells = list(read_code(file).cells())
    except SyntaxError as error:
        raise StudentError("RAISED", f"{error.msg}.", file=file.name) from None
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
            "RAISED", f"{where}, line {line}: this is not Python: {error.msg}.", file=file.name, line=line
        ) from None


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
