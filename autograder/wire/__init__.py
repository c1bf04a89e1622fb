"""Values to bytes and back: what crosses between the grader and a submission.

A frame is a prefix of 12 bytes (length of the header, uint32; length of the payload, uint64; little-endian), the
header (MessagePack), and the payload: the raw little-endian buffers of all arrays, in the order of their appearance,
each starting at a multiple of 16 bytes from the beginning of the frame (numpy is slow on unaligned arrays). Long lists
of equal rows are written as columns (`autograder.wire.columns`). Nothing is ever unpickled. `decode` accepts only what
`encode` can produce, builds only built-in types, `numpy.ndarray`, `Rows`, `Handle` and what
`autograder.checks.records.serialization` judges (records, dates and the like), and allocates nothing that was not paid
for in bytes: a header is parsed in place, without copies of what is nested in it, objects are counted before they are
made, and what they will take in memory has a limit.
"""

from __future__ import annotations

from autograder.wire.codes import MAX_DEPTH, PREFIX, TooLargeError, WireError
from autograder.wire.reading import decode, decode_request, frame_for
from autograder.wire.writing import Gather, encode

__all__ = [
    "MAX_DEPTH",
    "PREFIX",
    "Gather",
    "TooLargeError",
    "WireError",
    "decode",
    "decode_request",
    "encode",
    "frame_for",
]
