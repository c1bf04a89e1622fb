"""What instructors call inside checks: compare, and say in one sentence what is wrong.

Every function here raises `CheckFailed` with a sentence that names the thing, what came, and what was wanted. They all
look in one order (present, type, shape, dtype, finite, values) and stop at the first miss. None of them believes
anything that a submission says about itself: they are given plain data and judge it.

This package is shipped to students: it needs `autograder.errors` and numpy only.
"""

from __future__ import annotations

from autograder.checks.compare import close, finite, same, shape
from autograder.checks.credit import Credit
from autograder.checks.figures import Curves, curves, has_curves
from autograder.checks.gradients import central_differences, gradient_matches, relative_error
from autograder.checks.metrics import Measurement, accuracy

__all__ = [
    "Credit",
    "Curves",
    "Measurement",
    "accuracy",
    "central_differences",
    "close",
    "curves",
    "finite",
    "gradient_matches",
    "has_curves",
    "relative_error",
    "same",
    "shape",
]
