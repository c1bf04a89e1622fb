"""Comparing answers with right ones: what passes, and the sentence for each way of being wrong."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks import close, finite, same, shape
from autograder.checks.errors import CheckFailed
from autograder.checks.value_text import distinct_texts

A = np.arange(6.0).reshape(2, 3)
SQUARE = np.array([[1.0, 2.0], [3.0, 4.0]])


def said(call, *args, **named):
    """The sentence with which a check fails."""
    with pytest.raises(CheckFailed) as caught:
        call(*args, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (3, 3.0),
        (A, A.tolist()),
        (A.astype(np.float32), A),
        ([A, A[0]], (A, A[0])),
        ([[1, 2], [3, 4]], SQUARE),
        ({"loss": [1.0, 2.0]}, {"loss": np.array([1.0, 2.0])}),
        (np.inf, np.inf),
        ([-np.inf, 1.0], np.array([-np.inf, 1.0])),
        ([], []),
        (np.empty((0, 3)), np.empty((0, 3))),
        (True, 1.0),
    ],
)
def test_close_accepts_what_is_near(got, want):
    """Numbers, arrays and structures that agree within the tolerance pass, whatever their dtype."""
    close(got, want, rtol=1e-6)


@pytest.mark.parametrize(
    ("got", "want", "sentence"),
    [
        (None, A, "result is None; was a `return` forgotten?"),
        ("seven", 7, "result is a str; expected numbers."),
        ({"a": 1}, 7, "result is a dict; expected numbers."),
        ([[1, 2], [3]], SQUARE, "result is a list of parts with different shapes; expected an array."),
        (1j, 1.0, "result holds complex numbers (complex128); expected real numbers."),
        ([object()], [1.0], "result is a list of something else than numbers; expected numbers."),
        (
            A.ravel(),
            A,
            "result has the shape (6,); expected the shape (2, 3). The values are right, the shape is not.",
        ),
        (A.T, A, "result has the shape (3, 2); expected the shape (2, 3). It looks transposed."),
        (A.T + 1, A, "result has the shape (3, 2); expected the shape (2, 3); is it transposed?"),
        (A[0], A, "result has the shape (3,); expected the shape (2, 3)."),
        (3.0, A, "result is a single number; expected the shape (2, 3)."),
        (A, 3.0, "result has the shape (2, 3); expected a single number."),
        ([1.0], [], "result has length 1; expected length 0."),
        ([], [A], "result has length 0; expected length 1."),
        (None, [A], "result is None; expected a list of 1."),
        (np.array(1.0), [A], "result is a single number; expected a list of 1."),
        ({}, [A], "result is a dict; expected a list of 1."),
        ([], A, "result has the shape (0,); expected the shape (2, 3)."),
        (3, {"a": 1}, "result is an int; expected a dict."),
        (None, {"a": 1}, "result is None; expected a dict."),
        ({"b": 1}, {"a": 1}, "result has no key 'a'; its keys are ['b']."),
        ({"a": 1, "b": 1}, {"a": 1}, "result has the key 'b', which is not expected; expected are ['a']."),
        ({"a": 3}, {"a": 1}, "result['a'] is 3; expected 1."),
        ([A, A + np.eye(2, 3)], [A, A], "result[1][0, 0] is 1; expected 0 (2 of 6 entries differ)."),
        (np.nan, 1.0, "result is NaN."),
        (np.inf, 1.0, "result is infinite."),
        (np.nan, np.nan, "result is NaN, as the value that it is compared with, but NaN equals nothing."),
        (1.0, np.inf, "result is 1; expected inf."),
        (A * np.nan, A + 2, "result[0, 0] is NaN (6 of 6 entries are NaN or infinite); expected 2 there."),
        (-SQUARE, SQUARE, "result[1, 1] is -4; expected 4 (4 of 4 entries differ). The sign looks wrong."),
        (2 * SQUARE, SQUARE, "result[1, 1] is 8; expected 4 (4 of 4 entries differ). It looks twice too large."),
        (SQUARE / 2, SQUARE, "result[1, 1] is 2; expected 4 (4 of 4 entries differ). It looks twice too small."),
        (SQUARE.T, SQUARE, "result[0, 1] is 3; expected 2 (2 of 4 entries differ). It looks transposed."),
        (-1.0, 1.0, "result is -1; expected 1. The sign looks wrong."),
    ],
)
def test_close_says_what_is_wrong(got, want, sentence):
    """Each miss is one sentence: what came, where, what was expected, and the simplest slip that explains it."""
    assert said(close, got, want) == sentence


def test_right_float32_code_is_close():
    """What float32 loses where large terms cancel is allowed to a float32 answer, and to no other."""
    big, small = np.float32(0.3), np.float32(0.3) + np.float32(1e-4)
    got, want = np.array([1.0, small - big], np.float32), np.array([1.0, 1e-4])
    close(got, want)
    close([np.float32(1.0), small - big], [1.0, 1e-4])

    assert said(close, got.astype(np.float64), want).startswith("result[1] is 9.99868e-05; expected 0.0001")
    assert "entries differ" in said(same, got, want)
    assert said(close, got * np.float32(1.001), want).startswith("result[0] is 1.001; expected 1")


def test_close_recognises_a_forgotten_mean():
    """Told the number of samples, the sentence says that a mean was forgotten or taken twice."""
    assert "7 times too large, as if summed instead of averaged over the 7 samples." in said(
        close, 7 * A, A, n=7, name="loss"
    )
    assert "7 times too small, as if averaged once too often over the 7 samples." in said(close, A / 7, A, n=7)


def test_the_slip_is_that_of_the_part_that_is_reported():
    """In lists and dictionaries the first wrong part is named, and its slip."""
    assert said(close, {"W": [A, -A]}, {"W": [A, A]}).endswith("(5 of 6 entries differ). The sign looks wrong.")


def test_close_never_broadcasts():
    """One right number does not stand for an array of equal numbers, nor a column for a row."""
    said(close, np.ones((3, 1)), np.ones(3))
    said(close, 1.0, np.ones(3))


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6)))
def test_close_holds_for_itself_and_not_for_a_nan(values):
    """Every array is close to itself, and to nothing once an entry is NaN."""
    close(values, values, rtol=0, atol=0)
    spoilt = values.copy()
    spoilt.flat[-1] = np.nan

    assert "NaN" in said(close, spoilt, values)


def test_same_accepts_equals():
    """Equal text, truth values, numbers and structures pass."""
    same(["a", True, 3], ["a", True, 3])
    same({"a": [1, 2]}, {"a": np.array([1, 2])})
    same(np.bool_(True), True)
    same(None, None)


@pytest.mark.parametrize(
    ("got", "want", "sentence"),
    [
        ("a", "b", "label is 'a'; expected 'b'."),
        (1, True, "label is 1; expected True."),
        (3, "3", "label is 3; expected '3'."),
        (1.0 + 1e-12, 1.0, "label is 1.000000000001; expected 1."),
        ([1], [1, 2], "label has the shape (1,); expected the shape (2,)."),
        (["a"], ["a", "b"], "label has length 1; expected length 2."),
        ({"a": "x"}, {"a": "y"}, "label['a'] is 'x'; expected 'y'."),
    ],
)
def test_same_says_what_differs(got, want, sentence):
    """Exact comparison has no tolerance, and text is not a number."""
    assert said(same, got, want, name="label") == sentence


def test_shape_checks_each_length():
    """None stands for any length; the sentence shows both shapes."""
    shape(A, (2, None))
    assert said(shape, A, (3, None), name="W") == "W has the shape (2, 3); expected (3, any)."
    assert said(shape, A, (6,), name="W") == "W has the shape (2, 3); expected (6,)."
    assert said(shape, None, (6,), name="W") == "W is None; was a `return` forgotten?"


def test_finite_looks_everywhere():
    """NaN and infinity are found in arrays, lists and dictionaries."""
    finite({"a": [A, A], "b": 3})
    assert said(finite, {"a": [A, A + np.array([0, 0, np.inf])]}).startswith("result['a'][1][0, 2] is infinite")
    assert said(finite, np.nan, name="loss") == "loss is NaN."


def test_long_values_are_cut_in_sentences():
    """A sentence never shows more than some eighty characters of a value."""
    sentence = said(same, "x" * 1000, "y")

    assert re.search(r"x\.\.\.;", sentence)
    assert len(sentence) < 140


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (math.factorial(25), math.factorial(25)),
        ([2**70, 1], [2**70, 1]),
        ([[1, 2], [3]], [[1, 2], [3]]),
        ([[[1.0]], [[2.0, 3.0]]], [[[1.0]], [[2.0, 3.0]]]),
    ],
)
def test_long_integers_and_lists_of_different_lengths_are_compared(got, want):
    """What numpy has no array for is right where it is equal, for both functions."""
    close(got, want)
    same(got, want)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        ((None, 3), (None, 3)),
        (["cat", "dog"], np.array(["cat", "dog"])),
        (np.array(["cat", "dog"]), ["cat", "dog"]),
        ("cat", np.array(["cat", "dog"])[0]),
    ],
)
def test_same_accepts_nothing_and_text_whatever_holds_it(got, want):
    """None inside of a tuple, and text that numpy holds, are equal to themselves."""
    same(got, want)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: same(2**70 + 1, 2**70), "result is 1180591620717411303425; expected 1180591620717411303424."),
        (lambda: same((1, 3), (None, 3)), "result[0] is 1; expected None."),
        (lambda: same(["cat", "cow"], np.array(["cat", "dog"])), "result[1] is 'cow'; expected 'dog'."),
        (lambda: close([[1, 2], [3]], [[1, 2], [4]]), "result[1][0] is 3; expected 4."),
        (lambda: close([[1, 2], [3, 4]], [[1, 2], [4]]), "result[1] has the shape (2,); expected the shape (1,)."),
        (
            lambda: close(10**400, 1.0),
            "result is an integer of 1329 bits, larger than any float; expected a smaller number.",
        ),
    ],
)
def test_what_numpy_has_no_array_for_is_reported(call, sentence):
    """Long integers, None, text of numpy's and lists of different lengths are wrong in the words of any other value."""
    with pytest.raises(CheckFailed) as caught:
        call()
    assert str(caught.value) == sentence


