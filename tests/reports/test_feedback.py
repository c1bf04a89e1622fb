"""The pages: nothing leaks, nothing runs, nothing is lost."""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import html
import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from samples import check, internal, passing, question, renamed, report

from autograder.formats.nbgrader.conversions import BROWSERS
from autograder.messages import AS_ABOVE, NEEDED, REFERENCE_TO_BE_CORRECTED, TO_BE_CORRECTED, WORDING, said_once
from autograder.reports.grades import grades
from autograder.reports.pages import Asked, Heading, answers_page, staff_page, student, student_page, summary_page
from autograder.reports.pages.staff import check_rates, distribution
from autograder.reports.pages.text import visible
from autograder.results import CaseResult, CheckResult, Report, Verdict

HEADING = Heading("Course", "Doubling")
VOID = {"meta"}


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Remember an element."""
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Forget it."""
        assert self.open.pop() == tag


def everything() -> Report:
    """A report with every verdict, public and hidden, and a bonus question."""
    public = question("a", *(check(f"p_{v.lower()}", v, failure=f"public {v}") for v in Verdict), output="hello <b>")
    skipped = "Not run: it needs the check 'Title of h_failed.' to pass."
    said = {v: skipped if v is Verdict.SKIPPED else f"secret {v}" for v in Verdict}
    hidden = question("b", *(check(f"h_{v.lower()}", v, hidden=True, failure=said[v]) for v in Verdict))
    return replace(
        report("Zoë <i>", public, hidden, question("d", check("bonus", Verdict.PARTIAL), bonus=True)),
        notes=("Read as <CP1252>.",),
    )


def pages() -> dict[str, str]:
    """One page of each kind."""
    made = everything()
    return {
        "student": student_page(made, HEADING),
        "staff": staff_page(made, HEADING),
        "answers": answers_page(Asked("a", "p", "What is $x$?", "2 points"), [made], HEADING, {made.student: "x"}),
        "class": summary_page(
            [stopped(), made, internal("c")],
            HEADING,
            dict.fromkeys(("ada", made.student, "c"), "x"),
            dataset="d",
            sandbox="s",
        ),
        "summary": summary_page([made, passing("b")], HEADING, {made.student: "x", "b": "b"}, dataset="d", sandbox="s"),
    }


