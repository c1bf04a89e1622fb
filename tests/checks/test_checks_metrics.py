"""Accuracy from labels, scores and logits, its interval, and the credit that it gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import Credit, Measurement, accuracy
from autograder.checks.errors import CheckFailed, InstructorError

Y = np.array([1, 0, 2, 2])
LOGITS = np.array([[0.1, 0.5, 0.2], [3.0, 1.0, 2.0], [0.0, 0.0, 0.1], [9.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    "pred",
    [
        [1, 0, 2, 0],
        np.array([[1], [0], [2], [0]]),
        LOGITS,
        LOGITS.astype(np.float32)[:, :, None],
        [row.reshape(3, 1) for row in LOGITS],
        list(LOGITS),
        (1.0, 0.0, 2.0, 0.0),
    ],
)
def test_labels_and_scores_give_the_same_accuracy(pred):
    """Predictions may come as labels, as rows of scores, or as columns of scores."""
    assert accuracy(pred, Y).value == 0.75


def test_scores_that_are_not_finite_count_as_wrong():
    """NaN and infinity are no prediction, even where argmax would hit the label."""
    logits = LOGITS.copy()
    logits[0, 1] = np.inf
    logits[1, 2] = np.nan

    assert accuracy(logits, Y).value == 0.25
    assert accuracy([np.nan, 0, 2, 2], Y).value == 0.75


@pytest.mark.parametrize(
    ("pred", "sentence"),
    [
        (None, "The prediction is None; was a `return` forgotten?"),
        (LOGITS[:3], "The prediction is for 3 samples; 4 were asked."),
        (1, "The prediction is one number (1); expected the labels of 4 samples."),
        (LOGITS[:, :2], "The prediction has 2 scores for each sample; there are 3 classes."),
        (np.zeros((4, 3, 2)), "The prediction has the shape (4, 3, 2); expected labels (4,) or scores (4, k)."),
        ([LOGITS[0], LOGITS[0, :2]], "The prediction is a list of parts with different shapes; expected an array."),
    ],
)
def test_what_is_no_prediction_is_said(pred, sentence):
    """Missing, of the wrong length or of the wrong shape: one sentence each."""
    with pytest.raises(CheckFailed) as caught:
        accuracy(pred, Y)
    assert str(caught.value) == sentence


def test_accuracy_needs_labels():
    """No label at all is the instructor's mistake."""
    with pytest.raises(InstructorError, match="at least one label"):
        accuracy([], [])


def test_credit_is_that_of_the_highest_threshold_exceeded():
    """Strictly above a threshold earns its fraction; the sentence names value, interval and thresholds."""
    measured = Measurement(0.93, 10_000, "test accuracy")

    assert measured.points_at({0.96: 1.0, 0.90: 0.5}) == Credit(
        0.5,
        "Test accuracy 93.00 % on 10,000 samples (95 % interval 92.5 to 93.5 %); more than 90 % was asked; "
        "more than 96 % gives more.",
    )
    assert measured.points_at({0.9: 1.0}).fraction == 1.0


def test_too_low_an_accuracy_fails():
    """Below the lowest threshold, and exactly at it, nothing is earned."""
    with pytest.raises(CheckFailed, match=r"^Accuracy 75\.00 % on 4 samples \(95 % interval 30\.1 to 95\.4 %\)"):
        accuracy(LOGITS, Y).points_at({0.9: 1.0})
    with pytest.raises(CheckFailed, match="expected more than 75 %"):
        accuracy(LOGITS, Y).points_at({0.75: 1.0})
    with pytest.raises(InstructorError, match="at least one threshold"):
        accuracy(LOGITS, Y).points_at({})


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_value(counts):
    """Wilson's interval is in [0, 1] around the value, also at 0 and 1."""
    hits, n = counts
    measured = Measurement(hits / n, n)

    assert 0 <= measured.low <= measured.value + 1e-12
    assert measured.value - 1e-12 <= measured.high <= 1


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_credit_is_a_fraction(fraction):
    """No check can give more than all of its points, or less than none."""
    with pytest.raises(InstructorError, match="give a number from 0 to 1"):
        Credit(fraction)
