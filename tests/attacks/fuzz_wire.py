"""A coverage-guided fuzz run of the reader that stands between a submission and the grader (`make fuzz`).

Called without arguments it makes up a million frames, guided by the lines of `autograder/wire/` that each one
reaches, and ends with one line. Called with files that such a run left behind it examines these alone.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from time import monotonic, perf_counter
from types import FunctionType
from typing import Any

import msgspec
import numpy as np

from autograder import wire
from autograder.checks.records import (
    Column,
    Fields,
    Index,
    Member,
    Missing,
    Moment,
    Named,
    Picture,
    Span,
    Sparse,
    Table,
    Tensor,
    Values,
    package_serialization,
    serialization,
)
from autograder.checks.records.serialization import RECORDS, taken_apart
from autograder.checks.rows import Handle, Rows, rows
from autograder.wire import PREFIX, WireError, codes, reading, writing

CAP_MIB = 64  # of an answer, as `Limits.reply_mib`
ROOM_MIB = 256  # of address space that may be taken on top of the interpreter's, with one unwritten frame of CAP_MIB
GROWTH_MIB = 128  # of resident memory at its peak: fuzzer, corpus and the largest frame together
LONGEST = 1024
BOUNDS = (f"max_len={LONGEST}", "timeout=5", "rss_limit_mb=512")
RAW, MADE, WHOLE = 0, 254, 255
WIDEST, MOST_CHOICES = 4, 60
DEEPEST = wire.MAX_DEPTH + 5
COMPOUND = (
    codes.TUPLE,
    codes.DICT,
    codes.SET,
    codes.FROZENSET,
    codes.ROWS,
    codes.HANDLE,
    codes.PACKED,
    codes.RECORD,
)
SIDES = (0, 1, 2, 3, 5, 16, 255, (1 << 31) - 1, 1 << 31, 1 << 32, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, (1 << 64) - 1)

DTYPES = ("?", "b", "<i2", "<i4", "<i8", "B", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16")
NUMBERS = frozenset(np.dtype(code).type for code in DTYPES)
ATOMS = (
    *(None, True, False, 0, -1, 127, 1 << 40, -(1 << 63), (1 << 64) - 1, 1 << 64, -(1 << 64), 10**60),
    *(0.0, -0.0, 1.5, 1e300, float("inf"), float("nan"), 1 - 2j, complex("nan"), complex(0, float("-inf"))),
    *("", "text", "é\u2028\U0001f600\0", "x" * 40, "y" * 300, b"", b"\0\xff", b"z" * 300),
)
ENCODED = [msgspec.msgpack.encode(writing._Packer().pack(atom, 0)) for atom in ATOMS]


def values() -> Iterator[Any]:
    """Plain values of every kind."""
    yield from ATOMS
    yield from ([], (), {}, set(), frozenset(), list(ATOMS), tuple(ATOMS))
    yield dict(zip(ATOMS, reversed(ATOMS), strict=True))
    yield from ({1, 2.5, None, "a", (1, b"c")}, frozenset({1, (2, None)}), {"a": {"b": [{"c": ()}]}})
    yield from ({(1,): 1, (None, 2): 2, 1j: 3}, list(range(40)), [[0.5] * 20] * 3, [[[[[[[[]]]]]]]])
    for code in DTYPES:
        for shape in ((), (0,), (3,), (2, 3), (0, 5), (2, 0, 3), (1,) * 9):
            yield np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(code)
        yield np.dtype(code).type(1)
    yield [np.ones(3, np.int8), "between", np.ones((2, 2)), np.zeros(0), np.float32(2.5), np.array([True])]
    yield rows(np.arange(6.0).reshape(3, 2), np.arange(3), np.array([True, False, True]))
    yield from (rows(np.zeros((0, 784))), Handle(7, "Network"), [Handle(1 << 63, "")] * 2)
    pairs = [(np.ones(3, np.float32) * number, number) for number in range(40)]
    yield from (pairs, tuple(map(list, pairs)), [np.float16(0.5)] * 40, [[1.5, 2.5]] * 20, ((True, False),) * 20)
    yield ("call", "f", (rows(np.arange(2.0)), Handle(0, "A")), {"x": np.ones((2, 2), np.float32)})
    yield from records()
    yield ("sequence", [("value", np.float64(0.5)), ("raised", {"kind": "KeyError", "line": 3, "text": "no"})])


def records() -> Iterator[Any]:
    """Values that are taken apart under a name: dates, records of tables, and the like."""
    yield from (datetime(2024, 1, 2, 3, tzinfo=UTC), date(2024, 2, 29), time(1, 2), timedelta(-1), Decimal("1.5"))
    yield from (Fraction(1, 3), range(2, 9, 3), OrderedDict(a=1), Counter("aab"), defaultdict(list, {1: [2]}))
    yield from (deque([1, (2,)], 5), Named("Pair", ("a", "b"), (1, [2])), Fields("Point", {"x": 1.5}))
    yield from (Member("Colour", "RED", "r"), Moment(1, "ns", "Europe/Berlin"), Span(5, "s"), Missing("NaT"))
    yield from (np.array(["2024-01-01"], "M8[D]"), np.timedelta64(3, "s"), np.array(["ab", "c"]), np.ma.masked)
    yield np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")])
    yield np.ma.array([1.0, 2.0], mask=[True, False])
    yield Tensor(np.ones((2, 3), np.float32), "bfloat16", requires_grad=True)
    yield Picture("RGB", np.zeros((2, 2, 3), np.uint8))
    places = (np.array([0, 2], np.int32), np.array([0, 1, 2], np.int32))
    yield from (
        Sparse("csr", True, (2, 3), np.ones(2), places),
        Sparse("coo", False, (3, 3), np.ones(2), places[:1] * 2),
    )
    numbers = Values("float64", "numbers", np.array([1.0, 2.0]))
    content = (
        numbers,
        Values("Int64", "numbers", np.array([1, 0]), np.array([False, True])),
        Values("str", "objects", ["a", None]),
        Values("datetime64[ns]", "moments", np.array([1, 2]), None, ("ns", None)),
        Values("category", "categories", np.array([0, -1]), None, (Values("str", "objects", ["a"]), True)),
        Values("interval", "intervals", None, None, (numbers, numbers, "left")),
        Values("period[M]", "periods", np.array([1, 2]), None, ("M",)),
    )
    index = Index((Values("int64", "numbers", np.arange(2)),), ("n",), "RangeIndex")
    labels = Index((Values("str", "objects", list("abcdefg")),), (None,), "Index")
    yield from (Table(content, index, labels), Column(numbers, Index((numbers, numbers), (None, 1), "MultiIndex"), "x"))


def seeds() -> Iterator[bytes]:
    """Encoded values in the form that `frame_of` reads; what is an extension, without its first bytes once more."""
    for value in values():
        frame = b"".join(wire.encode(value))
        start = PREFIX.size + PREFIX.unpack_from(frame)[0]
        header, payload = frame[PREFIX.size : start], frame[start:]
        yield _seed(WHOLE, header, payload)
        parsed = msgspec.msgpack.decode(header)
        if type(parsed) is msgspec.msgpack.Ext:
            yield _seed(parsed.code, bytes(parsed.data), payload)
    for kind in range(16):
        yield bytes([MADE, 16 * kind + 3, *range(200)])
    yield bytes([RAW]) + b"".join(wire.encode([1, np.ones(2)]))


def _seed(kind: int, header: bytes, payload: bytes) -> bytes:
    """One seed, to be read by `frame_of`."""
    return struct.pack("<BH", kind, len(header)) + header + payload


def frame_of(data: bytes) -> bytes:
    """The frame that made-up bytes stand for; its lengths are right, or nearly every frame would end at the prefix.

    The first byte says whether the others are a frame as they are, or steer a `Maker`, or are header and payload (after
    the header's length), or those of one extension.
    """
    if len(data) < 3 or data[0] == RAW:
        return data[1:]
    if data[0] == MADE:
        return Maker(data[1:]).frame()
    kind, length = struct.unpack_from("<BH", data)
    header, payload = data[3 : 3 + length], data[3 + length :]
    if kind <= reading._LAST:
        header = extension(kind, header)
    return PREFIX.pack(len(header), len(payload)) + header + payload


def extension(code: int, data: bytes) -> bytes:
    """An extension as MessagePack."""
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(code, data))


class Maker:
    """Makes a frame whose lengths are right at every level, each choice by one of the given bytes."""

    def __init__(self, choices: bytes) -> None:
        self.choices = iter(choices[:MOST_CHOICES])
        self.sizes: list[int] = []

    def frame(self) -> bytes:
        """One value, and as many zeros as its arrays need."""
        header = self.value(0)
        start = end = PREFIX.size + len(header)
        for size in self.sizes:
            end += -end % 16 + size
        payload = bytes(end - start if end < LONGEST else 0)
        return PREFIX.pack(len(header), len(payload)) + header + payload

    def value(self, depth: int) -> bytes:
        """Something that may stand in a header."""
        kind, size = divmod(next(self.choices, 0), 16)
        if kind == 1:
            return self.array(size)
        if kind == 2:
            return extension(size, bytes(self.some(next(self.choices, 0))))
        if kind == 3:
            return bytes(self.some(size))
        if kind == 0 or depth > DEEPEST:
            return ENCODED[next(self.choices, 0) % len(ENCODED)]
        if kind == 4:
            pairs = size % WIDEST
            return bytes([0x80 | pairs]) + b"".join(self.value(depth + 1) for _ in range(2 * pairs))
        count = size % WIDEST
        parts = bytes([0x90 | count]) + b"".join(self.value(depth + 1) for _ in range(count))
        return parts if kind < 8 else extension(COMPOUND[kind % len(COMPOUND)], parts)

    def array(self, dimensions: int) -> bytes:
        """The description of an array, or of a number."""
        code, *places = self.some(1 + dimensions)
        shape = [SIDES[place % len(SIDES)] for place in places]
        self.sizes.append(math.prod(shape) * np.dtype(DTYPES[code % len(DTYPES)]).itemsize)
        return extension(1 + code // 128, struct.pack(f"<BB{len(shape)}Q", code % 16, len(shape), *shape))

    def some(self, count: int) -> Iterator[int]:
        """The next bytes; zeros when there are no more."""
        return (next(self.choices, 0) for _ in range(count))


def examine(frame: bytes, decode: Callable[[Any], Any] = wire.decode) -> bool:
    """Whether a frame holds a value: it must be refused with `WireError`, or be plain data that survives the way back.

    Raises:
        AssertionError: what came out is not plain, or is another value after it was encoded and decoded again.
    """
    try:
        value = decode(_arrived(frame))
    except WireError:
        return False
    before = described(value)
    again = decode(bytearray(b"".join(wire.encode(value))))
    assert described(again) == before, "a value changes on its way back"
    return True


def _arrived(frame: bytes) -> memoryview:
    """The frame in the memory that the grader reads it into, if it is as long as it says."""
    if len(frame) >= PREFIX.size:
        space = wire.frame_for(frame[: PREFIX.size], cap=CAP_MIB << 20)
        if len(space) == len(frame):
            space[:] = frame
            return space
    return memoryview(bytearray(frame))


def described(value: Any) -> tuple[Any, ...]:
    """Exact types and bits of a value, nested like it: the same for equal values, not-a-numbers included.

    Raises:
        AssertionError: it holds something that is not plain data.
    """
    kind = type(value)
    name = kind.__name__
    if kind is int:
        return name, hex(value)  # Python limits the length of decimal ones
    if kind in (type(None), bool, str, bytes):
        return name, value
    if kind in (float, complex):
        number = complex(value)
        return name, struct.pack("<dd", number.real, number.imag)
    if kind in (list, tuple):
        return name, *map(described, value)
    if kind in (set, frozenset):
        return name, *sorted(map(described, value), key=repr)
    if kind is dict:
        return name, *((described(key), described(item)) for key, item in value.items())
    if kind is Rows:
        assert all(type(column) is np.ndarray for column in value.columns), "rows of something else than arrays"
        return name, *map(described, value.columns)
    if kind in RECORDS or value is np.ma.masked or kind in (np.ma.MaskedArray, np.recarray):
        taken = taken_apart(value)
        assert taken is not None
        return name, taken[0], *map(described, taken[1])
    special = (np.ndarray, np.void, np.datetime64, np.timedelta64)
    if kind in special and value.dtype.kind not in "biufc":
        taken = taken_apart(value)
        assert taken is not None and value.dtype.isnative, f"dtype {value.dtype} is not plain data"
        return name, taken[0], *map(described, taken[1])
    if kind is Handle:
        assert type(value.id) is int and type(value.type_name) is str, "a handle of something else"
        return name, value.id, value.type_name
    assert kind is np.ndarray or kind in NUMBERS, f"a {name} is not plain data"
    assert value.dtype.type in NUMBERS and value.dtype.isnative, f"dtype {value.dtype} is not plain data"
    return name, value.dtype.str, value.shape, value.tobytes()


def peak_mib() -> int:
    """The most memory that this process held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def fuzz(folder: Path, frames: int, seed: int) -> None:
    """Run the fuzzer, which ends this process; what it did is left in `folder`."""
    import atheris

    for owner in (reading, writing, writing._Packer, reading._Unpacker, serialization, package_serialization):
        for function in vars(owner).values():
            if isinstance(function, FunctionType) and function.__module__ in (
                reading.__name__,
                writing.__name__,
                serialization.__name__,
                package_serialization.__name__,
            ):
                atheris.instrument_func(function)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds()):
        (corpus / f"{number:04}").write_bytes(data)
    counts = {"frames": 0, "values": 0, "slowest": 0.0, "start": peak_mib()}

    def one(data: bytes) -> None:
        began = perf_counter()
        counts["values"] += examine(frame_of(data))
        counts["slowest"] = max(counts["slowest"], perf_counter() - began)
        counts["frames"] += 1
        if counts["frames"] == frames:  # the fuzzer leaves without a word to Python
            (folder / "counts.json").write_text(json.dumps({**counts, "peak": peak_mib()}))

    # A frame that asks for much memory ends in a MemoryError, and so is found even if it never touches it.
    space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + (ROOM_MIB << 20)
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    options = (f"runs={frames}", f"seed={seed}", f"artifact_prefix={folder}/")
    atheris.Setup([sys.argv[0], *(f"-{each}" for each in (*options, *BOUNDS)), str(corpus)], one)
    atheris.Fuzz()


