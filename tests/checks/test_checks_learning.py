"""One batch known by heart, every parameter changed, nothing learned from noise; and the students who get it wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_net import Net

from autograder.checks import no_learning_on_noise, overfits_one_batch, weights_changed
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.learning import _most_by_chance

ROWS = 16
X = np.random.default_rng(3).normal(size=(ROWS, 10))
LABELS = np.random.default_rng(4).integers(3, size=ROWS)
TARGETS = np.random.default_rng(5).normal(size=(ROWS, 2))
NAMES = ["W1", "b1", "W2", "b2"]


def said(call):
    """The sentence with which a judgement fails."""
    with pytest.raises(CheckFailed) as caught:
        call()
    return str(caught.value)


def trained(y, steps, mistake="", dtype=np.float64):
    """Predictions for the batch after so many steps from the same start."""
    labels = y.ndim == 1
    net = Net((10, 40, 3 if labels else 2), np.random.default_rng(1), dtype=dtype, mistake=mistake)
    net.fit(X, y, rate=0.5 if labels else 0.2, steps=steps)
    return net.scores(X)


# --- one batch ---


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("y", [LABELS, LABELS[:, None], LABELS.astype(np.uint8), TARGETS])
def test_a_right_training_knows_one_batch_by_heart(y, dtype):
    """Labels of any integer kind, or numbers, in double and single precision."""
    found = overfits_one_batch(lambda steps: trained(y.ravel() if y is not TARGETS else y, steps, dtype=dtype), y)

    assert found.value == 1.0 if y is not TARGETS else found.value < 0.01


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        ("nothing is updated", "After 1 step the predictions were the same: are the parameters updated?"),
        ("wrong sign", "does the update go the wrong way, or are targets and inputs mixed up?"),
        ("labels not shuffled with inputs", ""),
        ("only the last bias is trained", "expected at least 100 %."),
    ],
)
def test_mistakes_that_labels_show(mistake, hint):
    """The sentence tells steps, accuracy, and the probable reason."""
    message = said(lambda: overfits_one_batch(lambda steps: trained(LABELS, steps, mistake), LABELS))

    assert message.startswith("After 200 steps on one batch of 16 samples the accuracy is ")
    assert "; expected at least 100 %." in message
    assert message.endswith(hint)


@pytest.mark.parametrize(
    ("mistake", "hint"),
    [
        ("nothing is updated", "are the parameters updated?"),
        ("wrong sign", "After 1 step it was 2.196: does the update go the wrong way?"),
        ("labels not shuffled with inputs", "or are targets and inputs mixed up?"),
        ("gradients pile up", "expected at most 1 %."),
        ("first layer frozen", "expected at most 1 %."),
        ("only the last bias is trained", "expected at most 1 %."),
    ],
)
def test_mistakes_that_numbers_show(mistake, hint):
    """Also gradients that are never set to zero, and a layer that is not trained."""
    message = said(lambda: overfits_one_batch(lambda steps: trained(TARGETS, steps, mistake), TARGETS))

    assert message.startswith("After 200 steps on one batch of 16 samples the mean squared error is ")
    assert " % of the variance of the targets; expected at most 1 %." in message
    assert message.endswith(hint)


@pytest.mark.parametrize(
    ("pred", "y", "sentence"),
    [
        (np.zeros((4, 2)), [0, 1, 1, 1], "After 5 steps on one batch of 4 samples the accuracy is 25.00 %; expected "
         "at least 100 %. After 1 step the predictions were the same: are the parameters updated?"),
        (None, [0, 1], "The prediction is None; was a `return` forgotten?"),
        ([0], [0, 1], "The prediction is for 1 samples; 2 were asked."),
        ([np.nan, np.inf], [0, 1], "After 5 steps on one batch of 2 samples 2 of 2 predicted numbers are NaN or "
         "infinite. "
         "Are the steps too large, or do they go the wrong way?"),
        ([1.0, 1.0], [0.0, 2.0], "After 5 steps on one batch of 2 samples the mean squared error is 1, 100 % of the "
         "variance of the targets; expected at most 1 %. After 1 step the predictions were the same: are the "
         "parameters updated?"),
    ],
)  # fmt: skip
def test_sentences_about_one_batch(pred, y, sentence):
    """What came, what was expected, and what is probably wrong."""
    assert said(lambda: overfits_one_batch(lambda _: pred, y, steps=5)) == sentence


def test_a_constant_prediction_that_moves_is_reported():
    """Only biases learn: all samples get the mean, however long it takes."""
    message = said(lambda: overfits_one_batch(lambda steps: np.full(2, steps / 10), [0.0, 2.0], steps=10))

    assert message.endswith("All samples get the same prediction: are only biases trained?")


def test_a_first_step_that_cannot_be_measured_gives_no_hint():
    """The sentence about the end stands by itself."""
    message = said(lambda: overfits_one_batch(lambda steps: [0.0, 0.0] if steps > 1 else None, [0.0, 2.0]))

    assert message.endswith("expected at most 1 %.")


def test_less_may_be_asked_of_one_batch():
    """at_least is an accuracy, within a fraction of the variance."""
    assert overfits_one_batch(lambda _: [0, 1, 1, 1], [0, 1, 1, 0], at_least=0.75).value == 0.75
    assert overfits_one_batch(lambda _: [1.0, 1.0], [0.0, 2.0], within=1.0).value == 1.0


@pytest.mark.parametrize("y", [[], [1, 1, 1], np.ones((3, 2))])
def test_a_batch_with_one_answer_cannot_fail_so_it_is_refused(y):
    """A constant would pass."""
    with pytest.raises(
        InstructorError, match=r"^overfits_one_batch needs a batch with at least two different answers.$"
    ):
        overfits_one_batch(lambda _: y, y)


# --- weights ---


def weights(mistake="", dtype=np.float64, steps=1, **options):
    """Judge the parameters before and after training."""
    net = Net((10, 5, 3), np.random.default_rng(1), dtype=dtype, mistake=mistake)
    before = net.copies()
    net.fit(X, LABELS, rate=0.5, steps=steps)
    weights_changed(before, net.copies(), names=NAMES, **options)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_training_changes_every_parameter(dtype):
    """One step is enough."""
    weights(dtype=dtype)


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("bias not trained", "b1 and b2 did not change in training; the others did. Every array must."),
        ("first layer frozen", "W1 and b1 did not change in training; the others did. Every array must."),
        ("only the last bias is trained", "W1, b1 and W2 did not change in training; the other did. Every array must."),
        ("nothing is updated", "W1, b1, W2 and b2 did not change in training. Every array must."),
    ],
)
def test_what_was_not_trained_is_named(mistake, sentence):
    """Arrays by their names, and whether the others changed."""
    assert said(lambda: weights(mistake)) == sentence


def test_frozen_arrays_must_stay():
    """What is frozen may not change, and what is not must."""
    weights("first layer frozen", frozen=["W1", "b1"])

    assert said(lambda: weights(frozen=["W1"])) == "W1 changed in training; it must stay frozen."
    assert said(lambda: weights(frozen=["W1", "b1"])) == "W1 and b1 changed in training; they must stay frozen."
    assert said(lambda: weights("nothing is updated", frozen=["W1"])) == (
        "b1, W2 and b2 did not change in training. Every array that is not frozen must."
    )


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"W": [1.0, 2.0]}, {"W": [1.0, 2.0]}, "W did not change in training. Every array must."),
        ({"W": np.ones(2)}, {"W": np.ones(2) + 1e-9}, "W did not change in training by more than rounding. Every array "
         "must."),
        (np.ones(2), np.ones(2), "The parameter did not change in training. Every array must."),
        ([np.ones(2), 0.0], [np.zeros(2), 0.0], "parameter 2 did not change in training; the other did. Every array "
         "must."),
        ([[np.ones(2), np.ones(1)]], [[np.zeros(2), np.ones(1)]], "parameter 1[1] did not change in training; "
         "the other "
         "did. Every array must."),
        ({"layer": {"W": np.ones(2)}}, {"layer": {"W": np.ones(2)}}, "layer['W'] did not change in training. "
         "Every array "
         "must."),
        ({"W": [1.0]}, {"W": [np.nan]}, "W after training[0] is NaN."),
        ({"W": [1.0]}, {"W": [[2.0]]}, "W has the shape (1, 1) after training; expected (1,)."),
        ({"W": [1.0]}, {"W": None}, "W after training is None; was a `return` forgotten?"),
        ({"W": 1.0, "b": 1.0}, {"W": 2.0}, "After training b is missing; expected the same arrays as before."),
        ({"W": 1.0}, {"W": 2.0, "b": 1.0, "c": 1.0}, "After training b and c are new; expected "
         "the same arrays as before."),
    ],
)  # fmt: skip
def test_sentences_about_weights(before, after, sentence):
    """Lists, dictionaries, nested ones and single arrays; NaN, shapes and missing arrays."""
    assert said(lambda: weights_changed(before, after)) == sentence


def test_a_dictionary_may_come_in_another_order():
    """Arrays are compared by their keys, also when they are given names."""
    weights_changed({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 2.0})

    message = said(lambda: weights_changed({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 1.0}, names=["one", "two"]))
    assert message == "one did not change in training; the other did. Every array must."


def test_a_list_of_numbers_in_a_list_is_one_array():
    """[[1, 2], [3, 4]] are two vectors, and a vector's entries are no arrays of their own."""
    weights_changed([[1.0, 2.0], [3.0, 4.0]], [[1.5, 2.0], [3.0, 4.5]])


