"""From `grader_config.py` to a `Course`: found, run, every mistake one sentence; and the course's secret seed.

The seed is no part of `grader_config.py`, because that file is checked in.
"""

from __future__ import annotations

import os
import stat
import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from autograder import settings
from autograder.assignment.dataset import Dataset
from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course.dates import AttemptRule, Dates, Extension
from autograder.course.late import LateDays, LateRule
from autograder.course.records import Course, HomeworkSet

__all__ = ["CONFIG_FILE", "course_seed", "find_root", "load", "open_course"]

SEED_VARIABLE = "AUTOGRADER_SEED"


def course_seed(option: str | None, environ: Mapping[str, str], folder: Path | None = None) -> str:
    """The secret from which every drawn input follows: `--seed`, else AUTOGRADER_SEED, else a file kept for this user.

    The file (`course_seed` in the user's configuration folder, or in `folder`) is made at first use, from the
    system's random source, readable by nobody else.

    Raises:
        UsageError: an empty seed, a file that others may read, or a folder that cannot be written.
    """
    if option is not None:
        if not option:
            raise UsageError("--seed is empty; give a text that students cannot guess, or leave the option out.")
        return option
    if environ.get(SEED_VARIABLE):
        return environ[SEED_VARIABLE]
    if folder is None:
        import platformdirs

        folder = platformdirs.user_config_path("autograder")
    path = folder / "course_seed"
    try:
        if not path.exists():
            _write_seed(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"Others may read the course's secret seed; run: chmod 600 {path}")
        seed = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot keep the course's secret seed in {path} ({reason_of(error)}); set {SEED_VARIABLE} instead."
        ) from None
    if not seed:
        raise UsageError(f"The course's secret seed in {path} is empty; remove the file, or set {SEED_VARIABLE}.")
    return seed


def _write_seed(path: Path) -> None:
    """Make the file whole or not at all; of two graders that start at once, the first one's seed stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(32).hex() + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


CONFIG_FILE = "grader_config.py"
RECORDS = (Course, HomeworkSet, Dates, Extension, LateRule, LateDays, AttemptRule, Dataset)
"""What a `grader_config.py` is made of."""


def find_root(start: Path) -> Path:
    """The course's folder: `start` or the nearest folder above it that holds `grader_config.py`.

    Raises:
        UsageError: there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder
    raise UsageError(
        f"There is no {CONFIG_FILE} in {start} or above it; go to the course's folder, or name it with --course. "
        "`autograder init DIR` starts a course."
    )


def open_course(folder: Path | None, *, beginning: str = "") -> tuple[Path, Course]:
    """The course's folder and its configuration; the folder of the assignment `beginning` need not be there yet.

    Raises:
        UsageError: no course here.
        InstructorError: its configuration is wrong.
    """
    root = find_root(Path.cwd()) if folder is None else folder.resolve()
    return root, load(root / CONFIG_FILE, beginning=beginning)


def load(path: Path, *, beginning: str = "") -> Course:
    """Run `grader_config.py` and take its variable `course`; `beginning` as of `open_course`.

    Raises:
        UsageError: the file is not there or cannot be read.
        InstructorError: it is wrong; the sentence names file, field or line, and how to fix it.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {reason_of(error)}; a course's folder holds a {CONFIG_FILE}.") from None
    source = settings.python_text(path)
    module = types.ModuleType("grader_config")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 (the course's own file)
    except SyntaxError as error:
        raise InstructorError(f"{path}:{error.lineno}: this is not Python ({error.msg}); fix the line.") from None
    except GraderError as error:
        raise InstructorError(f"{path}:{settings.line_of(error, path)}: {error}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever their file raises is about their file)
        said = settings.said(error, RECORDS)
        raise InstructorError(f"{path}:{settings.line_of(error, path)}: {said}") from None
    course = getattr(module, "course", None)
    if not isinstance(course, Course):
        held = settings.written(course)
        raise InstructorError(f"{path} must set the variable `course` to a Course(...); it holds {held}.")
    # A course in nbgrader's folders, which are read elsewhere; it may call one of them assignments/.
    foreign = (path.parent / "nbgrader_config.py").exists() or (path.parent / "source").is_dir()
    for name in course.assignments:
        if not foreign and name != beginning and not (path.parent / "assignments" / name).is_dir():
            raise InstructorError(
                f"{path}: Course.assignments names {name!r}, but there is no folder assignments/{name}; "
                "make it, or take the name out."
            )
    return replace(course, datasets=tuple(each.at(path.parent) for each in course.datasets))
