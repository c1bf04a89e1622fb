"""When everybody handed in, kept in the course's folder for each assignment that was collected or graded.

Late days are one budget for the whole term, and what was handed in may lie anywhere: so what is known of hand-ins is
written into ``hand_ins/NAME.json`` beside `grader_config.py`, by student, with the folder that it is from, and read
from there by whatever shows points. What was collected or graded last holds.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.course.term import HandIn
from autograder.early_start import NOTEBOOK_FORM

__all__ = ["HAND_INS", "Kept", "file_of", "files_in", "forget_hand_ins", "keep", "kept_in", "take_back"]

HAND_INS = "hand_ins"
"""The folder of these files in that of the course; git ignores it, because it names students."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A hand-in, and the folder that it is from: that of what was collected, or of what was graded.

    The folder is named as seen from that of the course, where it lies below that.
    """

    hand_in: HandIn
    source: str


def file_of(root: Path, assignment: str) -> Path:
    """Where the hand-ins of an assignment are kept; its form as a notebook has the same."""
    return root / HAND_INS / f"{assignment.removesuffix(NOTEBOOK_FORM)}.json"


def files_in(root: Path) -> list[Path]:
    """The files of all assignments, sorted."""
    return sorted((root / HAND_INS).glob("*.json"))


def kept_in(root: Path, assignment: str) -> tuple[Kept, ...]:
    """The hand-ins that are known of an assignment, by student; none where it was never collected nor graded.

    Raises:
        UsageError: the file cannot be read.
    """
    return _read(file_of(root, assignment))


def keep(
    root: Path, assignment: str, found: Mapping[str, Sequence[HandIn]], source: Path, *, graded: bool
) -> tuple[tuple[Kept, ...], tuple[Kept, ...]]:
    """Keep what was collected or graded; returns what was known before, and what is known now.

    Those of other students stay, but whoever was in this folder before and is not any more is left out. A hand-in
    without a time says nothing about late days: it is not kept, and takes the place of none.

    Args:
        root: the course's folder.
        assignment: its name.
        found: by student the hand-in that counts, or those of which the best one will, the last of them at the end.
        source: the folder that they are from.
        graded: they were graded, so each is the one that counts; else one that is known, and may count, stays.

    Raises:
        OSError: the file cannot be written.
        UsageError: what is there cannot be read.
    """
    name = _named(root, source)
    with _locked(root):
        before = kept_in(root, assignment)
        known = {each.hand_in.student: each for each in before if each.source != name or each.hand_in.student in found}
        for student, own in found.items():
            old, timed = known.get(student), [each for each in own if each.known]
            if timed and (graded or old is None or not any(_same(old.hand_in, each) for each in timed)):
                known[student] = Kept(timed[-1], name)
        now = tuple(known[student] for student in sorted(known))
        if now != before:
            _write(file_of(root, assignment), now)
    return before, now


def forget_hand_ins(root: Path, student: str, *, dry: bool = False) -> int:
    """Take a student out of the hand-ins of all assignments, also as a member of teams; how many there were.

    Raises:
        OSError: a file cannot be written.
        UsageError: a file cannot be read.
    """
    files = files_in(root)
    if not files:
        return 0
    count = 0
    with _locked(root):
        for path in files:
            before = _read(path)
            now = tuple(_without(each, student) for each in before if each.hand_in.student != student)
            count += sum(student in (each.hand_in.student, *each.hand_in.members) for each in before)
            if now != before and not dry:
                _write(path, now)
    return count


def take_back(root: Path, name: str, content: bytes) -> int:
    """Add the hand-ins of a file that was backed up, of students of whom none is known; how many there were.

    Raises:
        OSError: the file cannot be written.
        UsageError: what is there, or what was backed up, cannot be read.
    """
    path = root / HAND_INS / Path(name).name
    with _locked(root):
        known = {each.hand_in.student: each for each in _read(path)}
        new = [each for each in _decoded(content, path) if each.hand_in.student not in known]
        if new:
            _write(path, tuple(sorted((*known.values(), *new), key=lambda each: each.hand_in.student)))
    return len(new)


def _same(one: HandIn, other: HandIn) -> bool:
    return (one.attempt, one.time, one.members) == (other.attempt, other.time, other.members)


def _without(kept: Kept, student: str) -> Kept:
    members = tuple(name for name in kept.hand_in.members if name != student)
    return replace(kept, hand_in=replace(kept.hand_in, members=members))


def _named(root: Path, source: Path) -> str:
    there, here = source.resolve(), root.resolve()
    return there.relative_to(here).as_posix() if there.is_relative_to(here) else str(there)


def _read(path: Path) -> tuple[Kept, ...]:
    try:
        return _decoded(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None


def _decoded(content: bytes, path: Path) -> tuple[Kept, ...]:
    try:
        return msgspec.json.decode(content, type=tuple[Kept, ...])
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path} is damaged ({reason_of(error)}); move it away, and collect or grade the assignment again, which "
            "writes it anew."
        ) from None


def _write(path: Path, kept: tuple[Kept, ...]) -> None:
    atomic_files.write(path, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One process at a time changes the files; the next one waits."""
    folder = root / HAND_INS
    folder.mkdir(exist_ok=True)
    if not (folder / ".gitignore").exists():
        atomic_files.write(folder / ".gitignore", b"# hand-in times are personal data\n*\n")
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
