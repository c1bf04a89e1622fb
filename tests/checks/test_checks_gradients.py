"""Gradients against known ones and against differences: right, float32 and subtly wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import central_differences, gradient_matches, relative_error
from autograder.checks.errors import CheckFailed, InstructorError

RNG = np.random.default_rng(0)
W1, W2 = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3))
NAMES = ["dW of layer 1", "dW of layer 2"]


def said(*args, **named):
    """The sentence with which gradient_matches fails."""
    with pytest.raises(CheckFailed) as caught:
        gradient_matches(*args, **named)
    return str(caught.value)


def test_right_gradients_pass_in_float32_and_float64():
    """Rounding to float32 is far below the tolerance."""
    gradient_matches([W1.astype(np.float32), W2], [W1, W2])
    gradient_matches((W1.tolist(), W2), [W1, W2])
    gradient_matches(W1, W1)


def test_two_zero_gradients_agree():
    """Where both are zero there is nothing to compare with, and nothing wrong."""
    gradient_matches(np.zeros(3), np.full(3, 1e-14))


@pytest.mark.parametrize(
    ("got", "sentence"),
    [
        (None, "The gradient is None; was a `return` forgotten?"),
        (5, "The gradient is no list but of type int; expected a list of 2 arrays."),
        ([W1], "The gradient has length 1; expected 2 arrays: dW of layer 1 and dW of layer 2."),
        ([W1, None], "dW of layer 2 is None; was a `return` forgotten?"),
        ([W1.T, W2], "dW of layer 1 has the shape (4, 3); expected (3, 4); is it transposed?"),
        ([W1, W2[0]], "dW of layer 2 has the shape (3,); expected (2, 3)."),
        ([W1, W2 * np.nan], "dW of layer 2 is NaN or infinite in 6 of 6 entries."),
        (
            [W1, -W2],
            "dW of layer 2 (its sign is wrong) is wrong; the other agrees "
            "(relative error 2, at most 0.0001 is allowed).",
        ),
        (
            [10 * W1, 0 * W2],
            "dW of layer 1 (it is 10 times the right one) and dW of layer 2 (it is all zero) are wrong; none agrees "
            "(relative error 1, at most 0.0001 is allowed).",
        ),
    ],
)
def test_the_sentence_names_the_wrong_arrays(got, sentence):
    """Which arrays are wrong, by what slip, whether the others agree."""
    assert said(got, [W1, W2], names=NAMES) == sentence


def test_one_of_three_is_named_and_the_others_agree():
    """With several right ones the sentence says so; arrays without a name are counted."""
    assert said([W1, W2, W2 + 0.1], [W1, W2, W2], names=NAMES).startswith("gradient 3 is wrong; the others agree")


def test_a_square_gradient_may_be_transposed():
    """Where the shape does not tell, the values do."""
    square = RNG.normal(size=(3, 3))

    assert said(square.T, square).startswith("gradient (it is transposed) is wrong (relative error")


def test_a_change_of_one_per_mille_is_noticed():
    """The tolerance is tight enough for small mistakes."""
    assert "is wrong" in said(W1 * 1.001, W1)


def loss(parameters):
    """A smooth function of two matrices."""
    first, second = parameters
    return np.sum(np.tanh(second @ first) ** 2)


def test_differences_find_the_gradient_of_a_function():
    """Given the function and the point, no gradient has to be known."""
    hidden = np.tanh(W2 @ W1)
    delta = 2 * hidden * (1 - hidden**2)
    gradient_matches([W2.T @ delta, delta @ W1.T], of=loss, at=[W1, W2], names=NAMES)
    gradient_matches(2 * W1, of=lambda w: np.sum(w**2), at=W1)

    assert "dW of layer 1 is wrong; the other agrees" in said(
        [W2.T @ hidden, delta @ W1.T], of=loss, at=[W1, W2], names=NAMES
    )


def test_differences_leave_the_point_alone_and_widen_float32():
    """The point is not changed, and differences are taken in float64 even around float32 parameters."""
    point = W1.astype(np.float32)
    stored = point.copy()
    gradient, _ = central_differences(lambda w: np.sum(w**2), point)

    assert np.array_equal(point, stored)
    assert relative_error(gradient, 2 * point) < 1e-8


def test_entries_on_a_kink_are_not_compared():
    """At the kink of relu any slope between the two is right; elsewhere nothing is let through."""
    point = np.array([0.0, 1.0, -1.0, 4e-7, -2e-7])

    def f(x):
        return np.sum(np.maximum(x, 0)) + np.sum(x**2)

    _, smooth = central_differences(f, point)
    gradient_matches(np.array([123.0, 3.0, -2.0, 5.0, 6.0]), of=f, at=point)

    assert smooth.tolist() == [False, True, True, True, True]  # differences find a step that is small enough
    assert "is wrong" in said(np.array([0.0, 3.0, -1.0, 0.0, 0.0]), of=f, at=point)


def test_curvature_is_no_kink():
    """The turning point of a parabola is smooth ground, so a wrong slope there is noticed."""
    _, smooth = central_differences(lambda x: np.sum(x**2) + np.sum(x), np.zeros(3))

    assert smooth.all()


def test_instructors_read_of_incomplete_calls():
    """Neither a gradient nor a function, or a function without a value, is the instructor's mistake."""
    with pytest.raises(InstructorError, match="needs the right gradient, or of= and at="):
        gradient_matches(W1)
    with pytest.raises(InstructorError, match="gives nan at the point itself"):
        gradient_matches(W1, of=lambda w: np.nan, at=W1)


def test_relative_error_tells_nan():
    """A NaN gives no small error by accident."""
    assert not relative_error([np.nan], [1.0]) <= 1


def orthogonal(shape, size):
    """An array of so large entries that no direction of a call without `rng` sees anything of it."""
    draw = np.random.default_rng(0)
    values = [draw.uniform(-1.0, 1.0, size=shape) for _ in range(6)]
    along = np.array([(each + np.copysign(0.5, each)).ravel() for each in values])
    found = np.sign(np.random.default_rng(5).normal(size=along.shape[1])) * size
    for _ in range(5):
        found -= along.T @ np.linalg.solve(along @ along.T, along @ found)
    return found.reshape(shape)


@pytest.mark.parametrize(
    "got", [orthogonal((60, 50), 1e153), np.full((60, 50), 1e308)], ids=["beside all directions", "largest"]
)
def test_a_gradient_too_large_for_its_norm_is_wrong(got):
    """Where the norm of an answer overflows, whatever it misses would be small beside it; it is still wrong."""
    at = np.random.default_rng(7).normal(size=(60, 50))
    with pytest.raises(CheckFailed, match="gradient is wrong"):
        gradient_matches(got, of=lambda w: np.sum(w * w), at=at)
    with pytest.raises(CheckFailed, match="gradient is wrong"):
        gradient_matches(got, 2 * at)


@pytest.mark.parametrize("want", [np.nan, np.inf])
def test_a_right_gradient_that_is_not_finite_is_the_instructors(want):
    """Nobody loses points to a reference that ran away."""
    with pytest.raises(InstructorError, match="NaN or infinite somewhere"):
        gradient_matches(np.ones(2), np.array([1.0, want]))


def test_a_factor_of_nearly_one_is_not_reported():
    """A slip that reads "1 times the right one" would help nobody."""
    with pytest.raises(CheckFailed) as caught:
        gradient_matches(1.0002 * np.ones(3), np.ones(3))
    assert str(caught.value) == "gradient is wrong (relative error 0.0002, at most 0.0001 is allowed)."