def test_the_number_of_names_must_fit():
    """What a submission has too few of is reported with the names."""
    message = said(lambda: weights_changed([1.0], [2.0], names=["W", "b"]))

    assert message == "There is 1 array of parameters; expected 2: W and b."


@pytest.mark.parametrize(
    ("before", "frozen", "sentence"),
    [
        (
            {"W": 1.0, "b": 2.0},
            ["V"],
            "weights_changed has no array called 'V' that could be frozen; there are W and b.",
        ),
        ([], [], "weights_changed needs at least one array; there are none."),
    ],
)
def test_weights_that_cannot_be_judged_are_the_instructors(before, frozen, sentence):
    """A misspelt name would let everything pass."""
    with pytest.raises(InstructorError) as caught:
        weights_changed(before, before, frozen=frozen)
    assert str(caught.value) == sentence


@given(
    st.lists(st.floats(-1e300, 1e300).filter(lambda value: value == 0 or abs(value) > 1e-300), min_size=1, max_size=5),
    st.sampled_from([1e-3, 0.5, -1.0]),
)
def test_a_change_counts_at_every_scale(values, part):
    """Rounding to float32 never does, a thousandth always."""
    before = np.array(values)
    after = np.where(before == 0, 0.0, before * (1 + part))
    small = np.where(np.abs(before) < 1e270, 0.0, before / 1e300)
    rounded = small.astype(np.float32).astype(np.float64)

    if np.any(rounded != small):
        assert "by more than rounding" in said(lambda: weights_changed([small], [rounded]))
    if np.any(before):
        weights_changed([before], [after])
    else:
        assert "did not change" in said(lambda: weights_changed([before], [after]))


