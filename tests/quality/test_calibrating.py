"""How fair thresholds are: exact intervals, the fit of a tail, trials that are kept, and what calibrate prints."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import refused, run
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import CONFIG

from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Check
from autograder.checks import Credit, Measured, Measurement, Threshold, accuracy, loss
from autograder.checks.errors import CheckFailed, UsageError
from autograder.loader import load
from autograder.quality.calibration import (
    SHARES,
    FalsePass,
    Row,
    Trial,
    Trials,
    cheapest,
    false_passes,
    formatting,
    rows,
    takes_share,
)
from autograder.quality.calibration.rates import touched
from autograder.quality.calibration.statistics import Judgement, fit, interval, judge, normal_tail, tail_at_most
from autograder.quality.calibration.trials import _measured
from autograder.quality.mutation import generate

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# A score of 0.5 and a normal deviation of 0.05: below 0.6 - 0.05 k in a known share of runs.
NOISY = '''
"""Noise."""
from autograder import Assignment
from autograder.checks import Credit, Measurement, same
from dataclasses import replace

assignment = Assignment("Noise", files=["noisy.py"])
one = assignment.question("Score", id="a", solution="score")
two = assignment.question("Plain", id="b", solution="score")

@one.check(points=2, hidden=True)
def scores(student, rng, share):
    """The score is good."""
    value = student.score(float(rng.normal())) - 0.2 * (1 - share)
    found = Measurement(value, 0, "score", (value, value), percent=False)
    return replace(found, run=f"{share:g} of 8 epochs").points_at({0.45: 0.5, 0.15: 1.0})

@two.check(points=1)
def is_a_number(student):
    """A score is a number."""
    same(student.score(0.0), 0.5, name="score")
'''
NOISY_REFERENCE = '''
"""Noise."""


def score(noise):
    """Return a score."""
    ### BEGIN SOLUTION
    return 0.5 + 0.05 * noise
    ### END SOLUTION
'''


def make_noisy(root: Path, assignment: str = NOISY, reference: str = NOISY_REFERENCE) -> Path:
    """A course with one assignment, `noisy`."""
    files = {
        "grader_config.py": CONFIG.replace("tiny", "noisy"),
        "assignments/noisy/assignment.py": assignment,
        "reference/noisy/noisy.py": reference,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The noisy course."""
    return make_noisy(tmp_path / "course")


@pytest.fixture
def check() -> Check:
    """A check of nothing, that takes `share`."""
    assignment = Assignment("T", files=[])

    @assignment.question("Q", id="q").check(points=1, hidden=True)
    def learns(student, share):
        """It learns."""

    return assignment.checks[0]


def trial(number: int, value: float | None, *, code: str = "reference", share: float = 1.0, **changed: object) -> Trial:
    """A trial of `learns` that measured an accuracy against 0.5 (half) and 0.9 (all); None: it raised."""
    thresholds = () if value is None else (Threshold(0.5, 0.5, value > 0.5), Threshold(0.9, 1.0, value > 0.9))
    measured = () if value is None else (Measured("accuracy", value, 1000, True, True, thresholds, "8 epochs"),)
    made = Trial("learns", code, share, number, "PASSED" if measured else "RAISED", share, share, measured)
    return replace(made, **changed)


@pytest.fixture
def trials(tmp_path: Path) -> Trials:
    """Twelve runs about 97 %, none far off."""
    stored = Trials(tmp_path / "runs.jsonl")
    for number, value in enumerate(np.random.default_rng(0).normal(0.97, 0.004, size=12)):
        stored.keep(trial(number, float(value)))
    return stored


# --- counts ---


@given(COUNTS)
def test_the_interval_holds_the_share_and_stays_between_0_and_1(count):
    """Low end <= k / n <= high end."""
    k, n = count
    low, high = interval(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert (low == 0) == (k == 0)
    assert (high == 1) == (k == n)


@given(COUNTS)
def test_the_interval_of_the_others_is_the_mirror(count):
    """What k of n say of passing, n - k of n say of failing."""
    k, n = count
    low, high = interval(k, n)
    assert interval(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(COUNTS)
def test_the_interval_moves_up_with_the_count_and_shrinks_with_confidence(count):
    """One more of as many runs moves both ends up; less confidence brings them together."""
    k, n = count
    low, high = interval(k, n)
    if k < n:
        assert interval(k + 1, n) >= (low, high)
        assert interval(k + 1, n)[1] >= high
    closer = interval(k, n, 0.5)
    assert low <= closer[0] <= closer[1] <= high


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.3084971), (3, 10, 0.0667395, 0.6524529), (50, 100, 0.3983211, 0.6016789), (0, 1, 0.0, 0.975)],
)
def test_intervals_of_tables(k, n, low, high):
    """Values of Clopper and Pearson's interval found elsewhere."""
    assert interval(k, n) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 3), (4, 3), (0, 0)])
