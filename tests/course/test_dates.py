"""Dates of assignments: what a course writes, the moments that it means, and every way to get one wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.checks.errors import InstructorError
from autograder.course import CONFIG_FILE, AttemptRule, Course, Dates, Extension, LateDays, LateRule, load
from autograder.course.dates import moment
from autograder.course.roster import Person, Roster

BERLIN = ZoneInfo("Europe/Berlin")
IMPORTS = "from datetime import datetime; from pathlib import Path; from zoneinfo import ZoneInfo"
HEAD = f"{IMPORTS}\nfrom autograder.course import *\n"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-10-15 23:59", BERLIN, datetime(2026, 10, 15, 21, 59)),
        ("2026-12-15T23:59:59", BERLIN, datetime(2026, 12, 15, 22, 59, 59)),
        ("2026-10-15 23:59+00:00", BERLIN, datetime(2026, 10, 15, 23, 59)),
        ("2026-10-15 23:59Z", None, datetime(2026, 10, 15, 23, 59)),
        ("2026-10-25 02:30+01:00", BERLIN, datetime(2026, 10, 25, 1, 30)),
        (datetime(2026, 10, 15, 23, 59), BERLIN, datetime(2026, 10, 15, 21, 59)),
        (datetime(2026, 10, 15, 23, 59, tzinfo=BERLIN), None, datetime(2026, 10, 15, 21, 59)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), BERLIN, datetime(2026, 10, 25, 2, 30)),
    ],
)
def test_a_time_is_that_of_the_course_s_clocks_or_of_its_offset(
    text: str | datetime, zone: ZoneInfo | None, expected: datetime
) -> None:
    """Without an offset it is read in the course's zone."""
    assert moment(text, zone, "x") == expected.replace(tzinfo=UTC)


def dated(dates: str, more: str = "") -> str:
    """The fields of a course with one assignment."""
    return f'title="T", assignments=("a",), timezone="Europe/Berlin", dates={{"a": {dates}}}{more}'


