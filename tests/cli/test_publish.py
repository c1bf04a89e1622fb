"""`autograder publish`: what each student gets, once or again, and what is kept of it."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

import pytest
from command_line import run, run_here
from gradebooks import Student, moodle
from samples import check, question, report
from tiny_course import RAISING, RIGHT, WRONG, hand_in, make_course

from autograder.checks.errors import UsageError
from autograder.cli.common import staging
from autograder.formats.recorded_marks import recorded_marks
from autograder.reports.publishing import published_names
from autograder.results import Verdict
from autograder.store import Store, publishing, sqlite_address


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory):
    """A folder with a course and its graded class; one hidden check is shown when grades are published."""
    folder = tmp_path_factory.mktemp("class")
    root = make_course(folder / "course")
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("hidden=True,", 'hidden=True, visible="after_publication",'))
    inbox = hand_in(folder / "in", ann=RIGHT, ben=WRONG, eve=RAISING)
    assert run("grade", "tiny", inbox, "--out", folder / "out", cwd=root).returncode == 0
    return folder


@pytest.fixture
def graded(graded_once, tmp_path):
    """Copies of the course, of what was handed in, and of the folder of its graded class."""
    return [shutil.copytree(graded_once / name, tmp_path / name) for name in ("course", "in", "out")]


def said(done):
    """What was printed, on one line."""
    return " ".join((done.stdout + done.stderr).split())


def shown(out):
    """What the store says was shown, by student: points, oldest first."""
    with Store(sqlite_address(out / "grader.db")) as store:
        found = publishing.publications(store.database)
    return {who: [each.points for each in found if each.student == who] for who in {each.student for each in found}}


def test_each_student_gets_a_page_with_what_publication_shows(graded):
    """Before publication the page withholds points, on the published one nothing is; a table says whose is which."""
    root, _, out = graded
    assert "shown when the grades are published" in (out / "feedback" / "ann.html").read_text()
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert done.returncode == 0, said(done)
    assert "Published: 3 pages for the first time, 0 pages changed, 0 pages as they were." in said(done)
    page = (out / "published" / "ann.html").read_text()
    assert "Not everything is shown" not in page
    assert "Twice minus seven is right." in page
    with (out / "published" / "published.csv").open(newline="") as file:
        assert {row["student"]: row["points"] for row in csv.DictReader(file)} == {"ann": "5", "ben": "2", "eve": "0"}
    assert shown(out) == {"ann": [5.0], "ben": [2.0], "eve": [0.0]}


def test_exports_show_what_publication_shows(graded):
    """Once a student's page is published, feedback for platforms withholds no more than the page does."""
    root, inbox, out = graded
    people = [Student(101, "ann"), Student(102, "ben"), Student(103, "eve")]
    (root / "sheet.csv").write_bytes(moodle(people, most="5"))
    later = "shown when the grades are published"

    def exported():
        options = {"moodle": ("--into", "sheet.csv", "--no-scale")}
        for name in ("moodle", "jsonl", "junit", "gradescope"):
            done = run_here("export", name, out, *options.get(name, ()), cwd=root)
            assert done.returncode == 0, said(done)
        with zipfile.ZipFile(out / "moodle" / "feedback.zip") as archive:
            pages = [archive.read(name).decode() for name in archive.namelist()]
        texts = [(out / "jsonl" / "grades.jsonl").read_text(), (out / "junit" / "junit.xml").read_text()]
        done = run_here("export", "html", out, "--course", root, "--submissions", inbox, cwd=root)
        assert done.returncode == 0, said(done)
        texts.append((out / "notebooks" / "ann" / "tiny.html").read_text())
        results = json.loads((out / "gradescope" / "results" / "ann" / "results.json").read_text())
        return pages, texts, [test["visibility"] for test in results["tests"]]

    pages, texts, visible = exported()
    assert len(pages) == 3
    assert all(later in text for text in (*pages, *texts[:2]))
    assert "Twice minus seven" not in texts[2]
    assert visible == ["visible", "after_published", "visible"]
    run_here("publish", "tiny", "--out", out, "--to", root / "elsewhere", cwd=root)
    pages, texts, visible = exported()
    assert not any(later in text for text in (*pages, *texts))
    assert "Twice minus seven" in texts[2]
    assert set(pages) == {path.read_text() for path in (root / "elsewhere").glob("*.html")}
    assert visible == ["visible"] * 3
    assert published_names(out) == {"ann", "ben", "eve"}


