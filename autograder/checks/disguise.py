"""Inputs that a submission has never seen: known images changed a little, or rearranged in a way that no learner minds.

A submission that carries the labels of a public data set finds them again by a checksum of the image, or it carries
weights that were trained elsewhere. Both are of no use on inputs that are made when the grade is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import COUNT, FLAG, GENERATOR, NOT_NEGATIVE, VALUES, takes, wrong
from .errors import InstructorError

__all__ = ["Rearranged", "disguised", "rearranged"]

Array = np.ndarray[Any, Any]


@takes(rng=GENERATOR, shift=COUNT, noise=NOT_NEGATIVE, mirror=FLAG)
def disguised(
    images: object, rng: np.random.Generator, *, shift: int = 1, noise: float = 0.01, mirror: bool = False
) -> Array:
    """The same images, each changed a little in a secret way that leaves its label right.

    With h the height and w the width, s the `shift`, and [lo, hi] the range of values that the dtype stands for
    (0 to 255 for uint8, 0 to 1 for floats), image n becomes

        x'[n, i, j] = clip(x[n, i - a_n, j' - b_n] + noise (hi - lo) e[n, i, j], lo, hi),

    with a_n and b_n drawn evenly from -s, ..., s, e from N(0, 1) for every value, and j' = j, or w - 1 - j in half of
    the images where `mirror` is set. What a shift brings in repeats the edge. Integers are rounded.

    Shifts cost a model accuracy that was not trained with them, and more the less it is convolutional (docs/fairness.md
    has figures); the noise alone already changes every checksum.

    Args:
        images: uint8, or floats in [0, 1]; shape (n, h, w), (n, h, w, channels), or (n, h²) for square grey images.
        rng: the check's generator; the same one gives the same images.
        shift: largest shift in pixels, along each axis.
        noise: standard deviation of the noise as a fraction of the range.
        mirror: whether half of the images are exchanged left to right; only where that keeps the label.

    Returns:
        New images of the same shape and dtype, within the same range.

    Raises:
        InstructorError: another shape, another dtype, or values outside the range.

    Examples:
        each image shifted by up to `shift` pixels, with noise, half of them mirrored if asked; same shape, dtype and
        range

        >>> disguised(np.full((2, 28, 28), 128, np.uint8), np.random.default_rng(0)).shape
        (2, 28, 28)
    """
    given = np.asarray(images)
    if given.dtype != np.uint8 and given.dtype.kind != "f":
        raise InstructorError(f"disguised needs images of uint8, or of floats in [0, 1], not {given.dtype}.")
    top = 255 if given.dtype == np.uint8 else 1
    if given.size and not (given.min() >= 0 and given.max() <= top):
        raise InstructorError(
            f"disguised needs values between 0 and {top}, not {given.min():.3g} to {given.max():.3g}."
        )
    side = round(given.shape[1] ** 0.5) if given.ndim == 2 else 0
    if given.ndim not in (2, 3, 4) or (given.ndim == 2 and side * side != given.shape[1]):
        raise InstructorError(
            f"disguised needs images of the shape (n, h, w), (n, h, w, channels) or (n, h²), not {given.shape}."
        )
    x = given.reshape(len(given), side, side) if given.ndim == 2 else given
    n, height, width = x.shape[:3]
    padded = np.pad(x, [(0, 0), (shift, shift), (shift, shift), *[(0, 0)] * (x.ndim - 3)], mode="edge")
    down, right = rng.integers(2 * shift + 1, size=(2, n))
    turned = np.logical_and(rng.random(size=n) < 0.5, mirror)
    result = np.empty(x.shape, given.dtype)
    for number in range(n):
        cut = padded[number, down[number] : down[number] + height, right[number] : right[number] + width]
        cut = cut[:, ::-1] if turned[number] else cut
        noisy = np.clip(cut + noise * top * rng.normal(size=cut.shape), 0, top)
        result[number] = np.rint(noisy) if given.dtype == np.uint8 else noisy
    return result.reshape(given.shape)


@dataclass(frozen=True, slots=True)
class Rearranged:
    """A secret order of inputs and secret numbers of classes, as `rearranged` draws them."""

    order: Array
    signs: Array
    classes: Array

    @takes(samples=VALUES)
    def x(self, samples: object) -> Array:
        """Samples (n, d), or of any shape (n, ...) with d values each, in the secret order; shape and dtype stay.

        Examples:
            samples (n, d), or of any shape (n, ...) with d values each, in the secret order

            >>> rearranged(3, 2, np.random.default_rng(0)).x([[1, 2, 3]])
            [[3 1 2]]
        """
        given = np.asarray(samples)
        if not given.ndim or given.size != len(given) * self.order.size:
            raise wrong("Rearranged.x", "samples", samples, f"give samples of {self.order.size} values each")
        flat = given.reshape(len(given), self.order.size)[:, self.order]
        changed: Array = flat if np.all(self.signs == 1) else (flat * self.signs).astype(given.dtype)
        return changed.reshape(given.shape)

    @takes(labels=VALUES)
    def y(self, labels: object) -> Array:
        """Labels (n,), integers from 0, under their secret numbers."""
        given = np.asarray(labels)
        if np.any(given != np.floor(given)) or np.any(given < 0) or np.any(given >= len(self.classes)):
            last = len(self.classes) - 1
            raise wrong("Rearranged.y", "labels", labels, f"give classes, whole numbers from 0 to {last}")
        renamed: Array = self.classes[given.astype(np.intp)]
        return renamed


@takes(inputs=COUNT, classes=COUNT, rng=GENERATOR, signs=FLAG)
def rearranged(inputs: int, classes: int, rng: np.random.Generator, *, signs: bool = False) -> Rearranged:
    """One secret rearrangement for all samples of a training and of its test.

    Input j of the new samples is ``sign_j x[order_j]``, and class k is called ``classes_k``. Linear models and fully
    connected networks whose start is random and symmetric do exactly as well on them: the distribution of what they
    reach is the same, so thresholds stay as they are. Convolutions do not, so leave their pixels in order, with
    ``rearranged(1, ...).y`` for the labels alone. Labels known by heart, weights trained elsewhere and checksums of
    images mean nothing any more. No class keeps its number.

    Args:
        inputs: d, the number of values of a sample.
        classes: K, the number of classes.
        rng: the check's generator.
        signs: whether signs are drawn as well; only for inputs about 0, such as principal components.

    Examples:
        a secret order of the inputs and secret numbers of the classes, for training and test alike (a `Rearranged`):
        linear models and fully connected networks do exactly as well

        >>> rearranged(4, 3, np.random.default_rng(0)).y([0, 1, 2])
        [1 2 0]
    """
    order = rng.permutation(inputs)
    sign = rng.choice(np.array([-1, 1]), size=inputs) if signs else np.ones(inputs, np.int64)
    cycle = rng.permutation(classes)
    names = np.empty(classes, np.int64)
    names[cycle] = np.roll(cycle, 1)  # one cycle through all classes: none stays what it is
    return Rearranged(order, sign, names)
