"""The results database: every finished report, kept at once and for good, found again by what it depends on.

A result is known by its `key`, the hash of everything that it follows from (submission, assignment, reference, data,
limits, options, version). The same key has the same result, so a second run asks here before it grades. Reports with
an INTERNAL verdict are kept for staff, but never taken as known: the next run grades them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
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
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from autograder import settings
from autograder.checks.errors import UsageError
from autograder.results import Report

__all__ = ["RESULTS", "Store", "check_address", "sqlite_address"]

_AT_ONCE = 500  # keys in one query: databases take about a thousand at most

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
"""One report of one student in each row. `finished` is UTC; `report` is the JSON of `docs/report.schema.json`."""


def check_address(address: str) -> None:
    """Refuse an address that no database can have here, without connecting to one.

    Raises:
        UsageError: it is no address, or this machine has no driver for that kind of database.
    """
    _engine(address).dispose()


def sqlite_address(path: Path) -> str:
    """The SQLAlchemy address of a SQLite file."""
    return f"sqlite:///{path}"


class Store:
    """An open results database; use it in a `with` statement.

    Args:
        address: an SQLAlchemy address; the tables are made if they are not there.

    Raises:
        UsageError: the address cannot be used; one sentence, without the password in it.
    """

    def __init__(self, address: str) -> None:
        self._engine = _engine(address)
        self._address = _shown(address)
        try:
            RESULTS.metadata.create_all(self._engine)
            self.known("", "")  # reads a row as this version writes it, so that an older table is noticed here
        except (SQLAlchemyError, UsageError) as error:
            self._engine.dispose()
            raise UsageError(
                f"Cannot use the results database {self._address}: {_reason(error)}; "
                "name another one with --db, or move this one away."
            ) from None

    def known(self, key: str, student: str) -> Report | None:
        """The finished report of this student under this key, or None when it has to be graded."""
        columns = RESULTS.c
        chosen = select(columns.report).where(
            columns.key == key, columns.student == student, columns.internal.is_(False)
        )
        with self._engine.connect() as connection:
            text = connection.scalars(chosen).first()
        return None if text is None else _decoded(text)

    def all_known(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Report]:
        """The finished reports under these pairs of key and student, those that there are, in a few queries."""
        pairs = set(asked)
        keys = sorted({key for key, _ in pairs})
        columns, found = RESULTS.c, dict[tuple[str, str], Report]()
        with self._engine.connect() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = columns.key.in_(keys[start : start + _AT_ONCE])
                chosen = select(columns.key, columns.student, columns.report).where(some, columns.internal.is_(False))
                for key, student, text in connection.execute(chosen):
                    if (key, student) in pairs and (report := _decoded(text)) is not None:
                        found[key, student] = report
        return found

    def keep(self, report: Report) -> None:
        """Write one report, in a transaction of its own; when this returns, it is on disk.

        A report without INTERNAL is never replaced by one with it.

        Raises:
            UsageError: the database does not take it.
        """
        key = report.replay.key
        columns = RESULTS.c
        same = (columns.key == key, columns.student == report.student)
        final = select(columns.id).where(*same, columns.internal.is_(False))
        row = {
            "key": key,
            "assignment": report.assignment,
            "student": report.student,
            "finished": datetime.now(UTC).replace(tzinfo=None),
            "internal": report.internal,
            "report": msgspec.json.encode(report).decode(),
        }
        try:
            with self._engine.begin() as connection:
                if report.internal and connection.scalars(final).first():
                    return
                connection.execute(delete(RESULTS).where(*same))
                connection.execute(insert(RESULTS).values(row))
        except SQLAlchemyError as error:
            raise UsageError(
                f"Cannot write the result of {report.student} to {self._address}: {_reason(error)}; "
                "mend that and run the same command again, it goes on from here."
            ) from None

    def reports(self, assignment: str = "", student: str = "") -> tuple[Report, ...]:
        """Every kept report, oldest first; of one assignment or one student if named."""
        columns = RESULTS.c
        chosen = select(columns.report).order_by(columns.id)
        if assignment:
            chosen = chosen.where(columns.assignment == assignment)
        if student:
            chosen = chosen.where(columns.student == student)
        with self._engine.connect() as connection:
            texts = connection.scalars(chosen).all()
        return tuple(report for report in map(_decoded, texts) if report is not None)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(address: str) -> Engine:
    try:
        engine = create_engine(address)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise UsageError(f"Cannot use the results database {_shown(address)}: {_why_not(error)}.") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _make_durable)
    return engine


def _make_durable(connection: Any, _record: object) -> None:
    """A commit returns only when the disk has it; a second grader waits for its turn instead of failing.

    The rollback journal, SQLite's default, is kept: it survives kill -9 and, unlike the WAL, network file systems.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()


def _decoded(text: str) -> Report | None:
    """The report, or None when it was written by a version that had another shape."""
    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.ValidationError:
        return None


def _why_not(error: Exception) -> str:
    """Why an address is none, and what to do."""
    if isinstance(error, NoSuchModuleError):
        return "no package here knows a database system of that name; correct the word before ://, or install one"
    if isinstance(error, ImportError):
        return f"the Python package {error.name!r}, which talks to it, is not installed; install it"
    return "this is not an SQLAlchemy address; give one such as sqlite:////srv/course/grader.db"


def _shown(address: str) -> str:
    """The address without its password."""
    from sqlalchemy.engine import make_url

    try:
        return settings.without_password(make_url(address).render_as_string(hide_password=True))
    except (SQLAlchemyError, ValueError):
        return repr(settings.without_password(address))


def _reason(error: Exception) -> str:
    """The database's own words, without SQLAlchemy's frame around them, on one line."""
    inner = getattr(error, "orig", None) or error
    return " ".join(str(inner).split("\n")[0].split()).rstrip(".") or type(inner).__name__
