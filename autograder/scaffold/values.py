"""What arguments and results were like, in all recorded calls together: kinds, shapes, ranges, and what they share.

A `Spec` is a tree. Every length in it (an axis of an array, the length of a list) is a tuple with one number for each
recorded call, so that two lengths that were equal in every call can be taken for the same one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["GENERATORS", "Axis", "Lengths", "Spec", "count_of", "describe", "generator_of", "merge", "walk"]

Lengths = tuple[int, ...]
RANDOM = random.Random  # another class stands there while a solution is disturbed
GENERATORS = {
    "Generator": "np.random.default_rng({})",
    "RandomState": "np.random.RandomState({})",
    "Random": "random.Random({})",
    "torch.Generator": "torch.Generator().manual_seed({})",
}
"""How each kind of generator of random numbers is made from a seed."""
MADE = "_autograder_made"

_MOST_VALUES = 40
_MOST_ITEMS = 200
_DEEPEST = 5


class Axis(tuple[int, ...]):
    """Lengths that are equal to others by chance: the tag says which ones belong together."""

    tag: str

    def __new__(cls, lengths: Iterable[int], tag: str) -> Axis:
        """Lengths in each call, with their tag."""
        made = super().__new__(cls, tuple(lengths))
        made.tag = tag
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Axis) and self.tag == other.tag and tuple(self) == tuple(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((tuple(self), self.tag))


@dataclass(frozen=True, slots=True)
class Spec:
    """One place in the arguments or in a result.

    `kind` is one of: literal (None, a truth value, a text), int, float, array, list (items alike), items (a list or
    tuple of a few things, each with its own spec), record (a dictionary with known keys), mapping (one with any keys),
    frame (a DataFrame, with its columns) and series (one column) of pandas, generator (of random numbers; `text` says
    which), object (of a class of the reference), unknown.

    `lengths` are the axes of an array, or the one length of a list or mapping; `values` the different atoms that were
    seen; `low` to `high` the range, `mean` and `spread` (standard deviation) of numbers. `traits` hold in all calls:
    integer, single (float32), tensor, tuple, one-hot (in the last axis), one-hot-first (in the first), shares
    (rows that sum to one), signs (-1 and 1), binary, sorted, filled (a True in each row), causal (True up to the
    diagonal), free (integers that no length bounds), capped (integers below what was seen, and below a length), gaps
    (NaN in places), symmetric and definite (matrices; definite ones have positive eigenvalues).
    """

    kind: str
    lengths: tuple[Lengths, ...] = ()
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    traits: frozenset[str] = frozenset()
    parts: tuple[Spec, ...] = ()
    keys: tuple[Any, ...] = ()
    text: str = ""
    attributes: Mapping[str, Spec] = field(default_factory=dict)
    tops: Lengths = ()  # of integers: the largest in each call, plus one
    order: tuple[str, ...] = ()  # of an object: the parameters of its constructor
    below: Lengths = ()  # of labels and indices: the length that they stay below

    @property
    def signature(self) -> tuple[Any, ...]:
        """Equal for specs that can be merged."""
        own: tuple[Any, ...] = (self.kind, len(self.lengths), self.text)
        if self.kind in ("items", "record", "object", "frame", "series"):
            own += (self.keys, tuple(part.signature for part in self.parts))
        elif self.kind in ("list", "mapping"):
            own += tuple(part.signature for part in self.parts)
        elif self.kind == "array":
            own += ("integer" in self.traits,)
        return own


def count_of(spec: Spec) -> Lengths:
    """An integer in each call, to be compared with lengths."""
    counts = [top - 1 for top in spec.tops]
    return Axis(counts, spec.tops.tag) if isinstance(spec.tops, Axis) else tuple(counts)


def walk(spec: Spec) -> Iterator[Spec]:
    """A spec and all below it."""
    yield spec
    for part in (*spec.parts, *spec.attributes.values()):
        yield from walk(part)


def describe(value: Any, own: Callable[[Any], bool], depth: int = 0) -> Spec:
    """The spec of one value; `own` tells objects of the reference's classes."""
    if isinstance(value, (bool, str, bytes, np.bool_)) or value is None:
        value = bool(value) if isinstance(value, np.bool_) else value
        return Spec("literal", values=(value,), text=type(value).__name__ if value is not None else "None")
    if isinstance(value, (int, np.integer)):
        number = int(value)
        return Spec("int", values=(number,), low=number, high=number, tops=(number + 1,))
    if isinstance(value, (float, np.floating)):
        number_ = float(value)
        return Spec("float", values=(number_,), low=number_, high=number_, mean=number_)
    if made := generator_of(value):
        return Spec("generator", text=made)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        spec = describe(value.detach().cpu().numpy(), own, depth)
        return replace(spec, traits=spec.traits | {"tensor"})
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return _array(value)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return _table(value, own, depth)
    if depth < _DEEPEST and isinstance(value, (list, tuple)):
        return _sequence(value, own, depth)
    if depth < _DEEPEST and isinstance(value, dict) and all(isinstance(key, (str, int, float)) for key in value):
        parts = tuple(describe(each, own, depth + 1) for each in list(value.values())[:_MOST_ITEMS])
        keys = tuple(list(value)[:_MOST_ITEMS])
        if len(keys) > 2 and parts[0].kind in ("int", "float") and len({each.kind for each in parts}) == 1:
            return Spec("mapping", parts=(merged(parts, calls=False),), keys=keys)
        return Spec("record", parts=parts, keys=keys)
    if own(value):
        return _object(value, own, depth)
    return Spec("unknown", text=type(value).__name__)


