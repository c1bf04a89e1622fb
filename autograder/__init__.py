"""autograder: assignments, releases and fair grades for machine-learning courses.

An instructor needs `Assignment`, `Dataset`, `Limits`, `Case` and `Item` from here, and the functions of
`autograder.checks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.assignment.dataset import Dataset
    from autograder.assignment.declaration import Assignment, Case
    from autograder.assignment.rubric import Item
    from autograder.results import Limits

__all__ = ["Assignment", "Case", "Dataset", "Item", "Limits", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: students get this file without most of the package."""
    if name == "Assignment":
        from autograder.assignment.declaration import Assignment

        return Assignment
    if name == "Case":
        from autograder.assignment.declaration import Case

        return Case
    if name == "Dataset":
        from autograder.assignment.dataset import Dataset

        return Dataset
    if name == "Limits":
        from autograder.results import Limits

        return Limits
    if name == "Item":
        from autograder.assignment.rubric import Item

        return Item
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
