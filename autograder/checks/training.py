"""Judge histories of trainings: a loss, an error, anything of which lower is better, epoch by epoch.

One history alone (`curve`), two beside each other (`gap`), and those of neighbouring values of a hyper-parameter, which
must differ by more than chance (`reacts_to`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Literal, TypeVar

import numpy as np

from .arguments import (
    FUNCTION,
    GENERATOR,
    LABELS,
    NOT_NEGATIVE,
    NUMBER,
    SEEDED,
    SHARE,
    TEXT,
    WHOLE,
    one_of,
    optional,
    takes,
)
from .compare import finite, numbers
from .errors import CheckFailed, InstructorError
from .seeds import Reseeded, derived
from .value_text import show
from .wording import apart

__all__ = ["Curve", "curve", "distance", "gap", "reacts_to"]


@dataclass(frozen=True, slots=True)
class Curve:
    """Values (n,) of which lower is better, with the name that sentences give them.

    Every method looks for NaN and infinity first, and returns the curve, so that they can be chained:
    ``curve(losses).falls(by=0.5).steady(0.8)``.
    """

    values: np.ndarray[Any, Any]
    name: str

    def finite(self) -> Curve:
        """Fail if a value is NaN or infinite.

        Raises:
            CheckFailed: names the first such place, counted from 0.

        Examples:
            no NaN and no infinity

            >>> curve([1.0, np.inf]).finite()
            loss[1] is infinite (1 of 2 entries are NaN or infinite).
        """
        finite(self.values, name=self.name)
        return self

    @takes(by=NUMBER)
    def falls(self, by: float = 0.0) -> Curve:
        """Fail unless the last value lies below the first, by more than the fraction `by` of the first's size.

        Raises:
            CheckFailed: tells both values and what was expected.

        Examples:
            last below first, by more than a fraction of it

            >>> curve([2.3, 2.1], name='training loss').falls(by=0.5)
            training loss goes from 2.3 to 2.1 in 2 values; it must end below 1.15 (50 % lower).
        """
        first, last = (float(value) for value in self.finite().values[[0, -1]])
        limit = first - by * abs(first)
        if not last < limit:
            raise CheckFailed(
                f"{self.name} goes from {first:.4g} to {last:.4g} in {len(self.values)} values; "
                f"it must end below {limit:.4g}{f' ({100 * by:g} % lower)' if by else ''}."
            )
        return self

    @takes(limit=NUMBER)
    def ends_below(self, limit: float) -> Curve:
        """Fail unless the last value lies below `limit`.

        Raises:
            CheckFailed: tells the last value and the limit.

        Examples:
            last below a limit

            >>> curve([2.3, 2.1], name='training loss').ends_below(0.5)
            training loss ends at 2.1; expected less than 0.5.
        """
        last = float(self.finite().values[-1])
        if not last < limit:
            texts = apart(last, limit, digits=4)
            raise CheckFailed(f"{self.name} ends at {texts[0]}; expected less than {texts[1]}.")
        return self

    @takes(share=SHARE)
    def steady(self, share: float) -> Curve:
        """Fail unless at least the fraction `share` of the steps does not go up.

        Raises:
            CheckFailed: tells how many steps go up, and the highest step.

        Examples:
            at least that share of the steps does not go up

            >>> curve([1.0, 0.5, 0.7]).steady(0.9)
            loss goes up in 1 of 2 steps, most from [1] to [2] (by 0.2); at least 90 % of the steps must not.
        """
        with np.errstate(over="ignore"):
            steps = np.diff(self.finite().values)
        rising = int(np.sum(steps > 0))
        if len(steps) and len(steps) - rising < share * len(steps) - 1e-9:  # 0.55 * 100 is above 55
            highest = int(np.argmax(steps))
            raise CheckFailed(
                f"{self.name} goes up in {rising} of {len(steps)} steps, most from [{highest}] to [{highest + 1}] "
                f"(by {steps[highest]:.4g}); at least {100 * share:g} % of the steps must not."
            )
        return self

    @property
    def best(self) -> int:
        """Index of the lowest value, the first of equal ones.

        Raises:
            CheckFailed: a value is NaN or infinite.

        Examples:
            nothing: index of the lowest value

            >>> curve([1.0, 0.5, 0.7]).best
            1
        """
        return int(np.argmin(self.finite().values))


@takes(name=TEXT)
def curve(values: object, *, name: str = "loss") -> Curve:
    """The history of a training, ready to be judged.

    Args:
        values: at least one number, (n,) or (n, 1), lower is better; for an accuracy give ``1 - accuracy``.
        name: what sentences call it, such as ``"training loss"``.

    Raises:
        CheckFailed: no numbers, none at all, or of another shape.

    Examples:
        numbers (n,), for the methods of `Curve`

        >>> curve(3.0)
        loss has the shape (); expected a list of one number for each epoch.
    """
    found = numbers(values, name=name).astype(np.float64)
    if found.ndim == 0 or found.shape not in ((found.size,), (found.size, 1)) or not found.size:
        raise CheckFailed(f"{name} has the shape {found.shape}; expected a list of one number for each epoch.")
    return Curve(found.reshape(-1), name)


@takes(at_most=NUMBER, name=TEXT)
def gap(training: object, validation: object, *, at_most: float = math.inf, name: str = "loss") -> float:
    """How much higher the validation curve ends than the training curve: ``validation[-1] - training[-1]``.

    Args:
        training: values of which lower is better, as for `curve`.
        validation: as many values.
        at_most: the largest gap allowed, in the unit of the values.
        name: what sentences call the measured number, such as ``"loss"``.

    Raises:
        CheckFailed: one of them is no finite curve, their lengths differ, or the gap is larger than allowed.

    Examples:
        validation minus training at the end

        >>> gap([1.0, 0.1], [1.1, 0.9], at_most=0.5)
        validation loss ends at 0.9 and training loss at 0.1: a gap of 0.8; expected at most 0.5.
    """
    fitted = curve(training, name=f"training {name}").finite().values
    unseen = curve(validation, name=f"validation {name}").finite().values
    if len(fitted) != len(unseen):
        raise CheckFailed(
            f"training {name} has {len(fitted)} values and validation {name} {len(unseen)}; expected as many."
        )
    found = float(unseen[-1]) - float(fitted[-1])
    if found > at_most:
        texts = apart(found, at_most, digits=4)
        raise CheckFailed(
            f"validation {name} ends at {unseen[-1]:.4g} and training {name} at {fitted[-1]:.4g}: a gap of "
            f"{texts[0]}; expected at most {texts[1]}."
        )
    return found


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
                f"The history ends at {_in_words(last)} with {name} {show(first)} and at {_in_words(now)} with "
                f"{show(second)}; it must end {ends} with {show(second)}."
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


def _in_words(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "NaN or infinity"
