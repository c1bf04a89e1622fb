"""Measure how often predictions are right, with the uncertainty that the number of samples leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.compare import numbers
from autograder.checks.credit import Credit
from autograder.errors import CheckFailed, InstructorError

__all__ = ["Measurement", "accuracy"]

_Z = 1.959964  # 95 % of a normal distribution lie within this many standard deviations


@dataclass(frozen=True, slots=True)
class Measurement:
    """A fraction of right answers: `value` in [0, 1] over `n` samples, with its 95 % Wilson interval `low` to `high`.

    Wilson, Journal of the American Statistical Association 22 (1927) 209.
    """

    value: float
    n: int
    name: str = "accuracy"

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._wilson()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._wilson()[1]

    def _wilson(self) -> tuple[float, float]:
        p, n, z2 = self.value, self.n, _Z * _Z
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        return (
            f"{self.name} {100 * self.value:.2f} % on {self.n:,} samples "
            f"(95 % interval {100 * self.low:.1f} to {100 * self.high:.1f} %)"
        )

    def points_at(self, thresholds: Mapping[float, float]) -> Credit:
        """The credit of the highest threshold that the value is *above* (strictly).

        Args:
            thresholds: from accuracy in [0, 1] to the fraction of the points, such as ``{0.96: 1.0, 0.90: 0.5}``.

        Raises:
            CheckFailed: above none of them; the sentence names value, interval and thresholds.
            InstructorError: no threshold given.
        """
        if not thresholds:
            raise InstructorError("points_at needs at least one threshold, such as {0.9: 1.0}.")
        lowest = min(thresholds)
        text = f"{str(self)[:1].upper()}{str(self)[1:]}"
        passed = [threshold for threshold in thresholds if self.value > threshold]
        if not passed:
            raise CheckFailed(f"{text}; more than {_percent(lowest)} % was wanted.")
        best = max(passed, key=lambda threshold: (thresholds[threshold], threshold))
        fraction = thresholds[best]
        above = [each for each in thresholds if thresholds[each] > fraction]
        more = f"; more than {_percent(min(above))} % gives more" if above else ""
        return Credit(fraction, f"{text}; more than {_percent(best)} % was asked{more}.")


def accuracy(pred: object, y: object, *, name: str = "accuracy") -> Measurement:
    """The fraction of predictions that equal the labels.

    Args:
        pred: predicted labels (n,), or (n, 1); or scores or logits (n, k) or (n, k, 1), or a list of n score vectors
            of shape (k,) or (k, 1), of which the largest decides (the first of equal ones). A sample with a score or
            label that is NaN or infinite counts as wrong.
        y: the right labels, integers of shape (n,).
        name: what the sentences call the measured number, such as ``"test accuracy"``.

    Raises:
        CheckFailed: `pred` is no numbers, or not for n samples.
        InstructorError: `y` has no labels.
    """
    labels = np.asarray(y).reshape(-1)
    if not labels.size:
        raise InstructorError("accuracy needs at least one label.")
    predicted = _predicted(pred, len(labels), int(labels.max()) + 1)
    return Measurement(float(np.mean(predicted == labels)), len(labels), name)


def _predicted(pred: object, n: int, classes: int) -> np.ndarray[Any, Any]:
    """Predicted labels (n,); NaN where there is none."""
    values = numbers(pred, name="The prediction")
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 0 or len(values) != n:
        raise CheckFailed(f"The prediction is for {len(values) if values.ndim else 1} samples; {n} were asked.")
    if values.ndim == 1 or values.shape[1:] == (1,):
        return values.reshape(n)
    if values.ndim != 2:
        raise CheckFailed(f"The prediction has the shape {values.shape}; labels ({n},) or scores ({n}, k) were wanted.")
    if values.shape[1] < classes:
        raise CheckFailed(f"The prediction has {values.shape[1]} scores for each sample; there are {classes} classes.")
    chosen: np.ndarray[Any, Any] = np.argmax(np.where(np.isnan(values), -np.inf, values), axis=1).astype(np.float64)
    chosen[~np.all(np.isfinite(values), axis=1)] = np.nan
    return chosen


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.10g}"
