"""What a frame is: its prefix, the codes of what is in it, and how it is refused."""

from __future__ import annotations

import struct

import numpy as np

__all__ = ["MAX_DEPTH", "PREFIX", "TooLargeError", "WireError"]

MAX_DEPTH = 48
PREFIX = struct.Struct("<IQ")
ALIGN = 16
DTYPES = tuple(
    np.dtype(code).newbyteorder("<")
    for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
)
MAX_NDIM = 32
SCALARS = (type(None), bool, int, float, str, bytes)
OUTER = (list, tuple)
ROW = (None, list, tuple)
ARRAY, NUMBER, TUPLE, INTEGER, HANDLE, COMPLEX, SET, FROZENSET, ROWS, DICT, PACKED, RECORD = range(1, 13)


class WireError(ValueError):
    """Bytes that are no frame, or a value that no frame can carry; the text says which."""


class TooLargeError(WireError):
    """A value whose frame would be larger than allowed; `size` is a number of bytes that it is larger than."""

    def __init__(self, size: int) -> None:
        super().__init__(f"this value takes more than {size} bytes")
        self.size = size
