"""The notebook that is running in this process: its names, its cells, and where a line of them stands.

A cell has the number that it has when the notebook is graded: its place among all cells of the saved notebook, counted
from 1. One that is not saved as it was run has minus the number in its brackets. It is shipped to students.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from .notebook_code import cells_of

__all__ = ["Kernel", "KernelModules", "kernel_of"]


@dataclass(frozen=True)
class Kernel:
    """What IPython holds of a running notebook.

    Args:
        shell: IPython's shell.
        file: the notebook's name, for messages.
        folder: where it is saved.
    """

    shell: Any
    file: str = ""
    folder: Path = Path()

    def running(self, file: str, folder: Path) -> Kernel:
        """The same, once the name and the folder of the notebook are known."""
        return replace(self, file=file, folder=folder)

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

    @cached_property
    def cells(self) -> dict[int, str]:
        """The text of each cell that was run, by its number, in the order in which they were run last."""
        found: dict[int, str] = {}
        for count, text in enumerate(self.names.get("In", ())):
            found.pop(self._places[count], None)
            found[self._places[count]] = text
        return found

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """The number of a cell by that in its brackets."""
        run = self.names.get("In", ())
        typed = getattr(getattr(self.shell, "history_manager", None), "input_hist_raw", run)
        try:
            saved = {text.strip(): number for number, text in reversed(list(cells_of(self.folder / self.file)))}
        except (OSError, SyntaxError):
            saved = {}
        same = len(typed) == len(run)
        return {
            count: saved.get((typed[count] if same else text).strip(), saved.get(text.strip(), -count))
            for count, text in enumerate(run)
        }

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        found: Mapping[str, int] = getattr(self.shell.compile, "_filename_map", {})
        return found

    def cell_of(self, filename: str) -> int:
        """The number of the cell whose code has this file name; 0 where it is no cell."""
        count = self._numbers.get(filename, 0)
        return self._places.get(count, -count)


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
