"""What pandas, scipy, torch, PIL and the standard library make crosses as records, both ways, on both stand-ins."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from autograder.assignment.interface import Interface, ModuleInterface
from autograder.checks import close
from autograder.checks.errors import InstructorError
from autograder.checks.local.student import LocalStudent
from autograder.checks.plain import PlainError, to_plain
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
)
from autograder.checks.records.conversion import SIMPLE, holds, mapped, real, record_of
from autograder.remote.student import RemoteStudent
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not
from autograder.wire import WireError, decode, encode

LIMITS = Limits(wall_seconds=120, cpu_seconds=120, memory_mib=4096)
INTERFACE = Interface(
    (ModuleInterface("hw.py", ("echo", "kind", "point", "colour", "norm", "paint", "writes", "held"), {}, ()),)
)
HOMEWORK = """
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum

Place = namedtuple("Place", "north east")


class Colour(Enum):
    RED = "r"
    BLUE = (1, 2)


@dataclass
class Point:
    x: float
    y: float = 0.0
    place: object = None


class Opaque:
    def act(self):
        return 1


def echo(value):
    return value


def kind(value):
    return f"{type(value).__module__}.{type(value).__name__}"


def point():
    return Point(3.0, 4.0, Place(1, 2))


def colour():
    return [Colour.RED, {Colour.BLUE: 1}]


def norm(point):
    assert type(point) is Point and type(point.place) is Place, type(point)
    return (point.x**2 + point.y**2) ** 0.5


def paint(colour):
    assert colour is Colour.RED, colour
    return colour.value


def writes(table):
    table["new"] = 1.0
    return table


def held():
    import pandas as pd

    return pd.DataFrame({"model": [Opaque(), None]}), {"all": {Opaque()}}
"""


def frame():
    """A DataFrame with a column of each kind."""
    return pd.DataFrame(
        {
            "number": [1, 2.5, np.nan],
            "whole": np.array([1, 2, 3], np.int32),
            "text": ["x", None, "z"],
            "category": pd.Categorical(["u", "v", None], categories=["v", "u"], ordered=True),
            "moment": pd.to_datetime(["2024-01-01", None, "2024-06-01"]),
            "zoned": pd.date_range("2024", periods=3, tz="Europe/Berlin"),
            "span": pd.to_timedelta([1, 2, None], unit="s"),
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "nullable float": pd.array([1.5, None, 3], dtype="Float64"),
            "truth": pd.array([True, None, False], dtype="boolean"),
            "string": pd.array(["a", None, "c"], dtype="string"),
            "cut": pd.cut(pd.Series([1.0, 2, 3]), 2),
            "period": pd.period_range("2024-01", periods=3, freq="M"),
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
            "objects": [1, [2], {"a": pd.Timestamp("2024")}],
            ("a", 1): [True, False, True],
        },
        index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", None]),
    )


INDEXES = {
    "default": lambda: pd.RangeIndex(3, name="n"),
    "steps": lambda: pd.RangeIndex(5, 1, -2),
    "empty": lambda: pd.Index([]),
    "days": lambda: pd.DatetimeIndex(["2024-01-01", "2024-01-03"], tz="UTC"),
    "offset": lambda: pd.DatetimeIndex(["2024-01-01T00:00:00+05:30"]),
    "words": lambda: pd.Index(list("abc"), name=("a", 1)),
    "categories": lambda: pd.CategoricalIndex(list("aba")),
    "intervals": lambda: pd.interval_range(0, 3, closed="left"),
    "periods": lambda: pd.period_range("2024", periods=2, freq="D"),
    "spans": lambda: pd.TimedeltaIndex(["1s", "3s"]),
    "mixed": lambda: pd.Index([1, "a", None]),
    "truth": lambda: pd.Index([True, False]),
    "several": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "n"]),
}
SPARSE = (
    *("csr_matrix", "csc_matrix", "coo_matrix", "bsr_matrix", "dia_matrix", "dok_matrix", "lil_matrix"),
    *("csr_array", "csc_array", "coo_array", "bsr_array", "dia_array", "dok_array", "lil_array"),
)
MODES = ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16")
DENSE = np.array([[1.0, 0, 2, 0], [0, 0, 3, 4]])
Pair = namedtuple("Pair", "left right")


class Scores(NamedTuple):
    """A named tuple of the test's own."""

    mean: float
    all: list


