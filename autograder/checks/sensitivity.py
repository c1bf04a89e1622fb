"""Does a training use the hyper-parameter that it is given? Compare its histories, and let no chance count."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Any, Literal, TypeVar

import numpy as np

from .arguments import FUNCTION, GENERATOR, LABELS, NOT_NEGATIVE, SEEDED, TEXT, WHOLE, one_of, optional, takes
from .compare import show
from .errors import CheckFailed, InstructorError
from .seeds import Reseeded, derived
from .training import curve

__all__ = ["distance", "reacts_to"]

Array = np.ndarray[Any, Any]
Value = TypeVar("Value")

_REPEATED = 1e-6
"""Two runs this near are repetitions of each other: float32 sums in another order differ by about 1e-7."""


@takes(
    train=FUNCTION,
    values=LABELS,
    rng=GENERATOR,
    name=TEXT,
    ends=one_of("", "lower", "higher"),
    at_least=NOT_NEGATIVE,
    repeats=WHOLE,
    student=optional(SEEDED),
)
def reacts_to(
    train: Callable[[Value, np.random.Generator], object],
    values: Sequence[Value],
    rng: np.random.Generator,
    *,
    name: str = "learning_rate",
    ends: Literal["", "lower", "higher"] = "",
    student: Reseeded | None = None,
    at_least: float = 1e-3,
    repeats: int = 5,
) -> list[Array]:
    """Fail unless a training gives clearly another history for each value of a hyper-parameter than for the one before.

    Every run begins with the same random numbers, and the first value is run twice. Where these two runs agree, a
    single run of each value tells; ``len(values) + 1`` runs in all. Where they do not (a submission may draw numbers
    that nobody can seed), each value is run `repeats` times by turns, and two values differ when their runs lie
    further apart than the runs of one value do, more than under any other division of these runs into halves. A
    training that ignores the value comes through with a chance of at most 1 in 126 for 5 repeats (permutation test
    with ``C(2r, r) / 2`` divisions), and one that repeats itself never.

    Args:
        train: trains with one value, ``train(value, rng)``, and returns the history, (n,) or (n, 1); it may end in NaN
            or infinity. The generator is in the same state at every call.
        values: two or more, far enough apart that the difference is plain; for `ends` in order.
        rng: the check's; what it gives itself stays the same.
        name: what sentences call the hyper-parameter.
        ends: whether each history must end "lower" or "higher" than that of the value before; NaN and infinity are the
            highest of all.
        student: the stand-in, to seed the submission's own random numbers, too.
        at_least: smallest ``‖a - b‖ / max(‖a‖, ‖b‖)`` of two histories that differ.
        repeats: runs of each value when no run can be repeated.

    Returns:
        The first history of each value, (n,).

    Raises:
        CheckFailed: a value makes no difference or the wrong one, or a history is no list of numbers.
        InstructorError: fewer than two values, or other than 2 to 10 repeats.

    Examples:
        the histories `train(value, rng)` of neighbouring values differ, by more than `at_least` of their size and by
        more than chance; `ends` is "lower" or "higher" where the last value must go one way

        >>> reacts_to(lambda rate, rng: [2.3, 1.1, 0.7], [0.01, 0.1], np.random.default_rng(0))
        With learning_rate 0.01 and 0.1 the histories differ by 0 of their size; expected more than 0.001. Is
        learning_rate used?
    """
    if len(values) < 2 or not 2 <= repeats <= 10:
        raise InstructorError("reacts_to needs at least two values, and 2 to 10 repeats.")
    (seed,) = derived(rng, 1)

    def run(place: int) -> Array:
        return curve(train(values[place], seed.start(student)), name="The history").values

    histories = [[run(place)] for place in range(len(values))]
    histories[0].append(run(0))
    repeatable = distance(*histories[0]) <= _REPEATED
    for count in () if repeatable else range(1, repeats):
        for place, found in enumerate(histories):  # by turns, so that what drifts from run to run is in all of them
            if len(found) == count:
                found.append(run(place))
    for (first, before), (second, after) in pairwise(zip(values, histories, strict=True)):
        pair = f"{name} {show(first)} and {show(second)}"
        apart = distance(before[0], after[0]) if repeatable else _mean_distance(before, after)
        if not apart > at_least:
            raise CheckFailed(
                f"With {pair} the histories differ by {apart:.2g} of their size; expected more than {at_least:g}. "
                f"Is {name} used?"
            )
        if not repeatable and not _divided(before, after):
            raise CheckFailed(
                f"With {pair} the histories of {repeats} runs each differ no more than those of one value do. "
                f"Is {name} used?"
            )
        last, now = _end(before), _end(after)
        if ends and not (now < last if ends == "lower" else now > last):
            raise CheckFailed(
                f"The history ends at {_told(last)} with {name} {show(first)} and at {_told(now)} with {show(second)}; "
                f"it must end {ends} with {show(second)}."
            )
    return [found[0] for found in histories]


def distance(a: Array, b: Array) -> float:
    """``‖a - b‖ / max(‖a‖, ‖b‖)``, from 0 to 2; 2 also where shapes or the places of NaN and infinity differ."""
    if a.shape != b.shape:
        return 2.0
    known = np.isfinite(a)
    if not np.array_equal(known, np.isfinite(b)):
        return 2.0
    left, right = a[known], b[known]
    largest = max(np.abs(left).max(initial=0.0), np.abs(right).max(initial=0.0))
    if largest == 0:
        return 0.0
    left, right = left / largest, right / largest  # squares of what overflows would be infinite
    return float(np.linalg.norm(left - right) / max(np.linalg.norm(left), np.linalg.norm(right)))


def _mean_distance(first: Sequence[Array], second: Sequence[Array]) -> float:
    return float(np.mean([distance(a, b) for a in first for b in second]))


def _divided(first: Sequence[Array], second: Sequence[Array]) -> bool:
    """Whether no other division into halves lets the two lie further apart, compared with their insides."""
    pool = [*first, *second]
    apart = np.array([[distance(a, b) for b in pool] for a in pool])
    n = len(first)
    # Each row is a division: the runs of one side, among them run 0. The first row is the division by value.
    sides = np.zeros((math.comb(2 * n - 1, n - 1), 2 * n))
    for row, others in enumerate(combinations(range(1, 2 * n), n - 1)):
        sides[row, [0, *others]] = 1
    between = np.sum((sides @ apart) * (1 - sides), axis=1)  # the rest of all distances lies inside of the halves
    return bool(np.all(between[1:] < between[0]))


def _end(histories: Sequence[Array]) -> float:
    lasts = [float(history[-1]) if np.isfinite(history[-1]) else np.inf for history in histories]
    return sorted(lasts)[(len(lasts) - 1) // 2]


def _told(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "NaN or infinity"
