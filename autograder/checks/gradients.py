"""Gradients: compare with known ones, or with central differences of the function itself.

Two gradients are compared tensor by tensor, by the norm of their difference relative to the larger of their norms:
unlike an entry's relative error it does not blow up where an entry is almost 0 (float32 answers stay near 1e-7 when
they are right, and every usual mistake is above 0.04).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import numbers
from autograder.errors import CheckFailed, InstructorError

__all__ = ["central_differences", "gradient_matches", "relative_error"]

Array = np.ndarray[Any, Any]


def relative_error(a: object, b: object) -> float:
    """``‖a - b‖ / max(‖a‖, ‖b‖)`` over all entries; 0 when both norms are below 1e-12, NaN when an entry is NaN."""
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = max(float(np.linalg.norm(left)), float(np.linalg.norm(right)))
    return 0.0 if size < 1e-12 else float(np.linalg.norm(left - right)) / size


def gradient_matches(
    got: object,
    want: object = None,
    *,
    of: Callable[[Any], object] | None = None,
    at: object = None,
    names: Sequence[str] = (),
    rtol: float = 1e-4,
) -> None:
    """Fail unless a gradient agrees with the wanted one, or with central differences of `of` at the point `at`.

    Args:
        got: the gradient: one array, or a list or tuple with one array for each parameter.
        want: the right gradient, of the same structure; leave it out and give `of` and `at` instead.
        of: the function, from parameters of the structure of `at` to one number; it is called in float64.
        at: the point: one array, or a list of arrays.
        names: what the sentence calls each array, such as ``["dW of layer 1", "dW of layer 2"]``.
        rtol: largest allowed ``‖got - want‖ / max(‖got‖, ‖want‖)`` of each array.

    Raises:
        CheckFailed: names the arrays that are wrong, by how much, and whether the others agree.
        InstructorError: neither `want` nor `of` and `at` was given.
    """
    if want is None:
        if of is None or at is None:
            raise InstructorError(
                "gradient_matches needs the right gradient, or of= and at= to find it by differences."
            )
        want, smooth = central_differences(of, at)
    else:
        smooth = None
    rights = _parts(want)
    labels = list(names) or (["gradient"] if not isinstance(want, (list, tuple)) else [])
    labels += [f"gradient {place + 1}" for place in range(len(labels), len(rights))]
    mine = _received(got, want, rights, labels)
    masks = _parts(smooth) if smooth is not None else [np.ones(right.shape, bool) for right in rights]
    wrong = []
    for label, left, right, mask in zip(labels, mine, rights, masks, strict=True):
        error = relative_error(np.where(mask, left, 0.0), np.where(mask, right, 0.0))
        if not error <= rtol:
            wrong.append((label, error, _slip(np.where(mask, left, 0.0), np.where(mask, right, 0.0), rtol)))
    if wrong:
        raise CheckFailed(_sentence(wrong, len(rights), rtol))


def central_differences(of: Callable[[Any], object], at: object, *, eps: float = 1e-6) -> tuple[Any, Any]:
    """The gradient of a function by central differences, in float64: ``(f(x + eps) - f(x - eps)) / (2 eps)``.

    An entry sits on a kink (of relu, say) when the slopes on its two sides differ by more than rounding and curvature
    explain; differences say nothing about the gradient there.

    Args:
        of: from parameters of the structure of `at` to one number.
        at: one array, or a list of arrays; not changed.
        eps: half the distance of the two points.

    Returns:
        (gradient, smooth): both of the structure of `at`; `smooth` is False at the entries that sit on a kink.

    Raises:
        InstructorError: the function does not give one finite number at the point.
    """
    points = [np.array(part, dtype=np.float64) for part in _parts(at)]
    several = isinstance(at, (list, tuple))

    def value() -> float:
        return float(np.asarray(of(points if several else points[0])).reshape(()))

    middle = value()
    if not np.isfinite(middle):
        raise InstructorError(f"The function to be differentiated gives {middle} at the point itself.")
    gradients, smooth = [], []
    for point in points:
        gradient, mask = np.zeros(point.shape), np.ones(point.shape, bool)
        for place in np.ndindex(point.shape):
            kept = point[place]
            values = []
            for step in (-eps, -eps / 2, eps / 2, eps):
                point[place] = kept + step
                values.append(value())
            point[place] = kept
            left, right = (middle - values[0]) / eps, (values[3] - middle) / eps
            left_half, right_half = 2 * (middle - values[1]) / eps, 2 * (values[2] - middle) / eps
            gradient[place] = (values[3] - values[0]) / (2 * eps)
            # On smooth ground the gap between the slopes of the two sides halves with the distance; at a kink it does
            # not. Rounding of the values gives each slope an error of about 2e-16 |f| / eps.
            gap, gap_half = right - left, right_half - left_half
            noise = 256 * np.finfo(float).eps * max(1.0, abs(middle)) / eps
            mask[place] = abs(gap - 2 * gap_half) <= noise + 1e-6 * max(abs(left), abs(right))
        gradients.append(gradient)
        smooth.append(mask)
    return (gradients, smooth) if several else (gradients[0], smooth[0])


def _parts(value: object) -> list[Array]:
    return [np.asarray(part) for part in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]


def _received(got: object, want: object, rights: list[Array], labels: list[str]) -> list[Array]:
    """The arrays of the answer, of the right number and shapes, finite."""
    if isinstance(want, (list, tuple)):
        if got is None:
            raise CheckFailed("The gradient is None; was a `return` forgotten?")
        if not isinstance(got, (list, tuple)) and not (isinstance(got, np.ndarray) and got.ndim):
            raise CheckFailed(
                f"The gradient is no list but of type {type(got).__name__}; a list of {len(rights)} arrays was wanted."
            )
        if len(got) != len(rights):
            raise CheckFailed(f"The gradient has length {len(got)}; {len(rights)} arrays were wanted: {_and(labels)}.")
        parts = list(got)
    else:
        parts = [got]
    arrays = []
    for label, part, right in zip(labels, parts, rights, strict=True):
        array = numbers(part, name=label)
        if array.shape != right.shape:
            turned = "; is it transposed?" if array.ndim == 2 and array.shape == right.shape[::-1] else "."
            raise CheckFailed(f"{label} has the shape {array.shape}; {right.shape} was wanted{turned}")
        bad = int(np.sum(~np.isfinite(array)))
        if bad:
            raise CheckFailed(f"{label} is NaN or infinite in {bad} of {array.size} entries.")
        arrays.append(array)
    return arrays


def _slip(got: Array, want: Array, rtol: float) -> str:
    """The simplest mistake that explains the difference, in brackets; "" when none does."""
    if not np.any(got):
        return " (it is all zero)"
    if relative_error(-got, want) <= rtol:
        return " (its sign is wrong)"
    if got.ndim == 2 and got.shape[0] == got.shape[1] and relative_error(got.T, want) <= rtol:
        return " (it is transposed)"
    with np.errstate(over="ignore"):
        factor = float(np.vdot(got, want) / np.vdot(want, want)) if np.any(want) else 0.0
    if factor and np.isfinite(factor) and relative_error(got / factor, want) <= rtol:
        return f" (it is {factor:.3g} times the right one)"
    return ""


def _sentence(wrong: list[tuple[str, float, str]], total: int, rtol: float) -> str:
    described = _and([f"{label}{slip}" for label, _, slip in wrong])
    rest = total - len(wrong)
    others = (
        "" if total == 1 else "; the others agree" if rest > 1 else "; the other agrees" if rest else "; none agrees"
    )
    worst = max(error for _, error, _ in wrong)
    verb = "is" if len(wrong) == 1 else "are"
    return f"{described} {verb} wrong{others} (relative error {worst:.2g}, at most {rtol:g} is allowed)."


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}"
