"""A matplotlib backend for notebooks: drawn with Agg, and ``plt.show`` hands the open figures to the running shell."""

from __future__ import annotations

from typing import Any

from IPython.core.getipython import get_ipython
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

__all__ = ["FigureCanvas", "show"]


def show(*_: object, **__: object) -> None:
    """What ``plt.show`` calls, whatever it is given."""
    shell: Any = get_ipython()
    if shell is not None:
        shell.take_figures()
