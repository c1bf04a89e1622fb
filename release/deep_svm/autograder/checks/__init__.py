"""What instructors call inside checks: compare, and say in one sentence what is wrong.

Every function here raises `CheckFailed` with a sentence that names the thing, what came, and what was wanted. They all
look in one order (present, type, shape, dtype, finite, values) and stop at the first miss. None of them believes
anything that a submission says about itself: they are given plain data and judge it.

This package is shipped to students: numpy and the toolkit's other shipped modules are enough.
"""

from __future__ import annotations

from autograder.checks.autograd import autograd_gradient
from autograder.checks.compare import close, finite, same, shape
from autograder.checks.cost import Cost, faster_than, lighter_than
from autograder.checks.credit import Credit, Measured, Threshold
from autograder.checks.differences import central_differences
from autograder.checks.disguise import Rearranged, disguised, rearranged
from autograder.checks.figures import Axes, Figure, figure, figures_drawn
from autograder.checks.gradients import gradient_matches, relative_error
from autograder.checks.kinds import real
from autograder.checks.learning import no_learning_on_noise, overfits_one_batch, weights_changed
from autograder.checks.measurement import Measurement
from autograder.checks.metrics import accuracy, auc, error, loss, mean_squared_error, r2
from autograder.checks.parameters import parameter_points
from autograder.checks.pipelines import Estimator, estimator, fitted_in_folds, grid_scores, leakage_probe
from autograder.checks.plots import Curves, curves, has_curves
from autograder.checks.plotted import Plotted
from autograder.checks.raising import raises
from autograder.checks.reacting import reacts_to
from autograder.checks.seeds import Trainings, over_seeds
from autograder.checks.source import forbidden, no_imports, no_loops, required, uses
from autograder.checks.structure import Layer, Parameter, Structure, structure
from autograder.checks.tables import table
from autograder.checks.training import Curve, curve, gap
from autograder.errors import CheckFailed
from autograder.sources import Source

__all__ = [
    "Axes",
    "CheckFailed",
    "Cost",
    "Credit",
    "Curve",
    "Curves",
    "Estimator",
    "Figure",
    "Layer",
    "Measured",
    "Measurement",
    "Parameter",
    "Plotted",
    "Rearranged",
    "Source",
    "Structure",
    "Threshold",
    "Trainings",
    "accuracy",
    "auc",
    "autograd_gradient",
    "central_differences",
    "close",
    "curve",
    "curves",
    "disguised",
    "error",
    "estimator",
    "faster_than",
    "figure",
    "figures_drawn",
    "finite",
    "fitted_in_folds",
    "forbidden",
    "gap",
    "gradient_matches",
    "grid_scores",
    "has_curves",
    "leakage_probe",
    "lighter_than",
    "loss",
    "mean_squared_error",
    "no_imports",
    "no_learning_on_noise",
    "no_loops",
    "over_seeds",
    "overfits_one_batch",
    "parameter_points",
    "r2",
    "raises",
    "reacts_to",
    "real",
    "rearranged",
    "relative_error",
    "required",
    "same",
    "shape",
    "structure",
    "table",
    "uses",
    "weights_changed",
]
