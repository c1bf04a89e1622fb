"""Gradients: compare with known ones, or with central differences of the function itself.

Two gradients are compared tensor by tensor, by the norm of their difference relative to the larger of their norms:
unlike an entry's relative error it does not blow up where an entry is almost 0 (float32 answers stay near 1e-7 when
they are right, at most 3e-6, and every usual mistake is above 0.04).

Against differences, what disagrees at first is only suspected: it is looked at again, at other step sizes and beside
the point (`checks.derivatives`), and counts only where that shows smooth ground.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import COUNT, FUNCTION, GENERATOR, NOT_NEGATIVE, TEXTS, optional, takes, wrong
from .compare import numbers
from .derivatives import Landscape, Line, slope
from .errors import CheckFailed, InstructorError
from .inspection.arrays import is_tensor, without_tensors
from .parameters import arrays_of
from .value_text import show
from .wording import are, series

__all__ = ["gradient_matches", "relative_error"]

Array = np.ndarray[Any, Any]

_DIRECTIONS = 6  # in a large tensor
_SQUARE = 1 + 1 / 12  # mean of the squared entries of a direction
_SAMPLED = 8  # entries of a large tensor: half of them the largest of the answer, half at random
_BLOCKS = 12  # at most so many parts of a direction are looked at to find the smooth ones
_ENOUGH = 8  # suspicions that were confirmed, before the rest of a tensor is believed to be wrong, too


def relative_error(a: object, b: object) -> float:
    """``‖a - b‖ / max(‖a‖, ‖b‖)`` over all entries; 0 when both norms are below 1e-12, NaN when an entry is NaN.

    Infinite where a norm is too large for a float.

    Examples:
        nothing: `norm(a - b) / max(norm(a), norm(b))`

        >>> relative_error([1.0, 0.0], [0.5, 0.0])
        0.5
    """
    left, right = (np.asarray(without_tensors(each)) for each in (a, b))
    for name, value, given in (("a", left, a), ("b", right, b)):
        if value.dtype.kind not in "biuf" or (name == "b" and value.shape != left.shape):
            raise wrong("relative_error", name, given, "give numbers, both of one shape")
    left, right = left.astype(np.float64), right.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return _relative(left - right, left, right)


def _relative(missing: Array, left: Array, right: Array) -> float:
    with np.errstate(over="ignore"):
        sizes = float(np.linalg.norm(left)), float(np.linalg.norm(right))
        off = float(np.linalg.norm(missing))
    return _part(off, max(sizes)) if not math.isnan(sum(sizes)) else math.nan


def _part(missing: float, size: float) -> float:
    """A norm relative to another; infinite where that is, since any miss would be small beside it."""
    if math.isinf(size):
        return math.inf
    return 0.0 if size < 1e-12 else missing / size


@takes(of=optional(FUNCTION), names=TEXTS, rtol=NOT_NEGATIVE, entries=COUNT, rng=optional(GENERATOR))
def gradient_matches(
    got: object,
    want: object = None,
    *,
    of: Callable[[Any], object] | None = None,
    at: object = None,
    names: Sequence[str] = (),
    rtol: float = 1e-4,
    entries: int = 40,
    rng: np.random.Generator | None = None,
) -> None:
    """Fail unless a gradient agrees with the expected one, or with central differences of `of` at the point `at`.

    Differences are taken in float64, whatever the type of `got` and `at`, so right float32 code passes. What they
    cannot decide is never counted against the answer: entries and directions on a kink (of relu, hinge, max) are left
    out, and what rounding of `of` explains is allowed on top of `rtol`. A tensor costs two values of `of` for each
    entry (or each direction), and more only where it disagrees.

    A tensor of more than `entries` entries is compared along 6 random directions and at 8 entries, the 4 largest of
    `got` and 4 random ones. A direction's entries are uniform in size between 0.5 and 1.5, of random sign; the root of
    the mean of the squared misses along them estimates ``‖got - want‖``. An error that lies in a single entry is never
    missed if its relative error is above ``2.1 rtol``, whichever entry it is. However an error ``c rtol`` large is
    spread, it passes with a probability of about ``180 / c⁶`` at most: 1 in 5,000 for 10 times `rtol`, 2 in 10¹⁰ for
    100 times, and the usual mistakes are above 400 times. An error below ``rtol / 3`` passes, but for 1 in 10⁹. A part
    of a direction that has a kink is left out with its entries.

    In float32 a gradient of one sample whose softmax is saturated (``1 - p`` below 1e-3) loses its digits: take ten
    samples or more at a point, not all of them answered right.

    Args:
        got: the gradient: one array, or a list, a tuple or a dictionary with one array for each parameter; torch
            tensors are welcome.
        want: the right gradient, of the same structure, such as the reference's or what `autograd_gradient` gives;
            leave it out and give `of` and `at` instead.
        of: the function, from float64 arrays in the structure of `at` to one number; it must not change or keep them.
        at: the point: one array, or a list or a dictionary of arrays. Where wrong code is right only near
            initialisation, try more than one (`parameter_points`).
        names: what the sentence calls each array, such as ``["dW of layer 1", "dW of layer 2"]``; the keys of a
            dictionary, if none are given.
        rtol: largest allowed ``‖got - want‖ / max(‖got‖, ‖want‖)`` of each array.
        entries: a tensor of more entries is compared along directions.
        rng: draws the directions, from one number taken of it; the same ones at every call, if none is given.

    Raises:
        CheckFailed: names the arrays that are wrong, by how much, and whether the others agree.
        InstructorError: neither `want` nor `of` and `at` was given; `want` is not finite; `of` computes in float32; or
            at nine places of ten or more the differences settle on no slope, so that nothing worth the name was
            compared.

    Examples:
        array by array `norm(got - want) / max(norm(got), norm(want)) <= rtol`; without `want`, central differences of
        `of` at `at`, of a tensor with more than `entries` along random directions

        >>> gradient_matches([np.eye(2), -np.ones(2)], [np.eye(2), np.ones(2)], names=['dW', 'db'])
        db (its sign is wrong) is wrong; the other agrees (relative error 2, at most 0.0001 is allowed).
    """
    if want is None and (of is None or at is None):
        raise InstructorError("gradient_matches needs the right gradient, or of= and at= to find it by differences.")
    structure = at if want is None else want
    rights = arrays_of(structure)
    labels = _labels(structure, names, len(rights))
    mine = _received(got, structure, rights, labels)
    if want is not None:
        if not all(np.all(np.isfinite(right)) for right in rights):
            raise InstructorError("The right gradient that gradient_matches was given is NaN or infinite somewhere.")
        found = [_of_known(left, right, rtol) for left, right in zip(mine, rights, strict=True)]
    else:
        assert of is not None
        draw = np.random.default_rng(0 if rng is None else int(rng.integers(2**63)))
        land = Landscape(of, at)
        found = [_Trial(land, part, left, rtol, entries, draw).judged() for part, left in enumerate(mine)]
        if any(each.doubted for each in found) and land.coarse():
            raise InstructorError(
                "The function to be differentiated computes in float32, where differences tell nothing; "
                "compute it in float64 (the parameters come as float64)."
            )
    wrong = [(label, each.error, each.slip) for label, each in zip(labels, found, strict=True) if not each.right]
    if wrong:
        raise CheckFailed(_sentence(wrong, len(rights), rtol))
    left_out, looked_at = sum(each.left_out for each in found), sum(each.looked_at for each in found)
    if left_out and left_out >= 0.9 * looked_at:
        raise InstructorError(
            f"The differences of the function settle on no slope at {left_out} of the {looked_at} places looked at: it "
            "has kinks there, or noise. Draw another point."
        )


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What came out for one tensor."""

    right: bool
    error: float
    slip: str = ""
    doubted: bool = False  # whether anything was looked at again
    left_out: int = 0
    looked_at: int = 0


