"""Two values are the same, or close, whichever of them is the answer; where that is not so, the reason is listed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections import Counter, OrderedDict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autograder.checks import close, same
from autograder.checks.errors import CheckFailed

Pair = namedtuple("Pair", "x y")
ZEROS = np.zeros((2, 2), np.uint8)


@dataclasses.dataclass
class Point:
    """A data class."""

    x: float


class Color(enum.Enum):
    """An enumeration."""

    RED = 1


class Level(enum.IntEnum):
    """One of numbers."""

    LOW = 1


MOMENTS = {
    "Timestamp": pd.Timestamp("2024-01-01"),
    "Timestamp in ns": pd.Timestamp("2024-01-01").as_unit("ns"),
    "datetime64[D]": np.datetime64("2024-01-01"),
    "datetime64[ns]": np.datetime64("2024-01-01", "ns"),
    "datetime64[25s]": np.datetime64("2024-01-01").astype("M8[25s]"),
    "datetime64, no dimension": np.array("2024-01-01", "M8[D]"),
    "datetime": dt.datetime(2024, 1, 1),
}
SPANS = {
    "Timedelta": pd.Timedelta("1s"),
    "timedelta64[s]": np.timedelta64(1, "s"),
    "timedelta64[ms]": np.timedelta64(1000, "ms"),
    "timedelta": dt.timedelta(seconds=1),
}
SINGLE = {
    **MOMENTS,
    **SPANS,
    "another Timestamp": pd.Timestamp("2024-01-02"),
    "another datetime64": np.datetime64("2024-01-02"),
    "Timestamp in UTC": pd.Timestamp("2024-01-01", tz="UTC"),
    "datetime in UTC": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    "date": dt.date(2024, 1, 1),
    "time": dt.time(1),
    "NaT": pd.NaT,
    "datetime64 NaT": np.datetime64("NaT"),
    "timedelta64 NaT": np.timedelta64("NaT"),
    "NA": pd.NA,
    "None": None,
    "NaN": float("nan"),
    "Enum": Color.RED,
    "IntEnum": Level.LOW,
    "dataclass": Point(1.0),
    "Period": pd.Period("2024-01"),
    "text of it": "2024-01",
    "str": "a",
    "numpy str": np.str_("a"),
    "str, no dimension": np.array("a"),
    "bytes": b"a",
    "numpy bytes": np.bytes_(b"a"),
    "slice": slice(1, 2),
    "Ellipsis": ...,
}
NUMBERS = {
    "int": 1,
    "float": 1.0,
    "int64": np.int64(1),
    "array, no dimension": np.array(1),
    "tensor, no dimension": torch.tensor(1),
    "Decimal": Decimal(1),
    "Fraction": Fraction(1),
    "third": 1 / 3,
    "a third exactly": Fraction(1, 3),
    "tenth": 0.1,
    "a tenth exactly": Decimal("0.1"),
    "long": 10**30,
    "float next to it": 1e30,
    "too long for a float": 10**400,
    "inf": float("inf"),
}
TRUTHS = {
    "bool": True,
    "bool_": np.bool_(True),
    "bool tensor": torch.tensor(True),
    "list of bool": [True],
    "array of bool": np.array([True]),
}
COMPLEX = {"complex": 1 + 0j, "complex128": np.complex128(1), "complex array": np.array([1, 2], complex)}
LISTS = {
    "list": [1, 2],
    "tuple": (1, 2),
    "named tuple": Pair(1, 2),
    "deque": deque([1, 2]),
    "range": range(1, 3),
    "list of 1": [1],
    "empty list": [],
    "empty tuple": (),
    "texts": ["a", "b"],
    "list of Timestamps": [pd.Timestamp("2024-01-01")],
    "list of datetimes": [dt.datetime(2024, 1, 1)],
    "list of timedeltas": [dt.timedelta(seconds=1)],
}
ARRAYS = {
    "array": np.array([1, 2]),
    "array of floats": np.array([1.0, 2.0]),
    "tensor": torch.tensor([1, 2]),
    "matrix": np.array([[1, 2]]),
    "empty array": np.array([]),
    "array with NaN": np.array([1.0, np.nan]),
    "array of texts": np.array(["a", "b"]),
    "array of days": np.array(["2024-01-01"], "M8[D]"),
    "array of ns": np.array(["2024-01-01"], "M8[ns]"),
    "array of spans": np.array([1], "m8[s]"),
    "structured": np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    "pixels": ZEROS,
    "image": Image.fromarray(ZEROS),
    "colored image": Image.fromarray(np.stack([ZEROS] * 3, -1)),
    "sparse": sp.csr_array([[1, 2]]),
}
MASKED = {"masked, nothing hidden": np.ma.array([1.0, 2.0]), "masked": np.ma.array([1.0, 2.0], mask=[0, 1])}
TABLES = {
    "Series": pd.Series([1, 2]),
    "Index": pd.Index([1, 2]),
    "DataFrame": pd.DataFrame({"a": [1, 2]}),
    "DataFrame of a row": pd.DataFrame([[1, 2]]),
    "categories": pd.Series(["a", "b"], dtype="category"),
    "Series of texts": pd.Series(["a", "b"]),
    "Series of moments": pd.Series(pd.to_datetime(["2024-01-01"])),
    "Series of spans": pd.Series(pd.to_timedelta([1], unit="s")),
}
OTHERS = {
    "set": {1, 2},
    "frozenset": frozenset({1, 2}),
    "dict": {"a": 1},
    "OrderedDict": OrderedDict(a=1),
    "Counter": Counter(a=1),
}
VALUES = {**SINGLE, **NUMBERS, **TRUTHS, **COMPLEX, **LISTS, **ARRAYS, **MASKED, **TABLES, **OTHERS}

COUNTS_AS = (
    # an answer that is one of these counts where one of those is expected, and not the other way round
    ("a table counts as its values", TABLES, VALUES.keys() - TABLES.keys()),
    ("a real number is a complex one", VALUES.keys() - COMPLEX.keys(), COMPLEX),
    ("a truth value is 0 or 1", TRUTHS, {*NUMBERS, *LISTS, *ARRAYS}),
    ("a masked array is an array; masked where another has NaN", {*MASKED, *ARRAYS}, {*LISTS, *MASKED}),
)


def holds(compare, got, want) -> bool:
    """Whether a comparison accepts an answer; it may refuse it, and do nothing else."""
    try:
        compare(got, want)
    except CheckFailed:
        return False
    return True


@pytest.mark.filterwarnings("ignore")  # of numpy, about comparing odd things
@pytest.mark.parametrize("compare", [same, close])
@pytest.mark.parametrize("name", VALUES)
def test_both_ways_give_the_same_result(name: str, compare) -> None:
    """For every pair of kinds, a comparison and its reverse agree; what counts as something else is listed above."""
    for other, value in VALUES.items():
        there, back = holds(compare, VALUES[name], value), holds(compare, value, VALUES[name])
        known = any(name in got and other in want for _, got, want in COUNTS_AS if there) or any(
            other in got and name in want for _, got, want in COUNTS_AS if back
        )
        assert there == back or known, (name, other, there, back)


@pytest.mark.parametrize("compare", [same, close])
@pytest.mark.parametrize("alike", [MOMENTS, SPANS], ids=["moments", "spans"])
def test_a_moment_is_the_same_whoever_made_it(alike, compare) -> None:
    """pandas, numpy and the standard library, in any unit, alone and in lists, either way; another one is not."""
    for one in alike.values():
        for other in alike.values():
            compare(one, other)
            compare([one], [other])
            compare({"when": one}, {"when": other})
        assert not holds(compare, one, SINGLE["another datetime64"])
        assert not holds(compare, SINGLE["another Timestamp"], one)
        assert not holds(compare, one, pd.NaT)


@pytest.mark.filterwarnings("ignore")
@given(st.data())
def test_inside_of_others_both_ways_agree_too(data) -> None:
    """In lists, dictionaries and tuples of any depth, where nothing counts as something else."""
    plain = st.sampled_from([*SINGLE.values(), *NUMBERS.values(), {1, 2}, "b"])
    nested = st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        max_leaves=4,
    )
    one, other = data.draw(nested), data.draw(nested)
    for compare in (same, close):
        assert holds(compare, one, other) == holds(compare, other, one)