def generator_of(value: Any) -> str:
    """Which of the `GENERATORS` of random numbers a value is; "" if it is none."""
    if isinstance(value, np.random.Generator):
        return "Generator"
    if isinstance(value, np.random.RandomState):
        return "RandomState"
    if type(value) is RANDOM:
        return "Random"
    torch = sys.modules.get("torch")
    return "torch.Generator" if torch is not None and isinstance(value, torch.Generator) else ""


def merge(a: Spec, b: Spec, *, calls: bool = True) -> Spec:
    """One spec for what was like `a` or like `b`; their signatures are equal.

    With `calls` the lengths of two calls are put one after the other; without, `a` and `b` stand in the same list, and
    a length in which they differ is 0.
    """
    lengths = tuple(
        x + y if calls else (x if x == y else (0,) * len(x)) for x, y in zip(a.lengths, b.lengths, strict=True)
    )
    values = tuple(dict.fromkeys((*a.values, *b.values)))[:_MOST_VALUES]
    both = a.traits & b.traits
    return replace(
        a,
        lengths=lengths,
        values=values,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        mean=(a.mean + b.mean) / 2,
        spread=max(a.spread, b.spread, abs(a.mean - b.mean) / 2),
        traits=both,
        parts=tuple(merge(x, y, calls=calls) for x, y in zip(a.parts, b.parts, strict=True)),
        keys=tuple(dict.fromkeys((*a.keys, *b.keys))) if a.kind == "mapping" else a.keys,
        attributes={
            name: merge(a.attributes[name], b.attributes[name], calls=calls)
            for name in a.attributes
            if name in b.attributes and a.attributes[name].signature == b.attributes[name].signature
        },
        tops=a.tops + b.tops if calls else tuple(map(max, zip(a.tops, b.tops, strict=True))),
    )


def merged(specs: Iterable[Spec], *, calls: bool = True) -> Spec:
    """All of them, which have one signature, as one."""
    first, *rest = specs
    for each in rest:
        first = merge(first, each, calls=calls)
    return first


def _array(value: np.ndarray[Any, Any]) -> Spec:
    lengths = tuple((length,) for length in value.shape)
    if not value.size:
        return Spec("array", lengths, traits=frozenset({"integer"} if value.dtype.kind in "iub" else ()))
    numbers = value.astype(np.float64)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        known = np.zeros(1)
    traits = {name for name, holds in _TRAITS.items() if holds(numbers)}
    if value.dtype.kind in "iub":
        traits |= {"integer"} | ({"truth"} if value.dtype.kind == "b" else set())
    if value.dtype == np.float32:
        traits.add("single")
    if np.isnan(numbers).any() and known.size > 1:
        traits.add("gaps")
    low, high = float(known.min()), float(known.max())
    tops = (int(high) + 1,) if value.dtype.kind in "iub" else ()
    mean, spread = float(known.mean()), float(known.std())
    return Spec("array", lengths, (), low, high, mean, spread, frozenset(traits), tops=tops)


def _table(value: Any, own: Callable[[Any], bool], depth: int) -> Spec:
    """A DataFrame or Series of numbers, truth values and text with the default index; else unknown."""
    frame = value.ndim == 2
    kind = type(value).__name__
    columns = [value[key] for key in value.columns] if frame else [value]
    keys = tuple(value.columns) if frame else ()
    plain = type(value.index).__name__ == "RangeIndex" and all(isinstance(key, str) for key in keys)
    if not plain or len(set(keys)) < len(keys) or not len(value):
        return Spec("unknown", text=f"{kind} with an index, or columns, of its own")
    parts = []
    for column in columns:
        if column.dtype.kind in "biuf":
            parts.append(_array(column.to_numpy()))
            continue
        cells = [None if each is None or each != each else each for each in column.tolist()]  # noqa: PLR0124 (NaN)
        spec = describe(cells, own, depth + 1)
        if spec.kind != "list" or spec.parts[0].kind != "literal":
            texts = {type(each) for each in cells if each is not None}
            if texts != {str}:
                return Spec("unknown", text=f"{kind} with a column that holds neither numbers nor text")
            values = tuple(dict.fromkeys(cells))[:_MOST_VALUES]
            spec = Spec("list", ((len(cells),),), parts=(Spec("literal", values=values, text="str"),))
        parts.append(spec)
    return Spec("frame" if frame else "series", ((len(value),),), parts=tuple(parts), keys=keys, text=kind)