def test_what_is_no_count_is_refused(k, n):
    """More than all, less than none, or none at all."""
    with pytest.raises(ValueError, match=f"{k} of {n} is no count"):
        interval(k, n)


@pytest.mark.parametrize("p", [0.02, 0.3])
def test_the_interval_is_right_95_times_of_100(p):
    """It holds the true probability in at least 95 % of all outcomes, weighted as they come."""
    n = 40
    chance = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    held = sum(c for k, c in enumerate(chance) if interval(k, n)[0] <= p <= interval(k, n)[1])
    assert held >= 0.95


# --- the fit ---


def test_the_tail_of_a_normal_distribution():
    """Known values of the standard normal."""
    assert normal_tail(0) == 0.5
    assert normal_tail(1.959964) == pytest.approx(0.025, rel=1e-6)
    assert normal_tail(5) == pytest.approx(2.866516e-7, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "k", "tail"), [(10, 2.911, 0.05), (20, 2.396, 0.05), (50, 2.065, 0.05), (10, 3.981, 0.01), (100, 2.684, 0.01)]
)
def test_the_upper_limit_of_the_tail_is_that_of_tolerance_factors(n, k, tail):
    """Tables of one-sided tolerance factors (95 % confidence) give k for n runs and a tail."""
    assert tail_at_most(k, n) == pytest.approx(tail, rel=3e-3)


@settings(deadline=None, max_examples=25)
@given(st.floats(-3, 8), st.integers(2, 200))
def test_few_runs_are_never_surer_than_the_estimate(deviations, n):
    """The upper limit lies above the estimate, and comes down to it with more runs."""
    assert tail_at_most(deviations, n) >= normal_tail(deviations)
    assert tail_at_most(deviations, 2 * n) <= tail_at_most(deviations, n) * (1 + 1e-6)


def test_one_run_has_no_spread():
    """Two are the fewest."""
    with pytest.raises(ValueError, match="two runs"):
        tail_at_most(1.0, 1)


def test_a_fit_finds_the_tail_of_what_it_was_drawn_from():
    """A thousand normal numbers, 2 deviations above: about 2.3 % by the fit, and its limit a little more."""
    found = fit(np.random.default_rng(1).normal(2, 1, size=1000), 0.0)

    assert found.scale == "plain"
    assert found.probability == pytest.approx(0.02275, rel=0.3)
    assert found.probability < found.at_most < 2 * found.probability
    assert found.any_distribution == pytest.approx(0.2, abs=0.02)
    assert found.normal > 0.01
    assert abs(found.skewness) < 0.3


@pytest.mark.parametrize("transform", [lambda x: x, lambda x: 10 * x + 3])
def test_a_fit_does_not_depend_on_the_unit(transform):
    """Shifted and stretched numbers have the same tail."""
    x = np.random.default_rng(2).normal(5, 1, size=30)
    was, now = fit(x, 1.0), fit(transform(x), transform(1.0))

    assert now.probability == pytest.approx(was.probability)
    assert now.worst == pytest.approx(was.worst)


def test_a_loss_is_the_mirror_of_a_score():
    """What is lower when better falls above the threshold."""
    x = np.random.default_rng(3).normal(-5, 1, size=30)

    assert fit(x, -1.0, higher_is_better=False).probability == pytest.approx(fit(-x, 1.0).probability)


@pytest.mark.parametrize(
    ("values", "threshold", "named", "scale"),
    [
        ([0.9, 0.95, 1.0], 0.5, {"percent": True, "n": 100}, "logit"),
        ([0.9, 0.95, 1.0], 0.5, {"percent": True}, "logit"),
        ([-0.1, 0.95, 1.0], 0.2, {"percent": True}, "plain"),
        ([0.1, 0.2, 0.3], 1.0, {"higher_is_better": False}, "log"),
        ([0.0, 0.2, 0.3], 1.0, {"higher_is_better": False}, "plain"),
        ([0.1, 0.2, 0.3], 0.0, {}, "plain"),
    ],
)
def test_the_scale_suits_the_number(values, threshold, named, scale):
    """Fractions by their odds, positive losses by logarithms, all else as it is; always finite."""
    found = fit(values, threshold, **named)

    assert found.scale == scale
    assert math.isfinite(found.deviations)
    assert found.deviations > 0


def test_a_long_tail_towards_the_threshold_widens_the_fit():
    """The same numbers mirrored, tail away from the threshold, are believed to be safer."""
    x = np.random.default_rng(4).gamma(1.0, size=200)
    tail_away, tail_towards = fit(x + 3, 0.0), fit(2 * x.mean() - x + 3, 0.0)

    assert tail_towards.probability > 10 * tail_away.probability
    assert tail_towards.skewness == pytest.approx(-tail_away.skewness)
    assert tail_towards.normal < 0.01
    assert judge(0, 200, tail_towards, 1e-2).word == "look"


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [1.0, 1.0, 1.0, 1.0], [0.0] * 4, [1.0, 1 + 1e-15, 1.0]])
def test_there_is_no_fit_without_a_spread(values):
    """Fewer than three numbers, or ones that differ by rounding alone."""
    assert fit(values, 0.0) is None


