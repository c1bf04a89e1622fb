"""The web page of a class: who is let in, what is shown, and that nothing from a submission is markup."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from command_line import run_here
from samples import check, question, report

from autograder.assignment.rubric import RubricItem
from autograder.checks.errors import InstructorError
from autograder.reports.batch_progress import BatchProgress
from autograder.results import Verdict
from autograder.review import progress
from autograder.review.access import HEADERS, Access
from autograder.review.app import application
from autograder.review.page import Review
from autograder.store import Store, sqlite_address
from autograder.store.marking import marks
from autograder.store.publishing import add_request
from autograder.store.records import Request

HOSTILE = "<script>alert(1)</script>'\"&"
ACCESS = Access("right-token", 8765)
HOST = "http://127.0.0.1:8765"
ANSWER = "/assignments/tiny/answers/essay/1"
REQUESTS = "/assignments/tiny/requests"
PATHS = (
    "/",
    REQUESTS,
    "/assignments/tiny",
    "/assignments/tiny/students/1",
    "/assignments/tiny/students/1/shown",
    ANSWER,
    "/static/review.css",
    "/static/code.css",
    "/static/grading.js",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded folder of four students; the id of one, and of a check, is markup."""
    out = tmp_path_factory.mktemp("graded")
    with Store(sqlite_address(out / "grader.db"), who="kim") as store:
        for number, (student, verdict) in enumerate(
            {"ada": Verdict.PASSED, "ben": Verdict.FAILED, HOSTILE: Verdict.FAILED, "zoe": Verdict.INTERNAL}.items()
        ):
            text = {"ada": "It is $x^2$.", "ben": f"It is\n{HOSTILE}"}.get(student, f"it  is {HOSTILE}")
            essay = replace(check("essay", Verdict.MANUAL, points=0), by_hand=3.0, answer=text)
            checks = (check(f"first{HOSTILE}", verdict), essay)
            store.keep(report(student, question("a", *checks), key=f"k{number}"))
        with store.writing("a request"):
            made = datetime(2026, 11, 30, tzinfo=UTC)
            add_request(store.database, Request("ada", "tiny", "a", f"Why? {HOSTILE}", made), store.change())
    return out


def get(
    folder: Path,
    path: str,
    *,
    host: str = HOST,
    cookie: str = "right-token",
    method: str = "GET",
    form: dict[str, str] | None = None,
    accept: str = "text/html",
) -> httpx.Response:
    """What the server answers; the socket is left out."""

    async def answer() -> httpx.Response:
        rubric = {"essay": (RubricItem("cause", 2.0, "cause"), RubricItem("form", 1.0, "form"))}
        review = Review(sqlite_address(folder / "grader.db"), ACCESS, "kim", lambda _: rubric, folder)
        app = application(review)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"accept": accept} | ({"cookie": f"{ACCESS.cookie}={cookie}"} if cookie else {})
        async with httpx.AsyncClient(transport=transport, base_url=host, headers=headers) as client:
            return await client.request(method, path, data=form)

    return asyncio.run(answer())


def test_the_token_becomes_a_cookie_that_other_sites_cannot_use(folder: Path) -> None:
    """The first address leads to the page without the token in it."""
    first = get(folder, "/?token=right-token", cookie="")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert cookie.startswith("autograder_review_8765=right-token;")
    assert "httponly" in cookie and "samesite=strict" in cookie


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/?token=wrong"])
def test_nobody_is_let_in_without_the_token(folder: Path, path: str) -> None:
    """Every route refuses, with one sentence, who has no cookie or a wrong one."""
    for cookie in ("", "wrong"):
        answer = get(folder, path, cookie=cookie)
        assert answer.status_code == 403
        assert "This page needs the address with the token" in answer.text and "ada" not in answer.text
        assert ACCESS.form_key not in answer.text


