"""`autograder forget`: what there is of a student in database, folders, hand-in times and exports, shown or erased."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.cli.common import DATABASE, console, staging
from autograder.cli.kept import artefacts_of, course_folder
from autograder.course import CONFIG_FILE, load
from autograder.course.kept_hand_ins import HAND_INS, forget_hand_ins
from autograder.course.roster import Person
from autograder.formats.exporters import EXPORTERS
from autograder.formats.lms.records import JOURNAL
from autograder.formats.lms.sites import SITES
from autograder.formats.nbgrader.gathering import Source, heading_of
from autograder.formats.recorded_marks import recorded_marks
from autograder.reports.files import write_text
from autograder.reports.forgetting import Traces, erase, naming, reports_in, traces_of
from autograder.settings import near
from autograder.store import Store, sqlite_address
from autograder.store.artefacts import remove_orphans
from autograder.store.forgetting import Held, forget_student, held_of
from autograder.store.history import students
from autograder.submissions.attempts import read_attempts
from autograder.submissions.records import COLLECTED
from autograder.submissions.term import Roster, course_roster, term_at

__all__ = ["Forgotten", "forget"]

_MOST_NAMED = 20
_EXPORTS = (*EXPORTERS, "notebooks")
"""The folders below DIR that `autograder export` writes, where no other is named."""


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


class _Line(msgspec.Struct, frozen=True):
    """What is read of a line about a grade that was pushed."""

    number: str


@dataclass(frozen=True, slots=True)
class _Pushed:
    """What a file has of grades that were pushed: lines about the student, the others, and whether the number is known.

    It knows students by the platform's numbers alone, of which one may be another student's id.
    """

    own: int
    left: str
    known: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """All that there is of a student, and the other names by which files may have the student.

    `stores` are all that were opened; `shared` says that the folder of their files may be that of others as well.
    """

    held: Mapping[Store, Held]
    traces: Mapping[Path, Traces]
    handed_in: Sequence[Path]
    hand_ins: int
    others: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    pushed: Mapping[Path, _Pushed]
    stores: Sequence[Store]
    shared: bool

    @property
    def anything(self) -> bool:
        return bool(self.held or self.traces or self.handed_in or self.hand_ins)


def forget(call: Forgotten) -> int:
    """Show what there is of a student and, if asked to, erase it; returns the exit code: 1 where the name still stands.

    Raises:
        UsageError: a folder is not there, or there is nothing of that student anywhere.
    """
    for folder in (*call.out, *call.submissions):
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}; correct the path.")
    root = course_folder(call.course)
    roster = _roster(root)
    inboxes = call.submissions or ((root / "submissions",) if root and (root / "submissions").is_dir() else ())
    with ExitStack() as stack:
        for out in call.out:
            stack.enter_context(staging(out))
        folder_of_files = artefacts_of(call.artefacts, root)
        stores = [stack.enter_context(Store(address, artefacts=folder_of_files)) for address in _databases(call, root)]
        found = _Found(
            {store: known for store in stores if (known := held_of(store, call.student))},
            {out: seen for out in call.out if (seen := traces_of(out, call.student)).anything},
            [path for inbox in inboxes for path in _handed_in(inbox, call.student)],
            forget_hand_ins(root, call.student, dry=True) if root else 0,
            _other_names(roster.by_id.get(call.student)) if roster else (),
            _pseudonyms(call, roster),
            _pushed(call, inboxes),
            stores,
            folder_of_files is not None and not _is_alone(call, root),
        )
        if not found.anything:
            raise UsageError(f"There is nothing of {call.student!r} here; {_advice(call.student, roster, stores)}")
        _erase(call, root, found)
    if not call.yes:
        _say("Nothing was changed; the same command with --yes does it.")
        return 0
    return _say_left(call, found, (*call.out, *inboxes, *_beside(root)))


def _roster(root: Path | None) -> Roster | None:
    """Who takes the course; a roster that cannot be read hides nobody."""
    if root is None or not (root / CONFIG_FILE).is_file():
        return None
    return course_roster(load(root / CONFIG_FILE), root)


def _other_names(person: Person | None) -> tuple[str, ...]:
    """What else files may call somebody: the full name in both orders, e-mails and aliases."""
    if person is None:
        return ()
    first, _, last = person.name.rpartition(" ")
    turned = f"{last}, {first}" if first and "," not in person.name else ""
    names = (person.name, turned, *person.emails, *person.aliases)
    return tuple(dict.fromkeys(name for name in names if name and name != person.id))


def _pseudonyms(call: Forgotten, roster: Roster | None) -> tuple[str, ...]:
    """The names of the student on leaderboards: from the roster, and as they were handed in."""
    person = roster.by_id.get(call.student) if roster else None
    own = [each.pseudonym for out in call.out for each in reports_in(out) if each.student == call.student]
    names = (person.pseudonym if person else "", *own)
    return tuple(dict.fromkeys(name for name in names if name and name not in ("-", call.student)))


def _pushed(call: Forgotten, inboxes: Sequence[Path]) -> dict[Path, _Pushed]:
    """The files of `autograder push` in graded folders, with the lines about the numbers that hand-ins have."""
    numbers: dict[str, set[str]] = {}
    for folder in (each for inbox in inboxes for each in _collections(inbox)):
        for attempt in read_attempts(folder):
            key = attempt.member_keys.get(call.student, attempt.key if attempt.student == call.student else "")
            numbers.setdefault(attempt.source, set()).update([key] if key else [])
    found = {}
    for path, kind in ((out / name / JOURNAL, kind) for out in call.out for name, kind in SITES.items()):
        if path.is_file():
            known = numbers.get(kind.source, set())
            lines = path.read_bytes().decode("utf-8", "replace").splitlines(keepends=True)
            left = [line for line in lines if _number_of(line) not in known]
            found[path] = _Pushed(len(lines) - len(left), "".join(left), bool(known))
    return found


def _number_of(line: str) -> str | None:
    """The platform's number of a line; None of one that a killed command did not finish."""
    try:
        return msgspec.json.decode(line, type=_Line).number
    except msgspec.MsgspecError:
        return None


