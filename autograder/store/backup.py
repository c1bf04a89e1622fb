"""The whole store in one file, and back: from SQLite or PostgreSQL, into SQLite or PostgreSQL.

A backup is a zip file with a manifest, the rows of each table as JSON lines, the files of checks by their hashes, and
what is kept beside the store.
It does not depend on the kind of database, so it also moves a course from one to another. Rows are read while no other
process may write. It holds everything that the store knows of students, so only its owner may read it.
"""

from __future__ import annotations

import glob
import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import msgspec

from autograder import __version__
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.store.artefacts import read_artefact, write_file
from autograder.store.database import Database, Step, iso, no_step
from autograder.store.history import Change, record
from autograder.store.results import Store
from autograder.store.schema import BOOLEANS, HEAD, TABLES

__all__ = ["Manifest", "files_beside", "restore_backup", "write_backup"]

_AT_ONCE = 500
_FORM = 1
_ENCRYPTED = 1  # a flag of a zip file's entry
_DAMAGED = (
    OSError,
    KeyError,
    ValueError,
    EOFError,
    NotImplementedError,  # compressed in a way that this Python does not know
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    msgspec.MsgspecError,
)
_MANIFEST, _ARTEFACTS, _BESIDE = "manifest.json", "artefacts", "beside"
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: `tables` are the numbers of rows, `columns` the names of their values.

    `tables_sha256` stands for the lines of each table, `artefacts` are the hashes of files, and `beside` those of what
    is kept beside the store, by name.
    """

    version: str
    made: str
    toolkit: str
    tables: dict[str, int]
    columns: dict[str, tuple[str, ...]]
    tables_sha256: dict[str, str]
    artefacts: tuple[str, ...]
    form: int = _FORM
    beside: dict[str, str] = field(default_factory=dict)


class _Hashing:
    """A stream that knows the hash of what was written to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._sha256 = stream, hashlib.sha256()

    def write(self, line: bytes) -> None:
        self._stream.write(line)
        self._sha256.update(line)

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def write_backup(store: Store, path: Path, step: Step = no_step, *, beside: Mapping[str, bytes] = _NOTHING) -> Manifest:
    """Write everything into a file, as a whole or not at all; on disk when this returns.

    Args:
        store: an open store.
        path: the file; one that is there is replaced.
        step: called before each step of the file, for tests that stop in between.
        beside: files that are kept beside the store, by name.

    Raises:
        UsageError: the database or a file cannot be read, or the backup cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _remove_old_drafts(path)
    try:
        with open(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _written(store, archive, step, beside)
            file.flush()
            step("fsync")
            os.fsync(file.fileno())
        step("replace")
        os.replace(draft, path)
        return manifest
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {reason_of(error)}; name another file.") from None
    finally:
        with suppress(OSError):
            draft.unlink()


def _remove_old_drafts(path: Path) -> None:
    """Remove what processes left that were killed: it holds names and grades as well."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*"):
        number = draft.suffix[1:]
        if number.isdigit() and not Path("/proc", number).exists():
            draft.unlink(missing_ok=True)


def _written(store: Store, archive: zipfile.ZipFile, step: Step, beside: Mapping[str, bytes]) -> Manifest:
    counts, columns, hashes = dict[str, int](), dict[str, tuple[str, ...]](), dict[str, str]()
    with store.writing("the backup"):  # nobody else writes meanwhile, so that all tables are of one moment
        for table in TABLES:
            step(table)
            columns[table] = store.database.columns(table)
            counts[table] = 0
            with archive.open(f"{table}.jsonl", "w", force_zip64=True) as stream:
                lines = _Hashing(stream)
                for row in _rows(store.database, table, columns[table]):
                    lines.write(msgspec.json.encode(row) + b"\n")
                    counts[table] += 1
                hashes[table] = lines.hexdigest()
        found = store.database.rows("SELECT DISTINCT sha256 FROM artefacts ORDER BY sha256")
    names = tuple(sha256 for (sha256,) in found)
    for name in names:
        step(name)
        archive.writestr(f"{_ARTEFACTS}/{name}", read_artefact(store.artefacts, name))
    for name, content in beside.items():
        archive.writestr(f"{_BESIDE}/{name}", content)
    others = {name: hashlib.sha256(content).hexdigest() for name, content in beside.items()}
    manifest = Manifest(HEAD, iso(datetime.now(UTC)), __version__, counts, columns, hashes, names, beside=others)
    archive.writestr(_MANIFEST, msgspec.json.encode(manifest))
    return manifest


