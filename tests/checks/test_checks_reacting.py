"""A training that uses its hyper-parameter, one that does not, and chance, which must count as neither."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_net import Net

from autograder.checks import reacts_to
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.training import distance

X = np.random.default_rng(3).normal(size=(64, 10))
Y = (X[:, 0] > 0).astype(int)
RATES = [0.01, 0.3]
ENTRIES = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))


def generator():
    """What a check is given."""
    return np.random.default_rng(0)


def training(mistake="", *, own=None, dtype=np.float64):
    """A function to be judged; with `own` numbers that nobody can seed."""

    def train(rate, rng):
        net = Net((10, 10, 2), own or rng, mistake=mistake, dtype=dtype)
        return net.fit(X, Y, rate=rate, steps=20)

    return train


def said(*args, **named):
    """The sentence with which it fails."""
    with pytest.raises(CheckFailed) as caught:
        reacts_to(*args, **named)
    return str(caught.value)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("values", [[0.01, 0.3], [0.01, 0.1, 1.0]])
def test_a_training_that_uses_its_rate_passes(values, dtype):
    """The histories come back; a larger rate ends lower."""
    found = reacts_to(training(dtype=dtype), values, generator(), ends="lower")

    assert [each.shape for each in found] == [(21,)] * len(values)
    assert found[0][0] == found[-1][0]
    assert found[0][-1] > found[-1][-1]


@pytest.mark.parametrize("seed", range(10))
def test_a_training_that_nobody_can_seed_passes_too(seed):
    """Its runs with one rate differ, but less than those with different ones."""
    reacts_to(training(own=np.random.default_rng(seed)), RATES, generator(), ends="lower")


@pytest.mark.parametrize("mistake", ["learning rate ignored", "nothing is updated"])
def test_a_training_that_does_not_use_its_rate_is_caught(mistake):
    """The same seed gives exactly the same history."""
    assert said(training(mistake), RATES, generator()) == (
        "With learning_rate 0.01 and 0.3 the histories differ by 0 of their size; expected more than 0.001. "
        "Is learning_rate used?"
    )


@pytest.mark.parametrize("seed", range(10))
def test_chance_is_no_reaction(seed):
    """Runs that differ by their own random numbers are distinguished from runs that differ by their rate."""
    own = np.random.default_rng(seed)

    assert said(training("learning rate ignored", own=own), RATES, generator(), name="rate") == (
        "With rate 0.01 and 0.3 the histories of 5 runs each differ no more than those of one value do. Is rate used?"
    )


def passed_by_luck(repeats, trials, history):
    """How many of the trials get through though the value is not used."""
    own = np.random.default_rng(1)
    passed = 0
    for _ in range(trials):
        try:
            reacts_to(lambda value, rng: history(own), [1, 2], generator(), repeats=repeats)
            passed += 1
        except CheckFailed:
            pass
    return passed


@pytest.mark.parametrize("history", [lambda own: own.normal(size=1), lambda own: own.standard_cauchy(size=3)])
def test_chance_gets_through_as_seldom_as_promised(history):
    """With 3 repeats there are 10 divisions into halves: one time in 10 (of 400; 4 standard deviations are 24)."""
    assert passed_by_luck(3, 400, history) <= 40 + 24


def test_chance_gets_through_once_in_126_times_with_five_repeats():
    """Of 300 runs 2.4 are expected; more than 10 would come once in 10,000 times."""
    assert passed_by_luck(5, 300, lambda own: own.normal(size=2)) <= 10


def test_what_drifts_from_run_to_run_is_no_reaction():
    """A training that continues where the last one stopped gives other histories, whatever the value."""
    state = iter(range(100))

    assert "differ no more than those of one value do" in said(
        lambda value, rng: [10.0, 10.0 - 0.1 * next(state)],
        [1, 2],
        generator(),
    )


def test_the_wrong_direction_is_reported():
    """With the wrong sign a larger rate ends higher."""
    message = said(training("wrong sign"), RATES, generator(), ends="lower")

    assert message.startswith("The history ends at ")
    assert " with learning_rate 0.01 and at " in message
    assert message.endswith(" with 0.3; it must end lower with 0.3.")


def test_a_rate_that_makes_the_loss_run_away_is_a_reaction():
    """NaN and infinity are allowed, and higher than everything."""
    histories = {0.1: [1.0, 0.5, 0.2], 10.0: [1.0, 1e30, np.nan], 100.0: [1.0, np.inf, np.inf]}
    reacts_to(lambda rate, rng: histories[rate], [0.1, 10.0], generator(), ends="higher")
    reacts_to(lambda rate, rng: histories[rate], [10.0, 100.0], generator())

    assert said(lambda rate, rng: histories[rate], [0.1, 10.0], generator(), ends="lower") == (
        "The history ends at 0.2 with learning_rate 0.1 and at NaN or infinity with 10; it must end lower with 10."
    )


def test_a_number_of_epochs_is_a_parameter_as_well():
    """Histories of different lengths differ; a number of epochs that is ignored is caught."""
    reacts_to(lambda epochs, rng: np.ones(epochs), [2, 3], generator(), name="epochs")

    assert "Is epochs used?" in said(lambda epochs, rng: np.ones(5), [2, 3], generator(), name="epochs")


def test_every_neighbour_must_differ():
    """Two of three values that give the same are found and named."""
    histories = {"a": [1.0, 2.0], "b": [1.0, 3.0], "c": [1.0, 3.0001]}

    assert said(lambda value, rng: histories[value], ["a", "b", "c"], generator(), name="schedule") == (
        "With schedule 'b' and 'c' the histories differ by 3.2e-05 of their size; expected more than 0.001. "
        "Is schedule used?"
    )


class Stand:
    """A student's stand-in that notes its seeds."""

    def __init__(self):
        self.numbers = []

    def seed(self, number):
        self.numbers.append(number)


