"""Long lists of equal rows cross as a few arrays, and come out as the very same values."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from attacks.fuzz_wire import described
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks.plain import to_plain
from autograder.checks.rows import Handle, Rows
from autograder.wire import TooLargeError, WireError, decode, decode_request, encode
from autograder.wire.columns import FEWEST, Packed, pack_rows

ITEMS = {
    "int": st.integers(-(1 << 63), (1 << 63) - 1),
    "long": st.integers(),
    "float": st.floats(),
    "bool": st.booleans(),
    "complex": st.complex_numbers(),
    "float32": st.floats(width=32).map(np.float32),
    "int8": st.integers(-128, 127).map(np.int8),
    "array": hnp.arrays("f8", (2, 1)),
    "text": st.text(max_size=3),
    "none": st.none(),
}


@st.composite
def lists(draw):
    """Lists and tuples of numbers, arrays, or rows of them, nearly always equal."""
    width = draw(st.integers(0, 3))
    columns = draw(st.lists(st.sampled_from(sorted(ITEMS)), min_size=max(width, 1), max_size=max(width, 1)))
    kind, outer = draw(st.sampled_from((list, tuple))), draw(st.sampled_from((list, tuple)))
    item = kind_of(columns, kind) if width else ITEMS[columns[0]]
    some = draw(st.lists(item, min_size=1, max_size=4))
    made = (some * FEWEST)[: draw(st.integers(1, 2 * FEWEST))]
    if draw(st.integers(0, 4)) == 0:
        made[draw(st.integers(0, len(made) - 1))] = draw(st.one_of(*ITEMS.values()))
    return outer(made)


def kind_of(columns, kind):
    """Rows of these columns."""
    return st.tuples(*(ITEMS[each] for each in columns)).map(kind)


def sent(value):
    """A value on its way through a frame."""
    return decode(bytearray(b"".join(encode(value))))


@given(lists())
def test_every_list_comes_out_as_it_went_in(value):
    """With the same types and bits in every place, whether it is packed or not."""
    assert described(sent(value)) == described(value)
    assert described(to_plain(value, id)) == described(value)
    assert described(to_plain(value, id, copy=True)) == described(value)


@pytest.mark.parametrize(
    "made",
    [
        lambda: [(x, int(y)) for x, y in zip(np.ones((100, 5, 1)), range(100), strict=True)],
        lambda: [[x, y] for x, y in zip(np.ones((100, 5), np.float32), np.arange(100), strict=True)],
        lambda: tuple(zip(np.ones((100, 5)), np.ones((100, 2), bool), strict=True)),
        lambda: list(np.ones((100, 3))),
        lambda: [1.5, float("nan")] * 50,
        lambda: [[1, 2, 3]] * 100,
        lambda: [(True, 2.5)] * 100,
    ],
)
def test_equal_rows_are_packed(made):
    """Pairs of arrays and numbers, however they are written, are a few arrays on their way."""
    value = made()
    assert isinstance(pack_rows(value, 1 << 20), Packed)
    header, _ = struct.unpack_from("<IQ", encode(value)[0])
    assert header < 100
    assert described(sent(value)) == described(value)


@pytest.mark.parametrize(
    "value",
    [
        [1, 2.5] * 50,
        [1, True] * 50,
        [(1, 2), (1, 2, 3)] * 50,
        [(1, 2), [1, 2]] * 50,
        [("a", 1)] * 50,
        [1 << 63] * 50,
        [np.ones(2), np.ones(3)] * 50,
        [np.ones(2), np.ones(2, np.float32)] * 50,
        [np.array(1.0)] * 50,
        [()] * 50,
        [{}] * 50,
        [1.5] * (FEWEST - 1),
    ],
)
def test_what_is_mixed_or_short_stays_as_it_is(value):
    """Nothing is made equal that is not."""
    assert pack_rows(value, 1 << 20) is None
    assert described(sent(value)) == described(value)


def test_arrays_of_a_packed_list_may_be_written_to_and_share_nothing():
    """A function that writes into one of its training samples changes that one alone."""
    first, second, *_ = sent([(np.zeros(2), 1)] * 50)
    first[0][:] = 7
    assert second[0].tolist() == [0.0, 0.0]


@pytest.mark.long
def test_no_room_is_taken_for_a_list_that_is_too_large():
    """One array that stands in a list a million times is counted as often before anything is built."""
    big = np.ones(1 << 20)
    with pytest.raises(TooLargeError):
        encode([(big, 1)] * 1_000_000, most=1 << 20)


def test_the_items_of_a_packed_list_are_counted_before_they_are_made():
    """A short frame stands for no more objects than a long one may hold."""
    frame = bytearray(b"".join(encode([(False, 1)] * 1000)))
    with pytest.raises(WireError, match="too many items"):
        decode(frame, max_items=500)
    empty = bytearray(b"".join(encode([np.zeros((0,))] * 1000)))
    assert len(decode(empty)) == 1000
    with pytest.raises(WireError, match="too many items"):
        decode(empty, max_items=500)


@pytest.mark.parametrize("row", [list, tuple])
@pytest.mark.parametrize(
    "numbers", [(1.5, -0.0, float("inf")), (1, -(2**63), 2**63 - 1), (True, False, True), (1j, 2j, 0j)]
)
def test_rows_of_python_numbers_are_the_same_rows_after_the_way(row: type, numbers: tuple[Any, ...]) -> None:
    """A list of equal rows crosses as a matrix and becomes the same rows of the same types, whatever they hold."""
    value = [row(numbers) for _ in range(40)]

    back = decode(b"".join(encode(value)))

    assert back == value
    assert {type(each) for each in back} == {row}
    assert {type(number) for each in back for number in each} == {type(numbers[0])}


def test_a_list_packed_beforehand_is_written_like_the_list() -> None:
    """What a stand-in packs while it looks through an argument need not be packed again."""
    value = [[float(number)] * 8 for number in range(50)]

    assert b"".join(encode({"x": pack_rows(value, 1 << 20)})) == b"".join(encode({"x": value}))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (([[1.0] * 8] * 50, {"a": 1}), True),
        ((Handle(1, "Foo"),), False),
        (([{"a": (Handle(1, "Foo"),)}],), False),
        ((Rows((np.zeros(3),)),), False),
        ((datetime(2026, 1, 1),), False),
    ],
)
def test_a_request_says_whether_anything_in_it_becomes_an_object(value: Any, plain: bool) -> None:
    """Arguments are walked again inside only where they hold handles, records or rows."""
    back, said = decode_request(b"".join(encode(value)))

    assert said is plain
    if plain:
        assert back == value