def _of_known(left: Array, right: Array, rtol: float) -> _Verdict:
    error = relative_error(left, right)
    good = error <= rtol
    return _Verdict(good, error, "" if good else _slip(left, right, rtol))


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """One derivative of the function: by an entry, or along a direction."""

    part: int
    index: tuple[int, ...] = ()
    direction: Array | None = None

    def line(self, land: Landscape) -> Line:
        if self.direction is None:
            return land.entry(self.part, self.index)
        return land.direction(self.part, self.direction)

    def of(self, gradient: Array) -> float:
        """The same derivative by a gradient."""
        if self.direction is None:
            return float(gradient[self.index])
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.vdot(self.direction, gradient))

    def halves(self, depth: int) -> Iterator[_Probe]:
        """The direction in two parts, halved along the tensor's axes in turn."""
        assert self.direction is not None
        inside = np.nonzero(self.direction)
        lengths = [int(np.ptp(places)) if len(places) else 0 for places in inside]
        axes = [axis for axis, length in enumerate(lengths) if length]
        if not axes:
            return
        axis = axes[depth % len(axes)]
        middle = int(np.min(inside[axis])) + lengths[axis] // 2 + 1
        for place in (slice(None, middle), slice(middle, None)):
            part = np.zeros_like(self.direction)
            chosen = (slice(None),) * axis + (place,)
            part[chosen] = self.direction[chosen]
            yield _Probe(self.part, direction=part)


