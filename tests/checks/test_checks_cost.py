"""One call's cost relative to another's: who is fast enough, who is too slow, and what the sentences say."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import Cost, close, faster_than, lighter_than
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.local.usage import Meter


def costing(*wall: float, cpu: float | None = None, mib: float | None = None, value: object = 1.0):
    """A call that gives a value and these seconds in turn, the last one forever."""
    calls = count()
    return lambda *given: (value, Cost(wall[min(next(calls), len(wall) - 1)], cpu, mib))


def says(call) -> str:
    """The sentence of a failure."""
    with pytest.raises(CheckFailed) as caught:
        call()
    return str(caught.value)


def test_fast_enough_gives_the_ratio():
    """Of the round that passed."""
    assert faster_than(costing(0.01), costing(0.25), factor=20) == pytest.approx(25)


def test_too_slow_tells_both_times_and_the_best_round():
    """With the names of both."""
    call, loops = costing(0.2, 0.031, 0.05), costing(0.21)

    assert says(lambda: faster_than(call, loops, factor=20, name="loss_vectorized", baseline_name="loss_naive")) == (
        "loss_vectorized took 31 ms and loss_naive 210 ms: 6.8 times faster; expected at least 20 times "
        "(best of 5 rounds)."
    )


def test_a_ratio_that_just_misses_does_not_look_like_the_one_asked_for():
    """It gets as many digits as it takes to see that it is smaller."""
    assert "19.8 times faster; expected at least 20 times" in says(
        lambda: faster_than(costing(0.01), costing(0.198), factor=20, rounds=1)
    )


def test_times_are_reported_in_fitting_units():
    """Seconds, thousandths, millionths; large ratios without decimals."""
    assert says(lambda: faster_than(costing(0.00002), costing(1.5), factor=1e6, rounds=1)) == (
        "The call took 20 µs and the baseline 1.5 s: 75000 times faster; expected at least 1e+06 times (in one round)."
    )


def test_one_good_round_is_enough():
    """A machine that was busy four times costs no student points, and no more is run than needed."""
    rounds = []

    def draw() -> tuple[int]:
        rounds.append(1)
        return (len(rounds),)

    assert faster_than(costing(1.0, 1.0, 0.01, 1.0), costing(0.25), factor=20, inputs=draw) == pytest.approx(25)
    assert len(rounds) == 3


def test_both_get_the_same_arguments_and_new_ones_in_each_round():
    """So that no answer can be kept."""
    seen: list[tuple[str, float]] = []

    def one(name, seconds):
        def call(x):
            seen.append((name, x))
            return x, Cost(seconds, None, None)

        return call

    numbers = count(1.0)
    says(lambda: faster_than(one("a", 1.0), one("b", 1.0), factor=2, rounds=2, inputs=lambda: (next(numbers),)))

    assert seen == [("a", 1.0), ("b", 1.0), ("a", 2.0), ("b", 2.0)]


def test_to_sleep_in_the_slow_version_gains_nothing():
    """Of a baseline the processor's time counts, where it is known."""
    assert "6 times faster" in says(lambda: faster_than(costing(0.01), costing(10.0, cpu=0.06), factor=20))


def test_to_work_elsewhere_gains_nothing():
    """Of the call the time that is waited for counts, however little its process worked."""
    assert "1 times faster" in says(lambda: faster_than(costing(1.0, cpu=0.001), costing(1.0), factor=2))


def test_a_busy_machine_costs_nobody_points():
    """Time in which others had the processor is no time of the call's, nor of the baseline's."""

    def cost(wall, cpu, waited):
        return lambda: (1.0, Cost(wall, cpu, None, waited))

    assert faster_than(cost(0.05, 0.01, 0.04), cost(0.2, 0.2, 0.0), factor=19) == pytest.approx(20)
    assert "5 times faster" in says(lambda: faster_than(cost(0.05, 0.01, 0.01), cost(0.2, 0.2, 0.0), factor=20))
    assert "10 times faster" in says(lambda: faster_than(cost(0.01, 0.01, 0.0), cost(0.3, None, 0.2), factor=20))
    # what the kernel counts as waiting may come to all of the time, while there was work
    assert faster_than(cost(0.01, 0.01, 0.0), cost(0.2, 0.1, 0.2), factor=9) == pytest.approx(10)
    # to wait while another thread of one's own works gains nothing
    assert "1 times faster" in says(lambda: faster_than(cost(0.2, 0.2, 0.19), cost(0.2, 0.2, 0.0), factor=20))


