"""Judge what calls cost, one relative to another on the same machine in the same minute.

Seconds of one machine say nothing on another, so nothing here has a limit in seconds. Two calls take turns, and one
good round is enough: a machine that is busy with something else must cost nobody points. What a call gives is compared
too, or the fastest way would be to compute nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from .arguments import FUNCTION, NOT_NEGATIVE, NUMBER, TEXT, WHOLE, Rule, either, optional, takes
from .compare import close
from .errors import CheckFailed, InstructorError
from .local.usage import Cost
from .value_text import show
from .wording import apart

__all__ = ["Cost", "faster_than", "lighter_than"]

Agree = Callable[[Any, Any], object] | bool


_FACTOR = either(NUMBER, Rule("NaN", lambda value: isinstance(value, float)))  # refused with what is not positive


@takes(
    call=FUNCTION,
    baseline=FUNCTION,
    factor=_FACTOR,
    inputs=optional(FUNCTION),
    rounds=WHOLE,
    name=TEXT,
    baseline_name=TEXT,
)
def faster_than(
    call: Callable[..., Any],
    baseline: Callable[..., Any],
    *,
    factor: float,
    inputs: Callable[[], Sequence[Any]] | None = None,
    rounds: int = 5,
    name: str = "the call",
    baseline_name: str = "the baseline",
    agree: Agree = True,
) -> float:
    """Fail unless a call is at least `factor` times faster than a baseline in one of some rounds.

    In each round both are called once with the same arguments, one after the other. Either may be a stand-in's
    function, whose time then includes the way through the pipe (about 0.1 ms, and more for large arguments), or
    ``partial(student.cost_of, student.f)``, which leaves that out: better below some 10 ms, and on a busy machine, as
    it also leaves out the time in which others had the processor. Of a baseline with a `Cost` the CPU time counts: to
    sleep in one's own slow version gains nothing. To spend CPU time there does, so take ``student.baseline_cost_of``
    for it, which measures the reference when a submission is graded.

    Args:
        call, baseline: give the value, or the value and its `Cost`.
        factor: how many times faster; below 1 it allows the call to be slower than the baseline.
        inputs: draws the arguments, anew for each round, so that no answer can be kept from the round before; None
            for calls without arguments.
        rounds: how often it is tried at most.
        name, baseline_name: what the sentence calls them.
        agree: called with both values in each round, outside the time; True for `close`, False for nothing.

    Returns:
        How many times faster the call was in the round that passed.

    Raises:
        CheckFailed: values differ, or it was too slow in every round; the sentence gives the times of the best one.

    Examples:
        values, then times; one round of some must pass, with new `inputs` each

        >>> faster_than(lambda: (1, Cost(0.031, None, None)), lambda: (1, Cost(0.21, None, None)), factor=20,
        ...     name='loss_vectorized', baseline_name='loss_naive')
        loss_vectorized took 31 ms and loss_naive 210 ms: 6.8 times faster; expected at least 20 times (best of 5
        rounds).
    """
    _need(rounds, factor)
    best: tuple[float, float, float] | None = None
    for _ in range(rounds):
        arguments = _drawn(inputs)
        value, cost = _measured(call, arguments)
        expected, slow = _measured(baseline, arguments)
        _compare(agree, value, expected)
        fast, long = _longest(cost), _shortest(slow)
        if long / fast >= factor:
            return long / fast
        best = max(best or (0.0, fast, long), (long / fast, fast, long))
    ratio, fast, long = best or (0.0, 0.0, 0.0)
    raise CheckFailed(
        f"{_upper(name)} took {_time(fast)} and {baseline_name} {_time(long)}: {_ratio(ratio, factor)} times faster; "
        f"expected at least {factor:g} times ({_best_of(rounds)})."
    )


@takes(
    call=FUNCTION,
    baseline=FUNCTION,
    factor=_FACTOR,
    inputs=optional(FUNCTION),
    rounds=WHOLE,
    slack_mib=NOT_NEGATIVE,
    name=TEXT,
    baseline_name=TEXT,
)
def lighter_than(
    call: Callable[..., tuple[Any, Cost]],
    baseline: Callable[..., tuple[Any, Cost]],
    *,
    factor: float,
    inputs: Callable[[], Sequence[Any]] | None = None,
    rounds: int = 3,
    slack_mib: float = 8.0,
    name: str = "the call",
    baseline_name: str = "the baseline",
    agree: Agree = True,
) -> float:
    """Fail unless a call takes at most `factor` times the memory of a baseline in one of some rounds.

    Memory is how far a call rises above what was held before it, in whole pages; take arguments for which that is
    some ten MiB at least.

    Args:
        call, baseline: ``partial(student.cost_of, student.f)`` and the like.
        factor: 1.0 asks for no more than the baseline, 0.1 for a tenth of it.
        slack_mib: so much more is never held against a call: Python's own memory comes in lumps.
        inputs, rounds, name, baseline_name, agree: as in `faster_than`.

    Returns:
        MiB of the call in the round that passed.

    Raises:
        CheckFailed: values differ, or it took too much in every round.
        InstructorError: this sandbox cannot tell the memory of a single call.

    Examples:
        values, then the most memory held beyond what was held before

        >>> lighter_than(lambda: (1, Cost(0.1, 0.1, 310.0)), lambda: (1, Cost(0.1, 0.1, 20.0)), factor=4)
        The call took 310 MiB of memory and the baseline 20 MiB; expected at most 4 times that and 8 MiB (best of 3
        rounds).
    """
    _need(rounds, factor)
    best: tuple[float, float, float] | None = None
    for _ in range(rounds):
        arguments = _drawn(inputs)
        (value, cost), (expected, other) = _measured(call, arguments), _measured(baseline, arguments)
        _compare(agree, value, expected)
        if cost.peak_mib is None or other.peak_mib is None:
            raise InstructorError(
                "The memory of a call cannot be measured here; give lighter_than partial(student.cost_of, ...), and "
                "use the sandbox bubblewrap."
            )
        excess = cost.peak_mib - (factor * other.peak_mib + slack_mib)
        if excess <= 0:
            return cost.peak_mib
        best = min(best or (excess, cost.peak_mib, other.peak_mib), (excess, cost.peak_mib, other.peak_mib))
    _, mine, others = best or (0.0, 0.0, 0.0)
    raise CheckFailed(
        f"{_upper(name)} took {mine:.0f} MiB of memory and {baseline_name} {others:.0f} MiB; "
        f"expected at most {factor:g} times that and {slack_mib:g} MiB ({_best_of(rounds)})."
    )


def _measured(call: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Cost]:
    """The value of a call with what it cost: as it was measured on this side, else the time that passed."""
    began = time.perf_counter()
    value = call(*arguments)
    passed = time.perf_counter() - began
    if type(value) is tuple and len(value) == 2 and type(value[1]) is Cost:
        return value[0], value[1]
    return value, Cost(passed, None, None)


def _longest(cost: Cost) -> float:
    """Seconds of a call: without waiting for others, but no less than it worked, on one processor."""
    worked = min(cost.cpu_seconds or 0.0, cost.wall_seconds)
    return max(cost.wall_seconds - cost.waited_seconds, worked, 1e-9)


def _shortest(cost: Cost) -> float:
    """Seconds of a baseline: what it worked, or, where only time is known, without waiting for others.

    To sleep is no work. On a busy machine nearly all of the wall time may be waiting, of which the kernel's count is
    not exact, so it is not used where there is a count of the work itself.
    """
    if cost.cpu_seconds is None:
        return cost.wall_seconds - cost.waited_seconds
    return min(cost.cpu_seconds, cost.wall_seconds)


def _drawn(inputs: Callable[[], Sequence[Any]] | None) -> tuple[Any, ...]:
    """The arguments of one round."""
    given = inputs() if inputs else ()
    if not isinstance(given, tuple | list):
        raise InstructorError(f"inputs= must return arguments in a tuple, such as (X, y); it returned {show(given)}.")
    return tuple(given)


def _need(rounds: int, factor: float) -> None:
    if rounds < 1 or not factor > 0:
        raise InstructorError(f"rounds={rounds} and factor={factor:g} must be positive.")


def _compare(agree: Agree, value: object, expected: object) -> None:
    if agree is True:
        close(value, expected)
    elif callable(agree):
        agree(value, expected)


def _best_of(rounds: int) -> str:
    return "in one round" if rounds == 1 else f"best of {rounds} rounds"


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _ratio(ratio: float, asked: float) -> str:
    """A ratio that was too small, with as many digits as it takes to see that."""
    text = f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"
    return text if float(text) < asked else apart(ratio, asked, digits=3)[0]


def _upper(text: str) -> str:
    """A capital at the start of a sentence, but not of a function's name."""
    return f"{text[:1].upper()}{text[1:]}" if " " in text else text
