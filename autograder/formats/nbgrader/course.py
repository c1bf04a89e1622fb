"""One assignment of a course in nbgrader's folders: what students are asked for, and what their tests are."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase as fnmatch
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePath

from autograder.checks.errors import InstructorError, StudentError, UsageError
from autograder.checks.wording import reason_of
from autograder.course import CONFIG_FILE as OWN_CONFIG
from autograder.formats.nbgrader import source_notebook as cells
from autograder.formats.nbgrader.config import CONFIG_FILE, Settings, read_settings
from autograder.isolation.packaged_data import uses_packaged_data
from autograder.notebooks import Cell, Notebook, read
from autograder.notebooks.source import source_of

__all__ = [
    "Assignment",
    "Course",
    "Graded",
    "find_course",
    "is_left_out",
    "load",
    "notebook_files",
    "open_course",
    "read_source",
]

_SLOW = (
    "numpy",
    "numpy.testing",
    "scipy",
    "scipy.stats",
    "pandas",
    "pandas.testing",
    "matplotlib",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn",
    "statsmodels",
    "sympy",
    "networkx",
    "torch",
    "torch.testing",
    "PIL",
)
_NO_RESULT = (  # settings that decide no result of a check
    *("notes", "db_url", "late_penalty", "late_plugin", "zone", "time_form", "students", "students_left_out"),
    *("autotest_file", "hashed", "use_salt"),
)
_NOT_FOR_STUDENTS = ("autotests.yml", "autotests.yaml")
_ALWAYS_LEFT_OUT = (".ipynb_checkpoints", "__pycache__", "*.pyc")


@dataclass(frozen=True, slots=True)
class Course:
    """A course folder and what its configuration says."""

    folder: Path
    settings: Settings

    def step(self, step: str, assignment: str, student: str = ".") -> Path:
        """The folder of an assignment in a step, such as ``settings.source``, and of one student where it has some."""
        below = self.settings.structure.format(nbgrader_step=step, student_id=student, assignment_id=assignment)
        return (self.root / below).resolve()

    @property
    def root(self) -> Path:
        """The folder that the steps lie in."""
        return (self.folder / self.settings.root).resolve() if self.settings.root else self.folder

    @property
    def title(self) -> str:
        """What the course is called."""
        return self.settings.course_id or self.folder.name

    def assignments(self) -> tuple[str, ...]:
        """Names of all assignments that have a source notebook."""
        above = self.step(self.settings.source, "x").parent
        if not above.is_dir():
            return ()
        return tuple(sorted(each.name for each in above.iterdir() if each.is_dir() and notebook_files(each)))


@dataclass(frozen=True, slots=True)
class Graded:
    """One notebook that students hand in.

    `source` has solutions cut and tests whole; `shown` is the same with hidden tests cut, as students got it. `title`
    is its first heading, `titles` are those of the cells that give points.
    """

    name: str
    title: str
    source: Notebook
    shown: Notebook
    titles: dict[str, str]

    @property
    def file(self) -> str:
        """Its file name."""
        return f"{self.name}.ipynb"

    @property
    def scored(self) -> tuple[Cell, ...]:
        """The cells that give points, in order."""
        return tuple(cell for cell in self.source.cells if cells.is_test(cell) or cells.by_hand(cell))

    def is_hidden(self, cell: Cell) -> bool:
        """Whether a part of the cell's tests is kept from students."""
        return self.visible(cell).source != cell.source

    def visible(self, cell: Cell) -> Cell:
        """A given cell as students got it."""
        return next(each for each in self.shown.cells if each.role and each.name == cell.name)

    def whole(self, cell: Cell) -> Cell:
        """A given cell with all of its tests."""
        return next(each for each in self.source.cells if each.role and each.name == cell.name)


