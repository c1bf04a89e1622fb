"""The table in any database that SQLAlchemy knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from autograder import settings
from autograder.store.table import DatabaseError, Row, one_line

__all__ = ["RESULTS", "AnyDatabase", "engine", "shown"]

RESULTS = Table(
    "results",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("key", String(128), nullable=False),
    Column("assignment", String(255), nullable=False, index=True),
    Column("student", String(255), nullable=False),
    Column("finished", DateTime, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("report", Text, nullable=False),
    Index("results_by_key", "key", "student", unique=True),
)


def engine(address: str) -> Engine:
    """What connects to an address.

    Raises:
        DatabaseError: it is no address, or this machine has no driver for that kind of database.
    """
    try:
        made = create_engine(address)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise DatabaseError(_why_not(error)) from None
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _make_durable)
    return made


def shown(address: str) -> str:
    """An address with stars for its password; one that cannot be read as such, in quotes."""
    try:
        return settings.without_password(make_url(address).render_as_string(hide_password=True))
    except (SQLAlchemyError, ValueError):
        return repr(settings.without_password(address))


class AnyDatabase:
    """The results in a database, where the table is made if it is not there.

    Raises:
        DatabaseError: it cannot be reached, or does not let us make the table.
    """

    def __init__(self, address: str) -> None:
        self._engine = engine(address)
        try:
            RESULTS.metadata.create_all(self._engine)
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise _refused(error) from None

    def final(self, keys: Sequence[str]) -> list[tuple[str, str, str]]:
        """As `Rows.final`."""
        columns = RESULTS.c
        chosen = select(columns.key, columns.student, columns.report)
        return [
            (key, student, text)
            for key, student, text in self._read(chosen.where(columns.key.in_(keys), columns.internal.is_(False)))
        ]

    def keep(self, row: Row) -> None:
        """As `Rows.keep`."""
        columns = RESULTS.c
        same = (columns.key == row.key, columns.student == row.student)
        final = select(columns.id).where(*same, columns.internal.is_(False))
        try:
            with self._engine.begin() as connection:
                if row.internal and connection.scalars(final).first():
                    return
                connection.execute(delete(RESULTS).where(*same))
                connection.execute(insert(RESULTS).values(asdict(row)))
        except SQLAlchemyError as error:
            raise _refused(error) from None

    def texts(self, assignment: str, student: str) -> list[str]:
        """As `Rows.texts`."""
        columns = RESULTS.c
        chosen = select(columns.report).order_by(columns.id)
        if assignment:
            chosen = chosen.where(columns.assignment == assignment)
        if student:
            chosen = chosen.where(columns.student == student)
        return [text for (text,) in self._read(chosen)]

    def close(self) -> None:
        """As `Rows.close`."""
        self._engine.dispose()

    def _read(self, chosen: Any) -> Sequence[Any]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(chosen).all()
        except SQLAlchemyError as error:
            raise _refused(error) from None


def _make_durable(connection: Any, _record: object) -> None:
    """What `SqliteFile` asks of a file, for addresses that say more than one."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()


def _why_not(error: Exception) -> str:
    """Why an address is none, and what to do."""
    if isinstance(error, NoSuchModuleError):
        return "no package here knows a database system of that name; correct the word before ://, or install one"
    if isinstance(error, ImportError):
        return f"the Python package {error.name!r}, which talks to it, is not installed; install it"
    return "this is not an SQLAlchemy address; give one such as sqlite:////srv/course/grader.db"


def _refused(error: SQLAlchemyError) -> DatabaseError:
    """The database's own words, without SQLAlchemy's frame around them."""
    return DatabaseError(one_line(getattr(error, "orig", None) or error))
