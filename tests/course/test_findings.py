"""`autograder doctor` on a course: rules that never apply, and names that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run, run_here
from tiny_course import RIGHT, hand_in, make_course

from autograder.cli.doctor import closing_sentence
from autograder.course import AttemptRule, Course, Dates, Extension, HomeworkSet, LateDays, LateRule
from autograder.course.findings import findings, fits_nobody
from autograder.course.roster import Person, Roster
from autograder.reports.visibility import Moment
from autograder.results import Visibility
from autograder.submissions.term import course_problems

ROSTER = Roster((Person("ada", "Ada", ("a@x",), "A", "G"), Person("ben", "Ben", ("b@x",), "B")))
DATES = {"a": Dates("2026-10-15 23:59", late_deadline="2026-10-17 23:59")}
RULE = LateRule(percent=10, grace_minutes=15)


def course(**fields: object) -> Course:
    """A course with one dated assignment and a rule that makes sense."""
    made = {"timezone": "UTC", "dates": DATES, "late": RULE, **fields}
    return Course("T", ("a", "b"), **made)  # type: ignore[arg-type]


def extension(**fields: object) -> tuple[Extension, ...]:
    """One extension of two days."""
    made = {"days": 2, **fields}
    return (Extension("sick", **made),)  # type: ignore[arg-type]


def test_a_course_that_makes_sense_has_no_findings() -> None:
    """Also with late days, attempts, groups and extensions for all three kinds of names."""
    made = course(
        late_days=LateDays(3),
        attempts=AttemptRule("first", at_most=3),
        groups={"H": ("ben",)},
        extensions=extension(students=("ada",), groups=("G",), sections=("B",)),
        homework_sets=(HomeworkSet("h", "H", ("a",), 10),),
    )
    assert findings(made, ROSTER) == ()
    assert findings(Course("T", ("a",)), None) == ()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"homework_sets": (HomeworkSet("h", "H", (), 10),)}, "HomeworkSet 'h' names no assignment"),
        (
            {"homework_sets": (HomeworkSet("h", "H", ("b",), 10),)},
            "Course.dates has no entry for 'b', which 'h' counts",
        ),
        (
            {"late": LateRule()},
            "Course.late takes nothing off and has no cut-off; give percent, steps or cut_off_hours.",
        ),
        (
            {"late": LateRule(percent=10, floor=100)},
            "Course.late.floor is 100, so nothing is ever taken off; give less.",
        ),
        ({"late": LateRule(percent=60, floor=50)}, "so the first late day costs 50 % and not the 60 % of percent"),
        ({"dates": {}}, "Course.late never applies, because Course.dates is empty; give the assignments deadlines."),
        (
            {"dates": {"a": Dates("2026-10-15 23:59", late_deadline="2026-10-15 23:59")}},
            "Course.late never takes anything off for 'a': its late deadline is no later than the deadline",
        ),
        (
            {"late": LateRule(steps=((0, 10), (72, 50)))},
            "Course.late.steps has (72, 50), which 'a' never reaches: nothing counts later than 48 hours after its",
        ),
        (
            {"dates": {"a": Dates("2026-10-15 23:59", late=LateRule())}},
            "Course.dates['a'].late takes nothing off and has no cut-off",
        ),
        ({"late": None, "late_days": LateDays(2)}, "Course.late_days are never spent, because lateness costs nothing"),
        ({"dates": {}, "late_days": LateDays(2)}, "Course.late_days are never spent, because Course.dates is empty"),
        ({"late_days": LateDays(0)}, "Course.late_days.total is 0, so nobody has any"),
        (
            {"groups": {"H": ("bne",)}},
            "Course.groups['H'] names 'bne', which is nobody on the roster; did you",
        ),
        ({"extensions": extension(students=("adda",))}, "Course.extensions[0].students names 'adda', which is nobody"),
        ({"extensions": extension(groups=("X",))}, "Course.extensions[0].groups names 'X', which is no group on the"),
        ({"extensions": extension(sections=("X",))}, "Course.extensions[0].sections names 'X', which is no section"),
        (
            {"extensions": extension(students=("ada",), days=0, until="2026-10-14 12:00")},
            "Course.extensions[0] gives no more time for 'a': its deadline is not before 2026-10-14 12:00; correct it.",
        ),
        (
            {"dates": {}, "extensions": extension(students=("ada",))},
            "Course.extensions[0] never applies, because Course.",
        ),
    ],
)
def test_what_can_hardly_be_meant_is_one_sentence(fields: dict[str, object], sentence: str) -> None:
    """Each names the field, what follows from it, and what to do."""
    assert any(sentence in each for each in findings(course(**fields), ROSTER))


def test_who_is_on_the_roster_twice_is_named() -> None:
    """By an e-mail, an alias or a name that two lines share."""
    people = (Person("1", "Ada", ("a@x",), aliases=("al",)), Person("2", "ada", ("A@x",), aliases=("AL",)))
    said = findings(course(), Roster(people))
    assert said == (
        "The roster has the e-mail 'a@x' for 1, 2; correct it, or collect asks who is meant.",
        "The roster has the alias 'al' for 1, 2; correct it, or collect asks who is meant.",
        "The roster has the name 'ada' for 1, 2; collect asks who is meant.",
    )


@pytest.mark.parametrize(
    ("roster", "days", "sentence"),
    [
        ("name\nAda\n", None, "roster.csv:1: the roster has no column for an id"),
        ("id\nada\nada\n", None, "roster.csv:3: the id 'ada' is on the roster twice; take one out."),
        (
            "id\nada\n",
            "student,days\n",
            "late_days.csv:1: there is no column 'assignment'; the columns are student, assign",
        ),
        (
            "id\nada\n",
            "student,assignment,days\nada,b,1\n",
            "late_days.csv:2: 'b' has no dates in grader_config.py; there",
        ),
        (
            "id\nada\n",
            "student,assignment,days\nbob,a,1\n",
            "late_days.csv:2: 'bob' is nobody on the roster; write an id",
        ),
        ("id\nada\n", "student,assignment,days\nada,a,x\n", "late_days.csv:2: 'x' is no number of days; write a whole"),
        ("id\nada\n", "student,assignment,days\nada,a,2\n", None),
    ],
)
def test_the_files_beside_the_settings_are_read(
    tmp_path: Path, roster: str, days: str | None, sentence: str | None
) -> None:
    """A roster or late_days.csv that cannot be used is said in one sentence with the line."""
    made = course(dates={"a": Dates("2026-10-15 23:59")}, late_days=LateDays(2, spent="as stated"))
    (tmp_path / "roster.csv").write_text(roster)
    if days is not None:
        (tmp_path / "late_days.csv").write_text(days)
    found = course_problems(tmp_path, made)
    assert [sentence in each for each in found if sentence] == [True] * bool(sentence)
    assert bool(found) == bool(sentence)


@pytest.mark.long
def test_doctor_prints_the_findings(tmp_path: Path) -> None:
    """After what the machine can do, a line for each."""
    make_course(tmp_path)
    (tmp_path / "assignments" / "a").mkdir(parents=True)
    (tmp_path / "grader_config.py").write_text(
        "from autograder.course import *\n"
        'course = Course("T", ("a", "tiny"), timezone="UTC", database="postgresql://grader@server/course",\n'
        '    dates={"a": Dates("2026-10-15 23:59"),\n'
        '    "tiny": Dates("2099-10-15 23:59", release="2099-10-01 08:00", late=LateRule(percent=50))},\n'
        "    late=LateRule())\n"
    )
    done = run("doctor", cwd=tmp_path, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert "Course: Course.late takes nothing off and has no cut-off; give percent, steps" in done.stdout
    assert "Course: Course.artefacts is None, so there is no place for files that checks leave" in done.stdout
    assert "a cannot be loaded, so nothing is said of its checks: " in done.stdout
    dated = "tiny (released 1 October 2099, 08:00 UTC; due 15 October 2099, 23:59 UTC)"
    assert f"{dated} closes on 16 October 2099, 23:59 UTC." in done.stdout


@pytest.mark.parametrize(
    ("moment", "dated", "said"),
    [
        (Moment(closes="2 May 2026, 12:00 UTC"), True, "a closes on 2 May 2026, 12:00 UTC; "),
        (Moment(closed=True, closes="2 May 2026, 12:00 UTC"), True, "a closed on 2 May 2026, 12:00 UTC; "),
        (Moment(), True, "a closes when its grades are published, as late hand-ins earn points without end (no cut-of"),
        (Moment(), False, "a has no deadline, and closes when its grades are published; "),
    ],
)
def test_doctor_says_when_an_assignment_closes_and_what_is_shown_then(moment: Moment, dated: bool, said: str) -> None:
    """Also what is shown with the grades alone, and what no student ever sees."""
    amounts = {
        Visibility.ALWAYS: [1.0],
        Visibility.AFTER_DEADLINE: [1.0, 2.5],
        Visibility.AFTER_PUBLICATION: [],
        Visibility.NEVER: [2.0],
    }
    sentence = closing_sentence("a", moment, amounts, dated=dated)
    assert sentence.startswith(said)
    assert sentence.endswith("; 2 checks (3.5 points) are shown then, 1 check (2 points) is never shown to students.")
    one = {**amounts, Visibility.AFTER_DEADLINE: [], Visibility.AFTER_PUBLICATION: [4.0], Visibility.NEVER: []}
    assert closing_sentence("a", moment, one, dated=dated).endswith(
        "; 1 check (4 points) is shown with the published grades."
    )
    assert ";" not in closing_sentence("a", moment, {each: [] for each in Visibility}, dated=dated)


def test_names_that_fit_nobody_are_one_sentence() -> None:
    """Students, groups and sections that nobody has are named with their fields, a long list with a number."""
    wrong = course(
        groups={"H": ("ben", "bne")}, extensions=extension(students=("ada", "aad"), groups=("X",), sections=("Y",))
    )
    assert fits_nobody(wrong, ROSTER) == (
        "Nobody on the roster is named by 'bne' in Course.groups['H'], 'aad' in Course.extensions[0].students, "
        "'X' in Course.extensions[0].groups, 'Y' in Course.extensions[0].sections; "
        "`autograder doctor` says what was perhaps meant."
    )
    many = course(groups={"H": tuple("abcdefg")})
    assert "'e' in Course.groups['H'] and 2 more;" in fits_nobody(many, ROSTER)
    assert fits_nobody(wrong, None) == ""
    assert fits_nobody(course(extensions=extension(students=("ada",), groups=("G",), sections=("B",))), ROSTER) == ""


def test_grading_says_whose_extension_fits_nobody(tmp_path: Path) -> None:
    """A wrong id in an extension costs a student points, so `grade` says it, once."""
    root = make_course(tmp_path / "course")
    config = root / "grader_config.py"
    fields = 'dates={"tiny": Dates("2026-10-15 23:59")}, extensions=(Extension("ill", students=("nul",), days=3),)'
    text = config.read_text().replace("import Course", "import Course, Dates, Extension")
    config.write_text(text.replace('title="Tiny course"', f'title="Tiny course", timezone="UTC", {fields}'))
    (root / "roster.csv").write_text("id,name\nnull,Null\n")
    done = run_here("grade", "tiny", hand_in(tmp_path / "in", null=RIGHT), "--out", tmp_path / "out", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert said.count("Nobody on the roster is named by 'nul' in Course.extensions[0].students;") == 1
