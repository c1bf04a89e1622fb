"""`autograder total`: the points of a homework set, up to its cap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import refused, run_here
from samples import check, internal, question, report
from typer.testing import CliRunner

from autograder.checks.errors import GraderError
from autograder.cli import app
from autograder.reports.files import report_text, write_text
from autograder.results import CheckResult, Report, Verdict

CONFIG = """
from autograder.course import Course, HomeworkSet
course = Course(title="T", assignments=(), homework_sets=(
    HomeworkSet(id="hw4", title="Homework four", assignments=("theory", "backprop", "alexnet"), cap=10),
))
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with one set of three assignments and a cap of 10."""
    (tmp_path / "grader_config.py").write_text(CONFIG)
    (tmp_path / "assignments").mkdir()
    return tmp_path


def graded(course: Path, name: str, *reports: Report, folder: str = "") -> Path:
    """A graded folder of one assignment."""
    out = course / "graded" / (folder or name)
    (out / "reports").mkdir(parents=True, exist_ok=True)
    for each in reports:
        write_text(out / "reports" / f"{each.student}.json", report_text(replace(each, assignment=name)))
    return out


def with_points(student: str, points: float, bonus: float = 0) -> Report:
    """A report with so many points and bonus points."""
    parts = [question("a", check("one", Verdict.PASSED, points=points))]
    if bonus:
        parts.append(question("b", check("two", Verdict.PASSED, points=bonus), bonus=True))
    return report(student, *parts)


def total(course: Path, *arguments: object) -> Any:
    """Run the verb in the course."""
    words = ["total", *map(str, arguments), "--course", str(course)]
    return CliRunner().invoke(app, words, catch_exceptions=True)


def test_points_and_bonus_points_fill_the_set_up_to_its_cap(course: Path) -> None:
    """Bonus points make up for what is missing, nothing goes above the cap, and one part handed in is that part."""
    theory = graded(course, "theory", with_points("ada", 6), with_points("bob", 3))
    backprop = graded(course, "backprop", with_points("ada", 3, bonus=4), with_points("cy", 2))
    done = total(course, "hw4", theory, backprop, "--csv", course / "hw4.csv")
    assert done.exit_code == 0, done.output
    lines = (course / "hw4.csv").read_bytes().decode().split("\r\n")
    assert lines[:4] == [
        '"student","theory","backprop","alexnet","total","cap","by_hand","flag"',
        '"ada",6,7,,10,10,0,',
        '"bob",3,,,3,10,0,',
        '"cy",,2,,2,10,0,',
    ]
    assert "Homework four, counted up to 10 points" in done.output
    assert "3 + 4" in done.output
    assert "Not graded yet: alexnet; counted as 0." in done.output


def test_the_lowest_are_dropped_and_the_sum_is_rounded(course: Path) -> None:
    """Not handed in is 0 and goes first; of equal ones the later; rounded before the cap; in parentheses when shown."""
    config = course / "grader_config.py"
    config.write_text(config.read_text().replace("cap=10", 'cap=10, drop_lowest=1, round_to=0.5, rounding="up"'))
    folders = [
        graded(course, "theory", with_points("ada", 6), with_points("bob", 3)),
        graded(course, "backprop", with_points("ada", 3, bonus=0.1), with_points("bob", 3)),
        graded(course, "alexnet", with_points("ada", 1), with_points("cy", 2.2)),
    ]
    done = total(course, "hw4", *folders, "--csv", course / "hw4.csv")
    assert done.exit_code == 0, done.output
    lines = (course / "hw4.csv").read_bytes().decode().split("\r\n")
    assert lines[:4] == [
        '"student","theory","backprop","alexnet","total","cap","dropped","by_hand","flag"',
        '"ada",6,3.1,1,9.5,10,"alexnet",0,',
        '"bob",3,3,,6,10,"alexnet",0,',
        '"cy",,,2.2,2.5,10,"backprop",0,',
    ]
    assert "In parentheses: the 1 assignment with the fewest points, left out." in done.output
    assert "(1)" in done.output


def test_points_that_wait_and_faults_of_ours_are_reported(course: Path) -> None:
    """A total that is not final says so, for people's points and for INTERNAL checks."""
    waits = CheckResult("why", "Why?", False, Verdict.MANUAL, 0, 0, 0, "", "", by_hand=5, answer="Because.")
    theory = graded(
        course, "theory", report("ada", question("a", check("one", Verdict.PASSED), waits)), internal("bob")
    )
    done = total(course, "hw4", theory, "--csv", course / "hw4.csv")
    assert '"ada",2,,,2,10,5,' in (course / "hw4.csv").read_text()
    assert '"bob",2,,,2,10,0,"INTERNAL"' in (course / "hw4.csv").read_text()
    assert "Points that wait for a person count in no total" in done.output
    assert "INTERNAL: some checks ended by our fault" in done.output


