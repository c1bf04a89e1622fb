"""Item analysis: what the results of a class say about its checks, and when they say nothing."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_course import RAISING, RIGHT, WRONG, hand_in, make_course

from autograder.insight.items import ENOUGH, Analysis, Item, analysed, histogram
from autograder.reports import pages
from autograder.reports.grades import items_csv
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Verdict


def check(name: str, credit: float, message: str = "", verdict: Verdict | None = None) -> CheckResult:
    """One result; without a verdict, passed, partly or failed by its credit."""
    found = verdict or (Verdict.PASSED if credit == 1 else Verdict.PARTIAL if credit else Verdict.FAILED)
    return CheckResult(name, f"Title of {name}", False, found, 2 * credit, 2.0, 0.5, message, message)


def report(number: int, *checks: CheckResult) -> Report:
    """One student's report."""
    points = sum(each.points for each in checks)
    question = QuestionResult("a", "A", points, 2.0 * len(checks), False, checks)
    resources = Resources(cpu_seconds=float(number % 7))
    return Report("hw", f"s{number:03}", points, 2.0 * len(checks), 0.0, (question,), resources, Replay())


def class_of(credits: object, message: str = "is wrong") -> list[Report]:
    """A class by its table of credits, (students, checks)."""
    return [
        report(number, *(check(f"c{place}", float(credit), message) for place, credit in enumerate(row)))
        for number, row in enumerate(np.asarray(credits).tolist())
    ]


def item(found: Analysis, name: str) -> Item:
    """One check's line."""
    (line,) = [each for each in found.items if each.check == name]
    return line


ABLE = np.arange(40)
TABLE = np.stack([ABLE >= 10, ABLE >= 20, ABLE >= 30, ABLE < 20, ABLE >= 0, ABLE >= 20], axis=1).astype(float)
"""Easy, middle, hard; one against all others; one that all have; one that comes out like the middle one."""


def test_numbers_are_those_of_test_theory() -> None:
    """Difficulty is the mean credit, discrimination the correlation with the mean of all other checks."""
    found = analysed(class_of(TABLE))
    assert item(found, "c0").difficulty == pytest.approx(0.75)
    rest = TABLE[:, [1, 2, 3, 4, 5]].mean(axis=1)
    assert item(found, "c0").discrimination == pytest.approx(np.corrcoef(TABLE[:, 0], rest)[0, 1])
    for each in found.items:
        if each.discrimination is not None and each.low is not None and each.high is not None:
            assert each.low < each.discrimination < each.high


def test_each_sign_is_shown_by_a_check_that_has_it_and_by_no_other() -> None:
    """Nobody fails it; it goes against the rest; strong students fail it; it comes out like another one."""
    found = analysed(class_of(TABLE))
    signs = {each.check: each.signs for each in found.items}
    assert signs["c4"] == ("nobody fails",)
    assert signs["c3"] == ("strong students fail", "against the rest")
    assert signs["c0"] == signs["c1"] == signs["c5"] == ()
    assert [(pair.first, pair.second, pair.r, pair.counted) for pair in found.redundant] == [
        ("a:c1", "a:c5", pytest.approx(1.0), 40)
    ]
    assert analysed(class_of(np.zeros((12, 2)))).items[0].signs == ("nobody passes",)


def test_what_to_look_at_first_is_one_sentence() -> None:
    """A check against the rest comes first, then what strong students fail, a common message, two alike, nothing."""
    assert "those who do well elsewhere do worse here" in analysed(class_of(TABLE)).first
    assert '"Title of c3"' in analysed(class_of(TABLE)).first
    strong = np.stack([ABLE >= 8, ABLE >= 9, ABLE >= 12, ABLE % 3 == 0], axis=1)
    strong[30:, 3] = False
    assert "students who are best in everything else" in analysed(class_of(strong.astype(float))).first
    common = np.stack([ABLE >= 10, ABLE >= 12], axis=1).astype(float)
    assert analysed(class_of(common)).first == (
        'The public check "Title of c1" of question (a): one message for 12 students who fail it: is wrong.'
    )
    rows = [report(n, *(check(f"c{c}", float(v), f"x{n * 'y'}") for c, v in enumerate((n >= 15, n >= 15))))
            for n in range(40)]  # fmt: skip
    assert analysed(rows).first == "The checks a:c0 and a:c1 come out the same for 40 students; one would do."
    assert analysed(class_of(np.ones((12, 2)))).first == "Nothing stands out."


def test_a_check_is_against_the_rest_beyond_what_chance_does_among_so_many() -> None:
    """Of independent checks one goes against the rest in at most 5 % of classes, also where there are twenty."""
    draw = np.random.default_rng(0)
    classes = [analysed(class_of((draw.random((30, 20)) < 0.6).astype(float))) for _ in range(60)]
    assert sum(any(each.against for each in found.items) for found in classes) <= 3
    below = sum(any(each.high is not None and each.high < 0 for each in found.items) for found in classes)
    assert below >= 10  # the interval of one check alone says less
    assert all(("those who do well" in found.first) == any(x.against for x in found.items) for found in classes)