@pytest.mark.parametrize(
    ("deviations", "said"),
    [(4.25, "4.2"), (-3.0, "-3.0"), (1089476508173105.9, "more than 1000"), (-1e9, "less than -1000")],
)
def test_a_distance_without_meaning_is_reported_as_a_bound(deviations, said):
    """Beyond a thousand standard deviations no digits are printed."""
    assert formatting.far(deviations) == said


@pytest.mark.long
def test_normality_is_doubted_about_as_often_as_it_says():
    """Of 200 normal samples some 1 in 20 has p < 0.05; of uniform and bimodal ones most."""
    rng = np.random.default_rng(5)
    normal = [fit(rng.normal(9, 1, size=40), 0).normal for _ in range(200)]
    two_humps = [fit(rng.choice([5, 9], size=40) + rng.normal(size=40) / 4, 0).normal for _ in range(20)]

    assert 1 <= sum(p < 0.05 for p in normal) <= 22
    assert max(two_humps) < 0.01
    assert fit(np.r_[np.zeros(500), 1e9] + np.arange(501), -1).normal == 0


# --- the judgement ---


def drawn(deviations: float, n: int = 40, seed: int = 6):
    """A fit of n numbers that lie just that many deviations from the threshold."""
    x = np.random.default_rng(seed).normal(size=n)
    x = (x - x.mean()) / x.std(ddof=1)
    return fit(x + deviations, 0.0)


@pytest.mark.parametrize(
    ("fell", "n", "fitted", "same", "word", "why"),
    [
        (0, 100_000, None, False, "ok", "counted"),
        (1, 40, drawn(9), False, "too tight", "1 of 40 fell"),
        (0, 5, drawn(9), False, "more runs", "fewer than 8 runs allow no fit"),
        (0, 40, None, True, "ok", "it came out the same in every run"),
        (0, 40, None, False, "more runs", "too few of them gave a number"),
        (0, 40, drawn(3), False, "too tight", "by the fit"),
        (0, 40, drawn(4.2), False, "more runs", "too few to be sure of the fit"),
        (0, 40, drawn(9), False, "ok", "by the fit"),
        (0, 40, replace(drawn(9), worst=0.4), False, "look", "the worst run came within one standard deviation"),
        (0, 40, replace(drawn(9), normal=1e-3, skewness=-1), False, "look", "not normal, with the longer tail"),
        (0, 40, replace(drawn(9), normal=1e-3, skewness=1), False, "ok", "by the fit"),
        (0, 0, None, False, "more runs", "fewer than 8 runs allow no fit"),
    ],
)
def test_every_judgement_has_its_reason(fell, n, fitted, same, word, why):
    """The count decides before the fit, and a fit that is not to be believed never says ok."""
    found = judge(fell, n, fitted, 1e-4, same=same)

    assert found.word == word
    assert found.why.startswith(why)


# --- what checks tell ---


def test_credits_and_failures_carry_what_was_measured():
    """Value, thresholds and which were passed, in both ways to points."""
    half = replace(accuracy([1, 1, 0, 0], [1, 1, 1, 1], name="acc"), run="3 epochs").points_at({0.9: 1.0, 0.4: 0.5})
    assert half.measured == (
        Measured("acc", 0.5, 4, True, True, (Threshold(0.9, 1.0, False), Threshold(0.4, 0.5, True)), "3 epochs"),
    )
    with pytest.raises(CheckFailed) as failed:
        accuracy([0, 0], [1, 1]).points_at({0.9: 1.0})
    assert [each.thresholds for each in failed.value.measured] == [(Threshold(0.9, 1.0, False),)]
    between = loss(0.7).points_between(2.3, 0.3)
    assert between.measured == (
        Measured("loss", 0.7, 0, False, False, (Threshold(2.3, 0.0, True), Threshold(0.3, 1.0, False))),
    )
    assert loss(0.2).points_between(2.3, 0.3).measured[0].thresholds[1].passed
    with pytest.raises(CheckFailed) as failed:
        loss(3.0).points_between(2.3, 0.3)
    assert not any(each.passed for each in failed.value.measured[0].thresholds)


def test_with_benefit_of_doubt_the_end_of_the_interval_decides():
    """The number that is held against the threshold is the better end, and it passed."""
    measured = Measurement(0.896, 10_000)
    (doubted,) = measured.points_at({0.9: 1.0}, benefit_of_doubt=True).measured
    assert doubted.value == measured.high
    assert doubted.thresholds[0].passed
    lower = Measurement(0.104, 10_000, "error", higher_is_better=False)
    assert lower.points_at({0.1: 1.0}, benefit_of_doubt=True).measured[0].value == lower.low


