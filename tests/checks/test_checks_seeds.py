"""Trainings over several seeds: which run counts, when no more are made, and what the reader sees."""

from __future__ import annotations

import math
import statistics
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import Measurement, accuracy, loss, over_seeds
from autograder.checks.errors import CheckFailed, InstructorError

N = 10_000
STEPS = {0.96: 1.0, 0.90: 0.5}
VALUES = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 0.9, 0.901, 0.93, 0.96, 0.965, 1.0]))  # None: the run fails
THRESHOLDS = st.dictionaries(
    st.sampled_from([0.3, 0.8, 0.9, 0.95, 0.96]), st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1
)


class Script:
    """A training that gives the listed accuracies (or losses) in turn, and counts its runs."""

    def __init__(self, *values, measure=None):
        self.values = values
        self.made = 0
        self.measure = measure or (lambda value: Measurement(value, N))

    def __call__(self, rng):
        value = self.values[self.made]
        self.made += 1
        if value is None:
            raise CheckFailed("The loss is NaN.")
        return self.measure(value)


def generator(seed=0):
    """What a check is given."""
    return np.random.default_rng(seed)


def points(trainings, *args, how="points_at"):
    """Fraction earned, 0 where the check fails, and the sentence."""
    try:
        credit = getattr(trainings, how)(*args)
    except CheckFailed as failed:
        return 0.0, str(failed)
    return credit.fraction, credit.message


def outcome(trainings, at):
    """The fraction earned, None where the check fails (a credit of 0 is no failure)."""
    try:
        return trainings.points_at(at).fraction
    except CheckFailed:
        return None


def alone(value, thresholds):
    """What a single run earns."""
    if value is None:
        return 0.0
    return max([fraction for limit, fraction in thresholds.items() if value > limit], default=0.0)


@given(values=st.lists(VALUES, min_size=1, max_size=7), rule=st.sampled_from(["best", "all", "median"]), at=THRESHOLDS)
def test_stopping_early_never_changes_the_points(values, rule, at):
    """The fraction is that of the best, worst or middle of all k runs."""
    values = values if len(values) % 2 or rule != "median" else values[1:]
    train = Script(*values)
    of_all = {"best": max, "all": min, "median": statistics.median}[rule](alone(value, at) for value in values)

    assert points(over_seeds(train, generator(), k=len(values), rule=rule), at)[0] == of_all


@given(values=st.lists(VALUES, min_size=1, max_size=7), rule=st.sampled_from(["best", "all", "median"]), at=THRESHOLDS)
def test_no_run_is_made_that_cannot_change_the_points(values, rule, at):
    """Before the last run made, the remaining ones could still have led to two different outcomes."""
    values = values if len(values) % 2 or rule != "median" else values[1:]
    train = Script(*values)
    points(over_seeds(train, generator(), k=len(values), rule=rule), at)
    before = list(values[: train.made - 1])
    left = len(values) - len(before)
    rest = [over_seeds(Script(*before, *[end] * left), generator(), k=len(values), rule=rule) for end in (None, 1.0)]

    assert outcome(rest[0], at) != outcome(rest[1], at)


@given(
    values=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    rule=st.sampled_from(["best", "all", "median"]),
    ends=st.sampled_from([(0.1, 0.9), (0.5, 0.6), (0.0, 1.0)]),
)
def test_points_on_a_line_are_those_of_the_run_that_counts(values, rule, ends):
    """Also where every value earns something else, nothing is lost by stopping early."""
    counting = {"best": max, "all": min, "median": statistics.median}[rule](values)
    expected = points(Measurement(counting, N), *ends, how="points_between")[0]

    assert points(over_seeds(Script(*values), generator(), k=3, rule=rule), *ends, how="points_between")[0] == expected


@given(values=st.lists(VALUES, min_size=4, max_size=4), at=THRESHOLDS)
def test_doubt_never_costs_and_never_gives_more_than_the_best(values, at):
    """Running again earns at least what the first run does, and at most what the best of k does."""
    train = Script(*values)
    found = points(over_seeds(train, generator(), k=4, rule="doubt"), at)[0]

    assert alone(values[0], at) <= found <= max(alone(value, at) for value in values)
    assert found == max(alone(value, at) for value in values[: train.made])


