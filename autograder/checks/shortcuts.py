"""Signs that an answer was not learned from the training data: sentences for staff alone, which cost no points.

Each function gives no sentence or one, and `Credit.alarmed` puts them beside the points of a check. An honest answer
raises one with the probability that the function states; so a sentence is a reason to read a submission, not more.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from .arguments import NOT_NEGATIVE, SHARE, Rule, optional, takes
from .errors import InstructorError
from .measurement import Measurement
from .wording import seconds

__all__ = [
    "KEPT",
    "agreement",
    "better_than_retrained",
    "falls_on_fresh",
    "kept_of",
    "quicker_than_fresh",
    "wrong_answers",
]

Array = np.ndarray[Any, Any]

KEPT = 64
"""Wrong answers of one submission that are kept, as four bytes each."""
_Z = 3.719
"""An honest answer exceeds what is allowed by so many standard errors in one of 10,000 cases."""
_LEAST_SECONDS = 1.0

_MEASURED = Rule("a measured accuracy, such as accuracy(pred, y)", lambda value: isinstance(value, Measurement))


@takes(known=_MEASURED, fresh=_MEASURED, allowed=SHARE)
def falls_on_fresh(known: Measurement, fresh: Measurement, *, allowed: float = 0.05) -> tuple[str, ...]:
    """A sentence where an accuracy falls on data that nobody can have seen.

    Args:
        known: on data that may be public, such as the test images of a data set.
        fresh: on as many others as possible: a split of the course's own, or the same ones disguised.
        allowed: what an honest model may lose, as a fraction; measure it with the reference.

    Returns:
        One sentence, or none. It comes where the fall exceeds `allowed` by 3.7 standard errors of both measurements,
        so for 1 in 10,000 honest models that lose just that much, and for fewer that lose less.

    Raises:
        InstructorError: one of them is no fraction of right answers, or was measured on no samples.

    Examples:
        no sentence, or one for staff, where right answers fall by more than is allowed and chance explains

        >>> falls_on_fresh(Measurement(0.97, 2000), Measurement(0.61, 2000))[0]
        The accuracy falls from 97.0 % on known data to 61.0 % on fresh data; 5 % is allowed. No points were taken; read
        whether it learned, or knows answers.
    """
    if not _exceeds(known, fresh, allowed):
        return ()
    return (
        f"The {known.name} falls from {100 * known.value:.1f} % on known data to {100 * fresh.value:.1f} % on fresh "
        f"data; {100 * allowed:.3g} % is allowed. No points were taken; read whether it learned, or knows answers.",
    )


@takes(saved=_MEASURED, retrained=_MEASURED, allowed=SHARE)
def better_than_retrained(saved: Measurement, retrained: Measurement, *, allowed: float = 0.05) -> tuple[str, ...]:
    """A sentence where saved weights are better than the training that was handed in with them makes its own.

    Args:
        saved: the accuracy of the weights that were handed in.
        retrained: that of the handed-in training, run here as far as the weights are said to have been trained; the
            best of some seeds.
        allowed: how much two honest runs of one training differ, as a fraction; measure it with the reference.

    Returns:
        One sentence, or none; for 1 in 10,000 honest submissions whose difference is just `allowed`.

    Raises:
        InstructorError: as `falls_on_fresh`.

    Examples:
        no sentence, or one for staff, where saved weights are better than the handed-in training makes them

        >>> better_than_retrained(Measurement(0.93, 2000), Measurement(0.48, 2000))[0]
        The saved weights reach 93.0 %, and the training that was handed in with them 48.0 %; 5 % is allowed. No points
        were taken; read where the weights come from.
    """
    if not _exceeds(saved, retrained, allowed):
        return ()
    return (
        f"The saved weights reach {100 * saved.value:.1f} %, and the training that was handed in with them "
        f"{100 * retrained.value:.1f} %; {100 * allowed:.3g} % is allowed. No points were taken; read where the "
        "weights come from.",
    )


@takes(known=optional(NOT_NEGATIVE), fresh=optional(NOT_NEGATIVE), share=SHARE)
def quicker_than_fresh(known: float | None, fresh: float | None, *, share: float = 0.2) -> tuple[str, ...]:
    """A sentence where a training takes far less work on known data than the same epochs on other data need.

    Args:
        known: CPU seconds of the training that is graded, the difference of two ``student.cpu_seconds()``; time on the
            clock would depend on what else the machine does. None where they are not known.
        fresh: CPU seconds of the same call, with as many samples and epochs, on data that nobody can know
            (`rearranged`), measured in a sign (`Credit.with_sign`); or None.
        share: of the work on fresh data that an honest training needs at least. Both run the same code on arrays of
            the same sizes; 0.2 leaves the machine a factor of five.

    Returns:
        One sentence, or none; none where the training on fresh data takes less than a second, which says nothing, and
        where one of them is not known.

    Examples:
        no sentence, or one for staff, where the asked epochs take far less time than they need

        >>> quicker_than_fresh(0.02, 12.0)[0]
        The training took 0.02 s of CPU time, and as many epochs on other data of the same size 12 s. No points were
        taken; read whether it trains on what it is given.
    """
    if known is None or fresh is None or fresh < _LEAST_SECONDS or known >= share * fresh:
        return ()
    return (
        f"The training took {seconds(known)} s of CPU time, and as many epochs on other data of the same size "
        f"{seconds(fresh)} s. No points were taken; read whether it trains on what it is given.",
    )


def wrong_answers(pred: object, y: object) -> str:
    """A short text that stands for which answers are wrong, and how: `accuracy` keeps it for staff.

    Args:
        pred: predicted labels (n,); NaN for none.
        y: the right ones (n,).

    Returns:
        Their number, and the smallest `KEPT` of as many hashes of place and wrong label: a sample that is the same for
        all submissions (Broder 1997), from which neither inputs nor labels can be read.
    """
    predicted, right = np.asarray(pred, np.float64).reshape(-1), np.asarray(y, np.float64).reshape(-1)
    places = np.flatnonzero(~(predicted == right))
    labels = np.nan_to_num(predicted[places], nan=-1.0, posinf=-2.0, neginf=-3.0)
    mixed = places.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ labels.view(np.uint64)
    with np.errstate(over="ignore"):
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    kept = np.sort(mixed >> np.uint64(32))[:KEPT]
    return f"{len(places)}:{base64.b64encode(kept.astype('>u4').tobytes()).decode()}"


def agreement(first: str, second: str) -> float:
    """The share of wrong answers that two submissions have in common, of those that either has: 0 to 1, estimated.

    Args:
        first, second: what `wrong_answers` gave of both.

    Returns:
        The estimate from a sample of 64, whose standard error is at most 0.0625; 0 where nothing is wrong.
    """
    one, other = kept_of(first), kept_of(second)
    both = len(np.intersect1d(one, other))
    return both / max(len(one) + len(other) - both, 1)


def kept_of(sketch: str) -> Array:
    """The numbers that `wrong_answers` kept, sorted, at most `KEPT`."""
    return np.frombuffer(base64.b64decode(sketch.partition(":")[2]), ">u4").astype(np.uint32)


def _exceeds(better: Measurement, other: Measurement, allowed: float) -> bool:
    """Whether one accuracy is better than another by more than is allowed and chance explains."""
    for each in (better, other):
        if not (each.n and each.percent and each.higher_is_better and 0 <= each.value <= 1):
            raise InstructorError(
                f"Two measured accuracies are compared, but {each.name} is {each.value:.4g} on {each.n} samples; give "
                "what accuracy(pred, y) measured."
            )
    spread = math.sqrt(sum(_variance(each) for each in (better, other)))
    return better.value - other.value - allowed > _Z * spread


def _variance(found: Measurement) -> float:
    """Of the share, with two right and two wrong answers more, so that it is not 0 at the ends (Agresti and Coull)."""
    share = (found.value * found.n + 2) / (found.n + 4)
    return share * (1 - share) / found.n
