"""nbgrader's `submitted/STUDENT/ASSIGNMENT/`: staged submissions, and a source of hand-ins with their times."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from autograder.checks.errors import UsageError, Verdict
from autograder.formats.hand_ins import Asked, Found, HandIn, Source, Who
from autograder.formats.nbgrader.course import Assignment, Course, is_left_out
from autograder.formats.nbgrader.lateness import Stamp, read_stamp
from autograder.submissions import Caps, Recogniser, Submission, collect, collect_one
from autograder.submissions.file_trees import Tree
from autograder.submissions.folders import Unfit, open_regular
from autograder.submissions.names import student_name

__all__ = ["NBGRADER", "collect_again", "collect_course", "stamp_of", "stamps_of", "students_of", "times_of"]

TIMESTAMP = "timestamp.txt"
_CAPS = Caps(file_mib=64, submission_mib=256)
_OWN = (TIMESTAMP, "submission_secret.txt")


def collect_course(
    assignment: Assignment, staging: Path, submissions: Path | None = None, *, accept: bool = False
) -> tuple[Submission, ...]:
    """Stage every submission of an assignment, sorted by student, with the files that the instructor put beside it.

    Args:
        assignment: what is graded.
        staging: an own folder for the copies.
        submissions: a folder to be read in place of the course's own: with nbgrader's folders in it
            (``STUDENT/ASSIGNMENT/``), or one folder, notebook or archive for each student.
        accept: take the only notebook with the cells of a missing one for it, with a note; else it is named.

    Raises:
        UsageError: there are no submissions.
    """
    course = assignment.course
    found, recogniser = _handed_in(assignment, submissions), _recogniser(assignment, accept)
    if submissions is None and not found:
        where = course.step(course.settings.submitted, assignment.name, "STUDENT")
        raise UsageError(f"There is no submission in {where}; collect them, or name the folder that holds them.")
    if found:
        staged = tuple(
            collect_one([path], assignment.expected, staging, student, _CAPS, recogniser)
            for student, path in sorted(found.items())
        )
    else:
        assert submissions is not None
        staged = collect(submissions, assignment.expected, staging, _CAPS, recogniser)
    return tuple(_completed(assignment, each, found.get(each.student)) for each in staged)


def collect_again(
    assignment: Assignment, files: Sequence[Path], staging: Path, student: str, *, accept: bool = False
) -> Submission:
    """Stage one submission, named by its folder in ``submitted/`` or by its files, as `collect_course` does."""
    origin = next((path for path in files if path.is_dir()), files[0].parent)
    staged = collect_one(files, assignment.expected, staging, student, _CAPS, _recogniser(assignment, accept))
    return _completed(assignment, staged, origin)


def times_of(assignment: Assignment, submissions: Path | None = None) -> dict[str, datetime]:
    """When each student handed in, in UTC, where a `timestamp.txt` says so; arguments as for `collect_course`."""
    stamps = stamps_of(assignment, submissions)
    return {student: stamp.time for student, stamp in stamps.items() if stamp.time is not None}


def stamps_of(assignment: Assignment, submissions: Path | None = None) -> dict[str, Stamp]:
    """What each `timestamp.txt` says, by student; arguments as for `collect_course`."""
    settings = assignment.course.settings
    found = _handed_in(assignment, submissions).items()
    stamps = {student: stamp_of(path, settings.zone, settings.time_form) for student, path in found}
    return {student: stamp for student, stamp in stamps.items() if stamp is not None}


def stamp_of(folder: Path, zone: str = "UTC", form: str = "") -> Stamp | None:
    """What the `timestamp.txt` in the folder of a submission says, None where there is none; as `read_stamp`."""
    text = _text(folder / TIMESTAMP)
    return read_stamp(text, zone, form) if text.strip() else None


def _recogniser(assignment: Assignment, accept: bool) -> Recogniser:
    """Notebooks under other names are known by the names of nbgrader's cells in them."""
    names = {each.file: [cell.name for cell in each.source.cells if cell.role] for each in assignment.notebooks}
    return Recogniser(names, accept)


def _handed_in(assignment: Assignment, submissions: Path | None) -> dict[str, Path]:
    """The folder of each student that lies as nbgrader has them; none where `submissions` has another form.

    Students are called as in reports; of two folders that would be called the same, the second gets a number.
    """
    if submissions is None:
        folders = students_of(assignment.course, assignment.name)
    else:
        below = {each.name: each / assignment.name for each in _folders(submissions)}
        folders = {student: path for student, path in below.items() if path.is_dir() and not path.is_symlink()}
    found: dict[str, Path] = {}
    for folder, path in folders.items():
        name = student = student_name(folder)
        number = 1
        while student in found or (student != folder and student in folders):
            number += 1
            student = f"{name}-{number}"
        found[student] = path
    return found


def students_of(course: Course, assignment: str) -> dict[str, Path]:
    """The folder that each student handed in, by the student's name; the course's configuration may leave some out."""
    parts = PurePosixPath(course.settings.structure).parts
    mark = "\0"
    step = course.settings.submitted
    below = [part.format(nbgrader_step=step, student_id=mark, assignment_id=assignment) for part in parts]
    at = below.index(mark)
    above = course.root.joinpath(*below[:at])
    left_out = course.settings.students_left_out.split(",")
    found = {
        each.name: each.joinpath(*below[at + 1 :])
        for each in _folders(above)
        if fnmatchcase(each.name, course.settings.students) and each.name not in left_out
    }
    return {student: path for student, path in found.items() if path.is_dir() and not path.is_symlink()}


