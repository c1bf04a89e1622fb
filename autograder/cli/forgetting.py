"""`autograder forget`: what there is of a student in database, folders, hand-in times and exports, shown or erased."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.cli.kept import artefacts_of, course_folder
from autograder.course import CONFIG_FILE, load
from autograder.formats.student_traces import Found, Places, find, still_named, to_erase

__all__ = ["Forgotten", "forget"]

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The arguments of `autograder forget`."""

    student: str
    out: tuple[Path, ...]
    submissions: tuple[Path, ...]
    db: str | None
    course: Path | None
    yes: bool
    artefacts: Path | None = None
    all_files: bool = False


def forget(call: Forgotten) -> int:
    """Show what there is of a student and, if asked to, erase it; returns the exit code: 1 where the name still stands.

    Raises:
        UsageError: a folder is not there, or there is nothing of that student anywhere.
    """
    for folder in (*call.out, *call.submissions):
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}; correct the path.")
    places = _places(call)
    with ExitStack() as stack:
        for out in call.out:
            stack.enter_context(staging(out))
        found = find(call.student, places, stack)
        for step in to_erase(found, places):
            if isinstance(step, str):
                _say(step)
                continue
            if call.yes:
                step.erase()
            _say(f"{'Removed' if call.yes else 'To be removed'}{step.what}")
            for note in step.notes:
                _say(note)
    if not call.yes:
        _say("Nothing was changed; the same command with --yes does it.")
        return 0
    return _say_left(found, places, all_files=call.all_files)


def _places(call: Forgotten) -> Places:
    root = course_folder(call.course)
    config = root / CONFIG_FILE if root else None
    of_course = load(config).database if config and config.is_file() else None
    artefacts = artefacts_of(call.artefacts, root)
    alone = call.artefacts is None and of_course is not None and call.db in (None, of_course)
    own = (root / "submissions",) if root and (root / "submissions").is_dir() else ()
    return Places(
        out=call.out,
        inboxes=call.submissions or own,
        database=call.db or of_course,
        artefacts=artefacts,
        shared=artefacts is not None and not alone,  # the course names both: no other database has files there
        root=root,
        course=call.course,
    )


def _say_left(found: Found, places: Places, *, all_files: bool) -> int:
    """Name the files that still name the student; the exit code."""
    left = still_named(found, places)
    shown = left if all_files else left[:_MOST_NAMED]
    for path in shown:
        _say(f"Still named in: {path}")
    if more := len(left) - len(shown):
        _say(f"And in {counted(more, 'more file')}, {len(left)} in all; the same command with --all-files names each.")
    if found.others:
        _say(f"Looked for as well, from the roster: {', '.join(found.others)}.")
    if found.pseudonyms:
        _say(f"Looked for as well, as on leaderboards: {', '.join(found.pseudonyms)}.")
    _say("Not looked at: downloads, backups, and what was sent or uploaded elsewhere.")
    return 1 if left else 0


def _say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True)
