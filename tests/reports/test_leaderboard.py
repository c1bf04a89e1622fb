"""The leaderboard: opt-in, by pseudonym, with ties that are seen as ties."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from command_line import refused, run_here
from predictions_course import ASSIGNMENT, make_course

from autograder.course.roster import Person, Roster
from autograder.reports import report_text, write_text
from autograder.reports.leaderboard import leaderboard_page, lines_of
from autograder.results import CheckResult, QuestionResult, Replay, Report, Resources, Score, Verdict


def report(student: str, pseudonym: str, low: float, high: float, *, higher: bool = True, **more: str) -> Report:
    """A report with a score on the public part."""
    score = Score("accuracy", (low + high) / 2, low, high, 30, higher, percent=higher)
    check = CheckResult("predictions_public", "T", False, Verdict.PASSED, 0, 0, 0, "", scores=(score,))
    question = QuestionResult("a", "A", 0, 0, False, (check,))
    return Report("digits", student, 0, 0, 0, (question,), Resources(), Replay(), pseudonym=pseudonym, **more)


def places(*reports: Report) -> list[tuple[str, str]]:
    """Name and places of each line."""
    return [(line.name, line.places) for line in lines_of(reports, "predictions_public")]


def test_submissions_whose_intervals_overlap_share_places() -> None:
    """The best of three whose intervals overlap is not first alone; one apart from all has a place of its own."""
    assert places(
        report("a", "Ant", 0.50, 0.70), report("b", "Bee", 0.60, 0.80), report("c", "Cat", 0.75, 0.95),
        report("d", "Dog", 0.10, 0.20),
    ) == [("Cat", "1 to 2"), ("Bee", "1 to 3"), ("Ant", "2 to 3"), ("Dog", "4")]  # fmt: skip
    assert places(report("a", "Ant", 0.5, 0.6), report("b", "Bee", 0.5, 0.6)) == [("Ant", "1 to 2"), ("Bee", "1 to 2")]


def test_of_losses_the_lowest_is_first() -> None:
    """Lower is better where the metric says so."""
    first = report("a", "Ant", 2.0, 3.0, higher=False)
    assert places(first, report("b", "Bee", 0.1, 0.2, higher=False)) == [("Bee", "1"), ("Ant", "2")]


def test_equal_scores_are_in_the_order_of_the_names_that_are_shown() -> None:
    """The order of the students' ids would tell who is who, also of names that are replaced."""
    assert [
        name
        for name, _ in places(
            report("ada", "Wasp", 0.5, 0.6), report("ben", "bee", 0.5, 0.6), report("cy", "Ant", 0.5, 0.6),
            report("aaa", "CY", 0.5, 0.6),
        )
    ] == ["anonymous", "Ant", "bee", "Wasp"]  # fmt: skip
    one, two = (report(student, "Fox", low, 1 - low) for student, low in (("ada", 0.1), ("ben", 0.2)))
    one, two = (replace(each, replay=Replay(submission_sha256=sha256)) for each, sha256 in ((one, "f"), (two, "0")))
    lines = lines_of([one, two], "predictions_public")
    assert [(line.name, line.score.low) for line in lines] == [("Fox", 0.2), ("Fox (2)", 0.1)]


def test_only_those_who_asked_are_on_it_and_nobody_under_anothers_name() -> None:
    """No pseudonym, no line; another's id becomes anonymous; equal names get numbers; what is not final is left out."""
    assert places(
        report("ada", "", 0.9, 1.0), report("bob", "ADA", 0.6, 0.7), report("cy", "Fox", 0.4, 0.5),
        report("di", "fox", 0.2, 0.3), report("eve", "eve", 0.0, 0.1), report("x", "X", 0, 1, not_final="waits"),
    ) == [("anonymous", "1"), ("Fox", "2"), ("fox (2)", "3"), ("eve", "4")]  # fmt: skip


def test_the_page_is_one_file_and_escapes_names() -> None:
    """Nothing is loaded from elsewhere, nothing that a student writes becomes markup, and no id is on it."""
    lines = lines_of([report("student-17", "<script>alert(1)</script>", 0.5, 0.7)], "predictions_public")
    page = leaderboard_page("A & B", "public", lines)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page
    assert "student-17" not in page
    assert "60.0 %" in page
    assert "<svg" in page
    assert "<tbody>\n</tbody>" in leaderboard_page("A", "public", ())


