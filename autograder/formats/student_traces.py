"""All that there is of a student in a course: databases, graded folders, hand-ins, their times, and exports.

What is there is found first; then it is erased step by step, so that whoever asks can show each step, and do it or not.
Files that only name the student, such as a table that somebody made, are found in the end and left as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from autograder.checks.errors import UsageError
from autograder.checks.wording import counted, reason_of
from autograder.course import CONFIG_FILE, load
from autograder.course.kept_hand_ins import HAND_INS, forget_hand_ins
from autograder.course.roster import Person
from autograder.early_start import DATABASE
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

__all__ = ["Found", "Places", "Step", "find", "still_named", "to_erase"]

_EXPORTS = (*EXPORTERS, "notebooks")
"""The folders of exports below a graded one, where no other is named."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look for a student.

    Args:
        out: folders of `autograder grade`.
        inboxes: folders of hand-ins.
        database: the one that is named or that the course names; None for those of the folders.
        artefacts: the folder of files that checks left; None for that beside a database file.
        shared: whether other databases may have files in that folder.
        root: the folder of the course; None for none.
        course: the course that is named; None for none.
    """

    out: tuple[Path, ...]
    inboxes: tuple[Path, ...]
    database: str | None
    artefacts: Path | None
    shared: bool
    root: Path | None
    course: Path | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is erased at once, and what is said of it.

    Args:
        what: it, to be read after a word such as "Removed".
        erase: erases it.
        notes: sentences that follow.
    """

    what: str
    erase: Callable[[], None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that there is of a student, and the other names by which files may have the student."""

    student: str
    held: Mapping[Store, Held]
    traces: Mapping[Path, Traces]
    handed_in: tuple[Path, ...]
    hand_ins: int
    others: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    pushed: Mapping[Path, _Pushed]
    stores: tuple[Store, ...]


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


def find(student: str, places: Places, stack: ExitStack) -> Found:
    """All that there is of a student.

    Args:
        student: the name, as it stands in `grades.csv`.
        places: where to look.
        stack: closes the databases, which stay open for `to_erase`.

    Raises:
        UsageError: there is nothing of that student anywhere.
    """
    roster, root = _roster(places.root), places.root
    stores = tuple(stack.enter_context(Store(each, artefacts=places.artefacts)) for each in _databases(places))
    found = Found(
        student,
        {store: known for store in stores if (known := held_of(store, student))},
        {out: seen for out in places.out if (seen := traces_of(out, student)).anything},
        tuple(path for inbox in places.inboxes for path in _handed_in(inbox, student)),
        forget_hand_ins(root, student, dry=True) if root else 0,
        _other_names(roster.by_id.get(student)) if roster else (),
        _pseudonyms(student, places, roster),
        _pushed(student, places),
        stores,
    )
    if not (found.held or found.traces or found.handed_in or found.hand_ins):
        raise UsageError(f"There is nothing of {student!r} here; {_advice(student, roster, stores)}")
    return found


def _roster(root: Path | None) -> Roster | None:
    """Who takes the course; a roster that cannot be read hides nobody."""
    if root is None or not (root / CONFIG_FILE).is_file():
        return None
    return course_roster(load(root / CONFIG_FILE), root)


def _databases(places: Places) -> list[str]:
    """The databases that may know the student."""
    if places.database:
        return [places.database]
    return [sqlite_address(out.resolve() / DATABASE) for out in places.out if (out / DATABASE).is_file()]


def _handed_in(inbox: Path, student: str) -> list[Path]:
    """What lies there of a student: in the folder itself, or in folders of collected attempts below it."""
    found = [path for folder in _collections(inbox) for path in sorted(folder.iterdir())]
    return [path for path in found if student in (path.name, path.stem if path.is_file() else "")]


def _collections(inbox: Path) -> list[Path]:
    """The folder itself, and the folders of collected attempts below it."""
    return [inbox, *(each for each in sorted(inbox.iterdir()) if (each / COLLECTED).is_file())]


def _other_names(person: Person | None) -> tuple[str, ...]:
    """What else files may call somebody: the full name in both orders, e-mails and aliases."""
    if person is None:
        return ()
    first, _, last = person.name.rpartition(" ")
    turned = f"{last}, {first}" if first and "," not in person.name else ""
    names = (person.name, turned, *person.emails, *person.aliases)
    return tuple(dict.fromkeys(name for name in names if name and name != person.id))


def _pseudonyms(student: str, places: Places, roster: Roster | None) -> tuple[str, ...]:
    """The names of the student on leaderboards: from the roster, and as they were handed in."""
    person = roster.by_id.get(student) if roster else None
    own = [each.pseudonym for out in places.out for each in reports_in(out) if each.student == student]
    names = (person.pseudonym if person else "", *own)
    return tuple(dict.fromkeys(name for name in names if name and name not in ("-", student)))


def _pushed(student: str, places: Places) -> dict[Path, _Pushed]:
    """The files of `autograder push` in graded folders, with the lines about the numbers that hand-ins have."""
    numbers: dict[str, set[str]] = {}
    for folder in (each for inbox in places.inboxes for each in _collections(inbox)):
        for attempt in read_attempts(folder):
            key = attempt.member_keys.get(student, attempt.key if attempt.student == student else "")
            numbers.setdefault(attempt.source, set()).update([key] if key else [])
    found = {}
    for path, kind in ((out / name / JOURNAL, kind) for out in places.out for name, kind in SITES.items()):
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


def to_erase(found: Found, places: Places) -> Iterator[Step | str]:
    """What is to be erased, step by step, and sentences about what is not."""
    for store, own in found.held.items():
        yield _from_store(found, store, own, places)
    if places.root and found.hand_ins:
        what = f" from {places.root / HAND_INS}: {counted(found.hand_ins, 'hand-in time')}."
        yield Step(what, partial(_forget_hand_ins, places.root, found.student))
    for out, seen in found.traces.items():
        parts = [counted(len(seen.own), "file")]
        parts += [f"{counted(seen.lines, 'line')} of marks"] if seen.lines else []
        parts += [counted(seen.hand_ins, "hand-in time")] if seen.hand_ins else []
        yield Step(f" from {out}: {', '.join(parts)}.", partial(_erase_from_folder, out, found.student, places))
    for path in found.handed_in:
        yield Step(f": {path}", partial(_remove, path))
    for path, pushed in found.pushed.items():
        if pushed.own:
            yield Step(f" from {path}: {counted(pushed.own, 'line')}.", partial(write_text, path, pushed.left))
        elif not pushed.known:
            yield (
                f"Not known in {path}: it has numbers of the platform, and no hand-in says which one is the student's."
            )
    exports = list(_exports(found, places))
    for path in exports:
        yield Step(f", an export that names the student: {path}", partial(_remove, path))
    if exports:
        yield "`autograder export` writes exports again, without the student."


def _from_store(found: Found, store: Store, own: Held, places: Places) -> Step:
    notes = [
        f"Kept there under a pseudonym: {counted(own.check_results, 'result')} of checks, "
        f"{counted(own.marks, 'mark')}, {counted(own.publications, 'publication')}, "
        f"{counted(own.log_lines, 'line')} of the log, with their times.",
    ]
    if own.artefacts and places.shared:
        notes.append(
            f"Files of checks in {store.files}: databases that are not named here may use the same ones; what "
            "they lack then is made again when it is needed."
        )

    def erase_rows() -> None:
        forget_student(store, found.student, found.stores)
        if own.artefacts and not places.shared:
            with store.writing("the list of files"):
                remove_orphans(store.database, store.artefacts)

    what = (
        f" from {store.shown}: the name, {counted(own.reports, 'report')}, {counted(own.artefacts, 'file')}, "
        f"{counted(own.comments, 'comment')}, {counted(own.request_texts, 'request')}."
    )
    return Step(what, erase_rows, tuple(notes))


def _erase_from_folder(out: Path, student: str, places: Places) -> None:
    reports = reports_in(out)
    heading = heading_of(Source(out, places.course), reports[0].assignment) if reports else None
    erase(out, student, heading, term_at(places.course), recorded_marks(out, reports, places.database))


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


def _exports(found: Found, places: Places) -> Iterator[Path]:
    """Files and folders of exports that name the student; nothing below a folder that goes."""
    folders = [out / name for out in places.out for name in _EXPORTS if (out / name).is_dir()]
    gone: list[Path] = []
    for path in naming(folders, found.student, found.others):
        if path.name != JOURNAL and not any(path.is_relative_to(each) for each in gone):
            gone.append(path)
            yield path


def still_named(found: Found, places: Places) -> list[Path]:
    """The files that have the student's name, one of the roster, or a pseudonym, in folders and beside the course."""
    looked_at = (*places.out, *places.inboxes, *_beside(places.root))
    others = (*found.others, *found.pseudonyms)
    return [path for path in naming(looked_at, found.student, others) if path.name != JOURNAL]


def _beside(root: Path | None) -> list[Path]:
    """What else names students in a course: tables, hand-in times, and releases that were made for students."""
    if root is None:
        return []
    return [
        *sorted(root.glob("*.csv")),
        *sorted(root.glob(f"{HAND_INS}/*.json")),
        *sorted(root.glob("release/*.students")),
    ]