def test_another_name_of_this_machine_is_refused(folder: Path) -> None:
    """A page elsewhere whose name points here gets nothing, even with the cookie."""
    answer = get(folder, "/", host="http://example.org:8765")
    assert answer.status_code == 400
    assert "This server answers under 127.0.0.1 and localhost alone" in answer.text
    assert ACCESS.form_key not in answer.text


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/?token=right-token"])
def test_every_answer_has_the_headers(folder: Path, path: str) -> None:
    """No script, no frame, nothing kept: pages, errors, files and redirects alike."""
    answer = get(folder, path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert "script-src 'self'; connect-src 'self'; img-src data:" in HEADERS["Content-Security-Policy"]


def test_the_course_page_says_what_waits(folder: Path) -> None:
    """Students, the mean of final runs, answers to be graded, and students without a final run."""
    text = " ".join(get(folder, "/").text.split())
    assert '<a href="/assignments/tiny">tiny</a>' in text
    assert re.findall(r'<td class="num">([^<]*)</td>', text) == ["4", "0.67", "3", "1"]


def test_the_class_is_sorted_and_searched(folder: Path) -> None:
    """By points with the largest first; a part of a name in any case; manual checks are in no pass rate."""
    text = get(folder, "/assignments/tiny?sort=points&order=down").text
    assert text.index(">ada<") < text.index(">ben<")
    text_down = get(folder, "/assignments/tiny?order=down").text
    assert text_down.index(">ben<") < text_down.index(">ada<")
    found = get(folder, "/assignments/tiny?search=BE").text
    assert "1 of 4 students" in found and ">ben<" in found and ">ada<" not in found
    assert "not final" in text and "33 %" in text


def test_a_submission_leads_to_its_answers(folder: Path) -> None:
    """Everything of the report that staff may read, and a way to grade what waits."""
    text = get(folder, "/assignments/tiny/students/2").text
    assert f'<a href="{ANSWER[:-1]}2">Grade essay</a>' in text
    assert "What reproduces these numbers" in text and "ben" in text


def test_a_report_is_shown_as_its_student_reads_it(folder: Path) -> None:
    """Without what staff alone read, at each moment."""
    path = "/assignments/tiny/students/2/shown"
    before, after = get(folder, path).text, get(folder, f"{path}?when=published").text
    assert "What reproduces these numbers" not in before and "ben" in before
    assert 'href="?when=now" aria-current="page"' in before and 'href="?when=published" aria-current="page"' in after


def test_requests_are_answered_and_closed(folder: Path, tmp_path: Path) -> None:
    """Once each, by who saw what stands there; what cannot be done is a sentence, and what was typed stays."""
    own = Path(shutil.copytree(folder, tmp_path / "own"))

    def send(page: str, **typed: str) -> httpx.Response:
        hidden = dict(re.findall(r'name="(key|number|stamp)" value="([^"]*)"', page))
        return get(own, REQUESTS, method="POST", form=hidden | typed)

    first = get(own, REQUESTS).text
    assert "Why? &lt;script&gt;" in first and ">open</span>" in first
    assert "Write an answer, or close the request without one." in send(first, answer=" ", action="answer").text
    assert "There is no such request" in send(first, number="7", action="close").text
    answer = send(first, answer="Because of $x$.", action="answer")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{REQUESTS}#request1")
    late = send(first, answer="Something else.", action="answer")
    assert late.status_code == 400 and "kim changed request 1 meanwhile; nothing of yours was saved." in late.text
    assert ">Something else.</textarea>" in late.text
    assert "has 10,001 characters; shorten it" in send(get(own, REQUESTS).text, answer="x" * 10_001).text
    assert send(get(own, REQUESTS).text, action="close").status_code == 303
    assert "closed by kim" in get(own, REQUESTS).text and "Because of <math" in get(own, REQUESTS).text
    assert "Request 1 is closed; nothing was changed." in send(first, action="close").text


def test_a_batch_that_runs_is_on_the_page_and_streamed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done, running, waiting, time left and faults, then that it has ended; with names hidden, none are in it."""
    own = Path(shutil.copytree(folder, tmp_path / "own"))
    monkeypatch.setattr(progress, "_PAUSE", 0.01)
    assert 'id="progress"' not in get(own, "/assignments/tiny").text
    state = BatchProgress("tiny", 10, 4, 0, 2, time.time() - 40, time.time(), (f"ben: trying {HOSTILE}", "zoe: late"))
    file = own / ".progress.json"
    file.write_bytes(msgspec.json.encode(state))
    text = get(own, "/assignments/tiny").text
    assert re.search(
        r"Being graded: 4 of 10 submissions done, 2 running, 4 waiting, about \d+ (sec|min)\w+ left\.", text
    )
    assert text.index("zoe: late") < text.index("ben: trying &lt;script&gt;")
    hidden = get(own, "/assignments/tiny", cookie="right-token; autograder_names=hidden").text
    assert "A submission: late" in hidden and "zoe" not in hidden
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(state, updated=time.time() - 600)))
    assert "Grading has said nothing since" in get(own, "/assignments/tiny").text
    file.write_bytes(msgspec.json.encode(state))
    timer = threading.Timer(0.2, file.unlink)
    timer.start()
    stream = get(own, "/assignments/tiny/progress")
    timer.join()
    first, last = stream.text.strip().split("\n\n")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert first.startswith("data: Being graded: 4 of 10") and "\ndata: zoe: late" in first
    assert last == "event: ended\ndata: Grading has ended; load this page again for the results."


def test_who_is_in_a_bar_and_who_did_not_pass_is_shown(folder: Path) -> None:
    """A bar leads to the students with that share of the points, a pass rate to those who did not pass."""
    text = get(folder, "/assignments/tiny").text
    assert 'href="?tenth=0#students" aria-label="2 students with 0 to 10 % of the points"' in text
    assert 'href="?tenth=9#students" aria-label="1 student with 90 to 100 % of the points"' in text
    found = get(folder, "/assignments/tiny?tenth=9").text
    assert "1 of 4 students" in found and ">ada<" in found and ">ben<" not in found
    assert "Only students with 90 to 100 % of the points" in " ".join(found.split())
    (link,) = set(re.findall(r'href="(\?without=[^"#]*)', text))
    found = get(folder, f"/assignments/tiny{link}").text
    assert "3 of 4 students" in found and ">ada<" not in found and "who did not pass first&lt;script&gt;" in found


def test_what_a_submission_named_is_text(folder: Path) -> None:
    """Ids and searches that are markup are escaped on every page."""
    root = "/assignments/tiny"
    answers = [f"{root}/answers/{each}" for each in ("essay/2", "essay/3", HOSTILE)]
    for path in (root, f"{root}?search={HOSTILE}", f"/assignments/{HOSTILE}", "/", f"{root}/students/3", *answers):
        answer = get(folder, path)
        assert "<script>" not in answer.text
        assert path == "/" or "&lt;script&gt;" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/assignments/other", 404, "There is no assignment &#39;other&#39; in this database"),
        ("GET", "/nowhere", 404, "There is no such page"),
        ("POST", "/", 405, "This page can only be read."),
        ("GET", "/assignments/tiny/students/9", 404, "There is no report of such a student in &#39;tiny&#39;"),
        ("GET", "/assignments/tiny/answers/poem", 404, "No person grades an answer &#39;poem&#39; of &#39;tiny&#39;"),
        ("GET", "/assignments/tiny/answers/essay/9", 404, "This student handed nothing in here"),
        ("GET", "/assignments/tiny/answers/essay/1/file", 404, "The file is not in the graded folder; open the page"),
        (
            "GET",
            "/assignments/tiny?tenth=10",
            400,
            "There is no tenth &#39;10&#39; of the points; they are numbered from",
        ),
        (
            "GET",
            "/assignments/tiny/students/1/shown?when=ever",
            400,
            "There is no moment &#39;ever&#39;; choose",
        ),
        ("POST", REQUESTS, 403, "This change was not asked for on one of these pages"),
        ("POST", "/names", 403, "This change was not asked for on one of these pages"),
        ("POST", "/assignments/tiny/answers/essay/1", 403, "This change was not asked for on one of these pages"),
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


@pytest.mark.parametrize("path", PATHS)
def test_a_page_that_is_only_asked_about_changes_nothing(folder: Path, path: str) -> None:
    """HEAD, as programs ask before they fetch, is answered as GET is, without the page."""
    answer = get(folder, path, method="HEAD")
    assert (answer.status_code, answer.text) == (200, "")


# --- grading ---


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of the class that a test may change."""
    return Path(shutil.copytree(folder, tmp_path / "own"))


def fields(page: str) -> dict[str, str]:
    """The fields of the form of a page, as a browser would send them."""
    found = dict(re.findall(r'<input type="(?:hidden|number)" name="([a-z0-9-]+)"[^>]*? value="([^"]*)"', page))
    return {name: found[name] for name in ("key", "stamp", "points-0", "points-1")}


def give(own: Path, path: str = ANSWER, *, accept: str = "text/html", **typed: str) -> httpx.Response:
    """Open the page of an answer, type something, and send the form."""
    typed = {name.replace("_", "-"): value for name, value in typed.items()}
    return get(own, path, method="POST", form=fields(get(own, path).text) | typed, accept=accept)


def test_what_is_typed_stands_on_the_page_and_in_the_marks(own: Path) -> None:
    """Points and comments are those of the grader's name; the class page counts the answer when each item has some."""
    answer = give(own, points_0="2", points_1="0.5", comment_1="Shorter.", flagged="on", action="save")
    assert (answer.status_code, answer.headers["location"]) == (303, ANSWER)
    text = get(own, ANSWER).text
    assert fields(text)["points-0"] == "2" and fields(text)["points-1"] == "0.5" and ">Shorter.</textarea>" in text
    assert 'name="flagged" checked' in text and "Last changed by kim" in text
    with Store(sqlite_address(own / "grader.db")) as store:
        assert [(each.item, each.points, each.who) for each in marks(store.database)] == [
            ("cause", 2.0, "kim"),
            ("form", 0.5, "kim"),
        ]
    page = " ".join(get(own, "/assignments/tiny").text.split())
    assert '<td class="num">1 of 4</td> <td class="num">0</td><td class="num">1</td>' in page


def test_after_the_last_one_the_next_one_that_is_not_graded_comes(own: Path) -> None:
    """The button leads on to the next student, in the same order for everybody, until all are graded."""
    path, seen = get(own, "/assignments/tiny/answers/essay").headers["location"], []
    while path not in seen:
        seen.append(path)
        path = give(own, path, points_0="1", points_1="1", action="next").headers["location"]
    assert sorted(int(each.rpartition("/")[2]) for each in seen) == [1, 2, 3, 4]
    assert path == seen[-1]


def test_the_same_words_are_graded_once(own: Path) -> None:
    """Those who wrote the same but for spaces and case, and are not graded, get the same if that is asked for."""
    give(own, "/assignments/tiny/answers/essay/4", points_0="0", points_1="0", action="save")
    text = get(own, "/assignments/tiny/answers/essay/2").text
    assert "The same for 1 student who wrote the same words, not graded yet" in text
    assert "who wrote the same" not in get(own, ANSWER).text
    give(own, "/assignments/tiny/answers/essay/2", points_0="1.5", points_1="1", alike="on", action="save")
    points = [fields(get(own, f"/assignments/tiny/answers/essay/{n}").text)["points-0"] for n in (1, 2, 3, 4)]
    assert points == ["", "1.5", "1.5", "0"]


def test_a_change_over_another_one_is_refused(own: Path) -> None:
    """Who saw the page before somebody else's change gets what stands there now, as a page or as JSON."""
    before = fields(get(own, ANSWER).text)
    give(own, points_0="1", action="save")
    late = before | {"points-0": "2", "action": "save"}
    answer = get(own, ANSWER, method="POST", form=late)
    assert answer.status_code == 409
    assert "kim changed this answer meanwhile. Nothing of yours was saved; this is what stands there" in answer.text
    assert fields(answer.text)["points-0"] == "1"
    answer = get(own, ANSWER, method="POST", form=late, accept="application/json")
    assert (answer.status_code, answer.json()["points"]) == (409, [1.0, None])


def test_undo_takes_back_what_was_given(own: Path) -> None:
    """By the button or the script; where there is nothing to take back, a sentence says so."""
    give(own, points_0="1", action="save")
    assert give(own, action="undo").status_code == 303
    assert fields(get(own, ANSWER).text)["points-0"] == ""
    answer = give(own, action="undo", accept="application/json")
    assert answer.status_code == 400
    assert answer.json()["said"] == "There is no change of yours to take back here."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"points-0": "3"}, "&#39;cause&#39; takes points from 0 to 2, not 3."),
        ({"points-0": "-1"}, "&#39;cause&#39; takes points from 0 to 2, not -1."),
        (
            {"points-0": "many"},
            "&#39;many&#39; is no number of points for &#39;cause&#39;; write one such as 2 or 1.5.",
        ),
        ({"points-0": "nan"}, "&#39;nan&#39; is no number of points"),
        ({"comment-1": "x" * 10_001}, "The comment on &#39;form&#39; has 10,001 characters; shorten it to 10,000."),
        ({"comment-1": "x" * 200_000}, "This form holds more than 200,000 bytes; shorten the comments."),
    ],
)
def test_what_cannot_be_given_is_a_sentence(own: Path, typed: dict[str, str], sentence: str) -> None:
    """Nothing is saved, and the page says what may be typed."""
    answer = get(own, ANSWER, method="POST", form=fields(get(own, ANSWER).text) | typed | {"action": "save"})
    assert answer.status_code in (400, 413)
    assert sentence in answer.text
    assert "Not graded yet" in get(own, ANSWER).text


