"""Gradients of a function: by differences, with what is known of their error, and by torch.

A derivative along a line is taken from four values, at ``±h`` and ``±h/2``, for one step size h after another. Where
the function is smooth, the slope over the wide pair and that over the narrow pair agree, and the gap between the
slopes of the two sides halves with h; what is left over in both (the spread) tells rounding, curvature and kinks. The
step with the smallest spread is taken, as in Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in
Engineering Software 4 (1982), 75-76, whose first extrapolation ``(4 D(h/2) - D(h)) / 3`` is the estimate. At a kink
the gap does not shrink with h, at no step; a kink beside the point is passed by with a smaller step.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arguments import FUNCTION, NUMBERS, takes
from .compare import numbers
from .errors import CheckFailed, InstructorError
from .inspection.arrays import is_tensor, to_array
from .parameters import copies_of, like

__all__ = ["STEPS", "Landscape", "Slope", "autograd_gradient", "central_differences", "slope"]


Array = np.ndarray[Any, Any]
# Downwards first, for kinks near the point; then upwards, for functions with much noise.
STEPS = (1e-5, 1e-6, 1e-7, 1e-8, 1e-4, 1e-3, 1e-2)

_EPS = float(np.finfo(np.float64).eps)
_ROUNDING = 32  # the spread is a sum of values with weights up to 10 / h; three times that
_NEAR = 1e-8  # distance of the values from which noise is measured, and of what is looked at around the point


@dataclass(frozen=True, slots=True)
class Line:
    """A function of one number; `unit` is what a step size of 1 stands for."""

    along: Callable[[float], float]
    unit: float = 1.0

    def quick(self) -> float:
        """The slope at 0 from the two values of the first step size, right unless a kink is near."""
        step = STEPS[0] * self.unit
        return (self.along(step) - self.along(-step)) / (2 * step)


@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative along a line.

    Attributes:
        value: the estimate.
        spread: by how much the values at one step contradict each other.
        rounding: how much of that the noise of the function explains.
    """

    value: float
    spread: float
    rounding: float

    @property
    def error(self) -> float:
        """Bound of the estimate's error where the function is smooth."""
        return 4 * (self.spread + self.rounding)

    def smooth(self, size: float = 0.0, *, within: float = 1e-5) -> bool:
        """Whether rounding, or `within` of the slope (or of a size given), explains the spread: no kink."""
        return self.spread <= 2 * self.rounding + within * max(abs(self.value), size)


def slope(line: Line, middle: float, noise: float, steps: Sequence[float] = STEPS) -> Slope:
    """The derivative at 0 of a function of one number, at the step size that gives the smallest spread.

    Args:
        line: the function.
        middle: its value at 0.
        noise: standard deviation of the rounding of its values.
        steps: in the line's unit, tried in this order, until the spread is no more than rounding.
    """
    best, best_step = Slope(math.nan, math.inf, 0.0), math.inf
    tried: list[tuple[float, Slope]] = []
    kinks = 0
    for step in (each * line.unit for each in steps):
        below, near_below, near_above, above = (line.along(step * part) for part in (-1, -0.5, 0.5, 1))
        wide, narrow = (above - below) / (2 * step), (near_above - near_below) / step
        gap = (above - 2 * middle + below) / step
        near_gap = 2 * (near_above - 2 * middle + near_below) / step
        spread = max(abs(wide - narrow), abs(gap - 2 * near_gap))
        rounding = _ROUNDING * noise / step
        tried.append((step, Slope((4 * narrow - wide) / 3, spread, rounding)))
        if spread + 2 * rounding < best.spread + 2 * best.rounding:  # never where it is NaN
            best_step, best = tried[-1]
        if spread <= rounding + 1e-7 * abs(narrow):
            break
        kinks = kinks + 1 if abs(gap) > 100 * rounding and abs(gap - near_gap) < 0.01 * abs(gap) else 0
        if kinks == 2:  # the same jump of the slope over a tenth of the distance: it is at the point itself
            break
    # Kinks that are seen at a smaller step are there, though they may cancel each other, or drown, at a larger one.
    seen = [each.spread for step, each in tried if step < best_step and each.spread > 2 * each.rounding]
    return replace(best, spread=max([best.spread, *seen]))


