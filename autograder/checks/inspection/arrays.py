"""Arrays that are not numpy's plain ones: torch tensors, without importing torch, and masked arrays.

Sums, means and comparisons of a masked array pass over what is masked. A check that counts right answers would count
those that are left alone, so it never gets one: it has NaN where the array is masked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["filled", "is_masked", "is_tensor", "to_array", "without_tensors"]

Array = np.ndarray[Any, Any]


def is_tensor(value: object) -> bool:
    """Whether something has a tensor's methods; only its class is asked, which for a stand-in is ours."""
    kind = type(value)
    return kind is not np.ndarray and all(callable(getattr(kind, name, None)) for name in ("detach", "cpu", "numpy"))


def to_array(tensor: Any) -> Array:
    """The numbers of a tensor, from whatever device and cut off from its graph; bfloat16 becomes float32.

    Raises:
        TypeError, RuntimeError: what torch raises where a tensor has no such form (a sparse one, say).
    """
    plain = tensor.detach().cpu()
    if str(plain.dtype) == "torch.bfloat16":  # numpy has no such type
        plain = plain.float()
    return np.asarray(plain.numpy())


def without_tensors(value: object) -> object:
    """A tensor as an array, an iterator as the list of its items, also in lists and tuples; else the value itself.

    A tensor without such a form is left as it is.
    """
    if is_tensor(value):
        try:
            return to_array(value)
        except (TypeError, RuntimeError):
            return value
    if isinstance(value, Iterator):  # a stand-in for one, which gives no more than one answer may hold
        value = list(value)
    # The set of types is found fast, so that a list of a million numbers costs next to nothing.
    if isinstance(value, (list, tuple)) and not set(map(type, value)) <= {float, int, bool, str, np.ndarray}:
        return type(value)(map(without_tensors, value)) if type(value) in (list, tuple) else value
    return value


# --- masked arrays ---


def is_masked(value: object) -> bool:
    """Whether a value is a masked array; `numpy.ma` is not imported to find out."""
    masks = sys.modules.get("numpy.ma")
    return masks is not None and isinstance(value, masks.MaskedArray)


def filled(value: Any) -> np.ndarray[Any, Any]:
    """The numbers of a masked array, float64 or complex128, with NaN where they are masked."""
    numbers = np.array(value.data, dtype=np.complex128 if value.dtype.kind == "c" else np.float64)
    numbers[np.ma.getmaskarray(value)] = np.nan
    return numbers
