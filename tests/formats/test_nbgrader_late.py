"""Lateness in nbgrader's courses: what its gradebook and configuration say, and what comes off the points."""

from __future__ import annotations

import json
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import refused
from nbgrader_course import handed_in, make_course
from nbgrader_folders import graded
from samples import check, question, report
from test_nbgrader_course import run

from autograder.checks.errors import InstructorError
from autograder.formats.nbgrader import Course, Lateness, load, read_lateness
from autograder.formats.nbgrader.cell_results import points_of
from autograder.formats.nbgrader.config import CONFIG_FILE, Settings, read_settings
from autograder.formats.nbgrader.gradebook import write_gradebook
from autograder.formats.nbgrader.gradebook_file import course_directory
from autograder.formats.nbgrader.submitted import times_of
from autograder.notebooks import Cell
from autograder.remote.notebook import CellRun
from autograder.reports.manual_grades import HandGrade, HandGrades, with_hand_grades
from autograder.results import Verdict

DUE = datetime(2026, 2, 1, 12, tzinfo=UTC)
ZERO = "c.LateSubmissionPlugin.penalty_method = 'zero'\n"


def settings(folder: Path, text: str) -> Settings:
    """What a configuration of these lines says."""
    (folder / CONFIG_FILE).write_text(f"c = get_config()\n{text}")
    return read_settings(folder)


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory) -> Path:
    """A gradebook of nbgrader's own with a due date and an extension."""
    home = tmp_path_factory.mktemp("late")
    write_gradebook("ps1", (), course_directory(home), due=DUE.replace(tzinfo=None))
    from nbgrader.api import Gradebook

    with warnings.catch_warnings(), Gradebook(f"sqlite:///{home / 'gradebook.db'}") as book:
        warnings.simplefilter("ignore")  # its library is older than SQLAlchemy
        book.add_assignment("open")
        book.add_student("ben")
        book.add_submission("ps1", "ben")
        book.grant_extension("ps1", "ben", days=2, hours=3)
    return home


def test_due_dates_and_extensions_are_read_from_nbgrader_s_gradebook(gradebook) -> None:
    """As its own library wrote them; of another assignment, and of one without a date, nothing."""
    course = Course(gradebook, Settings())
    found = read_lateness(course, "ps1")
    assert (found.due, found.extensions) == (DUE, {"ben": timedelta(days=2, hours=3)})
    assert read_lateness(course, "open").due is None
    assert read_lateness(course, "ps9") == Lateness()


def test_a_due_date_that_somebody_gives_goes_first(gradebook) -> None:
    """Its extensions are the gradebook's as before."""
    later = read_lateness(Course(gradebook, Settings()), "ps1", datetime(2026, 3, 1))
    assert later.due == datetime(2026, 3, 1, tzinfo=UTC)
    assert set(later.extensions) == {"ben"}


def test_the_gradebook_may_be_called_otherwise(gradebook, tmp_path) -> None:
    """Where the configuration says so; one in a server is not read, and a sentence says what to do."""
    there = settings(tmp_path, f"c.CourseDirectory.db_url = 'sqlite:///{gradebook}/gradebook.db'\n")
    assert read_lateness(Course(tmp_path, there), "ps1").due == DUE
    server = settings(tmp_path, "c.CourseDirectory.db_url = 'postgresql://host/book'\n")
    (note,) = read_lateness(Course(tmp_path, server), "ps1").notes
    assert note == "The course's gradebook is no SQLite file, so no due date is read from it; give one with --due."


def test_a_course_without_a_gradebook_has_no_due_date(tmp_path) -> None:
    """Nothing is made there either."""
    assert read_lateness(Course(tmp_path, Settings()), "ps1") == Lateness()
    assert not (tmp_path / "gradebook.db").exists()


@pytest.mark.parametrize("broken", ["text", "date"])
def test_a_gradebook_that_cannot_be_read_is_reported(tmp_path, broken) -> None:
    """Grading goes on without it."""
    path = tmp_path / "gradebook.db"
    if broken == "text":
        path.write_text("no database at all, " * 100)
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("create table assignment (id, name, duedate)")
            database.execute("insert into assignment values ('1', 'ps1', 'next week')")
            database.execute("create table submitted_assignment (assignment_id, student_id, extension)")
            database.commit()
    found = read_lateness(Course(tmp_path, Settings()), "ps1")
    assert found.due is None
    assert found.notes[0].startswith(f"No due date is read from {path}: ")
    assert found.notes[0].endswith("; give one with --due.")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (timedelta(microseconds=1), "less than 1 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=5, seconds=2), "5 min 2 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, hours=3, minutes=9), "1 day 3 h"),
        (timedelta(days=12, minutes=9), "12 days"),
    ],
)
def test_how_late_is_reported_in_two_units(late, said) -> None:
    """The rule "none" takes nothing off, and says so."""
    one = graded("ada")
    made = Lateness(DUE).applied(one, DUE + late)
    assert made.points == one.points
    assert made.notes[-1] == (
        f"Handed in {said} late; it was due on 2026-02-01 at 12:00 UTC. The course takes nothing off for that."
    )


def test_the_rule_zero_takes_all_points(tmp_path) -> None:
    """As nbgrader's own plugin does; what each cell gave still stands there."""
    one = graded("ada")
    made = replace(Lateness(DUE), penalty=settings(tmp_path, ZERO).late_penalty).applied(one, DUE + timedelta(hours=1))
    assert (made.points, made.max_points, made.questions) == (0, one.max_points, one.questions)
    assert made.notes[-1] == "Handed in late: 2 points taken off."


