"""`autograder backup` and `restore`: all that is kept of a course, in one file, and back again."""

from __future__ import annotations

from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.cli.common import DATABASE, console
from autograder.course import CONFIG_FILE, load
from autograder.course.kept_hand_ins import HAND_INS, files_in, kept_in, take_back
from autograder.store import Store, sqlite_address
from autograder.store.backup import Manifest, files_beside, restore_backup, write_backup
from autograder.store.database import file_of

__all__ = ["address_of", "artefacts_of", "back_up", "course_folder", "restore"]


def course_folder(course: Path | None) -> Path | None:
    """The folder of the course: the one that is named, or the one in which one is."""
    if course is not None:
        return course
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / CONFIG_FILE).is_file()), None)


def artefacts_of(named: Path | None, root: Path | None) -> Path | None:
    """The folder of files that checks left: the named one, or the course's; None for that beside a database file."""
    if named is not None or root is None or not (root / CONFIG_FILE).is_file():
        return named
    return load(root / CONFIG_FILE).artefacts_at(root)


def address_of(db: str | None, out: Path | None, course: Path | None, *, there: bool) -> str:
    """The database that is meant: --db, the course's, or that of a folder.

    Raises:
        UsageError: none is named, or it is a file that is not there although it has to be.
    """
    root = course_folder(course)
    named = db or (load(root / CONFIG_FILE).database if root and (root / CONFIG_FILE).is_file() else None)
    if named is None and out is None:
        raise UsageError("Say which database: --out DIR for that of a graded folder, or --db URL.")
    address = named or sqlite_address((out or Path()).resolve() / DATABASE)
    if there and (path := file_of(address)) is not None and not Path(path).is_file():
        raise UsageError(f"There is no results database {path}; name another one with --out or --db.")
    return address


def _is_of(root: Path, address: str) -> bool:
    """Whether a database is that of the course in which one is: the one that it names, or of a folder graded for it."""
    if (root / CONFIG_FILE).is_file() and (named := load(root / CONFIG_FILE).database):
        return address == named
    if (path := file_of(address)) is None:
        return False
    folder = Path(path).resolve().parent
    sources = {each.source for file in files_in(root) for each in kept_in(root, file.stem)}
    return folder.is_relative_to(root.resolve()) or str(folder) in sources


def back_up(file: Path, out: Path | None, db: str | None, course: Path | None, artefacts: Path | None = None) -> None:
    """Write the whole database, the files of checks and the course's hand-in times into one file.

    Raises:
        UsageError: there is no such database, or the file cannot be written.
    """
    root = course_folder(course)
    address = address_of(db, out, course, there=True)
    if course is None and root is not None and files_in(root) and not _is_of(root, address):
        _say(f"Not backed up: the hand-in times of {root}, whose database is another one; name a course with --course.")
        root = None
    try:
        beside = {path.name: path.read_bytes() for path in files_in(root)} if root else {}
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {reason_of(error)}.") from None
    with Store(address, artefacts=artefacts_of(artefacts, course_folder(course))) as store:
        manifest = write_backup(store, file, beside=beside)
        _say(f"Backed up {store.shown}: {_amount(manifest)}.")
    if beside:
        _say(f"Backed up {root and root / HAND_INS}: the hand-in times of {counted(len(beside), 'assignment')}.")
    _say(f"Backup:   {file} (it holds names and grades; only you can read it)")


def restore(file: Path, out: Path | None, db: str | None, course: Path | None, artefacts: Path | None = None) -> None:
    """Write a backup into an empty database, and hand-in times of students of whom none is known into the course.

    Raises:
        UsageError: it is no backup, or the database has something in it.
    """
    address, root, beside = address_of(db, out, course, there=False), course_folder(course), files_beside(file)
    if (path := file_of(address)) is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Store(address, artefacts=artefacts_of(artefacts, root)) as store:
        manifest = restore_backup(file, store)
        _say(f"Restored to {store.shown}: {_amount(manifest)}, as of {manifest.made[:16].replace('T', ' ')} UTC.")
    foreign = course is None and root is not None and not _is_of(root, address)
    if beside and (root is None or foreign):
        why = f"the database is not that of {root}" if foreign else "no course is here"
        _say(
            f"Not restored: the hand-in times of {counted(len(beside), 'assignment')}, because {why}; name "
            "it with --course, and another database."
        )
    elif beside and root is not None:
        try:
            new = sum(take_back(root, name, content) for name, content in beside.items())
        except OSError as error:
            raise UsageError(f"Cannot write {root / HAND_INS}: {reason_of(error)}; make it writable.") from None
        _say(f"Restored to {root / HAND_INS}: {counted(new, 'hand-in time')}; those that were there stay.")


def _amount(manifest: Manifest) -> str:
    tables = manifest.tables
    return ", ".join(
        (
            counted(tables["students"], "student"),
            counted(tables["runs"], "run"),
            counted(tables["marks"], "mark"),
            counted(len(manifest.artefacts), "file"),
        )
    )


def _say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True)