PLAIN = (
    *(dt.datetime(2024, 1, 2, 3, 4, 5, 6), dt.datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))),
    *(dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5.5))), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
    *(dt.date(2024, 2, 29), dt.time(23, 59, 1, 2, fold=1), dt.timedelta(-1, 2, 3)),
    *(Decimal("1.10"), Decimal("-Infinity"), Fraction(-3, 7), range(3, 20, 4), 1 - 2j, b"\0\xff"),
    *({1, 2.5, "a"}, frozenset({(1, "b")}), {dt.date(2024, 1, 1), Decimal(1)}),
    *(OrderedDict(b=1, a=[2]), Counter("aab"), defaultdict(list, {1: [2]}), deque([1, [2]], 5), deque()),
    {dt.date(2024, 1, 1): 1, Fraction(1, 2): 2},
)
ARRAYS = (
    np.array(["2024-01-01", "NaT"], "M8[ns]"),
    np.array([[1, 2]], "m8[D]"),
    np.datetime64("2024-01-01T00", "h"),
    np.timedelta64(3, "s"),
    np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")]),
    np.array([(1, "x", [1, 2])], dtype=[("a", "i4"), ("t", "U3"), ("v", "f4", 2)]),
    np.array((1, 2.5), dtype=[("a", "i4"), ("b", "f8")])[()],
    np.array(7.0),
)


def sent(value):
    """A value on its way through a frame."""
    return decode(bytearray(b"".join(encode(value))))


@pytest.fixture(scope="module")
def sandbox():
    """A started bubblewrap sandbox, which imports nothing beforehand."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap") as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A staged submission."""
    path: Path = tmp_path_factory.mktemp("class") / "staged"
    path.mkdir(mode=0o755)
    path.parent.chmod(0o755)
    (path / "hw.py").write_text(HOMEWORK)
    return path


@pytest.fixture(params=["in the sandbox", "in this process"], scope="module")
def student(request, folder):
    """The stand-in for the submission, of either kind."""
    if request.param == "in this process":
        yield LocalStudent(folder, INTERFACE.names)
        return
    with contextlib.closing(request.getfixturevalue("sandbox").open(Request(folder, LIMITS))) as session:
        yield RemoteStudent(session, INTERFACE, LIMITS, (), folder)


def test_a_table_crosses_both_ways_with_dtypes_index_and_names(student):
    """The student gets the real DataFrame, the check a record that holds all there is to it."""
    assert student.kind(frame()) == "pandas.DataFrame" or student.kind(frame()) == "pandas.core.frame.DataFrame"
    back = student.echo(frame())
    assert type(back) is Table
    assert back.dtypes == {label: str(dtype) for label, dtype in frame().dtypes.items()}
    pd.testing.assert_frame_equal(back.to_pandas(), frame())
    assert type(student.echo(back)) is Table
    pd.testing.assert_frame_equal(student.echo(back).to_pandas(), frame())


def test_a_table_of_the_checks_own_is_not_changed_by_what_a_student_does_to_his(student):
    """It crosses as a copy, from a real DataFrame as from a record."""
    given = frame()
    assert "new" in student.writes(given)
    assert "new" in student.writes(record_of(given))
    assert "new" not in given


def test_every_column_crosses_as_a_series(student):
    """With its values, index and name."""
    for label in frame().columns:
        column = student.echo(frame()[label])
        assert type(column) is Column
        pd.testing.assert_series_equal(column.to_pandas(), frame()[label])


@pytest.mark.parametrize("name", sorted(INDEXES))
def test_every_index_crosses(student, name):
    """With its class, dtype and names."""
    index = INDEXES[name]()
    back = student.echo(index)
    assert type(back) is Index
    assert type(back.to_pandas()) is type(index)
    pd.testing.assert_index_equal(back.to_pandas(), index, exact=True, check_freq=False)
    assert back.tolist() == index.tolist() or name in ("days", "offset", "intervals", "periods", "spans")


