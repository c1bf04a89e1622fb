"""Values to bytes and back: every plain value survives or is refused, and no bytes can do harm."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks.rows import Handle, Rows, rows
from autograder.wire import MAX_DEPTH, PREFIX, Gather, TooLargeError, WireError, decode, encode, frame_for


def there_and_back(value):
    return decode(bytearray(b"".join(encode(value))))


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype.newbyteorder("<") == b.dtype.newbyteorder("<") and np.array_equal(
            a, b, equal_nan=a.dtype.kind in "fc"
        )
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, Rows):
        return same(a.columns, b.columns)
    return a == b or (a != a and b != b)


DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(sizes=(64, 128)),
)
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.binary(),
    st.text(st.characters(codec="utf-8")),
)
KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="utf-8")), st.tuples(st.integers())
)
PLAIN = st.recursive(
    st.one_of(ATOMS, ARRAYS, st.sets(st.integers()), st.frozensets(st.text(st.characters(codec="utf-8")))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
@settings(deadline=None)
def test_every_plain_value_survives(value):
    """What goes in comes out: same types, same values, same order."""
    assert same(there_and_back(value), value)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_random_bytes_are_refused_or_plain(data):
    """Bytes that nobody encoded give a `WireError` or a value that encodes again, and nothing else."""
    try:
        value = decode(bytearray(data))
    except WireError:
        return
    encode(value)


@given(PLAIN, st.data())
@settings(deadline=None)
def test_damaged_frames_are_refused_or_plain(value, data):
    """One changed byte anywhere in a frame cannot raise anything but `WireError`."""
    frame = bytearray(b"".join(encode(value)))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(frame)
    except WireError:
        return


def test_rows_cross_as_columns():
    """Rows stay rows, with the same columns."""
    columns = rows(np.arange(6.0).reshape(3, 2), np.arange(3))

    assert same(there_and_back(("call", columns)), ("call", columns))


def test_numpy_scalars_keep_their_dtype():
    """A float32 number does not become a float."""
    assert type(there_and_back(np.float32(1.5))) is np.float32


def test_handles_survive():
    """A handle keeps its number and its class's name."""
    assert there_and_back([Handle(7, "Network")]) == [Handle(7, "Network")]


def test_decoded_arrays_may_be_written_to():
    """Student code may work in place on what it is given."""
    there_and_back(np.zeros(3))[0] = 1


@pytest.mark.parametrize("value", [object(), np.array([object()]), [lambda: 0], {(1, object()): 2}])
def test_what_is_not_plain_is_refused(value):
    """Objects and functions cannot be encoded."""
    with pytest.raises(WireError, match="not plain data"):
        encode(value)


def test_deep_values_are_refused():
    """Nesting has an end on both sides."""
    value: list[object] = []
    for _ in range(MAX_DEPTH + 1):
        value = [value]

    with pytest.raises(WireError, match="levels deep"):
        encode(value)


def test_cyclic_values_are_refused():
    """A list that holds itself is too deep."""
    value: list[object] = []
    value.append(value)

    with pytest.raises(WireError, match="levels deep"):
        encode(value)


def test_lone_surrogates_are_refused():
    """Text that no UTF-8 can carry is refused, not an error of ours."""
    with pytest.raises(WireError, match="cannot cross"):
        encode("\ud800")


def test_an_announced_length_above_the_cap_is_refused_before_it_is_read():
    """The prefix alone decides."""
    with pytest.raises(WireError, match="larger than the 100 allowed"):
        frame_for(PREFIX.pack(1, 100), cap=100)


def framed(header: bytes, payload: bytes = b"") -> bytearray:
    return bytearray(PREFIX.pack(len(header), len(payload)) + header + payload)


