"""Slips are recognised where they explain the whole difference, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks import close
from autograder.checks.common_mistakes import slip
from autograder.checks.errors import CheckFailed

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 4))
V = RNG.normal(size=6)
SQUARE = RNG.normal(size=(4, 4))
LABELS = np.array([2, 0, 1, 2, 0, 1])
ONE_HOT = np.eye(3)[LABELS]
SOFTMAX = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
BIAS = RNG.normal(size=4)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("got", "expected", "sentence"),
    [
        (-X, X, "The sign looks wrong."),
        (-3.0, 3.0, "The sign looks wrong."),
        (X.T, X, "It looks transposed."),
        (SQUARE.T, SQUARE, "It looks transposed."),
        (X.ravel(), X, "The values are right, the shape is not."),
        (V[:, None], V, "The values are right, the shape is not."),
        (2 * X, X, "It looks twice too large."),
        (X / 2, X, "It looks twice too small."),
        (5 * X, X, "It looks 5 times too large, as if summed instead of averaged over the 5 rows."),
        (4 * X, X, "It looks 4 times too large, as if summed instead of averaged over the 4 columns."),
        (20 * X, X, "It looks 20 times too large, as if summed instead of averaged over the 20 entries."),
        (V / 6, V, "It looks 6 times too small, as if averaged once too often over the 6 entries."),
        (LABELS + 1, LABELS, "Every entry is one too large: off by one?"),
        (V - 1, V, "Every entry is one too small: off by one?"),
        (np.roll(V, 1), V, "It looks shifted by one place."),
        (np.append(V[1:], 0), V, "It looks shifted by one place."),
        (np.roll(X, 1, axis=0), X, "It looks shifted by one place along axis 0."),
        (np.roll(X, -1, axis=1), X, "It looks shifted by one place along axis 1."),
        (LABELS, ONE_HOT, "It looks like labels; expected one-hot rows."),
        (LABELS[:, None], ONE_HOT, "It looks like labels; expected one-hot rows."),
        (ONE_HOT, LABELS, "It looks one-hot; expected labels."),
        (X, SOFTMAX, "It looks like logits; expected probabilities: is softmax missing?"),
        (X.T, SOFTMAX.T, "It looks like logits; expected probabilities: is softmax missing?"),
        (V, 1 / (1 + np.exp(-V)), "It looks like logits; expected probabilities: is sigmoid missing?"),
        (np.log(SOFTMAX), SOFTMAX, "It looks like log-probabilities; expected probabilities."),
        (np.log(2 + X**2), 2 + X**2, "It looks like logarithms of the expected values."),
        (V + 0.25, V, "Every entry is 0.25 too large: is it a bias?"),
        (X - BIAS, X, "Each column is off by a constant of its own: is it a bias?"),
        (X.T - BIAS[:, None], X.T, "Each row is off by a constant of its own: is it a bias?"),
        (V[:, None] - np.zeros(6), V, "Its diagonal is right: it looks like (6, 1) and (6,) broadcast to (6, 6)."),
        (V - V[:, None] + V, V[:, None], "Its diagonal is right: it looks like (6, 1) and (6,) broadcast to (6, 6)."),
        (V - V[:, None] + V, V[None], "Its diagonal is right: it looks like (6, 1) and (6,) broadcast to (6, 6)."),
        (np.tile(V, (3, 1)), V, "Every row is the right one: was it broadcast by accident?"),
        (np.tile(V[:, None], 3), V[:, None], "Every column is the right one: was it broadcast by accident?"),
        (V[::-1], V, "It looks reversed."),
        (X[::-1], X, "It looks reversed along axis 0."),
        (X[:, ::-1], X, "It looks reversed along axis 1."),
        (V[[3, 1, 5, 0, 2, 4]], V, "It holds the right values in another order."),
        (X.reshape(4, 5).T, X, "It holds the right values in another order."),
    ],
)
def test_a_slip_is_reported(kind, got, expected, sentence):
    """Each of them by its own sentence, in float64 and in float32."""
    assert slip(np.asarray(got, kind), expected) == sentence


def test_the_number_of_samples_explains_a_factor():
    """Told by the instructor, it comes before the lengths of the array, and works for a single number."""
    assert slip(0.5 * 5, 0.5, n=5) == "It looks 5 times too large, as if summed instead of averaged over the 5 samples."
    assert slip(X / 5, X, n=5) == "It looks 5 times too small, as if averaged once too often over the 5 samples."


@given(st.integers(0, 2**32), hnp.array_shapes(max_dims=3, min_side=2, max_side=6), st.integers(0, 100))
def test_what_has_nothing_to_do_with_it_is_no_slip(seed, shape, n):
    """Two independent random arrays are in no relation."""
    rng = np.random.default_rng(seed)

    assert slip(rng.normal(size=shape), rng.normal(size=shape), n=n) == ""
    assert slip(rng.normal(size=shape), rng.uniform(size=shape), n=n) == ""
    assert slip(rng.normal(size=shape), rng.normal(size=shape[::-1])) == ""


@given(st.integers(0, 2**32), st.integers(4, 30))
def test_a_wrong_label_is_no_slip(seed, n):
    """Labels of which a few are wrong are not said to be shifted, reversed or in another order."""
    rng = np.random.default_rng(seed)
    expected = np.sort(rng.integers(0, 3, size=n))
    got = expected.copy()
    got[rng.integers(n)] += 1

    assert slip(got, expected) == ""


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (X, X),
        (X + 1e-9, X),
        (np.ones(4), np.zeros(4)),
        (np.zeros(4), np.ones(4)),
        (np.zeros((3, 2)), np.full((3, 2), 0.5)),
        (np.full((4, 2), 3.0), np.full((4, 2), 1.7)),
        ([0, 1], [1, 0]),
        ([0, 0, 0, 2], [0, 0, 0, 1]),
        ([0, 1, 1, 0, 0, 1], [1, 0, 0, 1, 1, 1]),
        (6, 5),
        (0.0, 1.0),
        ([1.0, np.nan], [1.0, 2.0]),
        ([], [1.0]),
        (np.append(3 * V, -1e3), np.append(V, 1e3)),
        (SQUARE[0], SQUARE),
        (np.full((3, 2), 7.0), np.full(2, 7.0)),
        (np.full((3, 1), 2.0) * [1, 0] + [0, 7], np.array([[1.0, 7], [1, 7], [1, 7]])),
        (-np.arange(1_000_001), np.arange(1_000_001)),
        (SQUARE - np.diag(np.diag(SQUARE)), np.zeros(4)),
    ],
)
def test_a_relation_that_says_nothing_is_not_reported(got, expected):
    """Equal, constant, single, sparse or not finite values, and small entries beside a large one."""
    assert slip(got, expected) == ""


def test_close_appends_the_slip():
    """The sentence of the miss comes first."""
    with pytest.raises(CheckFailed, match=r"entries differ\)\. It looks like logits; expected probabilities"):
        close(X, SOFTMAX)
