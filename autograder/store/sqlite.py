"""A SQLite file, by Python's own library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from autograder.store.table import WAIT_SECONDS, DatabaseError, Step, Values, no_step, one_line

__all__ = ["SqliteFile", "file_of"]

_PREFIX = "sqlite:///"


def file_of(address: str) -> str | None:
    """The file that an address names where it is a SQLite file and no more is said; None for any other address.

    As in SQLAlchemy, ``%20`` stands for a space.
    """
    path = address.removeprefix(_PREFIX)
    return unquote(path) if path != address and path not in ("", ":memory:") and "?" not in path else None


@contextmanager
def _reasons() -> Iterator[None]:
    """What SQLite refuses, as `DatabaseError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(one_line(error)) from None
    except UnicodeEncodeError as error:
        place = error.object[error.start]
        raise DatabaseError(f"a name or a report holds {place!r}, which is no character") from None


class SqliteFile:
    """A database in a file, which is made if it is not there; see `Database`.

    A commit returns only when the disk has it; a second grader waits for its turn instead of failing. The rollback
    journal, SQLite's default, is kept: it survives kill -9 and, unlike the WAL, network file systems.

    Args:
        path: the file.
        step: called before each statement, for tests that stop in between.

    Raises:
        DatabaseError: the file cannot be opened, or is another one.
    """

    dialect = "sqlite"

    @_reasons()
    def __init__(self, path: str, step: Step = no_step) -> None:
        self._step = step
        self._connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            self._connection.close()
            raise

    def rows(self, sql: str, values: Values = {}) -> list[tuple[Any, ...]]:  # noqa: B006 (nobody writes to it)
        """As `Database.rows`."""
        return self._run(sql, values).fetchall()

    def change(self, sql: str, values: Values = {}) -> int:  # noqa: B006
        """As `Database.change`."""
        return self._run(sql, values).rowcount

    @_reasons()
    def change_all(self, sql: str, several: Sequence[Values]) -> None:
        """As `Database.change_all`."""
        self._step(sql)
        self._connection.executemany(sql, several)

    def add(self, sql: str, values: Values) -> int:
        """As `Database.add`."""
        return self._run(sql, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Database.transaction`."""
        self._run("BEGIN IMMEDIATE", {})
        try:
            yield
            self._run("COMMIT", {})  # refused where somebody reads all the while: the transaction stays open
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends it by itself
                self._connection.execute("ROLLBACK")
            raise
        self._step("committed")

    def tables(self) -> set[str]:
        """As `Database.tables`."""
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def columns(self, table: str) -> tuple[str, ...]:
        """As `Database.columns`."""
        return tuple(name for _, name, *_ in self.rows(f"PRAGMA table_info({table})"))

    def close(self) -> None:
        """As `Database.close`."""
        self._connection.close()

    @_reasons()
    def _run(self, sql: str, values: Values) -> sqlite3.Cursor:
        self._step(sql)
        return self._connection.execute(sql, values)