@pytest.mark.parametrize("kind", ["student", "staff", "summary"])
def test_a_page_is_whole_and_runs_nothing(kind: str) -> None:
    """Elements are balanced; no script, no style attribute, nothing from elsewhere; only our style sheet may apply."""
    page = pages()[kind]
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.seen.isdisjoint({"script", "link", "iframe", "object", "img", "form", "i"})
    assert " style=" not in page
    assert "http://" not in page
    assert "https://" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith(f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_is_shown_by_mark_and_words(verdict: Verdict) -> None:
    """Colour is never the only sign."""
    page = student_page(report("ann", question("a", check("one", verdict))), HEADING)
    words = "waits for a person" if verdict is Verdict.MANUAL else WORDING[verdict].short
    assert f'<span class="mark" aria-hidden="true">{WORDING[verdict].mark}</span>{words}</span>' in page


def test_the_students_page_shows_of_hidden_checks_title_verdict_and_hint() -> None:
    """What staff know of a hidden check stays with staff."""
    made = pages()
    assert "secret" not in made["student"]
    assert "secret FAILED" in made["staff"]
    assert "Title of h_failed." in made["student"]
    assert "Look again." in made["student"]
    assert "public FAILED" in made["student"]
    assert "replay" not in made["student"]


def test_what_hidden_checks_printed_is_for_staff() -> None:
    """A student sees the output of public checks only."""
    part = replace(
        question("a", check("one", Verdict.PASSED)), output="open words", staff_output="open words, shut words"
    )
    made = report("ann", part)
    assert "shut words" not in student_page(made, HEADING)
    assert "open words" in student_page(made, HEADING)
    assert "shut words" in staff_page(made, HEADING)


def test_a_submission_s_words_are_only_words() -> None:
    """Names, notes, messages and output are escaped."""
    page = pages()["student"]
    assert "Zoë &lt;i&gt;" in page
    assert "Read as &lt;CP1252&gt;." in page
    assert "hello &lt;b&gt;" in page


def test_a_report_with_our_fault_says_so() -> None:
    """The student reads that points are left out, the summary lists whom to grade again."""
    made = internal("ann")
    assert "The fault is ours" in student_page(made, HEADING)
    assert "left out" in student_page(made, HEADING)
    page = summary_page([made], HEADING, {"ann": "ann"}, dataset="", sandbox="none")
    assert "Our fault: to be graded again" in page
    assert "the forkserver is gone" in page
    assert "Our fault" not in summary_page([passing("b")], HEADING, {"b": "b"}, dataset="", sandbox="none")


def test_an_empty_class_has_a_summary() -> None:
    """No submission, no crash."""
    assert "<b>0</b><span>submissions" in summary_page([], HEADING, {}, dataset="", sandbox="none")


def test_pass_rates_leave_our_faults_out() -> None:
    """One passed, one failed, one INTERNAL is one of two."""
    verdicts = (Verdict.PASSED, Verdict.FAILED, Verdict.INTERNAL)
    reports = [report(f"student {v}", question("a", check("one", v))) for v in verdicts]
    (rate,) = check_rates(reports)
    assert (rate.passed, rate.counted) == (1, 2)
    assert dict(rate.verdicts) == {Verdict.PASSED: 1, Verdict.FAILED: 1, Verdict.INTERNAL: 1}


def test_the_distribution_counts_everybody_once() -> None:
    """Full marks and bonus beyond them are in the last bin, nothing in the first."""
    half = report("a", question("a", check("one", Verdict.PARTIAL)))
    none = report("b", question("a", check("one", Verdict.FAILED)))
    more = report(
        "c", question("a", check("one", Verdict.PASSED)), question("d", check("x", Verdict.PASSED), bonus=True)
    )
    counts = [each.count for each in distribution([half, none, more, renamed(half, "d")])]
    assert counts == [1, 0, 0, 0, 0, 2, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("10 %\r20 %\r30 %\r", "30 %"),
        ("a\r\nb", "a\nb"),
        ("nul\x00 bell\x07 del\x7f", "nul␀ bell␇ del␡"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("half\ud800", "half�"),
        ("tab\tstays", "tab\tstays"),
        ("x" * 30_000, "x" * 20_000 + "\n… and 10000 more characters"),
    ],
)
def test_printed_text_is_made_visible(printed: str, shown: str) -> None:
    """No colour code, overprinting or invisible character survives."""
    assert visible(printed) == shown


def test_grades_are_a_proper_table() -> None:
    """One row per student with every question; bonus counts in the total; commas and quotes survive."""
    one = report(
        'Doe, "J"', question("a", check("x", Verdict.PASSED)), question("d", check("y", Verdict.PARTIAL), bonus=True)
    )
    rows = list(csv.DictReader(io.StringIO(grades([one, internal("ben")]))))
    assert rows[0] == {
        "student": 'Doe, "J"', "a": "2", "d": "1", "points": "2", "bonus": "1", "total": "3", "max_points": "2",
        "verdicts": "1 passed, 1 partly", "flag": "",
    }  # fmt: skip
    assert (rows[1]["d"], rows[1]["flag"]) == ("", "INTERNAL")


def test_alarms_are_for_staff_alone() -> None:
    """They stand on the staff page, in the summary and in a column of the table, and on no student's page."""
    found = replace(check("x", Verdict.PASSED, hidden=True), alarms=("=Accuracy of <100> % is too good.", "Again."))
    one, other = report("ada", question("a", found)), passing("ben")
    shown = staff_page(one, HEADING)
    summary = summary_page([one, other], HEADING, {"ada": "ada", "ben": "ben"}, dataset="", sandbox="")
    rows = list(csv.DictReader(io.StringIO(grades([one, other]))))

    assert "2 alarms below. They cost no points" in shown
    assert "<strong>Alarm:</strong> =Accuracy of &lt;100&gt; % is too good." in shown
    assert "=Accuracy of &lt;100&gt; % is too good." in summary
    assert 'id="alarms"' in summary
    assert [row["alarms"] for row in rows] == ["x: =Accuracy of <100> % is too good. | x: Again.", ""]
    assert "larm" not in student_page(one, HEADING)
    assert "too good" not in student_page(one, HEADING)
    assert "alarms" not in grades([other])
    assert 'id="alarms"' not in summary_page([other], HEADING, {"ben": "ben"}, dataset="", sandbox="")


def stopped(*, staff: str = "", count: int = 4, hidden: bool = False) -> Report:
    """A report in which one failed import stopped several checks."""
    said = "`import tiny` raised TypeError (line 3 of tiny.py): no"
    broken = [replace(check(f"c{n}", Verdict.RAISED, hidden=hidden), message=said) for n in range(count)]
    trace = f"{said}\nTraceback of the import"
    broken = [replace(each, staff_message=staff or trace) for each in broken]
    return report("ada", question("a", *broken[:2]), question("b", *broken[2:], check("other", Verdict.FAILED)))


@pytest.mark.parametrize("page", [student_page, staff_page])
def test_an_error_that_stopped_several_checks_is_said_once(page) -> None:
    """A failed import stands at the top of the page, once, and each of its checks points there."""
    text = page(stopped(), HEADING)
    assert text.count("raised TypeError") == 1 + (page is staff_page) * 4  # staff see what each student's check says
    assert text.count("Traceback of the import") == (page is staff_page)
    assert "One error stopped 4 checks." in text
    assert text.count(AS_ABOVE) == 4


def test_the_summary_says_such_errors_once_each() -> None:
    """Whose submission one error stopped, in how many checks, with the first line that staff read."""
    made = [stopped(), passing("b")]
    page = summary_page(made, HEADING, {"ada": "ada", "b": "b"}, dataset="d", sandbox="s")
    section = page.partition('aria-labelledby="banners"')[2].partition("</section>")[0]
    assert "4 checks" in section
    assert "ada" in section
    assert "raised TypeError (line 3 of tiny.py): no" in section
    assert "Traceback of the import" not in section
    assert 'aria-labelledby="banners"' not in pages()["summary"]


@pytest.mark.parametrize(
    ("faults", "step"),
    [
        (["the forkserver is gone"], "The same command tries them again."),
        ([f"{TO_BE_CORRECTED}: x"], "The assignment must be corrected, as the sentences for staff say; the same"),
        ([f"{REFERENCE_TO_BE_CORRECTED}: x", f"The check 'a', {NEEDED}"], "The assignment must be corrected, as the"),
        (["gone", f"{TO_BE_CORRECTED}: x"], "For some the assignment must be corrected, as the sentences for staff"),
    ],
)
def test_trying_again_is_advised_only_where_it_helps(faults: list[str], step: str) -> None:
    """A check that must be corrected fails again: the summary says so in place of promising a second try."""
    broken = [check(f"c{n}", Verdict.INTERNAL, failure=fault) for n, fault in enumerate(faults)]
    page = summary_page([report("ada", question("a", *broken))], HEADING, {"ada": "ada"}, dataset="d", sandbox="s")
    assert f"These checks are not scored. {step}" in page
    assert ("tries them again" in page) == (step == "The same command tries them again.")


def test_an_error_of_two_checks_stays_where_it_is() -> None:
    """Two checks are read as quickly as a banner, and the table's own sentences are no error that can be named."""
    assert said_once(stopped(count=2), staff=False) == {}
    generic = report("ada", question("a", *(check(f"c{n}", Verdict.RAISED, hidden=True) for n in range(5))))
    assert said_once(generic, staff=False) == {}
    wrong = report("ada", question("a", *(check(f"c{n}", Verdict.FAILED, failure="same") for n in range(5))))
    assert said_once(wrong, staff=False) == {}


def test_hints_of_cases_are_read_without_a_click() -> None:
    """Students read no details about the cases of a hidden check."""
    case = CaseResult("secret name", Verdict.FAILED, 0, 1, "m", "s")
    several = replace(
        check("c", Verdict.FAILED, hidden=True),
        message="2 of 2 cases not passed.\nFirst hint.\nSecond hint.",
        cases=(case,),
    )
    text = student_page(report("ada", question("a", several)), HEADING)
    assert "First hint.\nSecond hint.</p>" in text
    assert "<details" not in text


def test_a_question_that_people_grade_has_no_zero_of_zero() -> None:
    """It shows the points that a person gives."""
    written = replace(check("why", Verdict.MANUAL, points=0), by_hand=3.0)
    text = student_page(report("ada", question("f", written)), HEADING)
    assert "3 to be graded by a person" in text
    assert "of 0" not in text.partition('class="card"')[2]


@pytest.mark.parametrize(
    "kind",
    [
        check("free", Verdict.PASSED, points=0),
        replace(check("why", Verdict.MANUAL, points=0), by_hand=3.0),
        internal("ada"),
    ],
)
def test_no_page_shows_points_of_none(kind: CheckResult | Report) -> None:
    """Where nothing gives points, waits for a person, or could be run, each page says so instead of 0 of 0."""
    made = kind if isinstance(kind, Report) else report("ada", question("f", kind))
    summary = summary_page([made], HEADING, {"ada": "ada"}, dataset="d", sandbox="s")
    answers = answers_page(Asked("f", "why", "Why?", "3 points"), [made], HEADING, {"ada": "ada"})
    for page in (student_page(made, HEADING), staff_page(made, HEADING), summary, answers):
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2]))
        assert not re.search(r"\b0(?:\.0)? (?:of|/) 0\b|\b(?:of|/) 0\b|\b0 to be graded", text), text
        assert not re.search(r'"0 of 0|of 0 points"', page)
    expected = {"free": "No check here gives points.", "why": "No points count before a person has given some."}
    assert made.max_points or expected.get(getattr(kind, "id", ""), "") in summary


