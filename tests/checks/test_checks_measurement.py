"""Errors, losses, R² and AUC, their intervals, and the credit between a baseline and a reference value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import Measurement, accuracy, auc, error, loss, mean_squared_error, r2
from autograder.checks.errors import CheckFailed, InstructorError

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=30).map(np.array)
SCORED = st.lists(st.tuples(VALUES, st.booleans()), min_size=2, max_size=30).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


def said(call, *args, **named):
    """The sentence with which a measure fails."""
    with pytest.raises(CheckFailed) as caught:
        call(*args, **named)
    return str(caught.value)


def test_the_measures_of_a_small_example():
    """Numbers found by hand."""
    y, pred = np.array([0.0, 1.0, 2.0, 3.0]), [0.0, 1.0, 2.0, 5.0]

    assert error([1, 0, 2, 0], [1, 0, 2, 2]).value == 0.25
    assert mean_squared_error(pred, y).value == 1.0
    assert r2(pred, y).value == pytest.approx(1 - 4 / 5)
    assert auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).value == 0.75
    assert auc([1, 1, 1, 1], [0, 0, 1, 1]).value == 0.5
    assert loss([1.0, 2.0, 3.0]).value == 2.0


def test_the_intervals_are_those_of_the_formulas():
    """Wilson's mirrored, a mean's, and Hanley and McNeil's, found by hand from Q1 = 0.6 and Q2 = 0.642857."""
    wrong, right = error([1, 0, 2, 0], [1, 0, 2, 2]), accuracy([1, 0, 2, 0], [1, 0, 2, 2])
    assert (wrong.low, wrong.high) == pytest.approx((1 - right.high, 1 - right.low))
    three = loss([1.0, 2.0, 3.0])
    assert three.high - three.value == pytest.approx(1.959964 / 3**0.5)
    area = auc([3, 1, 2, 0], [1, 1, 0, 0])
    assert (area.value - area.low) / 1.959964 == pytest.approx(0.27630, abs=1e-5)


@pytest.mark.parametrize("measure", [r2, mean_squared_error])
def test_the_normal_intervals_hold_the_true_value_95_times_of_100(measure):
    """Of a thousand samples of 200 from a line with noise, about 950 intervals hold what the whole line gives."""
    rng = np.random.default_rng(1)
    truth, hits = {r2: 0.8, mean_squared_error: 0.25}[measure], 0
    for _ in range(1000):
        x, noise = rng.normal(size=200), 0.5 * rng.normal(size=200)
        found = measure(x, x + noise)
        hits += found.low <= truth <= found.high

    assert 920 <= hits <= 970


@given(PAIRS)
def test_the_interval_of_a_mean_holds_it(pairs):
    """Whatever the numbers, the value is in its interval, and a squared error is not below 0."""
    for measured in (mean_squared_error(*pairs.T), loss(pairs[:, 0])):
        assert measured.low <= measured.value <= measured.high
    assert mean_squared_error(*pairs.T).low >= 0


@given(PAIRS.filter(lambda pairs: np.ptp(pairs[:, 1]) > 0.01))
def test_the_mean_explains_nothing(pairs):
    """R² of the mean is 0, that of the right values 1, and the interval holds the value."""
    pred, y = pairs.T
    measured = r2(pred, y)

    assert r2(np.full(len(y), y.mean()), y).value == pytest.approx(0, abs=1e-9)
    assert r2(y, y).value == 1
    assert measured.low <= measured.value <= measured.high <= 1


@given(SCORED)
def test_reversed_scores_have_the_other_area(pairs):
    """AUC of -s is 1 - AUC of s, ties included; its interval is in [0, 1] and holds it."""
    scores, labels = (np.array(column) for column in zip(*pairs, strict=True))
    measured = auc(scores, labels)
    pairwise = np.sign(scores[labels][:, None] - scores[~labels][None]) / 2 + 0.5

    assert measured.value == pytest.approx(pairwise.mean())
    assert auc(-scores, labels).value == pytest.approx(1 - measured.value)
    assert 0 <= measured.low <= measured.value <= measured.high <= 1