ROSTER = Roster(
    (
        Person("ada", "Ada L", ("ada@x.org",), pseudonym="Owl"),
        Person("ben", "Ben M", aliases=("bm1",)),
        Person("cy", "Cy N", pseudonym="-"),
        Person("di", "Di O", group="Team 1"),
    )
)


def test_the_roster_says_who_wants_to_be_on_it_and_who_is_a_guest() -> None:
    """A pseudonym there is an opt-in, a hyphen takes somebody off, and nobody goes by another's name or address."""
    reports = [
        report("ada", "", 0.9, 1.0), report("ben", "ada@X.org", 0.6, 0.7), report("cy", "Fox", 0.4, 0.5),
        report("Team 1", "BM1", 0.2, 0.3), report("guest", "Ben M", 0.1, 0.15), report("other", "", 0.1, 0.15),
    ]  # fmt: skip
    found = [line.name for line in lines_of(reports, "predictions_public", ROSTER)]
    assert found == ["Owl", "anonymous", "anonymous (2)"]
    found = [line.name for line in lines_of(reports, "predictions_public", ROSTER, guests=True)]
    assert found == ["Owl", "anonymous", "anonymous (2)", "anonymous (3) (guest)"]
    own = replace(reports[1], pseudonym="ben m")
    assert [line.name for line in lines_of([own], "predictions_public", ROSTER)] == ["ben m"]


@pytest.mark.parametrize(
    "pseudonym",
    ["Lovelace, Ada", "Ada  Lovelace", "ada_lovelace", "AdaLovelace", "Ada Lovéläce", "LOVELACE ADA", "a 1"],
)
def test_a_name_is_anothers_however_it_is_written(pseudonym: str) -> None:
    """With its words in any order, other spaces, signs, case or accents, a name or id is no pseudonym of others."""
    roster = Roster((Person("a-1", "Ada Lovelace"), Person("b-2", "Bob Ross")))
    for student, shown in (("b-2", "anonymous"), ("a-1", pseudonym)):
        (line,) = lines_of([report(student, pseudonym, 0.1, 0.2)], "predictions_public", roster)
        assert line.name == shown
    (line,) = lines_of([report("b-2", "Adam", 0.1, 0.2)], "predictions_public", roster)
    assert line.name == "Adam"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course."""
    return make_course(tmp_path / "course")


def test_the_page_is_written_beside_the_summary(root: Path, tmp_path: Path) -> None:
    """From the reports of a class."""
    out = tmp_path / "graded"
    refused(run_here("leaderboard", "digits", "--out", out, cwd=root), "There are no reports in")
    for each in (report("ada", "Fox", 0.5, 0.7), report("bob", "", 0.5, 0.7)):
        write_text(out / "reports" / f"{each.student}.json", report_text(each))
    done = run_here("leaderboard", "digits", "--out", out, cwd=root)
    assert "1 submission of 2, by pseudonym, on the public part" in done.stdout, done.stderr
    assert "Fox" in (out / "leaderboard.html").read_text()
    (root / "roster.csv").write_text("id,name,pseudonym\nbob,Bob,Bee\n")
    done = run_here("leaderboard", "digits", "--out", out, cwd=root, COLUMNS="200")
    assert "1 submission of 2, by pseudonym" in done.stdout, done.stderr
    assert "Not on it, because they are not on the roster: ada; with --guests they are" in done.stdout
    assert "Bee" in (out / "leaderboard.html").read_text()
    assert "2 submissions of 2" in run_here("leaderboard", "digits", "--out", out, "--guests", cwd=root).stdout
    assert "Fox (guest)" in (out / "leaderboard.html").read_text()
    (out / "reports" / "ada.json").write_text("{}")
    refused(run_here("leaderboard", "digits", "--out", out, cwd=root), "is no report:")


def test_an_assignment_without_scores_has_none(root: Path, tmp_path: Path) -> None:
    """Neither without predictions nor without a public part."""
    script = root / "assignments" / "digits" / "assignment.py"
    script.write_text(ASSIGNMENT.replace("    points=6,", "    points=6,\n    public=0,"))
    refused(run_here("leaderboard", "digits", "--out", tmp_path, cwd=root), "has no public part of the labels")
    script.write_text(ASSIGNMENT[: ASSIGNMENT.index("first.predictions")])
    refused(run_here("leaderboard", "digits", "--out", tmp_path, cwd=root), "digits asks for no predictions")
