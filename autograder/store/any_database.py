"""PostgreSQL, and SQLite addresses that say more than a file, by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from autograder import settings
from autograder.optional_packages import missing
from autograder.store.database import WAIT_SECONDS, DatabaseError, Step, Values, no_step, one_line

__all__ = ["AnyDatabase", "engine", "shown"]

_WRITERS = 7_293_471
"""The number of the advisory lock that every writer takes: as in SQLite, there is one at a time."""

_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE",),
    "postgresql": ("BEGIN", f"SELECT pg_advisory_xact_lock({_WRITERS})"),
}
_NO_CHARACTER = "\N{SYMBOL FOR NULL}"
"""Stands for U+0000, which PostgreSQL keeps in no text."""


def engine(address: str) -> Engine:
    """What connects to an address.

    Raises:
        DatabaseError: it is no address of a SQLite or PostgreSQL database, or this machine has no driver for that.
    """
    try:
        url = _with_driver(make_url(address))
        if (system := url.get_backend_name()) not in _BEGIN:
            raise DatabaseError(
                f"results are kept in SQLite and PostgreSQL, not in {system!r}; give an address such as "
                "sqlite:////srv/course/grader.db or postgresql://grader@server/course"
            )
        made = create_engine(url, pool_pre_ping=True)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise _why_not(error) from None
    event.listen(made, "connect", _prepare_sqlite if made.dialect.name == "sqlite" else _prepare_postgresql)
    return made


def shown(address: str) -> str:
    """An address with stars for its password; one that cannot be read as such, in quotes."""
    try:
        return settings.without_password(make_url(address).render_as_string(hide_password=True))
    except (SQLAlchemyError, ValueError):
        return repr(settings.without_password(address))


class AnyDatabase:
    """A database behind an address; see `Database`.

    A connection that was lost between two transactions is made again.

    Args:
        address: an SQLAlchemy address.
        step: called before each statement, for tests that stop in between.

    Raises:
        DatabaseError: it cannot be reached.
    """

    def __init__(self, address: str, step: Step = no_step) -> None:
        self._engine = engine(address)
        self._step = step
        self._open: Connection | None = None
        self.dialect = self._engine.dialect.name
        event.listen(self._engine, "before_cursor_execute", lambda _c, _r, sql, *_: self._step(sql))
        try:
            self.rows("SELECT 1")
        except DatabaseError:
            self._engine.dispose()
            raise

    def rows(self, sql: str, values: Values = {}) -> list[tuple[Any, ...]]:  # noqa: B006 (nobody writes to it)
        """As `Database.rows`."""
        with self.connection() as connection:
            return [tuple(row) for row in connection.execute(text(sql), _kept(values)).all()]

    def change(self, sql: str, values: Values = {}) -> int:  # noqa: B006
        """As `Database.change`."""
        with self.connection() as connection:
            if values:
                return connection.execute(text(sql), _kept(values)).rowcount
            return connection.exec_driver_sql(sql).rowcount

    def change_all(self, sql: str, several: Sequence[Values]) -> None:
        """As `Database.change_all`."""
        if several:
            with self.connection() as connection:
                connection.execute(text(sql), [_kept(each) for each in several])

    def add(self, sql: str, values: Values) -> int:
        """As `Database.add`."""
        with self.connection() as connection:
            if self.dialect == "postgresql":
                return int(connection.execute(text(f"{sql} RETURNING id"), _kept(values)).scalar_one())
            return connection.execute(text(sql), _kept(values)).lastrowid

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Database.transaction`."""
        with self.connection() as connection:
            try:
                self._open = connection
                for statement in _BEGIN[self.dialect]:
                    connection.exec_driver_sql(statement)
                yield
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(SQLAlchemyError):  # the connection is gone, and the transaction with it
                    connection.exec_driver_sql("ROLLBACK")
                raise
            finally:
                self._open = None
        self._step("committed")

    def tables(self) -> set[str]:
        """As `Database.tables`."""
        with self.connection() as connection:
            return {*inspect(connection).get_table_names()}

    def columns(self, table: str) -> tuple[str, ...]:
        """As `Database.columns`."""
        with self.connection() as connection:
            return tuple(str(column["name"]) for column in inspect(connection).get_columns(table))

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The connection of the transaction, or one for a single statement; refusals become `DatabaseError`."""
        try:
            if self._open is not None:
                yield self._open
            else:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    yield connection
        except SQLAlchemyError as error:
            raise DatabaseError(one_line(getattr(error, "orig", None) or error)) from None
        except UnicodeEncodeError as error:
            place = error.object[error.start]
            raise DatabaseError(f"a name or a report holds {place!r}, which is no character") from None

    def close(self) -> None:
        """As `Database.close`."""
        self._engine.dispose()


def _kept(values: Values) -> dict[str, object]:
    return {
        name: value.replace("\0", _NO_CHARACTER) if isinstance(value, str) else value for name, value in values.items()
    }


def _with_driver(url: URL) -> URL:
    """The address with the driver that the extra `postgresql` brings, where it names none."""
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """What `SqliteFile` asks of a file, for addresses that say more than one."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000:.0f}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """One writer waits for another as long as with SQLite."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{WAIT_SECONDS * 1000:.0f}ms'")
    cursor.close()
    connection.commit()


def _why_not(error: Exception) -> DatabaseError:
    """Why an address is none, and what to do."""
    if isinstance(error, NoSuchModuleError):
        return DatabaseError("no package here knows a driver of that name; correct the word behind +, or leave it out")
    if isinstance(error, ImportError):
        needed = missing(error, "it")
        return DatabaseError(
            needed or f"the Python package {error.name!r}, which talks to it, is not installed; install it"
        )
    return DatabaseError("this is not an SQLAlchemy address; give one such as sqlite:////srv/course/grader.db")