@pytest.mark.parametrize(
    ("values", "made", "fraction"),
    [
        ((0.896, 0.93, 0.97, 0.97), 2, 0.5),  # 96 % is far from the second one
        ((0.896, 0.88, 0.899, 0.896), 4, 0.0),  # the best so far stays in doubt
        ((0.958, 0.8, 0.961, 0.97), 3, 1.0),  # half the points are safe, more are within the error
        ((0.89, 0.97, 0.97, 0.97), 1, 0.0),  # clearly below: the interval ends at 89.6 %
        ((0.901, 0.97, 0.97, 0.97), 1, 0.5),  # the interval holds 90 %, which is passed already
        ((0.97, 0.5, 0.5, 0.5), 1, 1.0),
        ((None, 0.97, 0.97, 0.97), 1, 0.0),  # nothing was measured, so nothing is within its error
    ],
)
def test_doubt_runs_again_where_more_is_within_the_error(values, made, fraction):
    """Only a threshold that is not passed yet and is in the 95 % interval of the best run asks for another run."""
    train = Script(*values)

    assert points(over_seeds(train, generator(), k=4, rule="doubt"), STEPS)[0] == fraction
    assert train.made == made


@pytest.mark.parametrize(
    ("rule", "k", "values", "begins"),
    [
        ("best", 3, (0.97,), "1 of 3 runs with different seeds: 97.00 %. The best counts; the 2 runs left out "
         "could not "
         "change the points. Accuracy 97.00 % on 10,000 samples"),
        ("best", 2, (0.5, 0.93), "2 runs with different seeds: 50.00 %, 93.00 %. The best counts. Accuracy 93.00 % on"),
        ("best", 2, (0.5, 0.4), "2 runs with different seeds: 50.00 %, 40.00 %. The best counts. Accuracy 50.00 % on"),
        ("median", 3, (0.912, 0.88, 0.921), "3 runs with different seeds: 91.20 %, 88.00 %, 92.10 %. The median "
         "counts. "
         "Accuracy 91.20 % on"),
        ("median", 3, (0.92, 0.91), "2 of 3 runs with different seeds: 92.00 %, 91.00 %. The median counts; the "
         "run left "
         "out could not change the points. Accuracy 91.00 % on"),
        ("all", 3, (0.97, 0.89), "2 of 3 runs with different seeds: 97.00 %, 89.00 %. All must pass, the worst counts; "
         "the run left out could not change the points. Accuracy 89.00 % on"),
        ("all", 3, (0.97, None), "2 of 3 runs with different seeds: 97.00 %, failed. All must pass, the worst counts; "
         "the run left out could not change the points. The loss is NaN."),
        ("doubt", 3, (0.97,), "1 of at most 3 runs: no threshold that gives more is within the error. Accuracy 97"),
        ("doubt", 3, (0.896, 0.93), "2 of at most 3 runs with different seeds: 89.60 %, 93.00 %. The best "
         "counts; it was "
         "run again because a threshold that gives more was within the error. Accuracy 93.00 % on"),
        ("best", 1, (0.93,), "Accuracy 93.00 % on"),
    ],
)  # fmt: skip
def test_the_message_tells_all_runs_and_which_counts(rule, k, values, begins):
    """First the runs and the rule, then the sentence of the run that counts."""
    message = points(over_seeds(Script(*values), generator(), k=k, rule=rule), STEPS)[1]

    assert message.startswith(begins)


@pytest.mark.parametrize(
    ("rule", "missing", "chance", "one_in"),
    [
        ("best", 0.8, 0.01, 1e10),
        ("median", 0.8, 0.01, 101_500),
        ("all", 0.8, 0.01, 20.4),
        ("doubt", 0.899, 0.01, 1e10),
        ("doubt", 0.8, 0.01, 100),
        ("doubt", 0.899, 0.99, 1.0515),  # 1 in 20.4 gets through
        ("median", 0.8, 0.99, 1.00001),
    ],
)
def test_the_chances_of_missing_are_those_of_the_manual(rule, missing, chance, one_in):
    """Summed over all outcomes of five independent runs, each missing the threshold with this chance."""
    total = 0.0
    for misses in product([True, False], repeat=5):
        script = Script(*(missing if miss else 0.95 for miss in misses))
        if points(over_seeds(script, generator(), k=5, rule=rule), {0.9: 1.0})[0] == 0:
            total += math.prod(chance if miss else 1 - chance for miss in misses)

    assert 1 / total == pytest.approx(one_in, rel=1e-3)


def test_losses_count_the_other_way():
    """The best loss is the lowest."""
    train = Script(0.5, 0.1, 0.3, measure=loss)
    fraction, message = points(over_seeds(train, generator(), k=3, rule="median"), {0.2: 1.0, 0.4: 0.5})

    assert fraction == 0.5
    assert message == "3 runs with different seeds: 0.5, 0.1, 0.3. The median counts. Loss 0.3; less than 0.4 was " + (
        "asked; less than 0.2 gives more."
    )


class Stand:
    """A student's stand-in that notes its seeds."""

    def __init__(self):
        self.numbers = []

    def seed(self, number):
        self.numbers.append(number)


