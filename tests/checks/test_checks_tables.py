"""Tables, columns, indexes, sparse matrices, images and the like are compared, with sentences in pandas' words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import subprocess
import sys
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

from autograder.checks import close, same, shape, table
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.records.conversion import record_of


def flats():
    """A small table."""
    return pd.DataFrame({"price": [1.0, 2.0, 3.0, 4.0], "rooms": [1.0, 2, 3, 4], "city": list("abcd")})


def holed():
    """The same, with a missing value."""
    made = flats()
    made.loc[3, "rooms"] = np.nan
    return made


def said(compare):
    """What a comparison says; "" where it holds."""
    try:
        compare()
    except CheckFailed as error:
        return str(error)
    return ""


NAMES = ["price", "rooms", "city"]
UNSORTED = "result: not sorted by 'price' from large to small"
DIFFER = "p: row 0: expected 1.0, got 2.0 (4 of 4 rows differ)."
NO_NUMBERS = "result is a list of something else than numbers; expected numbers."
NOT_SPARSE = "result is an array; expected a sparse array of scipy (csr_array)."
REVERSED = "result: the index differs: row 0: expected 0, got 3. Is a reset_index(drop=True) missing?"
SENTENCES = [
    (lambda: table(None, flats()), "result is None; was a `return` forgotten?"),
    (lambda: table([1], flats()), "result is a list; expected a pandas DataFrame."),
    (lambda: table(flats()["price"], flats()), "result is a pandas Series; expected a pandas DataFrame."),
    (lambda: table(flats(), flats()["price"]), "result is a pandas DataFrame; expected a pandas Series."),
    (
        lambda: table(flats().drop(columns="price"), flats(), name="clean(df)"),
        "clean(df) has no column 'price'; its columns are ['rooms', 'city'].",
    ),
    (
        lambda: table(flats().assign(x=1), flats()),
        "result has the column 'x', which is not expected; expected are ['price', 'rooms', 'city'].",
    ),
    (
        lambda: table(flats()[["rooms", "price", "city"]], flats()),
        f"result: the columns are in another order: expected {NAMES}, got ['rooms', 'price', 'city'].",
    ),
    (lambda: table(flats().iloc[:1], flats()), "result: expected 4 rows, got 1."),
    (
        lambda: table(flats().astype({"price": object}), flats()),
        "result: column 'price': expected float64, got object (it holds 1, a float).",
    ),
    (lambda: table(flats().astype({"price": str}), flats()), "result: column 'price': expected float64, got str."),
    (
        lambda: table(flats().astype({"price": int}), flats(), dtypes="exact"),
        "result: column 'price': expected float64, got int64.",
    ),
    (
        lambda: table(flats(), dtypes={"rooms": "int64"}),
        "result: column 'rooms': expected int64, got float64.",
    ),
    (
        lambda: table(flats(), dtypes={"x": "int64"}),
        f"result has no column 'x'; its columns are {NAMES}.",
    ),
    (lambda: table(holed(), flats()), "result: row 3, column 'rooms': expected 4.0, got NaN."),
    (lambda: table(flats(), holed()), "result: row 3, column 'rooms': expected NaN, got 4.0."),
    (
        lambda: table(holed(), nan=False),
        "result: row 3, column 'rooms': expected no missing value, got NaN (1 of 4 rows in all).",
    ),
    (
        lambda: table(flats() * 2, {"price": [1, 2, 3, 4], "rooms": [2, 4, 6, 8], "city": ["aa", "bb", "cc", "dd"]}),
        "result: row 0, column 'price': expected 1, got 2.0 (4 of 4 rows differ).",
    ),
    (
        lambda: table(flats(), sorting="-price"),
        f"{UNSORTED}: row 1 has 2.0 after 1.0.",
    ),
    (lambda: table(flats().iloc[::-1], sorting=["city"]), "result: not sorted by 'city': row 1 has 'c' after 'd'."),
    (
        lambda: table(flats(), sorting="size"),
        f"result has no column 'size'; its columns are {NAMES}.",
    ),
    (lambda: table(flats().iloc[::-1], flats()), REVERSED),
    (
        lambda: table(flats().set_index("city"), flats().set_index("city").rename(index={"b": "z"})),
        "result: the index differs: row 1: expected 'z', got 'b'.",
    ),
    (
        lambda: table(flats().set_index(["city", "rooms"]), flats().set_index("city")[["price"]]),
        "result: expected an index of one level, got one of 2 levels.",
    ),
    (
        lambda: table(flats().set_index("city"), flats().set_index("city").assign(price=[1, 9, 3, 4])),
        "result: row 1, column 'price' (index 'b'): expected 9, got 2.0.",
    ),
    (
        lambda: close(flats()["price"] + 1, flats()["price"], name="p"),
        "p: row 0: expected 1.0, got 2.0 (4 of 4 rows differ).",
    ),
    (
        lambda: same(flats()["price"].rename("cost"), flats()["price"]),
        "result: expected a Series of the name 'price', got 'cost'.",
    ),
    (
        lambda: same(flats().rename_axis("n"), flats()),
        "result: expected an index of the name None, got 'n'.",
    ),
    (lambda: close(pd.Index([1, 2]), pd.Index([1, 3])), "result: row 1: expected 3, got 2."),
    (lambda: shape(flats(), (5, None)), "result has the shape (4, 3); expected (5, any)."),
    (
        lambda: close(flats()["city"], [1, 2, 3, 4]),
        "result is a list of something else than numbers; expected numbers.",
    ),
    (
        lambda: close(sp.csr_matrix(np.eye(2)), np.eye(2), name="A"),
        "A is a sparse matrix of scipy (csr_matrix); expected an array of numbers, such as its toarray().",
    ),
    (
        lambda: close(np.eye(2), sp.csr_array(np.eye(2))),
        "result is an array; expected a sparse array of scipy (csr_array).",
    ),
    (
        lambda: close(sp.coo_matrix(np.eye(2) * 2), sp.csr_matrix(np.eye(2)), name="A"),
        "A[0, 0]: expected 1, got 2 (2 entries differ).",
    ),
    (lambda: same(sp.csr_matrix((2, 3)), sp.csr_matrix((3, 2))), "result: expected the shape (3, 2), got (2, 3)."),
    (lambda: same(Image.new("L", (2, 3)), Image.new("RGB", (2, 3))), "result: expected an image of mode RGB, got L."),
    (
        lambda: same(Image.new("L", (2, 3)), Image.new("L", (3, 2))),
        "result: expected an image of 3 x 2 pixels, got 2 x 3.",
    ),
    (
        lambda: same(Image.new("L", (2, 1), 5), Image.new("L", (2, 1), 6)),
        "result, pixel[0, 0] is 5; expected 6 (2 of 2 entries differ).",
    ),
    (lambda: same(3, Image.new("L", (2, 1))), "result is an int; expected an image."),
    (
        lambda: same(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
        "result is Timestamp('2024-01-01 00:00:00'); expected Timestamp('2024-01-02 00:00:00').",
    ),
    (
        lambda: same(np.array(["2024-01-01"], "M8[D]"), np.array(["2024-01-02"], "M8[D]")),
        "result[0]: expected 2024-01-02, got 2024-01-01.",
    ),
    (lambda: same([1], np.array(["2024-01-02"], "M8[D]")), "result is a list; expected dtype datetime64[D]."),
    (
        lambda: close(np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.array([1.0, 2.0], mask=[0, 0])),
        "result[1]: expected it not masked.",
    ),
    (lambda: close([1.0], np.ma.array([1.0])), "result is a list; expected a masked array."),
    (lambda: close(1 + 2j, 1 + 3j, name="z"), "the imaginary part of z is 2; expected 3."),
    (lambda: same(Decimal("1.1"), Decimal("1.2")), "result is Decimal('1.1'); expected Decimal('1.2')."),
    (
        lambda: same(flats()["price"].iloc[:1], pd.NaT),
        "result is Series([1.0], name='price', dtype=float64); expected NaT.",
    ),
    (lambda: same(deque([1, 2]), [1, 3]), "result[1] is 2; expected 3 (1 of 2 entries differ)."),
]


@pytest.mark.parametrize(("compare", "sentence"), SENTENCES, ids=range(len(SENTENCES)))
def test_each_difference_is_reported_in_pandas_words(compare, sentence):
    """Where it is, what was expected there, and what came."""
    assert said(compare) == sentence


def test_what_is_equal_passes():
    """By `table`, `close` and `same`, as a real one, as a record, or built of lists."""
    for got in (flats(), record_of(flats())):
        for want in (flats(), record_of(flats())):
            table(got, want)
            close(got, want)
            same(got, want)
            close(got["price"], want["price"])
            same(got["city"], want["city"])
    table(flats(), {"price": [1, 2, 3, 4], "rooms": [1, 2, 3, 4], "city": list("abcd")})
    table(holed(), {"price": [1, 2, 3, 4], "rooms": [1, 2, 3, None], "city": list("abcd")})
    table(holed(), holed())
    close(flats()["price"] + 1e-9, flats()["price"])
    close(flats()["price"], [1, 2, 3, 4])
    close(flats()[["price", "rooms"]], np.array([[1, 1], [2, 2], [3, 3], [4, 4]]))
    same(flats()["city"], list("abcd"))
    shape(flats(), (4, None))
    shape(flats()["price"], (4,))


def test_what_is_not_asked_may_differ():
    """Order of columns and rows, index, dtypes, further columns."""
    table(flats()[["city", "rooms", "price"]], flats(), order="rows")
    table(flats().iloc[::-1], flats(), order="columns")
    table(flats().iloc[::-1].reset_index(drop=True), flats(), order="columns")
    table(flats()[["city", "rooms", "price"]].iloc[[2, 0, 3, 1]], flats(), order="none")
    table(flats().iloc[::-1].reset_index(drop=True), flats(), sorting="-price")
    table(flats().set_index("city", drop=False), flats(), index=False)
    table(flats().assign(x=1), flats(), columns=["price", "city"])
    table(flats().astype({"price": object}), flats(), dtypes=None)
    table(flats().astype({"price": "Float64", "rooms": "int32", "city": object}), flats())
    table(flats(), dtypes={"city": "text", "price": "float64"})
    table(flats(), flats().assign(price=[1.001, 2, 3, 4]), rtol=1e-2)


def test_rows_that_are_equal_in_what_they_are_sorted_by_may_be_in_any_order():
    """Sorting says nothing of ties."""
    one = pd.DataFrame({"k": [1, 1, 2], "v": ["a", "b", "c"]})
    table(one.iloc[[1, 0, 2]].reset_index(drop=True), one, sorting="k")
    assert "row 0, column 'v'" in said(
        lambda: table(one.assign(v=["x", "b", "c"]), one.assign(v=list("abc")), sorting="k")
    )


def test_kinds_of_values_are_distinguished():
    """Moments with and without a zone, categories, truth values, spans, nullable numbers."""
    days = pd.Series(pd.date_range("2024", periods=2))
    same(days, days)
    assert "expected datetime64" in said(lambda: close(days.dt.tz_localize("UTC"), days))
    assert "row 1: expected Timestamp('2024-01-03" in said(
        lambda: close(days, pd.Series(pd.to_datetime(["2024-01-01", "2024-01-03"])))
    )
    same(days - days, days - days)
    colours = pd.Series(pd.Categorical(["u", "v"]))
    same(colours, colours)
    assert "expected category" in said(lambda: close(colours.astype(str), colours))
    assert "expected category" in said(lambda: same(colours.cat.set_categories(["v", "u"]), colours))
    close(colours.cat.set_categories(["v", "u"]), colours)
    assert "expected bool, got int64" in said(lambda: close(pd.Series([1, 0]), pd.Series([True, False])))
    close(pd.Series([1, None], dtype="Int64"), pd.Series([1.0, np.nan]))
    assert "expected float64, got Int64" in said(
        lambda: same(pd.Series([1, None], dtype="Int64"), pd.Series([1.0, np.nan]))
    )
    same(pd.cut(pd.Series([1.0, 2, 3]), 2), pd.cut(pd.Series([1.0, 2, 3]), 2))


def test_other_records_that_are_equal_pass():
    """Sparse in any format, images, tensors, moments, members, data classes, named tuples."""
    dense = np.array([[1.0, 0], [0, 2]])
    close(sp.coo_array(dense), sp.csr_matrix(dense))
    same(Image.new("RGB", (2, 3), (1, 2, 3)), Image.new("RGB", (2, 3), (1, 2, 3)))
    close(np.asarray(Image.new("L", (2, 3), 7)), Image.new("L", (2, 3), 7))
    close(record_of(torch.ones(2, dtype=torch.bfloat16)), torch.ones(2))
    same(pd.Timestamp("2024-01-01"), dt.datetime(2024, 1, 1))
    same([pd.NaT, pd.NA], [pd.NaT, pd.NA])
    same(dt.timedelta(1), dt.timedelta(1))
    same({dt.date(2024, 1, 1)}, {dt.date(2024, 1, 1)})
    same(OrderedDict(a=1), {"a": 1})
    same(Counter("aab"), {"a": 2, "b": 1})
    same(range(3), [0, 1, 2])
    close(Decimal("1.5"), 1.5)
    close(Fraction(1, 2), 0.5)
    close([1 + 1j, 2], np.array([1 + 1j, 2]))
    same(np.array([(1, 2.5)], "i4,f8"), np.array([(1, 2.5)], "i4,f8"))
    same(np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 9], mask=[0, 1]))


class Colour(enum.Enum):
    """Something to choose from."""

    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    """Something with fields."""

    x: float
    y: list


def test_members_and_fields_are_reported_by_their_names():
    """As they are written."""
    same(Colour.RED, record_of(Colour.RED))
    assert said(lambda: same(Colour.RED, Colour.BLUE)) == "result is Colour.RED; expected Colour.BLUE."
    close(Point(1.0, [2]), Point(1.0 + 1e-9, [2]))
    assert said(lambda: close(Point(1.0, [2]), Point(1.0, [3]), name="p")).startswith("p.y[0] is 2; expected 3")
    assert said(lambda: same(3, Point(1.0, []))) == "result is an int; expected a Point."
    pair = namedtuple("Pair", "a b")
    same(record_of([pair(1, 2)]), [(1, 2)])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: table(flats(), 3),
        lambda: table(flats(), flats(), order="any"),
        lambda: table(flats(), flats(), dtypes="float"),
        lambda: table(flats(), {"a": [1], "b": [1, 2]}),
    ],
)
def test_a_wrong_call_is_the_instructors_error(wrong):
    """In one sentence."""
    with pytest.raises(InstructorError):
        wrong()


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.floats(-2, 2) | st.none(), st.sampled_from(["a", "b", None])), max_size=6
)


@given(ROWS, st.randoms())
def test_any_order_of_rows_is_found_equal_where_order_does_not_matter(rows, draw):
    """And no other table is."""
    names = ["k", "x", "t"]
    want = pd.DataFrame(rows, columns=names).astype({"k": float, "x": float, "t": object})
    mixed = list(rows)
    draw.shuffle(mixed)
    got = pd.DataFrame(mixed, columns=names).astype({"k": float, "x": float, "t": object})
    table(got, want, order="columns")
    if rows:
        assert said(lambda: table(got.assign(k=got["k"] + [5.0, *[0.0] * (len(rows) - 1)]), want, order="columns"))


def test_sparse_matrices_of_any_size_are_compared_without_a_dense_one():
    """Duplicates are summed, zeros that are stored count as none, and NaN equals nothing."""
    side = 1 << 30
    one = sp.coo_array(([1.0, 2.0, 0.0], ([5, 5, 7], [9, 9, 9])), shape=(side, side))
    close(one, sp.coo_array(([3.0], ([5], [9])), shape=(side, side)))
    close(sp.csr_array((2, 2)), sp.coo_array((2, 2)))
    other = sp.coo_array(([3.0, 4.0], ([5, side - 1], [9, 0])), shape=(side, side))
    assert said(lambda: close(one, other)) == f"result[{side - 1}, 0]: expected 4, got 0 (1 entries differ)."
    lost = sp.csr_matrix(np.array([[np.nan, 1.0]]))
    assert said(lambda: close(lost, sp.csr_matrix(np.array([[2.0, 1.0]])))).startswith(
        "result[0, 0]: expected 2, got nan"
    )
    close(sp.csr_matrix(np.array([[1 + 2j]])), sp.csr_matrix(np.array([[1 + 2j]])))


def test_comparing_needs_no_pandas():
    """A check that has records compares them where pandas is not installed."""
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import numpy as np; from autograder.checks import table, close, same\n"
        "from autograder.checks.records import Column, Index, Table, Values\n"
        "index = Index((Values('int64', 'numbers', np.arange(2)),), (None,))\n"
        "labels = Index((Values('str', 'objects', ['a']),), (None,))\n"
        "made = Table((Values('float64', 'numbers', np.ones(2)),), index, labels)\n"
        "table(made, {'a': [1, 1]}); close(made, made); same(made['a'], [1.0, 1.0])\n"
        "try: made.groupby('a')\n"
        "except AttributeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("Table: pandas is not installed here", "")
