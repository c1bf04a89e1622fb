"""The notebook that is running in this process: its names, its cells, and where a line of them stands.

It is shipped to students.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

__all__ = ["Kernel", "KernelModules", "kernel_of"]


@dataclass(frozen=True)
class Kernel:
    """What IPython holds of a running notebook.

    Args:
        shell: IPython's shell.
        file: the notebook's name, for messages.
    """

    shell: Any
    file: str = ""

    def running(self, file: str) -> Kernel:
        """The same, once the name of the notebook is known."""
        return replace(self, file=file)

    @property
    def names(self) -> Mapping[str, Any]:
        """The names that its cells have defined."""
        found: dict[str, Any] = self.shell.user_ns
        return found

    @property
    def module(self) -> ModuleType:
        """The module that these are the names of."""
        found: ModuleType = self.shell.user_module
        return found

    @property
    def cells(self) -> dict[int, str]:
        """The text of each cell that was run, by the number in its brackets."""
        return dict(enumerate(self.names.get("In", ())))

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        found: Mapping[str, int] = getattr(self.shell.compile, "_filename_map", {})
        return found

    def cell_of(self, filename: str) -> int:
        """The number of the cell whose code has this file name; 0 where it is no cell."""
        return self._numbers.get(filename, 0)


def kernel_of(names: Mapping[str, Any]) -> Kernel | None:
    """The running notebook that some global names belong to; None where they are those of anything else."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return Kernel(shell) if shell is not None and getattr(shell, "user_ns", None) is names else None


class KernelModules:
    """The modules beside a running notebook: those that it has imported, or would import, itself.

    What `checks.local.imports.Modules` is for files; nothing is kept apart here.
    """

    def __init__(self, stems: frozenset[str]) -> None:
        self.stems = stems
        self.names: frozenset[str] = frozenset()
        self.loaded: dict[str, ModuleType] = {}

    @property
    def clashing(self) -> KernelModules:
        """Modules named like Python's own are those that the notebook has found."""
        return self

    @property
    def own(self) -> dict[str, ModuleType]:
        """The modules that are imported."""
        return {stem: sys.modules[stem] for stem in self.stems if stem in sys.modules}

    def enter(self) -> dict[str, ModuleType]:
        """Nothing has to be put in place."""
        return {}

    def leave(self, before: Mapping[str, ModuleType]) -> None:
        """Nothing has to be taken away."""

    def module(self, name: str) -> ModuleType:
        """A module beside the notebook."""
        return importlib.import_module(name)