@dataclass(frozen=True)
class Assignment:
    """An assignment, ready to grade. `files` are what lies beside the notebooks, and is put beside every submission."""

    course: Course
    name: str
    notebooks: tuple[Graded, ...]
    files: dict[str, Path]
    sha256: str

    @property
    def expected(self) -> tuple[str, ...]:
        """File names of the notebooks."""
        return tuple(each.file for each in self.notebooks)

    @cached_property
    def packaged_data(self) -> bool:
        """Whether code or text of the notebooks names a data set of a package; submissions may read those then."""
        return any(uses_packaged_data(cell.source) for notebook in self.notebooks for cell in notebook.source.cells)

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Packages that take long to import, are used by the notebooks and are installed: imported once for all."""
        used = {name for notebook in self.notebooks for name in _imports(source_of(notebook.source).text)}
        tops = {name.partition(".")[0] for name in used}
        return tuple(name for name in _SLOW if (name in used or name in tops) and _is_installed(name))


def find_course(folder: Path, name: str) -> Course | None:
    """The course in a folder, where it has nbgrader's form and a source notebook of that assignment; else None.

    Raises:
        UsageError: it can only be nbgrader's, and has no such assignment.
        InstructorError: its configuration cannot be read.
    """
    if (folder / "assignments" / name / "assignment.py").is_file() or not folder.is_dir():
        return None
    if not (folder / CONFIG_FILE).is_file() and not (folder / "source" / name).is_dir():
        return None
    course = Course(folder.resolve(), read_settings(folder))
    known = course.assignments()
    own = folder / "assignments"
    if name not in known and not ((folder / OWN_CONFIG).is_file() and own.is_dir() and own.resolve() != course.root):
        there = f"the assignments are {', '.join(known)}" if known else "no folder there has one"
        raise UsageError(f"There is no notebook in {course.step(course.settings.source, name)}; {there}.")
    return course if name in known else None


def open_course(folder: Path) -> Course:
    """The course in a folder.

    Raises:
        UsageError: there is no course in nbgrader's form.
        InstructorError: its configuration cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name the folder that holds {CONFIG_FILE} and source/.")
    course = Course(folder.resolve(), read_settings(folder))
    if not course.assignments():
        raise UsageError(
            f"There is no notebook in {course.step(course.settings.source, 'ASSIGNMENT')}; name the folder that holds "
            f"{CONFIG_FILE} and source/."
        )
    return course