def extension(code: int, data: bytes) -> bytes:
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(code, data))


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (bytearray(b"short"), "shorter than its prefix"),
        (bytearray(PREFIX.pack(5, 0)), "not as long as its prefix"),
        (framed(b"\xc1"), "not MessagePack"),
        (framed(b"\x90", b"x"), "belong to no array"),
        (framed(extension(1, b"")), "description of an array"),
        (framed(extension(1, struct.pack("<BB1Q", 11, 1, 1 << 62))), "longer than its frame"),
        (framed(extension(1, struct.pack("<BB2Q", 11, 2, 0, 1 << 63))), "impossible shape"),
        (framed(extension(1, struct.pack("<BB1Q", 0, 1, 1)), b"\0" * 7 + b"\x02"), "neither 0 nor 1"),
        (framed(extension(2, struct.pack("<BB1Q", 1, 1, 1)), b"\0" * 7 + b"\x02"), "a number has a shape"),
        (framed(extension(4, b"\x01")), "large integer"),
        (framed(extension(5, b"\x92\x01\x01")), "handle is malformed"),
        (framed(extension(6, b"\x00")), "16 bytes"),
        (framed(extension(7, b"\x91\x90")), "compound value is malformed"),
        (framed(extension(9, b"\x91\x01")), "has no place"),
        (framed(extension(77, b"\x90")), "has no place"),
    ],
)
def test_each_lie_is_refused_with_its_reason(frame, says):
    """Every rule of the format has a frame that breaks it."""
    with pytest.raises(WireError, match=says):
        decode(frame)


def test_too_many_items_are_refused():
    """A small frame cannot make many objects."""
    with pytest.raises(WireError, match="too many items"):
        decode(framed(msgspec.msgpack.encode([0] * 50)), max_items=49)


@given(PLAIN)
@settings(deadline=None)
def test_arrays_are_aligned(value):
    """Whatever stands before it, an array can be used without a copy."""
    first, last = there_and_back([np.ones(3), value, np.ones(3)])[::2]

    assert first.flags.aligned
    assert last.flags.aligned


def test_padding_carries_nothing():
    """Bytes between two arrays must be zero."""
    frame = bytearray(b"".join(encode([np.zeros(1, np.int8), np.zeros(1, np.int8)])))
    frame[-2] = 1

    with pytest.raises(WireError, match="padding"):
        decode(frame)


@given(st.lists(st.binary(max_size=9), max_size=1500), st.data())
@settings(deadline=None, max_examples=30)
def test_gathered_writes_pass_every_byte_once(buffers, data):
    """However little each write takes, everything arrives in order."""
    waiting, arrived = Gather(buffers), b""
    while waiting:
        offered = b"".join(waiting.next())
        count = data.draw(st.integers(min(len(offered), 400), len(offered)))
        arrived += offered[:count]
        waiting.passed(count)

    assert arrived == b"".join(buffers)


def test_empty_arrays_of_impossible_shape_are_refused():
    """numpy still multiplies the other sides of a 0."""
    shape = struct.pack("<BB4Q", 11, 4, 0, 2**31 - 1, 2**31 - 1, 2**31 - 1)
    with pytest.raises(WireError, match="impossible shape"):
        decode(framed(extension(1, shape)))


def test_a_map_has_no_place():
    """MessagePack's reader would hash the keys of a map before anybody has seen them."""
    with pytest.raises(WireError, match="a map has no place"):
        decode(framed(b"\x81\xa1a\x01"))


def test_keys_of_one_hash_are_refused():
    """Multiples of 2^61 - 1 all have the hash 0: a set of many would take quadratic time."""
    prime = 2**61 - 1
    members = [msgspec.msgpack.Ext(4, (prime * (n + 10)).to_bytes(12, "little")) for n in range(2000)]
    with pytest.raises(WireError, match="same hash"):
        decode(framed(extension(7, msgspec.msgpack.encode(members))))
    assert decode(b"".join(map(bytes, encode(set(range(2000)))))) == set(range(2000))


def test_objects_are_counted_before_they_are_made():
    """Eight million empty lists take eight megabytes as bytes, and seventy times as much as lists."""
    count = 3_000_000
    with pytest.raises(WireError, match="too many items"):
        decode(framed(b"\xdd" + struct.pack(">I", count) + b"\x90" * count))


def test_what_is_encoded_can_be_decoded_at_any_depth():
    """A large integer needs a level of its own."""
    value: object = 10**30
    for _ in range(MAX_DEPTH):
        value = [value]
    with pytest.raises(WireError, match="levels deep"):
        encode(value)


def test_an_answer_is_less_deep_than_a_request():
    """What came in can go out again, inside a request."""
    value: object = 1
    for _ in range(MAX_DEPTH - 4):
        value = [value]
    frame = bytearray(b"".join(map(bytes, encode(value))))
    assert decode(frame) == value
    with pytest.raises(WireError, match="40 levels deep"):
        decode(frame, answer=True)


