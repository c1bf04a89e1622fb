"""Judge the history of a training: a loss, an error, anything of which lower is better, epoch by epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import NUMBER, SHARE, TEXT, takes
from .compare import finite, numbers
from .errors import CheckFailed
from .wording import apart

__all__ = ["Curve", "curve", "gap"]


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
