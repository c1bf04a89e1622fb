"""What instructors call inside checks: compare, and say in one sentence what is wrong.

Every function here raises `CheckFailed` with a sentence that names the thing, what came, and what was wanted. They all
look in one order (present, type, shape, dtype, finite, values) and stop at the first miss. None of them believes
anything that a submission says about itself: they are given plain data and judge it.

This package is shipped to students: numpy and the toolkit's other shipped modules are enough.
"""

from __future__ import annotations

from autograder.checks.compare import close, finite, same, shape
from autograder.checks.cost import Cost, faster_than, lighter_than
from autograder.checks.credit import Credit
from autograder.checks.figures import Curves, curves, has_curves
from autograder.checks.gradients import central_differences, gradient_matches, relative_error
from autograder.checks.measurement import Measurement
from autograder.checks.metrics import accuracy, auc, error, loss, mean_squared_error, r2
from autograder.checks.raising import raises
from autograder.checks.source import forbidden, no_imports, no_loops, required, uses
from autograder.checks.structure import Layer, Parameter, Structure, structure
from autograder.checks.training import Curve, curve, gap
from autograder.sources import Source

__all__ = [
    "Cost",
    "Credit",
    "Curve",
    "Curves",
    "Layer",
    "Measurement",
    "Parameter",
    "Source",
    "Structure",
    "accuracy",
    "auc",
    "central_differences",
    "close",
    "curve",
    "curves",
    "error",
    "faster_than",
    "finite",
    "forbidden",
    "gap",
    "gradient_matches",
    "has_curves",
    "lighter_than",
    "loss",
    "mean_squared_error",
    "no_imports",
    "no_loops",
    "r2",
    "raises",
    "relative_error",
    "required",
    "same",
    "shape",
    "structure",
    "uses",
]
