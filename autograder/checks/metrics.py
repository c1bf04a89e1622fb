"""Measure how good predictions are, with the uncertainty that the number of samples leaves.

Predictions should come from the submission, and the measure from here: a loss or a score that a submission computes
itself is only what it says about itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arguments import TEXT, VALUES, takes, wrong
from .compare import numbers
from .errors import CheckFailed, InstructorError
from .measurement import Measurement, Z
from .shortcuts import wrong_answers
from .wording import counted

__all__ = ["accuracy", "auc", "error", "loss", "mean_squared_error", "r2"]

Array = np.ndarray[Any, Any]


@takes(y=VALUES, name=TEXT)
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
        InstructorError: `y` has no labels, or more than one for each sample (one-hot rows, say).

    Examples:
        the share of right labels, or of rows of scores whose largest is at the label; higher; NaN counts as wrong;
        Wilson (1927)

        >>> accuracy([1, 0, 2, 0], [1, 0, 2, 2], name='test accuracy')
        test accuracy 75.00 % on 4 samples (95 % interval 30.1 to 95.4 %)
    """
    labels = np.asarray(y)
    if not labels.size:
        raise InstructorError("accuracy needs at least one label.")
    if labels.ndim and labels.size not in labels.shape:
        raise InstructorError(f"accuracy needs one label for each sample, (n,), not an array of shape {labels.shape}.")
    labels = labels.reshape(-1)
    if np.any(labels != np.floor(labels)):
        raise wrong("accuracy", "y", y, "give labels, which are whole numbers")
    predicted = _predicted(pred, len(labels), int(labels.max()) + 1)
    share = float(np.mean(predicted == labels))
    return Measurement(share, len(labels), name, answers=wrong_answers(predicted, labels))


@takes(y=VALUES, name=TEXT)
def error(pred: object, y: object, *, name: str = "error") -> Measurement:
    """The fraction of predictions that do not equal the labels, ``1 - accuracy``; lower is better.

    Arguments and errors raised are those of `accuracy`.

    Examples:
        `1 - accuracy`; lower; Wilson (1927)

        >>> error([1, 0, 2, 0], [1, 0, 2, 2])
        error 25.00 % on 4 samples (95 % interval 4.6 to 69.9 %)
    """
    right = accuracy(pred, y)
    return Measurement(1 - right.value, right.n, name, higher_is_better=False)


@takes(y=VALUES, name=TEXT)
def mean_squared_error(pred: object, y: object, *, name: str = "mean squared error") -> Measurement:
    """The mean of ``(pred - y)²`` over samples and outputs, in the squared unit of `y`; lower is better.

    The interval is that of a mean: 1.96 standard errors to both sides, not below 0; unknown for a single sample.

    Args:
        pred: predictions (n,) or (n, d), of the shape of `y` ((n, 1) and (n,) are the same).
        y: the right values.
        name: what the sentences call the measured number.

    Raises:
        CheckFailed: `pred` is no numbers, has another shape, or is NaN or infinite somewhere.
        InstructorError: `y` has no values.

    Examples:
        mean of the squared differences, in the squared unit of `y`; lower; normal

        >>> mean_squared_error([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
        mean squared error 0.3333 on 3 samples (95 % interval 0 to 0.9867)
    """
    predicted, right = _regression(pred, y, "mean_squared_error")
    with np.errstate(over="ignore", invalid="ignore"):  # what is far beyond all bounds is infinitely bad
        return _mean(np.mean((predicted - right) ** 2, axis=1), name, least=0.0)