def test_what_was_measured_is_plain_and_makes_no_difference_between_credits():
    """numpy's numbers become Python's, and a credit equals one without."""
    credit = Measurement(np.float32(0.5), np.int64(4)).points_at({np.float32(0.25): np.float32(1)})
    (measured,) = credit.measured
    assert [type(x) for x in (measured.value, measured.n, measured.thresholds[0].value)] == [float, int, float]
    assert type(measured.thresholds[0].passed) is bool
    assert credit == Credit(1.0, credit.message)
    assert "measured" not in repr(credit)


def test_a_failure_in_a_sentence_of_its_own_is_heard_all_the_same():
    """The first failure is the context of the second, also when it is raised from None."""

    def check():
        try:
            accuracy([0], [1]).points_at({0.9: 1.0})
        except CheckFailed as error:
            raise CheckFailed(f"After 3 epochs: {error}") from None

    with pytest.raises(CheckFailed) as failed:
        check()
    assert failed.value.measured == ()
    assert [each.name for each in _measured(failed.value)] == ["accuracy"]
    assert _measured(CheckFailed("no")) == ()
    assert _measured(None) == ()
    assert str(CheckFailed("no", measured=failed.value.measured)) == "no"


# --- trials that are kept ---


def test_trials_are_read_as_they_were_written(tmp_path: Path, trials: Trials):
    """Also NaN and infinity, and in the order of their numbers."""
    trials.keep(trial(13, math.inf))
    trials.keep(replace(trial(12, None), said="It raised µ."))
    again = Trials(trials.path)

    assert again.known == trials.known
    assert [each.number for each in again.of("learns")] == list(range(14))
    assert again.of("learns", share=0.5) == []


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_that_a_crash_cut_off_is_left_out(trials: Trials, cut: int):
    """The other lines stay, and what is kept next stands on a line of its own."""
    trials.path.write_bytes(trials.path.read_bytes()[:-cut])
    again = Trials(trials.path)
    known = len(again.known)
    assert known == 12 - (cut > 1)
    again.keep(trial(99, 0.98))

    assert len(Trials(trials.path).known) == known + 1


# --- rows ---


def test_a_row_for_each_threshold(check: Check, trials: Trials):
    """The highest credit first, each with its count, its fit and what the runs cost."""
    whole, half = rows(check, trials, 1.0, 1e-4)

    assert [row.threshold.value for row in (whole, half)] == [0.9, 0.5]
    assert (whole.n, whole.fell, len(whole.values), whole.seconds) == (12, 0, 12, 1.0)
    assert whole.counted == pytest.approx((0, 0.2646485))
    assert whole.worst == min(whole.values)
    assert half.judgement == Judgement("ok", "by the fit")
    assert half.fit.probability < whole.fit.probability


def test_a_run_without_a_number_fell(check: Check, trials: Trials):
    """An error or a limit is a false fail, too; a skipped or lost run is none."""
    trials.keep(trial(20, None))
    trials.keep(trial(21, None, verdict="SKIPPED"))
    trials.keep(trial(22, None, verdict="INTERNAL"))
    row = rows(check, trials, 1.0, 1e-4)[0]

    assert (row.n, row.fell, len(row.values)) == (13, 1, 12)
    assert row.judgement.word == "too tight"


def test_values_that_are_no_numbers_are_counted_but_not_fitted(check: Check, trials: Trials):
    """NaN falls; the fit goes on without it."""
    before = rows(check, trials, 1.0, 1e-4)[0]
    trials.keep(trial(20, math.nan))
    row = rows(check, trials, 1.0, 1e-4)[0]

    assert (row.n, row.fell) == (13, 1)
    assert row.fit == before.fit


def test_thresholds_that_change_from_run_to_run_are_fitted_by_the_distance(check: Check, tmp_path: Path):
    """Such as one that a check takes from the reference's own value."""
    trials = Trials(tmp_path / "runs.jsonl")
    pairs = np.random.default_rng(7).normal([0.9, 0.5], 0.01, size=(20, 2))
    for number, (value, threshold) in enumerate(pairs):
        thresholds = (Threshold(float(threshold), 1.0, bool(value > threshold)),)
        trials.keep(trial(number, None, measured=(Measured("a", float(value), 9, True, True, thresholds),)))
    (row,) = rows(check, trials, 1.0, 1e-4)

    assert row.fit.scale == "plain"
    assert row.fit == fit(pairs[:, 0] - pairs[:, 1], 0.0)