def test_scores_of_both_classes_count_by_their_difference():
    """Two columns of logits are as good as one, and labels may be -1 and 1."""
    logits = np.array([[0.0, 0.1], [1.0, 1.4], [2.0, 2.35], [0.0, 0.8]])

    assert auc(logits, [-1, -1, 1, 1]).value == auc(np.array([[0.1], [0.4], [0.35], [0.8]]), [0, 0, 1, 1]).value


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mean_squared_error([1, np.nan], [1, 2]), "The prediction is NaN or infinite in 1 of 2 entries."),
        (lambda: r2([np.inf, np.nan], [1, 2]), "The prediction is NaN or infinite in 2 of 2 entries."),
        (lambda: auc([0.5, np.nan], [0, 1]), "The prediction is NaN or infinite in 1 of 2 entries."),
        (lambda: loss(np.nan), "The loss is NaN or infinite."),
        (lambda: loss([1, np.inf], name="test loss"), "The test loss is NaN or infinite in 1 of 2 entries."),
        (lambda: loss(None), "The loss is None; was a `return` forgotten?"),
        (lambda: loss([]), "The loss has the shape (0,); expected one number or one for each sample."),
        (lambda: loss(np.eye(2)), "The loss has the shape (2, 2); expected one number or one for each sample."),
        (lambda: mean_squared_error([1], [1, 2]), "The prediction is for 1 samples; 2 were asked."),
        (lambda: r2(np.eye(2), [1, 2]), "The prediction has the shape (2, 2); expected (2,)."),
        (lambda: r2([1, 2], np.eye(2)), "The prediction has the shape (2,); expected (2, 2)."),
        (lambda: auc(np.eye(3), [0, 1, 1]), "The prediction has the shape (3, 3); expected scores (3,) or (3, 2)."),
    ],
)
def test_what_cannot_be_measured_is_said(call, sentence):
    """Not finite, of the wrong length or of the wrong shape: one sentence each."""
    assert said(call) == sentence


def test_a_column_is_as_good_as_a_vector():
    """(n, 1) and (n,) are the same predictions and are never broadcast; several outputs have their own means."""
    y = np.array([1.0, 2.0, 4.0])

    assert mean_squared_error(y[:, None] + 1, y).value == mean_squared_error(y + 1, y[:, None]).value == 1
    assert r2(np.tile([7 / 3, 10.0], (3, 1)), np.stack([y, y + 10 - y.mean()], axis=1)).value == pytest.approx(0)


def test_instructors_read_what_cannot_be_measured_against():
    """No or equal right values, or other than two classes, are no fault of the submission's."""
    for call in (
        lambda: r2([1, 2], [3, 3]),
        lambda: mean_squared_error([], []),
        lambda: auc([1, 2], [1, 1]),
        lambda: auc([1, 2, 3], [0, 1, 2]),
    ):
        with pytest.raises(InstructorError):
            call()


def test_lower_is_better_for_errors_and_losses():
    """Thresholds are upper ones, the easiest is the largest, and the sentences say so."""
    measured = loss(np.array([0.2, 0.4]), name="test loss")
    credit = measured.points_at({0.5: 0.5, 0.25: 1.0})

    assert (credit.fraction, credit.message) == (
        0.5,
        "Test loss 0.3 on 2 samples (95 % interval 0.104 to 0.496); less than 0.5 was asked; "
        "less than 0.25 gives more.",
    )
    assert said(loss(0.6).points_at, {0.5: 0.5, 0.25: 1.0}) == "Loss 0.6; expected less than 0.5."
    assert said(error([1, 0], [0, 1]).points_at, {0.1: 1.0}) == (
        "Error 100.00 % on 2 samples (95 % interval 34.2 to 100.0 %); expected less than 10 %."
    )


def test_the_benefit_of_the_doubt_is_given_when_asked_for_and_said():
    """A threshold inside the interval counts as passed, one outside does not, and without asking neither does."""
    measured = Measurement(0.896, 10_000, "test accuracy")
    credit = measured.points_at({0.90: 1.0, 0.80: 0.5}, benefit_of_doubt=True)

    assert (credit.fraction, credit.message) == (
        1.0,
        "Test accuracy 89.60 % on 10,000 samples (95 % interval 89.0 to 90.2 %), so within the error of 90 %: "
        "benefit of the doubt.",
    )
    assert measured.points_at({0.90: 1.0, 0.80: 0.5}).fraction == 0.5
    assert measured.points_at({0.91: 1.0, 0.80: 0.5}, benefit_of_doubt=True).message.endswith(
        "; more than 80 % was asked; more than 91 % gives more."
    )
    assert "expected more than 91 %" in said(measured.points_at, {0.91: 1.0}, benefit_of_doubt=True)
    assert error([1] * 9 + [0], [1] * 10).points_at({0.05: 1.0}, benefit_of_doubt=True).fraction == 1.0