class _Trial:
    """The comparison of one tensor with differences."""

    def __init__(
        self, land: Landscape, part: int, got: Array, rtol: float, entries: int, rng: np.random.Generator
    ) -> None:
        self.land, self.got, self.rtol, self.rng = land, got, rtol, rng
        self.probes = list(_probes(part, got, entries, rng))
        self.along = np.array([probe.direction is not None for probe in self.probes], bool)
        self.mine = np.array([probe.of(got) for probe in self.probes])
        with np.errstate(over="ignore", invalid="ignore"):
            self.right = np.array([probe.line(land).quick() for probe in self.probes])
        self.missing = np.nan_to_num(self.mine - self.right, nan=np.inf)
        self.kept = np.ones(len(self.probes), bool)
        self.confirmed = np.zeros(len(self.probes), bool)

    def judged(self) -> _Verdict:
        """Look again at what disagrees, the largest first, until the tensor is right, or wrong beyond doubt."""
        for place in np.argsort(-np.abs(self.missing), kind="stable"):
            if self.error(self.kept) <= self.rtol:
                break
            if self.confirmed.sum() >= _ENOUGH and self.error(self.confirmed) > self.rtol:
                break
            self.look_again(int(place))
        error = self.error(self.kept)
        good = error <= self.rtol
        slip = "" if good else self.slip()
        doubted = bool(np.any(self.confirmed | ~self.kept))
        return _Verdict(good, error, slip, doubted, int(np.sum(~self.kept)), len(self.probes))

    def error(self, counted: Array) -> float:
        """The relative error of the tensor, as far as some of the probes show it; the others show nothing."""
        with np.errstate(over="ignore"):
            return self._error(counted)

    def _error(self, counted: Array) -> float:
        along, missing = self.along & counted, np.where(counted, self.missing, 0.0)
        right = np.where(self.kept & np.isfinite(self.right), self.right, 0.0)
        if not self.along.any():
            return _relative(missing, np.where(self.kept, self.mine, 0.0), right)
        shares = math.sqrt(_SQUARE * max(1, int(np.sum(self.along & self.kept))))
        size = max(float(np.linalg.norm(self.got)), float(np.linalg.norm(right[self.along])) / shares)
        spread, sampled = (float(np.linalg.norm(missing[each])) for each in (along, ~self.along))
        return _part(max(spread / shares, sampled), size)

    def look_again(self, place: int) -> None:
        """Settle one suspicion: the smooth part of it counts, less what the differences may be wrong by."""
        blocks = self.settled(self.probes[place], 0, [_BLOCKS])
        self.kept[place] = bool(blocks)
        self.confirmed[place] = bool(blocks)
        self.mine[place] = sum(mine for mine, _, _ in blocks)
        self.right[place] = sum(right for _, right, _ in blocks)
        doubt = sum(error for _, _, error in blocks)
        difference = self.mine[place] - self.right[place]
        self.missing[place] = np.sign(difference) * max(0.0, abs(difference) - doubt)

    def settled(self, probe: _Probe, depth: int, budget: list[int]) -> list[tuple[float, float, float]]:
        """(by the answer, by differences, error of these) of the probe, or of its parts that lie on smooth ground."""
        budget[0] -= 1
        mine = probe.of(self.got)
        with np.errstate(over="ignore", invalid="ignore"):
            found = slope(probe.line(self.land), self.land.middle, self.land.noise())
            # A slope that is far smaller than those of the tensor may have a larger spread.
            usual = np.abs(self.right[np.isfinite(self.right) & self.kept])
            smooth = found.smooth(float(np.median(usual)) if usual.size else 0.0, within=self.rtol / 10)
            if smooth and abs(mine - found.value) > found.error:
                # A kink may be nearer than float32 can tell, or hidden from the line (two that cancel each other, as
                # with all weights 0): then the slopes beside the point are others, by about as much as is missing.
                smooth = self.land.even(lambda: probe.line(self.land), found.value, abs(mine - found.value), self.rng)
        if smooth:
            return [(mine, found.value, found.error)]
        if probe.direction is None or budget[0] <= 0:
            return []
        parts = list(probe.halves(depth))
        return [block for part in parts if budget[0] > 0 for block in self.settled(part, depth + 1, budget)]

    def slip(self) -> str:
        """The simplest mistake that explains all that was kept."""
        mine, right = self.mine[self.kept], self.right[self.kept]
        if not np.any(self.got):
            return " (it is all zero)"
        square = self.got.ndim == 2 and self.got.shape[0] == self.got.shape[1]
        turned = np.array([probe.of(self.got.T) for probe in self.probes])[self.kept] if square else None
        return _slip(mine, right, self.rtol, turned)


