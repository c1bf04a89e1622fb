"""The modules and notebooks of a folder, imported apart from those of any other folder. It is shipped to students."""

from __future__ import annotations
import __future__

import ast
import contextlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .colab import find_colab
from .kit import OURS
from .notebook_code import is_notebook, read_code
from .shadowed_modules import OwnLoader, OwnModules, clashing

__all__ = ["FailedCell", "Modules", "place"]

_FUTURES = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))
"""What ``from __future__ import ...`` in a cell means for the cells after it."""


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A cell of a notebook that raised: its number, the error, its text, and that of all cells after it."""

    number: int
    error: BaseException
    source: str
    later: str


class Modules:
    """A folder's modules under their plain names, in `sys.modules` only while their code runs.

    So ``import backprop_network`` in one of them finds its neighbour, and two folders never share a module. Packages
    are found as well; of modules named like Python's own, see `checks.local.shadowed_modules`.

    Args:
        folder: holds the modules.
        needed: names of modules that are the folder's in any case, whether they are there or not.
        before_cell: called before each cell of a notebook that does not begin with ``%%``.
        failed: called with a notebook's module and each of its cells that raises; says whether the cells after it run.
            Without it the import raises what the cell raised.
    """

    def __init__(
        self,
        folder: Path,
        needed: Iterable[str],
        before_cell: Callable[[], None] | None = None,
        failed: Callable[[str, FailedCell], bool] | None = None,
    ) -> None:
        self.folder = folder
        self.before_cell = before_cell
        self.failed = failed
        self.clashing = OwnModules(folder, clashing(folder) if folder.is_dir() else ())
        self.packages = frozenset(_packages(folder))
        beside = {path.stem for path in folder.glob("*.py") if path.stem != "conftest" and path.stem[:5] != "test_"}
        self.stems = (frozenset(needed) | beside | self.packages) - self.clashing.names
        self.own: dict[str, ModuleType] = {}

    def enter(self) -> dict[str, ModuleType]:
        """Put the folder's modules in place; return what was there."""
        there = sys.modules
        before = {name: there.pop(name) for name in self._loaded()}
        there.update(self.own)
        sys.meta_path.insert(0, self)
        return before

    def leave(self, before: Mapping[str, ModuleType]) -> None:
        """Take the folder's modules away again, and keep them."""
        sys.meta_path.remove(self)
        there = sys.modules
        self.own = {name: there.pop(name) for name in self._loaded()}
        there.update(before)

    def module(self, name: str) -> ModuleType:
        """One of the folder's modules, imported once."""
        if name in self.clashing.names:
            return self.clashing.module(name)
        return importlib.import_module(name)

    def _loaded(self) -> list[str]:
        """Names in `sys.modules` that are the folder's while its code runs."""
        if not self.packages:
            return [stem for stem in self.stems if stem in sys.modules]
        return [name for name in sys.modules if name.partition(".")[0] in self.stems]

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """What Python's import asks: where is this module? Only the folder's own are known here."""
        top, _, inner = name.partition(".")
        if top not in self.stems:
            return self.clashing.find_spec(name, path, target) if self.clashing.names else None
        notebook = self.folder / f"{name}.ipynb"
        if path is None and not (self.folder / f"{name}.py").is_file() and notebook.is_file():
            loader = _FromCells(name, str(notebook), self.before_cell, self.failed)
            return importlib.util.spec_from_file_location(name, notebook, loader=loader)
        found = importlib.machinery.PathFinder.find_spec(name, path if inner else [str(self.folder)])
        if found is not None and type(found.loader) is importlib.machinery.SourceFileLoader:
            loader_of = _FromSource if not self.clashing.names else partial(OwnLoader, own=self.clashing)
            found.loader = loader_of(name, str(found.origin))
        return found


def _packages(folder: Path) -> Iterator[str]:
    """Folders with modules in them, but for the toolkit."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.isidentifier() and path.name not in OURS and path.is_dir() and any(path.glob("*.py")):
            yield path.name


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
    """Runs the code cells of a notebook; ``await`` may stand outside of functions, as in Jupyter.

    `before_cell` is called before each cell that does not begin with ``%%``, and `failed` after each that raises.
    """

    def __init__(
        self,
        fullname: str,
        path: str,
        before_cell: Callable[[], None] | None = None,
        failed: Callable[[str, FailedCell], bool] | None = None,
    ) -> None:
        super().__init__(fullname, path)
        self.before_cell = before_cell
        self.failed = failed

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells, one after the other; what they print is of no use here."""
        path = self.get_filename(module.__name__)
        vars(module).setdefault("display", print)
        os.environ.setdefault("MPLBACKEND", "Agg")  # nobody waits for a window
        find_colab()
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        cells = list(read_code(Path(path)).cells())
        with contextlib.redirect_stdout(io.StringIO()):
            for place, (number, first, source) in enumerate(cells):
                try:
                    in_its_place = "\n" * (first - 1) + source
                    code: CodeType = compile(in_its_place, path, "exec", flags=flags, dont_inherit=True)
                    flags |= code.co_flags & _FUTURES
                    if self.before_cell and not source.startswith("# %%"):
                        self.before_cell()
                    _run(code, vars(module))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # exit() in a cell ends that cell
                    later = "\n".join(text for _, _, text in cells[place + 1 :])
                    if self.failed is None:
                        raise
                    if not self.failed(module.__name__, FailedCell(number, error, source, later)):
                        return


def _run(code: CodeType, names: dict[str, Any]) -> None:
    """Run a cell, in an event loop if it awaits something."""
    if code.co_flags & inspect.CO_COROUTINE:
        import asyncio

        asyncio.run(FunctionType(code, names)())
    else:
        exec(code, names)  # noqa: S102
