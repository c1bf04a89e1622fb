"""Hand-ins are kept once for the whole term, wherever a class is collected or graded, so late days are spent once."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import run, run_here
from downloads import gradescope, submitters, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_course import RIGHT, make_course

from autograder.checks.errors import UsageError
from autograder.course import Course, Dates, LateDays, LateRule
from autograder.course.kept_hand_ins import file_of, forget_hand_ins, keep, kept_in, take_back
from autograder.course.term import HandIn, Term
from autograder.results import Report
from autograder.submissions.term import Keeping, keep_collected, open_term

NAMES = ("one", "two", "three", "four")
DEADLINES = [datetime(2026, 10, 8 * number, 22, tzinfo=UTC) for number in range(1, 4)]
DEADLINES.append(datetime(2026, 11, 8, 22, tzinfo=UTC))
PEOPLE = ("ada", "ben", "cy")


def course(budget: LateDays) -> Course:
    """Four assignments, 10 % a day, and late days."""
    dates = {name: Dates(deadline) for name, deadline in zip(NAMES, DEADLINES, strict=True)}
    return Course("T", NAMES, timezone="UTC", dates=dates, late=LateRule(percent=10), late_days=budget)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of five points."""
    from gradebooks import with_points

    return with_points("ada", 5.0)


def points(term: Term, blank: Report, found: dict[str, tuple[HandIn, ...]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Points and late days of everybody, of a graded folder of each assignment, as any verb shows them."""
    made = {}
    for name in NAMES:
        here = term.with_hand_ins(name, found[name])
        for each in found[name]:
            report = here.judged(replace(blank, student=each.student, assignment=name))
            assert report.lateness is not None
            made[name, each.student] = (report.points, report.lateness.late_days)
    return made


@given(
    late_hours=st.lists(st.lists(st.integers(-5, 100), min_size=3, max_size=3), min_size=4, max_size=4),
    order=st.permutations(range(4)),
    again=st.lists(st.integers(0, 3), max_size=3),
    total=st.integers(1, 6),
    each=st.sampled_from((None, 1, 2)),
)
@settings(max_examples=60, deadline=None)
def test_days_are_spent_once_in_any_order_of_grading(
    tmp_path_factory: pytest.TempPathFactory,
    blank: Report,
    late_hours: Sequence[Sequence[int]],
    order: Sequence[int],
    again: Sequence[int],
    total: int,
    each: int | None,
) -> None:
    """Graded from folders anywhere, in any order and some of them twice, a term has the sums that it has as a whole."""
    root = tmp_path_factory.mktemp("course")
    settings_ = course(LateDays(total, each=each))
    found = {
        name: tuple(
            HandIn(who, deadline + timedelta(hours=hours), attempt=1, attempts=1)
            for who, hours in zip(PEOPLE, own, strict=True)
        )
        for name, deadline, own in zip(NAMES, DEADLINES, late_hours, strict=True)
    }
    for number in (*order, *again):
        name = NAMES[number]
        keep(root, name, {one.student: [one] for one in found[name]}, Path("/anywhere", name), graded=bool(number % 2))
    whole = Term(settings_, None, found)
    made = points(open_term(root, settings_), blank, found)
    assert made == points(whole, blank, found)
    for who in PEOPLE:
        assert sum(made[name, who][1] for name in NAMES) <= total
    shutil.rmtree(root)


def hand_in(student: str, number: int = 1, members: tuple[str, ...] = ()) -> HandIn:
    """A hand-in on that day of October."""
    return HandIn(student, datetime(2026, 10, number, tzinfo=UTC), None, members, number, number)


def test_what_was_collected_or_graded_last_holds(tmp_path: Path) -> None:
    """Others stay; whoever is not in a folder any more is left out; a graded attempt stays while it may count."""
    first, second = tmp_path / "first", Path("/elsewhere/second")

    def there() -> dict[str, tuple[int, str]]:
        return {each.hand_in.student: (each.hand_in.attempt, each.source) for each in kept_in(tmp_path, "one")}

    keep(tmp_path, "one", {"ada": [hand_in("ada")], "ben": [hand_in("ben")]}, first, graded=False)
    keep(tmp_path, "one-notebook", {"cy": [hand_in("cy")]}, second, graded=True)
    assert there() == {"ada": (1, "first"), "ben": (1, "first"), "cy": (1, "/elsewhere/second")}
    keep(tmp_path, "one", {"ada": [hand_in("ada", 2)]}, second, graded=True)
    assert there() == {"ada": (2, "/elsewhere/second"), "ben": (1, "first")}
    keep(tmp_path, "one", {"ada": [hand_in("ada", 2), hand_in("ada", 3)]}, first, graded=False)
    assert there() == {"ada": (2, "/elsewhere/second")}  # the best of 2 and 3, until they are graded
    keep(tmp_path, "one", {"ada": [hand_in("ada", 3)]}, first, graded=False)
    assert there() == {"ada": (3, "first")}
    before = file_of(tmp_path, "one").stat().st_mtime_ns
    keep(tmp_path, "one", {"ada": [hand_in("ada", 3)]}, first, graded=False)
    assert file_of(tmp_path, "one").stat().st_mtime_ns == before
    assert (tmp_path / "hand_ins/.gitignore").read_text().endswith("*\n")


def test_what_is_graded_without_a_time_takes_no_late_days_back(tmp_path: Path, blank: Report) -> None:
    """A plain folder says nothing about late days: times that are known stay, and a hand-in without one is unknown."""
    elsewhere, late = Path("/elsewhere/plain"), timedelta(hours=5)
    for name, deadline in zip(NAMES[:2], DEADLINES, strict=False):
        keep(tmp_path, name, {"ada": [HandIn("ada", deadline + late, attempt=1)]}, Path("/in", name), graded=False)

    def days() -> list[int]:
        settings_ = course(LateDays(1))
        return [_days_of(open_term(tmp_path, settings_), blank, name) for name in NAMES[:2]]

    before = kept_in(tmp_path, "one")
    assert days() == [1, 0]
    for graded in (True, False):
        keep(tmp_path, "one", {who: [HandIn(who)] for who in ("ada", "reference")}, elsewhere, graded=graded)
        assert kept_in(tmp_path, "one") == before
        assert days() == [1, 0]
    keep(tmp_path, "one", {"ada": [HandIn("ada", late=False)]}, elsewhere, graded=True)  # the platform says: in time
    assert days() == [0, 1]


def _days_of(term: Term, blank: Report, name: str) -> int:
    lateness = term.judged(replace(blank, student="ada", assignment=name)).lateness
    assert lateness is not None
    return lateness.late_days


def test_a_hand_in_without_a_time_is_named_as_unknown(tmp_path: Path, blank: Report) -> None:
    """Whoever uses late days reads that an earlier hand-in may have taken some, also where a file of before has it."""
    keep(tmp_path, "two", {"ada": [HandIn("ada", DEADLINES[1] + timedelta(hours=5))]}, Path("/in"), graded=True)
    known = {"one": (HandIn("ada"),)}
    term = open_term(tmp_path, course(LateDays(1)))
    report = replace(blank, student="ada", assignment="two")
    assert term.unknown_before(report) == ("one",)
    assert term.with_hand_ins("one", known["one"]).unknown_before(report) == ("one",)
    assert term.with_hand_ins("one", (hand_in("ada"),)).unknown_before(report) == ()


def test_a_student_is_taken_out_and_what_was_backed_up_comes_back(tmp_path: Path) -> None:
    """Also as a member of a team; a backup adds whom nothing is known of, and changes nobody else."""
    found = {"ada": [hand_in("ada")], "T": [hand_in("T", members=("ada", "ben"))]}
    keep(tmp_path, "one", found, tmp_path, graded=False)
    saved = file_of(tmp_path, "one").read_bytes()
    assert forget_hand_ins(tmp_path, "ada", dry=True) == 2
    assert file_of(tmp_path, "one").read_bytes() == saved
    assert forget_hand_ins(tmp_path, "ada") == 2
    assert "ada" not in file_of(tmp_path, "one").read_text()
    assert [each.hand_in.members for each in kept_in(tmp_path, "one")] == [("ben",)]
    assert take_back(tmp_path, "one.json", saved) == 1
    assert [each.hand_in.student for each in kept_in(tmp_path, "one")] == ["T", "ada"]
    assert kept_in(tmp_path, "one")[0].hand_in.members == ("ben",)
    assert forget_hand_ins(tmp_path / "none", "ada") == 0


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    """What is damaged is not taken for a class that handed in nothing."""
    file_of(tmp_path, "one").parent.mkdir()
    file_of(tmp_path, "one").write_text("[{")
    with pytest.raises(UsageError, match=r"one\.json is damaged .* move it away, and collect or grade the assignment"):
        open_term(tmp_path, course(LateDays(1)))


CONFIG = """
from autograder.course import *

course = Course(title="Term", assignments=("one", "two", "three", "four"), sandbox="none", jobs=1, timezone="UTC",
    dates={"one": Dates("2026-10-08 22:00"), "two": Dates("2026-10-16 22:00"), "three": Dates("2026-10-24 22:00"),
           "four": Dates("2026-11-08 22:00")},
    late=LateRule(percent=10), late_days=LateDays(2),
    homework_sets=(HomeworkSet("hw", "Homework", ("one", "two", "three", "four"), cap=100),),
)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course of four assignments, one day late in each: collected somewhere else, under names that say nothing."""
    make_course(tmp_path)
    for name in NAMES:
        for place in ("assignments", "reference"):
            shutil.copytree(tmp_path / place / "tiny", tmp_path / place / name)
    (tmp_path / "grader_config.py").write_text(CONFIG)
    (tmp_path / "roster.csv").write_text("id,name,email\n1,Ada,a@x.org\n")
    return tmp_path


def collect(root: Path, number: int) -> str:
    """Collect an assignment, handed in 20 hours late, into a folder outside of submissions/."""
    late = DEADLINES[number] + timedelta(hours=20)
    metadata = f"---\nsubmission_0:\n{submitters(('Ada', '1', 'a@x.org'), when=f'{late:%Y-%m-%d %H:%M:%S} Z')}"
    (root / "download.zip").write_bytes(zipped(gradescope({"submission_0": {"tiny.py": RIGHT}}, metadata)))
    words = ("collect", "download.zip", "--assignment", NAMES[number], "--out", f"inbox{number}")
    done = run_here(*words, cwd=root, COLUMNS="200")
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def grade(root: Path, number: int) -> str:
    """Grade it."""
    done = run("grade", NAMES[number], f"inbox{number}", "--out", f"out{number}", cwd=root)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def totals(root: Path) -> list[str]:
    """The points of each assignment, by `autograder total` of all graded folders."""
    folders = [f"out{number}" for number in range(4) if (root / f"out{number}").is_dir()]
    done = run_here("total", "hw", *folders, "--csv", "hw.csv", cwd=root, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert "No hand-in" not in done.stdout
    with (root / "hw.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return [row[name] for name in NAMES]


def shown(root: Path, number: int) -> str:
    """The points in grades.csv."""
    with (root / f"out{number}" / "grades.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row["total"]


@pytest.mark.long
def test_a_term_graded_from_the_last_to_the_first_has_the_sums_of_its_order(root: Path) -> None:
    """Each hand-in that becomes known names what was graded with its days, which the same command writes anew."""
    said = {}
    for number in (3, 1, 2, 0):
        said[number] = collect(root, number)
        assert "other late days" not in grade(root, number)
    assert "four has other late days now for 1; tables and pages in" in said[2]  # two and three have taken both
    assert "three has other late days now for 1; tables and pages in" in said[0]
    assert totals(root) == ["6", "6", "5.4", "5.4"]
    assert [shown(root, number) for number in range(4)] == ["6", "6", "6", "6"]
    for number in range(4):
        again = grade(root, number)
        assert "1 of 1 reports were there already" in again
        assert "other late days" not in again
    assert [shown(root, number) for number in range(4)] == totals(root)
    exported = run_here("export", "csv", "out3", cwd=root, COLUMNS="200")
    assert exported.returncode == 0, exported.stderr
    assert "5.4" in (root / "out3/csv/grades.csv").read_text()


def test_what_is_collected_anywhere_takes_its_late_days(root: Path) -> None:
    """Before an earlier assignment is known its late days are free, and that is said; afterwards they are not."""
    for number in (2, 1, 0):
        collect(root, number)
    kept = kept_in(root, "one")
    assert [(each.hand_in.student, each.hand_in.attempt, each.source) for each in kept] == [("1", 1, "inbox0")]
    term = open_term(root, course(LateDays(2)))
    assert {name for name, found in term.hand_ins.items() if found} == {"one", "two", "three"}
    assert "other late days" not in collect(root, 0)


def test_what_is_collected_as_a_notebook_takes_its_late_days(root: Path) -> None:
    """The form as a notebook is the same assignment, in whatever folder it lies, before anything is graded."""
    collect(root, 0)
    file_of(root, "one").unlink()
    folder = root / "submissions" / "one-notebook"
    folder.parent.mkdir(exist_ok=True)
    (root / "inbox0").rename(folder)
    settings_ = course(LateDays(2))
    assert [each.student for each in open_term(root, settings_).hand_ins["one"]] == ["1"]
    assert keep_collected(root, settings_, "one-notebook", folder) == Keeping()
    assert [each.hand_in.student for each in kept_in(root, "one")] == ["1"]


def test_a_folder_that_cannot_be_written_stops_no_collecting(root: Path) -> None:
    """The attempts are there, and what is not kept is said."""
    (root / "hand_ins").write_text("a file in the way")
    said = collect(root, 0)
    assert "hand-in times cannot be kept in" in said
    assert "so late days that one takes are not known elsewhere." in said
    assert (root / "inbox0/1/1/tiny.py").is_file()
