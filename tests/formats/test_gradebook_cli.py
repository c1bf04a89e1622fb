"""`autograder export` and `autograder import`: what they find, write, and answer to a wrong call."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins.export import CsvExportPlugin
from nbgrader_folders import RIGHT, graded, notebook, write_course, write_reports
from samples import check, question, report
from tiny_course import make_course
from typer.testing import CliRunner

from autograder.checks.errors import UsageError
from autograder.cli import app
from autograder.course.term import HandIn
from autograder.formats.nbgrader import conversions, stamp_of
from autograder.formats.nbgrader.gathering import in_utc
from autograder.reports import read_reports
from autograder.reports.files import write_hand_ins
from autograder.reports.manual_grades import HandGrade, HandGrades, write_hand_grades
from autograder.reports.marks import MARKS, Marks, Row, write_marks
from autograder.results import Verdict, Visibility

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("alembic_once")]


def run(*arguments: object) -> str:
    """Run a verb in this process; what it printed."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: object) -> str:
    """The sentence that a wrong call gets."""
    with pytest.raises(UsageError) as caught:
        run(*arguments)
    return str(caught.value)


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A course of ours with reports of two students, one with an unusual name, and what they handed in."""
    root = make_course(tmp_path / "course")
    part = question("a", check("one", Verdict.PASSED))
    odd = "Zoë O'Hara"
    write_reports(tmp_path / "out", report("ada", part), report(odd, part))
    for student in ("ada", odd):
        folder = tmp_path / "in" / student
        folder.mkdir(parents=True)
        (folder / "tiny.py").write_text(f"# of {student}\n")
    (tmp_path / "in" / "ada" / "timestamp.txt").write_text("2026-02-03 10:00:00 Europe/Berlin\n")
    return root


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a database says."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_modules_go_to_a_gradebook(modules: Path, tmp_path: Path) -> None:
    """Files are shown, times are kept in UTC, and an unusual name becomes an id and a last name."""
    db = tmp_path / "nb" / "gradebook.db"
    said = run(
        "export", "nbgrader", tmp_path / "out", "--db", db, "--course", modules, "--submissions", tmp_path / "in"
    )
    assert "tiny: 2 submissions and 2 notebooks written; 0 cells left to a person." in said
    students = rows(db, "select id, last_name from student order by id")
    assert students[1] == ("ada", None)
    assert students[0][1] == "Zoë O'Hara"
    assert str(students[0][0]).startswith("Zoë_O_Hara-")
    times = rows(db, "select timestamp from submitted_assignment where student_id = 'ada'")
    assert times == [("2026-02-03 09:00:00.000000",)]
    node = nbformat.read(tmp_path / "nb" / "autograded" / "ada" / "tiny" / "tiny.ipynb", as_version=4)
    assert "# of ada\n" in [cell.source for cell in node.cells]


def test_names_come_from_a_table(modules: Path, tmp_path: Path) -> None:
    """In the form of nbgrader's own import."""
    (tmp_path / "names.csv").write_text("id,first_name,last_name,email\nada,Ada,Lovelace,ada@example.org\n")
    db = tmp_path / "gradebook.db"
    run("export", "nbgrader", tmp_path / "out", "--db", db, "--students", tmp_path / "names.csv", "--course", modules)
    found = rows(db, "select first_name, last_name, email from student where id = 'ada'")
    assert found == [("Ada", "Lovelace", "ada@example.org")]


def test_a_course_of_nbgrader_s_is_read_from_its_folders(tmp_path: Path) -> None:
    """Handouts, submissions and times; hidden tests are not in what is shown."""
    course = write_course(tmp_path / "course", ada="Because.")
    out = write_reports(tmp_path / "out", graded("ada"), graded("bob", Verdict.MISSING))
    shutil.rmtree(course / "release")
    said = run("export", "nbgrader", out, "--course", course)
    assert "ps1: 2 submissions and 1 notebook written; 1 cell left to a person." in said
    shown = (course / "autograded" / "ada" / "ps1" / "hw.ipynb").read_text()
    assert "Because." in shown
    assert "HIDDEN" not in shown
    assert "-1, 41" not in shown


def test_a_link_in_a_submission_is_not_followed(tmp_path: Path) -> None:
    """A student's notebook that is a link to a file of the instructor's is not shown."""
    course = write_course(tmp_path / "course", ada="Because.")
    out = write_reports(tmp_path / "out", graded("ada"))
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook(RIGHT, "the instructor's secret"))
    handed = course / "submitted" / "ada" / "ps1" / "hw.ipynb"
    handed.unlink()
    handed.symlink_to(secret)
    run("export", "html", out, "--course", course)
    assert "the instructor&#39;s secret" not in "".join(p.read_text() for p in out.rglob("*.html"))
    assert "the instructor's secret" not in "".join(p.read_text() for p in out.rglob("*.html"))


