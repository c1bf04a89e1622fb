"""The pages that are read: the course, the class, and one submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from autograder.checks.errors import InstructorError, UsageError
from autograder.reports.pages.student import Heading, staff_values, student_values
from autograder.reports.visibility import Moment
from autograder.results import Report
from autograder.review.code import CodeFile, code_of
from autograder.review.grading import answer_lines
from autograder.review.page import Refused, Review
from autograder.review.progress import progress_lines
from autograder.store.class_results import BINS, SORTS, assignments, class_page
from autograder.store.written_answers import newest_report, student_name

MOMENTS: Mapping[str, Moment] = MappingProxyType(
    {"now": Moment(), "closed": Moment(closed=True), "published": Moment(closed=True, published=True)}
)
"""When a student may look: before the deadline, after it, and after the grades are published."""

__all__ = ["choose_names", "show_as_student", "show_class", "show_course", "show_submission"]


def show_course(review: Review, request: Request) -> Response:
    """All assignments, with what waits in each."""
    with review.store() as store, store.reading():
        return review.page(request, "course.html", lines=assignments(store.database))


def show_class(review: Review, request: Request) -> Response:
    """The students, answers and checks of an assignment, sorted and searched as the query asks."""
    name, asked = request.path_params["name"], request.query_params
    sort, search = asked.get("sort", "student"), asked.get("search", "")
    if sort not in SORTS:
        raise Refused(400, f"The students cannot be sorted by {sort!r}; choose one of {', '.join(SORTS)}.")
    tenth, without = asked.get("tenth", ""), asked.get("without", "")
    if tenth and tenth not in map(str, range(BINS)):
        raise Refused(400, f"There is no tenth {tenth!r} of the points; they are numbered from 0 to {BINS - 1}.")
    down = asked.get("order") == "down"
    with review.store() as store, store.reading():
        found = class_page(
            store.database,
            name,
            sort=sort,
            down=down,
            search=search,
            tenth=int(tenth) if tenth else None,
            without=without,
        )
        if found is None:
            raise Refused(404, f"There is no assignment {name!r} in this database; the course page lists all.")
        answers = answer_lines(review, store, name)
    return review.page(
        request,
        "class.html",
        name=name,
        found=found,
        answers=answers,
        progress=progress_lines(review, request),
        sort=sort,
        down=down,
        search=search,
        sorts=tuple(SORTS),
        tenth=tenth,
        without=without,
        bars=_bars(found.bins),
    )


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar of a drawing that is 100 wide and 20 high: how many students have from `low` to `high` % of the points."""

    tenth: int
    low: int
    high: int
    count: int
    height: float


def _bars(bins: tuple[int, ...]) -> list[_Bar]:
    width, tallest = 100 // len(bins), max(bins) or 1
    return [
        _Bar(number, number * width, (number + 1) * width, count, round(20 * count / tallest, 2))
        for number, count in enumerate(bins)
    ]


def show_submission(review: Review, request: Request) -> Response:
    """All that the newest run of a student found, as staff may read it, and the code."""
    name, student = request.path_params["name"], request.path_params["student"]
    called, report = _report(review, request)
    values = staff_values(report, Heading("Submission", name))
    code: tuple[CodeFile, ...] = ()
    unshown = ""
    try:
        handed_in = review.handed_in(name)
        if handed_in is not None:
            code, unshown = code_of(report, handed_in.get(called))
    except (UsageError, InstructorError) as error:
        unshown = f"The files cannot be shown. {error}"
    return review.page(
        request, "submission.html", assignment=name, student=student, code=code, unshown=unshown, **values
    )


def show_as_student(review: Review, request: Request) -> Response:
    """The same as the student reads it: before the deadline, after it, or after the grades are published."""
    name, student = request.path_params["name"], request.path_params["student"]
    when = request.query_params.get("when", "now")
    if when not in MOMENTS:
        raise Refused(400, f"There is no moment {when!r}; choose one of {', '.join(MOMENTS)}.")
    _, report = _report(review, request)
    values = student_values(report, Heading("As the student reads it", name), MOMENTS[when])
    return review.page(request, "shown.html", assignment=name, student=student, when=when, moments=MOMENTS, **values)


def _report(review: Review, request: Request) -> tuple[str, Report]:
    """The name of a student and the report of the newest run, under the name that the reader chose to see.

    Raises:
        Refused: there is none.
    """
    name, student = request.path_params["name"], request.path_params["student"]
    with review.store() as store, store.reading():
        called, text = student_name(store.database, student), newest_report(store.database, name, student)
    if called is None or text is None:
        raise Refused(404, f"There is no report of such a student in {name!r}; the page of the assignment lists all.")
    try:
        report = msgspec.json.decode(text, type=Report)
    except msgspec.MsgspecError:
        sentence = "This report was written by another version of autograder; grade the submission again."
        raise Refused(404, sentence) from None
    return called, replace(report, student=review.called(request)(student, called))


def choose_names(review: Review, *, hidden: bool, back: str) -> Response:
    """Show names, or pseudonyms in their place, from now on; then the page from which that was asked."""
    answer = RedirectResponse(back if back.startswith("/") and not back.startswith("//") else "/", 303)
    review.show_names(answer, hidden=hidden)
    return answer