def test_a_record_answers_what_checks_ask_most_without_pandas(student):
    """Columns, shape, dtypes, values, labels; the rest is asked of the real DataFrame."""
    table = student.echo(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=["r", "s"]))
    assert (len(table), table.shape, table.columns) == (2, (2, 2), ["a", "b"])
    assert table.dtypes["a"] == "int64"
    assert ("a" in table, "z" in table, list(table)) == (True, False, ["a", "b"])
    assert table["a"].tolist() == table.a.tolist() == [1, 2]
    assert (table["a"]["s"], "r" in table["a"], table["a"].name) == (2, True, "a")
    assert table[["b"]].columns == ["b"]
    assert table.index.tolist() == ["r", "s"]
    assert np.asarray(table["a"]).tolist() == [1, 2]
    with pytest.raises(KeyError):
        table["z"]
    assert table["a"].mean() == 1.5
    assert (table["a"] > 1).tolist() == [False, True]
    assert table.sort_values("a", ascending=False).index.tolist() == ["s", "r"]
    assert table.equals(table) is True
    assert table["a"].equals(other=table["a"]) is True
    with pytest.raises(AttributeError):
        table.nothing_of_the_kind()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(table)


@pytest.mark.parametrize("value", [pd.Timestamp("2024-01-01", tz="Europe/Berlin"), pd.Timestamp(1), pd.Timedelta("1s")])
def test_moments_and_spans_keep_their_unit_and_zone(student, value):
    """Their content is read without pandas, and the objects are made again inside."""
    back = student.echo(value)
    assert type(back) in (Moment, Span)
    assert real(back) == value
    assert str(real(back)) == str(value)
    assert student.kind(back) == student.kind(value)
    assert back != dt.datetime(1999, 1, 1)
    assert (back.datetime64 if type(back) is Moment else back.timedelta64) == value.to_numpy()
    if value.nanosecond if type(back) is Moment else False:
        return
    assert back == (value.to_pydatetime() if type(back) is Moment else value.to_pytimedelta())


def test_missing_values_are_what_they_are(student):
    """NaT and NA by name."""
    assert student.echo([pd.NaT, pd.NA]) == [Missing("NaT"), Missing("NA")]
    assert real(student.echo(pd.NA)) is pd.NA


@pytest.mark.parametrize("name", SPARSE)
def test_every_sparse_format_crosses(student, name):
    """As what it holds, in its own format; the record makes a dense array without scipy."""
    given = getattr(sp, name)(DENSE)
    back = student.echo(given)
    assert (type(back), back.class_name, back.shape, back.dtype) == (Sparse, name, (2, 4), np.float64)
    assert back.toarray().tolist() == DENSE.tolist()
    assert type(real(back)) is type(given)
    assert real(back).toarray().tolist() == DENSE.tolist()
    assert back.count_nonzero() == 4
    coordinates, data = back.entries()
    assert coordinates.tolist() == [[0, 0, 1, 1], [0, 2, 2, 3]]
    assert data.tolist() == [1, 2, 3, 4]


def test_a_sparse_matrix_does_not_become_a_huge_dense_one():
    """Where a dense array would not fit, its entries are still known."""
    huge = record_of(sp.coo_array(([1.0, 2.0, 3.0], ([0, 5, 5], [7, 9, 9])), shape=(1 << 40, 1 << 40)))
    assert huge.entries()[1].tolist() == [1.0, 5.0]
    with pytest.raises(ValueError, match="more than 256 MiB"):
        huge.toarray()


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(2, 3),
        torch.ones(2, requires_grad=True),
        torch.tensor([1.5, 2.5], dtype=torch.bfloat16),
        torch.tensor(3),
        torch.tensor([True, False]),
        torch.tensor([1 + 2j]),
        torch.zeros(0, 4, dtype=torch.float16),
    ],
)
def test_tensors_keep_dtype_gradient_and_device(student, tensor):
    """They are arrays to a check, and tensors to the student."""
    back = student.echo(tensor)
    assert type(back) is Tensor
    assert isinstance(back, np.ndarray)
    assert (f"torch.{back.torch_dtype}", back.requires_grad, back.torch_device) == (
        str(tensor.dtype),
        tensor.requires_grad,
        "cpu",
    )
    again = real(back)
    assert (again.dtype, again.requires_grad, again.shape) == (tensor.dtype, tensor.requires_grad, tensor.shape)
    assert torch.equal(again, tensor)
    assert student.kind(back) == "torch.Tensor"
    assert type(back + 1) is not Tensor


def test_a_sparse_tensor_is_its_numbers(student):
    """As before."""
    assert student.echo(torch.eye(2).to_sparse()).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("mode", MODES)
