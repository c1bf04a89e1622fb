"""What the cells of a notebook find around them: output streams, a backend for plots, and the modules that they write
themselves (``%%writefile model.py``), found in the working folder as in Jupyter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
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
from typing import Any

__all__ = ["BACKEND", "CellStream", "CellTimeout", "InlineBackend", "find_written_modules"]

BACKEND = "autograder_inline"


class CellTimeout(KeyboardInterrupt):
    """A cell ran longer than it may; like Ctrl-C, so that no ``except Exception`` of the notebook catches it.

    `limit` is ``"wall"`` or ``"cpu"``.
    """

    limit = "wall"


class InlineBackend(MetaPathFinder, Loader):
    """Makes a matplotlib backend, when that is asked for: drawn with Agg, and ``plt.show`` hands the figures over.

    Inside a sandbox there is no file that matplotlib could import as one.
    """

    def __init__(self, show: Callable[..., None]) -> None:
        self._show = show

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Found under one name."""
        return ModuleSpec(name, self) if name == BACKEND else None

    def exec_module(self, module: ModuleType) -> None:
        """What matplotlib looks for in a backend."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        vars(module).update(FigureCanvas=FigureCanvasAgg, show=self._show)


class CellStream:
    """A text stream whose writes become outputs of the cell."""

    encoding, errors, closed = "utf-8", "backslashreplace", False

    def __init__(self, name: str, printed: Callable[[str, str], None]) -> None:
        self._name, self._printed = name, printed

    def write(self, text: str) -> int:
        """Take some text.

        Raises:
            TypeError: it is no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._printed(self._name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        """No terminal."""
        return False

    def readable(self) -> bool:
        """Nothing can be read."""
        return False

    def writable(self) -> bool:
        """It can be written."""
        return True

    def fileno(self) -> int:
        """The descriptor of the worker's own output: what programs write there is kept apart."""
        return 1


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
