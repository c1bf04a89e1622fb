"""Files that checks left, such as trained models: beside the database, named by the hash of their content.

A file is written, and on disk, before the row that names it, so that no row is ever without its file. What is left of a
process that was killed in between is a file without a row, an orphan; `remove_orphans` takes those away. Rows are
written, and orphans removed, while the writers' lock is held, so that no file goes that is just about to get a row.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.store.database import Database, Step, no_step

if TYPE_CHECKING:
    from autograder.store.records import Artefact

__all__ = [
    "artefacts",
    "file_in",
    "files_in",
    "read_artefact",
    "record_artefacts",
    "remove_orphans",
    "remove_superseded",
    "write_file",
]

HANDED_ON = "handed on"
"""What a file is that holds what a check hands on to others."""
_NAME = re.compile(r"[0-9a-f]{64}")
_YOUNG_SECONDS = 3600.0
"""So old an orphan is at least before it goes: nobody is still about to write its row."""


def file_in(folder: Path, sha256: str) -> Path:
    """Where the file of that hash lies."""
    return folder / sha256[:2] / sha256


def files_in(folder: Path) -> Iterator[Path]:
    """Every file of the folder that is named by a hash, sorted."""
    yield from (path for path in sorted(folder.glob("??/*")) if _NAME.fullmatch(path.name))


def write_file(folder: Path, content: bytes, step: Step = no_step) -> str:
    """Write a file, unless one of this content is there; on disk when this returns.

    Args:
        folder: the folder of all artefacts; it is made.
        content: what is in it.
        step: called before each step, for tests that stop in between.

    Returns:
        The hash that is its name.

    Raises:
        UsageError: it cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    path = file_in(folder, sha256)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            os.utime(path)  # young again: it is about to get a row
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        step("open")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            step("fsync")
            os.fsync(file.fileno())
        step("replace")
        os.replace(draft, path)
        step("replaced")
        for made in (path.parent, folder):
            _on_disk(made)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UsageError(
            f"Cannot write {path}: {reason_of(error)}; repair that and run the same command again."
        ) from None
    return sha256


def _on_disk(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def record_artefacts(database: Database, folder: Path, run: int, files: Mapping[str, str]) -> None:
    """Name the files that the checks of a run left, in the place of all that are named; inside a transaction.

    Args:
        database: where the rows go.
        folder: where the files are; one that is gone gets no row.
        run: the run's number.
        files: their hashes by the check.
    """
    database.change("DELETE FROM artefacts WHERE run_id = :run", {"run": run})
    for check, sha256 in files.items():
        with suppress(OSError):
            size = file_in(folder, sha256).stat().st_size
            database.change(
                "INSERT INTO artefacts (run_id, check_id, name, sha256, size) "
                "VALUES (:run, :check, :name, :sha256, :size)",
                {"run": run, "check": check, "name": HANDED_ON, "sha256": sha256, "size": size},
            )


def artefacts(database: Database, run: int | None = None) -> tuple[Artefact, ...]:
    """The files of one run, or of all."""
    from autograder.store.records import Artefact

    found = database.rows(
        "SELECT run_id, check_id, name, sha256, size FROM artefacts WHERE :run = 0 OR run_id = :run ORDER BY id",
        {"run": run or 0},
    )
    return tuple(Artefact(*fields) for fields in found)


def read_artefact(folder: Path, sha256: str) -> bytes:
    """The content of a file.

    Raises:
        UsageError: it is not there, or its content has changed.
    """
    path = file_in(folder, sha256)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}; grade again, or restore a backup.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UsageError(f"{path} is damaged: its content is not what its name says; grade again, or restore a backup.")
    return content


def remove_superseded(database: Database, folder: Path, young: float = _YOUNG_SECONDS) -> tuple[str, ...]:
    """Remove files of a check that a later run of the same hand-in left anew, and orphans; inside a transaction.

    Args:
        database: where the rows are.
        folder: where the files are; those of one database alone.
        young: files that are younger than so many seconds stay.

    Returns:
        The names of the files that were removed.
    """
    database.change(
        "DELETE FROM artefacts WHERE id IN (SELECT o.id FROM artefacts o JOIN runs r ON r.id = o.run_id "
        "JOIN runs n ON n.attempt_id = r.attempt_id JOIN artefacts l ON l.run_id = n.id AND l.check_id = o.check_id "
        "WHERE NOT n.internal AND (n.finished > r.finished OR (n.finished = r.finished AND n.id > r.id)))",
        {},
    )
    return remove_orphans(database, folder, young)


def remove_orphans(database: Database, folder: Path, young: float = _YOUNG_SECONDS) -> tuple[str, ...]:
    """Remove files without a row, and drafts of processes that were killed; inside a transaction.

    Args:
        database: where the rows are.
        folder: where the files are.
        young: files that are younger than so many seconds stay.

    Returns:
        The names of the files that were removed.
    """
    named = {sha256 for (sha256,) in database.rows("SELECT DISTINCT sha256 FROM artefacts")}
    latest, removed = time.time() - young, []
    drafts = (path for path in folder.glob("??/.*") if _NAME.match(path.name[1:]))
    for path in (*files_in(folder), *sorted(drafts)):
        with suppress(FileNotFoundError):
            if path.name not in named and path.stat().st_mtime <= latest:
                path.unlink()
                removed.append(path.name)
    for parent in {file_in(folder, name.lstrip(".")).parent for name in removed}:
        with suppress(OSError):  # others are in it
            parent.rmdir()
    return tuple(removed)
