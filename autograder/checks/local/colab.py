"""What notebooks of Colab import from there, for other machines: `google.colab`. It is shipped to students.

Files lie beside the notebook, so nothing of it is needed: a mount is passed over, and what waits for somebody says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["find_colab"]

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
