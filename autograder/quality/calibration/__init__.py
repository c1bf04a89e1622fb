"""How fair are the thresholds? The reference and its mutants are run under many seeds."""

from autograder.quality.calibration.calibrate import SHARES, Plan, calibrate, measuring
from autograder.quality.calibration.rates import Cheapest, FalsePass, Row, cheapest, false_passes, rows
from autograder.quality.calibration.trials import Trial, Trials, takes_share

__all__ = [
    "SHARES",
    "Cheapest",
    "FalsePass",
    "Plan",
    "Row",
    "Trial",
    "Trials",
    "calibrate",
    "cheapest",
    "false_passes",
    "measuring",
    "rows",
    "takes_share",
]