def test_a_wrong_value_fails_however_fast():
    """Unless nothing is to be compared."""
    wrong, right = costing(0.001, value=np.zeros(2)), costing(1.0, value=np.ones(2))

    assert says(lambda: faster_than(wrong, right, factor=2)).startswith("result[0] is 0; expected 1")
    assert faster_than(wrong, right, factor=2, agree=False) == pytest.approx(1000)


def test_values_may_be_compared_in_another_way():
    """By any function that raises."""
    one, two = costing(0.001, value=1.0), costing(1.0, value=1.001)

    faster_than(one, two, factor=2, agree=lambda got, want: close(got, want, rtol=0.01))
    assert says(lambda: faster_than(one, two, factor=2)).startswith("result is 1; expected 1.001")


def test_plain_calls_are_timed_as_they_are(monkeypatch):
    """By a clock on this side."""
    clock = count()
    monkeypatch.setattr("autograder.checks.cost.time.perf_counter", lambda: float(next(clock)))

    assert faster_than(lambda: 3, lambda: 3, factor=1) == 1.0


def test_rounds_and_factor_must_be_positive():
    """Else nothing would be judged."""
    for wrong in ({"rounds": 0, "factor": 2}, {"factor": 0}, {"factor": float("nan")}):
        for compare in (faster_than, lighter_than):
            with pytest.raises(InstructorError, match="must be positive"):
                compare(costing(1.0), costing(1.0), **wrong)


@given(fast=st.floats(1e-6, 10), slow=st.floats(1e-6, 10), factor=st.floats(0.01, 100))
def test_the_verdict_is_that_of_the_ratio(fast, slow, factor):
    """Passed exactly where the ratio reaches the factor."""
    try:
        faster_than(costing(fast), costing(slow), factor=factor, rounds=2)
        passed = True
    except CheckFailed:
        passed = False

    assert passed == (slow / fast >= factor)


# --- memory ---


def test_little_memory_passes_and_is_reported():
    """So much, and the slack, is allowed."""
    assert lighter_than(costing(1.0, mib=27.0), costing(1.0, mib=20.0), factor=1.0) == 27.0


def test_too_much_memory_tells_both():
    """And what was allowed."""
    assert says(
        lambda: lighter_than(
            costing(1.0, mib=310.0), costing(1.0, mib=20.0), factor=4, name="loss", baseline_name="the reference"
        )
    ) == (
        "loss took 310 MiB of memory and the reference 20 MiB; expected at most 4 times that and 8 MiB "
        "(best of 3 rounds)."
    )


def test_a_wrong_value_fails_however_light():
    """To compute nothing takes no memory."""
    assert "result is 0" in says(
        lambda: lighter_than(costing(1.0, mib=0.0, value=0.0), costing(1.0, mib=9.0), factor=1)
    )


def test_memory_that_nobody_measured_is_the_instructors_matter():
    """The sentence says what to do."""
    for call, baseline in (
        (costing(1.0), costing(1.0, mib=1.0)),
        (costing(1.0, mib=1.0), costing(1.0)),
        (lambda: 1.0, lambda: 1.0),
    ):
        with pytest.raises(InstructorError, match=r"give lighter_than partial\(student\.cost_of, \.\.\.\)"):
            lighter_than(call, baseline, factor=1)


# --- the meter ---


def test_a_meter_of_nobody_knows_the_time_alone():
    """As of a container, whose processes have no number here."""
    meter = Meter(0)
    meter.start()
    cost = meter.stop()

    assert cost.wall_seconds >= 0
    assert (cost.cpu_seconds, cost.peak_mib) == (None, None)


def test_a_meter_of_a_process_that_is_gone_knows_the_time_alone():
    """Its end is detected elsewhere."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    meter = Meter(pid)
    meter.start()
    cost = meter.stop()

    assert (cost.cpu_seconds, cost.peak_mib) == (None, None)


_BIG_CALL = """
import os, sys
import numpy as np
from autograder.checks.local.usage import Meter

if sys.argv[1] == "tracemalloc":
    Meter._forget_peak = lambda self: False
meter = Meter(os.getpid())
meter.start()
np.ones(8 << 20)
cost = meter.stop()
print(cost.cpu_seconds, cost.peak_mib)
"""


@pytest.mark.parametrize("counted_by", ["kernel", "tracemalloc"])
def test_memory_that_came_and_went_is_seen(counted_by):
    """By the kernel, and where that counts no peak anew, by Python; in a process that kept nothing of earlier calls."""
    ran = subprocess.run([sys.executable, "-c", _BIG_CALL, counted_by], capture_output=True, text=True, check=True)
    cpu_seconds, peak_mib = (float(number) for number in ran.stdout.split())

    assert peak_mib == pytest.approx(64, abs=8)
    assert cpu_seconds >= 0