@takes(y=VALUES, name=TEXT)
def r2(pred: object, y: object, *, name: str = "R²") -> Measurement:
    """The coefficient of determination ``1 - Σ (pred - y)² / Σ (y - mean of y)²``, at most 1; higher is better.

    With several outputs both sums run over all of them, each output about its own mean. The interval is that of a
    ratio of two means (Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6): 1.96 standard errors to both sides, not
    above 1.

    Args:
        pred: predictions (n,) or (n, d), of the shape of `y` ((n, 1) and (n,) are the same).
        y: the right values, at least two different ones.
        name: what the sentences call the measured number.

    Raises:
        CheckFailed: `pred` is no numbers, has another shape, or is NaN or infinite somewhere.
        InstructorError: `y` has no values, or all are equal.

    Examples:
        `1 - Σ (pred - y)² / Σ (y - mean)²`; higher; normal, of a ratio of means (Cochran 1977)

        >>> r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
        R² 0.5 on 3 samples (95 % interval -0.3487 to 1)
    """
    predicted, right = _regression(pred, y, "r2")
    spread = np.sum((right - right.mean(axis=0)) ** 2, axis=1)
    if not spread.any():
        raise InstructorError("r2 needs right values that are not all equal.")
    with np.errstate(over="ignore", invalid="ignore"):
        missed = np.sum((predicted - right) ** 2, axis=1)
        ratio = float(missed.mean() / spread.mean())
        half = Z * float(np.std(missed - ratio * spread, ddof=1) / np.sqrt(len(right)) / spread.mean())
    return Measurement(1 - ratio, len(right), name, (1 - ratio - half, min(1.0, 1 - ratio + half)), percent=False)


@takes(name=TEXT)
def auc(scores: object, y: object, *, name: str = "AUC") -> Measurement:
    """The area under the ROC curve of two classes: how often a positive scores above a negative, ties counting half.

    Found from ranks (Mann-Whitney); the interval is that of Hanley and McNeil, Radiology 143 (1982) 29, cut to [0, 1].

    Args:
        scores: (n,) or (n, 1), higher for the positive class; or (n, 2), of which second minus first counts.
        y: labels (n,) of exactly two values, of which the larger is the positive class.
        name: what the sentences call the measured number.

    Raises:
        CheckFailed: `scores` is no numbers, not for n samples, or NaN or infinite somewhere.
        InstructorError: `y` has not exactly two values.

    Examples:
        area under the ROC curve of two classes from ranks, ties counting half; higher; Hanley and McNeil (1982)

        >>> auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        AUC 0.75 on 4 samples (95 % interval 0.2085 to 1)
    """
    labels = np.asarray(y).reshape(-1)
    classes = np.unique(labels)
    if len(classes) != 2:
        raise InstructorError(f"auc needs labels of exactly two values, not {len(classes)}.")
    values = _sized(numbers(scores, name="The prediction"), len(labels))
    _all_finite(values, "The prediction")
    if values.shape == (len(labels), 2):
        with np.errstate(over="ignore"):
            values = values[:, 1].astype(np.float64) - values[:, 0].astype(np.float64)  # integers would wrap around
    elif values.size != len(labels):
        raise CheckFailed(
            f"The prediction has the shape {values.shape}; expected scores ({len(labels)},) or ({len(labels)}, 2)."
        )
    _, place, counts = np.unique(values.reshape(-1), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place.reshape(-1)]
    positive = labels == classes[1]
    m = int(positive.sum())
    n = len(labels) - m
    area = float(ranks[positive].sum() - m * (m + 1) / 2) / (m * n)
    above, below = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (above - area**2) + (n - 1) * (below - area**2)) / (m * n)
    half = Z * max(0.0, variance) ** 0.5
    return Measurement(area, len(labels), name, (max(0.0, area - half), min(1.0, area + half)), percent=False)