def drawn(rng, student=None, k=3):
    """The first number of each run's generator."""
    seen = []

    def train(own):
        seen.append(int(own.integers(1 << 62)))
        return Measurement(0.5, N)

    trainings = over_seeds(train, rng, k=k, rule="best", student=student)
    points(trainings, {0.9: 1.0})
    return seen, trainings


def test_every_run_has_its_own_seed_and_the_same_in_every_grading():
    """Runs differ from each other and from the check's generator; grading again, or asking again, repeats them."""
    student = Stand()
    seen, trainings = drawn(generator(7), student)
    own = int(generator(7).integers(1 << 62))
    points(trainings, {0.9: 1.0})

    assert len({*seen[:3], own, *student.numbers[:3]}) == 7
    assert seen[3:] == seen[:3]
    assert student.numbers[3:] == student.numbers[:3]
    assert drawn(generator(7))[0] == seen[:3]
    assert drawn(generator(8))[0] != seen[:3]


def test_the_checks_own_numbers_stay_the_same():
    """Deriving seeds takes nothing from the generator, and a second time derives other ones."""
    rng = generator(7)
    first = drawn(rng)[0]

    assert drawn(rng)[0] != first
    assert rng.integers(1 << 62) == generator(7).integers(1 << 62)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: over_seeds(Script(), generator(), rule="mean"), "over_seeds(rule='mean'): give 'best', "
         "'median', 'all' or 'doubt'."),
        (lambda: over_seeds(Script(), generator(), k=0), "over_seeds needs at least one run, not k=0."),
        (lambda: over_seeds(Script(), generator(), k=4), "over_seeds(k=4, rule='median') has no run in the "
         "middle; give "
         "an odd k."),
        (lambda: over_seeds(Script(), 5), "Seeds are derived from a numpy Generator, such as the `rng` that a check "
         "asks for."),
        (lambda: over_seeds(Script(0.5), generator()).points_at({}), "points_at needs at least one threshold, such as "
         "{0.9: 1.0}."),
        (lambda: over_seeds(lambda rng: 0.9, generator()).points_at(STEPS), "The function given to over_seeds "
         "returned a "
         "float; it must return a Measurement, such as accuracy(...)."),
        (lambda: over_seeds(Script(), generator(), rule="doubt").points_between(0, 1), "over_seeds(rule='doubt') needs "
         "thresholds: ask points_at, or take another rule."),
    ],
)  # fmt: skip
def test_what_an_instructor_got_wrong_is_said(call, sentence):
    """Mistakes of the check, before a student is blamed."""
    with pytest.raises(InstructorError) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_students_unlucky_initialisation_is_forgiven_by_the_median():
    """One diverged run of three, which gives NaN for labels, does not cost the points."""
    y = np.arange(40) % 2
    runs = iter([y, np.full(40, np.nan), y])
    fraction, message = points(over_seeds(lambda rng: accuracy(next(runs), y), generator(), k=3), {0.9: 1.0})

    assert fraction == 1.0
    assert message.startswith("3 runs with different seeds: 100.00 %, 0.00 %, 100.00 %. The median counts.")


def test_calibration_hears_the_first_of_several_runs() -> None:
    """Its value varies from run to run; the threshold counts as passed when any run passed it."""
    values = iter([0.5, 0.95])
    credit = over_seeds(
        lambda rng: Measurement(next(values), 1000), np.random.default_rng(0), k=3, rule="best"
    ).points_at({0.9: 1.0})
    (heard,) = credit.measured
    assert (heard.value, heard.tries) == (0.5, 3)
    assert [(each.value, each.passed) for each in heard.thresholds] == [(0.9, True)]


def test_calibration_hears_of_runs_that_all_fell() -> None:
    """The failure carries what was measured, too."""
    trainings = over_seeds(lambda rng: Measurement(0.5, 1000), np.random.default_rng(0), k=2, rule="best")
    with pytest.raises(CheckFailed) as caught:
        trainings.points_at({0.9: 1.0})
    (heard,) = caught.value.measured
    assert (heard.value, heard.tries, heard.thresholds[0].passed) == (0.5, 2, False)


def test_alarms_of_all_runs_are_kept() -> None:
    """A run that is too good to be true is shown to staff, also where another run counts."""
    values = iter([0.999, 0.95, 0.96])
    credit = over_seeds(lambda rng: Measurement(next(values), 1000), generator(), k=3, rule="median").points_at(
        {0.97: 1.0, 0.9: 0.5}, implausible=0.99
    )

    assert credit.fraction == 0.5
    assert [each.startswith("Accuracy 99.90 % on 1,000 samples") for each in credit.alarms] == [True]
