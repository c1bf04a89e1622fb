"""Does a training learn what it should, only that, and with all its parameters?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .arguments import COUNT, FUNCTION, GENERATOR, NOT_NEGATIVE, POSITIVE, SHARE, TEXT, TEXTS, takes, values_of
from .compare import finite, numbers
from .errors import CheckFailed, InstructorError
from .measurement import Measurement
from .metrics import accuracy, mean_squared_error
from .training import distance
from .wording import apart, are, series

__all__ = ["no_learning_on_noise", "overfits_one_batch", "weights_changed"]

Array = np.ndarray[Any, Any]


@takes(train=FUNCTION, y=values_of(1, 2), steps=COUNT, at_least=SHARE, within=NOT_NEGATIVE)
def overfits_one_batch(
    train: Callable[[int], object],
    y: object,
    *,
    steps: int = 200,
    at_least: float = 1.0,
    within: float = 0.01,
) -> Measurement:
    """Fail unless a model that is trained on one small batch only knows it by heart.

    Choose a batch that cannot be known otherwise: random inputs with random targets. Then a wrong sign, targets in
    another order than their inputs, and parameters that are not updated show. Two mistakes show better where `y` are
    numbers, for classes may come out right all the same: gradients that pile up because they are never set to zero,
    and frozen layers (`weights_changed` names those). If it fails, a training of 1 step is made as well, to tell what
    is probably wrong.

    Args:
        train: trains a new model for so many steps and returns its predictions for the batch, as `accuracy` takes them
            for labels, or as `mean_squared_error` does for numbers; take care that it begins with the same seed.
        y: the right answers of the batch: integer labels (n,) or (n, 1), or numbers (n,) or (n, d) (one-hot rows, too).
        steps: how many; give about three times what the reference needs.
        at_least: for labels: the smallest accuracy, in [0, 1].
        within: for numbers: the largest mean squared error, as a fraction of the variance of `y`.

    Returns:
        The accuracy or the mean squared error.

    Raises:
        CheckFailed: not learned, or the predictions are no answer to the batch.
        InstructorError: `y` has fewer than two different answers.

    Examples:
        the predictions that `train(steps)` gives for its only batch: all labels right, or a mean squared error below
        `within` of the variance of `y`

        >>> overfits_one_batch(lambda steps: [0, 1, 1, 1], [0, 1, 1, 0])
        After 200 steps on one batch of 4 samples the accuracy is 75.00 %; expected at least 100 %. After 1 step the
        predictions were the same: are the parameters updated?
    """
    right = np.asarray(y)
    labels = right.dtype.kind in "biu" and right.shape in ((right.size,), (right.size, 1))
    spread = float(np.var(right.astype(np.float64), axis=0).mean()) if right.size else 0.0
    if not spread > 0:
        raise InstructorError("overfits_one_batch needs a batch with at least two different answers.")

    def measure(pred: object) -> Measurement:
        with np.errstate(over="ignore", invalid="ignore"):  # what ran away is just a large error
            return accuracy(pred, right) if labels else mean_squared_error(pred, right)

    after = train(steps)
    head = f"After {steps:,} steps on one batch of {len(right)} samples"
    values = numbers(after, name="The prediction")
    broken = int(np.sum(~np.isfinite(values)))
    if broken:
        raise CheckFailed(
            f"{head} {broken} of {values.size} predicted numbers are NaN or infinite. Are the steps too large, or do "
            "they go the wrong way?"
        )
    found = measure(after)
    if found.value >= at_least if labels else found.value <= within * spread:
        return found
    share, _ = apart(found.value, at_least, digits=2, kind="f", scale=100)
    text = (
        f"the accuracy is {share} %; expected at least {100 * at_least:g} %"
        if labels
        else f"the mean squared error is {found.value:.4g}, {100 * found.value / spread:.3g} % of the variance of the "
        f"targets; expected at most {100 * within:g} %"
    )
    raise CheckFailed(f"{head} {text}.{_probably(train(1), after, measure)}")


def _probably(before: object, after: object, measure: Callable[[object], Measurement]) -> str:
    """What predictions after 1 step and at the end say about the mistake; "" when nothing is plain."""
    try:
        first, end = measure(before), measure(after)
    except CheckFailed:
        return ""
    start, last = (numbers(each, name="The prediction").astype(np.float64) for each in (before, after))
    if distance(start, last) <= 1e-6:
        return " After 1 step the predictions were the same: are the parameters updated?"
    if distance(np.broadcast_to(last[:1], last.shape), last) <= 1e-3:
        return " All samples get the same prediction: are only biases trained?"
    if end.value < first.value if end.higher_is_better else end.value > first.value:
        value = f"{100 * first.value:.2f} %" if first.percent else f"{first.value:.4g}"
        order = "" if not end.percent and end.value > 10 * first.value else ", or are targets and inputs mixed up"
        return f" After 1 step it was {value}: does the update go the wrong way{order}?"
    return ""


@takes(names=TEXTS, frozen=TEXTS, rtol=NOT_NEGATIVE)
def weights_changed(
    before: object, after: object, *, names: Sequence[str] = (), frozen: Collection[str] = (), rtol: float = 1e-6
) -> None:
    """Fail unless a training changed every array of parameters, by more than rounding, and left the frozen ones alone.

    An array has changed when ``‖after - before‖ > rtol · max(‖before‖, ‖after‖)``. Single entries may stay (units that
    are never active).

    Args:
        before: one array, or a list, tuple or dictionary of arrays, also nested.
        after: the same parameters later.
        names: what sentences call the arrays, in order; dictionaries give their keys without it.
        frozen: names of arrays that must not change.
        rtol: relative change that counts; the default is eight times the rounding of float32.

    Raises:
        CheckFailed: names the arrays that did not change, or must not have; or one has NaN or another shape.
        InstructorError: `frozen` has a name that no array has, two arrays have one name, or there are none.

    Examples:
        every array of parameters, in lists and dictionaries, changed by more than rounding: `norm(after - before) >
        rtol * max(norm(before), norm(after))`; those in `frozen` did not; no NaN

        >>> weights_changed({'W': np.ones(2), 'b': np.zeros(2)}, {'W': np.ones(2) / 2, 'b': np.zeros(2)})
        b did not change in training; the other did. Every array must.
    """
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    if old.keys() != new.keys():
        missing, more = [label for label in old if label not in new], [label for label in new if label not in old]
        text = f"{series(missing)} {are(missing)} missing" if missing else f"{series(more)} {are(more)} new"
        raise CheckFailed(f"After training {text}; expected the same arrays as before.")
    if names and len(names) != len(old):
        count = "is 1 array" if len(old) == 1 else f"are {len(old)} arrays"
        raise CheckFailed(f"There {count} of parameters; expected {len(names)}: {series(names)}.")
    if len(set(names)) < len(names):
        raise InstructorError(f"weights_changed needs a name of its own for each array, not {series(names)}.")
    labels = dict(zip(old, names or old, strict=True))
    unknown = [name for name in frozen if name not in labels.values()]
    if not old or unknown:
        what = f"has no array called {unknown[0]!r} that could be frozen" if unknown else "needs at least one array"
        raise InstructorError(f"weights_changed {what}; there are {series(list(labels.values())) or 'none'}.")
    change = {labels[key]: _change(labels[key], start, new[key]) for key, start in old.items()}
    lazy = [label for label in change if label not in frozen and change[label] <= rtol]
    if lazy:
        others = len(old) - len(frozen) - len(lazy)
        by = " by more than rounding" if all(change[label] > 0 for label in lazy) else ""
        rest = "; the others did" if others > 1 else "; the other did" if others else ""
        raise CheckFailed(
            f"{series(lazy)} did not change in training{by}{rest}. "
            f"Every array{' that is not frozen' if frozen else ''} must."
        )
    moved = [label for label in change if label in frozen and change[label] > rtol]
    if moved:
        raise CheckFailed(
            f"{series(moved)} changed in training; {'it' if len(moved) == 1 else 'they'} must stay frozen."
        )


def _change(label: str, before: object, after: object) -> float:
    """By how much of its size an array has changed."""
    start = numbers(before, name=f"{label} before training").astype(np.float64)
    end = numbers(after, name=f"{label} after training").astype(np.float64)
    finite(start, name=f"{label} before training")
    finite(end, name=f"{label} after training")
    if start.shape != end.shape:
        raise CheckFailed(f"{label} has the shape {end.shape} after training; expected {start.shape}.")
    return distance(start, end)


def _leaves(value: object, label: str) -> Iterator[tuple[str, object]]:
    """All arrays of nested lists and dictionaries, each with a name."""
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], f"{label}[{key!r}]" if label else str(key))
    elif isinstance(value, (list, tuple)) and (not label or _holds_arrays(value)):
        for place, part in enumerate(value):
            yield from _leaves(part, f"{label}[{place}]" if label else f"parameter {place + 1}")
    else:
        yield label or "The parameter", value


def _holds_arrays(value: object) -> bool:
    """Whether a list is one of arrays, and not an array written as lists."""
    return isinstance(value, (np.ndarray, Mapping)) or (
        isinstance(value, (list, tuple)) and any(_holds_arrays(part) for part in value)
    )


@takes(train=FUNCTION, y=values_of(1, 2), y_test=values_of(1, 2), rng=GENERATOR, one_in=POSITIVE, name=TEXT)
def no_learning_on_noise(
    train: Callable[[Array, Array], object],
    y: object,
    y_test: object,
    rng: np.random.Generator,
    *,
    one_in: float = 10_000,
    name: str = "test accuracy",
) -> Measurement:
    """Fail if a model trained on random labels predicts random labels of held-out data better than by chance.

    There is nothing to be learned but the labels themselves, so who predicts those of the test data has seen them:
    test data were trained on. All labels are drawn anew, each class with the same probability 1/K, also those of
    the test data: then the number of right ones among n is binomial (n, 1/K) whatever the predictions are. (Against
    the true test labels it would not be: a model that takes a whole class for another is then right or wrong in all
    of it at once.) A submission that is right fails with a chance of at most 1 in `one_in`.

    A leak shows only where the model is able to learn the test data by heart, and where the submission is given the
    test labels at all. A scaler fitted on all inputs does not show here, for it looks at no label.

    Args:
        train: ``train(y, y_test)`` trains on these labels in place of the right ones, and returns predictions for the
            test inputs, as `accuracy` takes them.
        y: the right labels of the training data, (n,), integers; only their number and classes matter.
        y_test: the right labels of the test data, (m,), likewise.
        rng: draws the labels.
        one_in: how seldom a right submission may fail.
        name: what sentences call the measured number.

    Returns:
        The accuracy on the random labels of the test data.

    Raises:
        CheckFailed: more labels come right than chance explains, or the predictions are no answer.
        InstructorError: fewer than two classes, or so few test data that nothing could fail.

    Examples:
        `train(y, y_test)` is given random labels, and predicts those of the test data no better than by chance

        >>> no_learning_on_noise(lambda y, y_test: y_test, [0, 1], [0, 1] * 50, np.random.default_rng(0))
        Trained on random labels, the model gets 100 of 100 random test labels right (test accuracy 100.00 %); by chance
        it is more than 68 only once in 10,000 times. Were test data used for training?
    """
    real, real_test = np.asarray(y), np.asarray(y_test)
    classes = np.unique(np.concatenate([real.reshape(-1), real_test.reshape(-1)]))
    n = real_test.size
    most = _most_by_chance(n, 1 / len(classes), one_in) if len(classes) > 1 else n
    if most >= n:
        raise InstructorError(
            f"no_learning_on_noise with {n} test labels of {len(classes)} classes could never fail; give more."
        )
    noise = rng.choice(classes, size=real.shape)
    noise_test = rng.choice(classes, size=real_test.shape)
    found = accuracy(train(noise.copy(), noise_test.copy()), noise_test, name=name)
    right = round(found.value * n)
    if right > most:
        raise CheckFailed(
            f"Trained on random labels, the model gets {right:,} of {n:,} random test labels right ({name} "
            f"{100 * found.value:.2f} %); by chance it is more than {most:,} only once in {one_in:,.0f} times. "
            "Were test data used for training?"
        )
    return found


def _most_by_chance(n: int, p: float, one_in: float) -> int:
    """The smallest c for which a binomial (n, p) number is above c with a probability of at most ``1 / one_in``."""
    logs = [
        math.lgamma(n + 1) - math.lgamma(c + 1) - math.lgamma(n - c + 1) + c * math.log(p) + (n - c) * math.log1p(-p)
        for c in range(n + 1)
    ]
    above = np.append(np.cumsum(np.exp(logs)[:0:-1])[::-1], 0.0)  # P(X > c) for c = 0 ... n
    return int(np.argmax(above <= 1 / one_in))
