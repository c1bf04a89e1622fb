"""What the store asks of a database: SQL with named values in, rows out, and one writer at a time; and SQLite, a file.

Every query is written once, in what SQLite and PostgreSQL have in common; `SqliteFile` carries it out by Python's own
library, `any_database` by SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import unquote

__all__ = [
    "WAIT_SECONDS",
    "Database",
    "DatabaseError",
    "SqliteFile",
    "Step",
    "Values",
    "file_of",
    "iso",
    "moment_of",
    "no_step",
    "one_line",
]

WAIT_SECONDS = 30.0
"""How long one writer waits for another."""

Values = Mapping[str, object]
Step = Callable[[str], None]
"""Called with each statement before it is run, and with ``"committed"`` and the steps of files."""


class DatabaseError(Exception):
    """The database refuses something; the text is its own reason, on one line, without a full stop.

    `remedy` is what to do about it, where that is known.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class Database(Protocol):
    """An open database; every method may raise `DatabaseError`."""

    @property
    def dialect(self) -> str:
        """``"sqlite"`` or ``"postgresql"``."""

    def rows(self, sql: str, values: Values = ...) -> list[tuple[Any, ...]]:
        """What a query finds."""

    def change(self, sql: str, values: Values = ...) -> int:
        """Run a statement; the number of rows that it changed."""

    def change_all(self, sql: str, several: Sequence[Values]) -> None:
        """Run a statement once for each of some values."""

    def add(self, sql: str, values: Values) -> int:
        """Run an INSERT into a table with an id; the id of the new row."""

    def transaction(self) -> AbstractContextManager[None]:
        """All statements inside, or none: what is written is on disk when it ends. One writer at a time has one."""

    def tables(self) -> set[str]:
        """The names of all tables."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns, in order."""

    def close(self) -> None:
        """Give back every connection."""


def iso(moment: datetime) -> str:
    """A time as the tables hold it: sorted as text, it is sorted in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str) -> datetime:
    """The time that `iso` wrote."""
    return datetime.fromisoformat(text)


def no_step(_: str) -> None:
    """Nothing; tests give a function that kills the process."""


def one_line(error: BaseException) -> str:
    """The reason that a database gives, on one line."""
    return " ".join(str(error).split("\n")[0].split()).rstrip(".") or type(error).__name__


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
