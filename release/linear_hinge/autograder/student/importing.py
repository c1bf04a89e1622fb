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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from autograder.cells import is_notebook, read_code

__all__ = ["Modules", "place"]


class Modules:
    """A folder's modules under their plain names, in `sys.modules` only while their code runs.

    So ``import backprop_network`` in one of them finds its neighbour, and two folders never share a module.

    Args:
        folder: holds the modules.
        needed: names of modules that are the folder's in any case, also where the standard library has such a one.
    """

    def __init__(self, folder: Path, needed: Iterable[str]) -> None:
        self.folder = folder
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
        for file, loader in ((self.folder / f"{name}.py", _FromSource), (self.folder / f"{name}.ipynb", _FromCells)):
            if file.is_file():
                return importlib.util.spec_from_file_location(name, file, loader=loader(name, str(file)))
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
    """Compiles the code cells of a notebook; ``await`` may stand outside of functions, as in Jupyter."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: CodeType = compile(read_code(Path(path)).text, path, "exec", flags=flags, dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells, one after the other; what they print is of no use here."""
        code = self.get_code(module.__name__)
        vars(module).setdefault("display", print)
        os.environ.setdefault("MPLBACKEND", "Agg")  # nobody waits for a window
        with contextlib.redirect_stdout(io.StringIO()):
            if code.co_flags & inspect.CO_COROUTINE:
                import asyncio

                asyncio.run(FunctionType(code, vars(module))())
            else:
                exec(code, vars(module))  # noqa: S102