def test_publishing_twice_says_what_changed(graded):
    """The second time only what changed is new: points before and now are said, and every page ever shown is kept."""
    root, inbox, out = graded
    run_here("publish", "tiny", "--out", out, cwd=root)
    assert "0 pages for the first time, 0 pages changed, 3 pages" in said(
        run_here("publish", "tiny", "--out", out, cwd=root)
    )
    script = root / "assignments/tiny/assignment.py"
    script.write_text(script.read_text().replace("points=2", "points=2.5"))
    assert run("grade", "tiny", inbox, "--out", out, cwd=root).returncode == 0
    trial = said(run_here("publish", "tiny", "--out", out, "--dry-run", cwd=root))
    assert "Would publish: 0 pages for the first time, 3 pages changed" in trial
    assert shown(out)["ann"] == [5.0]
    done = said(run_here("publish", "tiny", "--out", out, cwd=root))
    assert "ben 2 of 5 points 2.5 of 5.5 points +0.5" in done
    assert shown(out) == {"ann": [5.0, 5.5], "ben": [2.0, 2.5], "eve": [0.0, 0.0]}
    assert len(list((out / "published_earlier" / "ann").iterdir())) == 2


def test_a_published_page_has_the_requests_that_were_answered(graded):
    """With the answer, and that it is closed; also in the feedback for a platform, and nobody else reads it."""
    root, _, out = graded

    def call(*arguments):
        done = run_here(*arguments, "--out", out, cwd=root)
        assert done.returncode == 0, said(done)
        return said(done)

    def page_of(student):
        return " ".join((out / "published" / f"{student}.html").read_text().split())

    call("publish", "tiny")
    before = page_of("ann")
    (root / "form.csv").write_text("student,question,text\nben,a,<b>Why?</b>\neve,,Please look.\n")
    call("requests", "add", root / "form.csv", "--assignment", "tiny")
    assert "0 pages changed" in call("publish", "tiny")
    call("requests", "answer", "1", "The sign & the size.")
    assert "1 page changed" in call("publish", "tiny")
    assert "You wrote about question a:" in page_of("ben")
    assert "&lt;b&gt;Why?&lt;/b&gt;" in page_of("ben")
    assert "The sign &amp; the size." in page_of("ben")
    assert "is closed" not in page_of("ben")
    call("requests", "close", "1")
    call("requests", "close", "2")
    assert "2 pages changed" in call("publish", "tiny")
    assert "This request is closed." in page_of("ben")
    assert "This request is closed, without an answer." in page_of("eve")
    assert page_of("ann") == before

    (root / "sheet.csv").write_bytes(moodle([Student(101, "ann"), Student(102, "ben"), Student(103, "eve")], most="5"))
    run_here("export", "moodle", out, "--into", "sheet.csv", "--no-scale", cwd=root)
    with zipfile.ZipFile(out / "moodle" / "feedback.zip") as archive:
        pages = {archive.read(name).decode() for name in archive.namelist()}
    assert pages == {path.read_text() for path in (out / "published").glob("*.html")}


