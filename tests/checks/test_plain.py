"""Any result becomes plain data, whatever class it hides behind."""

from __future__ import annotations

import collections
import io
import math
import sys
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks.errors import InstructorError
from autograder.checks.plain import PlainError, to_plain
from autograder.checks.rows import Handle, Rows, rows


def plain(value, **options):
    """The plain form, with a handle for what has none."""
    return to_plain(value, lambda value: Handle(7, type(value).__name__), **options)


class Loud(str):
    """A text that lies about itself."""

    def __str__(self):
        return "forged"

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Tall(int):
    """A number that lies about itself."""

    def __int__(self):
        return 99

    def __index__(self):
        return 99


class Slanted(float):
    """A fraction that lies about itself."""

    def __float__(self):
        return 0.99


class Turned(complex):
    """A complex number that lies about itself."""

    def __complex__(self):
        return 9j


class Packed(bytes):
    """Bytes that lie about themselves."""

    def __bytes__(self):
        return b"forged"


class Listed(list):
    """A list that lies about its elements."""

    def __iter__(self):
        return iter(["forged"])

    def __len__(self):
        return 0


class Mapped(dict):
    """A dictionary that lies about its items."""

    def items(self):
        return [("forged", 1)]


class Colour(IntEnum):
    """A number with a name."""

    RED = 3


Point = collections.namedtuple("Point", "x y")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
PLAIN = st.recursive(
    SCALARS | st.complex_numbers(allow_nan=False) | st.frozensets(KEYS, max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_data_stays_what_it_is(value):
    """Plain data comes out equal, with the same types."""
    result = plain(value)

    assert result == value
    assert typed(result) == typed(value)


def typed(value):
    """The types of a value and of everything in it."""
    if isinstance(value, dict):
        return dict, {(type(key), key): typed(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [typed(element) for element in value]
    if isinstance(value, frozenset):
        return frozenset, frozenset((type(element), element) for element in value)
    return type(value)


@given(hnp.arrays(st.sampled_from(["<f8", ">f8", "<f4", ">i2", "?", "<c16", "<u8", "<f2"]), hnp.array_shapes()))
def test_arrays_keep_their_numbers_and_get_native_bytes(array):
    """An array of numbers keeps shape, kind and values, in this machine's byte order."""
    result = plain(array)

    assert type(result) is np.ndarray
    assert result.dtype.isnative
    assert result.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Loud("x"), "x"),
        (Tall(5), 5),
        (Slanted(0.5), 0.5),
        (Turned(1j), 1j),
        (Packed(b"x"), b"x"),
        (Listed([1, Tall(2)]), [1, 2]),
        (Mapped({"a": Loud("b")}), {"a": "b"}),
        (Colour.RED, 3),
        ({Loud("k"): 1, (Tall(1), 2): 2}, {"k": 1, (1, 2): 2}),
        (bytearray(b"ab"), b"ab"),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
    ],
)
def test_subclasses_are_reduced_to_their_base(value, expected):
    """What a subclass overrides has no say, and its type is gone."""
    result = plain(value)

    assert result == expected
    assert type(result) is type(expected)
    if isinstance(result, (list, tuple)):
        assert all(type(element) in (int, str, list) for element in result)


def test_a_named_tuple_keeps_its_names():
    """It is the tuple that it was, and its items can be read by name."""
    result = plain(Point(1, [2]))

    assert result == (1, [2])
    assert (result.x, result.y, result.class_name) == (1, [2], "Point")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((n * n for n in range(3)), [0, 1, 4]),
        (map(abs, [-1, 2]), [1, 2]),
        (zip("ab", [1, 2], strict=True), [("a", 1), ("b", 2)]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.items(), [("a", 1)]),
        ({"a": 1}.values(), [1]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array("a"), "a"),
        (np.array([1, None, [2]], dtype=object), [1, None, [2]]),
        (np.array([[b"a"]]), [[b"a"]]),
    ],
)
def test_what_yields_elements_becomes_a_list(value, expected):
    """Iterators, views and arrays of other things become lists."""
    assert plain(value) == expected


def test_an_ordered_dictionary_keeps_its_order():
    """The order is that of the class, also after moves."""
    value = collections.OrderedDict(a=1, b=2)
    value.move_to_end("a")

    assert list(plain(value)) == ["b", "a"]


def test_sets_keep_their_scalars_and_their_kind():
    """Sets of scalars stay sets, frozen ones frozen; numpy scalars in them become Python's."""
    assert plain({np.int64(1), 2.5}) == {1, 2.5}
    assert type(plain(frozenset([1]))) is frozenset


@pytest.mark.parametrize("value", [np.float32(0.1), np.int8(3), np.bool_(True), np.complex128(1j)])
def test_numpy_scalars_stay(value):
    """A numpy scalar keeps its dtype, which a check may ask for."""
    assert plain(value) == value
    assert type(plain(value)) is type(value)


def test_long_doubles_become_doubles():
    """No machine-dependent formats come out."""
    assert plain(np.ones(2, dtype=np.longdouble)).dtype == np.float64
    assert plain(np.ones(2, dtype=np.clongdouble)).dtype == np.complex128
    assert type(plain(np.longdouble(1.5))) is np.float64


def test_subclasses_of_arrays_become_plain_arrays():
    """Matrices are copied into plain ones; of masked arrays the mask is kept."""
    assert type(plain(np.array([[1.0]]).view(np.recarray))) is np.ndarray
    assert plain(np.ma.array([1.0, 2.0], mask=[0, 1])).mask.tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (len, "builtin_function_or_method"),
        ({object(): 1}, "dict"),
        ({frozenset([1]): 1}, "dict"),
        ({(1, (2, 3)): 1}, "dict"),
        ({object()}, "set"),
        (np.array([(1, None)], dtype="i4,O"), "ndarray"),
        (io.StringIO("text"), "StringIO"),
        (Handle(1, "x"), "Handle"),
        (rows([1, 2]), "Rows"),
    ],
)
def test_the_rest_is_kept(value, kind):
    """What has no plain form is given to `keep`, whose answer takes its place."""
    assert plain(value) == Handle(7, kind)
    assert plain([1, value]) == [1, Handle(7, kind)]


