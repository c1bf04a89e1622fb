"""Are the graders right? Validation, mutants of the reference, calibration of thresholds."""
