"""autograder: assignments, releases and fair grades for machine-learning courses.

An instructor needs `Assignment`, `Dataset`, `Limits`, `Case`, `Drawn` and `Item` from here, and the functions of
`autograder.checks`.
"""

from __future__ import annotations

from autograder.assignment.dataset import Dataset
from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Case
from autograder.assignment.rubric import Item
from autograder.assignment.variants import Drawn
from autograder.results import Limits

__all__ = ["Assignment", "Case", "Dataset", "Drawn", "Item", "Limits", "__version__"]
__version__ = "0.1.0"
