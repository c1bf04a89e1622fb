"""The results database: what is kept stays, what is our fault is graded again."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from samples import internal, passing

from autograder.checks.errors import UsageError
from autograder.store import Store, check_address, sqlite_address


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A database that is not there yet."""
    return sqlite_address(tmp_path / "grader.db")


def test_a_kept_report_is_found_again_by_another_run(address: str) -> None:
    """A report comes back equal in every field."""
    report = passing("ann", key="1")
    with Store(address) as store:
        store.keep(report)
    with Store(address) as store:
        assert store.known("1", "ann") == report


def test_a_file_is_the_same_whoever_wrote_it(tmp_path: Path) -> None:
    """Python's own library and SQLAlchemy make one table, and read each other's rows."""
    files = {name: tmp_path / f"{name}.db" for name in ("own", "other")}
    addresses = {"own": sqlite_address(files["own"]), "other": f"{sqlite_address(files['other'])}?timeout=30"}
    for address in addresses.values():
        with Store(address) as store:
            store.keep(internal("ben"))
            store.keep(passing("ann", key="1"))
    schemas = {}
    for name, file in files.items():
        with closing(sqlite3.connect(file)) as connection:
            made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            rows = connection.execute("SELECT typeof(finished), length(finished), internal FROM runs").fetchall()
        schemas[name] = ({" ".join(sql.split()).replace(" )", ")").replace("( ", "(") for (sql,) in made}, rows)
    assert schemas["own"] == schemas["other"]
    with Store(sqlite_address(files["other"])) as store:
        assert store.known("1", "ann") == passing("ann", key="1")
        assert store.known("k", "ben") is None


@pytest.mark.parametrize("name", ["my course", "what?", "100%", "a%20b", "a?timeout=5", "ü#+;@"])
def test_an_address_names_one_file(tmp_path: Path, name: str) -> None:
    """The address of a file names that file for Python's own library and for SQLAlchemy, whatever its name."""
    folder = tmp_path / name
    folder.mkdir()
    address = sqlite_address(folder / "grader.db")
    with Store(address) as store:
        store.keep(passing("ann", key="1"))
    assert (folder / "grader.db").is_file()
    for more in ("?timeout=5", ""):
        with Store(f"{address}{more}") as store:
            assert store.known("1", "ann") is not None
    assert [path.name for path in tmp_path.rglob("*.db")] == ["grader.db"]


def test_an_address_may_be_quoted(tmp_path: Path) -> None:
    """%20 stands for a space, with options behind the address and without."""
    for more in ("", "?timeout=5"):
        with Store(f"sqlite:///{tmp_path}/my%20course.db{more}") as store:
            store.keep(passing("ann", key="1"))
    assert [path.name for path in tmp_path.iterdir()] == ["my course.db"]


