"""Curves of a training: falling, low enough, finite, steady, and the gap between two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import curve, gap
from autograder.checks.errors import CheckFailed

GOOD = [2.3, 1.2, 1.3, 0.8, 0.5]
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


def said(call, *args, **named):
    """The sentence with which a judgement fails."""
    with pytest.raises(CheckFailed) as caught:
        call(*args, **named)
    return str(caught.value)


def test_a_good_curve_passes():
    """All judgements can be chained; the best value's index comes at the end."""
    assert curve(GOOD).finite().falls().falls(by=0.5).ends_below(0.6).steady(0.75).best == 4
    assert curve(np.array(GOOD, np.float32)[:, None]).best == 4
    assert curve([1.0]).steady(1.0).best == 0


def test_a_share_is_not_rounded_against_the_student():
    """55 of 100 steps are at least 55 %, though 0.55 * 100 is above 55 in floating point."""
    falling, rising = np.full(55, -1.0), np.full(45, 0.5)
    values = np.cumsum([100.0, *falling, *rising])

    assert curve(values).steady(0.55).best == 55
    assert said(curve(values).steady, 0.56).startswith(
        "loss goes up in 45 of 100 steps, most from [55] to [56] (by 0.5)"
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: curve(None), "loss is None; was a `return` forgotten?"),
        (lambda: curve(3.0), "loss has the shape (); expected a list of one number for each epoch."),
        (lambda: curve([]), "loss has the shape (0,); expected a list of one number for each epoch."),
        (lambda: curve(np.eye(2)), "loss has the shape (2, 2); expected a list of one number for each epoch."),
        (lambda: curve([1, np.nan, 2]).finite(), "loss[1] is NaN (1 of 3 entries are NaN or infinite)."),
        (lambda: curve([1, np.inf]).best, "loss[1] is infinite (1 of 2 entries are NaN or infinite)."),
        (lambda: curve([1, np.nan]).ends_below(3), "loss[1] is NaN (1 of 2 entries are NaN or infinite)."),
        (
            lambda: curve([2.3, 2.1], name="training loss").falls(by=0.5),
            "training loss goes from 2.3 to 2.1 in 2 values; it must end below 1.15 (50 % lower).",
        ),
        (lambda: curve([1, 1]).falls(), "loss goes from 1 to 1 in 2 values; it must end below 1."),
        (
            lambda: curve([-1, -1.2]).falls(by=0.5),
            "loss goes from -1 to -1.2 in 2 values; it must end below -1.5 (50 % lower).",
        ),
        (lambda: curve(GOOD).ends_below(0.5), "loss ends at 0.5; expected less than 0.5."),
        (
            lambda: curve(GOOD).steady(0.8),
            "loss goes up in 1 of 4 steps, most from [1] to [2] (by 0.1); at least 80 % of the steps must not.",
        ),
        (lambda: gap([1, 2], [1]), "training loss has 2 values and validation loss 1; expected as many."),
        (
            lambda: gap([1, 0.1], [1.2, 0.9], at_most=0.5),
            "validation loss ends at 0.9 and training loss at 0.1: a gap of 0.8; expected at most 0.5.",
        ),
        (lambda: gap([1, 2], [1, np.nan]), "validation loss[1] is NaN (1 of 2 entries are NaN or infinite)."),
    ],
)
def test_what_is_wrong_with_a_curve_is_said(call, sentence):
    """One sentence for each way of being wrong, with the numbers that show it."""
    assert said(call) == sentence


def test_the_gap_is_returned():
    """Without a limit the gap is only measured, and it may be negative."""
    assert gap([1, 0.5], [2, 0.75]) == 0.25
    assert gap([1, 0.5], [2, 0.25], at_most=0) == -0.25


@given(VALUES)
def test_sorted_values_fall_steadily(values):
    """Values from the largest to the smallest never go up, and the best is the smallest."""
    ordered = sorted(values, reverse=True)
    judged = curve(ordered).steady(1.0)

    assert ordered[judged.best] == min(values)
    if ordered[-1] < ordered[0]:
        judged.falls()


def test_differences_beyond_all_bounds_are_judged_without_a_warning():
    """Values of which the difference overflows rise and fall like others."""
    with pytest.raises(CheckFailed, match="goes up in 1 of 2 steps"):
        curve([1e308, -1e308, 1e308]).steady(0.9)
    with pytest.raises(CheckFailed, match="a gap of inf"):
        gap([1.0, -1e308], [1.0, 1e308], at_most=1.0)
