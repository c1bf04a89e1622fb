"""What an answer is: numbers or text, how large, and which parts of it a check can see."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.plain import TABLES
from autograder.scaffold.trials import opened
from autograder.scaffold.values import describe

__all__ = ["Answer", "finite", "mixed", "numbers", "tolerances", "visible", "whole"]

COUNTED = ("n_features_in_", "n_iter_", "feature_names_in_", "n_samples_seen_")
"""Attributes of fitted estimators that say how they were fitted, and not to what."""


def visible(name: str, value: Any, given: Mapping[str, Collection[str]]) -> list[str]:
    """Expressions for what of a result is plain; of objects inside, the arrays among their known attributes."""
    inner = opened(value)
    if inner is not value and (known_kind := _of_package(name, inner)):
        return known_kind
    if inner is not value:
        known = {each for base in type(inner).__mro__ for each in given.get(base.__name__, ())}
        return [
            f"{name}.{key}"
            for key, each in vars(inner).items()
            if key in known and describe(each, lambda _: False).kind in ("array", "list", "items", "int", "float")
        ]
    if isinstance(value, (list, tuple)) and any(map(_holds_objects, value)):
        return [text for place, each in enumerate(value) for text in visible(f"{name}[{place}]", each, given)]
    if isinstance(value, dict) and _holds_objects(value):
        return [text for key, each in value.items() for text in visible(f"{name}[{key!r}]", each, given)]
    return [name]


def _holds_objects(value: Any) -> bool:
    """Whether an object stands anywhere in a value."""
    if isinstance(value, dict):
        return any(map(_holds_objects, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_objects, value))
    return opened(value) is not value


def _of_package(name: str, inner: Any) -> list[str]:
    """Expressions for what is plain of a torch module, an optimizer of torch, or a fitted estimator of scikit-learn."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(inner, torch.nn.Module):
        return [f"layers(structure(module.layers_of({name})))"]
    if torch is not None and isinstance(inner, torch.optim.Optimizer):
        return [f"{name}.defaults"]
    if not hasattr(inner, "get_params") or not type(inner).__module__.startswith("sklearn."):
        return []
    if "cv_results_" in vars(inner):
        settings = [key.rpartition("__")[2] for key in inner.best_params_] if hasattr(inner, "best_params_") else []
        best = f"{name}.best_params_"
        if len(set(settings)) == len(settings):  # the names of steps are the author's choice
            best = f'{{key.rpartition("__")[2]: value for key, value in {best}.items()}}'
        return [f"{name}.cv_results_['mean_test_score']", *([best] if settings else [])]
    return [
        f"{name}.{key}"
        for key, each in vars(inner).items()
        if key.endswith("_") and not key.startswith("_") and key not in COUNTED and _is_plain(each)
    ]


def _is_plain(value: Any) -> bool:
    return describe(value, lambda _: False).kind in ("array", "list", "int", "float")


def numbers(value: Any) -> Iterator[float]:
    """Every number in a value; of large arrays and lists, the first thousand."""
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, (list, tuple)):
        for each in value[:1000]:
            yield from numbers(each)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        yield from map(float, value.ravel()[:1000])
    elif isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        yield float(value)


def finite(value: Any) -> bool:
    """Whether no number in it is NaN or infinite."""
    return all(map(np.isfinite, numbers(value)))


def mixed(value: Any) -> bool:
    """Whether text, truth values or nothing stand anywhere in it."""
    if isinstance(value, dict):
        return any(map(mixed, value.values())) or not value
    if isinstance(value, (list, tuple)):
        return any(map(mixed, value)) or not value
    return value is None or isinstance(value, (str, bytes, bool, set, frozenset, np.bool_))


def whole(value: Any) -> bool:
    """Whether there are no numbers but integers in it."""
    if isinstance(value, dict):
        return all(map(whole, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(whole, value))
    if type(value).__name__ in ("Table", *TABLES):
        return False
    dtype = getattr(value, "dtype", None)  # that of a record, such as a column of a table, is a text
    return not isinstance(value, float) and (dtype is None or (isinstance(dtype, np.dtype) and dtype.kind in "iub"))


def tolerances(scale: float) -> str:
    """What float32 may be off by: relative to an entry, and to the size of the numbers where one of them is near 0."""
    return f"rtol=1e-4, atol=1e{int(np.floor(np.log10(scale))) - 6 if scale > 0 else -8}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gives: expressions to compare, whether they hold text, and how large the numbers are."""

    expected: tuple[str, ...]
    mixed: bool
    scale: float
    value: Any = None

    @property
    def tolerances(self) -> tuple[str, ...]:
        """How numbers may be compared, the strictest way first; settings are no results of computing."""
        if any(each.startswith("layers(") or each.endswith(".defaults") for each in self.expected):
            return ("rtol=1e-6, atol=0.0",)
        return (tolerances(self.scale), "rtol=1e-3, atol=1e-4")
