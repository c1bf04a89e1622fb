"""`autograder backup`, `restore` and `forget`: what is kept of a course, in one file, back again, or erased."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import DATABASE, console, staging
from autograder.course import CONFIG_FILE, load
from autograder.formats.exporters import EXPORTERS
from autograder.formats.nbgrader.gathering import Source, heading_of
from autograder.reports.forgetting import erase, naming, reports_in, traces_of
from autograder.settings import near
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import remove_orphans
from autograder.store.backup import Manifest, restore_backup, write_backup
from autograder.store.forgetting import Held, forget_student, held_of
from autograder.store.history import students
from autograder.store.sqlite import file_of
from autograder.submissions.records import COLLECTED
from autograder.submissions.term import term_at

__all__ = ["Forgotten", "address_of", "back_up", "forget", "restore"]

_MOST_NAMED = 20


def _root(course: Path | None) -> Path | None:
    """The folder of the course: the one that is named, or the one in which one is."""
    if course is not None:
        return course
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / CONFIG_FILE).is_file()), None)


def address_of(db: str | None, out: Path | None, course: Path | None, *, there: bool) -> str:
    """The database that is meant: --db, the course's, or that of a folder.

    Raises:
        UsageError: none is named, or it is a file that is not there although it has to be.
    """
    root = _root(course)
    named = db or (load(root / CONFIG_FILE).database if root and (root / CONFIG_FILE).is_file() else None)
    if named is None and out is None:
        raise UsageError("Say which database: --out DIR for that of a graded folder, or --db URL.")
    address = named or sqlite_address((out or Path()).resolve() / DATABASE)
    if there and (path := file_of(address)) is not None and not Path(path).is_file():
        raise UsageError(f"There is no results database {path}; name another one with --out or --db.")
    return address


def back_up(file: Path, out: Path | None, db: str | None, course: Path | None) -> None:
    """Write the whole database, and the files of checks, into one file.

    Raises:
        UsageError: there is no such database, or the file cannot be written.
    """
    with Store(address_of(db, out, course, there=True)) as store:
        manifest = write_backup(store, file)
        _say(f"Backed up {store.shown}: {_amount(manifest)}.")
    _say(f"Backup:   {file} (it holds names and grades; only you can read it)")


def restore(file: Path, out: Path | None, db: str | None, course: Path | None) -> None:
    """Write a backup into an empty database.

    Raises:
        UsageError: it is no backup, or the database has something in it.
    """
    address = address_of(db, out, course, there=False)
    if (path := file_of(address)) is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Store(address) as store:
        manifest = restore_backup(file, store)
        _say(f"Restored to {store.shown}: {_amount(manifest)}, as of {manifest.made[:16].replace('T', ' ')} UTC.")


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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The arguments of `autograder forget`."""

    student: str
    out: tuple[Path, ...]
    submissions: tuple[Path, ...]
    db: str | None
    course: Path | None
    yes: bool


def forget(call: Forgotten) -> int:
    """Show what there is of a student and, if asked to, erase it; returns the exit code: 1 where the name still stands.

    Raises:
        UsageError: a folder is not there, or there is nothing of that student anywhere.
    """
    for folder in (*call.out, *call.submissions):
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}; correct the path.")
    root = _root(call.course)
    inboxes = call.submissions or ((root / "submissions",) if root and (root / "submissions").is_dir() else ())
    handed_in = [path for inbox in inboxes for path in _handed_in(inbox, call.student)]
    done = "Removed" if call.yes else "To be removed"
    with ExitStack() as stack:
        for out in call.out:
            stack.enter_context(staging(out))
        stores = [stack.enter_context(Store(address)) for address in _databases(call, root)]
        held = {store: known for store in stores if (known := held_of(store, call.student))}
        traces = {out: found for out in call.out if (found := traces_of(out, call.student)).anything}
        if not (held or traces or handed_in):
            names = {each.name for store in stores for each in students(store.database) if each.forgotten is None}
            raise UsageError(f"There is nothing of {call.student!r} here; {near(call.student, sorted(names))}")
        for store, own in held.items():
            if call.yes:
                forget_student(store, call.student)
                if own.artefacts:
                    with store.writing("the list of files"):
                        remove_orphans(store.database, store.artefacts)
            _say_held(done, store, own)
        for out, seen in traces.items():
            if call.yes:
                reports = reports_in(out)
                heading = heading_of(Source(out, call.course), reports[0].assignment) if reports else None
                erase(out, call.student, heading, term_at(call.course))
            parts = [counted(len(seen.own), "file")]
            parts += [f"{counted(seen.lines, 'line')} of marks"] if seen.lines else []
            parts += [counted(seen.hand_ins, "hand-in time")] if seen.hand_ins else []
            _say(f"{done} from {out}: {', '.join(parts)}.")
        for path in handed_in:
            if call.yes:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            _say(f"{done}: {path}")
    if not call.yes:
        _say("Nothing was changed; the same command with --yes does it.")
        return 0
    left = _say_left(call.student, (*call.out, *inboxes, *_beside(root)))
    _say_exports(call.out)
    return left


def _databases(call: Forgotten, root: Path | None) -> list[str]:
    """The databases that may know the student."""
    config = root / CONFIG_FILE if root else None
    named = call.db or (load(config).database if config and config.is_file() else None)
    if named:
        return [named]
    return [sqlite_address(out.resolve() / DATABASE) for out in call.out if (out / DATABASE).is_file()]


def _handed_in(inbox: Path, student: str) -> list[Path]:
    """What lies there of a student: in the folder itself, or in folders of collected attempts below it."""
    folders = [inbox, *(each for each in sorted(inbox.iterdir()) if (each / COLLECTED).is_file())]
    found = [path for folder in folders for path in sorted(folder.iterdir())]
    return [path for path in found if student in (path.name, path.stem if path.is_file() else "")]


def _beside(root: Path | None) -> list[Path]:
    """What else names students in a course: the tables in its folder, and releases that were made for students."""
    return [*sorted(root.glob("*.csv")), *sorted(root.glob("release/*.students"))] if root else []


def _say_held(done: str, store: Store, held: Held) -> None:
    _say(
        f"{done} from {store.shown}: the name, {counted(held.reports, 'report')}, {counted(held.artefacts, 'file')}, "
        f"{counted(held.comments, 'comment')}, {counted(held.request_texts, 'request')}."
    )
    _say(
        f"Kept there under a pseudonym: {counted(held.check_results, 'result')} of checks, "
        f"{counted(held.marks, 'mark')}, {counted(held.publications, 'publication')}, "
        f"{counted(held.log_lines, 'line')} of the log, with their times."
    )


def _say_left(student: str, places: Sequence[Path]) -> int:
    """Name the files that still have the name; the exit code."""
    left = list(naming(places, student))
    for path in left[:_MOST_NAMED]:
        _say(f"Still named in: {path}")
    if len(left) > _MOST_NAMED:
        _say(f"And in {counted(len(left) - _MOST_NAMED, 'more file')}.")
    _say("Not looked at: downloads, backups, and what was sent or uploaded elsewhere.")
    return 1 if left else 0


def _say_exports(folders: Sequence[Path]) -> None:
    """Name the exports that are there: they may know the student by another name, or by e-mail."""
    found = [str(out / name) for out in folders for name in EXPORTERS if (out / name).is_dir()]
    if found:
        _say(
            f"Exports that may have the student's full name or e-mail: {', '.join(found)}; remove them or export again."
        )


def _say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True)
