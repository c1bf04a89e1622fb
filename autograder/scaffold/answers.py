"""What an answer is, and its parts: numbers or text, how large, what each part is called, and what a check can see."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.plain import TABLES
from autograder.scaffold.trial_runner import opened
from autograder.scaffold.values import describe

__all__ = [
    "Answer",
    "Part",
    "array_of",
    "entry_of",
    "finite",
    "is_list",
    "keys_of",
    "mixed",
    "moves",
    "names_of_parts",
    "numbers",
    "parts_of",
    "tolerances",
    "visible",
    "whole",
]

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


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer: the expression that gives it, the names that it goes by, and its value in an example."""

    expression: str
    names: tuple[str, ...]
    value: Any
    call: str = "the answer"

    @property
    def title(self) -> str:
        """What sentences call it."""
        return self.names[0] if self.names else self.call


def parts_of(expected: Sequence[str], value: Any, returned: Sequence[Sequence[str]], call: str) -> list[Part]:
    """The parts of an answer.

    Args:
        expected: expressions, `got` for the result.
        value: their values: of one expression itself, else a tuple.
        returned: names of the parts of the result, as the code has them, the likeliest first.
        call: what sentences call the result.
    """
    values = [value] if len(expected) == 1 else list(value)
    parts = []
    for expression, each in zip(expected, values, strict=True):
        named = isinstance(each, (tuple, list)) and any(1 < len(some) == len(each) for some in returned)
        if expression == "got" and isinstance(each, (tuple, list)) and 1 < len(each) <= 6 and _is_tuple(each, named):
            for place, inner in enumerate(each):
                names = tuple(dict.fromkeys(some[place] for some in returned if len(some) == len(each)))
                parts.append(Part(f"got[{place}]", tuple(filter(None, names)), inner, f"{call}[{place}]"))
        elif expression == "got":
            names = tuple(dict.fromkeys(some[0] for some in returned if len(some) == 1))
            parts.append(Part("got", tuple(filter(None, names)), each, call))
        else:
            name = expression.rpartition(".")[2]
            parts.append(Part(expression, (name, name.rstrip("_")), each))
    return parts


def _is_tuple(value: Sequence[Any], named: bool) -> bool:
    """Whether it is no list of equal things, of which another call may return more."""
    arrays = any(np.ndim(each) for each in value if not isinstance(each, (dict, str, list, tuple)))
    return isinstance(value, tuple) or (named and arrays)


def names_of_parts(function: str, sources: Sequence[str]) -> list[list[str]]:
    """What the parts of a result are called: where it is assigned, and where it is returned."""
    found = []
    short = function.rpartition(".")[2]
    for node in [node for source in sources for node in ast.walk(ast.parse(source))]:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name == short:
                found.append(_listed(node.targets[0]))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == short:
            found += [_listed(each.value) for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
    return [names for names in found if any(names)]


def _listed(node: ast.AST) -> list[str]:
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    return [each.id.strip("_") if isinstance(each, ast.Name) else "" for each in nodes]


def moves(value: Any) -> bool:
    """Whether a value holds lists of several numbers, such as a loss for each epoch."""
    if isinstance(value, dict):
        return bool(value) and all(map(moves, value.values()))
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return all(map(moves, value))
    return np.ndim(array_of(value)) == 1 and len(value) > 1 and not whole(value)


def is_list(value: Any) -> bool:
    """Whether a value is a list of several arrays."""
    return (
        isinstance(value, (list, tuple)) and len(value) > 1 and all(np.ndim(array_of(each)) in (1, 2) for each in value)
    )


def array_of(value: Any) -> Any:
    """A value as an array of finite numbers; None where it is none."""
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" and finite(array) else None


def keys_of(value: Any) -> list[str] | None:
    """The keys of a dictionary, or of each of a list of them; [] where they are no texts, None for anything else."""
    dictionaries = [value] if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    if not dictionaries or not all(isinstance(each, dict) for each in dictionaries):
        return None
    keys = list(dictionaries[0])
    alike = all(list(each) == keys for each in dictionaries)
    return keys if alike and all(isinstance(key, str) for key in keys) else []


def entry_of(value: Any, side: str, key: str) -> str:
    """The entry of a dictionary, or of each dictionary of a list, under a key."""
    return f"{side}[{key!r}]" if isinstance(value, dict) else f"[each[{key!r}] for each in {side}]"
