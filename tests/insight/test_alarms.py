"""What a class shows: alarms about checks, handout and machine, each with its threshold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markupsafe import escape
from samples import check, question, report
from tiny_course import hand_in, make_course
from typer.testing import CliRunner
from written_course import answered
from written_course import hand_in as hand_in_theory
from written_course import make_course as make_theory

from autograder.cli import app
from autograder.grading.validation_cache import ValidationCache
from autograder.insight.alarms import AT_LEAST, MOST, NEARLY_ALL, class_alarms
from autograder.reports import read_reports
from autograder.reports.class_folder import read_alarms, show_grades
from autograder.reports.pages import Heading, summary_page
from autograder.results import CheckResult, Report, Verdict

FAILED = Verdict.FAILED


def class_of(*verdicts: tuple[Verdict, str], hidden: bool = True) -> tuple[Report, ...]:
    """A class in which each student's result of one check has a verdict and a message."""
    return tuple(
        report(f"student {number}", question("a", check("one", verdict, hidden=hidden, failure=said)))
        for number, (verdict, said) in enumerate(verdicts)
    )


def kinds(reports: tuple[Report, ...], refused: str = "") -> list[str]:
    return [alarm.kind for alarm in class_alarms(reports, refused=refused)]


def test_most_of_a_class_with_one_message_is_an_alarm() -> None:
    """Three in five who attempted a check fail it with the same words, numbers aside; the sentence counts them."""
    same = [(FAILED, f"loss is {number}.5; expected 0.7.") for number in range(3)]
    (alarm,) = class_alarms(class_of(*same, (Verdict.PASSED, ""), (FAILED, "loss has the shape (3,).")))

    assert (alarm.kind, alarm.question, alarm.check, alarm.students, alarm.counted) == ("one message", "a", "one", 3, 5)
    assert alarm.sentence == (
        '3 of 5 who attempted it fail the hidden check "Title of one." of question (a) with one message: '
        "loss is 0.5; expected 0.7. Is the check right?"
    )


@pytest.mark.parametrize(
    "verdicts",
    [
        [(FAILED, "same")] * 2 + [(FAILED, "other"), (Verdict.PASSED, ""), (Verdict.PASSED, "")],
        [(FAILED, f"{word} differs") for word in ("loss", "shape", "dtype", "order", "sign")],
        [(FAILED, "same")] * 4,
        [(FAILED, "same")] * 4 + [(Verdict.NOT_ATTEMPTED, "")] * 20,
        [(Verdict.MISSING, "`f` is missing.")] * 4 + [(Verdict.PASSED, "")],
        [(Verdict.PASSED, "")] * 20,
    ],
    ids=["two in five", "other words", "a class of four", "four who attempted it", "one attempt", "all right"],
)
def test_less_than_that_is_none(verdicts: list[tuple[Verdict, str]]) -> None:
    """Fewer students, other messages, or fewer than five attempts say nothing about a hidden check."""
    assert kinds(class_of(*verdicts)) == []


def test_the_same_fault_of_ours_counts_as_one_message() -> None:
    """A check that cannot judge most of a class is an alarm, too, as is one that nearly all raise an error in."""
    for verdict in (Verdict.INTERNAL, Verdict.RAISED):
        assert kinds(class_of(*[(verdict, "The check itself failed: x")] * 5, (Verdict.PASSED, ""))) == ["one message"]


def test_a_public_check_that_nearly_all_fail_is_an_alarm_whatever_they_read() -> None:
    """Four in five who attempted it could have seen that at home, so something differs here; it is said once."""
    words = ("loss", "shape", "dtype", "order")
    verdicts = [(FAILED, f"{word} differs") for word in words]
    (alarm,) = class_alarms(class_of(*verdicts, (Verdict.PASSED, ""), hidden=False))

    assert (alarm.kind, alarm.students, alarm.counted) == ("public check", 4, 5)
    assert "they could run at home; for example: loss differs." in alarm.sentence
    twice = [(FAILED, "loss differs")] * 2 + verdicts[1:3]
    (alarm,) = class_alarms(class_of(*twice, (Verdict.PASSED, ""), hidden=False))
    assert "the most common message, 2 times: loss differs." in alarm.sentence
    assert kinds(class_of(*verdicts[:3], (Verdict.PASSED, ""), (Verdict.PASSED, ""), hidden=False)) == []
    assert kinds(class_of(*[(FAILED, "same")] * 5, hidden=False)) == ["public check"]


def test_a_question_that_nobody_attempted_is_an_alarm() -> None:
    """Stubs, missing names and skipped checks alone, of five students or more; one attempt ends it."""
    untouched = [(Verdict.NOT_ATTEMPTED, ""), (Verdict.MISSING, "`f` is not defined"), (Verdict.SKIPPED, "")] * 2
    (alarm,) = class_alarms(class_of(*untouched))

    assert (alarm.kind, alarm.question, alarm.check, alarm.students) == ("not attempted", "a", "", 6)
    assert alarm.sentence.startswith("Nobody of 6 attempted question (a) Question a: ")
    assert kinds(class_of(*untouched, (FAILED, "wrong"))) == []
    assert kinds(class_of(*untouched[:4])) == []


def with_answers(*verdicts: Verdict, first: Verdict | None = None) -> tuple[Report, ...]:
    """A class in which each student's written answer has a verdict, in a question that may have a check, too."""
    answers = (
        CheckResult("why", "Why?", False, each, 0, 0, 0, "Rubric.", "Rubric.", by_hand=4, answer="Because.")
        for each in verdicts
    )
    beside = [check("one", first)] if first else []
    return tuple(report(f"student {n}", question("f", *beside, each)) for n, each in enumerate(answers))