# --- truth values, and texts that tell values apart ---


@pytest.mark.parametrize("true", [True, np.True_, np.array(True)], ids=["bool", "numpy", "array"])
@pytest.mark.parametrize("right", [True, np.True_, np.array(True)], ids=["bool", "numpy", "array"])
def test_a_truth_value_without_dimensions_is_that_truth_value(true, right):
    """Whichever type holds it, on both sides."""
    same(true, right)
    with pytest.raises(CheckFailed, match="result is False; expected True"):
        same(np.logical_not(true), right)
    with pytest.raises(CheckFailed, match="result is 1; expected True"):
        same(1, right)


def test_a_tensor_of_one_truth_value_is_that_truth_value():
    """As torch.allclose is not, but (a == b).all() is."""
    torch = pytest.importorskip("torch")
    same(torch.tensor(True), True)
    same([torch.tensor(True), torch.tensor(False)], [True, False])
    assert said(same, torch.tensor(False), True) == "result is False; expected True."


ALIKE = [
    (0.1 + 0.2, 0.3, "0.30000000000000004; expected 0.3."),
    (1 / 3, 0.333333333, "0.3333333333; expected 0.333333333."),
    (10**500 + 1, 10**500, "an integer of 1661 bits, more by 1; expected an integer of 1661 bits."),
    (
        "x" * 200 + "a",
        "x" * 200 + "b",
        "which has 'xxxxxxxxxxxxxxxxxxxxa' from place 180 on; expected 'xxxxxxxxxxxxxxxxxxxxb'",
    ),
    (b"x" * 200, b"x" * 201, "from place 180 on; expected b'xxxxxxxxxxxxxxxxxxxxx'."),
    (np.float32(0.1), 0.1, "0.100000001; expected 0.1."),
    (set(range(100)), {*range(99), 100}, "which only looks like the expected value"),
]


@pytest.mark.parametrize(("got", "want", "sentence"), ALIKE)
def test_got_and_expected_never_look_alike(got, want, sentence):
    """Two values that differ are printed with as many digits or characters as distinguish them."""
    assert sentence in said(same, got, want)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_two_numbers_are_always_distinguished(one, other):
    """Also where only the last digit differs."""
    texts = distinct_texts(one, other)
    assert (texts[0] == texts[1]) == (one == other or repr(one) == repr(other))


def test_sparse_matrices_and_tables_of_packages_are_named():
    """In this process, as behind a stand-in."""
    sparse = pytest.importorskip("scipy.sparse")
    assert said(close, sparse.csr_matrix([[1.0]]), [[1.0]]) == (
        "result is a sparse matrix of scipy (csr_matrix); expected an array of numbers, such as its toarray()."
    )
