"""The modules of a folder, imported apart from those of any other folder. It is shipped to students."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

__all__ = ["Modules"]


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
        file = self.folder / f"{name}.py"
        if path is not None or name not in self.stems or not file.is_file():
            return None
        return importlib.util.spec_from_file_location(name, file, loader=_FromSource(name, str(file)))


class _FromSource(importlib.machinery.SourceFileLoader):
    """Always compiles the source: a cached form could be stale, and would litter the folder."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code