def test_what_a_person_gave_counts(course: Path) -> None:
    """Points of marks.csv are in the total."""
    waits = CheckResult("why", "Why?", False, Verdict.MANUAL, 0, 0, 0, "", "", by_hand=5, answer="Because.")
    theory = graded(course, "theory", report("ada", question("a", check("one", Verdict.PASSED), waits)))
    head = "student,question,answer,state,item,most,points,comment,seen"
    (theory / "marks.csv").write_text(f"{head}\nada,a,why,to be read,,5,4,good,\n")
    total(course, "hw4", theory, "--csv", course / "hw4.csv")
    assert '"ada",6,,,6,10,0,' in (course / "hw4.csv").read_text()


def test_a_notebook_form_counts_as_its_assignment(course: Path) -> None:
    """backprop-notebook is backprop."""
    out = graded(course, "backprop-notebook", with_points("ada", 6))
    total(course, "hw4", out, "--csv", course / "hw4.csv")
    assert '"ada",,6,,6,10,0,' in (course / "hw4.csv").read_text()


def test_a_name_that_is_a_formula_is_no_formula(course: Path) -> None:
    """A spreadsheet must not run what a student is called."""
    total(course, "hw4", graded(course, "theory", with_points("=1+1", 6)), "--csv", course / "hw4.csv")
    assert '\n"\'=1+1",6' in (course / "hw4.csv").read_text()


def test_a_course_without_homework_sets_says_so(tmp_path: Path) -> None:
    """In place of "there are none" of a name that nobody could know."""
    (tmp_path / "grader_config.py").write_text(
        'from autograder.course import Course\ncourse = Course(title="Small", assignments=())\n'
    )
    refused(
        run_here("total", "hw1", tmp_path, cwd=tmp_path),
        "grader_config.py has no homework sets; write HomeworkSet('hw1'",
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda course: ["hw5", course], "There is no homework set 'hw5' in grader_config.py; did you mean 'hw4'?"),
        (lambda course: ["hw4", course / "no"], "There are no reports in "),
        (
            lambda course: ["hw4", graded(course, "svm", with_points("ada", 1))],
            "holds reports of svm, which does not belong to hw4 (theory, backprop, alexnet).",
        ),
        (
            lambda course: [
                "hw4",
                graded(course, "theory", with_points("ada", 1)),
                graded(course, "theory", with_points("ada", 1), folder="again"),
            ],
            "both hold reports of theory; name one of them.",
        ),
        (
            lambda course: ["hw4", graded(course, "theory", with_points("ada", 1)), "--csv", course / "no" / "x.csv"],
            "no does not exist; correct the path, or make that folder first.",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(make: Any, said: str, course: Path) -> None:
    """An unknown set, a folder without reports, another assignment, the same one twice, a file in no folder."""
    done = total(course, *make(course))
    assert isinstance(done.exception, GraderError)
    assert said in str(done.exception)
    assert not (course / "no").exists()
