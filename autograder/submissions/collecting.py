"""From a folder of submissions to staged ones: private copies that hold regular files only."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath

from autograder import atomic_files
from autograder.checks.errors import StudentError, UsageError, Verdict
from autograder.checks.wording import reason_of, series
from autograder.submissions.archives import read_archive, unpack
from autograder.submissions.folders import Unfit, open_regular, read_capped, read_folder
from autograder.submissions.matching import Chosen, choose
from autograder.submissions.names import ARCHIVES, is_clutter, lies_beside, printable, some, stem, student_name
from autograder.submissions.records import COLLECTED, LAST, Caps, Contents, Submission, Which
from autograder.submissions.similar_names import Recogniser

__all__ = ["collect", "collect_one", "may_be_download", "passed_over", "refuse_class", "refuse_paths", "waiting_in"]

_CAPS = Caps()
_PLAIN = re.compile(r"[^\W_]+(?:[ .@+-][^\W_]+)*(?:_[^\W_]+)?(?:\.[^\W_]+){0,2}")
"""What people call a student's folder or file: words with one sign between, and one underscore at most."""
_BY_NAME = Recogniser()


def collect(
    path: Path,
    files: Sequence[str],
    staging: Path,
    caps: Caps = _CAPS,
    recogniser: Recogniser = _BY_NAME,
    *,
    copies: bool = True,
    which: Which = LAST,
) -> tuple[Submission, ...]:
    """Stage every submission below `path`, sorted by student.

    `path` holds one folder, or one .py, .zip or .tar.gz file, for each student, named after the student. It may also
    be one such file, or the folder of one student (it is, when a file that is asked for lies directly in it). Single
    files that are nobody's submission by their names (`passed_over`) are left out.

    Args:
        path: where the submissions lie; never written to.
        files: names of the files that students write, the main one first.
        staging: an own folder for the copies; `staging/STUDENT` is made anew.
        caps: how much of a submission is read.
        recogniser: finds the file that is meant by a missing one.
        copies: without them, everything is said of the submissions, but none can be graded.
        which: which attempt of each student, of those that were collected.

    Raises:
        UsageError: `path` does not exist, is empty or cannot be listed, or overlaps with `staging`. Anything that is
            wrong with one submission is its `problem`, and stops no other.
    """
    refuse_class(path)
    path, staging = path.resolve(), staging.resolve()
    if path == staging or path in staging.parents or staging in path.parents:
        raise UsageError(
            f"The output folder {atomic_files.given_folder(staging)} must not hold the submissions in {path}, nor lie "
            "in them; choose another folder."
        )
    if (path / COLLECTED).is_file():
        return _of_attempts(path, files, staging, caps, recogniser, copies=copies, which=which)
    stage = partial(_stage, files=files, staging=staging, caps=caps, recogniser=recogniser, copies=copies)
    if path.is_file():
        _refuse_stray(path, files, caps)
        return (stage(_Handed(student_name(stem(path.name)), (path,))),)
    try:
        found = sorted(entry for entry in os.listdir(path) if not is_clutter(entry))
    except OSError as error:
        raise UsageError(f"{path} cannot be listed: {reason_of(error)}.") from None
    beside = passed_over(path, files)
    entries = [entry for entry in found if entry not in beside]
    if not entries:
        what = f"holds no submission (only {some(beside)})" if beside else "is empty"
        raise UsageError(
            f"{path} {what}; it should hold one folder, or one .py, .zip or .tar.gz file, for each student."
        )
    if any(entry in files for entry in entries):
        return (stage(_Handed(student_name(path.name), (path,))),)
    return tuple(stage(handed) for handed in _by_student(path, entries))


