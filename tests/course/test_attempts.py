"""Which attempt counts: last, first or best, of so many."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course import AttemptRule
from autograder.course.dates import Tried, may_count

START = datetime(2026, 10, 15, tzinfo=UTC)


def tried(number: int, hours: int | None = None, *, late: bool | None = None) -> Tried:
    """One attempt, handed in so many hours after the start."""
    return Tried(number, None if hours is None else START + timedelta(hours=hours), late)


THREE = (tried(1, 1, late=False), tried(2, 2, late=False), tried(3, 3, late=True))


@pytest.mark.parametrize(
    ("attempts", "rule", "numbers"),
    [
        (THREE, AttemptRule(), (3,)),
        (THREE, AttemptRule("first"), (1,)),
        (THREE, AttemptRule("best"), (1, 2, 3)),
        (THREE, AttemptRule(at_most=2), (2,)),
        (THREE, AttemptRule("best", at_most=2), (1, 2)),
        (THREE, AttemptRule(late="if none in time"), (2,)),
        (THREE, AttemptRule("best", late="if none in time"), (1, 2)),
        (THREE[2:], AttemptRule(late="if none in time"), (3,)),
        ((tried(1, 9), tried(2, 3)), AttemptRule(), (1,)),
        ((tried(1, 9), tried(2)), AttemptRule(), (2,)),
        ((), AttemptRule(), ()),
    ],
)
def test_the_rule_says_which_attempts_may_count(
    attempts: tuple[Tried, ...], rule: AttemptRule, numbers: tuple[int, ...]
) -> None:
    """By time where all times are known, else by number; late ones perhaps only if there is no other."""
    assert may_count(attempts, rule) == numbers


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([True, False, None])), max_size=6),
    st.builds(
        AttemptRule,
        st.sampled_from(["last", "best", "first"]),
        st.one_of(st.none(), st.integers(1, 4)),
        st.sampled_from(["always", "if none in time"]),
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_attempts_are_found_does_not_matter(
    found: list[tuple[int, bool | None]], rule: AttemptRule, order: random.Random
) -> None:
    """Some attempt counts where there is any, and it is the same in any order."""
    attempts = [tried(number + 1, hours, late=late) for number, (hours, late) in enumerate(found)]
    shuffled = [*attempts]
    order.shuffle(shuffled)
    assert may_count(shuffled, rule) == may_count(attempts, rule)
    assert bool(may_count(attempts, rule)) == bool(attempts)