def test_what_goes_to_platforms_has_the_requests_of_the_published_page(graded):
    """Whatever database publishing took them from; an answer that was not published yet does not leave."""
    root, _, out = graded
    address = sqlite_address(root / "other.db")
    (root / "form.csv").write_text("student,text\nben,Why?\n")
    (root / "sheet.csv").write_bytes(moodle([Student(101, "ann"), Student(102, "ben"), Student(103, "eve")], most="5"))

    def requests(*arguments):
        done = run_here("requests", *arguments, "--db", address, cwd=root)
        assert done.returncode == 0, said(done)

    def exported():
        done = run_here("export", "moodle", out, "--into", "sheet.csv", "--no-scale", cwd=root)
        assert done.returncode == 0, said(done)
        with zipfile.ZipFile(out / "moodle" / "feedback.zip") as archive:
            return {archive.read(name).decode() for name in archive.namelist()}

    def published():
        return {path.read_text() for path in (out / "published").glob("*.html")}

    run_here("publish", "tiny", "--out", out, "--db", address, cwd=root)
    requests("add", "form.csv", "--assignment", "tiny")
    requests("answer", "1", "The sign.")
    assert exported() == published()
    assert not any("The sign." in page for page in exported())
    run_here("publish", "tiny", "--out", out, "--db", address, cwd=root)
    assert any("The sign." in page for page in published())
    assert exported() == published()
    requests("close", "1")
    assert exported() == published()
    path = out / "published_earlier" / "ben" / "requests.json"
    path.write_text("{")
    done = run_here("export", "csv", out, cwd=root)
    assert (done.returncode, f"{path} cannot be read: it is damaged; remove it," in said(done)) == (2, True)


def test_no_command_that_reads_makes_a_results_database(graded):
    """An export does not need the one that the course names; pages that were published with it wait for its return."""
    root, _, out = graded
    run_here("publish", "tiny", "--out", out, cwd=root)
    missing = root / "none.db"
    config = root / "grader_config.py"
    text = config.read_text()
    config.write_text(text.replace("Course(", f"Course(database={sqlite_address(missing)!r}, ", 1))
    assert config.read_text() != text
    assert run_here("export", "csv", out, cwd=root).returncode == 0
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert (done.returncode, f"but no results database {missing}, which keeps" in said(done)) == (2, True), said(done)
    assert not missing.exists()


def test_points_of_people_are_not_looked_for_in_a_database_that_is_not_there(tmp_path):
    """Whoever reads them is refused, and none is made; who makes it afterwards finds nothing recorded."""
    essay = replace(check("essay", Verdict.MANUAL), points=0, max_points=0, by_hand=3)
    waits, missing = report("ann", question("a", essay)), tmp_path / "none.db"
    with pytest.raises(UsageError, match=f"There is no results database {missing}, which may have points"):
        recorded_marks(tmp_path, [waits], sqlite_address(missing))
    assert recorded_marks(tmp_path, [waits], sqlite_address(missing), begins=True) == ()
    assert not missing.exists()


@pytest.mark.parametrize("content", [None, b""])
def test_a_lost_database_is_not_replaced_without_a_word(graded, content):
    """Published pages without the database that knows who was shown them are refused; naming one begins anew."""
    root, _, out = graded
    run_here("publish", "tiny", "--out", out, cwd=root)
    database = out / "grader.db"
    database.unlink()
    if content is not None:
        database.write_bytes(content)
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert done.returncode == 2, said(done)
    assert "has published pages, but no results database grader.db, which keeps who was shown what;" in said(done)
    assert not database.exists() or not database.stat().st_size
    done = run_here("publish", "tiny", "--out", out, "--db", sqlite_address(database), cwd=root)
    assert "Published: 3 pages for the first time" in said(done), said(done)