def test_a_measurement_that_a_run_did_not_reach_is_no_fall(check: Check, tmp_path: Path):
    """A check that falls at its first measurement says nothing of the second."""
    trials = Trials(tmp_path / "runs.jsonl")
    first = Measured("first", 0.9, 9, True, True, (Threshold(0.5, 1.0, True),))
    second = Measured("second", 0.8, 9, True, True, (Threshold(0.5, 1.0, True),))
    trials.keep(trial(0, None, measured=(first, second)))
    trials.keep(trial(1, None, measured=(replace(first, value=0.1, thresholds=(Threshold(0.5, 1.0, False),)),)))

    assert [(row.measured.name, row.n, row.fell) for row in rows(check, trials, 1.0, 1e-4)] == [
        ("first", 2, 1),
        ("second", 1, 0),
    ]


def test_a_value_that_is_always_the_same_is_as_sure_as_runs_can_show(check: Check, tmp_path: Path):
    """No spread, no fit, no false pass."""
    trials = Trials(tmp_path / "runs.jsonl")
    for number in range(10):
        trials.keep(trial(number, 0.95))

    assert rows(check, trials, 1.0, 1e-4)[0].judgement == Judgement("ok", "it came out the same in every run")


def test_no_runs_no_rows(check: Check, tmp_path: Path):
    """Nothing is said of what was not tried."""
    assert rows(check, Trials(tmp_path / "none"), 1.0, 1e-4) == ()


# --- cheaper runs, mutants ---


def test_the_cheapest_run_is_the_last_that_is_fair(check: Check, trials: Trials):
    """Half is fair, a quarter is not, and what lies beyond is not asked."""
    rng = np.random.default_rng(8)
    for share, mean in ((0.5, 0.965), (0.25, 0.91), (0.125, 0.99)):
        for number, value in enumerate(rng.normal(mean, 0.004, size=12)):
            trials.keep(trial(number, float(value), share=share))
    found = cheapest(check, trials, SHARES, 1e-2, tried=True)

    assert (found.share, found.run, found.seconds) == (0.5, "8 epochs", 0.5)
    assert cheapest(check, trials, SHARES, 1e-300, tried=True) is None


def test_what_a_check_needs_may_take_the_share():
    """The training may stand in a check of its own."""
    assignment = Assignment("T", files=[])
    question = assignment.question("Q", id="q")

    @question.check(points=1, hidden=True)
    def trains(student, share):
        """It trains."""

    @question.check(points=1, hidden=True, needs=trains)
    def is_good(trains):
        """It is good."""

    @question.check(points=1)
    def is_there(student):
        """It is there."""

    assert [takes_share(assignment, check) for check in assignment.checks] == [True, True, False]


def test_mutants_are_sorted_by_their_false_pass_rate(check: Check, trials: Trials):
    """Untouched, always, never, by chance (counted or fitted), and too few to tell."""
    reference = [each.measured[0].value for each in trials.of("learns")]
    for code, values in {
        "same": reference[:3],
        "always": [0.95, 0.96, 0.97],
        "never": [0.1, 0.11, 0.12],
        "raises": [None, None, None],
        "sometimes": [0.91, 0.85, 0.92],
        "close": [0.88, 0.89, 0.885],
        "few": [0.2],
    }.items():
        for number, value in enumerate(values):
            trials.keep(trial(number, value, code=code))
    trials.keep(trial(0, None, code="lost", verdict="INTERNAL"))
    row = rows(check, trials, 1.0, 1e-4)[0]
    codes = ["same", "always", "never", "raises", "sometimes", "close", "few", "lost", "not run"]
    found = {each.mutant: each for each in false_passes(row, trials, codes, 1e-4)}

    kinds = ["untouched", "always", "never", "never", "by chance", "by chance", "unjudged"]
    assert [each.kind for each in found.values()] == kinds
    assert found["sometimes"].passed == 2
    assert found["never"].probability < 1e-9
    assert found["close"].probability > 1e-4
    assert found["raises"].probability is None
    head, lines = formatting.false_pass_text(list(found.values()))
    assert head == (
        "1 do not touch it, 1 pass every time (another check must catch them), 2 never come near, "
        "1 ran too seldom to tell, 2 may pass by chance"
    )
    assert lines[0].startswith("sometimes: 2 of 3 passed, so 9.4 % to 99 % do, by the fit ")
    assert not touched(check, trials, "same")
    assert touched(check, trials, "raises")


def test_a_long_list_of_lucky_mutants_is_cut():
    """Twelve, and how many more."""
    many = [FalsePass(f"m{k}", 1, 5, None, "by chance") for k in range(15)]
    _, lines = formatting.false_pass_text(many)

    assert len(lines) == 13
    assert lines[0] == "m0: 1 of 5 passed, so 0.51 % to 72 % do".replace("0.51 %", formatting.likely(interval(1, 5)[0]))
    assert lines[-1] == "and 3 more"