def _one_hot(x: np.ndarray[Any, Any], axis: int) -> bool:
    return bool(x.ndim > 1 and x.shape[axis] > 1 and np.all((x == 0) | (x == 1)) and np.all(np.sum(x, axis=axis) == 1))


def _symmetric(x: np.ndarray[Any, Any]) -> bool:
    """Whether a matrix is its own transpose, which one that is small, whole or diagonal may be by chance."""
    if x.ndim != 2 or x.shape[0] != x.shape[1] or len(x) < 3 or not np.all(np.isfinite(x)):
        return False
    return bool(np.any(x - np.diag(np.diag(x)))) and np.allclose(x, x.T, rtol=1e-6, atol=1e-9 * np.abs(x).max())


def _definite(x: np.ndarray[Any, Any]) -> bool:
    if not _symmetric(x):
        return False
    eigenvalues = np.linalg.eigvalsh(x)
    return bool(eigenvalues[0] > 1e-6 * eigenvalues[-1])


def _labels_of_every_class(x: np.ndarray[Any, Any]) -> bool:
    if x.ndim != 1 or not x.size or not 1 <= x.max() < x.size - 1:
        return False
    return set(x.tolist()) == set(range(int(x.max()) + 1))


_TRAITS: dict[str, Callable[[np.ndarray[Any, Any]], bool]] = {
    "one-hot": lambda x: _one_hot(x, -1),
    "one-hot-first": lambda x: _one_hot(x, 0),
    "shares": lambda x: bool(
        x.ndim and x.shape[-1] > 1 and np.all(x >= 0) and np.allclose(x.sum(axis=-1), 1) and np.any(x % 1)
    ),
    "signs": lambda x: bool(np.all(np.abs(x) == 1) and (np.any(x < 0) or x.size == 1)),
    "binary": lambda x: bool(np.all((x == 0) | (x == 1)) and np.any(x)),
    "sorted": lambda x: bool(x.ndim == 1 and x.size > 3 and np.all(np.diff(x) >= 0) and np.any(np.diff(x))),
    "zero": lambda x: not np.any(x),
    "causal": lambda x: bool(x.ndim == 2 and x.shape[0] > 1 and np.array_equal(x, np.tri(*x.shape))),
    "classes": _labels_of_every_class,
    "symmetric": _symmetric,
    "definite": _definite,
    "filled": lambda x: bool(x.ndim and x.shape[-1] > 1 and np.all((x == 0) | (x == 1)) and np.all(x.any(axis=-1))),
}


def _sequence(value: list[Any] | tuple[Any, ...], own: Callable[[Any], bool], depth: int) -> Spec:
    every = [describe(each, own, depth + 1) for each in value[:_MOST_ITEMS]]
    traits = frozenset({"tuple"} if isinstance(value, tuple) else ())
    alike = len({each.signature for each in every}) == 1
    same_lengths = alike and len({tuple(e.lengths for e in walk(each)) for each in every}) == 1
    pair = isinstance(value, tuple) and len(value) <= 4
    few_arrays = alike and every[0].kind == "array" and not same_lengths
    if alike and not pair and not few_arrays:
        spec = merged(every, calls=False)
        if spec.kind in ("int", "float"):
            numbers = np.array(value[:_MOST_ITEMS], dtype=np.float64)
            kept = tuple(value) if len(value) <= 6 else ()
            spec = replace(spec, mean=float(numbers.mean()), spread=float(numbers.std()), keys=kept)
        return Spec("list", ((len(value),),), traits=traits, parts=(spec,))
    if len(every) <= 12:
        return Spec("items", traits=traits, parts=tuple(every), keys=(len(every),))
    return Spec("unknown", text=f"{type(value).__name__} of many kinds")


def _object(value: Any, own: Callable[[Any], bool], depth: int) -> Spec:
    kind = type(value).__name__
    made = getattr(value, MADE, None)
    if made is None or depth >= _DEEPEST:
        return Spec("unknown", text=kind)
    names, parts, order = made
    attributes = {
        name: spec
        for name, each in list(vars(value).items())
        if not name.startswith("_") and _is_state(spec := describe(each, own, depth + 1))
    }
    return Spec("object", parts=tuple(parts), keys=tuple(names), text=kind, attributes=attributes, order=tuple(order))


def _is_state(spec: Spec) -> bool:
    """Whether an attribute is an array, or holds arrays."""
    if "tensor" in spec.traits:
        return False
    if spec.kind in ("list", "items", "record"):
        return bool(spec.parts) and all(map(_is_state, spec.parts))
    return spec.kind == "array"
