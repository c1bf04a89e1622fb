"""Importing this runs one empty cell in an IPython shell, once, in the warm process that sandboxes are forked from.

IPython and traitlets prepare much at the first use; children find it done, which saves each of them ten milliseconds.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__: list[str] = []


def _warm() -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    main = sys.modules.get("__main__")
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    shell: Any = InteractiveShell.instance(config=config, user_module=ModuleType("warm"))
    shell.run_cell("pass", silent=True)
    InteractiveShell.clear_instance()
    if main is not None:
        sys.modules["__main__"] = main


_warm()