# --- what is printed ---


@pytest.mark.parametrize(
    ("probability", "text"),
    [(1, "100 %"), (0.5, "50 %"), (0.021, "2.1 %"), (0.01, "1 %"), (0.003, "3e-03"), (1e-120, "0"), (0, "0")],
)
def test_probabilities_are_short(probability, text):
    """Per cent, then powers of ten."""
    assert formatting.likely(probability) == text


def test_a_row_is_reported_with_what_it_rests_on(check: Check, trials: Trials):
    """Verdict, count, fit, limit, shape and the bound of any distribution."""
    row = rows(check, trials, 1.0, 1e-4)[0]
    text = formatting.row_text(row)

    assert text.startswith("more than 90 % (all points): ")
    assert "0 of 12 runs fell, so 0 to 26 % do" in text
    assert re.search(r"normal on a logit scale: \S+, at most \S+; [\d.]+ deviations off", text)
    assert "skewness" in text
    assert "any distribution: " in text
    assert formatting.row_text(replace(row, fit=None)).count("\n") == 0
    assert formatting.reward(replace(row, threshold=Threshold(0.5, 0.0, True))) == "the first points"
    lower = replace(row, measured=replace(row.measured, higher_is_better=False, percent=False))
    assert formatting.expected(lower) == "less than 0.9"


def test_the_histogram_shows_values_and_thresholds(check: Check, trials: Trials):
    """From the lowest to the highest number, a bar where the thresholds lie."""
    row = rows(check, trials, 1.0, 1e-4)[0]
    line = formatting.blocks(row, [0.9, 0.5])

    assert line.startswith("50.0 % |")
    assert line.count("|") == 2
    assert "█" in line
    assert formatting.blocks(replace(row, values=(0.5, 0.5)), [0.5]) == "50.0 % in every run"
    assert formatting.blocks(replace(row, values=()), [0.5]) == ""


def row_of(check: Check, trials: Trials) -> tuple[Row, ...]:
    """Both rows."""
    return rows(check, trials, 1.0, 1e-4)


def test_the_page_gets_every_threshold_the_cheapest_run_and_the_mutants(check: Check, trials: Trials):
    """Three tables in Markdown, each row as wide as its head."""
    found = row_of(check, trials)
    trials.keep(trial(0, 0.1, code="m"))
    by_chance = [false_passes(row, trials, ["m"], 1e-4) for row in found]
    cheap = [("learns", cheapest(check, trials, (), 1e-2, tried=True)), ("other", None)]
    text = formatting.markdown("Title:", found, cheap, by_chance, 1e-4)

    first, second, third = (part.splitlines() for part in text.partition("\n\n")[2].split("\n\n"))
    for table in (first, second, third):
        assert len({line.count("|") for line in table}) == 1
    assert first[2].startswith("| `learns` (8 epochs) | accuracy: more than 90 % | all points | 12 | 9")
    assert second[2] == "| `learns` | all of it (8 epochs) | 1.0 |"
    assert second[3] == "| `other` | not shown for any |  |"
    assert "under 1 in 10,000" in second[0]
    assert third[2] == "| `learns` | more than 90 % | 1 ran too seldom to tell |"


def test_a_page_takes_the_tables_between_its_comments(tmp_path: Path):
    """Only what stands between the comments of that name changes, and again the same way."""
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- calibrate x y -->\nold\n<!-- /calibrate -->\nb\n<!-- calibrate z -->\n<!-- /calibrate -->\n"
    )
    for _ in range(2):
        formatting.put_into(page, "x y", "new")

    assert page.read_text() == (
        "a\n<!-- calibrate x y -->\n\nnew\n\n<!-- /calibrate -->\nb\n<!-- calibrate z -->\n<!-- /calibrate -->\n"
    )
    with pytest.raises(UsageError, match="has no lines '<!-- calibrate q -->' and '<!-- /calibrate -->'"):
        formatting.put_into(page, "q", "new")
    with pytest.raises(UsageError, match="name a page with --into"):
        formatting.put_into(tmp_path / "none.md", "q", "new")


def test_pictures_are_drawn(check: Check, trials: Trials, tmp_path: Path):
    """One for a measurement, with the check's name and its thresholds in it."""
    (path,) = formatting.plot(row_of(check, trials), tmp_path)

    assert path == tmp_path / "learns.svg"
    assert path.read_text("utf-8").startswith("<?xml")


# --- the command ---


