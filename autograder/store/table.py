"""What the store asks of a database: SQL with named values in, rows out, and one writer at a time.

Every query is written once, in what SQLite and PostgreSQL have in common; `sqlite` and `databases` carry it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

__all__ = ["WAIT_SECONDS", "Database", "DatabaseError", "Step", "Values", "iso", "moment_of", "no_step", "one_line"]

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
