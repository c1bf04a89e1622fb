"""autograder: assignments, releases and fair grades for machine-learning courses.

An instructor needs `Assignment`, `Dataset`, `Limits`, `Case`, `Drawn` and `Item` from here, and the functions of
`autograder.checks`.
"""

from __future__ import annotations

from autograder import early_stop

early_stop.wait()  # before anything else is imported

from autograder.assignment.dataset import Dataset  # noqa: E402
from autograder.assignment.declaration import Assignment  # noqa: E402
from autograder.assignment.question import Case  # noqa: E402
from autograder.assignment.rubric import Item  # noqa: E402
from autograder.assignment.variants import Drawn  # noqa: E402
from autograder.results import Limits  # noqa: E402

__all__ = ["Assignment", "Case", "Dataset", "Drawn", "Item", "Limits", "__version__"]
__version__ = "0.1.0"
