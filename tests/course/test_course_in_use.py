"""A course with dates, from the download to the totals: who is late, which attempt counts, what that costs."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_line import run, run_here
from downloads import canvas, gradescope, submitters, written, zipped
from tiny_course import RIGHT, WRONG, make_course

HEAD = """
from pathlib import Path
from autograder.course import *

course = Course(title="Tiny course", assignments=("tiny",), sandbox="none", jobs=1, timezone="Europe/Berlin",
    dates={"tiny": Dates("2026-10-15 23:59")},
    homework_sets=(HomeworkSet("hw", "Homework", ("tiny",), cap=10),),
"""
TEN = "late=LateRule(percent=10, grace_minutes=15),"
ROSTER = "id,name,email,section\n1,Ada,a@x.org,A\n2,Ben,b@x.org,B\n3,Cy,c@x.org,B\n"
DEADLINE = "2026-10-15 21:59:00 Z"


def configured(root: Path, fields: str) -> None:
    """Write the course's settings."""
    (root / "grader_config.py").write_text(f"{HEAD}    {fields}\n)\n")


def handed_in(root: Path, name: str, *attempts: tuple[str, str, str, str]) -> Path:
    """An export of Gradescope with attempts as (name, id, time in UTC, source)."""
    metadata, files = "---\n", dict[str, Mapping[str, str]]()
    for number, (person, sid, when, source) in enumerate(attempts):
        folder = f"submission_{number}"
        metadata += f"{folder}:\n{submitters((person, sid, f'{person[0].lower()}@x.org'), when=when)}"
        files[folder] = {"tiny.py": source}
    path = root / name
    path.write_bytes(zipped(gradescope(files, metadata)))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course with a deadline, a late rule and a roster; Ada was in time, Ben 2 days 3 hours late, Cy in the grace."""
    make_course(tmp_path)
    configured(tmp_path, TEN)
    (tmp_path / "roster.csv").write_text(ROSTER)
    handed_in(
        tmp_path,
        "first.zip",
        ("Ada", "1", "2026-10-15 20:00:00 Z", RIGHT),
        ("Ben", "2", "2026-10-18 00:59:00 Z", RIGHT),
        ("Cy", "3", "2026-10-15 22:10:00 Z", RIGHT),
    )
    return tmp_path


def collected(root: Path, name: str, *more: str) -> str:
    """Collect a download."""
    done = run_here("collect", name, "--assignment", "tiny", *more, cwd=root, COLUMNS="160")
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def graded(root: Path, *more: str) -> str:
    """Grade what was collected."""
    done = run("grade", "tiny", "submissions/tiny", "--out", "out", *more, cwd=root)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def rows(root: Path, file: str = "out/grades.csv") -> dict[str, dict[str, str]]:
    """The lines of a CSV file by student."""
    with (root / file).open(newline="") as lines:
        return {row["student"]: row for row in csv.DictReader(lines)}


def test_lateness_is_in_the_table_in_grades_csv_and_on_the_page(root: Path) -> None:
    """Points before, what is taken off line by line, points after; who is in time loses nothing."""
    table = collected(root, "first.zip")
    (line,) = [line for line in table.splitlines() if line.strip().startswith("2")]
    assert "2026-10-18 00:59 late" in line
    said = graded(root)
    assert "Late:           2 (2 days 3 h: -1.8)" in said
    found = rows(root)
    assert (found["1"]["total"], found["1"]["before"], found["1"]["taken"], found["1"]["late"]) == ("6", "6", "0", "0")
    assert found["3"]["total"] == "6"
    ben = found["2"]
    assert (ben["before"], ben["taken"], ben["total"], ben["points"], ben["bonus"]) == ("6", "1.8", "4.2", "3.2", "1")
    assert (ben["handed_in"], ben["deadline"], ben["late"]) == ("2026-10-18 00:59:00", "2026-10-15 21:59:00", "51")
    assert ben["lateness"].endswith("3 started days at 10 % = 30 % of the points earned. 6 - 1.8 = 4.2 points.")
    page = (root / "out/feedback/2.html").read_text()
    for part in ("Handed in on Sun 2026-10-18 02:59 (Europe/Berlin), 2 days 3 h after", "6 - 1.8 = 4.2 points."):
        assert part in page
    assert "within the grace of 15 minutes" in (root / "out/feedback/3.html").read_text()
    assert json.loads((root / "out/reports/2.json").read_text())["points"] == 5  # what the checks found


def test_a_changed_rule_date_or_extension_needs_nothing_graded_again(root: Path) -> None:
    """The rule applies when grades are written or added up; the same command writes them anew from what is known."""
    collected(root, "first.zip")
    graded(root)
    reports = {path.name: path.read_bytes() for path in (root / "out/reports").iterdir()}
    configured(root, 'late=LateRule(percent=20), extensions=(Extension("sick", students=("2",), days=1),),')
    done = run_here("total", "hw", "out", "--csv", "hw.csv", cwd=root, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    assert {student: row["total"] for student, row in rows(root, "hw.csv").items()} == {
        "1": "6",
        "2": "3.6",
        "3": "4.8",
    }
    assert "3 of 3 reports were there already" in graded(root)
    assert rows(root)["2"]["total"] == "3.6"
    page = (root / "out/feedback/2.html").read_text()
    assert "the deadline with the extension, Fri 2026-10-16 23:59" in page
    assert "sick" not in page
    assert {path.name: path.read_bytes() for path in (root / "out/reports").iterdir()} == reports


def test_without_dates_nothing_changes(root: Path) -> None:
    """There are no columns about lateness, and nothing about it on pages."""
    collected(root, "first.zip")
    (root / "grader_config.py").write_text(f"{HEAD.partition('    dates')[0]})\n")
    graded(root)
    assert "before" not in rows(root)["2"]
    assert "Hand-in" not in (root / "out/feedback/2.html").read_text()


@pytest.mark.long
def test_the_attempt_that_counts_follows_the_rule(root: Path) -> None:
    """The last, the first, the best after lateness, and of the first so many: without grading one again."""
    handed_in(
        root,
        "all.zip",
        ("Ada", "1", "2026-10-15 20:00:00 Z", WRONG),
        ("Ada", "1", "2026-10-15 21:00:00 Z", RIGHT),
        ("Ada", "1", "2026-10-25 20:00:00 Z", RIGHT + "#"),
        ("Ben", "2", "2026-10-15 20:00:00 Z", WRONG),
        ("Ben", "2", "2026-10-16 20:00:00 Z", RIGHT),
    )
    collected(root, "all.zip")
    expected = {
        "": {"1": ("3", "0"), "2": ("2", "5.4")},
        'attempts=AttemptRule("first"),': {"1": ("1", "2"), "2": ("1", "2")},
        'attempts=AttemptRule("best"),': {"1": ("2", "6"), "2": ("2", "5.4")},
        "attempts=AttemptRule(at_most=2),": {"1": ("2", "6"), "2": ("2", "5.4")},
        'attempts=AttemptRule(late="if none in time"),': {"1": ("2", "6"), "2": ("1", "2")},
        'attempts=AttemptRule("best", late="if none in time"),': {"1": ("2", "6"), "2": ("1", "2")},
    }
    for rule, counting in expected.items():
        configured(root, TEN + rule)
        graded(root)
        found = {student: (row["attempt"], row["total"]) for student, row in rows(root).items()}
        assert found == counting, rule
        attempt = counting["1"][0]
        assert f"Attempt {attempt} of 3 counts." in (root / "out/feedback/1.html").read_text()
    configured(root, TEN + 'attempts=AttemptRule("best"),')
    assert "The best of the attempts 1, 2, 3 counts." in " ".join(collected(root, "all.zip").split())


def with_an_earlier_assignment(root: Path) -> None:
    """Give the course two late days, and an assignment with an earlier deadline for which Ben needs one of them."""
    make_other = root / "assignments" / "early"
    shutil.copytree(root / "assignments" / "tiny", make_other)
    shutil.copytree(root / "reference" / "tiny", root / "reference" / "early")
    text = (root / "grader_config.py").read_text()
    text = text.replace('assignments=("tiny",)', 'assignments=("tiny", "early")')
    text = text.replace("dates={", 'late_days=LateDays(2), dates={"early": Dates("2026-10-08 23:59"), ')
    (root / "grader_config.py").write_text(text.replace('("tiny",), cap', '("tiny", "early"), cap'))
    handed_in(root, "early.zip", ("Ben", "2", "2026-10-09 12:00:00 Z", RIGHT))


@pytest.mark.long
def test_late_days_of_the_term_are_spent_by_deadline(root: Path) -> None:
    """Hand-ins of another assignment, collected but not graded here, take theirs first."""
    with_an_earlier_assignment(root)
    done = run_here("collect", "early.zip", "--assignment", "early", cwd=root)
    assert done.returncode == 0, done.stdout
    collected(root, "first.zip")
    assert "Late:           2 (2 days 3 h, 1 late day: -1.2)" in graded(root)
    assert "1 late day used, 0 left." in (root / "out/feedback/2.html").read_text()
    done = run_here("total", "hw", "out", cwd=root, COLUMNS="160")
    assert "Late days used: 2 (1)" in done.stdout


def test_hand_ins_that_may_have_taken_late_days_and_are_not_known_are_named(root: Path) -> None:
    """Whatever shows points says whose, of which assignment; once they are collected, anywhere, they are known."""
    with_an_earlier_assignment(root)
    collected(root, "first.zip")
    unknown = "No hand-in of early is known for 2, so no late days are counted as spent on it; if there is one, collect"
    assert unknown in graded(root)
    others = (("export", "csv", "out"), ("total", "hw", "out"), ("publish", "tiny", "--out", "out"))
    for words in others:
        done = run_here(*words, cwd=root, COLUMNS="160")
        assert done.returncode == 0, done.stderr
        assert unknown in done.stdout, words
    done = run_here("collect", "early.zip", "--assignment", "early", "--out", "elsewhere", cwd=root, COLUMNS="160")
    assert done.returncode == 0, done.stdout
    assert "tiny has other late days now for 2; tables and pages in" in done.stdout
    for words in others:
        assert "No hand-in" not in run_here(*words, cwd=root, COLUMNS="160").stdout, words
    assert "Late days used: 2 (1)" in run_here("total", "hw", "out", cwd=root, COLUMNS="160").stdout


def test_a_late_mark_without_a_time_costs_nothing_and_is_named(root: Path) -> None:
    """Canvas says late and no time: the student is listed, and keeps all points."""
    people = {"ada_11": {"tiny.py": RIGHT}, "ben_LATE_12": {"tiny.py": RIGHT}}
    (root / "canvas.zip").write_bytes(zipped(canvas(people)))
    collected(root, "canvas.zip")
    said = graded(root)
    assert "Late, by an unknown time: 2. Nothing was taken off" in said
    found = rows(root)
    assert found["1"]["lateness"].startswith("In time. Handed in in time, as the platform says; when is not known.")
    assert (found["2"]["total"], found["2"]["late"], found["2"]["taken"]) == ("6", "", "0")
    assert found["2"]["lateness"].startswith("Late, by an unknown time. Handed in late, as the platform says; when is")


def test_the_times_of_files_in_a_plain_folder_are_no_hand_in_times(root: Path) -> None:
    """They are when somebody saved or copied a file."""
    written(root / "plain", {"1/tiny.py": RIGHT, "2/tiny.py": RIGHT})
    done = run("grade", "tiny", "plain", "--out", "out", cwd=root)
    assert "Time unknown: 1, 2. Nothing was taken off" in done.stdout
    assert rows(root)["1"]["total"] == "6"


def test_a_graded_folder_without_hand_ins_has_those_that_were_collected(root: Path) -> None:
    """Without hand_ins.json the times in submissions/NAME hold; after grading something else they do not."""
    collected(root, "first.zip")
    graded(root)
    (root / "out/hand_ins.json").unlink()
    done = run_here("total", "hw", "out", "--csv", "hw.csv", cwd=root, COLUMNS="160")
    assert "time unknown" not in done.stdout
    assert {student: row["total"] for student, row in rows(root, "hw.csv").items()} == {"1": "6", "2": "4.2", "3": "6"}
    written(root / "plain", {"2/tiny.py": RIGHT})
    run("grade", "tiny", "plain", "--out", "plain-out", cwd=root)
    done = run_here("total", "hw", "plain-out", "--csv", "hw.csv", cwd=root, COLUMNS="160")
    assert "2, tiny: time unknown." in done.stdout
    assert rows(root, "hw.csv")["2"]["total"] == "6"
