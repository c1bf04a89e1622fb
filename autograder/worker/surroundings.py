"""autograder.worker.surroundings: TODO docstring."""

from __future__ import annotations

from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["BACKEND", "CellStream", "CellTimeout", "InlineBackend"]


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