def test_pages_of_those_who_handed_in_nothing_go_with_a_word(tmp_path: Path) -> None:
    """A page that an earlier export wrote for a notebook that was not handed in is removed, and the reason is said."""
    course = write_course(tmp_path / "course", ada="Because.")
    out = write_reports(tmp_path / "out", graded("ada"), graded("bob", Verdict.MISSING))
    old = out / "notebooks" / "bob" / "hw.html"
    old.parent.mkdir(parents=True)
    old.write_text("an earlier page")
    (out / "notebooks" / "bob" / "notes.html").write_text("of the instructor")
    said = run("export", "html", out, "--course", course)

    assert "No notebook handed in, so no page: bob." in said
    assert "1 page in " in said
    assert not old.exists()
    assert (out / "notebooks" / "bob" / "notes.html").exists()


def test_submissions_of_nobody_with_a_report_are_refused(modules: Path, tmp_path: Path) -> None:
    """A folder one level too high is said to be the wrong one, and no page is written without the files."""
    above = tmp_path / "above"
    (above / "in").mkdir(parents=True)
    (above / "in" / "tiny.py").write_text("x = 1")
    said = refused("export", "html", tmp_path / "out", "--course", modules, "--submissions", above)

    assert "holds nothing of the students that have reports (Zoë O'Hara, ada)" in said
    assert not (tmp_path / "out" / "notebooks").exists()


def test_pages_show_what_people_gave(modules: Path, tmp_path: Path) -> None:
    """A page for each student, in a folder of its own, with grades that people gave merged in."""
    out = tmp_path / "out"
    write_hand_grades(
        HandGrades("tiny", (HandGrade("ada", "tiny", "one", 2, 2, manual=1),)), out / "manual_grades.json"
    )
    said = run("export", "html", out, "--course", modules, "--submissions", tmp_path / "in")
    assert said.startswith("2 pages in ")
    page = (out / "notebooks" / "ada" / "tiny.html").read_text()
    assert "Manually graded: 1 of 2." in page
    assert "# of ada" in page


