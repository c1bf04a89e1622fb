"""Which lengths belong together, found out by trying.

In an example, the number of clusters may happen to be that of the features. Equal lengths are taken for one only where
the reference works with no others: each group of them is split as far as that goes. So is it with the integers below
which labels and indices stay. What the given constructor makes of one argument stays together: a right solution may
rely on the shapes in which it finds its object.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import Inputs
from autograder.scaffold.values import Axis, Lengths, Spec, count_of

__all__ = ["settled_ties"]


MOST_TRIES = 40
MOST_SECONDS = 8.0
"""CPU seconds for all tries of one function; lengths that are left then stay as they were recorded, together."""

Value = Callable[[Subject, tuple[Any, ...], str], Any]
"""The reference's answer for a row of sizes, with a line that changes the inputs before the call; None for a fault."""

Made = Callable[[Mapping[str, int]], Mapping[str, tuple[int, ...]] | None]
"""The shapes of the attributes of a new object, with other integers for some arguments of its constructor; None where
it fails."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A length: an axis of an array or, with the axis -1, an integer among the arguments; `own`: of the object."""

    name: str
    axis: int
    own: bool = False


def settled_ties(subject: Subject, value: Value, made: Made = lambda _: None) -> Subject:
    """The subject with lengths that share a name only where they must.

    Args:
        subject: with all equal lengths tied.
        value: see `Value`.
        made: see `Made`.
    """
    left, begun = MOST_TRIES, time.process_time()
    for vector, places in _groups(subject.inputs):
        bundles = list(_bundles(places, subject.inputs, made))
        rest = list(bundles)
        size = 1
        while size < len(rest) or (size == 1 == len(rest) and len(rest) < len(bundles)):
            found = None
            for chosen in itertools.combinations(rest, size):
                some = tuple(place for bundle in chosen for place in bundle)
                if left <= 0 or size == len(rest) or time.process_time() - begun > MOST_SECONDS:
                    break
                left -= 1
                other = _tagged(subject, some, Axis(vector, f"{len(rest)}{some[0].name}{some[0].axis}"))
                if _apart(subject, other, some, vector, value):
                    subject, found = other, chosen
                    break
            if found is None:
                size += 1
            else:
                rest = [bundle for bundle in rest if bundle not in found]
    return _bounded(subject, value)


# --- lengths ---


def _groups(inputs: Inputs) -> Iterator[tuple[Lengths, list[_Place]]]:
    """Lengths that were equal, and the same in every call: those that varied together do belong together."""
    found: dict[Lengths, list[_Place]] = {}
    for name, spec in inputs.given.items():
        if spec.kind == "array" and "one-hot-first" not in spec.traits:
            for axis, vector in enumerate(spec.lengths):
                found.setdefault(vector, []).append(_Place(name, axis))
    attributes = inputs.me.attributes if inputs.me is not None else {}
    for name in inputs.attributes:
        spec = attributes[name]
        if spec.kind == "array":
            for axis, vector in enumerate(spec.lengths):
                found.setdefault(vector, []).append(_Place(name, axis, own=True))
    for name, vector in inputs.counts():
        found.setdefault(vector, []).append(_Place(name, -1, name not in inputs.given))
    for vector, places in found.items():
        if len(places) > 1 and len(set(vector)) == 1 and vector[0] > 1:
            yield vector, sorted(places, key=lambda place: place.axis)


def _bundles(places: Sequence[_Place], inputs: Inputs, made: Made) -> Iterator[tuple[_Place, ...]]:
    """The places that stay together: those of an object that follow from the same arguments of its constructor.

    Where that cannot be found out, all of them. Attributes in another shape than the constructor gives them were
    assigned later, and each of their lengths is alone.
    """
    shapes, others = made({}), _with_others(inputs, made)
    found: dict[frozenset[str], list[_Place]] = {}
    for place in places:
        axis = slice(place.axis, place.axis + 1)
        if not place.own or (
            shapes is not None and place.axis >= 0 and shapes.get(place.name) != _recorded(inputs, place.name)
        ):
            yield (place,)
        elif shapes is None or others is None:
            found.setdefault(frozenset(), []).append(place)
        elif place.axis < 0:
            found.setdefault(frozenset((place.name,)), []).append(place)
        else:
            usual = shapes[place.name][axis]
            follows = frozenset(name for name, each in others.items() if each.get(place.name, ())[axis] != usual)
            found.setdefault(follows, []).append(place)
    yield from map(tuple, found.values())


def _with_others(inputs: Inputs, made: Made) -> dict[str, Mapping[str, tuple[int, ...]]] | None:
    """The shapes with another integer for each argument of the constructor; None where one works with no other."""
    found = {}
    for name, vector in inputs.counts():
        if name not in inputs.given:
            shapes = next((each for more in (1, 2, vector[0]) if (each := made({name: vector[0] + more}))), None)
            if shapes is None:
                return None
            found[name] = shapes
    return found


def _recorded(inputs: Inputs, name: str) -> tuple[int, ...]:
    """The shape of an attribute in the last recorded call."""
    assert inputs.me is not None
    return tuple(vector[-1] for vector in inputs.me.attributes[name].lengths)


