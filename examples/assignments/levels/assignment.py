"""Levels of a river: predictions for days whose levels students do not have."""

from __future__ import annotations

import numpy as np

from autograder import Assignment, Limits
from autograder.checks import mean_squared_error
from autograder.checks.errors import CheckFailed

assignment = Assignment(
    "Levels of a river",
    files=[],
    given=["training.csv", "inputs.csv"],
    limits=Limits(wall_seconds=30, cpu_seconds=10, memory_mib=1024),
)

a = assignment.question("Predictions", id="a")

a.predictions(
    "predictions.csv",
    labels="hidden/labels.csv",
    metric=mean_squared_error,
    points=6,
    thresholds={45: 1.0, 400: 0.5},
    columns=["level"],
    hint="A level rises the more with the rain of today the more it rained before.",
)


@a.check(points=1, hidden=True, hint="Do the levels follow the rain at all?")
def levels_differ(predictions):
    """The predicted levels differ from day to day: their standard deviation is 10 cm or more."""
    spread = float(np.std(predictions.read("predictions.csv")))
    if spread < 10:
        raise CheckFailed(f"The standard deviation of the predicted levels is {spread:.3g} cm; expected 10 or more.")
