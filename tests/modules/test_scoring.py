"""Points: of a check, a question, a report, a homework set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import check, question

from autograder.checks.errors import InstructorError
from autograder.results import Verdict
from autograder.scoring import check_points, lowest, question_points, report_points, rounded, set_points, shown

POINTS = st.floats(0, 1000, allow_nan=False)
VERDICTS = st.sampled_from(Verdict)


@given(VERDICTS, st.floats(0, 1), POINTS)
def test_points_lie_between_none_and_all(verdict: Verdict, credit: float, most: float) -> None:
    """A check never gives less than nothing or more than it is worth."""
    assert 0 <= check_points(verdict, credit, most) <= rounded(most)


@given(st.floats(0, 1), st.floats(0, 1), POINTS)
def test_more_credit_never_gives_less(one: float, two: float, most: float) -> None:
    """Points grow with credit."""
    low, high = sorted((one, two))
    assert check_points(Verdict.PARTIAL, low, most) <= check_points(Verdict.PARTIAL, high, most)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.PASSED, Verdict.PARTIAL)])
def test_only_passed_and_partial_give_points(verdict: Verdict) -> None:
    """Whatever else happens gives nothing, even with a credit at hand."""
    assert check_points(verdict, 1.0, 5) == 0


@pytest.mark.parametrize(("points", "expected"), [(2.675, 2.68), (0.1 + 0.2, 0.3), (1.005, 1.01), (0.004, 0.0)])
def test_halves_are_rounded_up_as_written(points: float, expected: float) -> None:
    """Rounding follows the decimal digits, not the binary ones."""
    assert rounded(points) == expected


@pytest.mark.parametrize("credit", [-0.1, 1.1, float("nan")])
def test_credit_outside_its_range_is_the_instructors_mistake(credit: float) -> None:
    """A credit below 0 or above 1 is refused in one sentence."""
    with pytest.raises(InstructorError, match="between 0 and 1"):
        check_points(Verdict.PARTIAL, credit, 1)


def test_points_that_are_no_number_are_refused() -> None:
    """An infinite number of points is refused in one sentence."""
    with pytest.raises(InstructorError, match="finite"):
        rounded(float("inf"))


def test_internal_checks_are_left_out_of_both_sums() -> None:
    """Our fault lowers the points available, so that no student's share falls."""
    assert question_points([check("one", Verdict.PASSED), check("two", Verdict.INTERNAL, points=7)]) == (2, 2)


def test_bonus_questions_are_beside_the_ordinary_ones() -> None:
    """Bonus points are counted separately and do not raise the maximum."""
    ordinary = question("a", check("one", Verdict.PASSED), check("two", Verdict.FAILED))
    bonus = question("d", check("three", Verdict.PARTIAL, points=10), bonus=True)
    assert report_points([ordinary, bonus]) == (2, 4, 5)


@given(st.lists(st.tuples(POINTS, POINTS), max_size=5), POINTS)
def test_a_homework_set_never_exceeds_its_cap(parts: list[tuple[float, float]], cap: float) -> None:
    """Bonus fills up to the cap and no further, and never takes anything away."""
    total = set_points(parts, cap)
    assert total <= rounded(cap)
    assert total >= min(rounded(cap), rounded(sum(points for points, _ in parts)))


def test_bonus_makes_up_for_lost_points() -> None:
    """Two assignments with 60 + 10 and 35 points give 100 of 100."""
    assert set_points([(60, 10), (35, 0)], cap=100) == 100


@given(
    st.lists(
        st.tuples(st.integers(0, 4000).map(lambda n: n / 100), st.sampled_from([0, 0.25, 3])), min_size=1, max_size=6
    ),
    st.integers(0, 5),
    st.sampled_from([0.01, 0.05, 0.5, 1, 2.5]),
    st.sampled_from(["nearest", "up", "down"]),
)
def test_dropping_never_leaves_out_a_better_part_and_rounding_stays_within_a_step(
    parts: list[tuple[float, float]], drop: int, step: float, how: str
) -> None:
    """What is dropped is no more than what counts, more dropping never gives points, and the cap is the end."""
    sums = [points + bonus for points, bonus in parts]
    out = lowest(sums, drop)
    assert len(out) == min(drop, len(sums))
    kept = [each for number, each in enumerate(sums) if number not in out]
    assert all(sums[number] <= min(kept, default=100) for number in out)
    found = set_points(parts, 50, drop_lowest=drop, round_to=step, rounding=how)
    exact = min(50.0, sum(kept))
    assert found <= 50
    if exact < 50:
        within = {"nearest": (-step / 2, step / 2), "up": (0, step), "down": (-step, 0)}[how]
        assert within[0] - 0.006 <= found - exact <= within[1] + 0.006
    if drop:
        assert set_points(parts, 50, drop_lowest=drop - 1, round_to=step, rounding=how) >= found


@pytest.mark.parametrize(("points", "text"), [(15.0, "15"), (7.5, "7.5"), (0.25, "0.25"), (0.0, "0"), (100.0, "100")])
def test_points_are_shown_without_needless_zeros(points: float, text: str) -> None:
    """People read 15, not 15.00."""
    assert shown(points) == text
