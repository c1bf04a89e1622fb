"""The course as values: `grader_config.py` makes one `Course`; everything else gets it, or a part, as an argument.

The course's secret seed is no part of that file, because the file is checked in: see `course_seed`.
"""

from __future__ import annotations

import os
import stat
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder import settings
from autograder.assignment.dataset import Dataset
from autograder.backends import NAMES
from autograder.checks.errors import GraderError, InstructorError, UsageError
from autograder.checks.wording import reason_of
from autograder.results import Limits

__all__ = [
    "CONFIG_FILE",
    "SANDBOXES",
    "Course",
    "HomeworkSet",
    "course_seed",
    "find_root",
    "load",
    "open_course",
]

CONFIG_FILE = "grader_config.py"
SANDBOXES = ("auto", *NAMES)
SEED_VARIABLE = "AUTOGRADER_SEED"


@dataclass(frozen=True, slots=True)
class HomeworkSet:
    """Assignments that are graded together: their points and bonus points are added, up to the cap."""

    id: str
    title: str
    assignments: tuple[str, ...]
    cap: float

    def __post_init__(self) -> None:
        _text(self, "id")
        _text(self, "title")
        _texts(self, "assignments")
        settings.points(self.cap, "HomeworkSet.cap")


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that holds for a whole course; what each field means is said in `grader_config.py`."""

    title: str
    assignments: tuple[str, ...]
    homework_sets: tuple[HomeworkSet, ...] = ()
    sandbox: str = "auto"
    jobs: int = 0
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    data: Path | None = None
    database: str | None = None
    mirrors: tuple[str, ...] = ()
    accept_close_names: bool = True
    datasets: tuple[Dataset, ...] = ()

    def __post_init__(self) -> None:
        for name in ("title", "sandbox"):
            _text(self, name)
        if self.data is not None and not isinstance(self.data, Path):
            raise InstructorError(
                f"Course.data is {settings.written(self.data)}; give None or a Path, such as Path('/srv/data')."
            )
        if self.database is not None:
            settings.database(self.database, "Course.database")
        _texts(self, "assignments")
        _texts(self, "mirrors")
        if self.sandbox not in SANDBOXES:
            raise InstructorError(f"Course.sandbox is {self.sandbox!r}; give one of {', '.join(SANDBOXES)}.")
        settings.number(self.jobs, "Course.jobs", least=0, most=settings.MOST_JOBS, whole=True)
        settings.flag(self.accept_close_names, "Course.accept_close_names")
        if not isinstance(self.datasets, tuple) or not all(isinstance(each, Dataset) for each in self.datasets):
            raise InstructorError("Course.datasets must be a tuple of Dataset values, such as (Dataset(...),).")
        names = [each.name for each in self.datasets]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise InstructorError(f"Course.datasets has two data sets called {twice!r}; rename one of them.")
        self._check_sets()
        self._check_limits()

    def _check_sets(self) -> None:
        if not isinstance(self.homework_sets, tuple) or not all(isinstance(s, HomeworkSet) for s in self.homework_sets):
            raise InstructorError(
                "Course.homework_sets must be a tuple of HomeworkSet values, such as (HomeworkSet(...),)."
            )
        ids = [each.id for each in self.homework_sets]
        for name in ids:
            if ids.count(name) > 1:
                raise InstructorError(f"Course.homework_sets has two sets called {name!r}; rename one of them.")

    def _check_limits(self) -> None:
        if not isinstance(self.limits, Mapping):
            raise InstructorError('Course.limits must map an assignment to its limits, such as {"backprop": {...}}.')
        for name, changes in self.limits.items():
            where = f"Course.limits[{name!r}]"
            if name not in self.assignments:
                raise InstructorError(f"{where} is about no assignment of Course.assignments; correct its name.")
            if not isinstance(changes, Mapping):
                raise InstructorError(f'{where} must map limits to numbers, such as {{"wall_seconds": 60}}.')
            try:
                Limits().changed(dict(changes))
            except UsageError as error:
                raise InstructorError(f"{where}: {error}") from None

    def jobs_at_once(self, option: int | None) -> int:
        """How many run at a time: what `--jobs` says, else the course; 0 stands for the number of processors."""
        return (self.jobs if option is None else option) or os.cpu_count() or 1

    def absent(self, root: Path) -> tuple[str, ...]:
        """Assignments that a homework set counts and that are not in the repository (yet), in order."""
        named = (name for each in self.homework_sets for name in each.assignments)
        return tuple(dict.fromkeys(name for name in named if not (root / "assignments" / name).is_dir()))


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


def open_course(folder: Path | None) -> tuple[Path, Course]:
    """The course's folder and its configuration.

    Raises:
        UsageError: no course here.
        InstructorError: its configuration is wrong.
    """
    root = find_root(Path.cwd()) if folder is None else folder.resolve()
    return root, load(root / CONFIG_FILE)


def load(path: Path) -> Course:
    """Run `grader_config.py` and take its variable `course`.

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
        said = settings.said(error, (Course, HomeworkSet, Dataset))
        raise InstructorError(f"{path}:{settings.line_of(error, path)}: {said}") from None
    course = getattr(module, "course", None)
    if not isinstance(course, Course):
        held = settings.written(course)
        raise InstructorError(f"{path} must set the variable `course` to a Course(...); it holds {held}.")
    # A course in nbgrader's folders, which are read elsewhere; it may call one of them assignments/.
    foreign = (path.parent / "nbgrader_config.py").exists() or (path.parent / "source").is_dir()
    for name in course.assignments:
        if not foreign and not (path.parent / "assignments" / name).is_dir():
            raise InstructorError(
                f"{path}: Course.assignments names {name!r}, but there is no folder assignments/{name}; "
                "make it, or take the name out."
            )
    return replace(course, datasets=tuple(each.at(path.parent) for each in course.datasets))


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


def _text(record: object, name: str) -> None:
    settings.text(getattr(record, name), _where(record, name))


def _texts(record: object, name: str) -> None:
    value = getattr(record, name)
    if not isinstance(value, tuple) or not all(isinstance(each, str) and each for each in value):
        raise InstructorError(
            f"{_where(record, name)} is {settings.written(value)}; "
            'give names in parentheses with a comma after each, such as ("this",).'
        )
    for each in value:
        if value.count(each) > 1:
            raise InstructorError(f"{type(record).__name__}.{name} names {each!r} twice; take one out.")


def _where(record: object, name: str) -> str:
    return f"{type(record).__name__}.{name}"
