"""The fuzz run in small, the same each time: changed frames do no harm, and a reader that does is noticed."""

from __future__ import annotations

import itertools
import random
import re
import struct
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from fuzz_wire import MADE, SIDES, campaign, described, examine, extension, frame_of, seeds

from autograder.checks.rows import Handle, Rows
from autograder.wire import PREFIX, codes

SEEDS = tuple(seeds())
CHANGED = 6000


class Listed(list):
    """A list that is none."""


class Colored(np.ndarray):
    """An array with an opinion."""


class Later(datetime):
    """A moment with an opinion."""


def changed(draw: random.Random) -> bytes:
    """A seed with some bytes flipped, lost, doubled, or exchanged for another seed's, or choices for a `Maker`."""
    data = bytearray(draw.choice(SEEDS))
    for _ in range(draw.randint(1, 4)):
        start = draw.randrange(len(data) + 1)
        end = min(len(data), start + draw.choice((0, 1, 1, 2, 8)))
        other = draw.choice(SEEDS)
        piece = draw.choice((b"", draw.randbytes(end - start), data[start:end] * 2, other[start : end + 8]))
        data[start:end] = piece
    return bytes(data) if draw.random() < 0.8 else bytes([MADE]) + draw.randbytes(60)


def test_every_seed_is_a_value() -> None:
    """The fuzzer starts from frames that are read, each by the form it is written in."""
    assert all(examine(frame_of(seed)) for seed in SEEDS if seed[0] != MADE)


def test_changed_frames_are_refused_or_plain() -> None:
    """Some thousand changed frames, always the same: many are refused, many are values, nothing else happens."""
    draw = random.Random(20)
    held = sum(examine(frame_of(changed(draw))) for _ in range(CHANGED))
    assert CHANGED / 10 < held < CHANGED * 0.9


@pytest.mark.parametrize(
    "value",
    [
        Listed([1]),
        np.zeros(3).view(Colored),
        np.array([object()]),
        np.zeros(2, ">M8[s]"),
        np.zeros(2, ">f8"),
        np.str_("text"),
        Later(2020, 1, 1, tzinfo=UTC),
        object(),
        bytearray(b"x"),
        Handle(True, "A"),
        Handle(1, np.str_("A")),
        Rows((np.zeros(2), [1, 2])),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("around", [lambda x: x, lambda x: [x], lambda x: {"a": (1, x)}], ids=["bare", "list", "dict"])
def test_a_value_that_is_not_plain_is_noticed(value: Any, around: Any) -> None:
    """A reader that returned such a thing, at any depth, would fail the run."""
    with pytest.raises(AssertionError, match="plain|something else"):
        examine(b"", decode=lambda frame: around(value))


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, RecursionError, MemoryError, OverflowError])
def test_any_other_exception_is_noticed(error: type[Exception]) -> None:
    """Only `WireError` counts as a refusal."""

    def broken(frame: object) -> None:
        raise error

    with pytest.raises(error):
        examine(b"", decode=broken)


def test_a_reader_that_reads_another_value_the_second_time_is_noticed() -> None:
    """What comes out must be what goes in again, to the last bit."""
    answers = iter([0.0, -0.0])
    with pytest.raises(AssertionError, match="changes on its way"):
        examine(b"", decode=lambda frame: next(answers))


@pytest.mark.parametrize(
    ("one", "other"),
    [(0.0, -0.0), (1, True), (1, 1.0), ([1], (1,)), ({1}, frozenset({1})), (np.float32(1), np.float64(1)),
     (np.zeros(2), np.zeros((1, 2))), (np.zeros(2, "i4"), np.zeros(2, "u4")), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
     (Handle(1, "A"), Handle(1, "B")), (np.array(1.0), np.float64(1.0))],
)  # fmt: skip
def test_values_that_differ_are_described_differently(one: Any, other: Any) -> None:
    """Types, bits, shapes and order all count."""
    assert described(one) != described(other)


def test_equal_values_are_described_alike() -> None:
    """Not-a-numbers and sets filled in another order are no difference."""
    nan = float("nan")
    members = [8, 0, "a", None, (1, nan), frozenset({16, 8})]
    assert described([nan, set(members)]) == described([float("nan"), {*reversed(members)}])


def test_no_shape_is_an_error_of_ours() -> None:
    """Sides whose product no machine can count are refused, even where one of them is 0."""
    for sides in itertools.combinations_with_replacement(SIDES, 3):
        for shape in (sides, (*sides, 0)):
            header = extension(codes.ARRAY, struct.pack(f"<BB{len(shape)}Q", 11, len(shape), *shape))
            examine(PREFIX.pack(len(header), 0) + header)


@pytest.mark.skipif(not find_spec("atheris"), reason="atheris is not installed")
def test_the_fuzzer_itself_runs() -> None:
    """A short run ends with its line and leaves nothing behind."""
    assert re.match(r"1,000 frames in \d+ s: 0 crashes, [1-9]\d* held a value, slowest", campaign(1000, 1))
