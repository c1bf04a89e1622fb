"""What instructors call inside checks: compare, and say in one sentence what is wrong.

Every function here raises `CheckFailed` with a sentence that names the thing, what came, and what was expected. They
all look in one order (present, type, shape, dtype, finite, values) and stop at the first miss. None of them believes
anything that a submission says about itself: they are given plain data and judge it.

This package is the student kit: it is copied into every release, and needs numpy alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Written by `make manual`.
if TYPE_CHECKING:
    from .compare import close, finite, same, shape
    from .cost import faster_than, lighter_than
    from .derivatives import autograd_gradient, central_differences
    from .disguise import Rearranged, disguised, rearranged
    from .errors import CheckFailed
    from .figures.axes import Axes
    from .figures.curve import Plotted
    from .figures.figure import Figure, figure, figures_drawn
    from .gradients import gradient_matches, relative_error
    from .inspection.torch_records import Layer, Parameter
    from .learning import no_learning_on_noise, overfits_one_batch, weights_changed
    from .local.sources import Source
    from .local.usage import Cost
    from .measurement import Credit, Measured, Measurement, Threshold
    from .metrics import accuracy, auc, error, loss, mean_squared_error, r2
    from .parameters import parameter_points
    from .raising import raises
    from .seeds import Trainings, over_seeds
    from .shortcuts import better_than_retrained, falls_on_fresh, quicker_than_fresh
    from .sklearn import Estimator, estimator, fitted_in_folds, grid_scores, leakage_probe
    from .source import forbidden, no_imports, no_loops, required, uses
    from .tables import table
    from .torch_modules import Structure, structure
    from .training import Curve, curve, gap, reacts_to
    from .value_text import real

__all__ = [
    "Axes",
    "CheckFailed",
    "Cost",
    "Credit",
    "Curve",
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
    "better_than_retrained",
    "central_differences",
    "close",
    "curve",
    "disguised",
    "error",
    "estimator",
    "falls_on_fresh",
    "faster_than",
    "figure",
    "figures_drawn",
    "finite",
    "fitted_in_folds",
    "forbidden",
    "gap",
    "gradient_matches",
    "grid_scores",
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
    "quicker_than_fresh",
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

_MODULES = {
    "Axes": "figures.axes",
    "CheckFailed": "errors",
    "Cost": "local.usage",
    "Credit": "measurement",
    "Curve": "training",
    "Estimator": "sklearn",
    "Figure": "figures.figure",
    "Layer": "inspection.torch_records",
    "Measured": "measurement",
    "Measurement": "measurement",
    "Parameter": "inspection.torch_records",
    "Plotted": "figures.curve",
    "Rearranged": "disguise",
    "Source": "local.sources",
    "Structure": "torch_modules",
    "Threshold": "measurement",
    "Trainings": "seeds",
    "accuracy": "metrics",
    "auc": "metrics",
    "autograd_gradient": "derivatives",
    "better_than_retrained": "shortcuts",
    "central_differences": "derivatives",
    "close": "compare",
    "curve": "training",
    "disguised": "disguise",
    "error": "metrics",
    "estimator": "sklearn",
    "falls_on_fresh": "shortcuts",
    "faster_than": "cost",
    "figure": "figures.figure",
    "figures_drawn": "figures.figure",
    "finite": "compare",
    "fitted_in_folds": "sklearn",
    "forbidden": "source",
    "gap": "training",
    "gradient_matches": "gradients",
    "grid_scores": "sklearn",
    "leakage_probe": "sklearn",
    "lighter_than": "cost",
    "loss": "metrics",
    "mean_squared_error": "metrics",
    "no_imports": "source",
    "no_learning_on_noise": "learning",
    "no_loops": "source",
    "over_seeds": "seeds",
    "overfits_one_batch": "learning",
    "parameter_points": "parameters",
    "quicker_than_fresh": "shortcuts",
    "r2": "metrics",
    "raises": "raising",
    "reacts_to": "training",
    "real": "value_text",
    "rearranged": "disguise",
    "relative_error": "gradients",
    "required": "source",
    "same": "compare",
    "shape": "compare",
    "structure": "torch_modules",
    "table": "tables",
    "uses": "source",
    "weights_changed": "learning",
}
# End of what is written.

# The module of a name is imported when the name is asked for, since a worker needs few.


def __getattr__(name: str) -> Any:
    """The function or class of this name, from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    """All public names, those that nobody has asked for yet included."""
    return sorted({*globals(), *_MODULES})