DUE = 'Dates("2026-10-15 23:59")'


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            dated('Dates("2026-10-15")'),
            "Dates.deadline is '2026-10-15', a date without a time of day; write both, such",
        ),
        (dated('Dates("soon")'), "Dates.deadline is 'soon', which is no time; write it as '2026-11-30 23:59'."),
        (dated("Dates(3)"), "Dates.deadline is 3; give a time in quotes, such as '2026-11-30 23:59'."),
        (dated("Dates(None)"), "Dates.deadline is None; give a time in quotes"),
        (dated("Dates()"), "Dates(...) lacks 'deadline'; the fields of Dates are deadline, release, late_deadline"),
        (dated('Dates("0026-10-15 23:59")'), "Dates.deadline is '0026-10-15 23:59'; give a year from 1990 to 2200."),
        (
            dated('Dates("2026-10-25 02:30")'),
            "Course.dates['a'].deadline is '2026-10-25 02:30', a time that clocks in Europe/Berlin show twice when "
            "daylight saving time ends; write '2026-10-25 02:30+02:00' for the first one, or '2026-10-25 02:30+01:00' "
            "for the second.",
        ),
        (
            dated('Dates("2026-03-29 02:30")'),
            "Course.dates['a'].deadline is '2026-03-29 02:30', a time that clocks in Europe/Berlin skip when daylight "
            "saving time begins; give another one.",
        ),
        (
            dated('Dates(datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")))'),
            "Course.dates['a'].deadline is 2026-03-29 02:30, a time that clocks in Europe/Berlin skip when",
        ),
        (
            dated('Dates(datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")))'),
            "is 2026-10-25 02:30, a time that clocks in Europe/Berlin show twice when daylight saving time ends; write "
            "'2026-10-25 02:30+02:00' for the first one",
        ),
        (
            'title="T", assignments=("a",), dates={"a": Dates("2026-10-15 23:59")}',
            "Course.dates['a'].deadline is '2026-10-15 23:59', which names no time zone; set Course.timezone, such as",
        ),
        (
            'title="T", assignments=(), timezone="Europe/Berln"',
            "Course.timezone is 'Europe/Berln', which is no time zone; give its name, such as 'Europe/Berlin': did you "
            "mean 'Europe/Berlin'",
        ),
        ('title="T", assignments=(), timezone=3', "Course.timezone is 3; give a text in quotes."),
        ('title="T", assignments=(), timezone="../etc"', "Course.timezone is '../etc', which is no time zone"),
        ('title="T", assignments=(), dates=3', "Course.dates must map an assignment to its dates, such as"),
        (dated("3"), "Course.dates['a'] is 3; give Dates(...) of autograder.course."),
        (f'title="T", assignments=(), dates={{"b": {DUE}}}', "Course.dates['b'] is about no assignment of Course."),
        (
            dated('Dates("2026-10-15 23:59", release="2026-10-16 08:00")'),
            "Course.dates['a'].deadline is 2026-10-15 23:59, which is not after the release (2026-10-16 08:00); c",
        ),
        (
            dated('Dates("2026-10-15 23:59", late_deadline="2026-10-14 08:00")'),
            "Course.dates['a'].late_deadline is 2026-10-14 08:00, which is not after the deadline (2026-10-15 23:59)",
        ),
        (dated('Dates("2026-10-15 23:59", late=3)'), "Dates.late is 3; give None or a LateRule(...)."),
        (dated('Dates("2026-10-15 23:59", attempts=3)'), "Dates.attempts is 3; give None or an AttemptRule(...)."),
        (dated('Dates("2026-10-15 23:59", late_days=3)'), "Dates.late_days is 3; give True or False."),
        (dated(DUE, ", late=3"), "Course.late is 3; give None or LateRule(...) of autograder.course."),
        (dated(DUE, ", late_days=3"), "Course.late_days is 3; give None or LateDays(...) of autograder.course."),
        (dated(DUE, ", attempts=None"), "Course.attempts is None; give AttemptRule(...) of autograder.course."),
        (dated(DUE, ', roster="r.csv"'), "Course.roster is 'r.csv'; give None or a Path, such as Path('roster.csv')."),
        (dated(DUE, ", groups=3"), "Course.groups must map the name of a group to ids of its members, such as"),
        (dated(DUE, ', groups={"g": ["ada"]}'), "Course.groups['g'] is a list; give ids in parentheses with a comma"),
        (
            dated(DUE, ', homework_sets=(HomeworkSet("h", "H", ("a",), 10, round_to=0.015),)'),
            "HomeworkSet.round_to is 0.015; give a multiple of 0.01, as points are.",
        ),
        (dated(DUE, ', groups={"g": "ada"}'), "Course.groups['g'] is 'ada'; give names in brackets, such as"),
        (
            dated(DUE, ', groups={"g": ("ada",), "h": ("ada",)}'),
            "Course.groups['h'] names 'ada', who is in 'g'; take one out.",
        ),
        (dated(DUE, ", extensions=3"), "Course.extensions must be a tuple of Extension values, such as (Extension("),
        (dated(DUE, ', extensions=(Extension(""),)'), "Extension.reason is empty; give a text."),
        (
            dated(DUE, ', extensions=(Extension("r", days=1),)'),
            "Extension.students, groups and sections are empty; say whom the extension is for, such as",
        ),
        (
            dated(DUE, ', extensions=(Extension("r", students=("ada",)),)'),
            "Extension.until: give either a time, or days or hours, such as days=2.",
        ),
        (
            dated(DUE, ', extensions=(Extension("r", students="ada", days=1),)'),
            "Extension.students is 'ada'; give names",
        ),
        (dated(DUE, ', extensions=(Extension("r", students=["ada"], days=1),)'), "Extension.students is a list; give"),
        (dated(DUE, ', extensions=(Extension("r", ("ada",), days=-1),)'), "Extension.days is -1; give a whole number"),
        (dated(DUE, ', extensions=(Extension("r", ("ada",), hours="x"),)'), "Extension.hours is 'x'; give a number."),
        (dated(DUE, ', extensions=(Extension("r", ("ada",), until="x"),)'), "Extension.until is 'x', which is no time"),
        (
            dated(DUE, ', extensions=(Extension("r", ("ada",), until="2026-10-25 02:30"),)'),
            "Course.extensions[0].until is '2026-10-25 02:30', a time that clocks in Europe/Berlin show twice",
        ),
        (
            dated(DUE, ', extensions=(Extension("r", ("ada",), assignments=("b",), days=1),)'),
            "Course.extensions[0].assignments names 'b', which has no dates; give it some in Course.dates, or correct",
        ),
        (dated(DUE, ", late=LateRule(percent=101)"), "LateRule.percent is 101; give a number from 0 to 100."),
        (dated(DUE, ", late=LateRule(grace_minutes=-1)"), "LateRule.grace_minutes is -1; give a number from 0"),
        (dated(DUE, ', late=LateRule(per="week")'), "LateRule.per is 'week'; give one of 'minute', 'hour', 'day'."),
        (dated(DUE, ', late=LateRule(of="all")'), "LateRule.of is 'all'; give one of 'earned', 'maximum'."),
        (dated(DUE, ', late=LateRule(team="x")'), "LateRule.team is 'x'; give one of 'latest', 'earliest'."),
        (
            dated(DUE, ", late=LateRule(grace_minutes=90, cut_off_hours=1)"),
            "LateRule.cut_off_hours is 1, which is within the grace of 90 minutes; give a later cut-off, or less",
        ),
        (
            dated(DUE, ", late=LateRule(early_percent=1)"),
            "LateRule.early_percent and LateRule.early_most: give both, such as early_percent=1, early_most=5.",
        ),
        (dated(DUE, ", late=LateRule(steps=3)"), "LateRule.steps is 3; give pairs of hours and per cent, such as"),
        (dated(DUE, ", late=LateRule(steps=((0, 200),))"), "LateRule.steps (per cent) is 200; give a number from 0"),
        (dated(DUE, ', late=LateRule(steps=(("x", 2),))'), "LateRule.steps (hours) is 'x'; give a number."),
        (dated(DUE, ", late=LateRule(steps=((2, 20), (1, 30)))"), "hours have to rise from pair to pair, and per cent"),
        (dated(DUE, ", late=LateRule(percent=1, steps=((2, 20),))"), "LateRule.percent and LateRule.steps: give one"),
        (dated(DUE, ", late_days=LateDays(-1)"), "LateDays.total is -1; give a whole number from 0 to 366."),
        (dated(DUE, ", late_days=LateDays(3, each=0)"), "LateDays.each is 0; give a whole number from 1 to 366."),
        (dated(DUE, ', late_days=LateDays(3, spent="x")'), "LateDays.spent is 'x'; give one of 'automatically', 'as"),
        (
            dated(DUE, ', attempts=AttemptRule("worst")'),
            "AttemptRule.counts is 'worst'; give one of 'last', 'best', 'f",
        ),
        (dated(DUE, ", attempts=AttemptRule(at_most=0)"), "AttemptRule.at_most is 0; give a whole number from 1"),
        (dated(DUE, ', attempts=AttemptRule(late="x")'), "AttemptRule.late is 'x'; give one of 'always', 'if none in"),
        (
            dated(DUE, ', late_days=LateDays(3), attempts=AttemptRule("best")'),
            "Course.dates['a']: which attempt is the best depends on late days, and these are spent automatically by",
        ),
    ],
)
def test_a_wrong_date_or_rule_is_one_sentence_with_the_line(tmp_path: Path, fields: str, sentence: str) -> None:
    """Every slip names the file, the line, the field, what is wrong, and what to write instead."""
    (tmp_path / CONFIG_FILE).write_text(f"{HEAD}course = Course({fields})\n")
    (tmp_path / "assignments" / "a").mkdir(parents=True)
    with pytest.raises(InstructorError) as caught:
        load(tmp_path / CONFIG_FILE)
    assert str(caught.value).startswith(f"{tmp_path / CONFIG_FILE}:3: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


ODD = [None, True, 3, -1, 1.5, float("nan"), "", "x", b"x", (), (1,), ("a", "a"), ["a"], {"a": 1}, object(), Dates]


@pytest.mark.parametrize(
    ("record", "good"),
    [
        (Dates, {"deadline": "2026-10-15 23:59"}),
        (Extension, {"reason": "r", "students": ("ada",), "days": 1}),
        (LateRule, {}),
        (LateDays, {"total": 3}),
        (AttemptRule, {}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_no_odd_value_of_a_rule_is_an_error_of_python(record: type, good: dict[str, object]) -> None:
    """Whatever stands in a field, it is taken or refused in a sentence that names the field."""
    for name in record.__dataclass_fields__:  # type: ignore[attr-defined]
        for value in ODD:
            try:
                record(**{**good, name: value})
            except InstructorError as error:
                assert f"{record.__name__}." in str(error)


def course(**more: object) -> Course:
    """A course with two assignments, of which one has dates."""
    dates = {"a": Dates("2026-10-23 23:59", late_deadline="2026-10-27 23:59")}
    return Course("T", ("a", "b"), timezone="Europe/Berlin", dates=dates, **more)  # type: ignore[arg-type]


def test_an_extension_is_for_students_groups_and_sections_and_the_longest_counts() -> None:
    """Days are counted on the clock, also when it changes, and the late deadline moves as far."""
    made = course(
        extensions=(
            Extension("sick", students=("ada",), days=2),
            Extension("team", groups=("G",), hours=1, assignments=("a",)),
            Extension("room", sections=("S",), until="2026-10-30 12:00"),
        )
    )
    usual = made.due("a")
    assert usual is not None
    assert usual.deadline == datetime(2026, 10, 23, 21, 59, tzinfo=UTC)
    assert not usual.extended
    expected = {
        Person("ada"): datetime(2026, 10, 25, 22, 59, tzinfo=UTC),  # 23:59 in winter time
        Person("ben", group="G"): usual.deadline + timedelta(hours=1),
        Person("cy", section="S"): datetime(2026, 10, 30, 11, tzinfo=UTC),
        Person("ada", group="G", section="S"): datetime(2026, 10, 30, 11, tzinfo=UTC),
        Person("dan"): usual.deadline,
    }
    for person, deadline in expected.items():
        due = made.due("a", [person])
        assert due is not None
        assert due.deadline == deadline
        assert due.last is not None
        assert usual.last is not None
        assert due.last - usual.last == due.deadline - usual.deadline
    assert made.due("b") is None
    assert made.due("a-notebook") == usual


def test_an_assignment_may_have_rules_of_its_own() -> None:
    """Its late rule and its rule about attempts go before the course's."""
    own = Dates("2026-10-23 23:59", late=LateRule(percent=1), attempts=AttemptRule("first"))
    made = Course(
        "T", ("a", "b"), timezone="UTC", late=LateRule(percent=9), dates={"a": own, "b": Dates("2026-10-23 23:59")}
    )
    assert made.late_rule("a") == LateRule(percent=1)
    assert made.late_rule("b") == LateRule(percent=9)
    assert (made.attempt_rule("a").counts, made.attempt_rule("b").counts) == ("first", "last")


def test_groups_of_the_course_go_before_those_of_the_roster() -> None:
    """A group is written once, in the roster or in the settings."""
    roster = Roster((Person("ada", group="old"), Person("ben", group="kept"))).with_groups({"new": ("ada",)})
    assert [each.group for each in roster.people] == ["new", "kept"]
