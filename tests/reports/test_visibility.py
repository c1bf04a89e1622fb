"""What a student is shown of a report at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import Assignment
from autograder.checks.errors import InstructorError
from autograder.course import Course, Dates, Extension, LateDays, LateRule
from autograder.course.late import Days, HandedIn, Score, judged
from autograder.course.term import HandIn, Term
from autograder.reports.pages import Heading, staff_page, student_page
from autograder.reports.visibility import (
    NOTHING_KNOWN,
    Moment,
    Withheld,
    moment_at,
    moment_of,
    shown_report,
    withheld_sentence,
)
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict, Visibility
from autograder.scoring import question_points, report_points, rounded

HEADING = Heading("Course", "Homework")
BEFORE, CLOSED, PUBLISHED = NOTHING_KNOWN, Moment(closed=True), Moment(closed=True, published=True)
ORDER = (BEFORE, CLOSED, PUBLISHED)


def check(name: str, visible: Visibility, points: float = 1.0, most: float = 2.0) -> CheckResult:
    """A hidden check that is shown from `visible` on."""
    verdict = Verdict.PASSED if points == most else Verdict.FAILED
    return CheckResult(name, f"Title of {name}.", True, verdict, points, most, 0.1, f"Said of {name}.", visible=visible)


def report(*questions: tuple[CheckResult, ...], bonus: bool = False) -> Report:
    """A report with these checks in one question each; the last may be a bonus question."""
    made = tuple(
        QuestionResult(f"q{n}", f"Question {n}", *question_points(checks), bonus and n == len(questions) - 1, checks)
        for n, checks in enumerate(questions)
    )
    return Report("hw", "ada", *report_points(made), made, Resources(), Replay())


checks_of_any_kind = st.lists(
    st.builds(
        lambda visible, points, more: (visible, points, points + more),
        st.sampled_from(Visibility),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=5,
)


@given(st.lists(checks_of_any_kind, min_size=1, max_size=3), st.booleans(), st.sampled_from(ORDER))
def test_points_that_are_shown_and_withheld_are_all_points(
    drawn: list[list[tuple[Visibility, int, int]]], bonus: bool, moment: Moment
) -> None:
    """Whatever is shown when, the available points on the page and those withheld are together those of the report."""
    whole = report(
        *(tuple(check(f"c{n}_{k}", *each) for k, each in enumerate(checks)) for n, checks in enumerate(drawn)),
        bonus=bonus,
    )
    shown = shown_report(whole, moment)
    most = sum(each.max_points for each in shown.report.questions) + sum(each.points for each in shown.withheld)
    assert rounded(most) == rounded(sum(each.max_points for each in whole.questions))
    assert shown.report.points == sum(
        each.points for each, full in zip(shown.report.questions, whole.questions, strict=True) if not full.bonus
    )


@given(checks_of_any_kind.filter(bool))
def test_what_was_shown_once_stays_shown(drawn: list[tuple[Visibility, int, int]]) -> None:
    """As time goes on, from before the deadline to publication, no check disappears from what is shown."""
    whole = report(tuple(check(f"c{k}", *each) for k, each in enumerate(drawn)))
    seen = [{each.id for each in shown_report(whole, moment).report.questions[0].checks} for moment in ORDER]
    assert seen[0] <= seen[1] <= seen[2]
    assert seen[2] == {f"c{k}" for k, (visible, _, _) in enumerate(drawn) if visible is not Visibility.NEVER}


@pytest.mark.parametrize(
    ("moment", "names"),
    [(BEFORE, ["now"]), (CLOSED, ["now", "deadline"]), (PUBLISHED, ["now", "deadline", "published"])],
)
def test_the_page_says_nothing_of_what_is_withheld(moment: Moment, names: list[str]) -> None:
    """Neither the title nor the message of a check stands on a student's page before it is shown, nor on it ever of
    one for staff; the page of staff has all of them."""
    whole = report(
        (
            check("now", Visibility.ALWAYS),
            check("deadline", Visibility.AFTER_DEADLINE),
            check("published", Visibility.AFTER_PUBLICATION),
            check("staff", Visibility.NEVER),
        )
    )
    page, everything = student_page(whole, HEADING, moment), staff_page(whole, HEADING)
    for name in ("now", "deadline", "published", "staff"):
        assert (f"Title of {name}." in page, f"Said of {name}." in page) == (name in names, name in names)
        assert f"Title of {name}." in everything


def test_a_page_with_withheld_points_does_not_look_complete() -> None:
    """While points are withheld the page says so, with their number, and shows the sums of what is shown."""
    whole = report((check("now", Visibility.ALWAYS, 2.0), check("later", Visibility.AFTER_DEADLINE, 0.0, 3.0)))
    page = student_page(whole, HEADING, Moment(closes="1 December 2026, 23:59 UTC"))
    assert "Not everything is shown on this page yet." in page
    assert "1 more check (3 points) is shown after 1 December 2026, 23:59 UTC." in page
    assert 'aria-label="2 of 2 points"' in page


def test_after_publication_the_whole_result_is_said() -> None:
    """Once grades are published, points of checks for staff count in the result that the page names."""
    whole = report((check("now", Visibility.ALWAYS, 2.0), check("staff", Visibility.NEVER, 1.0, 3.0)))
    page = student_page(whole, HEADING, PUBLISHED)
    assert "With everything that counts, you have <strong>3 of 5 points</strong>." in page
    assert "1 more check (3 points) is not shown to students." in page
    assert "With everything that counts" not in student_page(whole, HEADING, CLOSED)


def test_publication_ends_the_waiting_for_a_deadline() -> None:
    """An assignment without a deadline shows checks of after the deadline when its grades are published."""
    whole = report((check("later", Visibility.AFTER_DEADLINE),))
    assert shown_report(whole, Moment(published=True)).is_whole
    assert not shown_report(whole, BEFORE).is_whole


@given(st.integers(-10_000, 10_000), st.integers(-12, 12), st.integers(-12, 12))
def test_a_moment_is_of_the_instant_and_not_of_the_zone(minutes: int, ours: int, theirs: int) -> None:
    """Whether the deadline is over depends on the instants alone, in whatever zones they are written."""
    closes = datetime(2026, 12, 1, 23, 59, tzinfo=timezone(timedelta(hours=ours)))
    now = (closes + timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=theirs)))
    assert moment_at(now, closes, published=False).closed == (minutes > 0)


def test_without_a_deadline_nothing_closes() -> None:
    """An assignment without a deadline is open at any time, and no date is named."""
    assert moment_at(datetime.now(UTC), None, published=False) == NOTHING_KNOWN
    sentence = withheld_sentence(Withheld(Visibility.AFTER_DEADLINE, 1, 1.0, "a"), NOTHING_KNOWN)
    assert sentence == "1 more check (1 point) is shown when nobody can hand in any more."
    published = withheld_sentence(Withheld(Visibility.AFTER_PUBLICATION, 2, 1.0, "a"), NOTHING_KNOWN)
    assert published == "2 more checks (1 point) are shown when the grades are published."


def test_a_check_declares_from_when_on_it_is_shown() -> None:
    """`visible=` stands in the declaration of a check, and each result has it."""
    question = Assignment("Title", files=["x.py"]).question("Part", id="a", solution="f")

    @question.check(points=1, hidden=True, visible="after_publication")
    def returns_one(student: object) -> None:
        """It returns 1."""

    assert question.checks[0].visible is Visibility.AFTER_PUBLICATION


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"hidden": True, "visible": "later"},
            'visible is \'later\'; give one of "always", "after_deadline", "after_publication", "never".',
        ),
        ({"visible": "never"}, "is for hidden checks, and students run a public one at home; leave it out."),
    ],
)
def test_a_wrong_visibility_is_said(arguments: dict[str, object], sentence: str) -> None:
    """Another word, or one for a public check, is an instructor's error with what to write."""
    question = Assignment("Title", files=["x.py"]).question("Part", id="a", solution="f")
    with pytest.raises(InstructorError) as error:
        question.check(points=1, **arguments)  # type: ignore[arg-type]
    assert sentence in str(error.value)