def test_images_keep_mode_and_pixels(student, mode):
    """In every mode of PIL's, palettes included."""
    given = Image.new("RGB", (3, 2), (10, 200, 30))
    given = given.convert(mode) if mode not in ("LAB", "I;16") else Image.new(mode, (3, 2), 7)
    back = student.echo(given)
    assert (type(back), back.mode, back.size) == (Picture, mode, (3, 2))
    again = real(back)
    assert (again.mode, again.tobytes(), again.getpalette()) == (mode, given.tobytes(), given.getpalette())
    assert np.asarray(back).shape[:2] == (2, 3)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_what_the_standard_library_has_crosses_as_itself(student, value):
    """With its type, both ways."""
    back = student.echo(value)
    assert back == value
    assert type(back) is type(value)
    assert student.kind(value).rpartition(".")[2] == type(value).__name__
    assert getattr(back, "maxlen", None) == getattr(value, "maxlen", None)
    assert getattr(back, "default_factory", None) == getattr(value, "default_factory", None)
    assert getattr(back, "tzinfo", None) == getattr(value, "tzinfo", None)


@pytest.mark.parametrize("value", ARRAYS, ids=repr)
def test_other_arrays_of_numpy_cross_as_themselves(student, value):
    """Moments, structured, without dimensions: the same dtype, shape and numbers."""
    back = student.echo(value)
    assert type(back) is type(value)
    assert np.asarray(back).dtype == np.asarray(value).dtype
    assert repr(back) == repr(value)


def test_a_masked_array_is_nan_where_it_is_masked(student):
    """A check that counts or averages does not pass over what a submission masks; the student gets a masked array."""
    got = student.echo(np.ma.array([3, 4, 5], mask=[0, 1, 1]))
    assert type(got) is np.ndarray
    assert np.array_equal(got, [3.0, np.nan, np.nan], equal_nan=True)
    assert np.isnan(student.echo([np.ma.masked])[0])
    assert np.mean(got == np.array([3, 9, 9])) < 0.5
    assert "MaskedArray" in student.kind(np.ma.array([1.0], mask=[1]))
    close(student.echo(np.ma.array([3, 4], mask=[0, 1])), np.ma.array([3, 9], mask=[0, 1]))


def test_arithmetic_with_a_column_does_not_pass_over_missing_values(student):
    """As pandas' own means and sums do; and what is missing equals nothing."""
    column = student.echo(pd.Series([1.0, None, None]))
    assert np.isnan(np.mean((column - np.ones(3)) ** 2))
    whole = student.echo(pd.Series([1, None, None], dtype="Int64"))
    assert np.mean(whole == np.ones(3)) < 0.5
    assert np.mean(whole != np.ones(3)) > 0.5


def test_an_array_of_text_is_an_array_to_the_student_and_a_list_to_the_check(student):
    """As it always was on its way out."""
    assert student.kind(np.array(["a", "bc"])) == "numpy.ndarray"
    assert student.kind(np.array([1, "a"], object)) == "numpy.ndarray"
    assert student.echo(np.array(["a", "bc"])) == ["a", "bc"]


def test_data_classes_named_tuples_and_members_are_records_with_names(student):
    """They go back in as objects of the student's own classes."""
    point = student.point()
    assert type(point) is Fields
    assert (point.class_name, point.x, point.y) == ("Point", 3.0, 4.0)
    assert type(point.place) is Named
    assert (point.place, point.place.east) == ((1, 2), 2)
    assert student.norm(point) == 5.0
    colours = student.colour()
    assert colours == [Member("Colour", "RED", "r"), {Member("Colour", "BLUE", (1, 2)): 1}]
    assert student.paint(colours[0]) == "r"


def test_classes_of_the_checks_own_are_found_by_name(student):
    """A check may define the same class, and hand its objects over."""

    @dataclasses.dataclass
    class Point:
        x: float
        y: float
        place: object

    class Colour(enum.Enum):
        RED = "r"

    place = namedtuple("Place", "north east")
    assert student.norm(Point(6.0, 8.0, place(1, 2))) == 10.0
    assert student.paint(Colour.RED) == "r"
    assert student.echo(Scores(1.5, [2])) == (1.5, [2])
    assert student.echo(Scores(1.5, [2])).mean == 1.5


def test_objects_inside_records_stay_inside(student):
    """A column of models holds handles, which can be called."""
    table, sets = student.held()
    assert table["model"].tolist()[0].act() == 1
    assert len(sets["all"]) == 1


