"""`autograder requests`: they come as a file, are listed, answered and closed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from command_line import run_here
from samples import passing
from tiny_course import make_course

from autograder.checks.errors import UsageError
from autograder.cli.requests import add_requests
from autograder.formats.request_form import answered_requests, read_requests
from autograder.store import Store, publishing, sqlite_address
from autograder.store.history import students

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
FORM = """Made,Student,Question,Text,Mood
2026-11-30 10:00,ada,a,"My loss is right, see line 3.",angry
,ben,,=1+1 please,
"""


@pytest.fixture
def folder(tmp_path):
    """A course, a graded folder with a results database, and the file of a form."""
    root = make_course(tmp_path / "course")
    (root / "roster.csv").write_text("id,email\nada,ada@example.org\nben,\n")
    (tmp_path / "out").mkdir()
    with Store(sqlite_address(tmp_path / "out" / "grader.db")):
        pass
    (tmp_path / "form.csv").write_text(FORM)
    return root, tmp_path / "out", tmp_path / "form.csv"


def said(done):
    """What was printed, on one line."""
    return " ".join((done.stdout + done.stderr).split())


def test_requests_go_their_way(folder):
    """Added once however often the form is given, listed, shown, answered, closed, and then listed with --all only."""
    root, out, form = folder

    def call(*arguments):
        return run_here("requests", *arguments, "--out", out, cwd=root)

    assert "2 requests added, 0 there already." in said(call("add", form, "--assignment", "tiny"))
    assert "0 requests added, 2 there already." in said(call("add", form, "--assignment", "tiny"))
    listed = said(call("list"))
    assert "1 ada tiny (a) open 2026-11-30 My loss is right, see line 3." in listed
    assert "ben" not in said(call("list", "--student", "ada"))
    assert "Request 1 is answered. The student's own page says so after `autograder publish tiny`." in said(
        call("answer", "1", "You are right.")
    )
    assert "You are right." in said(call("show", "1"))
    assert "Request 1 is closed." in said(call("close", "1"))
    assert "ada" not in said(call("list"))
    assert "ada tiny (a) closed" in said(call("list", "--all"))
    refused = call("answer", "1", "More.")
    assert (refused.returncode, "Request 1 is closed" in said(refused)) == (2, True)
    assert "Request 2 is closed, without an answer." in said(call("close", "2"))
    assert "All requests are closed." in said(call("list"))


def test_an_assignment_that_nobody_knows_is_refused(folder):
    """Nothing of the file is taken, whether a line or the option names it."""
    root, out, form = folder
    said_of_it = "there is no assignment 'tinny'; did you mean 'tiny'? No request was added."
    for text, option in ((FORM, "tinny"), ("student,text,assignment\nada,x,tiny\nben,x,tinny\n", "tiny")):
        form.write_text(text)
        done = run_here("requests", "add", form, "--assignment", option, "--out", out, cwd=root)
        assert (done.returncode, said_of_it in said(done)) == (2, True), said(done)
    with Store(sqlite_address(out / "grader.db")) as store:
        assert not publishing.requests(store.database)
        assert not store.database.rows("SELECT name FROM assignments")


def test_students_whom_nobody_knows_are_named_and_not_added(folder):
    """Who is on the roster, also by an e-mail, or in the database is taken; nobody else becomes a student."""
    root, out, form = folder
    with Store(sqlite_address(out / "grader.db")) as store:
        store.keep(passing("zoe"))
    form.write_text("student,text\nADA@example.org,x\nadda,x\nadda,y\nzoe,x\n")
    done = run_here("requests", "add", form, "--assignment", "tiny", "--out", out, cwd=root)
    assert done.returncode == 1
    assert "2 requests added, 0 there already." in said(done)
    assert "2 requests. Nobody on the roster or in the results database is 'adda'; did you mean 'ada'?" in said(done)
    with Store(sqlite_address(out / "grader.db")) as store:
        assert [each.student for each in publishing.requests(store.database)] == ["ada", "zoe"]
        assert {each.name for each in students(store.database)} == {"ada", "zoe"}
    form.write_text("student,text\n" + "".join(f"x{number},x\n" for number in range(25)))
    done = run_here("requests", "add", form, "--assignment", "tiny", "--out", out, cwd=root)
    assert "Not added: the requests of 5 more whom nobody knows." in said(done)


def test_without_a_course_the_database_says_who_is_known(folder, tmp_path):
    """What was graded is known; a course that is named has to be there."""
    _, out, form = folder
    with Store(sqlite_address(out / "grader.db")) as store:
        store.keep(passing("ada"))
    form.write_text("student,text\nada,x\n")
    done = run_here("requests", "add", form, "--assignment", "tiny", "--out", out, cwd=tmp_path)
    assert "1 request added" in said(done)
    done = run_here("requests", "add", form, "--assignment", "tiny", "--out", out, "--course", out, cwd=tmp_path)
    assert done.returncode == 2


def test_two_who_add_one_form_at_once_add_it_once(folder, monkeypatch):
    """Whoever comes second sees the requests that came while the form was read."""
    root, out, form = folder
    monkeypatch.chdir(root)
    writing, first = Store.writing, [True]

    @contextmanager
    def just_behind_another(store, what):
        if first and first.pop():
            add_requests(form, assignment="tiny", out=out)
        with writing(store, what):
            yield

    monkeypatch.setattr(Store, "writing", just_behind_another)
    add_requests(form, assignment="tiny", out=out)
    with Store(sqlite_address(out / "grader.db")) as store:
        assert len(publishing.requests(store.database)) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "7"), "There is no request 7; `autograder requests list --all` shows all of them."),
        (("close", "7"), "There is no request 7"),
        (("answer", "7", " "), "TEXT is empty; write the answer in quotes."),
        (("add", "nowhere.csv"), "nowhere.csv cannot be read"),
    ],
)
def test_a_wrong_call_is_said(folder, arguments, sentence):
    """Each wrong call ends with one sentence and exit code 2."""
    root, out, _ = folder
    done = run_here("requests", *arguments, "--out", out, cwd=root)
    assert (done.returncode, sentence in said(done)) == (2, True), said(done)


def test_where_nobody_asked_there_are_none(folder):
    """An empty list is said."""
    root, out, _ = folder
    assert "There are no requests." in said(run_here("requests", "list", "--out", out, cwd=root))


def test_a_form_is_read_whatever_its_separators_and_columns(tmp_path):
    """Semicolons, another order of columns, capitals, an encoding of Windows: all of it is one form."""
    path = tmp_path / "form.csv"
    path.write_bytes("Text;ASSIGNMENT;Student\nBitte prüfen;tiny;Jörg\n;;\n".encode("cp1252"))
    (found,) = read_requests(path, "", NOW)
    assert (found.student, found.assignment, found.question, found.text, found.made) == (
        "Jörg",
        "tiny",
        "",
        "Bitte prüfen",
        NOW,
    )


def test_times_of_a_form_are_taken_where_they_are_times(tmp_path):
    """The column `made` counts, in UTC where it has no offset."""
    path = tmp_path / "form.csv"
    path.write_text("student,text,made\nada,x,2026-11-30T10:00+01:00\nben,x,yesterday\ncem,x,0001-01-01T00:00+14:00\n")
    assert [each.made for each in read_requests(path, "tiny", NOW)] == [
        datetime(2026, 11, 30, 9, 0, tzinfo=UTC),
        NOW,
        NOW,
    ]


@pytest.mark.parametrize(
    ("text", "assignment", "sentence"),
    [
        ("student,assignment\nada,tiny\n", "", ":1: there is no column 'text'"),
        ("student,text\nada,x\n", "", "or name the assignment with --assignment"),
        ("student,text,assignment\nada,x,\n", "", ":2: the cell 'assignment' is empty"),
        ("student,text\n,x\n", "tiny", ":2: the cell 'student' is empty"),
        (f"student,text\nada,{'x' * 20_001}\n", "tiny", "more than 20,000 characters"),
        ("x" * (1 << 20) + "xx", "tiny", "larger than 1 MiB"),
        ("x" * (1 << 18), "tiny", ":1: this is no CSV: field larger than field limit"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(tmp_path, text, assignment, sentence):
    """The sentence names the line, and what to write."""
    path = tmp_path / "form.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        read_requests(path, assignment, NOW)
    assert sentence in str(error.value)


def test_requests_about_an_assignment_are_those_about_its_notebook(folder):
    """A class that was graded as notebooks gets the answers on its pages, and the sentence names what is published."""
    root, out, form = folder
    with Store(sqlite_address(out / "grader.db")) as store:
        store.keep(replace(passing("ada"), assignment="tiny-notebook"))
    done = run_here("requests", "add", form, "--assignment", "tiny", "--out", out, cwd=root)
    assert "2 requests added" in said(done)
    done = run_here("requests", "answer", "1", "You are right.", "--out", out, cwd=root)
    assert "says so after `autograder publish tiny-notebook`." in said(done)
    (found,) = answered_requests(out, "tiny-notebook", None)["ada"]
    assert found.answer == "You are right."
    assert not answered_requests(out, "other-notebook", None)
