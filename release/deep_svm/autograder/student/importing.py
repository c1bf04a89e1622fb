"""The modules and notebooks of a folder, imported apart from those of any other folder. It is shipped to students."""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import importlib.util
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from autograder.cells import Code, is_notebook, read_code

__all__ = ["Modules", "place"]

_BEFORE_CELL = "_before_this_cell"


class Modules:
    """A folder's modules under their plain names, in `sys.modules` only while their code runs.

    So ``import backprop_network`` in one of them finds its neighbour, and two folders never share a module.

    Args:
        folder: holds the modules.
        needed: names of modules that are the folder's in any case, also where the standard library has such a one.
        before_cell: called before each cell of a notebook that does not begin with ``%%``.
    """

    def __init__(self, folder: Path, needed: Iterable[str], before_cell: Callable[[], None] | None = None) -> None:
        self.folder = folder
        self.before_cell = before_cell
        beside = {path.stem for path in folder.glob("*.py") if path.stem != "conftest" and path.stem[:5] != "test_"}
        self.stems = frozenset(needed) | (beside - set(sys.stdlib_module_names))
        self.own: dict[str, ModuleType] = {}

    def enter(self) -> dict[str, ModuleType]:
        """Put the folder's modules in place; return what was there."""
        there = sys.modules
        before = {stem: there.pop(stem) for stem in self.stems if stem in there}
        there.update(self.own)
        sys.meta_path.insert(0, self)
        return before

    def leave(self, before: Mapping[str, ModuleType]) -> None:
        """Take the folder's modules away again, and keep them."""
        sys.meta_path.remove(self)
        there = sys.modules
        self.own = {stem: there.pop(stem) for stem in self.stems if stem in there}
        there.update(before)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """What Python's import asks: where is this module? Only the folder's own are known here."""
        if path is not None or name not in self.stems:
            return None
        module, notebook = self.folder / f"{name}.py", self.folder / f"{name}.ipynb"
        if module.is_file():
            return importlib.util.spec_from_file_location(name, module, loader=_FromSource(name, str(module)))
        if notebook.is_file():
            loader = _FromCells(name, str(notebook), self.before_cell)
            return importlib.util.spec_from_file_location(name, notebook, loader=loader)
        return None


def place(file: str, line: int) -> tuple[str, int]:
    """Of a line of a notebook's module: the words for its cell, and the line in it; else nothing, and the line."""
    if not is_notebook(file) or not line:
        return "", line
    number, line = read_code(Path(file)).where(line)
    return f"cell {number} of ", line


class _FromSource(importlib.machinery.SourceFileLoader):
    """Always compiles the source: a cached form could be stale, and would litter the folder."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _FromCells(_FromSource):
    """Compiles the code cells of a notebook; ``await`` may stand outside of functions, as in Jupyter.

    `before_cell` is called before each cell that does not begin with ``%%``.
    """

    def __init__(self, fullname: str, path: str, before_cell: Callable[[], None] | None = None) -> None:
        super().__init__(fullname, path)
        self.before_cell = before_cell

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        found = read_code(Path(path))
        tree: ast.Module = compile(found.text, path, "exec", flags=flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        if self.before_cell:
            tree.body = list(_with_calls(tree.body, found))
        code: CodeType = compile(tree, path, "exec", flags=flags, dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells, one after the other; what they print is of no use here."""
        code = self.get_code(module.__name__)
        vars(module).setdefault("display", print)
        if self.before_cell:
            vars(module)[_BEFORE_CELL] = self.before_cell
        os.environ.setdefault("MPLBACKEND", "Agg")  # nobody waits for a window
        with contextlib.redirect_stdout(io.StringIO()):
            if code.co_flags & inspect.CO_COROUTINE:
                import asyncio

                asyncio.run(FunctionType(code, vars(module))())
            else:
                exec(code, vars(module))  # noqa: S102


def _with_calls(statements: Iterable[ast.stmt], code: Code) -> Iterator[ast.stmt]:
    """The statements with a call in front of each cell's first."""
    lines = code.text.split("\n")
    before = 0
    for statement in statements:
        number, line = code.where(statement.lineno)
        magic = lines[statement.lineno - line].startswith("# %%")
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if number != before and not magic and not future:
            before = number
            call = ast.Expr(ast.Call(ast.Name(_BEFORE_CELL, ast.Load()), [], []))
            yield ast.fix_missing_locations(ast.copy_location(call, statement))
        yield statement
