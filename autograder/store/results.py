"""The open store: reports to runs and back, whatever database keeps them.

A result is known by its `key`, the hash of everything that it follows from (submission, assignment, reference, data,
limits, options, version). The same key has the same result, so a second run asks here before it grades. Reports with
an INTERNAL verdict are kept for staff, but never taken as known: the next run grades them again.

Where nothing else is said, the database is a SQLite file, and Python's own library is enough for it; SQLAlchemy, which
takes a fifth of a second to import, is there for every other one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from autograder.checks.errors import UsageError
from autograder.results import Report
from autograder.store.artefacts import record_artefacts
from autograder.store.database import Database, DatabaseError, SqliteFile, Step, file_of, no_step
from autograder.store.history import Change, current_user
from autograder.store.runs import final_reports, keep_run, latest_reports, report_texts, seconds_by_student
from autograder.store.schema import prepare

__all__ = ["Store", "check_address", "sqlite_address"]

_AT_ONCE = 500  # keys in one query: databases take about a thousand at most


def check_address(address: str) -> None:
    """Refuse an address that no database can have here, without connecting to one.

    Raises:
        UsageError: it is no address, or this machine has no driver for that kind of database.
    """
    if file_of(address) is None:
        from autograder.store.any_database import engine

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
        address: an SQLAlchemy address; the tables are made if they are not there, and migrated if they are older.
        who: the user whose changes are logged; else that of this process.
        artefacts: the folder of files that checks left; else the one beside a SQLite file.
        step: called before each statement, for tests that stop in between.

    Raises:
        UsageError: the address cannot be used, or the database is of a newer version; one sentence, without the
            password in it.
    """

    def __init__(self, address: str, *, who: str = "", artefacts: Path | None = None, step: Step = no_step) -> None:
        check_address(address)
        self.address = address
        self.who = who or current_user()
        self._artefacts = artefacts
        try:
            self.database = _opened(address, step)
        except DatabaseError as error:
            remedy = error.remedy or "name another one with --db, or move this one away"
            raise _unusable(address, f"{error}; {remedy}.") from None

    def known(self, key: str, student: str) -> Report | None:
        """The finished report of this student under this key, or None when it has to be graded."""
        return self.all_known([(key, student)]).get((key, student))

    def all_known(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Report]:
        """The finished reports under these pairs of key and student, those that there are, in a few queries."""
        pairs = set(asked)
        keys = sorted({key for key, _ in pairs})
        found = dict[tuple[str, str], Report]()
        for start in range(0, len(keys), _AT_ONCE):
            with self.reading():
                texts = final_reports(self.database, keys[start : start + _AT_ONCE])
            for key, student, text in texts:
                if (key, student) in pairs and (report := _decoded(text)) is not None:
                    found[key, student] = report
        return found

    def latest(self, assignment: str, submissions: Iterable[str]) -> dict[str, Report]:
        """By student, the newest finished report of one of these submissions, by their hashes, under any key."""
        hashes = sorted(set(submissions))
        found = dict[str, Report]()
        for start in range(0, len(hashes), _AT_ONCE):
            with self.reading():
                texts = latest_reports(self.database, assignment, hashes[start : start + _AT_ONCE])
            found |= {student: report for student, text in texts.items() if (report := _decoded(text)) is not None}
        return found

    def seconds_by_student(self, assignment: str) -> dict[str, float]:
        """By student, the seconds of wall time that the checks of the newest finished run took."""
        with self.reading():
            return seconds_by_student(self.database, assignment)

    def keep(self, report: Report, received: datetime | None = None) -> None:
        """Write one report, in a transaction of its own; when this returns, it is on disk.

        A report without INTERNAL is never replaced by one with it.

        Args:
            report: the result.
            received: when the submission was handed in, as far as that is known.

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
        with self.writing(f"the result of {report.student}"):
            run = keep_run(self.database, report, text, self.change(), received)
            if run is not None and (folder := self.files) is not None:
                record_artefacts(self.database, folder, run, report.replay.artefacts)

    def rescore(self, reports: Sequence[Report]) -> None:
        """Put reports that are scored anew in place of what is kept under their keys; all of them or none.

        Points, available points and points of each check that were there before stay in the log.

        Raises:
            UsageError: the database does not take it.
        """
        if not reports:
            return
        from autograder.store.runs import rescore_runs

        texts = [(report, msgspec.json.encode(report).decode()) for report in reports]
        with self.writing("the points of checks"):
            rescore_runs(self.database, texts, self.change())

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """A transaction, around what is written: all of it is on disk when this ends, or nothing.

        Args:
            what: what is written, for the sentence.

        Raises:
            UsageError: the database does not take it.
        """
        try:
            with self.database.transaction():
                yield
        except DatabaseError as error:
            raise UsageError(
                f"Cannot write {what} to {_shown(self.address)}: {error}; "
                "repair that and run the same command again, it goes on from here."
            ) from None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around queries: what the database refuses becomes one sentence.

        Raises:
            UsageError: the database cannot be read.
        """
        try:
            yield
        except DatabaseError as error:
            raise _unusable(self.address, f"{error}; repair that and run the same command again.") from None

    @property
    def artefacts(self) -> Path:
        """The folder of files that checks left.

        Raises:
            UsageError: the database is no file, and no folder was named.
        """
        if self._artefacts is not None:
            return self._artefacts
        if (path := file_of(self.address)) is None:
            raise UsageError(
                f"Files of checks have no place beside {_shown(self.address)}; name a folder with Course.artefacts in "
                "grader_config.py, or with --artefacts."
            )
        return Path(f"{path}.artefacts")

    @property
    def files(self) -> Path | None:
        """The same; None where there is no such folder."""
        return self._artefacts or (Path(f"{path}.artefacts") if (path := file_of(self.address)) else None)

    @property
    def shown(self) -> str:
        """The address, without its password."""
        return _shown(self.address)

    def change(self) -> Change:
        """A change of this moment, by the user of this store."""
        return Change.now(self.who)

    def reports(self, assignment: str = "", student: str = "") -> tuple[Report, ...]:
        """Every kept report, oldest first; of one assignment or one student if named."""
        with self.reading():
            texts = report_texts(self.database, assignment, student)
        return tuple(report for report in map(_decoded, texts) if report is not None)

    def close(self) -> None:
        """Give back every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(address: str, step: Step) -> Database:
    """The database at an address, with the tables of this version."""
    if (path := file_of(address)) is not None:
        database: Database = SqliteFile(path, step)
    else:
        from autograder.store.any_database import AnyDatabase

        database = AnyDatabase(address, step)

    def migrated() -> None:
        from autograder.store.migrating import migrate

        migrate(address, step)

    try:
        prepare(database, migrated)
    except DatabaseError:
        database.close()
        raise
    return database


def _decoded(text: str) -> Report | None:
    """The report, or None where it has another shape, because another version wrote it."""
    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError:
        return None


def _unusable(address: str, why: str) -> UsageError:
    return UsageError(f"Cannot use the results database {_shown(address)}: {why}")


def _shown(address: str) -> str:
    """The address without its password."""
    if file_of(address) is not None:
        return address
    from autograder.store.any_database import shown

    return shown(address)