@pytest.mark.long
def test_a_noisy_check_is_found_as_noisy_as_it_is(course: Path, tmp_path: Path):
    """A threshold one deviation below the mean is fallen under in about 16 % of the runs; one at 7 never.

    Runs are kept, so the second call makes none; the page gets the same tables.
    """
    out, page = tmp_path / "out", tmp_path / "page.md"
    page.write_text("<!-- calibrate noisy no data -->\n<!-- /calibrate -->\n")
    call = ("calibrate", "noisy", "--seconds", "60", "--runs", "40", "--mutants", "2", "--out", out)
    done = run(*call, cwd=course)
    assert done.returncode == 1, done.stderr
    assert "scores: score, 1 of 8 epochs; 40 runs of" in done.stdout
    (fell,) = re.findall(r"more than 0.45 \(50 % of the points\): too tight .*; (\d+) of 40 runs fell", done.stdout)
    assert interval(int(fell), 40, 0.999)[0] < normal_tail(1) < interval(int(fell), 40, 0.999)[1]
    assert re.search(r"more than 0.15 \(all points\): ok \(by the fit\); 0 of 40 runs fell", done.stdout)
    assert "No run is shown yet to be fair with a false-fail rate under 1 in 10,000." in done.stdout
    assert "mutants: " in done.stdout
    assert (out / "scores.svg").is_file()
    (stored,) = out.glob("noisy-*.jsonl")
    before = stored.read_bytes()
    assert {json.loads(line)["check"] for line in before.splitlines()} == {"scores", "is_a_number"}

    again = run(*call, "--into", page, "--markdown", cwd=course)
    assert stored.read_bytes() == before
    assert again.returncode == 1
    assert again.stdout.strip() in page.read_text("utf-8")
    assert re.search(r"\| score: more than 0.45 \| 50 % of the points \| 40 \| 0\.\d+ ± 0\.0\d+ \|", again.stdout)


@pytest.mark.long
def test_the_same_runs_give_the_same_numbers(course: Path, tmp_path: Path):
    """The seed of a run is its number, whichever job makes it."""
    values = []
    for name, jobs in (("one", "1"), ("two", "2")):
        out = tmp_path / name
        call = ("--only", "a", "--runs", "3", "--mutants", "0", "--jobs", jobs, "--out", out)
        assert run("calibrate", "noisy", "--seconds", "60", *call, cwd=course).returncode in (0, 1)
        (stored,) = out.glob("*.jsonl")
        lines = map(json.loads, stored.read_text("utf-8").splitlines())
        values.append({each["number"]: each["measured"][0]["value"] for each in lines if each["share"] == 1})

    assert values[0] == values[1]
    assert len(set(values[0].values())) == len(values[0])


@pytest.mark.long
def test_stopping_loses_nothing(course: Path, tmp_path: Path):
    """Ctrl-C prints what is known so far; the next call continues from there."""
    out = tmp_path / "out"
    call = ("calibrate", "noisy", "--only", "a", "--mutants", "0", "--out", str(out))
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *call, "--seconds", "100", "--runs", "100000"],
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and sum(len(path.read_bytes().splitlines()) for path in out.glob("*.jsonl")) < 20:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, complaint = process.communicate(timeout=300)
    assert process.returncode == 130, complaint
    assert "Stopped; what was finished is kept, and the same command goes on from here." in printed
    assert "more than 0.15 (all points)" in printed
    (stored,) = out.glob("*.jsonl")
    before = stored.read_bytes()

    assert run(*call, "--seconds", "2", cwd=course).returncode in (0, 1)
    assert stored.read_bytes().startswith(before)
    assert len(stored.read_bytes()) > len(before)


@pytest.mark.long
def test_a_course_without_thresholds_is_reported(tmp_path: Path):
    """Every check is tried once, and the sentence says what to write."""
    source = NOISY.partition("@one.check")[0] + "@two" + NOISY.partition("@two")[2]
    done = run("calibrate", "noisy", "--out", tmp_path / "out", cwd=make_noisy(tmp_path / "course", source))

    assert done.returncode == 0
    assert "No check measured anything against a threshold; end one with points_at or points_between" in " ".join(
        done.stdout.split()
    )


def test_a_reference_that_fails_a_check_without_thresholds_is_refused(tmp_path: Path):
    """One of the two is wrong, and the sentence names both."""
    root = make_noisy(tmp_path / "course", reference=NOISY_REFERENCE.replace("0.5 +", "0.6 +"))
    refused(
        run("calibrate", "noisy", "--out", tmp_path / "out", cwd=root),
        "The reference itself does not pass 'is_a_number' (FAILED: score is 0.6; expected 0.5.",
        "correct the reference or the check, then calibrate again",
    )


@pytest.mark.long
def test_a_check_that_does_not_work_is_refused(tmp_path: Path):
    """Its own error is reported, not counted as a false fail."""
    root = make_noisy(tmp_path / "course", NOISY.replace("student.score(float", "student.score(flot"))
    refused(
        run("calibrate", "noisy", "--out", tmp_path / "out", cwd=root),
        "The check 'scores' does not work with the reference:",
        "NameError",
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--only", "scorse"], ["no question or check is called 'scorse'", "did you mean 'scores'?"]),
        (["--limit", "wall=x"], ["is not NAME=NUMBER"]),
    ],
)
def test_wrong_calls_are_refused(course: Path, tmp_path: Path, arguments, parts):
    """What, and how to fix it."""
    refused(run("calibrate", "noisy", "--out", tmp_path / "out", *arguments, cwd=course), *parts)


