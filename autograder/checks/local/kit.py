"""The student kit by the name that it has in a release: a name of its own, so that an installed toolkit cannot clash.

`autograder release` copies the folder `autograder/checks` into each release as `autograder_checks`. Where the copy is
missing, as in a course's repository, `conftest.py` asks for the installed one under that name.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["KIT", "OURS", "ignore_checks", "kit_files", "use_installed"]

KIT = "autograder_checks"
"""The folder of a release that holds the kit, and the name that its tests import."""

OURS = frozenset({"autograder", KIT})
"""Names of modules that are the toolkit's and never a student's."""

_FOLDER = Path(__file__).parent.parent


def kit_files() -> dict[str, bytes]:
    """Every file of the kit: path inside of a release to content."""
    return {
        f"{KIT}/{path.relative_to(_FOLDER).as_posix()}": path.read_bytes() for path in sorted(_FOLDER.rglob("*.py"))
    }


def use_installed() -> None:
    """Make the kit of the installed toolkit importable under its own name."""
    spec = importlib.util.spec_from_file_location(
        KIT, _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[KIT] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


class _Nothing:
    """What `check` and `hint` return where nobody looks: no results and no steps, shown as nothing."""

    results = ()
    steps = ()
    said = ""

    def __repr__(self) -> str:
        return ""

    def _repr_html_(self) -> str:
        return ""


def ignore_checks() -> None:
    """From now on, what a notebook imports to test itself does nothing: it is graded from outside."""

    def ignored(*_: Any, **__: Any) -> _Nothing:
        return _Nothing()

    package = sys.modules[KIT] = ModuleType(KIT)
    module = sys.modules[f"{KIT}.notebook"] = ModuleType(f"{KIT}.notebook")
    vars(module).update(check=ignored, hint=ignored)
    vars(package).update(__path__=[], notebook=module)