def test_two_arrays_of_one_name_are_the_instructors_mistake():
    """One of them would not be judged."""
    with pytest.raises(InstructorError, match=r"needs a name of its own for each array, not W and W\.$"):
        weights_changed([1.0, 1.0], [1.0, 2.0], names=["W", "W"])


# --- noise ---

TRAIN, TEST, CLASSES = 60, 50, 4
INPUTS, TEST_INPUTS = np.split(np.random.default_rng(8).normal(size=(TRAIN + TEST, 80)), [TRAIN])
TRUE, TEST_TRUE = (np.argmax(x[:, :CLASSES], axis=1) for x in (INPUTS, TEST_INPUTS))


def classifier(mistake="", dtype=np.float64):
    """A training of softmax regression on 80 inputs; with test data in it, if that is the mistake."""

    def train(y, y_test):
        x, labels = INPUTS.astype(dtype), y
        if mistake == "trains on test data":
            x, labels = np.concatenate([x, TEST_INPUTS]), np.concatenate([y, y_test])
        if mistake == "swaps training and test":
            x, labels = TEST_INPUTS, y_test
        w = np.zeros((x.shape[1], CLASSES), dtype)
        for _ in range(100):
            p = np.exp(x @ w)
            p = p / p.sum(axis=1, keepdims=True) - np.eye(CLASSES)[labels]
            w -= 0.5 * (x.T @ p / len(x)).astype(dtype)
        return TEST_INPUTS @ w

    return train


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_a_right_training_learns_nothing_from_noise(seed, dtype):
    """Its accuracy stays at chance."""
    found = no_learning_on_noise(classifier(dtype=dtype), TRUE, TEST_TRUE, np.random.default_rng(seed))

    assert found.value < 0.55


