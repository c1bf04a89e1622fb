"""The pages on which written answers are graded: one answer across all students, each change saved at once.

A page works as a plain form; with the script beside it, every change is sent as soon as it is made. Students come in
an order that has nothing to do with their names.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.reports.files import file_names
from autograder.review.page import NO_KEY, Refused, Review
from autograder.scoring import rounded, shown
from autograder.store import Store
from autograder.store.readings import Conflict, Given, Progress, Reading, change_reading, progress, reading_of, undo
from autograder.store.written_answers import WrittenAnswer, written_answers

__all__ = ["AnswerLine", "answer_lines", "begin_grading", "change_answer", "show_answer", "show_file"]

_LONGEST_COMMENT = 10_000


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer on the page of its assignment: of `handed_in` students, how many are graded, begun and flagged."""

    answer: str
    title: str
    handed_in: int
    graded: int
    begun: int
    flagged: int


@dataclass(frozen=True, slots=True)
class _Queue:
    """All students with one answer, in the order in which they are graded, and how far each is."""

    answers: tuple[WrittenAnswer, ...]
    items: tuple[RubricItem, ...]
    reached: Progress

    def is_graded(self, answer: WrittenAnswer) -> bool:
        """Whether each item has points."""
        return self.reached.items.get(answer.name, 0) >= len(self.items)

    @property
    def graded(self) -> int:
        """How many are."""
        return sum(map(self.is_graded, self.answers))

    def place(self, student: int) -> int:
        """The student's place in the order.

        Raises:
            Refused: the student did not hand it in.
        """
        for number, each in enumerate(self.answers):
            if each.student == student:
                return number
        raise Refused(404, "This student handed nothing in here; the page of the assignment lists all answers.")

    def next_ungraded(self, place: int) -> int | None:
        """The number of the next student without all points, from a place on and then from the beginning."""
        turned = (*self.answers[place + 1 :], *self.answers[:place])
        return next((each.student for each in turned if not self.is_graded(each)), None)

    def alike(self, answer: WrittenAnswer) -> tuple[WrittenAnswer, ...]:
        """Others who wrote the same, but for spaces and the case of letters, and are not graded yet."""
        text = _plain(answer.text)
        if not text or answer.file:
            return ()
        return tuple(
            each
            for each in self.answers
            if each.student != answer.student and not each.file and _plain(each.text) == text
            if not self.reached.items.get(each.name)
        )


def answer_lines(review: Review, store: Store, assignment: str) -> tuple[AnswerLine, ...]:
    """Every written answer of an assignment, with how far its grading is."""
    found: dict[str, list[WrittenAnswer]] = {}
    for each in written_answers(store.database, assignment):
        found.setdefault(each.answer, []).append(each)
    lines = []
    for answer, own in found.items():
        queue = _Queue(tuple(own), review.items(assignment, answer, own[0].points), _reached(store, assignment, answer))
        names = {each.name for each in own}
        begun = sum(name in queue.reached.items for name in names) - queue.graded
        flagged = len(queue.reached.flagged & names)
        lines.append(AnswerLine(answer, own[0].title, len(own), queue.graded, begun, flagged))
    return tuple(lines)


def begin_grading(review: Review, request: Request) -> Response:
    """Lead to the first student who is not graded, or to the first of all."""
    assignment, answer = request.path_params["name"], request.path_params["answer"]
    with review.store() as store, store.reading():
        queue = _queue(review, store, assignment, answer)
    first = next((each for each in queue.answers if not queue.is_graded(each)), queue.answers[0])
    return RedirectResponse(f"{request.url.path.rstrip('/')}/{first.student}", 303)


def show_answer(review: Review, request: Request) -> Response:
    """One student's answer, with what stands for it and the form to change that."""
    assignment, answer, student = _asked(request)
    with review.store() as store, store.reading():
        queue = _queue(review, store, assignment, answer)
        place = queue.place(student)
        stands = reading_of(store.database, assignment, queue.answers[place].name, answer)
    return _page(review, request, queue, place, stands)


def change_answer(review: Review, request: Request, form: Mapping[str, str]) -> Response:
    """Save what a form holds, or take back the last change; then this page again, or the next one.

    A script that asks for JSON gets what stands there now, or the sentence why nothing was changed.
    """
    assignment, answer, student = _asked(request)
    wants_json = "application/json" in request.headers.get("accept", "")
    if not review.access.is_form_key(form.get("key", "")):
        raise Refused(403, NO_KEY)
    with review.store() as store:
        with store.reading():
            queue = _queue(review, store, assignment, answer)
        place = queue.place(student)
        try:
            with store.writing("the points of an answer"):
                stands = _changed(store, queue, place, assignment, form)
        except (Conflict, UsageError) as error:
            status = 409 if isinstance(error, Conflict) else 400
            with store.reading():
                stands = reading_of(store.database, assignment, queue.answers[place].name, answer)
            said = (
                f"{error} Nothing of yours was saved; this is what stands there now." if status == 409 else str(error)
            )
            if wants_json:
                return JSONResponse({"said": said, **_plain_reading(stands, queue.items)}, status)
            return _page(review, request, queue, place, stands, said=said, status=status)
        with store.reading():
            queue = replace(queue, reached=_reached(store, assignment, answer))
    following = queue.next_ungraded(place)
    if wants_json:
        state = {"graded": queue.graded, "of": len(queue.answers), "next": following}
        return JSONResponse({"said": "Saved.", **state, **_plain_reading(stands, queue.items)})
    onward = following if form.get("action", "") == "next" and following is not None else student
    return RedirectResponse(f"{request.url.path.rpartition('/')[0]}/{onward}", 303)


