"""The web page of a class: who is let in, what is shown, and that nothing from a submission is markup."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
from command_line import run_here
from samples import check, question, report

from autograder.results import Verdict
from autograder.review.access import HEADERS, Access
from autograder.review.app import application
from autograder.store import Store, sqlite_address

HOSTILE = "<script>alert(1)</script>'\"&"
ACCESS = Access("right-token", 8765)
HOST = "http://127.0.0.1:8765"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded folder of four students; the id of one, and of a check, is markup."""
    out = tmp_path_factory.mktemp("graded")
    with Store(sqlite_address(out / "grader.db"), who="kim") as store:
        for number, (student, verdict) in enumerate(
            {"ada": Verdict.PASSED, "ben": Verdict.FAILED, HOSTILE: Verdict.FAILED, "zoe": Verdict.INTERNAL}.items()
        ):
            checks = (check(f"first{HOSTILE}", verdict), check("essay", Verdict.MANUAL, hidden=True))
            store.keep(report(student, question("a", *checks), key=f"k{number}"))
    return out


def get(
    folder: Path, path: str, *, host: str = HOST, cookie: str = "right-token", method: str = "GET"
) -> httpx.Response:
    """What the server answers; the socket is left out."""

    async def answer() -> httpx.Response:
        app = application(sqlite_address(folder / "grader.db"), ACCESS)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"cookie": f"{ACCESS.cookie}={cookie}"} if cookie else {}
        async with httpx.AsyncClient(transport=transport, base_url=host, headers=headers) as client:
            return await client.request(method, path)

    return asyncio.run(answer())


def test_the_token_becomes_a_cookie_that_other_sites_cannot_use(folder: Path) -> None:
    """The first address leads to the page without the token in it."""
    first = get(folder, "/?token=right-token", cookie="")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert cookie.startswith("autograder_review_8765=right-token;")
    assert "httponly" in cookie and "samesite=strict" in cookie


@pytest.mark.parametrize("path", ["/", "/assignments/tiny", "/static/review.css", "/nowhere", "/?token=wrong"])
def test_nobody_is_let_in_without_the_token(folder: Path, path: str) -> None:
    """Every route refuses, with one sentence, who has no cookie or a wrong one."""
    for cookie in ("", "wrong"):
        answer = get(folder, path, cookie=cookie)
        assert answer.status_code == 403
        assert "This page needs the address with the token" in answer.text and "ada" not in answer.text


def test_another_name_of_this_machine_is_refused(folder: Path) -> None:
    """A page elsewhere whose name points here gets nothing, even with the cookie."""
    answer = get(folder, "/", host="http://example.org:8765")
    assert answer.status_code == 400
    assert "This server answers under 127.0.0.1 and localhost alone" in answer.text


@pytest.mark.parametrize("path", ["/", "/assignments/tiny", "/nowhere", "/static/review.css", "/?token=right-token"])
def test_every_answer_has_the_headers(folder: Path, path: str) -> None:
    """No script, no frame, nothing kept: pages, errors, files and redirects alike."""
    answer = get(folder, path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert "script" not in HEADERS["Content-Security-Policy"]


def test_the_course_page_says_what_waits(folder: Path) -> None:
    """Students, the mean of final runs, answers to be graded, and students without a final run."""
    text = " ".join(get(folder, "/").text.split())
    assert '<a href="/assignments/tiny">tiny</a></th> <td>4</td><td>0.67</td> <td>3</td><td>1</td><td>0</td>' in text


def test_the_class_is_sorted_and_searched(folder: Path) -> None:
    """By points with the largest first; a part of a name in any case; manual checks are in no pass rate."""
    text = get(folder, "/assignments/tiny?sort=points&order=down").text
    assert text.index(">ada<") < text.index(">ben<")
    text_down = get(folder, "/assignments/tiny?order=down").text
    assert text_down.index(">ben<") < text_down.index(">ada<")
    found = get(folder, "/assignments/tiny?search=BE").text
    assert "1 of 4 students" in found and ">ben<" in found and ">ada<" not in found
    assert "not final" in text and "33 %" in text


def test_what_a_submission_named_is_text(folder: Path) -> None:
    """Ids and searches that are markup are escaped on every page."""
    for path in ("/assignments/tiny", f"/assignments/tiny?search={HOSTILE}", f"/assignments/{HOSTILE}", "/"):
        answer = get(folder, path)
        assert "<script" not in answer.text
    assert "&lt;script&gt;" in get(folder, "/assignments/tiny").text


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/assignments/other", 404, "There is no assignment &#39;other&#39; in this database"),
        ("GET", "/nowhere", 404, "There is no such page"),
        ("POST", "/", 405, "This page can only be read."),
        ("GET", "/assignments/tiny?sort=hat", 400, "The students cannot be sorted by &#39;hat&#39;; choose one of"),
    ],
)
def test_a_request_that_is_wrong_gets_a_sentence(
    folder: Path, method: str, path: str, status: int, sentence: str
) -> None:
    """The status is right, and the page says what to do."""
    answer = get(folder, path, method=method)
    assert answer.status_code == status
    assert sentence in answer.text


def test_a_fault_of_ours_is_a_page_without_a_traceback(tmp_path: Path) -> None:
    """A database that is none any more costs a sentence, not a name or a path."""
    (tmp_path / "grader.db").write_bytes(b"no database" * 100)
    answer = get(tmp_path, "/")
    assert answer.status_code == 500
    assert "This is our fault; no grade has changed." in answer.text and str(tmp_path) not in answer.text


def test_a_port_that_is_taken_and_a_folder_without_results_are_refused(folder: Path, tmp_path: Path) -> None:
    """One sentence each, before anything is served."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_here("review", "--out", folder, "--port", str(port), "--no-browser", cwd=tmp_path)
    assert done.returncode == 2
    assert f"Cannot listen on port {port}" in done.stderr and "name another --port" in done.stderr
    done = run_here("review", "--out", tmp_path / "none", "--no-browser", cwd=tmp_path)
    assert done.returncode == 2 and "There is no results database" in done.stderr