def test_a_later_grading_keeps_what_people_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`autograder grade` lays manual_grades.json over grades.csv and pages, and leaves the report as it is."""
    root = make_course(tmp_path / "course")
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "tiny.py").write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.setenv("AUTOGRADER_SEED", "seed")
    out = tmp_path / "out"
    given = HandGrade("ada", "tiny", "doubles_one", 2, 2, manual=0.5, comment="Too short.")
    write_hand_grades(HandGrades("tiny", (given,)), out / "manual_grades.json")
    run("grade", "tiny", tmp_path / "in", "--out", out, "--course", root)
    assert (out / "grades.csv").read_text().splitlines()[1].startswith('"ada",3.5,1,3.5,1,4.5,5,')
    assert "Too short." in (out / "feedback" / "ada.html").read_text()
    assert read_reports(out)[0].points == 5


def test_points_of_mark_are_said_to_be_left_out(modules: Path, tmp_path: Path) -> None:
    """The gradebook gets what the checks gave; how many answers have points in marks.csv beside them is said."""
    out, call = tmp_path / "out", ("export", "nbgrader", tmp_path / "out", "--db", tmp_path / "g.db")
    assert "Left out" not in run(*call, "--course", modules)
    rows = (
        Row("ada", "b", "why", "clear", 3, 2.0),
        Row("ada", "b", "why", "short", 1),
        Row("eve", "b", "why", "clear", 3, 1.0),
    )
    write_marks(Marks(rows), out / MARKS)
    said = " ".join(run(*call, "--course", modules).split())
    assert (
        "The points that marks.csv gives for 1 answer were left out, because formgrader keeps its own; grades.csv has"
        in said
    )


def test_wrong_calls_are_answered(modules: Path, tmp_path: Path) -> None:
    """Each with what is missing."""
    out = tmp_path / "out"
    assert refused("export", "nbgrader", out).startswith("Say which gradebook: --db FILE")
    assert "no reports in" in refused("export", "html", tmp_path / "nowhere")
    assert refused("import", "nbgrader").startswith("COURSE is missing; name the folder with nbgrader_config.py")
    assert refused("import", "nbgrader", "--grades").startswith("Say where to: --out DIR")
    message = refused("import", "nbgrader", "--grades", "--out", out, "--db", tmp_path / "none.db")
    assert message == f"There is no gradebook {tmp_path / 'none.db'}; name it with --db."
    (tmp_path / "names.csv").write_text("name\nAda\n")
    call = ("export", "nbgrader", out, "--db", tmp_path / "g.db", "--students", tmp_path / "names.csv")
    assert "has no column id" in refused(*call)
    (tmp_path / "names.csv").write_bytes(b"id,first_name\n1,Zo\xeb\n")
    assert refused(*call).endswith("names.csv cannot be read: this is not UTF-8 text (the byte 0xeb); correct it.")
    (tmp_path / "names.csv").unlink()
    assert refused(*call).endswith("names.csv cannot be read: file not found; name another one with --students.")
    (out / "reports" / "ada.json").write_text("{}")
    assert "ada.json is no report" in refused("export", "html", out)


def test_reports_of_two_assignments_are_not_imported_at_once(tmp_path: Path) -> None:
    """Manual grades belong to one."""
    (tmp_path / "g.db").write_bytes(b"")
    out = write_reports(tmp_path / "out", graded("ada"), report("bob", question("a", check("one", Verdict.PASSED))))
    message = refused("import", "nbgrader", "--grades", "--out", out, "--db", tmp_path / "g.db")
    assert "holds reports of several assignments (ps1, tiny)" in message


@pytest.mark.parametrize("db", ["nope/dir/g.db", "bad://"])
def test_a_gradebook_that_cannot_be_opened_leaves_nothing_behind(modules: Path, tmp_path: Path, db: str) -> None:
    """Neither a misspelt path nor an unknown kind of database makes a folder."""
    out = write_reports(tmp_path / "out", graded("ada"))
    before = sorted(path for path in tmp_path.rglob("*") if path.is_dir())
    where = db if ":" in db else tmp_path / db
    message = refused("export", "nbgrader", out, "--db", where, "--course", modules)
    assert (
        ":" in db
        or message == f"--db: {tmp_path / 'nope/dir'} does not exist; correct the path, or make that folder first."
    )
    assert sorted(path for path in tmp_path.rglob("*") if path.is_dir()) == before
    assert not (Path.cwd() / "source").exists()


def test_checks_that_are_not_shown_yet_come_into_the_gradebook_after_the_deadline(
    modules: Path, tmp_path: Path
) -> None:
    """Before, nbgrader has no score of them, so none is on a page that it makes."""
    later = replace(check("late", Verdict.FAILED, hidden=True), visible=Visibility.AFTER_DEADLINE)
    out, db = write_reports(tmp_path / "later", report("ada", question("a", later))), tmp_path / "nb" / "gradebook.db"
    config, scores = modules / "grader_config.py", []
    plain = config.read_text()
    for year in (2199, 2001):
        dates = f'dates={{"tiny": Dates("{year}-01-01 12:00")}}, timezone="UTC", '
        config.write_text(plain.replace("Course(", f"Course({dates}").replace("import Course", "import Course, Dates"))
        run("export", "nbgrader", out, "--db", db, "--course", modules, "--submissions", tmp_path / "in")
        scores.append(rows(db, "select name, auto_score from grade join base_cell on base_cell.id = grade.cell_id"))
    assert scores == [[], [("late", 0.0)]]


def test_lateness_by_the_course_is_nbgraders_late_penalty(modules: Path, tmp_path: Path) -> None:
    """Scores are those before lateness; what the rule takes is the penalty, of people's points too, and counts once."""
    half = question("a", check("one", Verdict.PASSED, points=4))
    people = ("ada", "ben", "cy", "di")
    out = write_reports(tmp_path / "late", *(report(each, half) for each in people))
    db = tmp_path / "nb" / "gradebook.db"
    fields = (
        'dates={"tiny": Dates("2026-01-10 12:00")}, timezone="UTC", late=LateRule(percent=10, early_percent=1, '
        'early_most=5), extensions=(Extension("ill", students=("cy",), days=1),), '
    )
    config = modules / "grader_config.py"
    text = config.read_text().replace("Course(", f"Course({fields}")
    config.write_text(text.replace("import Course", "import Course, Dates, Extension, LateRule"))
    times = {"ada": 11, "ben": 12, "cy": 12, "di": 8}
    write_hand_ins(out, [HandIn(who, datetime(2026, 1, day, 11, tzinfo=UTC)) for who, day in times.items()])
    words = (out, "--db", db, "--course", modules, "--submissions", tmp_path / "in")
    said = run("export", "nbgrader", *words)
    assert "Scores are those before lateness; what the late rule of grader_config.py takes off is the late" in said
    assert "Not in the gradebook, as nbgrader has no field for it: points for being early of di (+0.08)." in said

    def written() -> dict[str, tuple[str, str, str]]:
        """What nbgrader's own export says: score, penalty, and what is left."""
        with Gradebook(f"sqlite:///{db}") as gradebook:
            CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(gradebook)
        with (tmp_path / "theirs.csv").open() as file:
            found = list(csv.DictReader(file))
        return {row["student_id"]: (row["raw_score"], row["late_submission_penalty"], row["score"]) for row in found}

    off = {"ada": ("4.0", "0.4", "3.6"), "ben": ("4.0", "0.8", "3.2"), "cy": ("4.0", "0.4", "3.6")}
    assert written() == {**off, "di": ("4.0", "0.0", "4.0")}
    assert rows(db, "select distinct duedate from assignment") == [("2026-01-10 12:00:00.000000",)]
    extension = rows(db, "select extension from submitted_assignment where student_id = 'cy'")
    assert extension == [("1970-01-02 00:00:00.000000",)]
    with Gradebook(f"sqlite:///{db}") as gradebook:
        gradebook.find_submission("tiny", "ada").notebooks[0].grades[0].manual_score = 2
        gradebook.db.commit()
    run("import", "nbgrader", "--grades", "--db", db, "--out", out, "--course", modules)
    run("export", "nbgrader", *words)
    assert written()["ada"] == ("2.0", "0.2", "1.8")
    run("import", "nbgrader", "--grades", "--db", db, "--out", out, "--course", modules)
    with (out / "grades.csv").open(newline="") as file:
        grades = {row["student"]: row["total"] for row in csv.DictReader(file)}
    assert grades == {"ada": "1.8", "ben": "3.2", "cy": "3.6", "di": "4.08"}
    node = nbformat.read(tmp_path / "nb" / "autograded" / "ben" / "tiny" / "tiny.ipynb", as_version=4)
    lines = [cell.source for cell in node.cells]
    assert any("2 started days at 10 % = 20 % of the points earned." in line for line in lines)
    assert not any("4 - 0.8" in line for line in lines)
    run("export", "html", out, "--course", modules)
    assert "4 - 0.8 = 3.2 points." in (out / "notebooks" / "ben" / "tiny.html").read_text()