@takes(name=TEXT)
def loss(values: object, *, name: str = "loss") -> Measurement:
    """A loss as it is, or the mean of the losses of single samples; lower is better.

    The interval of a mean is 1.96 standard errors to both sides; a plain number has none.

    Args:
        values: one number, or the losses (n,) or (n, 1) of n samples.
        name: what the sentences call the measured number, such as ``"test loss"``.

    Raises:
        CheckFailed: `values` is no numbers, is empty or of another shape, or NaN or infinite somewhere.

    Examples:
        one number, or the mean of one for each sample; lower; none, or normal

        >>> loss([0.2, 0.4], name='test loss')
        test loss 0.3 on 2 samples (95 % interval 0.104 to 0.496)
    """
    found = numbers(values, name=f"The {name}").astype(np.float64)
    if not found.size or (found.ndim > 1 and found.shape != (len(found), 1)):
        raise CheckFailed(f"The {name} has the shape {found.shape}; expected one number or one for each sample.")
    _all_finite(found, f"The {name}")
    if found.ndim == 0:
        return Measurement(float(found), 0, name, (float(found),) * 2, higher_is_better=False, percent=False)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = _mean(found.reshape(-1), name)
    _all_finite(np.asarray(mean.value), f"The mean of the {name}")  # of numbers that are finite it may not be
    return mean


def _mean(values: Array, name: str, least: float = -np.inf) -> Measurement:
    """The mean of numbers of which lower is better, with a normal interval that does not go below `least`."""
    middle = float(np.mean(values))
    half = Z * float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    ends = (max(least, middle - half), middle + half)
    return Measurement(middle, len(values), name, ends, higher_is_better=False, percent=False)


def _predicted(pred: object, n: int, classes: int) -> Array:
    """Predicted labels (n,); NaN where there is none."""
    values = numbers(pred, name="The prediction")
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 0:
        raise CheckFailed(f"The prediction is one number ({values:.4g}); expected the labels of {n} samples.")
    values = _sized(values, n)
    if values.ndim == 1 or values.shape[1:] == (1,):
        return _labels(values.reshape(n))
    if values.ndim != 2:
        raise CheckFailed(f"The prediction has the shape {values.shape}; expected labels ({n},) or scores ({n}, k).")
    if values.shape[1] < classes:
        raise CheckFailed(
            f"The prediction has {counted(values.shape[1], 'score')} for each sample; there are {classes} classes."
        )
    chosen: Array = np.argmax(np.where(np.isnan(values), -np.inf, values), axis=1).astype(np.float64)
    chosen[~np.all(np.isfinite(values), axis=1)] = np.nan
    return chosen


def _labels(values: Array) -> Array:
    """Predicted labels as they are; what is mostly no whole number and lies between 0 and 1 is probabilities."""
    known = values[np.isfinite(values)]
    between = known[known != np.floor(known)]
    if 2 * len(between) > len(values) and known.min() >= 0 and known.max() <= 1:
        raise CheckFailed(
            f"The prediction holds probabilities such as {between[0]:.4g}; expected labels: the class of the "
            "largest one, or of two classes `probability > 0.5`."
        )
    return values


def _regression(pred: object, y: object, function: str) -> tuple[Array, Array]:
    """Predictions and right values, both (n, d) and finite."""
    right = np.asarray(y, np.float64)
    if not right.size or not right.ndim:
        raise InstructorError(f"{function} needs right values (n,) or (n, d).")
    values = _sized(numbers(pred, name="The prediction").astype(np.float64), len(right))
    column = (len(right), 1)
    if values.shape != right.shape and not {values.shape, right.shape} <= {column, column[:1]}:
        raise CheckFailed(f"The prediction has the shape {values.shape}; expected {right.shape}.")
    _all_finite(values, "The prediction")
    return values.reshape(len(right), -1), right.reshape(len(right), -1)


def _sized(values: Array, n: int) -> Array:
    if values.ndim == 0 or len(values) != n:
        raise CheckFailed(f"The prediction is for {len(values) if values.ndim else 1} samples; {n} were asked.")
    return values


def _all_finite(values: Array, what: str) -> None:
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        where = f" in {bad} of {values.size} entries" if values.ndim else ""
        raise CheckFailed(f"{what} is NaN or infinite{where}.")
