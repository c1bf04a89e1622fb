"""The page on which requests to look at a grade again are read, answered and closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request as Asked
from starlette.responses import RedirectResponse, Response

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.review.page import NO_KEY, Refused, Review
from autograder.store import Store
from autograder.store.database import iso
from autograder.store.history import students
from autograder.store.publishing import answer_request, close_request, requests
from autograder.store.records import Request

__all__ = ["change_request", "show_requests"]

_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class _Line:
    """A request, the number of its student, and what stands for its state."""

    request: Request
    student: int
    stamp: str


def show_requests(review: Review, request: Asked) -> Response:
    """All requests of an assignment, open ones first."""
    return _page(review, request)


def change_request(review: Review, request: Asked, form: Mapping[str, str]) -> Response:
    """Answer or close a request, unless somebody else did meanwhile."""
    if not review.access.is_form_key(form.get("key", "")):
        raise Refused(403, NO_KEY)
    number, answer = form.get("number", ""), form.get("answer", "").strip().replace("\r\n", "\n")
    try:
        with review.store() as store, store.writing("the answer"):
            _change(store, request.path_params["name"], number, answer, form)
    except UsageError as error:
        return _page(review, request, said=str(error), status=400, typed={number: answer})
    return RedirectResponse(f"{request.url.path}#request{number}", 303)


def _change(store: Store, assignment: str, number: str, answer: str, form: Mapping[str, str]) -> None:
    """Raises UsageError where it cannot be done; the sentence says why."""
    own = next((each for each in requests(store.database, assignment) if str(each.id) == number), None)
    if own is None:
        raise UsageError("There is no such request to this assignment.")
    if own.state == "closed":
        raise UsageError(f"Request {number} is closed; nothing was changed.")
    if form.get("stamp") != _stamp(own):
        raise UsageError(f"{own.who} changed request {number} meanwhile; nothing of yours was saved.")
    if form.get("action") == "close":
        close_request(store.database, own.id, store.change())
    elif not answer:
        raise UsageError("Write an answer, or close the request without one.")
    elif len(answer) > _LONGEST:
        raise UsageError(f"The answer has {counted(len(answer), 'character')}; shorten it to {_LONGEST:,}.")
    else:
        answer_request(store.database, own.id, answer, store.change())


def _stamp(request: Request) -> str:
    return f"{request.state} {iso(request.changed) if request.changed else ''}"


def _page(
    review: Review, request: Asked, *, said: str = "", status: int = 200, typed: Mapping[str, str] | None = None
) -> Response:
    name = request.path_params["name"]
    with review.store() as store, store.reading():
        numbers = {each.name: each.id for each in students(store.database)}
        found = [_Line(each, numbers[each.student], _stamp(each)) for each in requests(store.database, name)]
    found.sort(key=lambda line: (line.request.state == "closed", line.request.state == "answered"))
    return review.page(request, "requests.html", status, assignment=name, lines=found, said=said, typed=typed or {})