@pytest.mark.parametrize("first", [None, Verdict.NOT_ATTEMPTED], ids=["written only", "beside a stub"])
@pytest.mark.parametrize("came", [Verdict.MANUAL, Verdict.FAILED], ids=["readable", "no PDF"])
def test_a_written_answer_that_was_handed_in_is_an_attempt(came: Verdict, first: Verdict | None) -> None:
    """One of them ends the alarm that nobody attempted the question; without any it is raised."""
    nobody = [Verdict.MISSING, Verdict.NOT_ATTEMPTED] * 4
    assert kinds(with_answers(*nobody, first=first)) == ["not attempted"]
    assert kinds(with_answers(*nobody, came, first=first)) == []


def test_points_that_people_gave_raise_no_alarm(tmp_path: Path) -> None:
    """A class that is graded again after `mark` has the alarms of its checks alone: six written answers with 0 points
    are none.
    """
    root = make_theory(tmp_path / "course")
    folder = hand_in_theory(tmp_path / "in", **{f"student{n}": {"answers.md": answered("No.")} for n in range(6)})
    course = ["--out", str(tmp_path / "out"), "--course", str(root)]

    def run(*words: object) -> str:
        done = CliRunner().invoke(app, [*map(str, words), *course], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "Look at this" not in run("grade", "theory", folder)
    run("mark", "theory")
    marks = tmp_path / "out" / "marks.csv"
    marks.write_text(re.sub(r'(?m)("to be read",.*,)([32]),,', r"\1\2,0,", marks.read_text()))
    assert "0 have points for some items only, 0 have none" in run("mark", "theory")
    assert "Look at this" not in run("grade", "theory", folder)
    assert json.loads((tmp_path / "out" / "alarms.json").read_text()) == []


def test_grading_what_validate_refuses_is_an_alarm() -> None:
    """It comes first, with the reason, however small the class."""
    (alarm,) = class_alarms(class_of((Verdict.PASSED, "")), refused="points: Nothing can be earned in b.")
    assert alarm.kind == "refused"
    assert alarm.sentence.endswith("graded: points: Nothing can be earned in b.")


def test_the_summary_shows_them_escaped() -> None:
    """They stand above everything else, and no message becomes markup."""
    reports = class_of(*[(FAILED, "<b>bold</b> & more")] * 5)
    page = summary_page(reports, Heading("C", "A"), {r.student: r.student for r in reports}, dataset="", sandbox="none",
                        alarms=class_alarms(reports))  # fmt: skip
    assert page.index("Look at this before grades are given out") < page.index('id="points"')
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "<b>bold" not in page
    without = summary_page(reports, Heading("C", "A"), {r.student: r.student for r in reports}, dataset="", sandbox="")
    assert "Look at this" not in without


def test_a_refusal_is_remembered_until_it_passes(tmp_path: Path) -> None:
    """The cache keeps the reason by the key of the assignment as it was tried."""
    cache = ValidationCache(tmp_path / "cache")
    assert cache.refused("key") == ""
    cache.refuse("key", "points: none")
    assert (cache.refused("key"), cache.refused("other"), cache.passed("key")) == ("points: none", "", False)
    cache.remember("key")
    assert (cache.refused("key"), cache.passed("key")) == ("", True)


def test_alarms_are_said_at_the_end_and_kept(tmp_path: Path) -> None:
    """`grade` prints them last, and writes alarms.json and the summary; what `validate` refused is among them."""
    root = make_course(tmp_path / "course")
    reference = root / "reference" / "tiny" / "tiny.py"
    reference.write_text(reference.read_text().replace("2 *", "3 *"))
    wrong = {f"student{number}": f"def double(x):\n    return {number} if x else x\n" for number in range(6)}
    handed = hand_in(tmp_path / "in", **wrong)
    environment = {**os.environ, "AUTOGRADER_SEED": "seed", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "autograder", *map(str, arguments)]
        return subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    assert run("validate", "tiny", "--quick").returncode == 1
    done = run("grade", "tiny", handed, "--out", tmp_path / "out")
    last = [line for line in done.stdout.splitlines() if line][-4:]
    stored = json.loads((tmp_path / "out" / "alarms.json").read_text())

    assert done.returncode == 0, done.stderr
    assert all(line.startswith("Look at this:") for line in last), done.stdout
    assert "refuses this assignment as it is" in last[0]
    assert "the reference gets full marks: doubles_one: FAILED" in last[0]
    assert [each["kind"] for each in stored] == ["refused", "public check", "one message", "public check"]
    assert stored[1]["check"] == "doubles_one"
    assert all(each["sentence"] in line for each, line in zip(stored[1:], last[1:], strict=True))
    summary = (tmp_path / "out" / "summary.html").read_text()
    assert "Look at this before grades" in summary

    reports = read_reports(tmp_path / "out")
    names = {each.student: each.student for each in reports}
    show_grades(
        tmp_path / "out", reports, Heading("Tiny course", "Doubling"), names, term=None, recorded=()
    )  # as `mark` and `import` do
    again = (tmp_path / "out" / "summary.html").read_text()
    assert all(escape(each["sentence"]) in again for each in stored)
    (tmp_path / "out" / "alarms.json").write_text("[{]")
    assert [each.kind for each in read_alarms(tmp_path / "out", reports)] == [each["kind"] for each in stored[1:]]


def test_the_page_has_the_same_thresholds() -> None:
    """docs/fairness.md says from which numbers on each alarm is raised."""
    page = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text(encoding="utf-8")
    text = " ".join(page.partition("## What a class shows")[2].partition("\n## ")[0].split())
    assert f"at least {AT_LEAST} students" in text
    assert f"{100 * MOST:g} % of those who attempted it" in text
    assert f"{100 * NEARLY_ALL:g} % of those who attempted it" in text
