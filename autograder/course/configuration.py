"""From `grader_config.py` to a `Course`: found, run, and every mistake in it said in one sentence."""

from __future__ import annotations

import types
from dataclasses import replace
from pathlib import Path

from autograder import settings
from autograder.assignment.dataset import Dataset
from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.course.attempts import AttemptRule
from autograder.course.dates import Dates, Extension
from autograder.course.late_rule import LateDays, LateRule
from autograder.course.records import Course, HomeworkSet

__all__ = ["CONFIG_FILE", "RECORDS", "find_root", "load", "open_course"]

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
