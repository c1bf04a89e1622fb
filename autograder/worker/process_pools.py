"""Process pools of a notebook by `spawn` and `forkserver`: their workers are new interpreters, which know no notebook.

Python has such a worker run the main program's file once more. A notebook is no such file, so the workers would die
while the pool waits. Here they run a file with what the notebook's own cells define: imports, functions, classes and
constants, and nothing that computes.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from autograder.checks.local.notebook_code import python_lines

__all__ = ["definitions", "serve_pools"]

_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)

_ABSENT = """

def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    def absent(*_, **__):
        raise NameError(
            f"{name!r} is not defined in worker processes; define it by def at the top of a cell, or in a module"
        )
    return absent
"""


def serve_pools(sources: Callable[[], Iterable[str]]) -> None:
    """From now on, worker processes of this one begin with what the notebook defines, in its working folder.

    Args:
        sources: gives the texts of the student's cells that were run.
    """
    from multiprocessing import process, spawn

    original = getattr(spawn.get_preparation_data, "original", spawn.get_preparation_data)
    process.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]  # what "" on sys.path becomes, for joblib as well

    def prepared(name: str) -> dict[str, Any]:
        context = original(name)
        context.pop("init_main_from_name", None)
        context["sys_path"] = [entry or os.getcwd() for entry in context["sys_path"]]
        context["init_main_from_path"] = _written(definitions(sources()))
        return context

    prepared.original = original  # type: ignore[attr-defined]
    spawn.get_preparation_data = prepared


def definitions(sources: Iterable[str]) -> str:
    """A module with the imports, functions, classes and constants of some cells; what fails there is passed over.

    Any other name is a function that raises NameError with a sentence, because a worker that finds none would die.
    """
    kept: list[ast.stmt] = []
    future: list[ast.stmt] = []
    for source in sources:
        try:
            body = ast.parse("\n".join(python_lines(source))).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                future.append(statement)
            elif isinstance(statement, _DEFINED) or _is_constant(statement):
                passing = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), None, [ast.Pass()])
                kept.append(ast.Try([statement], [passing], [], []))
    return ast.unparse(ast.fix_missing_locations(ast.Module([*future, *kept], []))) + _ABSENT


def _is_constant(statement: ast.stmt) -> bool:
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    try:
        ast.literal_eval(statement.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _written(text: str) -> str:
    """The path of a file with this text, in a folder of its own, so that nothing else is found beside it."""
    path = os.path.join(tempfile.mkdtemp(prefix="notebook-"), "notebook.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
