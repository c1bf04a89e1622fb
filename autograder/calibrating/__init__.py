"""How fair are the thresholds? The reference and its mutants are run under many seeds."""

from autograder.calibrating.calibrate import SHARES, Plan, calibrate, measuring
from autograder.calibrating.tables import Cheapest, Luck, Row, cheapest, luck, rows
from autograder.calibrating.trials import Trial, Trials, takes_share

__all__ = [
    "SHARES",
    "Cheapest",
    "Luck",
    "Plan",
    "Row",
    "Trial",
    "Trials",
    "calibrate",
    "cheapest",
    "luck",
    "measuring",
    "rows",
    "takes_share",
]
