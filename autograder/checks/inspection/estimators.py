"""What a scikit-learn estimator is made of, as plain data: its type, its settings, and the estimators inside.

An estimator is a dictionary

    {"type": "Pipeline", "settings": {"verbose": False}, "fitted": True, "inner": (("pca", {...}), ("svm", {...}))}

`type` is the name of a class of scikit-learn's own, else "custom"; a step that does nothing is a "passthrough". `inner`
are the steps of a pipeline, the parts of a `FeatureUnion` or `ColumnTransformer`, and the `estimator` of a search or an
ensemble, each with its name; `settings` are the parameters of the constructor that are numbers, truth values or texts.

This module is shipped to students: standard library and numpy; scikit-learn is used where the student's code has
loaded it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["MAX_ESTIMATORS", "describe"]

MAX_ESTIMATORS = 200
_MAX_DEPTH = 8
_MAX_TEXT = 200
_NOTHING = (None, "passthrough", "drop")


def describe(estimator: Any) -> dict[str, Any]:
    """The record of a scikit-learn estimator.

    Raises:
        TypeError: it is no estimator: it has no `get_params` and `fit`.
        ValueError: it has more than `MAX_ESTIMATORS` estimators inside, or they are nested too deeply.
    """
    return _Describer().record(estimator, _MAX_DEPTH)


class _Describer:
    """One walk over an estimator, and how many it has met."""

    def __init__(self) -> None:
        self.met = 0

    def record(self, estimator: Any, depth: int) -> dict[str, Any]:
        self.met += 1
        if self.met > MAX_ESTIMATORS or not depth:
            raise ValueError("the estimator holds too many others")
        if not _is_estimator(estimator):
            raise TypeError(f"expected a scikit-learn estimator, not a {type(estimator).__name__}")
        parameters = estimator.get_params(deep=False)
        settings, inner = {}, []
        for name, value in parameters.items():
            if isinstance(value, np.generic):
                value = value.item()
            if _is_estimator(value):
                inner.append((str(name), self.record(value, depth - 1)))
            elif isinstance(value, (list, tuple)) and value and all(map(_is_part, value)):
                inner += [(each[0], self.part(each[1], depth - 1)) for each in value]
            elif value is None or type(value) in (bool, int, float) or (type(value) is str and len(value) <= _MAX_TEXT):
                settings[str(name)] = value
        return {
            "type": _type(type(estimator)),
            "settings": settings,
            "fitted": any(name.endswith("_") and name[:1] != "_" for name in vars(estimator)),
            "inner": tuple(inner),
        }

    def part(self, value: Any, depth: int) -> dict[str, Any]:
        if isinstance(value, (str, type(None))):
            return {"type": "passthrough", "settings": {}, "fitted": True, "inner": ()}
        return self.record(value, depth)


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and hasattr(value, "fit") and not isinstance(value, type)


def _is_part(value: Any) -> bool:
    """Whether this is a named part, as in ("svm", SVC()) or ("words", TfidfVectorizer(), columns)."""
    if not isinstance(value, (list, tuple)) or len(value) not in (2, 3) or type(value[0]) is not str:
        return False
    return _is_estimator(value[1]) or (isinstance(value[1], (str, type(None))) and value[1] in _NOTHING)


def _type(kind: type) -> str:
    """The name of a class of scikit-learn's own; "custom" for any other, whatever it says of itself."""
    home = sys.modules.get(kind.__module__)
    own = kind.__module__.startswith("sklearn.") and getattr(home, kind.__name__, None) is kind
    return kind.__name__ if own else "custom"