def _probes(part: int, got: Array, entries: int, rng: np.random.Generator) -> Iterator[_Probe]:
    """Every entry of a small tensor; random directions and some entries of a large one."""
    if got.size <= entries:
        yield from (_Probe(part, index=index) for index in np.ndindex(got.shape))
        return
    for _ in range(_DIRECTIONS):
        values = rng.uniform(-1.0, 1.0, size=got.shape)
        yield _Probe(part, direction=values + np.copysign(0.5, values))
    count = min(_SAMPLED, got.size) // 2
    largest = np.argpartition(-np.abs(got).ravel(), count - 1)[:count]
    others = rng.choice(got.size, size=count, replace=False)
    for flat in sorted({*largest.tolist(), *others.tolist()}):
        yield _Probe(part, index=tuple(int(each) for each in np.unravel_index(flat, got.shape)))


def _labels(structure: object, names: Sequence[str], count: int) -> list[str]:
    """What each array is called: by the names given, else by the keys of a dictionary, else by its number."""
    if isinstance(structure, Mapping):
        own = [str(key) for key in structure]
    elif isinstance(structure, (list, tuple)):
        own = [f"gradient {place + 1}" for place in range(count)]
    else:
        own = ["gradient"]
    return [*names[:count], *own[len(names) :]]


def _received(got: object, structure: object, rights: list[Array], labels: list[str]) -> list[Array]:
    """The arrays of the answer, of the right number and shapes, finite."""
    parts = _taken_apart(got, structure, labels)
    arrays = []
    for label, part, right in zip(labels, parts, rights, strict=True):
        array = numbers(part, name=label)
        if array.shape != right.shape:
            turned = "; is it transposed?" if array.ndim == 2 and array.shape == right.shape[::-1] else "."
            raise CheckFailed(f"{label} has the shape {array.shape}; expected {right.shape}{turned}")
        bad = int(np.sum(~np.isfinite(array)))
        if bad:
            raise CheckFailed(f"{label} is NaN or infinite in {bad} of {array.size} entries.")
        arrays.append(array.astype(np.float64))
    return arrays


def _taken_apart(got: object, structure: object, labels: list[str]) -> list[object]:
    if not isinstance(structure, (list, tuple, Mapping)):
        return [got]
    if got is None:
        raise CheckFailed("The gradient is None; was a `return` forgotten?")
    kind = type(got).__name__
    if isinstance(structure, Mapping):
        expected = ", ".join(map(show, structure))
        if not isinstance(got, Mapping):
            raise CheckFailed(f"The gradient is no dict but of type {kind}; expected one with the keys {expected}.")
        if missing := [key for key in structure if key not in got]:
            raise CheckFailed(f"The gradient has no key {show(missing[0])}; its keys are {show(list(got))}.")
        if extra := [key for key in got if key not in structure]:
            raise CheckFailed(
                f"The gradient has the key {show(extra[0])}, which is not expected; expected are {expected}."
            )
        return [got[key] for key in structure]
    if is_tensor(got):
        got = without_tensors(got)
    if not isinstance(got, (list, tuple)) and not (isinstance(got, np.ndarray) and got.ndim):
        raise CheckFailed(f"The gradient is no list but of type {kind}; expected a list of {len(labels)} arrays.")
    if len(got) != len(labels):
        raise CheckFailed(f"The gradient has length {len(got)}; expected {len(labels)} arrays: {series(labels)}.")
    return list(got)


def _slip(got: Array, want: Array, rtol: float, turned: Array | None = None) -> str:
    """The simplest mistake that explains the difference, in brackets; "" when none does."""
    if turned is None and got.ndim == 2 and got.shape[0] == got.shape[1]:
        turned = got.T
    if not np.any(got):
        return " (it is all zero)"
    if relative_error(-got, want) <= rtol:
        return " (its sign is wrong)"
    if turned is not None and relative_error(turned, want) <= rtol:
        return " (it is transposed)"
    with np.errstate(over="ignore", invalid="ignore"):
        factor = float(np.vdot(got, want) / np.vdot(want, want)) if np.any(want) else 0.0
    if factor and np.isfinite(factor) and f"{factor:.4g}" != "1" and relative_error(got / factor, want) <= rtol:
        return f" (it is {factor:.4g} times the right one)"
    return ""


def _sentence(wrong: list[tuple[str, float, str]], total: int, rtol: float) -> str:
    described = series([f"{label}{slip}" for label, _, slip in wrong])
    rest = total - len(wrong)
    others = (
        "" if total == 1 else "; the others agree" if rest > 1 else "; the other agrees" if rest else "; none agrees"
    )
    worst = max(error for _, error, _ in wrong)
    return f"{described} {are(wrong)} wrong{others} (relative error {worst:.2g}, at most {rtol:g} is allowed)."
