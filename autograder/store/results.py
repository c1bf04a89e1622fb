"""Reports to rows and back, whatever database keeps them.

A result is known by its `key`, the hash of everything that it follows from (submission, assignment, reference, data,
limits, options, version). The same key has the same result, so a second run asks here before it grades. Reports with
an INTERNAL verdict are kept for staff, but never taken as known: the next run grades them again.

Where nothing else is said, the database is a SQLite file, and Python's own library is enough for it; SQLAlchemy, which
takes a fifth of a second to import, is there for every other one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from autograder.checks.errors import UsageError
from autograder.results import Report
from autograder.store.sqlite import SqliteFile, file_of
from autograder.store.table import DatabaseError, Row, Rows

__all__ = ["Store", "check_address", "sqlite_address"]

_AT_ONCE = 500  # keys in one query: databases take about a thousand at most


def check_address(address: str) -> None:
    """Refuse an address that no database can have here, without connecting to one.

    Raises:
        UsageError: it is no address, or this machine has no driver for that kind of database.
    """
    if file_of(address) is None:
        from autograder.store.databases import engine

        try:
            engine(address).dispose()
        except DatabaseError as error:
            raise _unusable(address, f"{error}.") from None


def sqlite_address(path: Path) -> str:
    """The SQLAlchemy address of a SQLite file; what has a meaning in addresses is quoted."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


class Store:
    """An open results database; use it in a `with` statement, and in the thread that opened it.

    Args:
        address: an SQLAlchemy address; the table is made if it is not there.

    Raises:
        UsageError: the address cannot be used; one sentence, without the password in it.
    """

    def __init__(self, address: str) -> None:
        check_address(address)
        self._address = address
        try:
            self._rows = _opened(address)
        except DatabaseError as error:
            raise _unusable(address, f"{error}; name another one with --db, or move this one away.") from None

    def known(self, key: str, student: str) -> Report | None:
        """The finished report of this student under this key, or None when it has to be graded."""
        return self.all_known([(key, student)]).get((key, student))

    def all_known(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Report]:
        """The finished reports under these pairs of key and student, those that there are, in a few queries."""
        pairs = set(asked)
        keys = sorted({key for key, _ in pairs})
        found = dict[tuple[str, str], Report]()
        for start in range(0, len(keys), _AT_ONCE):
            for key, student, text in self._rows.final(keys[start : start + _AT_ONCE]):
                if (key, student) in pairs and (report := _decoded(text)) is not None:
                    found[key, student] = report
        return found

    def keep(self, report: Report) -> None:
        """Write one report, in a transaction of its own; when this returns, it is on disk.

        A report without INTERNAL is never replaced by one with it.

        Raises:
            UsageError: the database does not take it, or a name in it is no text.
        """
        try:
            text = msgspec.json.encode(report).decode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"Cannot write the result of {report.student!a}: it holds {error.object[error.start]!a}, which is no "
                "character; rename the file or the folder that has it in its name, and run the same command again."
            ) from None
        row = Row(
            key=report.replay.key,
            assignment=report.assignment,
            student=report.student,
            finished=datetime.now(UTC).replace(tzinfo=None),
            internal=report.internal,
            report=text,
        )
        try:
            self._rows.keep(row)
        except DatabaseError as error:
            raise UsageError(
                f"Cannot write the result of {report.student} to {_shown(self._address)}: {error}; "
                "repair that and run the same command again, it goes on from here."
            ) from None

    def reports(self, assignment: str = "", student: str = "") -> tuple[Report, ...]:
        """Every kept report, oldest first; of one assignment or one student if named."""
        texts = self._rows.texts(assignment, student)
        return tuple(report for report in map(_decoded, texts) if report is not None)

    def close(self) -> None:
        """Give back every connection."""
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(address: str) -> Rows:
    """The table of the database at an address, read once as this version writes it, so that another one is noticed."""
    if (path := file_of(address)) is not None:
        rows: Rows = SqliteFile(path)
    else:
        from autograder.store.databases import AnyDatabase

        rows = AnyDatabase(address)
    try:
        rows.final([""])
    except DatabaseError:
        rows.close()
        raise
    return rows


def _decoded(text: str) -> Report | None:
    """The report, or None when it was written by a version that had another shape."""
    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.ValidationError:
        return None


def _unusable(address: str, why: str) -> UsageError:
    return UsageError(f"Cannot use the results database {_shown(address)}: {why}")


def _shown(address: str) -> str:
    """The address without its password."""
    if file_of(address) is not None:
        return address
    from autograder.store.databases import shown

    return shown(address)
