"""Plain records of what homework is made of beside numbers: tables, tensors, sparse matrices, pictures, moments.

A record holds numpy arrays and built-in values alone, so it is read without the package that made the original.
`conversion` turns originals into records and back; `serialization` takes records apart for the wire and judges
what comes from it.

Everything here is shipped to students: standard library and numpy only.
"""

from __future__ import annotations

from .conversion import record_of
from .generators import Draws
from .pandas import Column, Index, Table
from .single import Fields, Member, Missing, Moment, Named, Picture, Span, Sparse, Tensor
from .values import Values

__all__ = [
    "Column",
    "Draws",
    "Fields",
    "Index",
    "Member",
    "Missing",
    "Moment",
    "Named",
    "Picture",
    "Span",
    "Sparse",
    "Table",
    "Tensor",
    "Values",
    "record_of",
]