def _rows(database: Database, table: str, columns: tuple[str, ...]) -> Iterator[list[Any]]:
    """All rows, by number, a few in memory at a time."""
    first = columns[0]  # id, or the run's
    named, order = ", ".join(columns), f"{first}, position" if table == "check_results" else first
    ((most,),) = database.rows(f"SELECT max({first}) FROM {table}")
    chosen = f"SELECT {named} FROM {table} WHERE {first} > :after AND {first} <= :up_to ORDER BY {order}"
    yes_or_no = [number for number, name in enumerate(columns) if name in BOOLEANS]
    for start in range(0, most or 0, _AT_ONCE):
        for row in map(list, database.rows(chosen, {"after": start, "up_to": start + _AT_ONCE})):
            for number in yes_or_no:
                row[number] = bool(row[number])  # SQLite has numbers for them
            yield row


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """The backup, with its manifest; what is none becomes one sentence."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(each.flag_bits & _ENCRYPTED for each in archive.infolist()):
                raise ValueError("it is encrypted")
            yield archive, msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
    except _DAMAGED as error:
        raise UsageError(f"{path} is no backup, or is damaged: {_why(path, error)}.") from None


def _why(path: Path, error: Exception) -> str:
    """What is wrong with the file, in our words and not in those of the libraries that read it."""
    if isinstance(error, OSError) and error.errno is not None:
        return reason_of(error)
    if not zipfile.is_zipfile(path):
        return "it is no zip file, or its end is missing"
    if isinstance(error, KeyError):
        return "a part of it is missing"
    if isinstance(error, msgspec.MsgspecError):
        return f"{_MANIFEST} has another form"
    return reason_of(error) if type(error) is ValueError else "its content was changed, or cut"


def files_beside(path: Path) -> dict[str, bytes]:
    """What was kept beside the store when it was backed up, by name; empty in a backup of an earlier version.

    Raises:
        UsageError: it is no backup, or is damaged.
    """
    found = {}
    with _opened(path) as (archive, manifest):
        for name, sha256 in manifest.beside.items():
            found[name] = archive.read(f"{_BESIDE}/{name}")
            if hashlib.sha256(found[name]).hexdigest() != sha256:
                raise ValueError(f"the content of {_BESIDE}/{name} is not what was written")
    return found


def restore_backup(path: Path, store: Store) -> Manifest:
    """Write a backup into an empty database, as a whole or not at all.

    Files of checks come first, so that no row is without its file; what is left of a restoring that was killed is used
    by the next one.

    Args:
        path: the backup.
        store: an open store without a row.

    Raises:
        UsageError: it is no backup, is damaged, or of another version, or the database is not empty.
    """
    with _opened(path) as (archive, manifest):
        if manifest.form != _FORM or manifest.version != HEAD:
            raise UsageError(
                f"{path} was made by autograder {manifest.toolkit}, whose tables have the version {manifest.version}, "
                f"and this one has {HEAD}; restore it with that one, and open the database with this one."
            )
        for name in manifest.artefacts:
            content = archive.read(f"{_ARTEFACTS}/{name}")
            if hashlib.sha256(content).hexdigest() != name:
                raise ValueError(f"the content of {_ARTEFACTS}/{name} is not what its name says")
            write_file(store.artefacts, content)
        with store.writing("what was backed up"):
            _refuse_rows(store)
            for table in TABLES:
                _restore_table(store.database, archive, table, manifest)
            _note(store.database, store.change(), manifest)
    return manifest


def _refuse_rows(store: Store) -> None:
    for table in TABLES:
        if store.database.rows(f"SELECT 1 FROM {table} LIMIT 1"):
            raise UsageError(
                f"{store.shown} holds results already; name a database that holds none with --db, or move this one "
                "away."
            )


def _restore_table(database: Database, archive: zipfile.ZipFile, table: str, manifest: Manifest) -> None:
    expected = database.columns(table)
    columns = manifest.columns[table]
    if set(columns) != set(expected):
        raise ValueError(f"the table {table} has other columns")
    places = ", ".join(f":{name}" for name in columns)
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
    count, sha256 = 0, hashlib.sha256()
    with archive.open(f"{table}.jsonl") as lines:
        for line in lines:
            sha256.update(line)
            count += 1
    if (count, sha256.hexdigest()) != (manifest.tables[table], manifest.tables_sha256[table]):
        raise ValueError(f"the rows of {table} are not those that were written")
    with archive.open(f"{table}.jsonl") as lines:  # only now: what the database refuses is no fault of the file's
        for line in lines:
            values: Mapping[str, object] = dict(zip(columns, msgspec.json.decode(line, type=list[Any]), strict=True))
            database.change(insert, values)
    if "id" in columns and database.dialect == "postgresql":  # new rows are numbered from there
        database.rows(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _note(database: Database, change: Change, manifest: Manifest) -> None:
    record(database, change, "restored", subject="backup", before=None, after=manifest.made)