def _advice(student: str, roster: Roster | None, stores: Sequence[Store]) -> str:
    meant = roster.find([student], [student]) if roster else ()
    if len(meant) == 1 and meant[0].id != student:
        return f"on the roster that is {meant[0].id!r}: give this id."
    names = {each.name for store in stores for each in students(store.database) if each.forgotten is None}
    if not names:
        return "no student is known here. Name the folder of `autograder grade ... --out` with --out."
    return near(student, sorted(names))


def _erase(call: Forgotten, root: Path | None, found: _Found) -> None:
    """Erase what was found, if asked to, and say what it is."""
    done = "Removed" if call.yes else "To be removed"
    for store, own in found.held.items():
        if call.yes:
            forget_student(store, call.student, found.stores)
            if own.artefacts and not found.shared:
                with store.writing("the list of files"):
                    remove_orphans(store.database, store.artefacts)
        _say_held(done, store, own)
        if own.artefacts and found.shared:
            _say(
                f"Files of checks in {store.files}: databases that are not named here may use the same ones; what "
                "they lack then is made again when it is needed."
            )
    if root and found.hand_ins:
        if call.yes:
            _forget_hand_ins(root, call.student)
        _say(f"{done} from {root / HAND_INS}: {counted(found.hand_ins, 'hand-in time')}.")
    for out, seen in found.traces.items():
        if call.yes:
            reports = reports_in(out)
            heading = heading_of(Source(out, call.course), reports[0].assignment) if reports else None
            recorded = recorded_marks(out, reports, _named_database(call, root))
            erase(out, call.student, heading, term_at(call.course), recorded)
        parts = [counted(len(seen.own), "file")]
        parts += [f"{counted(seen.lines, 'line')} of marks"] if seen.lines else []
        parts += [counted(seen.hand_ins, "hand-in time")] if seen.hand_ins else []
        _say(f"{done} from {out}: {', '.join(parts)}.")
    for path in found.handed_in:
        if call.yes:
            _remove(path)
        _say(f"{done}: {path}")
    _erase_pushed(done, found.pushed, yes=call.yes)
    _erase_exports(done, list(_exports(call, found.others)), yes=call.yes)


