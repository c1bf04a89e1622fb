"""Moodle by its web services: submissions in, grades and comments out.

Moodle gives the last attempt of everybody. Teams hand in under the number of a group; where grading is blind, there is
the number of a participant in place of a name. A grade has one comment and one set of files there, which are replaced
as a whole. Everything is asked for by POST, so that the token stands in no address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import TypeVar

import msgspec

from autograder.checks.errors import UsageError
from autograder.formats.filling import PLATFORM
from autograder.formats.hand_ins import Found, HandIn, Who, shown_text
from autograder.formats.lms.http import Client
from autograder.formats.lms.records import AssignmentThere, Change, CourseThere, Present, Seat
from autograder.formats.lms.replies import Denied, Reply, Secret, Unsure, add_file, add_text, origin_of
from autograder.formats.lms.sites import Place
from autograder.formats.moodle.answers import (
    NO_GRADE,
    Assignment,
    Assignments,
    Course,
    Fault,
    Flag,
    Flags,
    Grades,
    Participant,
    Plugin,
    Sent,
    Site,
    Status,
    Submission,
    Submissions,
)
from autograder.submissions.file_trees import Tree

__all__ = ["MoodleSite"]

_READING, _WRITING = (
    ("mod_assign_get_assignments", "mod_assign_get_submissions", "mod_assign_list_participants"),
    ("mod_assign_get_grades", "mod_assign_get_submission_status", "mod_assign_save_grade"),
)
_FRAME = re.compile(r'<div class="no-overflow">(.*)</div>', re.DOTALL)
_HTML = "1"  # Moodle's number of that format

Decoded = TypeVar("Decoded")


class MoodleSite:
    """A site of Moodle, as the token's user sees it.

    Args:
        place: what the address names.
        secret: the token.
        writing: whether grades are to be written, for which the token needs more functions.
    """

    def __init__(self, place: Place, secret: Secret, *, writing: bool = False) -> None:
        self._place, self._secret = place, secret
        self._client = Client(place.site, "Moodle", secret)
        self._needs = (*_READING, *(_WRITING if writing else ()))
        self._found: Assignment | None = None

    def courses(self) -> Sequence[CourseThere]:
        """The courses that the token's user is enrolled in."""
        return [
            CourseThere(unescape(each.fullname) or f"number {each.id}", self._at(course=each.id), str(each.id))
            for each in self._courses()
        ]

    def assignments(self) -> Sequence[AssignmentThere]:
        """The assignments of a course."""
        found = self._courses(self._place.course)
        if not found:
            raise UsageError(
                f"{self._client.host} has no course {self._place.course} that the token's user is enrolled in; list "
                f"courses with `autograder courses {self._place.site}`."
            )
        return [self._there(each) for course in found for each in course.assignments]

    def assignment(self) -> AssignmentThere:
        """The assignment that the address names."""
        return self._there(self._mine())

    def hand_ins(self) -> Found:
        """What counts of everybody; drafts and what was only begun are none."""
        found, mine = Found(), self._mine()
        people = {each.id: each for each in self._participants()}
        for each in self._submissions():
            if each.status != "submitted":
                if each.status == "draft" and each.userid in people:
                    found.nothing[_name(people[each.userid], mine)] = "only a draft, which was not submitted"
            elif each.userid in people:
                found.hand_ins.append(self._hand_in(each, _who(people[each.userid], mine), ()))
            elif each.userid == 0 and mine.teamsubmission:
                team = [one for one in people.values() if one.groupid == each.groupid]
                name = next((one.groupname for one in team if one.groupname), f"group {each.groupid}")
                members = tuple(_who(one, mine) for one in team)
                found.hand_ins.append(self._hand_in(each, Who(f"group:{each.groupid}", (unescape(name),)), members))
            else:
                found.beside.append(f"user {each.userid}, who takes no part in the assignment")
        return found

    def seats(self) -> Sequence[Seat]:
        """Everybody who takes part, with the grade and what staff wrote."""
        mine = self._mine()
        grades, people = self._grades(), self._participants()
        times = self._times_of(people)
        return [
            Seat(str(each.id), _name(each, mine), _ids(each, mine), _who(each, mine).names,
                 self._present(each.id, grades), handed_in=times.get(each.id))
            for each in people
        ]  # fmt: skip

    def _times_of(self, people: Sequence[Participant]) -> Mapping[int, datetime]:
        """When each of them handed in last, also as a member of a team."""
        own: dict[int, datetime] = {}
        of_teams: dict[int, datetime] = {}
        for each in self._submissions():
            if each.status == "submitted" and each.timemodified > 0:
                time = datetime.fromtimestamp(each.timemodified, UTC)
                (own if each.userid else of_teams)[each.userid or each.groupid] = time
        teams = {each.id: of_teams[each.groupid] for each in people if each.groupid in of_teams}
        return {**teams, **own}

    def present(self, seat: Seat) -> Present:
        """What one student has now."""
        return self._present(int(seat.number), self._grades())

    def write(self, seat: Seat, change: Change) -> None:
        """Write a grade, and a comment and a page in the place of what was there."""
        mine = self._mine()
        before = NO_GRADE if seat.present.points is None else seat.present.points
        points = before if change.points is None else change.points
        flag = self._flags().get(int(seat.number))
        fields = [
            ("assignmentid", str(mine.id)),
            ("userid", seat.number),
            ("grade", f"{points:.2f}"),
            ("attemptnumber", "-1"),
            ("addattempt", "0"),
            ("workflowstate", flag.workflowstate if flag else ""),
            ("applytoall", "0"),
        ]
        if _takes(mine, "comments"):
            given = change.comment.text if change.comment else ""
            text = _as_page(given) if given else "".join(_texts(self._feedback(int(seat.number)) or ())[:1])
            fields += [("plugindata[assignfeedbackcomments_editor][text]", text),
                       ("plugindata[assignfeedbackcomments_editor][format]", _HTML)]  # fmt: skip
        if change.comment is not None and change.comment.file:
            draft = self._sent(seat, change.comment.file, change.comment.page)
            fields.append(("plugindata[files_filemanager]", str(draft)))
        self._change("mod_assign_save_grade", fields, f"writing the grade of {seat.shown}")

    def _mine(self) -> Assignment:
        if self._found is None:
            self._refuse_missing()
            number = int(self._place.assignment)
            found = [each for course in self._courses() for each in course.assignments if each.cmid == number]
            if not found:
                raise UsageError(
                    f"{self._client.host} has no assignment with the number {number} in the courses that the token's "
                    f"user is enrolled in; list them with `autograder courses {self._place.site}`."
                )
            self._found = found[0]
        return self._found

    def _refuse_missing(self) -> None:
        """Say at the beginning which functions the token's service lacks, and not in the middle."""
        site = self._call("core_webservice_get_site_info", [], Site)
        known = {each.name for each in site.functions}
        if known and (missing := [each for each in self._needs if each not in known]):
            raise UsageError(
                f"The service of this token lacks {', '.join(missing)}; ask the administrators of {self._client.host} "
                "to add that to it, under Site administration, Server, External services."
            )

    def _courses(self, number: str = "") -> list[Course]:
        fields = [("courseids[0]", number)] if number else []
        return self._call("mod_assign_get_assignments", fields, Assignments).courses

    def _participants(self) -> list[Participant]:
        fields = [("assignid", str(self._mine().id)), ("groupid", "0"), ("filter", "")]
        return self._call("mod_assign_list_participants", fields, list[Participant])

    def _submissions(self) -> list[Submission]:
        fields = [("assignmentids[0]", str(self._mine().id))]
        answer = self._call("mod_assign_get_submissions", fields, Submissions)
        return [one for of in answer.assignments for one in of.submissions]

    def _grades(self) -> Mapping[int, float]:
        answer = self._call("mod_assign_get_grades", [("assignmentids[0]", str(self._mine().id))], Grades)
        return {each.userid: each.grade for of in answer.assignments for each in of.grades}

    def _flags(self) -> Mapping[int, Flag]:
        """The state of each student's marking; asked for only where the assignment has a workflow."""
        if not self._mine().markingworkflow:
            return {}
        answer = self._call("mod_assign_get_user_flags", [("assignmentids[0]", str(self._mine().id))], Flags)
        return {each.userid: each for of in answer.assignments for each in of.userflags}

    def _present(self, number: int, grades: Mapping[int, float]) -> Present:
        if number not in grades:
            return Present()
        points = grades[number]
        plugins = self._feedback(number)
        if plugins is None:
            return Present(None if points < 0 else points, readable=False)
        files = [file.filename or file.name for each in plugins if each.type == "file"
                 for area in each.fileareas for file in area.files]  # fmt: skip
        texts = tuple(shown_text(each).strip() for each in _texts(plugins))
        return Present(None if points < 0 else points, texts, tuple(files))

    def _feedback(self, number: int) -> list[Plugin] | None:
        """What staff gave a student; None where Moodle does not show it, as before a workflow has released it."""
        fields = [("assignid", str(self._mine().id)), ("userid", str(number))]
        status = self._call("mod_assign_get_submission_status", fields, Status)
        return status.feedback.plugins if status.feedback else None

    def _at(self, *, course: int | str = "", assignment: int | str = "") -> str:
        return Place("moodle", self._place.site, str(course), str(assignment)).address

    def _there(self, each: Assignment) -> AssignmentThere:
        refused = "" if each.grade > 0 else "it is graded on a scale there" if each.grade else "it has no grade there"
        remarks = []
        if each.markingworkflow:
            remarks.append("Students see these grades once Moodle's marking workflow has them as released.")
        if not _takes(each, "file"):
            remarks.append("The assignment has no place for pages; Feedback files in its settings makes one.")
        return AssignmentThere(
            unescape(each.name) or f"number {each.cmid}",
            self._at(assignment=each.cmid),
            str(each.course),
            datetime.fromtimestamp(each.duedate, UTC) if each.duedate > 0 else None,
            float(each.grade) if each.grade > 0 else None,
            capped=True,
            replaces=True,
            takes_text=_takes(each, "comments"),
            takes_file=_takes(each, "file"),
            refused=refused,
            remarks=tuple(remarks),
        )

    def _hand_in(self, each: Submission, who: Who, members: tuple[Who, ...]) -> HandIn:
        tree = Tree(Path())
        for plugin in each.plugins:
            for file in (file for area in plugin.fileareas for file in area.files if plugin.type == "file"):
                time = float(file.timemodified or each.timemodified)
                add_file(
                    tree,
                    file.name,
                    file.filesize,
                    time,
                    partial(self._download, file.fileurl, file.name, file.filesize),
                )
            for text in plugin.editorfields:
                if plugin.type == "onlinetext" and text.text.strip():
                    add_text(tree, "onlinetext.html", text.text, float(each.timemodified))
        received = datetime.fromtimestamp(each.timemodified, UTC) if each.timemodified > 0 else None
        return HandIn(who, tree, received, members=members)

    def _download(self, address: str, name: str, size: int, most: int) -> bytes:
        if origin_of(address) != origin_of(self._place.site):
            raise Denied(f"{self._client.host} has {name} on another host, to which the token is not sent")
        reply = self._client.read(address, [("token", self._secret.text)], f"downloading {name}", most=most)
        if len(reply.content) != size and (fault := self._fault(reply)):  # else it is what a student wrote
            raise Denied(f"{self._client.host} refuses downloading {name}: {fault}")
        return reply.content

    def _sent(self, seat: Seat, name: str, page: bytes) -> int:
        """The number of the draft area that a page was sent into."""
        what = f"sending the page of {seat.shown}"
        fields = [("token", self._secret.text), ("filearea", "draft"), ("itemid", "0")]
        reply = self._client.change("POST", "/webservice/upload.php", fields, what, file=("file_1", name, page))
        self._refuse_fault(reply, what)
        sent = self._client.decoded(reply, what, list[Sent])
        if not sent:
            raise Denied(f"{self._client.host} did not take the page of {seat.shown}.")
        return sent[0].itemid

    def _fields(self, function: str, fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [("wstoken", self._secret.text), ("wsfunction", function), ("moodlewsrestformat", "json"), *fields]

    def _call(self, function: str, fields: Sequence[tuple[str, str]], type: type[Decoded]) -> Decoded:
        reply = self._client.read("/webservice/rest/server.php", self._fields(function, fields), function)
        self._refuse_fault(reply, function)
        return self._client.decoded(reply, function, type)

    def _change(self, function: str, fields: Sequence[tuple[str, str]], what: str) -> None:
        reply = self._client.change("POST", "/webservice/rest/server.php", self._fields(function, fields), what)
        self._refuse_fault(reply, what)
        if reply.content.strip() not in (b"null", b""):
            raise Unsure(f"{self._client.host} replies to {what} with something that Moodle does not document.")

    def _refuse_fault(self, reply: Reply, what: str) -> None:
        """Moodle says what is wrong with the status 200."""
        fault = self._fault(reply)
        if fault == "invalidtoken":
            raise UsageError(
                f"{self._client.host} does not accept the token: it is wrong, has expired or was revoked; make a new "
                "one in Moodle."
            )
        if fault:
            raise Denied(f"{self._client.host} refuses {what}: {fault}.")

    def _fault(self, reply: Reply) -> str:
        """The error in an answer, "" for none."""
        if not reply.content.lstrip().startswith(b"{"):
            return ""
        try:
            found = msgspec.json.decode(reply.content, type=Fault)
        except (msgspec.MsgspecError, RecursionError):
            return ""
        if found.errorcode == "invalidtoken":
            return found.errorcode
        if not found.exception and not (found.error and found.errorcode):
            return ""
        return f"{self._secret.without(found.message or found.error).rstrip('.')} ({found.errorcode})"


def _takes(each: Assignment, plugin: str) -> bool:
    """Whether a kind of feedback is switched on for an assignment; where Moodle does not say, comments are."""
    about = [one for one in each.configs if one.subtype == "assignfeedback" and one.plugin == plugin]
    enabled = [one.value == "1" for one in about if one.name == "enabled"]
    return enabled[0] if enabled else plugin == "comments" and not each.configs


def _is_blind(mine: Assignment) -> bool:
    return bool(mine.blindmarking and not mine.revealidentities)


def _name(each: Participant, mine: Assignment) -> str:
    if _is_blind(mine):
        return f"Participant {each.recordid if each.recordid > 0 else each.id}"
    return unescape(each.fullname) or f"user {each.id}"


def _who(each: Participant, mine: Assignment) -> Who:
    name = _name(each, mine)
    if _is_blind(mine):
        return Who(name.replace(" ", "_"), (name,), blind=True)
    ids = tuple(dict.fromkeys(one for one in (each.idnumber, each.username, each.email) if one))
    return Who(f"user:{each.id}", (name,), ids)


def _ids(each: Participant, mine: Assignment) -> tuple[tuple[str, str], ...]:
    found = [(PLATFORM, _who(each, mine).key)]
    if not _is_blind(mine):
        known = (("ID number", each.idnumber), ("user name", each.username), ("email", each.email))
        found += [(kind, id_) for kind, id_ in known if id_]
    return tuple(found)


def _texts(plugins: Iterable[Plugin]) -> list[str]:
    """What staff wrote, as HTML, without the frame that Moodle shows it in."""
    found = [field.text for each in plugins if each.type == "comments" for field in each.editorfields if field.text]
    return [match[1] if (match := _FRAME.fullmatch(each.strip())) else each for each in found]


def _as_page(text: str) -> str:
    """A comment as Moodle keeps it."""
    return "<br />\n".join(escape(line, quote=False) for line in text.splitlines())