def _folders(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (
            each
            for each in sorted(path.iterdir())
            if each.is_dir() and not each.is_symlink() and not each.name.startswith(".")
        )


def _completed(assignment: Assignment, submission: Submission, origin: Path | None) -> Submission:
    """The staged copy with the instructor's files in it, and with the time that nbgrader noted."""
    notes = list(submission.notes)
    settings = assignment.course.settings
    if stamp := stamp_of(origin or submission.folder, settings.zone, settings.time_form):
        submission = replace(submission, received=stamp.time)
        if stamp.time:
            notes.append(f"Handed in on {stamp.time:%Y-%m-%d at %H:%M} UTC.")
        else:
            notes.append(f"{TIMESTAMP} cannot be read, so this counts as handed in on time: {stamp.problem}.")
    for name in _OWN:
        (submission.folder / name).unlink(missing_ok=True)
    if origin is not None and submission.problem and not any(origin.rglob("*.ipynb")):
        expected = assignment.expected
        problem = f"{' and '.join(expected)} {'was' if len(expected) == 1 else 'were'} not handed in."
        submission = replace(submission, problem=problem, problem_verdict=Verdict.MISSING)
    if not submission.problem:
        notes += _left_out(assignment, submission.folder)
        notes += _put_beside(assignment, submission.folder)
    return replace(submission, notes=tuple(notes))


def _text(path: Path) -> str:
    """The beginning of a small file that a student could have put there; "" where it is none."""
    try:
        with open_regular(path) as (file, _):
            return file.read(100).decode("utf-8", "replace")
    except Unfit:
        return ""


def _left_out(assignment: Assignment, folder: Path) -> Iterator[str]:
    """Remove what the course's configuration ignores, as nbgrader does."""
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.is_file() and path.suffix != ".ipynb" and is_left_out(below, assignment.course.settings):
            path.unlink()
            if not any(part in (".ipynb_checkpoints", "__pycache__") for part in below.parts):
                yield f"{below.as_posix()} was left out, because the course's CourseDirectory.ignore says so."


def _put_beside(assignment: Assignment, folder: Path) -> Iterator[str]:
    """Copy the instructor's files over the student's, as nbgrader does, but for those that students write."""
    kept = assignment.course.settings.kept.get(assignment.name, ())
    for name, source in assignment.files.items():
        target = folder / name
        if name in kept:
            if not target.exists():
                yield f"{name} was not handed in; students write it, so no other is used."
            continue
        content = source.read_bytes()
        if target.is_file() and target.read_bytes() == content:
            continue
        if target.exists():
            yield f"{name} differs from the one that was handed out; the handed-out one was used."
            if target.is_dir():
                shutil.rmtree(target)
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            above = folder / parent
            if above.is_file():
                above.unlink()
            above.mkdir(exist_ok=True)
            above.chmod(0o755)
        target.write_bytes(content)
        target.chmod(0o644)


_NOT_HANDED_IN = ((TIMESTAMP,), ("submission_secret.txt",))
_LONGEST_STAMP = 100  # bytes


def _recognise(tree: Tree, asked: Asked) -> str:
    students = tree.by_top()
    below = {path[0] for own in students.values() for path in own.files if len(path) > 1}
    stamped = any(path[1:] == (TIMESTAMP,) for own in students.values() for path in own.files)
    flat = any(len(path) == 1 for own in students.values() for path in own.files)
    several = len(students) > 1 or tree.place.name == "submitted"
    if flat or not (stamped or (several and below == {asked.assignment})):
        return ""
    return "a folder submitted/ of nbgrader"


def _read_tree(tree: Tree, asked: Asked) -> Found:
    found = Found()
    for student, everything in tree.by_top().items():
        own = everything.below(asked.assignment)
        if not own.files and not own.left_out:
            others = sorted({path[0] for path in everything.files})
            found.nothing[student] = f"nothing in {student}/{asked.assignment} (there is {', '.join(others[:3])})"
            continue
        received: datetime | None = None
        notes: tuple[str, ...] = ()
        if entry := own.files.get((TIMESTAMP,)):
            try:
                stamp = read_stamp(entry.read(_LONGEST_STAMP).decode("utf-8", "replace"))
                received = stamp.time
                notes = (f"{TIMESTAMP} cannot be read: {stamp.problem}.",) if stamp.time is None else ()
            except Unfit as error:
                notes = (f"{TIMESTAMP} {error}.",)
        for path in _NOT_HANDED_IN:
            own.files.pop(path, None)
        found.hand_ins.append(HandIn(Who(student, (student,), (student,)), own, received, notes=notes))
    if not found.hand_ins:
        found.notes.append(f"Nobody has a folder {asked.assignment}: name the assignment as nbgrader does.")
    return found


NBGRADER = Source("nbgrader", _recognise, _read_tree)
