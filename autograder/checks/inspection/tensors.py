"""Torch tensors as numpy arrays, without importing torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["is_tensor", "to_array", "without_tensors"]

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
