"""IPython's shell, made and used once when this is imported: by the warm process that sandboxes are forked from.

A child takes it over (`take`), which saves each notebook some twenty milliseconds of making its own.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

__all__ = ["make", "take"]


def make(module: ModuleType) -> Any:
    """IPython's shell with the names of a module, without history, colours and files that run at its start."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.profiledir import ProfileDir
    from IPython.paths import get_ipython_dir
    from traitlets.config import Config

    class Profile(ProfileDir):
        def check_startup_dir(self, change: object = None) -> None:
            """Nothing is put there: a sandbox without mounts refuses the mode that IPython gives to its file."""

    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    InteractiveShell.clear_instance()
    profile = Profile(location=os.path.join(get_ipython_dir(), "profile_default"), config=config)
    return InteractiveShell.instance(config=config, user_module=module, profile_dir=profile)


def take(module: ModuleType) -> Any:
    """The shell that was made in advance, given the names of a module; it can be had once in a process."""
    if not _waiting:
        return make(module)
    shell = _waiting.pop()
    shell.user_module, shell.user_ns = module, vars(module)
    shell.init_user_ns()
    return shell


def _made() -> Any:
    main = sys.modules.get("__main__")
    shell = make(ModuleType("notebook"))
    shell.run_cell("pass", silent=True)
    if main is not None:
        sys.modules["__main__"] = main
    return shell


_waiting: list[Any] = []  # filled below, in the one process that imports this to be warm


def warm() -> None:
    """Make the shell that the next `take` gives."""
    _waiting[:] = [_made()]