@pytest.mark.parametrize("kind", ["student", "staff", "summary", "class", "answers", "formulas"])
def test_pages_fit_a_telephone(kind: str, tmp_path: Path) -> None:
    """At a width of 390 pixels no page has to be scrolled sideways, and every cell of a table is in sight."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no chromium or chrome is installed")
    wide = r"$$" + " + ".join(rf"\frac{{\partial L}}{{\partial w_{{{n}}}}}" for n in range(20)) + "$$"
    written = replace(check("why", Verdict.MANUAL, points=0), by_hand=3.0, answer=f"So {wide}, that is {wide[1:-1]}")
    made = student_page(report("ada", question("f", written)), HEADING) if kind == "formulas" else pages()[kind]
    frame = html.escape(made, quote=True)
    script = (
        "const d = document.querySelector('iframe').contentDocument, e = d.documentElement;"
        "const cut = [...d.querySelectorAll('td, th')].filter(c => c.offsetParent"
        " && c.getBoundingClientRect().right > e.clientWidth);"
        "document.title = `${e.scrollWidth - e.clientWidth} pixels and ${cut.length} cells beyond ${e.clientWidth}`;"
    )
    (tmp_path / "outer.html").write_text(
        f'<!DOCTYPE html><iframe width=390 height=800 style=\'border:0\' srcdoc="{frame}" onload="{script}"></iframe>'
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [browser, *options, (tmp_path / "outer.html").as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert re.search(r"<title>0 pixels and 0 cells beyond 3[789]\d</title>", done.stdout), done.stdout[:300]


def test_templates_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled templates are kept beside the templates, as Python keeps modules; where that cannot be, or what is there
    is damaged, pages are the same."""
    page = student_page(everything(), HEADING)
    templates = tmp_path / "templates"
    shutil.copytree(student.TEMPLATES, templates, ignore=shutil.ignore_patterns("__pycache__"))
    kept = templates / "__pycache__"
    monkeypatch.setattr(student, "TEMPLATES", templates)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def drawn() -> str:
        monkeypatch.setattr(student, "environment", functools.cache(student.environment.__wrapped__))
        return student_page(everything(), HEADING)

    assert drawn() == page
    compiled = {path: path.read_bytes() for path in kept.iterdir()}
    assert len(compiled) >= 2
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert drawn() == page  # nothing is compiled any more
    monkeypatch.undo()
    monkeypatch.setattr(student, "TEMPLATES", templates)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for path, content in compiled.items():
        path.write_bytes(content[: len(content) // 2])
    assert drawn() == page
    assert {path: path.read_bytes() for path in kept.iterdir()} == compiled
    shutil.rmtree(kept)
    kept.touch()  # no folder can be made there
    assert drawn() == page


def test_the_use_of_a_check_is_shown_where_it_was_measured() -> None:
    """A check of another grader, or of an older report, took neither no time nor no memory."""
    measured = replace(check("one", Verdict.PASSED), cpu_seconds=1.25, peak_memory_mib=80.0)
    row = question("a", measured, check("two", Verdict.PASSED))
    page = summary_page([report("ada", row)], HEADING, {"ada": "ada"}, dataset="", sandbox="")
    assert re.findall('data-head="CPU, together">([^<]*)<', page) == ["1.2 s", ""]
    assert re.findall('data-head="Most memory">([^<]*)<', page) == ["80 MiB", ""]