def test_a_pdf_is_printed(modules: Path, tmp_path: Path) -> None:
    """By the browser that is there."""
    if not any(map(shutil.which, conversions.BROWSERS)):
        pytest.skip("no chromium or chrome is installed")
    made = conversions.pdf_of("<!DOCTYPE html><title>x</title><p>Hello.")
    assert made.startswith(b"%PDF-")


def test_without_a_browser_a_pdf_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setattr(conversions, "BROWSERS", ())
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(UsageError, match="A PDF needs a browser to print it, and there is none: install chromium"):
        conversions.pdf_of("<p>Hello.")


def test_a_missing_nbgrader_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to install it."""
    from autograder.formats.nbgrader.gradebook_file import course_directory

    monkeypatch.setitem(sys.modules, "nbgrader.coursedir", None)
    with pytest.raises(UsageError, match="nbgrader cannot be used here: .*pip install 'autograder-ml.nbgrader.'"):
        course_directory(tmp_path)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2015-02-02 15:58:23.948203 America/Los_Angeles", "2015-02-02 23:58:23.948203"),
        ("2026-02-03 10:00:00 UTC", "2026-02-03 10:00:00"),
        ("nonsense", None),
        ("", None),
    ],
)
def test_times_are_nbgrader_s(text: str, time: str | None, tmp_path: Path) -> None:
    """In whatever zone they were written, in UTC; what is no time is none."""
    (tmp_path / "timestamp.txt").write_text(text)
    found = stamp_of(tmp_path)
    received = in_utc(found.time) if found else None
    assert (None if received is None else str(received)) == time


def test_manual_grades_json_has_its_documented_form(tmp_path: Path) -> None:
    """The keys that docs/formgrader.md shows are those of the file."""
    write_hand_grades(HandGrades("tiny", (HandGrade("ada", "tiny", "one"),)), tmp_path / "m.json")
    made = json.loads((tmp_path / "m.json").read_text())
    text = (Path(__file__).parents[2] / "docs" / "formgrader.md").read_text("utf-8")
    shown = json.loads(text.split("```json\n")[1].split("```")[0])
    assert set(shown) == set(made)
    assert set(shown["grades"][0]) == set(made["grades"][0])


def test_a_report_that_is_not_final_goes_into_no_gradebook(modules: Path, tmp_path: Path) -> None:
    """It is left out with a sentence that says why, and the others go in."""
    part = question("a", check("one", Verdict.PASSED))
    write_reports(
        tmp_path / "out", report("ada", part), replace(report("eve", part), not_final="It breaks the grader.")
    )
    db = tmp_path / "gradebook.db"
    said = run("export", "nbgrader", tmp_path / "out", "--db", db, "--course", modules)

    assert "Left out, because the report is not final: eve. It breaks the grader." in said
    students = [str(student) for (student,) in rows(db, "select id from student")]
    assert "ada" in students
    assert "eve" not in students