def test_a_check_is_shown_no_earlier_than_what_it_needs() -> None:
    """A check that needs one which is shown later is refused, for SKIPPED would say what became of that one."""
    question = Assignment("Title", files=["x.py"]).question("Part", id="a", solution="f")

    @question.check(points=1, hidden=True, visible="after_deadline")
    def first(student: object) -> None:
        """First."""

    with pytest.raises(InstructorError, match="is shown 'always' and needs 'first', which is shown 'after_deadline'"):

        @question.check(points=1, hidden=True, needs=first)
        def second(student: object) -> None:
            """Second."""


def test_an_assignment_closes_with_the_last_deadline_of_anybody() -> None:
    """The late deadline and the longest extension count, of whomever; without dates nothing closes."""
    course = Course(
        title="C",
        assignments=("hw", "other"),
        timezone="UTC",
        dates={"hw": Dates("2026-12-01 12:00")},
        extensions=(
            Extension("ill", students=("ada",), days=2),
            Extension("late", groups=("g",), until="2026-12-09 12:00"),
        ),
    )
    closes = Term(course).closes("hw")
    assert closes == datetime(2026, 12, 9, 12, 0, tzinfo=UTC)
    assert Term(course).closes("other") is None
    late = replace(course, dates={"hw": Dates("2026-12-01 12:00", late_deadline="2026-12-20 12:00")}, extensions=())
    assert Term(late).closes("hw") == datetime(2026, 12, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "days", "closes"),
    [
        (LateRule(percent=10, floor=50), None, None),
        (LateRule(percent=10, floor=50), LateDays(3), None),
        (LateRule(percent=100, of="maximum"), None, None),
        (LateRule(early_percent=1, early_most=5), None, None),
        (LateRule(steps=((0, 10), (24, 30))), LateDays(3), None),
        (LateRule(percent=10), None, datetime(2026, 12, 10, 12, 0)),
        (LateRule(percent=10), LateDays(3), datetime(2026, 12, 13, 12, 0)),
        (LateRule(percent=100, grace_minutes=15), LateDays(5, each=2), datetime(2026, 12, 3, 12, 15)),
        (LateRule(steps=((0, 50), (24, 100))), None, datetime(2026, 12, 2, 12, 0)),
        (LateRule(percent=10, cut_off_hours=48), LateDays(3), datetime(2026, 12, 3, 12, 0)),
    ],
)
def test_an_assignment_closes_when_nobody_earns_points_by_handing_in(
    rule: LateRule, days: LateDays | None, closes: datetime | None
) -> None:
    """At the cut-off, or when lateness costs everything after all late days; else only publishing closes it."""
    dates = {"hw": Dates("2026-12-01 12:00")}
    term = Term(Course(title="C", assignments=("hw",), timezone="UTC", dates=dates, late=rule, late_days=days))
    found = term.closes("hw")
    assert found == (closes and closes.replace(tzinfo=UTC))
    due = term.due("hw", HandIn("ada"))
    assert due is not None
    budget = days and (days.each or days.total)
    used = Days(0 if rule.cut_off_hours else budget or 0)

    def earned(time: datetime) -> float:
        return judged(Score(10, 1, 10), HandedIn(time), due, rule, used)[0]

    if found is None:
        assert earned(due.deadline + timedelta(days=300)) > 0 or rule.of == "maximum"
    else:
        assert earned(found) > 0
        assert earned(found + timedelta(seconds=1)) == 0


def test_checks_of_after_the_deadline_stay_withheld_while_late_hand_ins_earn_points() -> None:
    """One second after the deadline nothing is closed where a later hand-in counts."""
    dates = {"hw": Dates((datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S"))}
    course = Course(title="C", assignments=("hw",), timezone="UTC", dates=dates)
    assert moment_of(Term(course), "hw").closed
    for rule in (LateRule(percent=10), LateRule(percent=10, floor=50), LateRule(percent=10, cut_off_hours=24)):
        assert not moment_of(Term(replace(course, late=rule, late_days=LateDays(3))), "hw").closed