def test_what_cannot_be_given_is_the_instructors_error(student):
    """In one sentence, on both stand-ins."""
    with pytest.raises(InstructorError):
        student.echo(object())


LABELS = st.none() | st.integers(-5, 5) | st.text(max_size=3) | st.tuples(st.text(max_size=1), st.integers(0, 3))
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))
ARRAY_DTYPES = st.sampled_from(["M8[ns]", "m8[s]", "U3", "S2", [("a", "i2"), ("b", "U2")]])
VALUES = st.decimals(allow_nan=False) | st.fractions() | st.timedeltas()
COLUMNS = st.sampled_from(["float", "int", "text", "objects", "moment", "category", "nullable"])


@st.composite
def frames(draw):
    """DataFrames of several columns, with duplicates among labels, missing values, no rows."""
    rows = draw(st.integers(0, 4))

    def some(items):
        return draw(st.lists(items, min_size=rows, max_size=rows))

    def column(kind):
        if kind == "float":
            return np.array(some(st.floats()), float)
        if kind == "int":
            return np.array(some(st.integers(-9, 9)), np.int16)
        if kind == "text":
            return pd.Series(some(st.text(max_size=3) | st.none()), dtype="str")
        if kind == "objects":
            return pd.Series(some(st.none() | st.integers() | st.lists(st.booleans(), max_size=2)), dtype=object)
        if kind == "moment":
            return pd.Series(
                some(st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))), dtype="M8[us]"
            )
        if kind == "category":
            return pd.Categorical(some(st.sampled_from(["a", "b", None])), categories=["b", "a", "c"])
        return pd.array(some(st.integers(0, 9) | st.none()), dtype="Int32")

    made = [pd.Series(column(kind)) for kind in draw(st.lists(COLUMNS, max_size=3))]
    table = pd.concat(made, axis=1) if made else pd.DataFrame(index=range(rows))
    table.columns = pd.Index([draw(LABELS) for _ in made], dtype=object, tupleize_cols=False)
    table.index = pd.Index(some(st.integers(0, 3)), name=draw(st.none() | st.text(max_size=2)))
    return table


@given(frames())
def test_every_table_survives_the_wire(table):
    """Real to record, to bytes, to record, to real: equal in every respect."""
    record = to_plain(table, id)
    again = real(sent(record))
    pd.testing.assert_frame_equal(again, table)


@given(
    hnp.arrays(
        st.sampled_from(["M8[ns]", "m8[s]", "U3", "S2", [("a", "i2"), ("b", "U2")]]), hnp.array_shapes(min_side=0)
    )
)
def test_every_array_of_times_text_or_fields_survives_the_wire(array):
    """With dtype, shape and every item."""
    again = sent(array)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == np.ascontiguousarray(array).tobytes()


@given(
    st.datetimes(timezones=st.timezones() | st.none()) | st.decimals(allow_nan=False) | st.fractions() | st.timedeltas()
)
def test_every_date_decimal_and_fraction_survives_the_wire(value):
    """Exactly, with time zones."""
    assert sent(value) == value
    assert getattr(sent(value), "tzinfo", None) == getattr(value, "tzinfo", None)