def test_a_refused_commit_is_undone(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody reads for too long, the report is not kept; once that is over, the same store keeps the next."""
    monkeypatch.setattr("autograder.store.database.WAIT_SECONDS", 0.05)
    with Store(address) as store, closing(sqlite3.connect(tmp_path / "grader.db", isolation_level=None)) as reader:
        store.keep(passing("ann"))
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchone()
        for student in ("ben", "cem"):
            with pytest.raises(UsageError, match="database is locked"):
                store.keep(passing(student))
        assert store.known("k", "ben") is None
        reader.execute("ROLLBACK")
        store.keep(passing("dan"))
        assert {report.student for report in store.reports()} == {"ann", "dan"}


def test_a_name_that_is_no_text_is_one_sentence(address: str) -> None:
    """Half of a character in a name, as broken file systems give it, is refused as the database's errors are."""
    with Store(address) as store:
        with pytest.raises(UsageError, match=r"holds '\\udcff', which is no character"):
            store.keep(passing("\udcff"))
        store.keep(passing("ann"))
        assert {report.student for report in store.reports()} == {"ann"}


def test_a_file_needs_no_other_library(address: str) -> None:
    """SQLAlchemy, which is slow to import, is there for other databases only."""
    program = f"import sys; from autograder.store import Store; Store({address!r}).close(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "autograder.store.database" in done.stdout.split()
    assert not {"sqlalchemy", "alembic", "psycopg"} & {*done.stdout.split()}


@pytest.mark.parametrize("more", ["", "?timeout=30"], ids=["own", "sqlalchemy"])
def test_two_write_into_one_file(tmp_path: Path, more: str) -> None:
    """A second grader waits for its turn."""
    address = sqlite_address(tmp_path / "grader.db") + more
    with Store(address) as first, Store(address) as second:
        first.keep(passing("ann"))
        second.keep(passing("ben"))
        assert {report.student for report in first.reports()} == {"ann", "ben"}


def test_only_the_same_key_and_student_are_known(address: str) -> None:
    """Another key or another student has to be graded."""
    with Store(address) as store:
        store.keep(passing("ann", key="1"))
        assert store.known("2", "ann") is None
        assert store.known("1", "ben") is None


def test_an_internal_report_is_kept_but_not_known(address: str) -> None:
    """Our fault is listed, and graded again; the right report then takes its place for good."""
    with Store(address) as store:
        store.keep(internal("ann"))
        assert store.known("k", "ann") is None
        assert [report.internal for report in store.reports()] == [True]
        store.keep(passing("ann"))
        store.keep(internal("ann"))
        assert store.known("k", "ann") == passing("ann")
        assert [report.internal for report in store.reports()] == [False]


def test_reports_are_listed_by_assignment_and_student(address: str) -> None:
    """The history is oldest first and can be narrowed."""
    with Store(address) as store:
        for student, key in (("ben", "1"), ("ann", "1"), ("ben", "2")):
            store.keep(passing(student, key))
        assert [report.student for report in store.reports()] == ["ben", "ann", "ben"]
        assert [report.replay.key for report in store.reports("tiny", "ben")] == ["1", "2"]
        assert store.reports("other") == ()


def test_a_report_of_another_shape_is_graded_again(address: str, tmp_path: Path) -> None:
    """What another version wrote is not trusted and stops nobody."""
    with Store(address) as store:
        store.keep(passing("ann"))
    with sqlite3.connect(tmp_path / "grader.db") as connection:
        connection.execute("UPDATE runs SET report = '{\"old\": 1}'")
    connection.close()
    with Store(address) as store:
        assert store.known("k", "ann") is None
        assert store.reports() == ()


def _keep_and_die(address: str) -> None:
    with Store(address) as store:
        store.keep(passing("ann"))
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_kept_report_survives_kill_9(address: str) -> None:
    """When `keep` has returned, the report is on disk."""
    process = multiprocessing.get_context("spawn").Process(target=_keep_and_die, args=(address,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    process.close()
    with Store(address) as store:
        assert store.known("k", "ann") is not None


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    """A broken file is named in one sentence, and left alone."""
    path = tmp_path / "grader.db"
    path.write_text("this is not a database, and it is long enough to be looked at" * 20)
    with pytest.raises(UsageError, match="not a database") as caught:
        Store(sqlite_address(path))
    assert str(path) in str(caught.value)
    assert path.read_text().startswith("this is not")


@pytest.mark.parametrize(
    "address", ["nonsense", "martian://x", "sqlite:////nowhere/at/all/grader.db", "postgresql+absent://u:secret@h/d"]
)
def test_an_address_that_cannot_be_used_is_reported_without_its_password(address: str) -> None:
    """A wrong address is one sentence, and a password stays out of it."""
    with pytest.raises(UsageError, match="Cannot use the results database") as caught:
        Store(address)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://u:secret@h/d", "results are kept in SQLite and PostgreSQL, not in 'mysql'; give an address such as"),
        ("martian://x", "results are kept in SQLite and PostgreSQL, not in 'martian'"),
        ("postgresql+absent://u:secret@h/d", "no package here knows a driver of that name; correct the word behind"),
        ("nonsense", "this is not an SQLAlchemy address; give one such as sqlite:////srv/course/grader.db"),
    ],
)
def test_an_address_of_another_kind_says_what_to_give(address: str, said: str) -> None:
    """Which database systems there are, or which part of the address is wrong."""
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        check_address(address)
    assert "secret" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL needs psycopg, which the extra brings."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"needs psycopg, which is not installed; pip install 'autograder-ml\[postgr"):
        check_address("postgresql://grader@server/course")


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """No traceback, and no password."""
    pytest.importorskip("psycopg", reason="pip install 'autograder-ml[postgresql]'")
    with pytest.raises(UsageError, match="Cannot use the results database postgresql") as caught:
        Store(f"postgresql://grader:secret@/course?host={tmp_path}")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_cannot_be_written_is_reported(address: str) -> None:
    """A table that refuses the row names the student and says how to continue."""
    with Store(address) as store:
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            connection.execute("DROP TABLE check_results")
        connection.close()
        with pytest.raises(UsageError, match=r"Cannot write the result of ann .* goes on from here"):
            store.keep(passing("ann"))


def test_many_reports_are_found_at_once(address: str) -> None:
    """Of all pairs of key and student those that are kept come back; what is our fault does not."""
    with Store(address) as store:
        for number in range(1200):
            store.keep(passing(f"s{number}", key=f"k{number % 700}")) if number % 40 == 0 else None
        store.keep(internal("ann"))
        asked = [(f"k{number % 700}", f"s{number}") for number in range(1200)]
        found = store.all_known([*asked, ("k", "ann"), ("k0", "s40")])

        assert sorted(found) == sorted((f"k{number % 700}", f"s{number}") for number in range(0, 1200, 40))
        assert all(report.student == student for (_, student), report in found.items())
