"""The table in a SQLite file, by Python's own library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote

from autograder.store.table import DatabaseError, Row, one_line

__all__ = ["SqliteFile", "file_of"]

_PREFIX = "sqlite:///"
_WAIT_SECONDS = 30.0
# The same table as `databases.RESULTS`: a test compares what both make.
_SCHEMA = (
    'CREATE TABLE IF NOT EXISTS results (id INTEGER NOT NULL, "key" VARCHAR(128) NOT NULL, '
    "assignment VARCHAR(255) NOT NULL, student VARCHAR(255) NOT NULL, finished DATETIME NOT NULL, "
    "internal BOOLEAN NOT NULL, report TEXT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS ix_results_assignment ON results (assignment)",
    'CREATE UNIQUE INDEX IF NOT EXISTS results_by_key ON results ("key", student)',
)


def file_of(address: str) -> str | None:
    """The file that an address names where it is a SQLite file and no more is said; None for any other address.

    As in SQLAlchemy, ``%20`` stands for a space.
    """
    path = address.removeprefix(_PREFIX)
    return unquote(path) if path != address and path not in ("", ":memory:") and "?" not in path else None


@contextmanager
def _reasons() -> Iterator[None]:
    """What SQLite refuses, in the terms of the table."""
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(one_line(error)) from None
    except UnicodeEncodeError as error:
        place = error.object[error.start]
        raise DatabaseError(f"a name or a report holds {place!r}, which is no character") from None


class SqliteFile:
    """The results in a file, which is made if it is not there.

    A commit returns only when the disk has it; a second grader waits for its turn instead of failing. The rollback
    journal, SQLite's default, is kept: it survives kill -9 and, unlike the WAL, network file systems.

    Raises:
        DatabaseError: the file cannot be opened, or is another one.
    """

    @_reasons()
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            for statement in _SCHEMA:
                self._connection.execute(statement)
        except sqlite3.Error:
            self._connection.close()
            raise

    @_reasons()
    def final(self, keys: Sequence[str]) -> list[tuple[str, str, str]]:
        """As `Rows.final`."""
        places = ", ".join("?" * len(keys))
        chosen = f"SELECT key, student, report FROM results WHERE NOT internal AND key IN ({places})"  # noqa: S608
        return self._connection.execute(chosen, keys).fetchall()

    @_reasons()
    def keep(self, row: Row) -> None:
        """As `Rows.keep`."""
        same = (row.key, row.student)
        with self._transaction():
            final = "SELECT id FROM results WHERE NOT internal AND key = ? AND student = ?"
            if row.internal and self._connection.execute(final, same).fetchone():
                return
            self._connection.execute("DELETE FROM results WHERE key = ? AND student = ?", same)
            self._connection.execute(
                "INSERT INTO results (key, assignment, student, finished, internal, report) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    row.key,
                    row.assignment,
                    row.student,
                    row.finished.isoformat(" ", "microseconds"),
                    row.internal,
                    row.report,
                ),
            )

    @_reasons()
    def texts(self, assignment: str, student: str) -> list[str]:
        """As `Rows.texts`."""
        chosen = "SELECT report FROM results WHERE ? IN ('', assignment) AND ? IN ('', student) ORDER BY id"
        return [text for (text,) in self._connection.execute(chosen, (assignment, student))]

    def close(self) -> None:
        """As `Rows.close`."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")  # refused where somebody reads all the while: the transaction stays open
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends it by itself
                self._connection.execute("ROLLBACK")
            raise
