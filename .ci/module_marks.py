"""Modules of autograder/ run with marks: `module_coverage.py` puts this beside the installed packages.

Every Python process of the environment imports it at its start, by a .pth file.
"""

from __future__ import annotations

import _imp
import builtins
import marshal
import mmap
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType

FOLDER = os.path.dirname(__file__)
KIT = "/autograder_checks/"
"""A copy of the student kit is marked as the original is."""

_unmarked = SourceFileLoader.get_code


def _ran() -> mmap.mmap | bytearray:
    """One byte for each block, shared with all processes; where that cannot be written, marks are lost."""
    try:
        with open(f"{FOLDER}/ran", "r+b") as file:
            return mmap.mmap(file.fileno(), 0)
    except OSError:
        return bytearray(os.path.getsize(f"{FOLDER}/ran"))


def _marked(path: str) -> str:
    """Where the marked code of a file is, if it has any."""
    _, is_kit, inside = path.rpartition(KIT)
    if is_kit:
        return f"{FOLDER}/code/checks/{inside}"
    with open(f"{FOLDER}/home", encoding="utf-8") as file:
        home = file.read()
    return f"{FOLDER}/code/{path.removeprefix(home)}" if path.startswith(home) else ""


def _get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
    """The code that was compiled with marks, of all other files their own."""
    try:
        with open(_marked(loader.path), "rb") as file:
            code = marshal.load(file)  # noqa: S302 (ours)
    except OSError:
        return _unmarked(loader, fullname)
    _imp._fix_co_filename(code, loader.path)  # type: ignore[attr-defined]
    return code  # type: ignore[no-any-return]


class Finder:
    """Finds modules of autograder/ as the other finders do, for pytest would compile them itself."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The module with the ordinary loader; None for all others."""
        if name.partition(".")[0] != "autograder":
            return None
        for finder in sys.meta_path[1:]:
            spec = finder.find_spec(name, path, target)  # type: ignore[arg-type]
            if spec is not None:
                if spec.origin and spec.origin.endswith(".py"):
                    spec.loader = SourceFileLoader(name, spec.origin)
                return spec
        return None


class First(list):  # type: ignore[type-arg]
    """Finders, of which the first stays the first: pytest puts its own before all others."""

    def insert(self, index: int, finder: object) -> None:  # type: ignore[override]
        """Insert, but not before the first."""
        super().insert(max(index, 1), finder)


builtins._ran_ = _ran()  # type: ignore[attr-defined]
SourceFileLoader.get_code = _get_code  # type: ignore[method-assign, assignment]
sys.meta_path = First([Finder, *sys.meta_path])