def load(course: Course, name: str) -> Assignment:
    """Read an assignment's notebooks.

    Raises:
        InstructorError: one cannot be graded; the sentence names it.
    """
    folder = course.step(course.settings.source, name)
    files = tuple(path for path in notebook_files(folder) if fnmatch(path.stem, course.settings.notebooks))
    if not files:
        raise InstructorError(
            f"There is no notebook in {folder}; the assignments are {', '.join(course.assignments())}."
        )
    graded = tuple(_graded(course, name, path) for path in files)
    if not any(each.scored for each in graded):
        raise InstructorError(f"No cell of {folder} gives points; mark some with nbgrader's Create Assignment.")
    beside = dict(_files(folder, course.settings))
    digest = hashlib.sha256()
    settings = {key: value for key, value in asdict(course.settings).items() if key not in _NO_RESULT}
    for part in (repr(settings), *(repr(each) for each in graded)):
        digest.update(hashlib.sha256(part.encode()).digest())
    for key, path in sorted(beside.items()):
        digest.update(key.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return Assignment(course, name, graded, beside, digest.hexdigest())


def notebook_files(folder: Path) -> tuple[Path, ...]:
    """The notebooks that lie directly in a folder."""
    return tuple(sorted(path for path in folder.glob("*.ipynb") if path.is_file()))


def _graded(course: Course, assignment: str, path: Path) -> Graded:
    settings = course.settings
    try:
        source = _with_ends(course, _with_tests(course, assignment, path, read_source(path)))
        if source.language != "python":
            raise InstructorError(f"It is written for {source.language}; only notebooks in Python can be graded.")
        _refuse_doubles(source)
        whole = cells.released(source, settings)
        seen = (cells.without_hidden(cell, settings) if cells.is_test(cell) else cell for cell in whole.cells)
        shown = Notebook(tuple(seen), whole.language)
        return Graded(path.stem, cells.title_of(source, path.stem), whole, shown, cells.titles(source))
    except InstructorError as error:
        raise InstructorError(f"{path}: {error}") from None


def read_source(path: Path) -> Notebook:
    """A notebook of the instructor's.

    Raises:
        InstructorError: it is none.
    """
    try:
        content = path.read_bytes()
        found = read(content, path.name)
    except OSError as error:
        raise InstructorError(f"{path.name} cannot be read: {reason_of(error)}.") from None
    except StudentError as error:
        raise InstructorError(f"{error.message.rstrip('.')}; save it anew, or remove it.") from None
    _refuse_roles(content)
    return found


def _refuse_roles(content: bytes) -> None:
    """What nbgrader says of a cell must be whole, or the cell would give no points and nobody would notice.

    Raises:
        InstructorError: a graded cell has no name, or no points.
    """
    cells = json.loads(content.removeprefix(b"\xef\xbb\xbf")).get("cells") or ()
    for number, cell in enumerate(cells, start=1):
        metadata = cell.get("metadata")
        stated = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if not isinstance(stated, dict) or not (stated.get("grade") or stated.get("task")):
            continue
        name, points = stated.get("grade_id"), stated.get("points")
        if not isinstance(name, str) or not name:
            raise InstructorError(f"Cell {number} is graded and has no grade id; give it one with Create Assignment.")
        if isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 <= points < 1e9:
            said = "no points" if points is None else f"{points!r} for its points"
            raise InstructorError(f"Cell {number} ({name!r}) has {said}; give it a number, 0 or more.")


def _with_tests(course: Course, assignment: str, path: Path, source: Notebook) -> Notebook:
    """The source notebook with tests in the place of AUTOTEST lines.

    Raises:
        InstructorError: nobody has made tests from them yet.
    """
    settings = course.settings
    expected = [cell for cell in source.cells if cells.has_autotest(cell, settings)]
    if not expected:
        return source
    made = _cells_of(course.step(settings.source_with_tests, assignment) / path.name)
    given = _cells_of(course.step(settings.release, assignment) / path.name)
    instead: dict[str, Cell] = {}
    for cell in expected:
        found = made.get(cell.name) or (None if cells.has_hidden(cell, settings) else given.get(cell.name))
        if found is None or cells.has_autotest(found, settings):
            raise InstructorError(
                f"The cell {cell.name!r} has AUTOTEST lines, and no tests have been made from them; "
                "run `autograder import nbgrader COURSE`, or `nbgrader generate_source_with_tests`."
            )
        instead[cell.name] = replace(cell, source=found.source)
    return Notebook(tuple(instead.get(cell.name, cell) for cell in source.cells), source.language)


def _with_ends(course: Course, source: Notebook) -> Notebook:
    """The source notebook with the cells of the course's header and footer, as nbgrader releases it.

    Raises:
        InstructorError: one of them cannot be read.
    """
    header, footer = (
        read_source(course.folder / name).cells if name else ()
        for name in (course.settings.header, course.settings.footer)
    )
    return replace(source, cells=(*header, *source.cells, *footer)) if header or footer else source


def _cells_of(path: Path) -> dict[str, Cell]:
    return {cell.name: cell for cell in read_source(path).cells if cell.role} if path.is_file() else {}


def _refuse_doubles(source: Notebook) -> None:
    names = [cell.name for cell in source.cells if cell.role]
    for name in names:
        if names.count(name) > 1:
            raise InstructorError(f"Two cells have the grade id {name!r}; rename one of them.")


def _files(folder: Path, settings: Settings) -> Iterator[tuple[str, Path]]:
    """What lies beside the notebooks, by its path below the folder."""
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or is_left_out(below, settings):
            continue
        if path.suffix != ".ipynb" and path.name not in (*_NOT_FOR_STUDENTS, settings.autotest_file):
            yield below.as_posix(), path


def is_left_out(below: PurePath, settings: Settings) -> bool:
    """Whether a file of source or submission is passed over, by the names on its path."""
    patterns = (*settings.ignore, *_ALWAYS_LEFT_OUT)
    return any(fnmatch(part, pattern) for part in below.parts for pattern in patterns)


def _imports(text: str) -> Iterable[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _is_installed(name: str) -> bool:
    return find_spec(name.partition(".")[0]) is not None
