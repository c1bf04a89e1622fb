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
        """
        finite(self.values, name=self.name)
        return self

    @takes(by=NUMBER)
    def falls(self, by: float = 0.0) -> Curve:
        """Fail unless the last value lies below the first, by more than the fraction `by` of the first's size.

        Raises:
            CheckFailed: tells both values and what was expected.
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