def show_file(review: Review, request: Request) -> Response:
    """The PDF that a student handed in, as `autograder grade` copied it."""
    assignment, answer, student = _asked(request)
    with review.store() as store, store.reading():
        queue = _queue(review, store, assignment, answer)
    asked = queue.answers[queue.place(student)]
    names = file_names(each.name for each in queue.answers)
    path = _file_in(review.out, names.get(asked.name, ""), asked.file)
    if path is None:
        raise Refused(404, "The file is not in the graded folder; open the page with --out DIR, the folder of grade.")
    headers = {"Content-Disposition": "inline", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(path.read_bytes(), media_type="application/pdf", headers=headers)


def _asked(request: Request) -> tuple[str, str, int]:
    return request.path_params["name"], request.path_params["answer"], request.path_params["student"]


def _queue(review: Review, store: Store, assignment: str, answer: str) -> _Queue:
    """The students with an answer, in an order that has nothing to do with their names.

    Raises:
        Refused: nobody handed it in.
    """
    found = written_answers(store.database, assignment, answer)
    if not found:
        raise Refused(404, f"No person grades an answer {answer!r} of {assignment!r}; the course page lists all.")
    ordered = sorted(found, key=lambda each: hashlib.sha256(f"{answer}\0{each.student}".encode()).digest())
    return _Queue(
        tuple(ordered), review.items(assignment, answer, found[0].points), _reached(store, assignment, answer)
    )


def _reached(store: Store, assignment: str, answer: str) -> Progress:
    return progress(store.database, assignment, answer)


def _page(
    review: Review,
    request: Request,
    queue: _Queue,
    place: int,
    stands: Reading,
    *,
    said: str = "",
    status: int = 200,
) -> Response:
    own = queue.answers[place]
    return review.page(
        request,
        "answer.html",
        status,
        assignment=request.path_params["name"],
        answer=own,
        items=[(item, stands.points.get(item.staff), stands.comments.get(item.staff, "")) for item in queue.items],
        stands=stands,
        total=shown(rounded(sum(stands.points.values()))),
        place=place + 1,
        queue=queue,
        before=queue.answers[place - 1].student if place else None,
        after=queue.answers[place + 1].student if place + 1 < len(queue.answers) else None,
        ungraded=queue.next_ungraded(place),
        alike=queue.alike(own),
        said=said,
    )


def _changed(store: Store, queue: _Queue, place: int, assignment: str, form: Mapping[str, str]) -> Reading:
    own, change = queue.answers[place], store.change()
    about = (store.database, assignment, own.name, own.answer)
    stamp = form.get("stamp", "")
    if form.get("action", "") == "undo":
        most = {item.staff: item.points for item in queue.items}
        return undo(*about, most=most, question=own.question, stamp=stamp, change=change)
    given, flagged = _given(queue.items, form), form.get("flagged", "") == "on"
    stands = change_reading(*about, given, question=own.question, stamp=stamp, flagged=flagged, change=change)
    for each in queue.alike(own) if form.get("alike", "") == "on" else ():
        free = reading_of(store.database, assignment, each.name, each.answer)
        change_reading(
            store.database, assignment, each.name, each.answer, given, question=each.question, stamp=free.stamp,
            flagged=flagged, change=change,
        )  # fmt: skip
    return stands


def _given(items: Sequence[RubricItem], form: Mapping[str, str]) -> list[Given]:
    """Points and comment of each item, as they were typed.

    Raises:
        UsageError: a number is none, or a comment is too long.
    """
    found = []
    for number, item in enumerate(items):
        typed = form.get(f"points-{number}", "").strip().replace(",", ".")
        try:
            points = float(typed) if typed else None
        except ValueError:
            points = math.nan
        if points is not None and not math.isfinite(points):
            raise UsageError(f"{typed[:40]!r} is no number of points for {item.staff!r}; write one such as 2 or 1.5.")
        comment = form.get(f"comment-{number}", "").strip()
        if len(comment) > _LONGEST_COMMENT:
            raise UsageError(
                f"The comment on {item.staff!r} has {counted(len(comment), 'character')}; shorten it to "
                f"{_LONGEST_COMMENT:,}."
            )
        found.append(
            Given(item.staff, item.points, None if points is None else rounded(points), comment.replace("\r\n", "\n"))
        )
    return found


def _plain_reading(stands: Reading, items: Sequence[RubricItem]) -> Mapping[str, Any]:
    """What stands there, as the script reads it."""
    return {
        "stamp": stands.stamp,
        "points": [stands.points.get(item.staff) for item in items],
        "comments": [stands.comments.get(item.staff, "") for item in items],
        "flagged": stands.flagged,
        "total": shown(rounded(sum(stands.points.values()))),
    }


def _file_in(out: Path | None, folder: str, file: str) -> Path | None:
    """A PDF below ``OUT/answers``; nothing outside of it, and no link."""
    if out is None or not folder or not file:
        return None
    home = (out / "answers").resolve()
    path = home / folder / file
    is_inside = path.parent.parent == home and path.resolve() == path
    return path if is_inside and path.is_file() and path.read_bytes()[:5] == b"%PDF-" else None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
