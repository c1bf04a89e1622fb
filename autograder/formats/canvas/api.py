"""Canvas by its REST API: submissions in, grades and comments out.

Every attempt is taken, with the time that Canvas has for it. Members of a group have one submission each, with the same
files, which is one hand-in. Where grading is anonymous, there is a number in place of whoever handed in, and nothing
can be written. A comment is added and never replaced, so it is written only if the student has none with the same text
and with a page of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from autograder.checks.errors import UsageError
from autograder.formats.filling import PLATFORM
from autograder.formats.hand_ins import Found, HandIn, Who
from autograder.formats.lms.http import Client
from autograder.formats.lms.records import AssignmentThere, Change, Comment, CourseThere, Present, Seat
from autograder.formats.lms.replies import Secret, add_file, add_text, origin_of
from autograder.formats.lms.sites import Place
from autograder.submissions.file_trees import Tree

__all__ = ["CanvasSite"]

_API = "/api/v1"
_MANY = "per_page=100"

Each = TypeVar("Each")

_GRADED = ("points", "percent")
_SCHEMES = ("letter_grade", "gpa_scale")
"""Canvas looks points up in the scheme of such an assignment first, where 3 may be a step and not 3 points."""


class _Course(msgspec.Struct, frozen=True):
    id: int
    name: str | None = None
    course_code: str | None = None


class _Assignment(msgspec.Struct, frozen=True):
    id: int
    name: str | None = None
    due_at: datetime | None = None
    points_possible: float | None = None
    grading_type: str = "points"
    anonymize_students: bool = False
    post_manually: bool = False
    group_category_id: int | None = None
    grade_group_students_individually: bool = False


class _User(msgspec.Struct, frozen=True):
    id: int
    name: str | None = None
    sortable_name: str | None = None
    sis_user_id: str | None = None
    login_id: str | None = None
    email: str | None = None


class _Attachment(msgspec.Struct, frozen=True):
    url: str | None = None
    display_name: str | None = None
    filename: str | None = None
    size: int | None = None
    modified_at: datetime | None = None


class _Group(msgspec.Struct, frozen=True):
    id: int | None = None
    name: str | None = None


class _Comment(msgspec.Struct, frozen=True):
    comment: str | None = None
    attachments: list[_Attachment] | None = None


class _Attempt(msgspec.Struct, frozen=True):
    attempt: int | None = None
    submitted_at: datetime | None = None
    late: bool | None = None
    submission_type: str | None = None
    body: str | None = None
    attachments: list[_Attachment] | None = None


class _Submission(_Attempt, frozen=True):
    user_id: int | None = None
    anonymous_id: str | None = None
    score: float | None = None
    entered_score: float | None = None
    points_deducted: float | None = None
    excused: bool | None = None
    group: _Group | None = None
    submission_history: list[_Attempt] | None = None
    submission_comments: list[_Comment] | None = None


class _Ticket(msgspec.Struct, frozen=True):
    upload_url: str
    upload_params: dict[str, Any] = {}
    file_param: str = "file"


class _Uploaded(msgspec.Struct, frozen=True):
    id: int


class CanvasSite:
    """A site of Canvas, as the token's user sees it.

    Args:
        place: what the address names.
        secret: the token.
        writing: whether grades are to be written; Canvas has one kind of token for everything.
    """

    def __init__(self, place: Place, secret: Secret, *, writing: bool = False) -> None:
        del writing
        self._place = place
        self._client = Client(place.site, "Canvas", secret, {"Authorization": f"Bearer {secret.text}"})
        self._course = f"{_API}/courses/{place.course}"
        self._about = f"{self._course}/assignments/{place.assignment}"

    def courses(self) -> Sequence[CourseThere]:
        """The courses of the token's user."""
        address = f"{_API}/courses?{_MANY}"
        found = self._all(address, "reading the list of courses", list[_Course])
        return [CourseThere(_title(each.name or each.course_code, each.id), self._at(str(each.id)), str(each.id))
                for each in found]  # fmt: skip

    def assignments(self) -> Sequence[AssignmentThere]:
        """The assignments of a course."""
        what = f"reading the assignments of course {self._place.course}"
        found = self._all(f"{self._course}/assignments?{_MANY}", what, list[_Assignment])
        return [self._assignment(each) for each in found]

    def assignment(self) -> AssignmentThere:
        """The assignment that the address names."""
        return self._assignment(self._mine())

    def hand_ins(self) -> Found:
        """Every attempt of everybody; members of a group hand in together."""
        found = Found()
        people = {each.id: each for each in self._people()}
        groups: dict[int, list[_Submission]] = {}
        for each in self._submissions("submission_history", "group"):
            if each.user_id is None and each.anonymous_id:
                who = Who(f"anon_{each.anonymous_id}", (f"anon_{each.anonymous_id}",), blind=True)
                found.hand_ins += self._attempts(each, who)
            elif each.user_id not in people:
                if each.submitted_at:
                    found.beside.append(f"user {each.user_id}, who is no student of the course")
            elif each.group is not None and each.group.id is not None:
                groups.setdefault(each.group.id, []).append(each)
            else:
                found.hand_ins += self._attempts(each, _who(people[each.user_id]))
        for number, own in groups.items():
            name = next((each.group.name for each in own if each.group and each.group.name), f"group {number}")
            members = tuple(_who(people[each.user_id]) for each in own if each.user_id is not None)
            longest = max(own, key=lambda each: len(each.submission_history or ()))
            found.hand_ins += self._attempts(longest, Who(f"group {number}", (name,)), members)
        return found

    def seats(self) -> Sequence[Seat]:
        """Every student of the course, with the grade and the comments."""
        mine = self._mine()
        together = mine.group_category_id is not None and not mine.grade_group_students_individually
        given = {each.user_id: each for each in self._submissions("submission_comments", *(["group"] * together))}
        return [_seat(each, given[each.id], together=together) for each in self._people() if each.id in given]

    def present(self, seat: Seat) -> Present:
        """What one student has now."""
        what = f"reading the grade of {seat.shown}"
        address = f"{self._about}/submissions/{seat.number}?include[]=submission_comments"
        return _present(self._client.decoded(self._client.get(address, what), what, _Submission))

    def write(self, seat: Seat, change: Change) -> None:
        """Write a grade, a comment, or both, in one request."""
        fields = [] if change.points is None else [("submission[posted_grade]", f"{change.points:.2f}")]
        if change.comment is not None:
            fields += [("comment[text_comment]", change.comment.text), ("comment[group_comment]", "false")]
            if change.comment.file:
                fields.append(("comment[file_ids][]", str(self._uploaded(seat, change.comment))))
        what = f"writing the grade of {seat.shown}"
        self._client.change("PUT", f"{self._about}/submissions/{seat.number}", fields, what)

    def _mine(self) -> _Assignment:
        what = f"reading assignment {self._place.assignment} of course {self._place.course}"
        return self._client.decoded(self._client.get(self._about, what), what, _Assignment)

    def _uploaded(self, seat: Seat, comment: Comment) -> int:
        """The number of a page that was sent up, in the three steps that Canvas documents."""
        what = f"sending the page of {seat.shown}"
        fields = [("name", comment.file), ("size", str(len(comment.page))), ("content_type", "text/html")]
        reply = self._client.change("POST", f"{self._about}/submissions/{seat.number}/comments/files", fields, what)
        ticket = self._client.decoded(reply, what, _Ticket)
        own = [(name, "" if value is None else str(value)) for name, value in ticket.upload_params.items()]
        file = (ticket.file_param, comment.file, comment.page)
        reply = self._client.change("POST", ticket.upload_url, own, what, file=file, trusted=False)
        if confirm := reply.headers.get("location"):
            if origin_of(confirm) != origin_of(self._place.site):
                raise UsageError(f"{self._client.host} continues {what} on another host, which is not followed.")
            reply = self._client.get(confirm, what)
        return self._client.decoded(reply, what, _Uploaded).id

    def _all(self, address: str, what: str, type: type[list[Each]]) -> Iterator[Each]:
        for page in self._client.pages(address, what, type):
            yield from page

    def _people(self) -> list[_User]:
        address = f"{self._course}/users?{_MANY}&enrollment_type[]=student&include[]=email"
        return list(self._all(address, f"reading the students of course {self._place.course}", list[_User]))

    def _submissions(self, *more: str) -> list[_Submission]:
        include = "".join(f"&include[]={each}" for each in more)
        what = f"reading the submissions of assignment {self._place.assignment}"
        return list(self._all(f"{self._about}/submissions?{_MANY}{include}", what, list[_Submission]))

    def _at(self, course: str, assignment: str = "") -> str:
        return Place("canvas", self._place.site, course, assignment).address

    def _assignment(self, each: _Assignment) -> AssignmentThere:
        refused = "" if each.grading_type in _GRADED else f"it is graded as {each.grading_type} there"
        if each.grading_type in _SCHEMES:
            refused = "it is graded by a scheme there, which may take points for a step; display grades as points first"
        if each.anonymize_students:
            refused = "grading is anonymous there; reveal the names first"
        remarks = ("Students see these grades once they are posted in Canvas.",) if each.post_manually else ()
        return AssignmentThere(
            _title(each.name, each.id),
            self._at(self._place.course, str(each.id)),
            self._place.course,
            each.due_at,
            each.points_possible,
            refused=refused,
            remarks=remarks,
        )

    def _attempts(self, each: _Submission, who: Who, members: tuple[Who, ...] = ()) -> list[HandIn]:
        made = []
        for attempt in each.submission_history or [each]:
            if attempt.submitted_at is None:
                continue
            tree = self._tree(attempt)
            link = attempt.submission_type in ("online_url", "basic_lti_launch")
            problem = "Only a web address was handed in, which is not followed." if link and not tree.files else ""
            made.append(HandIn(who, tree, attempt.submitted_at, attempt.late, members, problem=problem))
        return made

    def _tree(self, attempt: _Attempt) -> Tree:
        tree = Tree(Path())
        time = attempt.submitted_at.timestamp() if attempt.submitted_at else 0.0
        for file in attempt.attachments or []:
            name = file.display_name or file.filename or "file"
            if file.url:
                add_file(tree, name, file.size or 0, time, partial(self._download, file.url, name))
            else:
                tree.left_out[(name,)] = "is locked in Canvas"
        if attempt.body and attempt.submission_type in (None, "online_text_entry"):
            add_text(tree, "text.html", attempt.body, time)
        return tree

    def _download(self, address: str, name: str, most: int) -> bytes:
        return self._client.get(address, f"downloading {name}", most=most).content