class Landscape:
    """A function of parameters around a point, in float64.

    Args:
        of: from parameters of the structure of `at` to one number. It is given arrays that change between the calls:
            it must not change or keep them.
        at: the point; it is copied.

    Raises:
        InstructorError: the function does not give one finite number at the point.
    """

    def __init__(self, of: Callable[[Any], object], at: object) -> None:
        self.parts = copies_of(at)
        self._of = of
        self._given = like(at, self.parts)
        self._noise: float | None = None
        self.middle = self.value()
        if not math.isfinite(self.middle):
            raise InstructorError(f"The function to be differentiated gives {self.middle} at the point itself.")

    def value(self) -> float:
        """The function where the parameters are now."""
        try:
            found = numbers(self._of(self._given), name="The value of the function to be differentiated")
        except CheckFailed as failed:
            raise InstructorError(f"{failed} Give a function from the parameters to one number.") from None
        if found.size != 1:
            raise InstructorError(
                f"The function to be differentiated gives an array of shape {found.shape}; expected one number: "
                "is a sum or mean missing?"
            )
        return float(found.reshape(()))

    def entry(self, part: int, index: tuple[int, ...]) -> Line:
        """The function along one entry; the steps grow with an entry above 1."""
        array = self.parts[part]
        kept = float(array[index])

        def along(step: float) -> float:
            array[index] = kept + step
            try:
                return self.value()
            finally:
                array[index] = kept

        return Line(along, max(1.0, abs(kept)))

    def direction(self, part: int, direction: Array) -> Line:
        """The function along a direction in one parameter."""
        array = self.parts[part]
        kept = array.copy()

        def along(step: float) -> float:
            np.multiply(direction, step, out=array)
            np.add(array, kept, out=array)
            try:
                return self.value()
            finally:
                array[...] = kept

        return Line(along, _unit(kept))

    def noise(self) -> float:
        """Standard deviation of the rounding of the function's values near the point; measured once.

        From third differences of values too near to each other for the function to change in another way, which have
        20 times the variance of one value (Moré and Wild, "Estimating computational noise", SIAM Journal on Scientific
        Computing 33 (2011), 1292-1314): the median along five directions, so that a kink between does not count.
        """
        if self._noise is None:
            rng = np.random.default_rng(1)
            found = []
            for _ in range(5):
                directions = [np.asarray(rng.normal(size=part.shape)) for part in self.parts]
                values = [self._moved(directions, _NEAR * place) for place in range(1, 8)]
                with np.errstate(invalid="ignore"):
                    found.append(float(np.sqrt(np.mean(np.diff(values, 3) ** 2) / math.comb(6, 3))))
            measured = float(np.median(found))
            self._noise = max(_EPS * abs(self.middle), measured if math.isfinite(measured) else 0.0)
        return self._noise

    def coarse(self) -> bool:
        """Whether the values stay the same over distances of 1e-10 but not over 1e-5, as those in float32 do."""
        rng = np.random.default_rng(2)
        changed = {1e-10: 0, 1e-5: 0}
        for distance in changed:
            for _ in range(5):
                directions = [np.asarray(rng.normal(size=part.shape)) for part in self.parts]
                changed[distance] += self._moved(directions, distance) != self.middle
        return changed[1e-10] <= 1 and changed[1e-5] >= 4

    def even(self, line: Callable[[], Line], slope: float, missing: float, rng: np.random.Generator) -> bool:
        """Whether the slope along a line is the same beside the point, but for a small part of what an answer misses.

        The points lie opposite each other in pairs: of a kink that is nearer than they are (a float32 answer may be on
        either side of it), one of each pair lies beyond.

        Args:
            line: gives the line through where the parameters are now.
            slope: along it, at the point.
            missing: what a difference of the slopes is compared with; an eighth of it is allowed, or what noise
                explains, but never half.
            rng: draws the points.
        """
        for distance in (100 * _NEAR, 100 * _NEAR, 10 * _NEAR):
            directions = [np.asarray(rng.normal(size=part.shape) * _unit(part)) for part in self.parts]
            step = distance / 10
            allowed = min(missing / 2, max(missing / 8, 4 * self.noise() / step))
            for sign in (-1.0, 1.0):
                kept = self._move(directions, sign * distance)
                try:
                    along = line().along
                    if not abs((along(step) - along(-step)) / (2 * step) - slope) <= allowed:
                        return False
                finally:
                    self._put_back(kept)
        return True

    def _moved(self, directions: Sequence[Array], step: float) -> float:
        kept = self._move(directions, step)
        try:
            return self.value()
        finally:
            self._put_back(kept)

    def _move(self, directions: Sequence[Array], step: float) -> list[Array]:
        kept = [part.copy() for part in self.parts]
        for part, direction in zip(self.parts, directions, strict=True):
            part += step * direction
        return kept

    def _put_back(self, kept: Sequence[Array]) -> None:
        for part, before in zip(self.parts, kept, strict=True):
            part[...] = before


