"""Late rules: what lateness costs, line by line, and what can be said of every rule."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import InstructorError
from autograder.course.dates import Dates, Extension, due_of
from autograder.course.late import Days, Due, HandedIn, LateDays, LateRule, Score, Use, judged, late_by, length, spent
from autograder.course.roster import Person

BERLIN = ZoneInfo("Europe/Berlin")
DEADLINE = datetime(2026, 10, 15, 21, 59, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TWENTY = Score(20, 0, 20)


def due(deadline: datetime = DEADLINE, *, last: timedelta | None = None, extension: timedelta = timedelta()) -> Due:
    """A deadline, perhaps with a cut-off so much later, and an extension of both."""
    usual_last = None if last is None else deadline + last
    return Due(deadline + extension, deadline, usual_last and usual_last + extension, usual_last, zone=BERLIN)


def at(time: timedelta) -> HandedIn:
    """Handed in so long after the deadline."""
    return HandedIn(DEADLINE + time)


def total(rule: LateRule | None, time: timedelta, score: Score = TWENTY, until: Due | None = None) -> float:
    """Points and bonus points after lateness."""
    points, bonus, _ = judged(score, at(time), until or due(), rule)
    return round(points + bonus, 2)


@pytest.mark.parametrize(
    ("rule", "time", "points"),
    [
        (None, 3 * DAY, 20),
        (LateRule(percent=10), timedelta(), 20),
        (LateRule(percent=10), timedelta(seconds=1), 18),
        (LateRule(percent=10), DAY, 18),
        (LateRule(percent=10), DAY + timedelta(seconds=1), 16),
        (LateRule(percent=10), 30 * DAY, 0),
        (LateRule(percent=10, grace_minutes=15), timedelta(minutes=15), 20),
        (LateRule(percent=10, grace_minutes=15), timedelta(minutes=16), 18),
        (LateRule(percent=1, per="hour"), 5 * HOUR, 19),
        (LateRule(percent=1, per="minute"), timedelta(minutes=30), 14),
        (LateRule(percent=10, floor=50), 30 * DAY, 10),
        (LateRule(steps=((0, 10), (24, 50))), 2 * HOUR, 18),
        (LateRule(steps=((0, 10), (24, 50))), 25 * HOUR, 10),
        (LateRule(steps=((12, 10),)), 2 * HOUR, 20),
        (LateRule(early_percent=2, early_most=5), -DAY, 20.4),
        (LateRule(early_percent=2, early_most=5), -9 * DAY, 21),
        (LateRule(early_percent=2, early_most=5), -23 * HOUR, 20),
    ],
)
def test_each_form_of_a_rule_takes_off_what_it_says(rule: LateRule | None, time: timedelta, points: float) -> None:
    """Started units, steps, grace, floor and a bonus, at and beside the moments at which they change."""
    assert total(rule, time) == points


def test_a_percentage_is_of_the_points_earned_or_of_the_maximum() -> None:
    """Of 10 of 20 points, 10 % of the maximum is twice as much; bonus points go last."""
    half = Score(10, 2, 20)
    assert total(LateRule(percent=10), HOUR, half) == 10.8
    assert total(LateRule(percent=10, of="maximum"), HOUR, half) == 10
    assert judged(half, at(HOUR), due(), LateRule(percent=10, of="maximum"))[:2] == (8, 2)
    assert judged(half, at(HOUR), due(), LateRule(percent=55, of="maximum"))[:2] == (0, 1)
    assert total(LateRule(percent=90, of="maximum", floor=50), HOUR, half) == 6


def test_at_the_very_second_of_the_deadline_is_said_so() -> None:
    """No difference of less than a second is made up."""
    deadline = datetime(2026, 10, 15, 22, tzinfo=UTC)
    points, _, lateness = judged(Score(5, 0, 5), HandedIn(deadline), Due(deadline, deadline), LateRule(percent=50))
    assert (points, lateness.state) == (5, "in time")
    assert lateness.lines == ("Handed in exactly at the deadline, Thu 2026-10-15 22:00 (UTC), which is in time.",)


@pytest.mark.parametrize("of", ["earned", "maximum"])
@pytest.mark.parametrize("floor", [0, 50, 100])
def test_no_line_but_the_sum_depends_on_the_points(of: str, floor: int) -> None:
    """The lines stand on pages whose points are withheld in part, so they are the same for any points."""
    for time in (-9 * DAY, -HOUR, HOUR, 9 * DAY, 30 * DAY):
        for rule in (
            LateRule(percent=30, of=of, floor=floor, early_percent=1, early_most=5),
            LateRule(steps=((0, 10), (24, 100)), of=of, floor=floor, cut_off_hours=400),
        ):
            lines = {judged(Score(points, 0, 20), at(time), due(), rule)[2].lines for points in (20, 10, 2, 0)}
            assert len(lines) == 1
    kept = judged(Score(10, 0, 20), at(HOUR), due(), LateRule(percent=60, of="maximum", floor=100))[2]
    assert (kept.taken, kept.sum) == (0, "At least 100 % of the points earned are kept.")


def test_the_sum_is_said_line_by_line() -> None:
    """When, how late, the rule with its numbers, late days, and the points before and after."""
    _, _, made = judged(TWENTY, at(2 * DAY + 3 * HOUR), due(), LateRule(percent=10))
    assert (*made.lines, made.sum) == (
        "Handed in on Sun 2026-10-18 02:59 (Europe/Berlin), 2 days 3 h after the deadline, Thu 2026-10-15 23:59 "
        "(Europe/Berlin).",
        "3 started days at 10 % = 30 % of the points earned.",
        "20 - 6 = 14 points.",
    )
    assert (made.state, made.seconds, made.before, made.taken) == ("late", 51 * 3600, 20, 6)
    _, _, made = judged(TWENTY, at(2 * DAY + 3 * HOUR), due(), LateRule(percent=10), Days(2, 1))
    assert (*made.lines[1:], made.sum) == (
        "2 late days used, 1 left.",
        "1 started day at 10 % = 10 % of the points earned.",
        "20 - 2 = 18 points.",
    )
    _, _, made = judged(TWENTY, at(DAY), due(), LateRule(percent=10), Days(1, 0))
    assert (made.state, made.taken, made.lines[1:]) == ("late, covered by late days", 0, ("1 late day used, 0 left.",))
    _, _, made = judged(TWENTY, at(9 * DAY), due(), LateRule(percent=20, floor=50))
    assert (*made.lines[1:], made.sum) == (
        "9 started days at 20 %, at most 100 % = 100 % of the points earned.",
        "At least 50 % of the points earned are kept. 20 - 10 = 10 points.",
    )
    _, _, made = judged(TWENTY, at(25 * HOUR), due(), LateRule(steps=((0, 10), (24, 50)), of="maximum"))
    assert (*made.lines[1:], made.sum) == ("More than 24 h late: 50 % of 20 points.", "20 - 10 = 10 points.")
    _, _, made = judged(TWENTY, at(-9 * DAY), due(), LateRule(early_percent=2, early_most=5))
    assert (*made.lines[1:], made.sum) == (
        "9 whole days early at 2 %, at most 5 % = 5 % of the points earned.",
        "20 + 1 = 21 points.",
    )
    _, _, made = judged(TWENTY, at(timedelta(minutes=5)), due(), LateRule(grace_minutes=15, percent=10))
    assert (made.state, made.lines[1:]) == ("in time", ("This is within the grace of 15 minutes, so it is in time.",))
    _, _, made = judged(TWENTY, at(DAY), due(), None)
    assert (made.state, made.lines[1:]) == ("late", ("Nothing is taken off for that.",))


def test_after_the_cut_off_nothing_counts() -> None:
    """The last moment still counts; one second later there are 0 points, whatever the floor says."""
    rule = LateRule(percent=10, floor=50)
    until = due(last=5 * DAY)
    assert total(rule, 5 * DAY, until=until) == 10
    points, bonus, made = judged(Score(20, 3, 20), at(5 * DAY + timedelta(seconds=1)), until, rule)
    assert (points, bonus, made.state) == (0, 0, "after the cut-off")
    assert made.lines[1] == "Nothing counts that is handed in after Tue 2026-10-20 23:59 (Europe/Berlin): 0 points."
    assert total(None, 6 * DAY, until=until) == 0


@pytest.mark.parametrize(
    ("late", "state", "lines"),
    [
        (
            True,
            "late, by an unknown time",
            (
                "Handed in late, as the platform says; when is not known. The deadline, Thu 2026-10-15 23:59 "
                "(Europe/Berlin).",
                "Without a hand-in time, nothing is taken off.",
            ),
        ),
        (None, "time unknown", ()),
        (False, "in time", ()),
    ],
)
def test_without_a_hand_in_time_nothing_is_taken_off(late: bool | None, state: str, lines: tuple[str, ...]) -> None:
    """What the platform says is repeated, and no penalty is computed from it."""
    points, bonus, made = judged(
        TWENTY, HandedIn(None, late), due(), LateRule(percent=100, early_percent=1, early_most=1)
    )
    assert (points, bonus, made.state, made.seconds, made.taken) == (20, 0, state, None, 0)
    assert made.lines[: len(lines)] == lines


def use(assignment: str, start: int, late: timedelta, *, people: tuple[str, ...] = ("ada",), **more: object) -> Use:
    """One hand-in of a term: its deadline is `start` days after the first one."""
    until = due(DEADLINE + start * DAY)
    made = Use(assignment, "+".join(people), people, HandedIn(until.usual + late), until, LateRule(percent=10))
    return replace(made, **more)  # type: ignore[arg-type]


def test_late_days_are_spent_from_the_first_deadline_to_the_last() -> None:
    """A hand-in takes what brings it into time, as far as there are days, and not more than is allowed for one."""
    term = [use("a", 0, 25 * HOUR), use("b", 7, HOUR), use("c", 14, 2 * DAY)]
    assert spent(term, LateDays(4)) == {("a", "ada"): Days(2, 2), ("b", "ada"): Days(1, 1), ("c", "ada"): Days(1, 0)}
    assert spent(term, LateDays(4, each=1))[("a", "ada")] == Days(1, 3)
    free = use("a", 0, HOUR, rule=LateRule())
    assert spent([free], LateDays(4)) == {("a", "ada"): Days(0, 4)}
    unknown = use("a", 0, HOUR, handed_in=HandedIn(None, True))
    assert spent([unknown], LateDays(4)) == {("a", "ada"): Days(0, 4)}


def test_late_days_as_stated_are_no_more_than_are_needed_and_left() -> None:
    """What the student says counts, up to what helps."""
    term = [use("a", 0, 25 * HOUR, stated=1), use("b", 7, HOUR, stated=5), use("c", 14, DAY)]
    found = spent(term, LateDays(4, spent="as stated"))
    assert [each.used for each in found.values()] == [1, 1, 0]


def test_late_days_of_a_team_come_from_each_member() -> None:
    """A team has as many as the member with the fewest, and each of them spends them."""
    term = [use("a", 0, DAY), use("b", 7, 2 * DAY, people=("ada", "ben")), use("c", 14, 2 * DAY, people=("ben",))]
    found = spent(term, LateDays(2))
    assert found[("b", "ada+ben")] == Days(1, 0)
    assert found[("c", "ben")] == Days(1, 0)


def test_after_the_cut_off_no_late_day_is_spent() -> None:
    """Nor where only an extension brought a hand-in back before it, so that an extension costs no day."""
    late = HandedIn(DEADLINE + 6 * DAY)
    for extension in (timedelta(), 2 * DAY):
        made = use("a", 0, DAY, handed_in=late, due=due(last=5 * DAY, extension=extension))
        assert spent([made], LateDays(9)) == {("a", "ada"): Days(0, 9)}


# --- what holds for every rule ---

PERCENT = st.sampled_from([0, 0.5, 5, 10, 33.3, 50, 100])
TIMES = st.timedeltas(min_value=-12 * DAY, max_value=12 * DAY)
SCORES = st.builds(
    lambda maximum, share, bonus: Score(round(maximum * share, 2), bonus, maximum),
    st.sampled_from([0, 1, 7.5, 20, 100]),
    st.sampled_from([0, 0.1, 0.5, 0.77, 1]),
    st.sampled_from([0, 0, 1, 2.25]),
)


@st.composite
def rules(draw: st.DrawFn) -> LateRule:
    """Any late rule."""
    early = draw(PERCENT)
    grace = draw(st.sampled_from([0, 10, 60, 1440]))
    made = LateRule(
        grace_minutes=grace,
        per=draw(st.sampled_from(["minute", "hour", "day"])),
        of=draw(st.sampled_from(["earned", "maximum"])),
        floor=draw(PERCENT),
        early_percent=early,
        early_most=draw(PERCENT.filter(bool)) if early else 0,
    )
    if draw(st.booleans()):
        return replace(made, percent=draw(PERCENT))
    hours = sorted(draw(st.sets(st.integers(0, 200), max_size=4)))
    percents = sorted(draw(st.lists(PERCENT, min_size=len(hours), max_size=len(hours))))
    return replace(made, steps=tuple(zip(hours, percents, strict=True)))


LASTS = st.one_of(st.none(), st.timedeltas(min_value=DAY, max_value=9 * DAY))


@given(rules(), SCORES, TIMES, LASTS, st.integers(0, 5))
def test_points_never_become_negative_and_the_sum_adds_up(
    rule: LateRule, score: Score, time: timedelta, last: timedelta | None, days: int
) -> None:
    """Neither points nor bonus points; before, taken and earned make what is left; the last line says so."""
    points, bonus, made = judged(score, at(time), due(last=last), rule, Days(days, 3))
    assert points >= 0
    assert bonus >= 0
    assert points + bonus == pytest.approx(made.before - made.taken + made.earned, abs=0.006)
    assert not (made.taken and made.earned)
    if rule.floor and made.state == "late":
        assert points + bonus >= made.before * rule.floor / 100 - 0.006


@given(rules(), SCORES, TIMES, TIMES, LASTS, st.integers(0, 5))
def test_handing_in_later_never_earns_more(
    rule: LateRule, score: Score, first: timedelta, second: timedelta, last: timedelta | None, days: int
) -> None:
    """Points fall with the hand-in time, or stay."""
    early, later = sorted((first, second))
    until = due(last=last)
    before, after = (sum(judged(score, at(time), until, rule, Days(days, 0))[:2]) for time in (early, later))
    assert before >= after


@given(rules(), SCORES, TIMES, LASTS, st.timedeltas(min_value=timedelta(), max_value=10 * DAY))
def test_an_extension_never_makes_one_hand_in_worse(
    rule: LateRule, score: Score, time: timedelta, last: timedelta | None, extension: timedelta
) -> None:
    """With more time there are as many points or more."""
    usual = sum(judged(score, at(time), due(last=last), rule)[:2])
    assert sum(judged(score, at(time), due(last=last, extension=extension), rule)[:2]) >= usual


@st.composite
def terms(draw: st.DrawFn) -> list[Use]:
    """Hand-ins of a term, alone and in a team."""
    rule = draw(rules())
    grace = timedelta(minutes=rule.grace_minutes)
    made = []
    for number in range(draw(st.integers(1, 5))):
        last = draw(LASTS)
        until = due(DEADLINE + draw(st.integers(0, 3)) * 7 * DAY, last=None if last is None else last + grace)
        people = draw(st.sampled_from([("ada",), ("ada", "ben")]))
        late = draw(TIMES)
        made.append(Use(f"a{number}", "+".join(people), people, HandedIn(until.usual + late), until, rule))
    return made


BUDGETS = st.builds(LateDays, st.integers(0, 8), st.one_of(st.none(), st.integers(1, 3)))


@given(terms(), BUDGETS, st.randoms(use_true_random=False))
def test_the_order_of_hand_ins_does_not_matter(term: list[Use], budget: LateDays, order: random.Random) -> None:
    """Late days are the same, whoever is looked at first."""
    shuffled = [*term]
    order.shuffle(shuffled)
    assert spent(shuffled, budget) == spent(term, budget)
    for person in ("ada", "ben"):
        used = sum(days.used for (_, student), days in spent(term, budget).items() if person in student.split("+"))
        assert used <= budget.total


@given(terms(), BUDGETS, st.integers(0, 4), st.timedeltas(min_value=timedelta(), max_value=10 * DAY), SCORES)
def test_an_extension_makes_no_assignment_of_a_term_worse(
    term: list[Use], budget: LateDays, which: int, extension: timedelta, score: Score
) -> None:
    """Neither the one that it is for nor a later one, whose late days it could have used up."""
    which %= len(term)
    old = term[which]
    last = old.due.last and old.due.last + extension
    extended = replace(old, due=replace(old.due, deadline=old.due.deadline + extension, last=last))
    more = [extended if each is old else each for each in term]
    before, after = spent(term, budget), spent(more, budget)
    for then, now in zip(term, more, strict=True):
        where = (then.assignment, then.student)
        usual = sum(judged(score, then.handed_in, then.due, then.rule, before[where])[:2])
        assert sum(judged(score, now.handed_in, now.due, now.rule, after[where])[:2]) >= usual


@given(
    rules(),
    SCORES,
    TIMES,
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
def test_a_change_of_clocks_changes_nothing(
    rule: LateRule, score: Score, time: timedelta, zone: str, deadline: datetime
) -> None:
    """The same time after a deadline costs the same, wherever the course is and whatever clocks do meanwhile."""
    try:
        there = due_of(Dates(deadline.isoformat()), rule, (), (), "a", ZoneInfo(zone))
    except InstructorError:  # clocks there show this time twice or never
        return
    usual = judged(score, at(time), due(), rule)
    made = judged(score, HandedIn(there.deadline + time), there, rule)
    assert made[:2] == usual[:2]
    assert (made[2].seconds, made[2].taken) == (usual[2].seconds, usual[2].taken)


def test_a_night_of_25_hours_is_one_day_and_one_hour() -> None:
    """From 12:00 on Saturday to 12:00 on Sunday, when summer time ends, 25 hours pass: two started days."""
    until = due_of(Dates("2026-10-24 12:00"), None, (), (), "a", BERLIN)
    late = late_by(HandedIn(datetime(2026, 10, 25, 12, tzinfo=BERLIN)), until, None)
    assert late == 25 * HOUR
    assert length(late) == "1 day 1 h"
    assert sum(judged(TWENTY, HandedIn(until.deadline + late), until, LateRule(percent=10))[:2]) == 16


def test_the_extension_of_a_team_is_that_of_one_member() -> None:
    """The latest deadline of its members counts, or with team="earliest" the earliest."""
    extensions = (Extension("a sick note", students=("ada",), days=2),)
    people = (Person("ada"), Person("ben"))
    deadlines = [
        due_of(Dates("2026-10-15 23:59"), LateRule(team=team), extensions, people, "a", BERLIN).deadline
        for team in ("latest", "earliest")
    ]
    assert deadlines == [DEADLINE + 2 * DAY, DEADLINE]
