"""How fair are the thresholds? The reference and its mutants are run under many seeds."""

from autograder.quality.calibration.calibrate import (
    SHARES,
    Plan,
    Summary,
    calibrate,
    checks_named,
    kept_in,
    measuring,
    summary_of,
    trials_file,
)
from autograder.quality.calibration.rates import Cheapest, FalsePass, Row, cheapest, false_passes, rows
from autograder.quality.calibration.trials import Trial, Trials, takes_share

__all__ = [
    "SHARES",
    "Cheapest",
    "FalsePass",
    "Plan",
    "Row",
    "Summary",
    "Trial",
    "Trials",
    "calibrate",
    "cheapest",
    "checks_named",
    "false_passes",
    "kept_in",
    "measuring",
    "rows",
    "summary_of",
    "takes_share",
    "trials_file",
]
