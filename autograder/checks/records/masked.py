"""Masked arrays: what a check gets of one has NaN where it is masked.

Sums, means and comparisons of a masked array pass over what is masked. A check that counts right answers would count
those that are left alone, so it never gets one.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["filled", "is_masked"]


def is_masked(value: object) -> bool:
    """Whether a value is a masked array; `numpy.ma` is not imported to find out."""
    masks = sys.modules.get("numpy.ma")
    return masks is not None and isinstance(value, masks.MaskedArray)


def filled(value: Any) -> np.ndarray[Any, Any]:
    """The numbers of a masked array, float64 or complex128, with NaN where they are masked."""
    numbers = np.array(value.data, dtype=np.complex128 if value.dtype.kind == "c" else np.float64)
    numbers[np.ma.getmaskarray(value)] = np.nan
    return numbers
