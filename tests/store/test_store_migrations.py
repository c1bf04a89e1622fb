"""A database of an earlier version is brought to the newest one, whole or not at all; a newer one is refused."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from samples import internal, passing
from store_rows import attempts, check_rows

from autograder.checks.errors import UsageError
from autograder.results import Replay, Report
from autograder.store import Store, sqlite_address
from autograder.store.any_database import engine
from autograder.store.migrating import scripts
from autograder.store.runs import runs
from autograder.store.schema import FIRST, HEAD, STEPS

# The statements with which version 0001 made its table, word for word, and SQLAlchemy's for PostgreSQL.
OLD_SQLITE = (
    'CREATE TABLE IF NOT EXISTS results (id INTEGER NOT NULL, "key" VARCHAR(128) NOT NULL, '
    "assignment VARCHAR(255) NOT NULL, student VARCHAR(255) NOT NULL, finished DATETIME NOT NULL, "
    "internal BOOLEAN NOT NULL, report TEXT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS ix_results_assignment ON results (assignment)",
    'CREATE UNIQUE INDEX IF NOT EXISTS results_by_key ON results ("key", student)',
)
OLD_POSTGRESQL = (
    "CREATE TABLE results (id SERIAL NOT NULL, key VARCHAR(128) NOT NULL, assignment VARCHAR(255) NOT NULL, "
    "student VARCHAR(255) NOT NULL, finished TIMESTAMP WITHOUT TIME ZONE NOT NULL, internal BOOLEAN NOT NULL, "
    "report TEXT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX ix_results_assignment ON results (assignment)",
    "CREATE UNIQUE INDEX results_by_key ON results (key, student)",
)
INSERT = (
    "INSERT INTO results (key, assignment, student, finished, internal, report) "
    "VALUES (:key, :assignment, :student, :finished, :internal, :report)"
)
OTHER_SHAPE = '{"questions": [{"id": 1}], "points": "many"}'


def old_reports() -> list[Report]:
    """A class of an earlier version: two keys of one student, and our fault."""
    ann = passing("ann", key="1")
    again = replace(ann, replay=Replay(key="2", submission_sha256="f" * 64))
    return [ann, passing("ben", key="1"), again, internal("cem")]


def old_rows() -> list[dict[str, object]]:
    """Their rows, and one of a version that wrote another shape, and one that is no JSON."""
    rows: list[dict[str, object]] = [
        {
            "key": report.replay.key,
            "assignment": report.assignment,
            "student": report.student,
            "finished": f"2026-01-02 03:04:05.00000{number}",
            "internal": report.internal,
            "report": msgspec.json.encode(report).decode(),
        }
        for number, report in enumerate(old_reports())
    ]
    return [*rows, {**rows[0], "key": "old", "report": OTHER_SHAPE}, {**rows[0], "key": "none", "report": "no JSON"}]


def make_old_file(path: Path, rows: list[dict[str, object]]) -> str:
    """A SQLite file of version 0001; its address."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in OLD_SQLITE:
            connection.execute(statement)
        connection.executemany(INSERT, rows)
        connection.commit()
    return sqlite_address(path)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of version 0001."""
    if request.param == "sqlite":
        return make_old_file(tmp_path / "grader.db", old_rows())
    from sqlalchemy import text

    address = str(request.getfixturevalue("postgres_address"))
    made = engine(address)
    with made.begin() as connection:
        for statement in OLD_POSTGRESQL:
            connection.exec_driver_sql(statement)
        connection.execute(text(INSERT), old_rows())
    made.dispose()
    return address


def test_an_old_database_is_migrated_and_no_row_is_lost(old_address: str) -> None:
    """Each old row becomes a run with its key, time and report, in order; the checks of each report get their rows."""
    with Store(old_address) as store:
        assert list(store.reports()) == sorted(old_reports(), key=lambda each: each.replay.key == "none")
        found = runs(store.database)
        expected = [
            (row["student"], row["key"], f"{row['finished']}".replace(" ", "T") + "+00:00", row["internal"])
            for row in old_rows()
        ]
        seen = [(run.student, run.key, run.finished.isoformat(timespec="microseconds"), run.internal) for run in found]
        assert sorted(seen) == sorted(expected)
        texts = store.database.rows("SELECT report FROM runs ORDER BY id")
        assert [text for (text,) in texts] == [row["report"] for row in old_rows()]
        by_key = {(run.student, run.key): run for run in found}
        assert [row.verdict for row in check_rows(store.database, by_key["ann", "1"].id)] == ["PASSED"]
        assert [row.verdict for row in check_rows(store.database, by_key["cem", "k"].id)] == ["INTERNAL", "PASSED"]
        assert check_rows(store.database, by_key["ann", "old"].id) == []
        assert by_key["ann", "old"].points is None
        assert {(each.student, each.sha256[:1]) for each in attempts(store.database)} == {
            ("ann", ""),
            ("ann", "f"),
            ("ben", ""),
            ("cem", ""),
        }
        assert "results" not in store.database.tables()
        store.keep(passing("dan"))
    with Store(old_address) as store:
        assert store.known("1", "ann") == old_reports()[0]
        assert store.known("k", "cem") is None
        assert len(runs(store.database)) == len(old_rows()) + 1


def test_a_migrated_database_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """Whichever way a database came to this version, its tables, indexes and triggers are the same."""
    addresses = (make_old_file(tmp_path / "old.db", old_rows()), sqlite_address(tmp_path / "new.db"))
    made = []
    for address in addresses:
        Store(address).close()
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as connection:
            found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            made.append({(name, " ".join(sql.split())) for name, sql in found} - {("results", "")})
    old, new = [{(n, s.replace("IF NOT EXISTS ", "")) for n, s in each} for each in made]
    assert old == new


def test_alembic_and_the_statements_agree_on_the_versions() -> None:
    """There is one script for each version, in one line from the first to the newest."""
    chain = [script.revision for script in scripts().walk_revisions()][::-1]
    assert chain == [FIRST, *STEPS]
    assert scripts().get_current_head() == HEAD


def test_an_empty_database_is_begun_by_the_first_script_as_well(tmp_path: Path) -> None:
    """Alembic's own chain, from nothing, ends with the tables of this version."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext, MigrationStep

    found = scripts()
    made = engine(sqlite_address(tmp_path / "grader.db") + "?timeout=5")
    with made.begin() as connection:

        def steps(_rev: object, _context: object) -> list[MigrationStep]:
            chain = reversed([*found.iterate_revisions("head", "base")])
            return [MigrationStep.upgrade_from_script(found.revision_map, script) for script in chain]

        context = MigrationContext.configure(connection, opts={"fn": steps})
        with Operations.context(context):
            context.run_migrations()
    made.dispose()
    with Store(sqlite_address(tmp_path / "grader.db")) as store:
        store.keep(passing("ann"))
        assert store.known("k", "ann") == passing("ann")