@pytest.mark.long
def test_a_mutant_that_never_ends_is_cut(tmp_path: Path):
    """It gets a few times the reference's processor time, and counts as one that does not pass."""
    reference = NOISY_REFERENCE.replace(
        "    return 0.5 + 0.05 * noise", "    k = 0\n    while k < 3:\n        k += 1\n    return 0.5 + 0.05 * noise"
    )
    root = make_noisy(tmp_path / "course", reference=reference)
    hanging = {m.id for m in generate({"noisy.py": reference}) if "k -= 1" in m.source or "k += 0" in m.source}
    call = ("--only", "a", "--runs", "1", "--mutants", "8", "--out", tmp_path / "out", "--limit", "cpu_seconds=1")
    done = run("calibrate", "noisy", "--seconds", "60", *call, cwd=root)

    lines = [json.loads(line) for path in (tmp_path / "out").glob("*.jsonl") for line in path.read_text().splitlines()]
    cut = {line["code"] for line in lines if line["verdict"] == "TIME"}
    assert done.returncode in (0, 1), done.stderr
    assert hanging & cut
    assert hanging & {line["code"] for line in lines} <= cut
    assert len({line["code"] for line in lines}) == 9


def test_every_threshold_of_the_repository_takes_a_share():
    """The trainings of the back-propagation homework can be tried cheaper, down to the same number of steps."""
    root = Path(__file__).parents[2]
    loaded = load(root, "backprop")
    taking = [check.id for check in loaded.assignment.checks if takes_share(loaded.assignment, check)]
    assert taking == [
        "accuracy_with_rate_one_tenth",
        "accuracy_with_all_training_images",
        "accuracy_of_the_best_network",
    ]
    shortened = loaded.assignment.checks[-1].function.__globals__["shortened"]
    for train, epochs in ((50_000, 1), (10_000, 5), (1_000, 10), (50_000, 30)):
        assert shortened(train, epochs, 1.0) == (train, epochs)
        for share in SHARES:
            less, fewer = shortened(train, epochs, share)
            assert less * fewer == pytest.approx(share * train * epochs, rel=0.01)
            assert less <= train


def test_the_page_has_every_threshold_of_the_homework():
    """docs/fairness.md tells of each threshold that the embedded digits are judged by."""
    root = Path(__file__).parents[2]
    page = (root / "docs/fairness.md").read_text("utf-8")
    table = page.partition("<!-- calibrate backprop digits -->")[2].partition("<!-- /calibrate -->")[0]
    runs = load(root, "backprop").assignment.checks[-1].function.__globals__["RUNS"]
    stated = set(re.findall(r"^\| `(\w+)`.*: more than ([\d.]+)(?: %)? \| [^|]*points \|", table, re.MULTILINE))

    assert stated == {
        ("curves_tell_what_happened", "0.2"),
        ("accuracy_with_rate_one_tenth", f"{100 * runs['b', 'digits', False].passing:g}"),
        ("accuracy_with_all_training_images", f"{100 * runs['c', 'digits', False].passing:g}"),
        ("accuracy_of_the_best_network", f"{100 * runs['d', 'digits', False].passing:g}"),
        ("accuracy_of_the_best_network", f"{100 * runs['d', 'digits', False].improving:g}"),
    }


def test_the_best_of_several_trainings_is_judged_by_each() -> None:
    """All of three trainings must miss, so the rate of one is cubed; the reported value is the first one's."""
    values = [0.95, 0.94, 0.96, 0.93, 0.95, 0.94, 0.955, 0.945, 0.935, 0.95, 0.94, 0.952, 0.948, 0.93, 0.957]
    single = fit(values, 0.905, n=1000, higher_is_better=True, percent=True)
    assert single is not None
    best = single.of_best(3)
    assert best.probability == pytest.approx(single.probability**3)
    assert best.at_most == pytest.approx(single.at_most**3)
    assert judge(0, 15, single, 1e-4).word != "ok"
    assert judge(0, 15, best, 1e-4, tries=3).word == "ok"


def test_the_count_of_single_trainings_can_show_it() -> None:
    """One first training of 200 on the wrong side is at most 2.8 %, three in a row under 1 in 10,000."""
    assert judge(0, 200, None, 1e-4, tries=3, singly=1).word == "ok"
    assert judge(0, 200, None, 1e-4, tries=1, singly=0).word != "ok"
    assert judge(1, 200, None, 1e-4, tries=3, singly=20).word == "too tight"
