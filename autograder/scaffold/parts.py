"""The parts of an answer: what each is called, its value in an example, and what kind of value that is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.scaffold.results import finite, whole

__all__ = ["Part", "array_of", "entry_of", "is_list", "keys_of", "moves", "names_of_parts", "parts_of"]


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
