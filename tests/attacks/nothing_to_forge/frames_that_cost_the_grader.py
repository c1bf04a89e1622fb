"""Sends small frames that are dear to read: sets of sets, promised rows, keys of one hash, deep values.

Expect: CRASHED
Only: a_number
Variants: 4
"""

import os
import struct

import msgspec

from kit import VARIANT

pack, Ext = msgspec.msgpack.encode, msgspec.msgpack.Ext


def sets(depth):
    return Ext(4, (2**61 - 1).to_bytes(9, "little")) if depth == 0 else Ext(8, pack([sets(depth - 1)] * 14))


HEADERS = [
    lambda: pack(Ext(3, pack(["value", sets(4)]))),
    lambda: pack(Ext(3, pack(["value", Ext(9, pack([Ext(1, struct.pack("<BB2Q", 11, 2, 2**31 - 1, 0))]))]))),
    lambda: pack(Ext(3, pack(["value", Ext(7, pack([Ext(4, ((2**61 - 1) * n).to_bytes(12, "little")) for n in range(9, 999)]))]))),
    lambda: b"\x91" * 60 + b"\x01",
]


def answer(x):
    header = HEADERS[VARIANT]()
    os.write(4, struct.pack("<IQ", len(header), 0) + header)
    os._exit(0)
