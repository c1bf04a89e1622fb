"""There and back: our grades in nbgrader's own web page, a person's grade through its API, and that grade with us.

The server is the real one, started once. This file is slow: the server takes some seconds to start.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbgrader_folders import graded, write_course, write_reports
from samples import check, question, report
from typer.testing import CliRunner

from autograder.cli import app
from autograder.reports import read_reports
from autograder.reports.manual_grades import read_hand_grades
from autograder.results import Verdict

pytestmark = pytest.mark.long

pytest.importorskip("jupyter_server", reason="jupyter_server is not installed")

START_SECONDS = 40


def autograder(*arguments: object) -> str:
    """Run a verb in this process (nbgrader takes seconds to import); what it printed."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@dataclass(frozen=True)
class Server:
    """A formgrader at work, and the folders around it."""

    address: str
    token: str
    course: Path
    root: Path

    def ask(self, path: str, body: object = None) -> Any:
        """GET a path, or PUT a body there as the page does; JSON where it is JSON, else text."""
        request = urllib.request.Request(
            f"{self.address}/formgrader/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
            method="GET" if body is None else "PUT",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if path.startswith("api/") else text

    def submission(self, assignment: str, notebook: str, student: str) -> str:
        """The id under which formgrader shows a student's notebook."""
        all_ = self.ask(f"api/submitted_notebooks/{assignment}/{notebook}")
        return next(each["id"] for each in all_ if each["student"] == student)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, alembic_once: None) -> Iterator[Server]:
    """A class of two in an nbgrader course and in one of modules, exported, and formgrader on top of both."""
    root = tmp_path_factory.mktemp("formgrader")
    course = write_course(root / "course", ada="Because it <b>is</b> so.", bob="Because.")
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'ml'\n")
    write_reports(root / "notebooks", graded("ada"), graded("bob", Verdict.FAILED))
    part = question("a", check("one", Verdict.FAILED, failure="<script>alert(1)</script>"))
    write_reports(root / "modules", report("ada", part), report("bob", part))
    for name in ("notebooks", "modules"):
        autograder("export", "nbgrader", root / name, "--course", course)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {f"JUPYTER_{name}_DIR": str(root / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={port}"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={root}", "--ServerApp.log_level=WARN"),
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]
    with (root / "log").open("wb") as log:
        running = subprocess.Popen(
            command, cwd=course, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
        )
    made = Server(f"http://127.0.0.1:{port}", token, course, root)
    try:
        _wait(made, running)
        yield made
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _wait(server: Server, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            assert server.ask("api/status") == {"status": True}
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error}\n{(server.root / 'log').read_text()}") from None
        except (urllib.error.URLError, ConnectionError):
            assert running.poll() is None, (server.root / "log").read_text()
            assert time.monotonic() < end, (server.root / "log").read_text()
            time.sleep(0.1)
        else:
            return


def test_formgrader_shows_our_assignments_and_scores(server: Server) -> None:
    """Both assignments are listed, with every submission's score and what waits for a person."""
    assert {each["name"]: each["max_score"] for each in server.ask("api/assignments")} == {"ps1": 7, "tiny": 2}
    shown = {each["student"]: each for each in server.ask("api/submissions/ps1")}
    assert {name: each["score"] for name, each in shown.items()} == {"ada": 2, "bob": 0}
    assert all(each["needs_manual_grade"] and each["autograded"] for each in shown.values())
    assert shown["ada"]["timestamp"] == "2026-02-03T10:00:00"
    assert [each["name"] for each in server.ask("api/notebooks/tiny")] == ["tiny"]
    failed = {each["student"]: each["failed_tests"] for each in server.ask("api/submitted_notebooks/ps1/hw")}
    assert failed == {"ada": False, "bob": True}


@pytest.mark.parametrize("page", ["manage_assignments", "gradebook", "gradebook/ps1", "gradebook/tiny/tiny"])
def test_formgrader_s_lists_are_there(page: str, server: Server) -> None:
    """Its pages answer."""
    assert "nbgrader" in server.ask(page)


def test_formgrader_shows_a_student_s_notebook_without_markup_of_theirs(server: Server) -> None:
    """The essay has its box for points and comment; what the student wrote is text."""
    page = server.ask(f"submissions/{server.submission('ps1', 'hw', 'ada')}/")
    assert "Because it &lt; b&gt;is&lt; /b&gt; so." in page
    assert '<input class="score tabbable" id="essay"' in page
    assert 'id="essay-comment"' in page
    assert '<input class="score tabbable" id="test_add"' in page


def test_formgrader_shows_a_module_s_checks(server: Server) -> None:
    """Title, verdict and message of a check, with boxes for points and comment; markup in a message is text."""
    page = server.ask(f"submissions/{server.submission('tiny', 'tiny', 'bob')}/")
    assert "Title of one." in page
    assert "✗ failed: 0 of 2" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)</script>" not in page
    assert '<input class="score tabbable" id="one"' in page
    assert 'id="one-comment"' in page


@pytest.mark.parametrize(
    ("assignment", "notebook", "cell", "folder", "points"),
    [("ps1", "hw", "essay", "notebooks", "6.5"), ("tiny", "tiny", "one", "modules", "4.5")],
)
def test_a_person_s_grade_comes_back(
    assignment: str, notebook: str, cell: str, folder: str, points: str, server: Server
) -> None:
    """Points and comment typed into formgrader are in manual_grades.json, grades.csv and the feedback; reports stay."""
    submission = server.submission(assignment, notebook, "ada")
    grade = next(each for each in server.ask(f"api/grades?submission_id={submission}") if each["name"] == cell)
    comment = next(each for each in server.ask(f"api/comments?submission_id={submission}") if each["name"] == cell)
    server.ask(f"api/grade/{grade['id']}", {**grade, "manual_score": 4, "extra_credit": 0.5})
    server.ask(f"api/comment/{comment['id']}", {**comment, "manual_comment": "Well said & <true>."})
    out = server.root / folder
    before = read_reports(out)

    said = autograder("import", "nbgrader", "--grades", "--course", server.course, "--out", out)

    assert said.startswith("1 score and 1 comment given manually;")
    (given,) = [each for each in read_hand_grades(out).grades if each.given]
    assert (given.student, given.cell, given.manual, given.extra_credit) == ("ada", cell, 4, 0.5)
    assert given.comment == "Well said & <true>."
    ada = (out / "grades.csv").read_text().splitlines()[1]
    assert ada.startswith('"ada",')
    assert points in ada.split(",")
    assert "Comment: Well said &amp; &lt;true&gt;." in (out / "feedback" / "ada.html").read_text()
    assert "Manually graded" not in (out / "feedback" / "bob.html").read_text()
    assert read_reports(out) == before

    autograder("export", "nbgrader", out, "--course", server.course)
    again = next(each for each in server.ask(f"api/submissions/{assignment}") if each["student"] == "ada")
    assert again["score"] == float(points)
    assert not again["needs_manual_grade"]
