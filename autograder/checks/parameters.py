"""Parameters of a model: one array, a list of arrays, or a dictionary of them; and points at which to try them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from .arguments import GENERATOR, LABELS, NUMBERS, SHAPE, takes
from .errors import InstructorError
from .inspection.arrays import is_tensor, to_array

__all__ = ["arrays_of", "copies_of", "like", "parameter_points"]

Array = np.ndarray[Any, Any]
Part = TypeVar("Part")
Shape = Sequence[int]
SCALES = (0.001, 1.0, 10.0)


def arrays_of(value: object) -> list[Array]:
    """The arrays of a structure, in its order: of a list, a tuple or a dictionary each entry, else the one."""
    if isinstance(value, Mapping):
        value = list(value.values())
    parts = value if isinstance(value, (list, tuple)) else [value]
    return [to_array(part) if is_tensor(part) else np.asarray(part) for part in parts]


def copies_of(value: object) -> list[Array]:
    """The same in float64, each with memory of its own.

    Raises:
        InstructorError: one is no array of real numbers.
    """
    copies = []
    for place, part in enumerate(arrays_of(value), start=1):
        if part.dtype.kind not in "biuf":
            raise InstructorError(
                f"Parameter {place} of the point is no array of real numbers but {part.dtype}; "
                "give an array, or a list or a dictionary of arrays."
            )
        copies.append(np.array(part, dtype=np.float64, order="C"))
    return copies


def like(value: object, parts: Sequence[Part]) -> Any:
    """The parts in the structure of a value: a dictionary with its keys, a list, or the one part."""
    if isinstance(value, Mapping):
        return dict(zip(value, parts, strict=True))
    return list(parts) if isinstance(value, (list, tuple)) else parts[0]


@takes(rng=GENERATOR, scales=NUMBERS)
def parameter_points(
    rng: np.random.Generator,
    shapes: Mapping[str, Shape] | Sequence[Shape],
    *,
    scales: Sequence[float] = SCALES,
) -> list[Any]:
    """Points at which to compare gradients: near zero, ordinary, and large, where outputs saturate.

    A gradient that was tried near initialisation only may be wrong elsewhere: a sigmoid whose derivative is always
    1/4 is right near zero, a softmax taken for its largest entry is right where it saturates. Try every point, and
    networks of several depths::

        for depth in ([(4, 3)], [(5, 3), (4, 5)]):
            for point in parameter_points(rng, depth):
                gradient_matches(student.gradient(point, x, y), of=lambda w: loss(w, x, y), at=point)

    Entries are normal. Matrices and kernels have the standard deviation ``scale sqrt(2 / (m + n))``, for ``n`` inputs
    and ``m`` outputs, each times the size of the kernel (Glorot and Bengio 2010), so that at scale 1 what a layer puts
    out is about as large as what came in. Vectors and columns, as of biases, have ``scale``; no bias is 0, where relu
    of an input of zeros has its kink.

    Args:
        rng: draws the entries.
        shapes: one for each parameter, in a list or in a dictionary by name.
        scales: one point for each.

    Returns:
        One point for each scale, in their order: a list or a dictionary of float64 arrays, as `shapes` is one.

    Raises:
        InstructorError: no shape, or a scale that is not above 0.

    Examples:
        nothing: points at which to try a gradient, near zero, ordinary and large

        >>> [point['W'].shape for point in parameter_points(np.random.default_rng(0), {'W': (2, 3)})]
        [(2, 3), (2, 3), (2, 3)]
    """
    expected = list(shapes.values()) if isinstance(shapes, Mapping) else list(shapes) if LABELS.holds(shapes) else []
    if not expected or not all(SHAPE.holds(shape) and None not in shape for shape in expected):
        raise InstructorError("parameter_points needs a shape for each parameter, such as [(4, 3), (4,)].")
    if not all(scale > 0 for scale in scales):
        raise InstructorError(f"The scales of parameter_points must be above 0, not {list(scales)}.")
    return [like(shapes, [scale * _drawn(rng, tuple(shape)) for shape in expected]) for scale in scales]


def _drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = np.asarray(rng.normal(size=shape))
    if len(shape) < 2 or shape[1:] == (1,):
        return values
    return np.asarray(values * np.sqrt(2 / ((shape[0] + shape[1]) * np.prod(shape[2:]))))