def _refuse_stray(path: Path, files: Sequence[str], caps: Caps) -> None:
    """Refuse a single file that is nobody's submission, by its ending or, if it is an archive, by all names in it.

    Raises:
        UsageError: it is none.
    """
    endings = {PurePath(name).suffix for name in files} | {".py", ".ipynb"}
    names = [path.name]
    if path.name.lower().endswith(ARCHIVES):
        try:
            names = [parts[-1] for parts in read_archive(path, caps).files]
        except StudentError:
            return  # which its report says
    if not any(name.lower().endswith((*endings, *ARCHIVES)) for name in names):
        raise UsageError(
            f"{path} is no submission: it holds no {' and no '.join(sorted(PurePath(name).suffix for name in files))} "
            f"file; name the folder that holds the submissions, or one student's {files[0]}, folder or archive."
        )


def _of_attempts(
    path: Path, files: Sequence[str], staging: Path, caps: Caps, recogniser: Recogniser, *, copies: bool, which: Which
) -> tuple[Submission, ...]:
    """Stage one attempt of each student of those that may count, of those that `autograder collect` has collected."""
    from autograder.submissions.attempts import candidates, hand_in_of, read_attempts

    staged = []
    attempts = read_attempts(path)
    for student, own in sorted(candidates(attempts, which.term, which.assignment).items()):
        if any(each.waits for each in own) or len(own) <= which.turn:
            continue
        attempt = own[-1 - which.turn]
        handed = _Handed(student, (attempt.folder(path),), notes=attempt.notes)
        submission = _stage(handed, files, staging, caps, recogniser, copies=copies)
        hand_in = hand_in_of(attempt, sum(each.student == student for each in attempts))
        staged.append(replace(submission, received=attempt.received, hand_in=hand_in))
    if not staged and not which.turn:
        raise UsageError(
            f"{path} holds no attempt that can be graded; answer what is asked in its questions.csv first."
        )
    return tuple(staged)


def waiting_in(path: Path, which: Which = LAST, *, perhaps: bool = False) -> tuple[str, ...]:
    """The students with an attempt that may count, of those that `autograder collect` has collected, that waits for an
    answer.

    With `perhaps`, also those who may turn out to have handed it in.
    """
    if not (path / COLLECTED).is_file():
        return ()
    from autograder.submissions.attempts import WHO, candidates, read_attempts

    attempts = candidates(read_attempts(path), which.term, which.assignment)
    waiting = {student: own for student, own in attempts.items() if any(each.waits for each in own)}
    asked = [
        question
        for own in waiting.values()
        for each in own
        for question in each.questions
        if question.about == WHO and perhaps
    ]
    people = {candidate for each in asked for candidate in each.candidates if candidate not in attempts}
    return tuple(sorted({*waiting, *people}))