def test_a_form_that_another_site_sends_changes_nothing(own: Path) -> None:
    """Without the key that stands on our pages alone, even the reader's own browser is refused."""
    for key in ("", "0" * 64):
        form = fields(get(own, ANSWER).text) | {"key": key, "points-0": "2", "action": "save"}
        assert get(own, ANSWER, method="POST", form=form).status_code == 403
    assert fields(get(own, ANSWER).text)["points-0"] == ""


def test_names_are_hidden_on_every_page(own: Path) -> None:
    """A student is called the same everywhere; the choice is kept by the browser, and leads to no other site."""
    key = fields(get(own, ANSWER).text)["key"]
    answer = get(own, "/names", method="POST", form={"key": key, "hidden": "on", "back": "//evil.example/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    for path in ("/assignments/tiny", "/assignments/tiny/students/2", "/assignments/tiny/answers/essay/2"):
        text = get(own, path, cookie=f"right-token; {cookie}").text
        assert "Student 2" in text and "ben" not in text and "Show names" in text


def test_a_pdf_is_shown_and_nothing_else_of_the_folder(own: Path, tmp_path: Path) -> None:
    """The browser opens the copy that grading made, without scripts; no link and no other file is followed."""
    folder = own / "answers" / "ada"
    folder.mkdir(parents=True)
    with Store(sqlite_address(own / "grader.db")) as store:
        essay = replace(check("essay", Verdict.MANUAL, points=0), by_hand=3.0, answer_file="essay.pdf")
        store.keep(report("ada", question("a", essay), key="later"))
    (folder / "essay.pdf").write_bytes(b"%PDF-1.7 text")
    shown = get(own, f"{ANSWER}/file")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/pdf")
    assert shown.headers["content-security-policy"] == "sandbox; default-src 'none'"
    (tmp_path / "secret.pdf").write_bytes(b"%PDF-1.7 secret")
    (folder / "essay.pdf").unlink()
    (folder / "essay.pdf").symlink_to(tmp_path / "secret.pdf")
    assert get(own, f"{ANSWER}/file").status_code == 404


def test_a_rubric_that_cannot_be_read_is_a_sentence(own: Path) -> None:
    """A faulty assignment is the instructor's, and the page says what is wrong with it."""

    def broken(_: str) -> dict[str, tuple[RubricItem, ...]]:
        raise InstructorError("assignment.py:3: there is no such name.")

    async def answer() -> httpx.Response:
        app = application(Review(sqlite_address(own / "grader.db"), ACCESS, rubrics=broken))
        headers = {"cookie": f"{ACCESS.cookie}=right-token"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
            return await client.get(ANSWER)

    found = asyncio.run(answer())
    assert found.status_code == 409
    assert "The rubric cannot be read. assignment.py:3: there is no such name." in found.text
