"""A server on this machine that speaks the documented calls of Canvas and of Moodle, and fails when it is asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

TOKEN = "canvas-token-0123456789"
MOODLE_TOKEN = "0123456789abcdef0123456789abcdef"
DUE = "2026-11-20T22:59:00Z"
PAGE = 2  # entries on a page, whatever is asked for


@dataclass(frozen=True)
class Seen:
    """One request."""

    method: str
    path: str
    fields: list[tuple[str, str]]
    headers: dict[str, str]

    def value(self, name: str) -> str:
        """A field of the address or of the form, "" for none."""
        return dict(self.fields).get(name, "")


@dataclass
class Fault:
    """What goes wrong with requests whose path or function has a part: a status, or a connection that ends."""

    part: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    times: int = 1
    done: bool = False  # whether the request is carried out all the same
    then: Callable[[], None] = lambda: None


@dataclass
class Person:
    """A student there, with what was handed in: attempts as (time, files), and what staff gave."""

    number: int
    name: str
    sis: str = ""
    email: str = ""
    attempts: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    body: str = ""
    group: int = 0
    late: bool = False
    score: float | None = None
    excused: bool = False
    deducted: float = 0.0
    comments: list[dict[str, Any]] = field(default_factory=list)
    state: str = "submitted"
    workflow: str = "inreview"
    modified: int = 1795000000


@dataclass
class Platform:
    """What is on the server, and what was asked of it."""

    people: list[Person] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)
    most: float = 6.0
    about: dict[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ("comments", "file")
    functions: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    files_at: str = ""  # another host that files are on
    address: str = ""
    claimed: int = 0  # the size that files are said to have
    files: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    drafts: dict[int, list[str]] = field(default_factory=dict)
    sent: dict[int, list[bytes]] = field(default_factory=dict)  # what is in the drafts

    @property
    def canvas(self) -> str:
        """The page of the assignment in Canvas."""
        return f"{self.address}/courses/101/assignments/4711"

    @property
    def moodle(self) -> str:
        """The same in Moodle."""
        return f"{self.address}/mod/assign/view.php?id=56"

    def asked(self, part: str, method: str = "") -> list[Seen]:
        """The requests with a part in their path or function."""
        return [each for each in self.seen if part in f"{each.path} {each.value('wsfunction')}"
                and method in ("", each.method)]  # fmt: skip

    def person(self, number: int) -> Person:
        """Somebody by number."""
        return next(each for each in self.people if each.number == number)


@contextmanager
def serving(platform: Platform) -> Iterator[Platform]:
    """Serve it on a free port of this machine."""

    class Handler(_Handler):
        there = platform

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    platform.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing about a connection that the other side has closed."""


