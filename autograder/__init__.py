"""autograder: assignments, releases and fair grades for machine-learning courses.

An instructor needs `Assignment`, `Dataset`, `Limits`, `Case`, `Drawn` and `Item` from here, and the functions of
`autograder.checks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder import early_stop

if TYPE_CHECKING:
    from autograder.assignment.dataset import Dataset
    from autograder.assignment.declaration import Assignment
    from autograder.assignment.question import Case
    from autograder.assignment.rubric import Item
    from autograder.assignment.variants import Drawn
    from autograder.results import Limits

__all__ = ["Assignment", "Case", "Dataset", "Drawn", "Item", "Limits", "__version__"]
__version__ = "0.1.0"

_MODULES = {
    "Assignment": "autograder.assignment.declaration",
    "Case": "autograder.assignment.question",
    "Dataset": "autograder.assignment.dataset",
    "Drawn": "autograder.assignment.variants",
    "Item": "autograder.assignment.rubric",
    "Limits": "autograder.results",
}

early_stop.wait()  # before anything else is imported


def __getattr__(name: str) -> Any:
    """Import what is asked for: the forkserver, whose children are sandboxes, needs nothing of an assignment."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