def test_who_is_not_ready_waits(graded):
    """A report with a fault of ours is not published unless asked for; one that is not final never is."""
    root, _, out = graded
    report = out / "reports" / "ben.json"
    report.write_text(report.read_text().replace('"FAILED"', '"INTERNAL"', 1))
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert done.returncode == 1
    assert "Not published: ben, some checks could not be run, by our fault; grade again." in said(done)
    assert not (out / "published" / "ben.html").exists()
    assert run_here("publish", "tiny", "--out", out, "--unfinished", cwd=root).returncode == 0
    assert (out / "published" / "ben.html").exists()
    report.write_text(report.read_text().replace('"not_final": ""', '"not_final": "A fault of ours"'))
    trial = run_here("publish", "tiny", "--out", out, "--unfinished", "--dry-run", cwd=root)
    assert "Would be removed from" in said(trial)
    assert (out / "published" / "ben.html").exists()
    done = run_here("publish", "tiny", "--out", out, "--unfinished", cwd=root)
    assert "Not published: ben, the result is not final." in said(done)


def test_a_page_that_is_not_published_any_more_leaves_the_folder(graded):
    """The folder that is handed out holds the present pages alone; those that were shown before lie beside it."""
    root, _, out = graded
    run_here("publish", "tiny", "--out", out, cwd=root)
    folder = out / "published"
    (folder / "ben.pdf").write_bytes(b"%PDF")
    (folder / "notes.html").write_text("Not ours.")
    report = out / "reports" / "ben.json"
    report.write_text(report.read_text().replace('"not_final": ""', '"not_final": "A fault of ours"'))
    (out / "reports" / "eve.json").unlink()
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert f"Removed from {folder}, as no page is published: ben.html, eve.html." in said(done)
    assert sorted(path.name for path in folder.iterdir()) == ["ann.html", "notes.html", "published.csv"]
    assert len(list((out / "published_earlier" / "ben").iterdir())) == 1
    again = run_here("publish", "tiny", "--out", out, cwd=root)
    assert "Removed from" not in said(again)


def test_a_table_that_is_no_text_is_named(graded):
    """What cannot be read is said in one sentence, and nothing is published."""
    root, _, out = graded
    (out / "published").mkdir()
    (out / "published" / "published.csv").write_bytes(b"\xff\xfe\xff")
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert (done.returncode, "published.csv cannot be read: " in said(done)) == (2, True), said(done)
    assert not (out / "published" / "ann.html").exists()


def test_forgetting_leaves_the_pages_of_others_published(graded):
    """The student's pages and the line in the table go; pages of others can still be withdrawn."""
    root, _, out = graded
    run_here("publish", "tiny", "--out", out, cwd=root)
    assert run_here("forget", "ben", "--out", out, "--yes", cwd=root).returncode == 0
    assert not list(out.rglob("ben*"))
    assert "ben" not in (out / "published" / "published.csv").read_text()
    (out / "reports" / "eve.json").unlink()
    run_here("publish", "tiny", "--out", out, cwd=root)
    assert [path.name for path in (out / "published").glob("*.html")] == ["ann.html"]


def test_what_is_published_is_read_after_a_grading_has_ended(graded, monkeypatch):
    """Of a report that a grading wrote just before it ended, the new state decides."""
    root, _, out = graded

    @contextmanager
    def ended_just_now(folder):
        report = out / "reports" / "ben.json"
        report.write_text(report.read_text().replace('"not_final": ""', '"not_final": "A fault of ours"'))
        with staging(folder) as ours:
            yield ours

    monkeypatch.setattr(import_module("autograder.cli.publish"), "staging", ended_just_now)
    done = run_here("publish", "tiny", "--out", out, cwd=root)
    assert "Not published: ben, the result is not final." in said(done)
    assert not (out / "published" / "ben.html").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("tiny", "--out", "nowhere"), "There are no reports in"), (("other", "--out", "out"), "holds reports of tiny")],
)
def test_a_wrong_call_is_said(graded, arguments, sentence):
    """Each wrong call ends with one sentence and exit code 2."""
    root, _, out = graded
    done = run_here("publish", *arguments, "--course", root, cwd=out.parent)
    assert (done.returncode, sentence in said(done)) == (2, True), said(done)