def _erase_pushed(done: str, found: Mapping[Path, _Pushed], *, yes: bool) -> None:
    for path, pushed in found.items():
        if pushed.own and yes:
            write_text(path, pushed.left)
        if pushed.own:
            _say(f"{done} from {path}: {counted(pushed.own, 'line')}.")
        elif not pushed.known:
            _say(
                f"Not known in {path}: it has numbers of the platform, and no hand-in says which one is the student's."
            )


def _erase_exports(done: str, exports: Sequence[Path], *, yes: bool) -> None:
    for path in exports:
        if yes:
            _remove(path)
        _say(f"{done}, an export that names the student: {path}")
    if exports:
        _say("`autograder export` writes exports again, without the student.")


def _forget_hand_ins(root: Path, student: str) -> None:
    try:
        forget_hand_ins(root, student)
    except OSError as error:
        raise UsageError(f"Cannot write {root / HAND_INS}: {reason_of(error)}; make it writable.") from None


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exports(call: Forgotten, others: Sequence[str]) -> Iterator[Path]:
    """Files and folders of exports that name the student; nothing below a folder that goes."""
    folders = [out / name for out in call.out for name in _EXPORTS if (out / name).is_dir()]
    gone: list[Path] = []
    for path in naming(folders, call.student, others):
        if path.name != JOURNAL and not any(path.is_relative_to(each) for each in gone):
            gone.append(path)
            yield path


def _named_database(call: Forgotten, root: Path | None) -> str | None:
    config = root / CONFIG_FILE if root else None
    return call.db or (load(config).database if config and config.is_file() else None)


def _is_alone(call: Forgotten, root: Path | None) -> bool:
    """Whether the database is the only one of the folder of files, because the course names both and the call none."""
    config = root / CONFIG_FILE if root else None
    database = load(config).database if config and config.is_file() else None
    return call.artefacts is None and database is not None and call.db in (None, database)


def _databases(call: Forgotten, root: Path | None) -> list[str]:
    """The databases that may know the student."""
    if named := _named_database(call, root):
        return [named]
    return [sqlite_address(out.resolve() / DATABASE) for out in call.out if (out / DATABASE).is_file()]


def _handed_in(inbox: Path, student: str) -> list[Path]:
    """What lies there of a student: in the folder itself, or in folders of collected attempts below it."""
    found = [path for folder in _collections(inbox) for path in sorted(folder.iterdir())]
    return [path for path in found if student in (path.name, path.stem if path.is_file() else "")]


def _collections(inbox: Path) -> list[Path]:
    """The folder itself, and the folders of collected attempts below it."""
    return [inbox, *(each for each in sorted(inbox.iterdir()) if (each / COLLECTED).is_file())]


def _beside(root: Path | None) -> list[Path]:
    """What else names students in a course: tables, hand-in times, and releases that were made for students."""
    if root is None:
        return []
    return [
        *sorted(root.glob("*.csv")),
        *sorted(root.glob(f"{HAND_INS}/*.json")),
        *sorted(root.glob("release/*.students")),
    ]


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


def _say_left(call: Forgotten, found: _Found, places: Sequence[Path]) -> int:
    """Name the files that still have the student's name, one of the roster, or a pseudonym; the exit code."""
    others = (*found.others, *found.pseudonyms)
    left = [path for path in naming(places, call.student, others) if path.name != JOURNAL]
    shown = left if call.all_files else left[:_MOST_NAMED]
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