def test_torch_tensors_become_arrays():
    """Tensors come out as arrays, gradients or not, bfloat16 or sparse."""
    torch = pytest.importorskip("torch")

    np.testing.assert_array_equal(plain(torch.ones(2, requires_grad=True)), np.ones(2, dtype=np.float32))
    assert plain(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32
    np.testing.assert_array_equal(plain(torch.eye(2).to_sparse()), np.eye(2))
    assert plain(torch.tensor(3)).shape == ()
    with pytest.raises(PlainError, match="could not be read"):
        plain(torch.ones(2, device="meta"))


def test_torch_is_not_imported_for_it():
    """Looking for tensors does not import torch."""
    import subprocess

    code = "import sys; from autograder.checks.plain import to_plain; to_plain([object()], id)"
    code += "; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}])
def test_a_deep_value_is_refused(wrap):
    """More containers inside each other than `max_depth` are refused in one sentence."""
    value = 1
    for _ in range(5):
        value = wrap(value)

    assert plain(value, max_depth=6) == value
    with pytest.raises(PlainError, match="more than 4 containers inside each other"):
        plain([value], max_depth=4)


def test_a_value_that_contains_itself_is_refused():
    """Circles end in one sentence, through lists, dictionaries and arrays of objects."""
    circle: list[object] = []
    circle.append({"a": circle})
    array = np.empty(1, dtype=object)
    array[0] = array
    for value in (circle, array):
        with pytest.raises(PlainError, match="contains itself"):
            plain(value)


def test_the_same_part_twice_is_no_circle():
    """A list that holds one list twice is fine."""
    part = [1, [2]]

    assert plain([part, part]) == [[1, [2]], [1, [2]]]


@pytest.mark.parametrize("value", [[0] * 11, [[0] * 5, [0] * 5], dict.fromkeys(range(11)), set(range(11))])
def test_too_many_elements_are_refused(value):
    """Elements of all containers count together."""
    with pytest.raises(PlainError, match="more than 10 elements"):
        plain(value, max_items=10)


def test_an_endless_iterator_is_refused():
    """An iterator is read no further than the cap."""
    import itertools

    with pytest.raises(PlainError, match="more than 10 elements"):
        plain(itertools.count(), max_items=10)


def test_a_large_numeric_array_counts_once():
    """Arrays are capped by their bytes elsewhere, not by their elements here."""
    assert plain([np.zeros(100)], max_items=10)[0].shape == (100,)


def test_copies_share_no_memory():
    """With `copy` the result stays when the original changes; without, arrays are passed as they are."""
    array = np.zeros(2)
    copied, same = plain([array], copy=True)[0], plain([array])[0]
    array[0] = 1

    assert copied[0] == 0
    assert same is array


def test_rows_are_tuples_of_python_numbers_and_views():
    """A row has Python numbers from 1-d columns and views from others, by index, by iteration and as a list."""
    x, y = np.arange(6, dtype=np.float32).reshape(3, 2, 1), np.array([4, 5, 6])
    table = rows(x, y)

    assert len(table) == 3
    assert [type(label) for _, label in table] == [int, int, int]
    for first, second, third in zip(table, table.as_list(), [table[i] for i in range(3)], strict=True):
        assert first[1] == second[1] == third[1]
        np.testing.assert_array_equal(first[0], third[0])
        assert second[0].base is not None
        assert (second[0].shape, second[0].dtype) == ((2, 1), np.float32)
    assert type(table.as_list()) is list


def test_rows_of_one_column_are_its_elements():
    """rows(x) alone is the list of x[i]; slices are rows again."""
    assert list(rows([1.5, 2.5])) == [1.5, 2.5]
    assert rows(np.arange(4))[-1] == 3
    assert rows(np.arange(4))[1:3].as_list() == [1, 2]
    assert isinstance(rows(np.arange(4))[1:3], Rows)


def test_rows_hold_contiguous_native_columns():
    """Columns are made C-contiguous and native once, so that they can cross into a sandbox as they are."""
    table = rows(np.arange(6).reshape(2, 3).T, np.arange(3, dtype=">i4"))

    assert all(column.flags.c_contiguous and column.dtype.isnative for column in table.columns)


def test_rows_are_frozen_and_can_be_copied():
    """The columns cannot be exchanged; a copy has columns of its own."""
    table = rows(np.zeros(2))
    with pytest.raises(AttributeError, match="frozen"):
        table.columns = ()
    copy = table.copy()
    copy.columns[0][0] = math.pi

    assert table[0] == 0.0
    assert repr(table) == "rows(float64[2])"


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ((), "at least one column"),
        (([1, 2], [1]), "lengths 2, 1"),
        ((["a"],), "Column 1 of rows"),
        (([1], 3), "Column 2 of rows"),
    ],
)
def test_wrong_rows_are_refused(columns, sentence):
    """A check that builds impossible rows gets one sentence."""
    with pytest.raises(InstructorError, match=sentence):
        rows(*columns)


@pytest.mark.parametrize("value", [range(1 << 70), range(2_000_000), range(0, -2_000_000, -1)])
def test_a_long_range_is_as_large_as_its_list(value):
    """A check may make a list of it."""
    with pytest.raises(PlainError, match="more than 1,000,000 elements"):
        to_plain(value, keep=lambda each: each)