def test_a_newer_database_is_refused(any_address: str) -> None:
    """What a newer toolkit wrote is neither read nor changed; the sentence says both versions and what to do."""
    with Store(any_address) as store:
        store.keep(passing("ann"))
        store.database.change("UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(UsageError, match="version 0099, which a newer .* at most; update autograder") as caught:
        Store(any_address)
    assert "\n" not in str(caught.value)


def test_a_database_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    """A version that there is no way from is one sentence, and nothing is changed."""
    address = make_old_file(tmp_path / "grader.db", old_rows())
    with closing(sqlite3.connect(tmp_path / "grader.db")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0000-mine')")
        connection.commit()
    before = (tmp_path / "grader.db").read_bytes()
    with pytest.raises(UsageError, match="version 0000-mine, which a newer"):
        Store(address)
    assert (tmp_path / "grader.db").read_bytes() == before


def test_two_processes_may_migrate_at_once(old_address: str) -> None:
    """The second waits for the first, and then finds nothing to do."""
    program = f"from autograder.store import Store; print(len(Store({old_address!r}).reports()))"
    both = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [(out.strip(), error) for out, error in said] == [("4", ""), ("4", "")]


def _die_at(address: str, number: int) -> None:
    left = [number]

    def step(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Store(address, step=step).close()


@pytest.mark.long
def test_a_migration_killed_at_any_statement_leaves_the_old_database(tmp_path: Path) -> None:
    """Whenever it is killed, the file has all old rows and the old version, or all runs and the new one."""
    import autograder.store.migrating

    assert autograder.store.migrating  # imported once, and not in each child
    context, rows, finished, number = multiprocessing.get_context("fork"), old_rows(), False, 0
    while not finished:
        path = tmp_path / f"{number}.db"
        process = context.Process(target=_die_at, args=(make_old_file(path, rows), number))
        process.start()
        process.join()
        finished = process.exitcode == 0
        assert finished or process.exitcode == -signal.SIGKILL
        process.close()
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            table = "runs" if "alembic_version" in tables else "results"
            kept = connection.execute(f"SELECT report FROM {table} ORDER BY id").fetchall()
        assert ("results" in tables) == (table == "results")
        assert [text for (text,) in kept] == [row["report"] for row in rows]
        number += 3
    with Store(sqlite_address(path)) as store:
        assert len(runs(store.database)) == len(rows)
    assert number > 60  # every third statement of a good many