@pytest.mark.parametrize(
    ("due", "time"),
    [(DUE, DUE), (DUE, DUE - timedelta(days=1)), (None, DUE), (DUE, None)],
    ids=["in time", "early", "never due", "no time stamp"],
)
def test_who_is_not_late_reads_nothing(due, time) -> None:
    """As in nbgrader: without a due date, or without a time stamp, nobody is late."""
    one = graded("ada")
    assert Lateness(due, penalty="zero").applied(one, time) is one


def test_an_extension_counts(gradebook) -> None:
    """Ben has two days and three hours more than the others."""
    rule = replace(read_lateness(Course(gradebook, Settings()), "ps1"), penalty="zero")
    late = DUE + timedelta(days=2)
    assert rule.applied(graded("ben"), late).points == 2
    assert rule.applied(graded("ada"), late).points == 0


@pytest.mark.parametrize("value", ["SubMarks", "'late.SubMarks'"])
def test_a_plugin_of_the_course_is_named_and_not_run(tmp_path, value) -> None:
    """Its code would run outside of any sandbox, and might take off anything; so nothing is taken off here."""
    found = settings(tmp_path, f"raise SystemExit\nc.AssignLatePenalties.plugin_class = {value}\n{ZERO}")
    rule = read_lateness(Course(tmp_path, found), "ps1", DUE)
    made = rule.applied(graded("ada"), DUE + timedelta(hours=1))
    assert found.notes == ()
    assert made.points == 2
    assert made.notes[-1].endswith(f"What that costs is said by the course's {value.strip(chr(39))}, "
                                   "which is not run here.")  # fmt: skip


def test_a_rule_that_nbgrader_does_not_know_is_refused(tmp_path) -> None:
    """With file and line."""
    with pytest.raises(InstructorError, match=r"config.py:2: LateSubmissionPlugin.penalty_method is 'half'; nbgrader"):
        settings(tmp_path, "c.LateSubmissionPlugin.penalty_method = 'half'\n")


def test_another_rule_grades_nothing_again(tmp_path) -> None:
    """Results of checks are kept, for lateness changes none of them."""
    course = make_course(tmp_path, {})
    before = load(Course(course, read_settings(course)), "hw1").sha256
    config = course / CONFIG_FILE
    config.write_text(config.read_text() + ZERO)
    found = read_settings(course)
    assert found.late_penalty == "zero"
    assert load(Course(course, found), "hw1").sha256 == before


def test_what_was_taken_off_stays_off_under_manual_grades() -> None:
    """Once, also where the gradebook says the same; a comment alone gives nothing back."""
    one = report("ada", question("a", check("one", Verdict.PASSED)))
    late = Lateness(DUE, penalty="zero").applied(one, DUE + timedelta(hours=1))
    comment = HandGrade("ada", "a", "two", comment="Well done.")
    for penalties in ({}, {"ada": one.points}):
        (made,) = with_hand_grades((late,), HandGrades(one.assignment, (comment,), penalties))
        assert made.points == 0
        assert [note for note in made.notes if note.startswith("Handed in late: ")] == [late.notes[-1]]


@pytest.mark.parametrize(("value", "verdict"), [(-1.0, Verdict.FAILED), (0.0, Verdict.PASSED), (2.0, Verdict.INTERNAL)])
def test_a_cell_worth_nothing_gives_nothing(value, verdict) -> None:
    """nbgrader refuses more than a cell's points, also where these are 0; and nothing is ever taken off."""
    found, points, _ = points_of(CellRun(1, Cell("code", ""), value=value, valued=True), 0)
    assert (found, points) == (verdict, 0)


def test_late_submissions_are_graded_from_the_command_line(tmp_path) -> None:
    """--due and the rule zero: the late one has no points in reports and grades.csv; the same call again is as good."""
    course = make_course(tmp_path / "course", {"ann": handed_in(), "ben": handed_in(), "cleo": handed_in()})
    config = course / CONFIG_FILE
    config.write_text(config.read_text() + ZERO)
    (course / "submitted" / "ben" / "hw1" / "timestamp.txt").write_text("2026-10-02 15:30:00 UTC\n")
    (course / "submitted" / "cleo" / "hw1" / "timestamp.txt").unlink()
    command = ("grade", "hw1", "--course", course, "--out", tmp_path / "out", "--due", "2026-10-01T12:00:00")
    for _ in range(2):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = {name: json.loads((tmp_path / "out" / "reports" / f"{name}.json").read_text("utf-8"))
                 for name in ("ann", "ben", "cleo")}  # fmt: skip
        assert {name: each["points"] for name, each in found.items()} == {"ann": 13, "ben": 0, "cleo": 13}
        assert found["ben"]["notes"][-2:] == [
            "Handed in 1 day 3 h late; it was due on 2026-10-01 at 12:00 UTC.",
            "Handed in late: 13 points taken off.",
        ]
    rows = (tmp_path / "out" / "grades.csv").read_text().splitlines()
    assert rows[2].startswith('"ben",')
    assert ",0,13," in rows[2]


def test_times_are_those_of_nbgrader_s_folders(tmp_path) -> None:
    """The course's own, or another folder of that form; a student without a time stamp has none."""
    course = make_course(tmp_path, {"ann": handed_in(), "ben": None})
    (course / "submitted" / "ben" / "hw1" / "timestamp.txt").unlink()
    assignment = load(Course(course, read_settings(course)), "hw1")
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    assert times_of(assignment) == times_of(assignment, course / "submitted") == {"ann": noon}


def test_a_due_date_is_not_for_assignments_of_our_own(tmp_path) -> None:
    """There is no rule for it there."""
    from tiny_course import make_course as make_tiny

    root = make_tiny(tmp_path / "tiny")
    done = run("grade", "tiny", root, "--out", tmp_path / "out", "--due", "2026-10-01", cwd=root)
    refused(done, "--due is for courses in nbgrader's folders; leave it out for assignments of our own.")
