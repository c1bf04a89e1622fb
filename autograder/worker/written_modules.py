"""Modules that a notebook writes itself (``%%writefile model.py``): found in its working folder, as in Jupyter."""

from __future__ import annotations

import os
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType

__all__ = ["find_written_modules"]


_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def find_written_modules() -> None:
    """Put the working folder in front of everything on `sys.path`, whatever a later ``os.chdir`` makes of it.

    Python remembers what a folder holds until the folder's time changes, which a file written a moment after the first
    look does not do on every file system; below the working folder nothing is remembered.
    """
    root = os.path.realpath(os.getcwd())

    def finder(path: str) -> FileFinder:
        place = os.path.realpath(path or os.getcwd())
        if os.path.commonpath([root, place]) != root or not os.path.isdir(place):
            raise ImportError(f"{path} is outside the working folder", path=path)
        return _Fresh(path, *_LOADERS)

    sys.path[:] = ["", *(entry for entry in sys.path if entry)]
    if root == os.sep:  # everything is below it, and nothing would be remembered
        return
    sys.path_hooks.insert(0, finder)
    for path in [each for each in sys.path_importer_cache if os.path.realpath(each).startswith(root)]:
        del sys.path_importer_cache[path]


class _Fresh(FileFinder):
    """Looks into its folder each time."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where a module is, by what the folder holds now."""
        self.invalidate_caches()
        return super().find_spec(fullname, target)
