"""A matplotlib backend for notebooks: drawn with Agg, and ``plt.show`` hands the open figures to the running shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

__all__ = ["FigureCanvas", "show", "take_over"]

_NAME = f"module://{__name__}"
_taking: list[Callable[[], None]] = []


def take_over(taking: Callable[[], None]) -> None:
    """Let ``plt.show`` call this from now on, whether pyplot is loaded already or comes later."""
    _taking[:] = [taking]
    os.environ["MPLBACKEND"] = _NAME
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].switch_backend(_NAME)
    elif "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = _NAME


def show(*_: object, **__: object) -> None:
    """What ``plt.show`` calls; also where a notebook passes ``block=False``."""
    for taking in _taking:
        taking()


def __getattr__(name: str) -> object:
    """The canvas of Agg, loaded with matplotlib and not before."""
    if name == "FigureCanvas":
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        return FigureCanvasAgg
    raise AttributeError(name)