def _unit(values: Array) -> float:
    """What distances are relative to: the size of the entries, where it is above 1."""
    return max(1.0, float(np.sqrt(np.mean(values**2)))) if values.size else 1.0


@takes(of=FUNCTION, steps=NUMBERS)
def central_differences(of: Callable[[Any], object], at: object, *, steps: Sequence[float] = STEPS) -> tuple[Any, Any]:
    """The gradient of a function by central differences, in float64, every entry at the step that is most stable.

    An entry sits on a kink (of relu, say) when the slopes on its two sides differ at every step by more than rounding
    and curvature explain; differences say nothing about the gradient there. Formulas and sources: at the head of
    `checks.derivatives`. On smooth ground an entry costs four values of the function, on a kink 8 to
    28.

    Args:
        of: from parameters of the structure of `at` to one number; it must not change or keep what it is given.
        at: one array, or a list or a dictionary of arrays; not changed.
        steps: half the distances of the outer points, times the entry where it is above 1, in the order to be tried.

    Returns:
        (gradient, smooth): both of the structure of `at`; `smooth` is False at the entries that sit on a kink.

    Raises:
        InstructorError: the function does not give one finite number at the point.

    Examples:
        nothing: the gradient in float64, and where it is smooth

        >>> central_differences(np.sum, np.zeros(2), steps=[0.5])
        (array([1., 1.]), array([ True,  True]))
    """
    land = Landscape(of, at)
    gradients, smooth = [], []
    for place, part in enumerate(land.parts):
        gradient, masks = np.zeros(part.shape), np.ones(part.shape, bool)
        slopes = {}
        for index in np.ndindex(part.shape):
            slopes[index] = slope(land.entry(place, index), land.middle, land.noise(), steps)
            gradient[index] = slopes[index].value
        settled = [each.value for each in slopes.values() if each.smooth()]
        size = float(np.sqrt(np.mean(np.square(settled)))) if settled else 0.0
        for index, each in slopes.items():
            masks[index] = each.smooth(size)
        gradients.append(gradient)
        smooth.append(masks)
    return like(at, gradients), like(at, smooth)


@takes(of=FUNCTION)
def autograd_gradient(of: Callable[[Any], object], at: object) -> Any:
    """The gradient of a function of torch tensors by automatic differentiation, for ``gradient_matches(got, want)``.

    Args:
        of: from float64 tensors in the structure of `at` to a tensor of one number.
        at: the point: an array or tensor, or a list or a dictionary of them; not changed.

    Returns:
        The gradient in the structure of `at`, as float64 arrays; 0 for what the function does not depend on.

    Raises:
        InstructorError: torch is not installed, or the function gives no tensor of one number that depends on `at`.

    Examples:
        nothing: the gradient by torch, for `want`; `of` is given float64 tensors

        >>> autograd_gradient(lambda w: (w * w).sum(), np.ones(2))
        [2. 2.]
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise InstructorError(
            "autograd_gradient needs torch, which is not installed here; give gradient_matches of= and at= instead."
        ) from None
    leaves = [torch.from_numpy(part).requires_grad_() for part in copies_of(at)]
    with torch.enable_grad():
        value: Any = of(like(at, leaves))
    if not is_tensor(value) or value.numel() != 1:
        what = f"a tensor of shape {tuple(value.shape)}" if is_tensor(value) else f"of type {type(value).__name__}"
        raise InstructorError(f"What autograd_gradient differentiates must give a tensor of one number; it is {what}.")
    if not value.requires_grad:
        raise InstructorError(
            "What autograd_gradient differentiates does not depend on its parameters; were they made numbers or "
            "copied with .detach() or .data?"
        )
    found = torch.autograd.grad(value.reshape(()), leaves, allow_unused=True, materialize_grads=True)
    return like(at, [to_array(each) for each in found])
