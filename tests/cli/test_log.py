"""`autograder log`: the append-only log as people and programs read it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import refused, run_here
from gradebooks import with_points

from autograder.cli.log import log_table
from autograder.store import Store, sqlite_address
from autograder.store.forgetting import forget_student
from autograder.store.history import VERBS, Change, record
from autograder.store.marking import record_marks
from autograder.store.publishing import add_request, answer_request, close_request, publish
from autograder.store.records import LogEntry, Mark, Publication, Request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose database has two gradings by kim, and marks by two people on two days."""
    out = tmp_path / "out"
    out.mkdir()
    with Store(sqlite_address(out / "grader.db"), who="kim") as store:
        for student in ("ada", "ben"):
            store.keep(with_points(student))
        for who, points, day in (("kim", 1.0, 1), ("lee", 2.5, 9)):
            mark = Mark("ada", "b", "essay", "Clear", 3.0, points, f"ada, {who} is pleased")
            change = Change(who, datetime(2099, 5, day, 12, tzinfo=UTC))
            with store.writing("marks"):
                record_marks(store.database, "sums", [mark], "marks.csv", change)
    return out


def lines(out: Path, *words: str) -> list[list[str]]:
    """Who, kind, student, assignment and what changed, of the lines that the command prints."""
    done = run_here("log", "--out", out, "--json", *words, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [[each[name] for name in ("who", "kind", "student", "before", "after")] for each in found]


def test_the_log_is_a_table_and_lines_of_json(folder: Path) -> None:
    """Oldest first, one line each, with what it was before and after; no comment, no file, no name of a course."""
    table = run_here("log", "--out", folder, cwd=folder.parent).stdout
    head, *rows = table.splitlines()
    assert head.split() == ["time", "(UTC)", "who", "kind", "student", "assignment", "about", "before", "after"]
    assert len(rows) == 6
    assert rows[4].split("  ")[0] == "2099-05-09 12:00:00"
    assert rows[4].split()[2:] == ["lee", "marked", "ada", "sums", "essay:", "Clear", "1.0", "2.5"]
    assert {line.index("marked") for line in rows if "marked" in line} == {head.index("kind")}
    assert "pleased" not in table
    found = lines(folder)
    assert found[0] == ["kim", "graded", "ada", None, "2.0"]
    assert found[4] == ["lee", "marked", "ada", "1.0", "2.5"]
    assert [kind for _, kind, *_ in found] == ["graded", "graded", "marked", "commented", "marked", "commented"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--student", "ada"), 5),
        (("--assignment", "sums"), 4),
        (("--who", "lee"), 2),
        (("--kind", "marked"), 2),
        (("--since", "2099-05-01T12:00"), 4),
        (("--since", "2099-05-01T12:00-01:00"), 2),
        (("--since", "2099-05-02", "--kind", "marked", "--student", "ada"), 1),
        (("--student", "nobody"), 0),
    ],
)
def test_lines_are_chosen(folder: Path, words: tuple[str, ...], count: int) -> None:
    """By student, assignment, user, kind and time, all at once."""
    assert len(lines(folder, *words)) == count
    if not count:
        done = run_here("log", "--out", folder, *words, cwd=folder.parent)
        assert done.stdout == "There are no such lines in the log.\n"


def test_nothing_personal_but_ids_is_in_the_log(folder: Path) -> None:
    """Comments, requests and answers, which people write freely, are in none of its columns, and no path or e-mail."""
    with Store(sqlite_address(folder / "grader.db"), who="kim") as store, store.writing("a request"):
        asked = Request("ada", "sums", "b", "I am Ada Lovelace, ada@x.org", datetime(2026, 5, 1, tzinfo=UTC))
        number = add_request(store.database, asked, store.change())
        answer_request(store.database, number, "Dear Ada Lovelace", store.change())
        close_request(store.database, number, store.change())
        publish(store.database, Publication("ada", "sums", "0" * 64, 1.0, 3.0), store.change())
    known = {"ada", "ben", "kim", "lee", "sums", "tiny", "essay: Clear", *VERBS, "open", None}
    for line in run_here("log", "--out", folder, "--json", cwd=folder.parent).stdout.splitlines():
        entry = json.loads(line)
        for name, cell in entry.items():
            plain = name == "at" or cell in known or re.fullmatch(r"[\d.]+|(run|comment|request|publication) \d+", cell)
            assert plain, (name, cell)


def test_forgetting_leaves_the_lines_under_the_pseudonym(folder: Path) -> None:
    """The log is whole, without the name in any line of it, and says who forgot somebody."""
    before = lines(folder)
    with Store(sqlite_address(folder / "grader.db"), who="lee") as store:
        forget_student(store, "ada")
    assert lines(folder, "--student", "ada") == []
    *after, last = lines(folder)
    assert [[*each[:2], *each[3:]] for each in after] == [[*each[:2], *each[3:]] for each in before]
    (pseudonym,) = {each[2] for each in after} - {"ben"}
    assert pseudonym.startswith("forgotten-")
    assert last[:3] == ["lee", "forgot", pseudonym]
    assert "ada" not in run_here("log", "--out", folder, cwd=folder.parent).stdout


def test_a_wrong_call_is_one_sentence(folder: Path) -> None:
    """An unknown kind, and a folder without a database."""
    refused(
        run_here("log", "--out", folder, "--kind", "mark", cwd=folder.parent),
        "--kind 'mark' is not one of graded, marked,",
        "did you mean 'marked'?",
    )
    refused(run_here("log", "--out", "nowhere", cwd=folder.parent), "There is no results database ")


def test_what_is_no_plain_text_does_not_reach_the_terminal() -> None:
    """A user or item with control characters is shown with signs for them; columns that are empty are left out."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = log_table([LogEntry(at, "k\x1b[31m", "restored", None, None, "backup", None, "x\ny")])
    assert table.split("\n")[0].split() == ["time", "(UTC)", "who", "kind", "about", "after"]
    assert "\x1b" not in table
    assert table.count("\n") == 1


def test_every_kind_can_be_asked_for(folder: Path) -> None:
    """What the store writes into the log is what --kind takes."""
    with Store(sqlite_address(folder / "grader.db")) as store, store.writing("lines"):
        for verb in VERBS:
            record(store.database, store.change(), verb)
    for verb in VERBS:
        assert [verb] == list({each[1] for each in lines(folder, "--kind", verb)})
