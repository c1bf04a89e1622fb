"""Imports that find something else than Python would: a folder's own modules, and stand-ins for those of Colab.

A module of the folder may be named like one that Python or a package has: ``random.py``, ``queue.py``, ``numpy.py``.
The folder's own code imports these, and all other code the ones it means. Notebooks of Colab import `google.colab`,
of which nothing is needed, since files lie beside the notebook: a mount is passed over, and what waits for somebody
says so. It is shipped to students.
"""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from .kit import OURS

__all__ = ["OwnLoader", "OwnModules", "clashing", "find_colab"]


def clashing(folder: Path, others: Container[str] = ()) -> frozenset[str]:
    """The names of a folder's modules that the standard library has as well, or that are among `others`.

    Those of the toolkit are left out: a copy of it comes with every release.
    """
    stems = {name[:-3] for name in os.listdir(folder) if name.endswith(".py")} - {"__init__", "__main__", *OURS}
    return frozenset(stem for stem in stems if stem in sys.stdlib_module_names or stem in others)


class OwnModules:
    """The modules of a folder whose names clash, loaded when its own code first imports them.

    They are not kept in `sys.modules`, where everybody would find them.

    Args:
        folder: holds the modules.
        names: those that clash; see `clashing`.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self.folder = folder
        self.names = frozenset(names)
        self.loaded: dict[str, ModuleType] = {}
        self.builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> ModuleType:
        """The folder's module of a name that clashes."""
        known = self.loaded.get(name)
        if known is None:
            path = str(self.folder / f"{name}.py")
            spec = importlib.util.spec_from_file_location(name, path, loader=OwnLoader(name, path, self))
            assert spec is not None
            assert spec.loader is not None
            known = self.loaded[name] = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(known)
            except BaseException:
                self.loaded.pop(name, None)
                raise
        return known

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """What Python's import asks: for names that clash the other one, and the folder's own code by `OwnLoader`."""
        if path is None:
            elsewhere = [each for each in sys.path if each and Path(each) != self.folder]
            if name in self.names:
                return PathFinder.find_spec(name, elsewhere)
            path = [str(self.folder)]
        found = PathFinder.find_spec(name, path)
        if found is None or not found.origin or type(found.loader) is not SourceFileLoader:
            return None
        if Path(found.origin).is_relative_to(self.folder):
            found.loader = OwnLoader(name, found.origin, self)
            return found
        return None

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        """What an import statement of the folder's own code calls."""
        if level == 0 and name in self.names:
            return self.module(name)
        return builtins.__import__(name, globals, locals, fromlist, level)


class OwnLoader(SourceFileLoader):
    """Runs a module whose import statements may mean one of the folder's own; nothing compiled is kept."""

    def __init__(self, fullname: str, path: str, own: OwnModules) -> None:
        super().__init__(fullname, path)
        self.own = own

    def get_code(self, fullname: str) -> Any:
        """Compiled from the source, always."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        """Run it with an import of its own."""
        vars(module)["__builtins__"] = self.own.builtins
        super().exec_module(module)


# --- Colab's modules on other machines ---

_PASSED_OVER = "{} is passed over: files are read from the folder of the notebook."
_WAITS = "{}() waits for somebody who chooses a file; hand the file in beside the notebook, and open it by its name"
_NO_SECRETS = "{}() asks for a secret of an account, and there is none; do without it"


def find_colab() -> None:
    """From now on `google.colab` can be imported; a real one goes first."""
    if not any(type(each) is _Colab for each in sys.meta_path):
        sys.meta_path.append(_Colab())


def _passes_over(name: str) -> Callable[..., None]:
    def passed_over(*_: Any, **__: Any) -> None:
        print(_PASSED_OVER.format(name))  # noqa: T201  (the output of a cell)

    return passed_over


def _refuses(name: str, why: str) -> Callable[..., None]:
    def refused(*_: Any, **__: Any) -> None:
        raise RuntimeError(why.format(name))

    return refused


def _does_nothing(*_: Any, **__: Any) -> None:
    """Only Colab's page would show it."""


_MODULES: dict[str, dict[str, Callable[..., None]]] = {
    "google": {},
    "google.colab": {},
    "google.colab.auth": {"authenticate_user": _passes_over("auth.authenticate_user")},
    "google.colab.data_table": {"enable_dataframe_formatter": _does_nothing},
    "google.colab.drive": {
        "mount": _passes_over("drive.mount"),
        "flush_and_unmount": _passes_over("drive.flush_and_unmount"),
    },
    "google.colab.files": {
        "download": _passes_over("files.download"),
        "upload": _refuses("files.upload", _WAITS),
    },
    "google.colab.output": {"clear": _does_nothing, "enable_custom_widget_manager": _does_nothing},
    "google.colab.userdata": {"get": _refuses("userdata.get", _NO_SECRETS)},
}


class _Colab:
    """Finds and makes the modules above."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """What Python's import asks."""
        if name not in _MODULES:
            return None
        return ModuleSpec(name, self, is_package=name in ("google", "google.colab"))  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the functions into it."""
        vars(module).update(_MODULES[module.__name__])
