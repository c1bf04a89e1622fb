"""The pages: nothing leaks, nothing runs, nothing is lost."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from samples import check, internal, passing, question, renamed, report

from autograder.export.grades import grades
from autograder.feedback import Heading, staff_page, student_page, summary_page
from autograder.feedback.summary import check_rates, distribution
from autograder.feedback.text import visible
from autograder.messages import WORDING
from autograder.model import Report, Verdict

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
    assert (
        f'<span class="mark" aria-hidden="true">{WORDING[verdict].mark}</span>{WORDING[verdict].short}</span>' in page
    )


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
    """Full marks and bonus beyond them lie in the last bin, nothing in the first."""
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