@pytest.mark.parametrize("students", range(ENOUGH))
def test_a_small_class_says_that_nothing_can_be_concluded(students: int) -> None:
    """Below ten submissions there is no number about a check, no sign, and a sentence that says so."""
    found = analysed(class_of(TABLE[:students]))
    assert found.small
    assert "nothing can be concluded" in found.first
    assert all(each.difficulty is each.discrimination is None and each.signs == () for each in found.items)
    assert found.redundant == ()


def test_what_ran_nothing_of_the_student_does_not_count() -> None:
    """Stubs and skipped checks are not attempts; our own faults are not even counted."""
    rows = class_of(TABLE[:, :2])
    (question,) = rows[0].questions
    for number, verdict in ((0, Verdict.NOT_ATTEMPTED), (1, Verdict.SKIPPED), (2, Verdict.INTERNAL)):
        changed = (replace(question.checks[0], verdict=verdict), question.checks[1])
        rows[number] = replace(rows[number], questions=(replace(question, checks=changed),))
    found = item(analysed(rows), "c0")
    assert (found.counted, found.attempted) == (39, 37)
    assert found.difficulty == pytest.approx(30 / 37)


def test_failures_are_grouped_by_message_apart_from_numbers() -> None:
    """*is 3, expected 4* and *is 5, expected 6* are one cluster; a single failure is none."""
    rows = [
        report(n, check("c0", 0.0, f"is {n}; expected {n + 1}." if n < 9 else f"other {n * 'x'}")) for n in range(11)
    ]
    (cluster,) = item(analysed(rows), "c0").clusters
    assert (cluster.students, cluster.verdict) == (9, Verdict.FAILED)
    assert cluster.sentence == "is 0; expected 1."


CREDITS = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4), min_size=0, max_size=25
)  # students x checks


@settings(deadline=None, max_examples=25)
@given(CREDITS, st.randoms(use_true_random=False))
def test_laws(table: list[list[float]], random: object) -> None:
    """The order of reports makes no difference, and every number is within its bounds."""
    rows = class_of(table) if table else []
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    found, other = analysed(rows), analysed(mixed)
    assert found.first == other.first
    assert found.times == other.times
    for one, two in zip(found.items, other.items, strict=True):
        assert one.signs == two.signs
        assert one.clusters == two.clusters
        assert one.discrimination == (None if two.discrimination is None else pytest.approx(two.discrimination))
        assert one.difficulty is None or 0 <= one.difficulty <= 1
        assert one.discrimination is None or -1 <= one.discrimination <= 1
        assert 0 <= one.strong_failed <= one.strong <= one.attempted <= one.counted <= len(rows)
    assert all(0.98 <= pair.r <= 1 for pair in found.redundant)


@example([5e-324])
@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_every_value_is_in_one_bar(values: list[float]) -> None:
    """Bars follow each other from 0, are as wide as each other, at most twelve, and hold every value."""
    bars = histogram(values)
    assert sum(bar.count for bar in bars) == len(values)
    assert len(bars) <= 13
    if bars:
        assert bars[0].low == 0
        assert max(values) <= bars[-1].high * (1 + 1e-9)


def test_the_page_and_the_table_show_them() -> None:
    """Signs, numbers and the first sentence are on the summary; the drawing says in words what it shows."""
    rows = class_of(TABLE, "<b>is wrong</b>")
    found = analysed(rows)
    heading, names = pages.Heading("Course", "HW"), {each.student: each.student for each in rows}
    page = pages.summary_page(rows, heading, names, dataset="", sandbox="none", analysis=found)
    assert "Look at first:" in page
    assert "against the rest" in page
    assert "<b>is wrong" not in page
    assert re.search(r'aria-label="0 to 1 seconds?: \d+', page)
    lines = list(csv.DictReader(items_csv(found).splitlines()))
    assert [line["check"] for line in lines] == [f"c{n}" for n in range(6)]
    assert lines[1]["same_as"] == "a:c5"
    assert lines[3]["signs"] == "strong students fail | against the rest"
    small = analysed(rows[:4])
    page = pages.summary_page(rows[:4], heading, names, dataset="", sandbox="none", analysis=small)
    assert "nothing can be concluded" in page
    assert "What the results say" not in page


def test_grading_writes_them(tmp_path: Path) -> None:
    """`grade` leaves items.csv beside grades.csv."""
    root = make_course(tmp_path / "course")
    subs = hand_in(tmp_path / "subs", ann=RIGHT, ben=WRONG, cem=RAISING)
    done = run_here("grade", "tiny", subs, "--out", tmp_path / "out", cwd=root)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "items.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["check"] for line in lines} == {"doubles_one", "doubles_minus_seven", "doubles_text"}
    assert {line["difficulty"] for line in lines} == {""}