def _tagged(subject: Subject, places: tuple[_Place, ...], axis: Axis) -> Subject:
    """The subject with some lengths under a name of their own."""
    inputs = subject.inputs
    given, me = dict(inputs.given), inputs.me
    for place in places:
        if place.axis >= 0 and place.own and me is not None:
            me = replace(me, attributes={**me.attributes, place.name: _with(me.attributes[place.name], place, axis)})
        elif place.axis >= 0:
            given[place.name] = _with(given[place.name], place, axis)
        elif not place.own:
            given[place.name] = replace(given[place.name], tops=Axis([each + 1 for each in axis], axis.tag))
        elif me is not None:
            parts = list(me.parts)
            at = me.keys.index(place.name)
            parts[at] = replace(parts[at], tops=Axis([each + 1 for each in axis], axis.tag))
            me = replace(me, parts=tuple(parts))
    return replace(subject, inputs=Inputs(given, me, inputs.attributes))


def _with(spec: Spec, place: _Place, axis: Axis) -> Spec:
    return replace(spec, lengths=(*spec.lengths[: place.axis], axis, *spec.lengths[place.axis + 1 :]))


def _apart(subject: Subject, other: Subject, places: tuple[_Place, ...], vector: Lengths, value: Value) -> bool:
    """Whether the reference works when some lengths differ from the others, and looks at all that is there."""
    tag = next(axis for axis in other.inputs.names if isinstance(axis, Axis) and axis not in subject.inputs.names)
    name = other.inputs.names[tag]
    fixed = frozenset(each for each in other.inputs.names.values() if each != name)
    tried = replace(other, inputs=replace(other.inputs, fixed=fixed, names=other.inputs.names))
    recorded = vector[0]
    base, *_ = tried.inputs.rows(1)
    place = tried.inputs.columns.index(name)

    def answer(size: int, line: str = "") -> Any:
        return value(tried, (*base[:place], size, *base[place + 1 :]), line)

    # an axis of length 1 is broadcast, so it says nothing
    more, less = answer(recorded + 2), answer(recorded - 1 if recorded > 2 else recorded + 1)
    if all(each.axis < 0 for each in places):
        return more is not None or less is not None
    if more is None or less is None:
        return False
    for each in places:
        if each.axis >= 0 and not each.own:
            kind = other.inputs.given[each.name].traits
            step = "^= True" if "truth" in kind else "+= 1"
            line = f"np.moveaxis({other.inputs.variable(each.name)}, {each.axis}, 0)[{recorded}:] {step}"
            changed = answer(recorded + 2, line)
            if changed is not None and repr(changed) == repr(more):
                return False  # what is beyond the others is cut off
    return True


# --- labels and indices ---


def _bounded(subject: Subject, value: Value) -> Subject:
    """Labels and indices that must stay below a length do so; others stay below what was recorded."""
    inputs = subject.inputs
    given = dict(inputs.given)
    for name, spec in inputs.given.items():
        labels = spec.kind == "array" and "integer" in spec.traits and spec.low >= 0
        index = spec.kind == "int" and len(spec.values) > 1 and spec.low >= 0
        if not (labels or index) or not spec.tops or name in inputs.names.values():
            continue
        given[name] = replace(spec, traits=spec.traits | {"free"})
        for vector in _above(inputs, spec):
            tied = replace(given[name], below=vector)
            if _must(subject, name, tied, vector, value) or (labels and _elsewhere(inputs, name, vector)):
                given[name] = tied
                break
        else:
            above = [vector for vector in _above(inputs, spec) if tuple(vector) == tuple(spec.tops)]
            if labels and above:  # what they may be, nobody can tell: neither new labels nor fewer classes than labels
                given[name] = replace(given[name], below=above[0], traits=given[name].traits | {"capped"})
    return replace(subject, inputs=Inputs(given, inputs.me, inputs.attributes))


def _above(inputs: Inputs, spec: Spec) -> list[Lengths]:
    """The lengths below which an integer was in every call, those that it came closest to first."""
    above = [
        vector
        for vector in inputs.names
        if len(vector) == len(spec.tops)
        and min(vector) > 1
        and vector not in spec.lengths
        and all(top <= length for top, length in zip(spec.tops, vector, strict=True))
    ]
    return sorted(above, key=lambda vector: sum(vector) - sum(spec.tops))


def _must(subject: Subject, name: str, tied: Spec, vector: Lengths, value: Value) -> bool:
    """Whether the reference fails with an integer that is not below a length."""
    inputs = Inputs({**subject.inputs.given, name: tied}, subject.inputs.me, subject.inputs.attributes)
    inputs = replace(inputs, fixed=frozenset(inputs.names.values()), names=inputs.names)
    tried = replace(subject, inputs=inputs)
    rows = tried.inputs.rows(1)
    length = inputs.length(vector)
    own = inputs.variable(name)
    beyond = f"{own} = {length}" if tied.kind == "int" else f"{own} = 0 * {own} + {length}"
    inside = any(value(tried, row, "") is not None for row in rows)
    return inside and any(value(tried, row, beyond) is None for row in rows)


def _elsewhere(inputs: Inputs, name: str, vector: Lengths) -> bool:
    """Whether labels reach a length that is no axis of the samples which they belong to."""
    spec = inputs.given[name]
    if count_of(spec) != vector and not any(top == length for top, length in zip(spec.tops, vector, strict=True)):
        return False
    samples = [each for key, each in inputs.given.items() if key != name and each.kind == "array"]
    beside = [each for each in samples if spec.lengths and each.lengths and each.lengths[0] == spec.lengths[0]]
    return not any(vector in each.lengths[1:] for each in beside)