def test_an_answer_holds_no_rows():
    """Thirty bytes could promise two thousand million rows."""
    frame = bytearray(b"".join(map(bytes, encode(rows(np.ones((3, 2)))))))
    with pytest.raises(WireError, match="no place"):
        decode(frame, answer=True)


def test_sets_of_sets_are_refused():
    """Comparing sets of sets of equal hash takes exponential time."""
    inner = msgspec.msgpack.Ext(8, msgspec.msgpack.encode([1]))
    with pytest.raises(WireError, match="neither an atom"):
        decode(framed(extension(7, msgspec.msgpack.encode([inner]))))


def nested(depth: int, core: bytes) -> bytearray:
    """A frame in which extensions are in extensions around some MessagePack."""
    for _ in range(depth):
        core = b"\xc9" + struct.pack(">I", len(core) + 1) + b"\x03\x91" + core
    return bytearray(PREFIX.pack(len(core), 0) + core)


def peak_of(frame: bytearray) -> int:
    """Bytes that reading an answer takes at most at one time, read or refused."""
    tracemalloc.start()
    try:
        with contextlib.suppress(WireError):
            decode(frame, answer=True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@settings(max_examples=50, deadline=None)
@given(
    depth=st.integers(0, 39),
    core=st.one_of(
        st.binary(max_size=1 << 18).map(lambda data: b"\xc6" + struct.pack(">I", len(data)) + data),
        st.text(max_size=1 << 12).map(lambda text: msgspec.msgpack.encode(text * 64)),
        st.integers(0, 1 << 12).map(lambda many: b"\xdd" + struct.pack(">I", many) + b"\x90" * many),
    ),
)
def test_reading_takes_memory_in_proportion_to_the_bytes_that_came(depth, core):
    """However deep extensions are nested, nothing is copied on each level."""
    frame = nested(depth, core)

    assert peak_of(frame) < 100_000 + 5 * len(core) + 160 * core.count(b"\x90")


def test_twenty_mebibytes_in_forty_extensions_are_read_with_one_copy():
    """What once took forty times the frame takes the frame and its value."""
    data = bytes(20 << 20)
    assert peak_of(nested(38, b"\xc6" + struct.pack(">I", len(data)) + data)) < 21 << 20


def test_objects_that_take_too_much_memory_are_refused_before_they_are_made():
    """A text of characters that take four bytes each counts as four times as long."""
    text = "x" * (65 << 20) + "\N{GRINNING FACE}"
    frame = nested(0, msgspec.msgpack.encode(text))

    with pytest.raises(WireError, match="a value takes too much memory"):
        decode(frame, answer=True)
    assert decode(frame) == text  # what the grader itself sends is not limited


@pytest.mark.parametrize(
    "value",
    [
        "A" * (1 << 21),
        "\u4e00" * 400_000,
        b"A" * (1 << 21),
        [["A" * 50] * 30_000],
        np.broadcast_to(1.0, (10**6, 10**6)),
    ],
    ids=["text", "three bytes a character", "bytes", "one text many times", "one number many times"],
)
def test_what_is_too_large_is_refused_before_it_is_built(value):
    """Sizes are added up first, so that no memory is taken for a frame that nobody may send."""
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        encode(("value", value), most=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_what_is_just_small_enough_is_sent():
    """The limit holds for what a text takes as UTF-8, and not for its characters."""
    assert encode("\u4e00" * 300_000, most=900_000)
    with pytest.raises(TooLargeError):
        encode("\u4e00" * 300_000, most=899_999)


@pytest.mark.parametrize("text", ["A" * (60 << 20), "\u4e00" * (20 << 20)], ids=["ascii", "chinese"])
def test_a_text_without_room_for_its_frame_is_a_memory_error(text):
    """Wherever memory ends, the process lives on."""
    import os
    import resource

    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            with open("/proc/self/status") as file:
                used = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmData"))
            for more in range(0, 400, 40):
                resource.setrlimit(resource.RLIMIT_DATA, (used + (more << 20), resource.RLIM_INFINITY))
                with contextlib.suppress(MemoryError):
                    encode(("value", (text,)), most=64 << 20)
        except Exception:  # noqa: BLE001  (the child never returns)
            code = 1
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