@pytest.mark.parametrize("mistake", ["trains on test data", "swaps training and test"])
def test_test_data_in_training_show(mistake):
    """The sentence tells what came, what chance explains, and how sure that is."""
    message = said(lambda: no_learning_on_noise(classifier(mistake), TRUE, TEST_TRUE, np.random.default_rng(0)))

    assert message == (
        "Trained on random labels, the model gets 50 of 50 random test labels right (test accuracy 100.00 %); "
        "by chance "
        "it is more than 25 only once in 10,000 times. Were test data used for training?"
    )


def test_constant_and_clustered_predictions_are_chance():
    """What takes a whole class for another, or all for one, is no learning of the noise."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        no_learning_on_noise(lambda y, _: np.full(TEST, np.bincount(y).argmax()), TRUE, TEST_TRUE, rng)
        no_learning_on_noise(lambda y, _: y[:CLASSES][TEST_TRUE], TRUE, TEST_TRUE, rng)


def test_labels_are_new_and_of_the_same_classes_and_shape():
    """Neither the right labels nor their numbers reach the training."""
    seen = []
    y = np.repeat(np.array([2, 7], np.int8), [900, 100])[:, None]
    no_learning_on_noise(lambda *labels: (seen.extend(labels), np.zeros(1000))[1], y, y, np.random.default_rng(0))

    assert [each.shape for each in seen] == [y.shape, y.shape]
    assert {each.dtype for each in seen} == {y.dtype}
    assert all(420 < np.sum(each == 2) < 580 and np.sum(each == 7) == 1000 - np.sum(each == 2) for each in seen)


def test_labels_that_are_changed_inside_change_nothing():
    """A training may use its arguments up."""

    def train(y, y_test):
        y[:] = y_test[:] = 1
        return np.ones(TEST)

    assert no_learning_on_noise(train, TRUE, TEST_TRUE, np.random.default_rng(0)).value < 0.5


@given(n=st.integers(1, 300), classes=st.integers(2, 10), one_in=st.sampled_from([20, 1000, 10_000]))
def test_the_bound_is_that_of_the_binomial(n, classes, one_in):
    """The probability of more is at most 1 in so many, and no smaller number would do."""
    p = 1 / classes
    pmf = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    most = _most_by_chance(n, p, one_in)

    assert math.fsum(pmf[most + 1 :]) <= (1 + 1e-9) / one_in
    assert most == 0 or math.fsum(pmf[most:]) > (1 - 1e-9) / one_in


@pytest.mark.parametrize(
    ("y", "y_test", "sentence"),
    [
        ([0, 1], [0, 1, 0], "no_learning_on_noise with 3 test labels of 2 classes could never fail; give more."),
        ([1, 1], [1] * 100, "no_learning_on_noise with 100 test labels of 1 classes could never fail; give more."),
        ([0, 1], [], "no_learning_on_noise with 0 test labels of 2 classes could never fail; give more."),
    ],
)
def test_what_could_never_fail_is_refused(y, y_test, sentence):
    """Too few test data, or one class."""
    with pytest.raises(InstructorError) as caught:
        no_learning_on_noise(lambda _, y_test: y_test, y, y_test, np.random.default_rng(0))
    assert str(caught.value) == sentence