def test_no_package_is_imported_to_read_a_record():
    """The outside decodes what pandas, scipy, torch and PIL made with numpy alone, and looks at it."""
    values = [record_of(each) for each in (frame(), sp.csr_matrix(DENSE), torch.ones(2), Image.new("L", (2, 2)))]
    frame_bytes = b"".join(encode([*values, pd_moment()]))
    code = (
        "import sys; from autograder.wire import decode; from autograder.checks import same, close\n"
        "value = decode(bytearray(sys.stdin.buffer.read()), answer=True); repr(value)\n"
        "value[0]['number'].tolist(), value[1].toarray(), value[2] + 1, value[3].size, value[4].datetime\n"
        "sys.exit(any(name in sys.modules for name in ('pandas', 'scipy', 'torch', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=frame_bytes, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def pd_moment():
    """A moment with a zone."""
    return record_of(pd.Timestamp("2024-01-01", tz="Europe/Berlin"))


class Listed:
    """What `mapped` and `holds_only` meet."""


def test_records_are_walked_to_the_last_item():
    """So no handle hides in one of them."""
    thing = Listed()
    made = pd.DataFrame({"a": [thing, None], "b": pd.Categorical(["x", "y"])})
    for value in (
        to_plain(made, lambda each: each),
        to_plain(made["a"], lambda each: each),
        Named("Pair", ("left",), [thing]),
        Fields("Point", {"x": [thing]}),
        OrderedDict(a=thing),
        defaultdict(list, {1: thing}),
        deque([thing]),
        [(1, {"a": thing})],
    ):
        assert holds(value, Listed)
        changed = mapped(value, lambda each: 7 if each is thing else mapped(each, lambda inner: change(inner, thing)))
        assert not holds(changed, Listed)
        assert type(changed) is type(value)
    assert not holds([1, (2.5, "a")], Listed)


def change(value, thing):
    """Another item in place of one."""
    return 7 if value is thing else value if type(value) in SIMPLE else mapped(value, lambda each: change(each, thing))


def test_a_table_that_holds_itself_is_refused():
    """Circles end in one sentence."""
    table = pd.DataFrame({"a": [None]}, dtype=object)
    table.at[0, "a"] = table
    with pytest.raises(PlainError, match="contains itself"):
        to_plain(table, id)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nothing", ()),
        ("table", ()),
        ("date", (10**9,)),
        ("decimal", ("1" * 100_000,)),
        ("fraction", (1, 0)),
        ("fraction", (1 << 100_000, 3)),
        ("datetime", ((2024, 1, 1, 0, 0, 0, 0), 0, "../../etc/passwd")),
        ("datetime", ((2024, 1, 1, 0, 0, 0, 0), 0, "Europe")),
        ("texts", ("U999999999", (1,), ["a"])),
        ("texts", ("U1", (2,), ["a"])),
        ("texts", ("U1", (1,), [1])),
        ("times", ("M8[fortnight]", np.zeros(1, np.int64))),
        ("structured", ((1 << 40,), [("a", np.zeros(1))], False)),
        ("masked", (np.zeros(2), np.zeros(3, bool))),
        ("tensor", (np.zeros(2), "float32", False, "cpu")),
        ("tensor", (np.zeros(2, np.float32), "float32", False, "cpu; rm")),
        ("picture", ("RGB", np.zeros((2, 2), np.uint8), None)),
        ("member", ("not a name", "A", 1)),
        ("fields", ("Point", {"a b": 1})),
        ("named", ("Pair", ("left",), (1, 2))),
        ("moment", (1, "fortnights", None)),
        ("sparse", ("csr", True, (2, 2), np.ones(1), (np.array([5]), np.array([0, 1, 1])))),
        ("sparse", ("csr", True, (2, 2), np.ones(1), (np.array([1]), np.array([0, 9, 1])))),
        ("sparse", ("csr", True, (1 << 40, 2), np.ones(1), (np.array([1]), np.array([0, 1])))),
        ("sparse", ("coo", True, (2, 2), np.ones(1), (np.array([-1]), np.array([0])))),
        ("sparse", ("dia", True, (2, 2), np.ones((2, 2)), (np.array([0, 0]),))),
        ("values", ("category", "categories", np.array([3]), None, ())),
        ("values", ("float64", "numbers", np.ones((2, 2)), None, ())),
        ("values", ("Int64", "numbers", np.ones(2), np.ones(3, bool), ())),
    ],
)
def test_a_record_that_is_false_is_refused(name, parts):
    """Each is judged before it is made, and none takes memory that was not paid for."""
    import msgspec

    from autograder.wire import PREFIX, codes, writing

    packer = writing._Packer()
    header = msgspec.msgpack.encode(packer.sequence(codes.RECORD, (name, *parts), 0))
    payload, size = packer.payload(PREFIX.size + len(header))
    buffers = [PREFIX.pack(len(header), size), header, *payload]
    with pytest.raises(WireError):
        decode(bytearray(b"".join(buffers)), answer=True)


def test_named_tuples_survive_what_audits_and_drafts_change_in_values():
    """Their numbers change, their names stay."""
    from autograder.quality.mutation.grading import _through
    from autograder.scaffold.examples import _rounded

    pair = Named("Pair", ("left", "right"), (1.26, [2.57]))
    for changed in (_through([pair], lambda each: round(each, 1)), [_rounded(pair)]):
        assert type(changed[0]) is Named
        assert (changed[0].left, changed[0].right, changed[0].names) == (1.3, [2.6], ("left", "right"))