def _title(name: str | None, number: int) -> str:
    return name or f"number {number}"


def _who(user: _User) -> Who:
    """A student by the ids that a roster may have; the platform's own number is the key."""
    ids = tuple(each for each in (user.sis_user_id, user.login_id, user.email) if each)
    return Who(str(user.id), tuple(dict.fromkeys(each for each in (user.name, user.sortable_name) if each)), ids)


def _seat(user: _User, given: _Submission, *, together: bool) -> Seat:
    ids = [(PLATFORM, str(user.id))]
    ids += [(kind, id_) for kind, id_ in (("SIS User ID", user.sis_user_id), ("SIS Login ID", user.login_id),
                                          ("email", user.email)) if id_]  # fmt: skip
    who = _who(user)
    group = str(given.group.id) if together and given.group is not None and given.group.id is not None else ""
    return Seat(
        str(user.id), user.name or f"user {user.id}", tuple(ids), who.names, _present(given), group, given.submitted_at
    )


def _present(given: _Submission) -> Present:
    comments = given.submission_comments or []
    return Present(
        given.score if given.entered_score is None else given.entered_score,
        tuple(each.comment for each in comments if each.comment),
        tuple(file.display_name or file.filename or "" for each in comments for file in each.attachments or []),
        "excused in Canvas" if given.excused else "",
        given.points_deducted or 0.0,
    )
