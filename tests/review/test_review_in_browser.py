"""The page of a class in a real browser: graded by keys alone, by two at once, and with the connection lost."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from samples import check, question, report

from autograder.assignment.rubric import RubricItem
from autograder.reports.batch_progress import ProgressFile
from autograder.results import Verdict
from autograder.review.access import Access
from autograder.review.app import application
from autograder.review.page import Review
from autograder.store import Store, sqlite_address
from autograder.store.marking import marks
from autograder.store.publishing import add_request
from autograder.store.records import Request
from autograder.submissions import Submission

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUBRIC = {"why": (RubricItem("names the cause", 3.0, "cause"), RubricItem("gives an example", 2.0, "example"))}
HOSTILE = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>'\"&"
MILLISECONDS = 60_000  # that a busy machine may take
CLASS = 40
SHOWN, REQUESTS = "assignments/tiny/students/1/shown", "assignments/tiny/requests"
CODE = '''"""A module."""
import numpy as np


@np.vectorize
def double(x: float = 1.5, *more) -> float:
    # twice
    if x is None or not more:
        raise ValueError(f"no {x!r}\\n")
    return 2 * x
'''


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    if BROWSER is None:
        pytest.skip("no chromium or chrome is installed")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = driver.chromium.launch(executable_path=BROWSER, args=arguments)
        yield running
        running.close()


def graded(folder: Path, answers: dict[str, str]) -> Path:
    """A graded folder with these answers, by student."""
    with Store(sqlite_address(folder / "grader.db")) as store:
        for number, (student, text) in enumerate(answers.items()):
            why = replace(check("why", Verdict.MANUAL, points=0), by_hand=5.0, answer=text)
            code = [
                check(each, Verdict.FAILED if number % part else Verdict.PASSED, failure=f"expected 5, got {HOSTILE}")
                for part, each in enumerate(("gradient", "training", "accuracy"), 2)
            ]
            store.keep(report(student, question("a", *code, why, output=HOSTILE), key=f"k{number}"))
            with store.writing("a request"):
                made = datetime(2026, 11, 30, tzinfo=UTC)
                add_request(store.database, Request(student, "tiny", "a", f"Why? {HOSTILE}", made), store.change())
    return folder


@contextmanager
def served(folder: Path, grader: str = "kim", handed_in: dict[str, Submission] | None = None) -> Iterator[str]:
    """The address of a server of that folder, in a thread."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        access = Access("token", listening.getsockname()[1])
        review = Review(
            sqlite_address(folder / "grader.db"), access, grader, lambda _: RUBRIC, folder, lambda _: handed_in
        )
        server = uvicorn.Server(
            uvicorn.Config(application(review), log_level="error", access_log=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield access.address
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """A function that opens the answer `why` of a server in a tab of its own."""
    with ExitStack() as stack:

        def open_(address: str, **options: Any) -> Any:
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(MILLISECONDS)
            page = context.new_page()
            page.goto(address)
            page.goto(address.partition("?")[0] + "assignments/tiny/answers/why")
            return page

        yield open_


def says(page: Any, text: str) -> None:
    """Wait until the line below the form begins with that."""
    page.locator("#state", has_text=re.compile(f"^{re.escape(text)}")).wait_for()


def points(folder: Path) -> dict[tuple[str, str], float | None]:
    """What is recorded, by student and the first word of the item."""
    with Store(sqlite_address(folder / "grader.db")) as store:
        return {(each.student, each.item.split()[0]): each.points for each in marks(store.database)}


def test_a_class_is_graded_by_the_keyboard_alone(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """Three keys for each of 40 students; a comment, a flag, undo and the way back are keys, too."""
    folder = graded(tmp_path, {f"student{n:02}": f"Answer {n}." for n in range(CLASS)})
    with served(folder) as address:
        page = opened(address)
        for number in range(CLASS):
            page.keyboard.press("1")
            if number == 1:
                page.keyboard.press("c")
                page.keyboard.type("Well said.")
                page.keyboard.press("Escape")
            page.keyboard.press("0")
            says(page, "Saved.")
            here = page.url
            if number < CLASS - 1:
                page.keyboard.press("n")
                page.wait_for_url(lambda url, here=here: url != here)
        page.keyboard.press("f")
        says(page, "Saved.")
        assert page.locator("[name=flagged]").is_checked()
        page.keyboard.press("u")
        page.locator("[name=flagged]:not(:checked)").wait_for()
        assert page.locator("#graded").inner_text() == str(CLASS)
        here = page.url
        page.keyboard.press("k")
        page.wait_for_url(lambda url: url != here)
    assert set(points(folder).values()) == {3.0, 0.0}
    assert len(points(folder)) == 2 * CLASS
    with Store(sqlite_address(folder / "grader.db")) as store:
        assert [each.comment for each in marks(store.database) if each.comment] == ["Well said."]


def test_two_graders_never_overwrite_each_other_unseen(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """The later one sees what the earlier one gave, and what was typed here; the next change then counts."""
    folder = graded(tmp_path, {"ada": "It overflows."})
    with served(folder, "kim") as first, served(folder, "lee") as second:
        kim, lee = opened(first), opened(second)
        kim.keyboard.press("1")
        says(kim, "Saved.")
        lee.keyboard.press("2")
        says(lee, "kim changed this answer meanwhile. Nothing of yours was saved; this is what stands there now.")
        assert "You had typed: 2" in lee.locator("#state").inner_text()
        assert points(folder) == {("ada", "names"): 3.0}
        assert [each.input_value() for each in lee.locator("input[type=number]").all()] == ["3", ""]
        lee.keyboard.press("2")
        says(lee, "Saved.")
    assert points(folder) == {("ada", "names"): 3.0, ("ada", "gives"): 2.0}


def test_what_is_typed_without_a_connection_is_sent_when_there_is_one(
    tmp_path: Path, opened: Callable[..., Any]
) -> None:
    """The page says that it is not saved, keeps it, and leaves for no other page before it is."""
    folder = graded(tmp_path, {"ada": "It overflows.", "ben": "It does not."})
    with served(folder) as address:
        page = opened(address)
        here = page.url
        page.context.set_offline(True)
        page.keyboard.press("1")
        says(page, "Not saved: there is no connection. It is kept here and sent again.")
        page.keyboard.press("2")
        page.keyboard.press("n")
        assert page.url == here and points(folder) == {}
        page.context.set_offline(False)
        page.wait_for_url(lambda url: url != here)
        assert sorted(points(folder).values()) == [2.0, 3.0]


def test_what_was_not_saved_is_there_when_the_page_is_opened_again(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """A tab that is loaded anew sends what its first page could not."""
    folder = graded(tmp_path, {"ada": "It overflows."})
    with served(folder) as address:
        page = opened(address)
        page.on("dialog", lambda dialog: dialog.accept())
        page.route("**/why/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        page.keyboard.press("1")
        says(page, "Not saved: there is no connection.")
        page.reload()
        page.unroute("**/why/*")
        says(page, "Saved.")
    assert points(folder) == {("ada", "names"): 3.0}


def test_a_value_that_cannot_be_is_said_and_stays(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """Points beyond the item's are refused by the server, and the field keeps what was typed."""
    folder = graded(tmp_path, {"ada": "It overflows."})
    with served(folder) as address:
        page = opened(address)
        page.locator("[name=points-0]").fill("7")
        page.keyboard.press("Tab")
        says(page, "'names the cause' takes points from 0 to 3, not 7.")
        assert page.locator("[name=points-0]").input_value() == "7"
    assert points(folder) == {}


def test_nothing_of_a_submission_runs(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """Markup in names, answers, messages, prints and comments is text on every page."""
    folder = graded(tmp_path, {HOSTILE: HOSTILE})
    with served(folder) as address:
        page = opened(address)
        page.locator("textarea").first.fill(HOSTILE)
        page.keyboard.press("Tab")
        says(page, "Saved.")
        root = address.partition("?")[0]
        student = page.url.rpartition("/")[2]
        about = f"assignments/tiny/students/{student}", f"assignments/tiny/answers/why/{student}"
        for path in ("", "assignments/tiny", SHOWN, REQUESTS, *about):
            page.goto(root + path)
            assert page.evaluate("() => window.pwned") is None
            assert page.locator("img[src=x], body script").count() == 0
        assert page.locator("textarea").first.input_value() == HOSTILE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(tmp_path: Path, opened: Callable[..., Any], scheme: str) -> None:
    """axe finds no violation of WCAG 2.1 A and AA."""
    from axe_playwright_python.sync_playwright import Axe

    folder = graded(tmp_path, {"ada": "It overflows: $e^{x}$.", "ben": "it overflows: $e^{x}$.", "cem": ""})
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "hw.py").write_text(CODE)
    handed_in = {"ada": Submission("ada", tmp_path / "code", "")}
    with served(folder, handed_in=handed_in) as address:
        page = opened(address, color_scheme=scheme, bypass_csp=True)  # axe itself is a script of another place
        root = address.partition("?")[0]
        answer = page.url.removeprefix(root)
        for path in ("", "assignments/tiny", "assignments/tiny/students/1", answer, "nowhere", SHOWN, REQUESTS):
            page.goto(root + path)
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_a_class_that_is_being_graded_shows_how_far_it_is(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """The line on the page follows the batch without being loaded again, and says when it has ended."""
    folder = graded(tmp_path, {"ada": "It overflows."})
    file = ProgressFile(tmp_path, "tiny", 3)
    file.reached(1, 0, 1)
    with served(folder) as address:
        page = opened(address)
        page.goto(address.partition("?")[0] + "assignments/tiny")
        page.locator("#progress", has_text="1 of 3 submissions done, 1 running, 1 waiting").wait_for()
        file.fault("ben: our fault, trying once more")
        file.reached(3, 0, 0)
        page.locator("#progress", has_text="3 of 3 submissions done").wait_for()
        assert "ben: our fault, trying once more" in page.locator("#progress").inner_text()
        file.ended()
        page.locator("#progress", has_text="Grading has ended; load this page again for the results.").wait_for()


def test_without_scripts_the_page_is_a_form(tmp_path: Path, opened: Callable[..., Any]) -> None:
    """Points are typed, sent by the button, and there again."""
    folder = graded(tmp_path, {"ada": "It overflows."})
    with served(folder) as address:
        page = opened(address, java_script_enabled=False)
        page.locator("[name=points-0]").fill("2.5")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Last changed by kim").wait_for()
        assert page.locator("[name=points-0]").input_value() == "2.5"
    assert points(folder) == {("ada", "names"): 2.5}
