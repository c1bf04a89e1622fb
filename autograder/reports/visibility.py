"""What a student is shown of a report at a moment: a pure function of the report, of the dates, and of nothing else.

A check says from when on its result is shown (`Visibility`). Until then the student reads how many points such checks
are worth and when they are shown, and neither their titles nor their verdicts; the sums on the page are those of what
is shown. Where nothing is known of a moment, as little as possible is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from autograder.checks.wording import counted
from autograder.course.term import Term
from autograder.results import QuestionResult, Report, Visibility
from autograder.scoring import question_points, report_points, rounded

__all__ = [
    "NOTHING_KNOWN",
    "Moment",
    "Shown",
    "Withheld",
    "is_shown",
    "moment_at",
    "moment_of",
    "shown_report",
    "withheld_sentence",
]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a student looks.

    `closed` says that nobody can earn points by handing in any more, `published` that the grades are published.
    `closes` is when it closes, as it is written for people, or "" where that is not known, or publishing closes it.
    """

    closed: bool = False
    published: bool = False
    closes: str = ""


NOTHING_KNOWN = Moment()
"""Before the deadline and before the grades are published."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is not shown of a question yet: how many checks, their points, and from when on they are shown."""

    visible: Visibility
    checks: int
    points: float
    question: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a student is shown: a report of the checks that are shown, and what is withheld.

    `total` are (points, available points, bonus points) of all checks, which is what counts; None until the grades are
    published.
    """

    report: Report
    withheld: tuple[Withheld, ...]
    total: tuple[float, float, float] | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is withheld."""
        return not self.withheld


def moment_at(now: datetime, closes: datetime | None, *, published: bool) -> Moment:
    """The moment `now`, of an assignment for which nobody earns points any more after `closes`; None for no such time.

    Both times have a zone.

    >>> from datetime import UTC
    >>> deadline = datetime(2026, 12, 1, 23, 59, tzinfo=UTC)
    >>> moment_at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC), deadline, published=False)
    Moment(closed=False, published=False, closes='1 December 2026, 23:59 UTC')
    """
    said = f"{closes.day} {closes:%B %Y, %H:%M %Z}".rstrip() if closes else ""
    return Moment(closed=closes is not None and now > closes, published=published, closes=said)


def moment_of(term: Term | None, assignment: str) -> Moment:
    """The present, of an assignment of a course whose grades are not published."""
    return moment_at(datetime.now(UTC), term.closes(assignment) if term else None, published=False)


def is_shown(visible: Visibility, moment: Moment) -> bool:
    """Whether a result that is shown from `visible` on is shown at a moment.

    Publishing the grades ends the waiting for the deadline as well: an assignment without a deadline is closed then.

    >>> is_shown(Visibility.AFTER_DEADLINE, Moment(closed=True)), is_shown(Visibility.NEVER, Moment(published=True))
    (True, False)
    """
    if visible is Visibility.AFTER_DEADLINE:
        return moment.closed or moment.published
    if visible is Visibility.AFTER_PUBLICATION:
        return moment.published
    return visible is Visibility.ALWAYS


def shown_report(report: Report, moment: Moment) -> Shown:
    """What the student of a report is shown at a moment."""
    hidden = [
        Withheld(visible, len(checks), rounded(sum(check.max_points for check in checks)), question.id)
        for question in report.questions
        for visible in Visibility
        if not is_shown(visible, moment) and (checks := [each for each in question.checks if each.visible is visible])
    ]
    if not hidden:
        return Shown(report, (), (report.points, report.max_points, report.bonus_points) if moment.published else None)
    questions = tuple(_question(question, moment) for question in report.questions)
    points, most, bonus = report_points(questions)
    total = (report.points, report.max_points, report.bonus_points) if moment.published else None
    part = replace(report, questions=questions, points=points, max_points=most, bonus_points=bonus)
    return Shown(part, tuple(hidden), total)


def _question(question: QuestionResult, moment: Moment) -> QuestionResult:
    """A question with those of its checks that are shown, and their points."""
    shown = tuple(check for check in question.checks if is_shown(check.visible, moment))
    points, most = question_points(check for check in question.checks if check not in shown)
    rest = rounded(question.points - points), rounded(question.max_points - most)
    return replace(question, checks=shown, points=rest[0], max_points=rest[1])


def withheld_sentence(withheld: Withheld, moment: Moment) -> str:
    """What a student reads in the place of checks whose results are not shown.

    >>> withheld_sentence(Withheld(Visibility.AFTER_DEADLINE, 2, 3.5, "a"), Moment(closes="1 December 2026, 23:59 UTC"))
    '2 more checks (3.5 points) are shown after 1 December 2026, 23:59 UTC.'
    """
    checks, points = counted(withheld.checks, "more check"), counted(withheld.points, "point")
    are = "is" if withheld.checks == 1 else "are"
    when = {
        Visibility.AFTER_DEADLINE: (
            f"shown after {moment.closes}" if moment.closes else "shown when nobody can hand in any more"
        ),
        Visibility.AFTER_PUBLICATION: "shown when the grades are published",
    }.get(withheld.visible, "not shown to students")
    return f"{checks} ({points}) {are} {when}."
