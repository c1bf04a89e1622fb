"""Does a training learn what it should, only that, and with all its parameters?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import finite, numbers
from autograder.checks.measurement import Measurement
from autograder.checks.metrics import accuracy, mean_squared_error
from autograder.checks.reacting import distance
from autograder.errors import CheckFailed, InstructorError

__all__ = ["no_learning_on_noise", "overfits_one_batch", "weights_changed"]

Array = np.ndarray[Any, Any]


def overfits_one_batch(
    train: Callable[[int], object],
    y: object,
    *,
    steps: int = 200,
    at_least: float = 1.0,
    within: float = 0.01,
) -> Measurement:
    """Fail unless a model that is trained on one small batch only knows it by heart.

    Choose a batch that cannot be known otherwise: random inputs with random targets. Then a wrong sign, frozen layers,
    labels in another order than their inputs, and parameters that are not updated show; gradients that pile up because
    they are never set to zero show where `y` are numbers (classes may come out right all the same). If it fails,
    a training of 1 step is made as well, to tell what is probably wrong.

    Args:
        train: trains a new model for so many steps and returns its predictions for the batch, as `accuracy` takes them
            for labels, or as `mean_squared_error` does for numbers; take care that it begins with the same seed.
        y: the right answers of the batch: integer labels (n,) or (n, 1), or numbers (n,) or (n, d).
        steps: how many; give about three times what the reference needs.
        at_least: for labels: the smallest accuracy, in [0, 1].
        within: for numbers: the largest mean squared error, as a fraction of the variance of `y`.

    Returns:
        The accuracy or the mean squared error.

    Raises:
        CheckFailed: not learned, or the predictions are no answer to the batch.
        InstructorError: `y` has fewer than two different answers.
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
    found = measure(after)
    if found.value >= at_least if labels else found.value <= within * spread:
        return found
    told = (
        f"the accuracy is {100 * found.value:.2f} %; at least {100 * at_least:g} % was wanted"
        if labels
        else f"the mean squared error is {found.value:.4g}, {100 * found.value / spread:.3g} % of the variance of the "
        f"targets; at most {100 * within:g} % was wanted"
    )
    raise CheckFailed(f"{head} {told}.{_probably(train(1), after, measure)}")


def _probably(before: object, after: object, measure: Callable[[object], Measurement]) -> str:
    """What predictions after 1 step and at the end say about the mistake; "" when nothing is plain."""
    last = numbers(after, name="The prediction").astype(np.float64)
    if not np.all(np.isfinite(last)):
        return " Predictions are NaN or infinite: are the steps too large?"
    try:
        first = measure(before)
    except CheckFailed:
        return ""
    start = numbers(before, name="The prediction").astype(np.float64)
    if distance(start, last) <= 1e-6:
        return " After 1 step the predictions were the same: are the parameters updated?"
    end = measure(after)
    if end.value < first.value if end.higher_is_better else end.value > first.value:
        value = f"{100 * first.value:.2f} %" if first.percent else f"{first.value:.4g}"
        return f" After 1 step it was {value}: does the update go the wrong way?"
    if np.all(np.abs(last - last[:1]) <= 1e-3 * max(1e-12, float(np.abs(last).max()))):
        return " All samples get the same prediction: are only biases trained?"
    return ""


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
        InstructorError: `frozen` has a name that no array has, or there are none.
    """
    old, new = _labelled(before, names, "before"), _labelled(after, names, "after")
    unknown = [name for name in frozen if name not in old]
    if not old or unknown:
        what = f"has no array called {unknown[0]!r} that could be frozen" if unknown else "needs at least one array"
        raise InstructorError(f"weights_changed {what}; there are {_and(list(old)) or 'none'}.")
    if list(old) != list(new):
        missing, more = [label for label in old if label not in new], [label for label in new if label not in old]
        told = f"{_and(missing)} {_is(missing)} missing" if missing else f"{_and(more)} {_is(more)} new"
        raise CheckFailed(f"After training {told}; the same arrays as before were wanted, in their order.")
    change = {label: _change(label, first, new[label]) for label, first in old.items()}
    lazy = [label for label in old if label not in frozen and change[label] <= rtol]
    if lazy:
        others = len(old) - len(frozen) - len(lazy)
        by = " by more than rounding" if all(change[label] > 0 for label in lazy) else ""
        rest = "; the others did" if others > 1 else "; the other did" if others else ""
        raise CheckFailed(
            f"{_and(lazy)} did not change in training{by}{rest}. "
            f"Every array{' that is not frozen' if frozen else ''} must."
        )
    moved = [label for label in old if label in frozen and change[label] > rtol]
    if moved:
        raise CheckFailed(f"{_and(moved)} changed in training; {'it' if len(moved) == 1 else 'they'} must stay frozen.")


def _change(label: str, before: object, after: object) -> float:
    """By how much of its size an array has changed."""
    start = numbers(before, name=f"{label} before training").astype(np.float64)
    end = numbers(after, name=f"{label} after training").astype(np.float64)
    finite(start, name=f"{label} before training")
    finite(end, name=f"{label} after training")
    if start.shape != end.shape:
        raise CheckFailed(f"{label} has the shape {end.shape} after training; {start.shape} was wanted.")
    return distance(start, end)


def _labelled(value: object, names: Sequence[str], when: str) -> dict[str, object]:
    """All arrays of nested lists and dictionaries, by name."""
    found = list(_leaves(value, ""))
    if names and len(names) != len(found):
        raise CheckFailed(f"There are {len(found)} arrays {when} training; {len(names)} were wanted: {_and(names)}.")
    return dict(
        zip(names or [label or "The parameter" for label, _ in found], [each for _, each in found], strict=True)
    )


def _leaves(value: object, label: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _leaves(value[key], f"{label}[{key!r}]" if label else str(key))
    elif isinstance(value, (list, tuple)) and (not label or _holds_arrays(value)):
        for place, part in enumerate(value):
            yield from _leaves(part, f"{label}[{place}]" if label else f"parameter {place + 1}")
    else:
        yield label, value


def _holds_arrays(value: object) -> bool:
    """Whether a list is one of arrays, and not an array written as lists."""
    return isinstance(value, (np.ndarray, Mapping)) or (
        isinstance(value, (list, tuple)) and any(_holds_arrays(part) for part in value)
    )


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


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}" if words else ""


def _is(words: Sequence[str]) -> str:
    return "is" if len(words) == 1 else "are"