class _Handler(BaseHTTPRequestHandler):
    there: Platform
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer([], {})

    def do_POST(self) -> None:
        self._answer(*self._form())

    do_PUT = do_POST

    def _form(self) -> tuple[list[tuple[str, str]], dict[str, tuple[str, bytes]]]:
        """The fields and the files of a form."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/"):
            return parse_qsl(body.decode(), keep_blank_values=True), {}
        message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        fields, files = [], {}
        for part in message.get_payload():
            name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
            if file := part.get_filename():
                files[name] = (file, content)
            else:
                fields.append((name, content.decode()))
        return fields, files

    def _answer(self, form: list[tuple[str, str]], files: dict[str, tuple[str, bytes]]) -> None:
        parts = urlsplit(self.path)
        fields = [*parse_qsl(parts.query), *form]
        seen = Seen(self.command, parts.path, fields, {name.lower(): value for name, value in self.headers.items()})
        self.there.seen.append(seen)
        fault = next((each for each in self.there.faults if each.times and each.part in
                      f"{seen.method} {seen.path} {seen.value('wsfunction')}"), None)  # fmt: skip
        if fault is not None:
            fault.times -= 1
            if fault.done:
                self._done(seen, files)
            fault.then()
            if fault.status:
                self._send(fault.status, fault.body, fault.headers)
            else:
                self.close_connection = True
            return
        self._send(*self._done(seen, files))

    def _done(self, seen: Seen, files: dict[str, tuple[str, bytes]]) -> tuple[int, bytes, dict[str, str]]:
        if seen.path.startswith("/api/v1/"):
            if seen.headers.get("authorization") != f"Bearer {TOKEN}":
                return _json({"errors": [{"message": "Invalid access token."}]}, 401)
            return self._canvas(seen)
        if seen.path == "/webservice/rest/server.php":
            return self._moodle(seen)
        if seen.path == "/webservice/upload.php":
            return self._draft(seen, files)
        if seen.path == "/upload":
            number = 900 + len(self.there.files)
            ((name, content),) = files.values()
            self.there.files[number] = (name, content)
            return 201, b"{}", {"Location": f"{seen.value('back')}/api/v1/files/{number}/create_success"}
        if seen.path.startswith(("/files/", "/webservice/pluginfile.php/")):
            return self._file(seen)
        return _json({"errors": [{"message": "The specified resource does not exist."}]}, 404)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _file(self, seen: Seen) -> tuple[int, bytes, dict[str, str]]:
        """A file that was handed in: /files/PERSON/ATTEMPT/NAME."""
        if seen.path.startswith("/webservice/") and seen.value("token") != MOODLE_TOKEN:
            return _json({"error": "Invalid token", "errorcode": "invalidtoken"})
        number, attempt, name = seen.path.split("/")[-3:]
        if self.there.files_at and not seen.value("signed"):
            return 302, b"", {"Location": f"{self.there.files_at}{seen.path}?signed=1"}
        handed_in = self.there.person(int(number)).attempts[int(attempt)][1]
        return 200, {quote(each, safe=""): data for each, data in handed_in.items()}[name], {}

    # ---- Canvas

    def _canvas(self, seen: Seen) -> tuple[int, bytes, dict[str, str]]:
        there, path = self.there, seen.path.removeprefix("/api/v1")
        about = "/courses/101/assignments/4711"
        assignment = {"id": 4711, "name": "Doubling", "due_at": DUE, "points_possible": there.most,
                      "grading_type": "points", **there.about}  # fmt: skip
        if path == "/courses":
            return self._page(seen, [{"id": 100 + each, "name": f"ML {2026 + each}"} for each in range(1, 4)])
        if path == "/courses/101/assignments":
            return self._page(seen, [assignment])
        if path == about:
            return _json(assignment)
        if path == "/courses/101/users":
            return self._page(seen, [self._user(each) for each in there.people])
        if path == f"{about}/submissions":
            return self._page(seen, [self._submission(each) for each in there.people])
        if path.startswith("/files/"):
            return _json({"id": int(path.split("/")[2])})
        if path.startswith(f"{about}/submissions/"):
            person = there.person(int(path.split("/")[6]))
            if path.endswith("/comments/files"):
                address = f"{there.files_at or there.address}/upload"
                return _json({"upload_url": address, "upload_params": {"back": there.address, "key": 7}})
            if seen.method == "PUT":
                self._graded(person, seen)
            return _json(self._submission(person))
        return _json({"errors": [{"message": "The specified resource does not exist."}]}, 404)

    def _graded(self, person: Person, seen: Seen) -> None:
        if points := seen.value("submission[posted_grade]"):
            for each in self._graded_together(person):
                each.score = float(points)
        if seen.value("comment[text_comment]") or seen.value("comment[file_ids][]"):
            numbers = [int(value) for name, value in seen.fields if name == "comment[file_ids][]"]
            files = [{"display_name": self.there.files[each][0], "url": ""} for each in numbers]
            person.comments.append({"comment": seen.value("comment[text_comment]"), "attachments": files})

    def _graded_together(self, person: Person) -> list[Person]:
        """As Canvas does it: the whole group, unless its members are graded individually."""
        about = self.there.about
        if not person.group or not about.get("group_category_id") or about.get("grade_group_students_individually"):
            return [person]
        return [each for each in self.there.people if each.group == person.group]

    def _page(self, seen: Seen, entries: list[Any]) -> tuple[int, bytes, dict[str, str]]:
        """One page of a list, with the address of the next one."""
        page = int(seen.value("page") or 1)
        headers = {"X-Rate-Limit-Remaining": "600.0"}
        if page * PAGE < len(entries):
            address = f"{self.there.address}{seen.path}?page={page + 1}&per_page={PAGE}"
            headers["Link"] = f'<{address}>; rel="next", <{self.there.address}{seen.path}?page=1>; rel="first"'
        return 200, json.dumps(entries[(page - 1) * PAGE : page * PAGE]).encode(), headers

    def _user(self, person: Person) -> dict[str, Any]:
        first, _, last = person.name.rpartition(" ")
        return {"id": person.number, "name": person.name, "sortable_name": f"{last}, {first}",
                "sis_user_id": person.sis or None, "email": person.email or None}  # fmt: skip

    def _submission(self, person: Person) -> dict[str, Any]:
        history = []
        for at, (time, files) in enumerate(person.attempts):
            attachments = [
                {"id": 60000 + 100 * person.number + number, "display_name": name,
                 "size": self.there.claimed or len(content),
                 "url": f"{self.there.address}/files/{person.number}/{at}/{quote(name, safe='')}"}
                for number, (name, content) in enumerate(files.items())
            ]  # fmt: skip
            history.append({"attempt": at + 1, "submitted_at": time, "late": person.late, "attachments": attachments,
                            "submission_type": "online_upload"})  # fmt: skip
        if person.body:
            history.append({"attempt": 1, "submitted_at": DUE, "body": person.body,
                            "submission_type": "online_text_entry"})  # fmt: skip
        last = history[-1] if history else {"attempt": None, "submitted_at": None}
        entered = None if person.score is None else person.score
        group = {"id": person.group, "name": self.there.groups[person.group]} if person.group else {"id": None}
        return {**last, "user_id": person.number, "entered_score": entered,
                "score": None if entered is None else entered - person.deducted, "points_deducted": person.deducted,
                "excused": person.excused, "submission_comments": person.comments, "submission_history": history,
                "group": group,
                }  # fmt: skip

    # ---- Moodle

    def _moodle(self, seen: Seen) -> tuple[int, bytes, dict[str, str]]:
        if seen.value("wstoken") != MOODLE_TOKEN:
            fault = {"exception": "core\\exception\\moodle_exception", "errorcode": "invalidtoken",
                     "message": "Invalid token - token not found"}  # fmt: skip
            return _json(fault)
        there, function = self.there, seen.value("wsfunction")
        configs = [{"plugin": each, "subtype": "assignfeedback", "name": "enabled", "value": "1"}
                   for each in there.plugins]  # fmt: skip
        assignment = {"id": 33, "cmid": 56, "course": 7, "name": "Doubling &amp; more", "duedate": 1795215540,
                      "grade": int(there.most), "configs": configs, **there.about}  # fmt: skip
        courses = [{"id": 7, "fullname": "ML 2027", "assignments": [assignment]}, {"id": 8, "fullname": "Old"}]
        match function:
            case "core_webservice_get_site_info":
                return _json({"userid": 2, "functions": [{"name": each} for each in there.functions]})
            case "mod_assign_get_assignments":
                number = seen.value("courseids[0]")
                return _json({"courses": [each for each in courses if number in ("", str(each["id"]))]})
            case "mod_assign_list_participants":
                return _json([self._participant(each) for each in there.people])
            case "mod_assign_get_submissions":
                made = [one for each in there.people if (one := self._handed_in(each))]
                return _json({"assignments": [{"assignmentid": 33, "submissions": made}]})
            case "mod_assign_get_grades":
                given = [{"userid": each.number, "grade": f"{-1 if each.score is None else each.score:.5f}"}
                         for each in there.people if each.score is not None or each.comments]  # fmt: skip
                return _json({"assignments": [{"assignmentid": 33, "grades": given}] if given else []})
            case "mod_assign_get_user_flags":
                flags = [{"userid": each.number, "workflowstate": each.workflow} for each in there.people]
                return _json({"assignments": [{"assignmentid": 33, "userflags": flags}]})
            case "mod_assign_get_submission_status":
                return _json(self._status(there.person(int(seen.value("userid")))))
            case "mod_assign_save_grade":
                return self._saved(seen)
        fault = {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord", "message": "No function"}
        return _json(fault)

    def _participant(self, person: Person) -> dict[str, Any]:
        return {"id": person.number, "fullname": person.name.replace("&", "&amp;"), "email": person.email,
                "idnumber": person.sis, "groupid": person.group, "groupname": self.there.groups.get(person.group, ""),
                "recordid": 9000 + person.number if self.there.about.get("blindmarking") else -1}  # fmt: skip

    def _handed_in(self, person: Person) -> dict[str, Any] | None:
        if not person.attempts and not person.body:
            return None
        files = [
            {"filename": name.rpartition("/")[2], "filepath": f"/{name.rpartition('/')[0]}/".replace("//", "/"),
             "filesize": len(content), "timemodified": 1795000000,
             "fileurl": f"{self.there.address}/webservice/pluginfile.php/9/{person.number}/{at}/{quote(name, safe='')}"}
            for at, (_, handed_in) in enumerate(person.attempts) for name, content in handed_in.items()
        ]  # fmt: skip
        team = bool(self.there.about.get("teamsubmission"))
        return {"id": 5, "userid": 0 if team else person.number, "status": person.state,
                "timemodified": person.modified, "attemptnumber": 0, "groupid": person.group if team else 0,
                "plugins": [{"type": "file", "fileareas": [{"area": "submission_files", "files": files}]},
                            {"type": "onlinetext", "editorfields": [{"name": "onlinetext", "text": person.body}]},
                            {"type": "comments"}]}  # fmt: skip

    def _status(self, person: Person) -> dict[str, Any]:
        if self.there.about.get("markingworkflow") and person.workflow != "released":
            return {"lastattempt": None, "feedback": None}  # as long as nothing is released
        comment = person.comments[0] if person.comments else {"comment": "", "attachments": []}
        files = [{"filename": each["display_name"]} for each in comment["attachments"]]
        text = f'<div class="no-overflow">{comment["comment"]}</div>' if comment["comment"] else None
        return {"feedback": {"plugins": [
            {"type": "comments", "editorfields": [{"name": "comments", "text": text}]},
            {"type": "file", "fileareas": [{"area": "feedback_files", "files": files}]},
        ]}}  # fmt: skip

    def _saved(self, seen: Seen) -> tuple[int, bytes, dict[str, str]]:
        person = self.there.person(int(seen.value("userid")))
        person.workflow = seen.value("workflowstate") or person.workflow
        person.score = None if float(seen.value("grade")) < 0 else float(seen.value("grade"))
        before = person.comments[0]["attachments"] if person.comments else []
        draft = seen.value("plugindata[files_filemanager]")
        files = [{"display_name": each} for each in self.there.drafts[int(draft)]] if draft else before
        text = seen.value("plugindata[assignfeedbackcomments_editor][text]")
        person.comments = [{"comment": text, "attachments": files}]
        return _json(None)

    def _draft(self, seen: Seen, files: dict[str, tuple[str, bytes]]) -> tuple[int, bytes, dict[str, str]]:
        if seen.value("token") != MOODLE_TOKEN:
            return _json({"error": "Invalid token", "errorcode": "invalidtoken"})
        number = 700 + len(self.there.drafts)
        self.there.drafts[number] = [name for name, _ in files.values()]
        self.there.sent[number] = [content for _, content in files.values()]
        return _json([{"itemid": number, "filename": name} for name, _ in files.values()])


def _json(value: object, status: int = 200) -> tuple[int, bytes, dict[str, str]]:
    return status, json.dumps(value).encode(), {"Content-Type": "application/json"}
