"""Releases for single students, where an assignment draws a variant for each; and that grading draws what was released.

They lie in ``release/NAME.students/STUDENT/``, which git leaves out: there is one for each student, and no student may
read another's. ``release/NAME.seed`` beside them is checked in: the fingerprint of the seed that they were drawn by, so
that another user or machine, whose seed is another one, draws nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.datasets import DataSet
from autograder.loader import Loaded
from autograder.release.building import build
from autograder.release.writing import write_archive
from autograder.reports.files import file_names
from autograder.seeding import keys_of
from autograder.settings import near
from autograder.submissions.names import student_name
from autograder.submissions.term import Roster

__all__ = ["chosen_students", "folder_of", "refuse_other_seed", "refuse_redrawn", "release_for", "unknown_students"]


def chosen_students(asked: Sequence[str], roster: Roster | None, *, everybody: bool) -> tuple[str, ...]:
    """The ids of the students that releases are made for.

    Args:
        asked: the ids that were named.
        roster: who takes the course; None where the course has no roster.
        everybody: whether all students of the roster are asked for.

    Raises:
        UsageError: somebody is not on the roster, or there is none and everybody is asked for.
    """
    if everybody and roster is None:
        raise UsageError("There is no roster.csv in the course's folder; write one with a line for each student.")
    known = tuple(roster.by_id) if roster else ()
    for student in asked:
        if roster and student not in known:
            raise UsageError(f"Nobody on the roster has the id {student!r}; {near(student, known)}")
        if student_name(student) != student:
            raise UsageError(
                f"{student!r} cannot be the name of a submission; name the student as in submissions: "
                f"{student_name(student)!r}."
            )
    chosen = known if everybody else tuple(dict.fromkeys(asked))
    folded = [student.casefold() for student in chosen]
    if twice := [student for student in chosen if folded.count(student.casefold()) > 1]:
        raise UsageError(f"The ids {' and '.join(twice)} differ in capitals only; give these students other ids.")
    return chosen


def release_for(
    loaded: Loaded, students: Iterable[str], dataset: DataSet | None, seed: str, *, archive: bool
) -> Iterator[Path]:
    """Write a release for each student, with the student's own variant; yields its folder or archive.

    Args:
        loaded: an assignment that draws variants.
        students: their ids.
        dataset: as of `build`.
        seed: the course's secret seed.
        archive: whether each release is packed as well.

    Raises:
        InstructorError: as `build`, or a variant cannot be drawn.
        UsageError: as `build`, or other releases were drawn by another seed.
    """
    refuse_other_seed(loaded, seed)
    if not _seed_file(loaded).is_file():
        said = f"# The fingerprint of the seed that variants of {loaded.id} are drawn by. Check this file in.\n"
        _seed_file(loaded).parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write(_seed_file(loaded), f"{said}{keys_of(seed).fingerprint}\n".encode())
    for student in students:
        out = folder_of(loaded, student)
        out.parent.mkdir(parents=True, exist_ok=True)
        ignored = out.parent / ".gitignore"
        if not ignored.is_file():
            atomic_files.write(ignored, b"*\n")
        build(loaded, out, dataset, loaded.variant_of(student, seed))
        yield write_archive(out) if archive else out


def folder_of(loaded: Loaded, student: str) -> Path:
    """Where the release of a student lies."""
    root = loaded.folder.parent.parent
    return root / "release" / f"{loaded.id}.students" / file_names([student])[student]


def _seed_file(loaded: Loaded) -> Path:
    return loaded.folder.parent.parent / "release" / f"{loaded.id}.seed"


def refuse_other_seed(loaded: Loaded, seed: str) -> None:
    """Refuse a seed that draws other variants than those that were released, here or on another machine.

    Raises:
        UsageError: the releases were drawn by another seed, or the file with its fingerprint cannot be read.
    """
    path = _seed_file(loaded)
    if loaded.assignment.variants is None or not path.exists():
        return
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}.") from None
    if keys_of(seed).fingerprint not in map(str.strip, lines):
        raise UsageError(
            f"{path}: the variants of {loaded.id} were released with another seed, so other ones would be drawn now; "
            "set AUTOGRADER_SEED to the seed of the releases (docs/variants.md). If no student has any of them yet, "
            "remove this file."
        )


def refuse_redrawn(loaded: Loaded, students: Iterable[str], seed: str) -> None:
    """Draw the variants of a class once before it is graded, and compare them with what was released here.

    Raises:
        InstructorError: a variant cannot be drawn.
        UsageError: a student was given another variant than is drawn now, or the seed is another one.
    """
    refuse_other_seed(loaded, seed)
    for student in students if loaded.assignment.variants else ():
        drawn, home = loaded.variant_of(student, seed), folder_of(loaded, student)
        for file, content in (drawn.everything if drawn else {}).items():
            if home.is_dir() and (not (home / file).is_file() or (home / file).read_bytes() != content):
                raise UsageError(
                    f"{home / file} is not what is drawn for {student} now, so the student has another variant than "
                    "would be graded: use the seed of the release (AUTOGRADER_SEED), the function that drew it, and "
                    f"the version of numpy; or run `autograder release {loaded.id} --for {student}` again."
                )


def unknown_students(students: Iterable[str], roster: Roster | None) -> tuple[str, ...]:
    """The students of submissions whose variants are nobody's, because the roster has no such id."""
    return tuple(student for student in students if roster and student not in roster.by_id)