def campaign(frames: int, seed: int) -> str:
    """Run the fuzzer in a process of its own, and say in one line how it went.

    Raises:
        SystemExit: something was found; the sentence names the file that holds it.
    """
    folder = Path(tempfile.mkdtemp(prefix="autograder-fuzz-"))
    log, results = folder / "log", folder / "counts.json"
    command = [sys.executable, __file__, "--frames", str(frames), "--seed", str(seed), "--inside", str(folder)]
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}  # Python's own would give memory back after every frame
    began = monotonic()
    with open(log, "wb") as output:
        # A child of a shell: one of this process would count the most memory that this one ever had as its own.
        command = ["sh", "-c", '"$@"; exit $?', "sh", *command]
        code = subprocess.run(command, stdout=output, stderr=output, env=environment, check=False).returncode
    seconds = monotonic() - began
    found = [path for kind in ("crash", "timeout", "oom") for path in folder.glob(f"{kind}-*")]
    if found:
        raise SystemExit(f"A frame breaks the rules: see {log}, and run {sys.executable} {__file__} {found[0]}")
    if code or not results.exists():
        raise SystemExit(f"The fuzzer ended with status {code} before it was done: see {log}")
    data = json.loads(results.read_bytes())
    shutil.rmtree(folder)
    growth = data["peak"] - data["start"]
    line = (
        f"{data['frames']:,} frames in {seconds:.0f} s: 0 crashes, {data['values']:,} held a value, "
        f"slowest {1000 * data['slowest']:.0f} ms, peak memory {growth} MiB over the start."
    )
    if growth > GROWTH_MIB:
        raise SystemExit(f"{line} Only {GROWTH_MIB} MiB are allowed.")
    return line


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many frames to make up")
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzer's random numbers")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("files", type=Path, nargs="*", help="examine only what these files hold")
    chosen = parser.parse_args()
    if chosen.inside:
        fuzz(chosen.inside, chosen.frames, chosen.seed)
    for path in chosen.files:
        said = "a value" if examine(frame_of(path.read_bytes())) else "refused"
        print(f"{path}: {said}")  # noqa: T201 (this is a command)
    if not chosen.files:
        print(campaign(chosen.frames, chosen.seed))  # noqa: T201 (this is a command)


if __name__ == "__main__":
    main()