def test_every_run_begins_with_the_same_numbers():
    """Both the generator and the submission; a repeatable training is run once more than there are values."""
    student, seen, rng = Stand(), [], generator()

    def train(value, own):
        seen.append(own.integers(1 << 62))
        return [value, value]

    reacts_to(train, [1.0, 2.0, 3.0], rng, student=student)

    assert len(seen) == len(student.numbers) == 4
    assert len(set(seen)) == len(set(student.numbers)) == 1
    assert rng.integers(1 << 62) == generator().integers(1 << 62)


def test_what_nobody_can_seed_is_run_by_turns():
    """Each value as often as asked."""
    own, seen = np.random.default_rng(0), []
    reacts_to(
        lambda value, rng: (seen.append(value), [value + own.normal() / 100])[1], [1, 2, 3], generator(), repeats=3
    )

    assert seen == [1, 2, 3, 1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (None, "The history is None; was a `return` forgotten?"),
        (0.5, "The history has the shape (); expected a list of one number for each epoch."),
        ([], "The history has the shape (0,); expected a list of one number for each epoch."),
    ],
)
def test_what_is_no_history_is_reported(history, sentence):
    """As for every curve."""
    assert said(lambda value, rng: history, RATES, generator()) == sentence


@pytest.mark.parametrize(("values", "repeats"), [([0.1], 5), ([], 5), (RATES, 1), (RATES, 11)])
def test_one_value_or_one_repeat_is_the_instructors_mistake(values, repeats):
    """Nothing could be compared."""
    with pytest.raises(InstructorError, match=r"^reacts_to needs at least two values, and 2 to 10 repeats.$"):
        reacts_to(training(), values, generator(), repeats=repeats)


@given(arrays(np.float64, st.integers(0, 4), elements=ENTRIES), arrays(np.float64, st.integers(0, 4), elements=ENTRIES))
def test_the_distance_is_one(a, b):
    """Symmetric, between 0 and 2, 0 from itself, and of no unit."""
    found = distance(a, b)

    assert found == distance(b, a)
    assert 0 <= found <= 2 + 1e-12
    assert distance(a, a) == 0
    assert distance(a / 4, b / 4) == pytest.approx(found, rel=1e-9, abs=1e-9)