def refuse_class(path: Path) -> None:
    """Refuse what `collect` cannot begin with, before anything else is done.

    Raises:
        UsageError: `path` does not exist, or holds the collected submissions of assignments, a folder for each.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; name the folder that holds the submissions.")
    if path.is_dir() and (several := sorted(each.parent.name for each in path.glob(f"*/{COLLECTED}"))):
        raise UsageError(
            f"{path} holds collected submissions of {series(several)}, a folder for each assignment; name one of them, "
            f"such as {path / several[0]}."
        )


def may_be_download(path: Path) -> bool:
    """Whether the first names leave it open that this is a download of a learning platform, or was one.

    It is quick, and knows no platform: it is False only where every name is one that people give a student's work.
    """
    if path.is_file():
        return path.name.lower().endswith((*ARCHIVES, ".tar", ".tar.bz2", ".tbz2", ".7z"))
    if not path.is_dir():
        return False
    names = [name for name in os.listdir(path) if not is_clutter(name)]
    if (path / COLLECTED).is_file() or not all(map(_PLAIN.fullmatch, names)):
        return True
    endings = {PurePath(name).suffix.lower() for name in names if (path / name).is_file()}
    return bool(endings - {".py", ".ipynb", ".zip", ".gz", ".tgz"}) or _in_two_steps(path, names)


def _in_two_steps(path: Path, names: Sequence[str]) -> bool:
    """Whether what lies in the folder are folders which hold nothing but folders, as nbgrader has them."""
    folders = [name for name in names if not is_clutter(name)][:5]
    try:
        inner = [entry for name in folders for entry in os.scandir(path / name) if not is_clutter(entry.name)]
        return bool(inner) and all(entry.is_dir() for entry in inner)
    except OSError:
        return False


def passed_over(path: Path, files: Sequence[str]) -> tuple[str, ...]:
    """Single files of a class's folder that are nobody's submission, such as ``readme.txt``, without hidden ones.

    In the folder of one student there are none.
    """
    if not path.is_dir() or (path / COLLECTED).is_file():
        return ()
    names = sorted(entry for entry in os.listdir(path) if not is_clutter(entry))
    if any(name in files for name in names):
        return ()
    return tuple(name for name in names if lies_beside(name, files) and not (path / name).is_dir())


def collect_one(
    paths: Sequence[Path],
    files: Sequence[str],
    staging: Path,
    student: str,
    caps: Caps = _CAPS,
    recogniser: Recogniser = _BY_NAME,
) -> Submission:
    """Stage what one person hands in by naming it: a folder, an archive, or some files.

    Raises:
        UsageError: a path does not exist, is named twice, or a folder or archive is named beside other paths.
    """
    refuse_paths(paths, files)
    names = [path.name for path in paths]
    # What somebody names for themselves may be a link; what lies in a folder of submissions may not.
    own = tuple(path.resolve().parent / path.name if not path.is_symlink() else path.resolve() for path in paths)
    return _stage(_Handed(student_name(student), own, tuple(names)), files, staging.resolve(), caps, recogniser)


def refuse_paths(paths: Sequence[Path], files: Sequence[str]) -> None:
    """Refuse what `collect_one` cannot begin with, before anything else is done.

    Raises:
        UsageError: a path does not exist, is named twice, or a folder or archive is named beside other paths.
    """
    if not paths:
        raise UsageError(f"No file was named; name {' or '.join(files)}, or the folder that holds it.")
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; name a file, a folder or an archive.")
        if len(paths) > 1 and (path.is_dir() or path.name.lower().endswith(ARCHIVES)):
            raise UsageError(f"{path} cannot be named beside other files; name single files, or it alone.")
    names = [path.name for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Two files are called {twice[0]}; name one of them.")


@dataclass(frozen=True, slots=True)
class _Handed:
    """What a student handed in: a folder, an archive or files; `names` are those of the files, if not their own."""

    student: str
    paths: tuple[Path, ...]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def _by_student(path: Path, entries: Sequence[str]) -> list[_Handed]:
    """One record for each name that a student gets in reports; names that are too much alike are refused."""
    grouped: dict[str, list[str]] = {}
    for entry in entries:
        is_folder = (path / entry).is_dir() and not (path / entry).is_symlink()
        grouped.setdefault(student_name(entry if is_folder else stem(entry)), []).append(entry)
    alike: dict[str, list[str]] = {}
    for student in grouped:
        alike.setdefault(student.casefold(), []).append(student)
    handed = []
    for student, own in sorted(grouped.items()):
        notes = []
        if stem(own[0]) != student and own[0] != student:
            notes.append(f"{printable(own[0])} is called {student} here, because its name has unusual characters.")
        if len(alike[student.casefold()]) > 1:
            names = some(alike[student.casefold()])
            notes.append(f"There are submissions whose names differ in capitals only: {names}.")
        handed.append(_Handed(student, tuple(path / entry for entry in own), notes=tuple(notes)))
    return handed


def _stage(
    handed: _Handed, files: Sequence[str], staging: Path, caps: Caps, recogniser: Recogniser, *, copies: bool = True
) -> Submission:
    """Read, choose, copy; what is wrong with the submission becomes its problem."""
    folder = staging / handed.student
    submission = Submission(handed.student, folder, _sha256({}), notes=handed.notes)
    chosen = Chosen()
    try:
        if len(handed.paths) > 1 and not handed.names:
            names = some([path.name for path in handed.paths])
            raise StudentError(Verdict.MISSING, f"There are several submissions of this name: {names}; keep one.")
        contents, what = _read(handed, files, caps)
        if contents.newest:
            submission = replace(submission, received=_time(contents.newest))
        alone = what == "file" and len(handed.paths) == 1
        chosen = choose(contents, files, single=alone, what=what, recogniser=recogniser)
    except StudentError as error:
        submission = replace(submission, problem=error.message, problem_verdict=error.verdict)
    try:
        if copies:
            _write(folder, chosen.files)
    except OSError as error:
        raise UsageError(
            f"The submissions cannot be copied to {atomic_files.given_folder(staging)}: {reason_of(error)}; correct "
            "the folder or its permissions."
        ) from None
    return replace(
        submission,
        sha256=_sha256(chosen.files),
        notes=(*handed.notes, *chosen.notes),
        meant=tuple(chosen.meant.items()),
    )


def _read(handed: _Handed, files: Sequence[str], caps: Caps) -> tuple[Contents, str]:
    """The contents, and what they were: a folder, an archive, or a file (or several) by itself."""
    if handed.names:
        first, own = handed.paths[0], handed.names
    else:
        first, own = handed.paths[0], (handed.paths[0].name,)
    shown = printable(first.name)
    try:
        mode = first.lstat().st_mode
    except OSError as error:
        raise StudentError(Verdict.MISSING, f"{shown} cannot be read: {reason_of(error)}.") from None
    if stat.S_ISDIR(mode):
        contents = read_folder(first, caps)
        unpack(first, contents, files)
        return contents, "folder"
    if first.name.lower().endswith(ARCHIVES):
        return read_archive(first, caps), "archive"
    endings = {PurePath(name).suffix for name in files}
    if not handed.names and PurePath(first.name).suffix.lower() not in endings:
        if stat.S_ISLNK(mode):
            raise StudentError(Verdict.MISSING, f"{shown} is a link; put the files themselves there.")
        if first.name.lower().endswith(".ipynb"):
            raise StudentError(
                Verdict.MISSING, f"{shown} is a notebook, but a module is asked for: copy its code into {files[0]}."
            )
        if first.name.lower().endswith(".py"):
            raise StudentError(
                Verdict.MISSING,
                f"{shown} is a module, but a notebook is asked for: put your code into the cells of {files[0]}.",
            )
        allowed = ", ".join(sorted(endings))
        raise StudentError(
            Verdict.MISSING, f"{shown} is no submission; hand in a folder, or a {allowed}, .zip or .tar.gz file."
        )
    contents = Contents(caps)
    for path, name in zip(handed.paths, own, strict=True):
        try:
            with open_regular(path) as (file, about):
                contents.newest = max(contents.newest, about.st_mtime)
                contents.files[(name,)] = read_capped(file, about.st_size, caps)
        except Unfit as error:
            contents.left_out[(name,)] = str(error)
    if not contents.files:
        raise StudentError(Verdict.MISSING, f"{shown} {next(iter(contents.left_out.values()))}.")
    return contents, "file"


def _write(folder: Path, files: dict[tuple[str, ...], bytes]) -> None:
    """Make the private copy anew, readable by the user that a sandbox runs as."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    for parts, data in files.items():
        below = folder
        for part in parts[:-1]:
            below = below / part
            below.mkdir(exist_ok=True)
            below.chmod(0o755)
        target = below / parts[-1]
        with target.open("xb") as file:
            file.write(data)
        target.chmod(0o644)


def _sha256(files: dict[tuple[str, ...], bytes]) -> str:
    """Hash over sorted names and bytes, each with its length, so that no two sets of files look the same."""
    digest = hashlib.sha256()
    for name, data in sorted(("/".join(parts).encode(), data) for parts, data in files.items()):
        digest.update(len(name).to_bytes(8, "big") + name + len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _time(seconds: float) -> datetime | None:
    """That time in UTC, or None where the clock of the file system says nothing sensible."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