def test_a_value_that_no_training_reaches_is_an_alarm_and_costs_nothing():
    """The credit is not changed; the sentence is for staff, and names value and limit."""
    found = Measurement(0.996, 5000, "test accuracy")
    credit = found.points_at({0.7: 1.0}, implausible=0.995)
    (alarm,) = credit.alarms

    assert (credit.fraction, credit.message) == (1.0, found.points_at({0.7: 1.0}).message)
    assert alarm == (
        "Test accuracy 99.60 % on 5,000 samples (95 % interval 99.4 to 99.7 %) is better than 99.5 %, which no "
        "training of this size is expected to reach. No points were taken; read how the submission arrives at its "
        "predictions."
    )
    assert found.points_at({0.7: 1.0}, implausible=0.996).alarms == ()
    assert found.points_at({0.7: 1.0}).alarms == ()
    assert len(loss(0.01).points_at({0.5: 1.0}, implausible=0.05).alarms) == 1
    with pytest.raises(InstructorError, match=r"implausible=0.6\) of test accuracy: it must be better than every"):
        found.points_at({0.7: 1.0}, implausible=0.6)


def test_credit_between_a_baseline_and_a_reference_value():
    """In a straight line and clipped, upward and downward; nothing at the baseline."""
    measured = Measurement(0.8, 100)
    credit = measured.points_between(0.5, 0.9)

    assert credit.fraction == pytest.approx(0.75)
    assert credit.message == (
        "Accuracy 80.00 % on 100 samples (95 % interval 71.1 to 86.7 %); that is 75 % of the way from 50 % "
        "(no points) to 90 % (all points)."
    )
    assert measured.points_between(0.1, 0.7).fraction == 1
    assert loss(0.6).points_between(2.3, 0.3).fraction == pytest.approx(0.85)
    assert loss(0.2).points_between(2.3, 0.3).message == "Loss 0.2; 0.3 was asked for all points."
    assert said(loss(2.3).points_between, 2.3, 0.3) == "Loss 2.3; expected less than 2.3."
    for wrong in ((0.9, 0.5), (0.5, 0.5)):
        with pytest.raises(InstructorError, match="must lie above the baseline"):
            measured.points_between(*wrong)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_better_value_never_earns_less(one, other, doubt):
    """Credit is monotone in the value, for all three rules."""

    def earned(rule, value):
        try:
            return rule(Measurement(value, 50)).fraction
        except CheckFailed:
            return 0.0

    worse, better = sorted((one, other))
    for rule in (
        lambda measured: measured.points_at({0.3: 0.2, 0.5: 0.6, 0.8: 1.0}, benefit_of_doubt=doubt),
        lambda measured: measured.points_between(0.2, 0.9),
    ):
        assert 0 <= earned(rule, worse) <= earned(rule, better) <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.bool_, np.float32])
def test_the_area_does_not_depend_on_the_type_of_the_scores(kind):
    """One-hot predictions in unsigned integers, whose difference would wrap around, are as right as in floats."""
    scores = np.array([[1, 0], [0, 1], [1, 0]]).astype(kind)
    assert auc(scores, [0, 1, 0]).value == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: loss([-1e308, -1e308]), "The mean of the loss is NaN or infinite."),
        (
            lambda: mean_squared_error([1e308, 0.0], [0.0, 1.0]).points_at({1.0: 1.0}),
            "Mean squared error inf on 2 samples; expected less than 1.",
        ),
        (lambda: r2([1e308, 0.0], [0.0, 1.0]).points_at({0.5: 1.0}), "R² -inf on 2 samples; expected more than 0.5."),
    ],
)
def test_numbers_beyond_all_bounds_are_bad_without_a_warning(call, sentence):
    """Predictions whose squares or sums overflow earn nothing, and raise nothing else."""
    with pytest.raises(CheckFailed) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_fraction_of_an_unknown_number_of_samples_has_no_interval():
    """Without the number of samples the value alone is reported, and doubt benefits nobody."""
    measured = Measurement(0.9, 0)
    assert (measured.low, measured.high, str(measured)) == (0.9, 0.9, "accuracy 90.00 %")
    assert measured.points_at({0.8: 1.0}, benefit_of_doubt=True).fraction == 1


def test_one_hot_labels_are_the_instructors_mistake():
    """Right answers of more than one number for each sample are not held against the predictions."""
    with pytest.raises(InstructorError, match=r"shape \(3, 3\)"):
        accuracy([0, 1, 2], np.eye(3))
    assert accuracy([0, 1, 2], [[0], [1], [2]]).value == 1
