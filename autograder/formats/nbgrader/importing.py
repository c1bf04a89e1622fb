"""What `autograder import nbgrader` does: look at every assignment, make tests of AUTOTEST lines, write settings.

Here nbgrader's own preprocessor is used, and it runs the instructor's source notebook in a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

from autograder import atomic_files
from autograder.checks.errors import GraderError, InstructorError
from autograder.course import CONFIG_FILE
from autograder.formats.nbgrader import source_notebook
from autograder.formats.nbgrader.course import Assignment, Course, load, notebook_files, read_source
from autograder.formats.nbgrader.submitted import students_of

__all__ = ["Found", "import_course", "survey", "write_config"]

_CONFIG = '''"""Settings of autograder for a course in nbgrader's folders; nbgrader_config.py says where things are."""

from autograder.course import Course

course = Course(
    title={title!r},
    assignments={assignments!r},
    sandbox="auto",
    jobs=0,  # submissions graded at a time; 0 for as many as there are processors
    limits={{}},  # such as {{{first!r}: {{"memory_mib": 4096}}}}
)
'''


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of one assignment. `points` are given by tests, `points_by_hand` by people; `problem` keeps it from
    being graded, or is ""."""

    name: str
    notebooks: int = 0
    tests: int = 0
    hidden: int = 0
    points: float = 0.0
    by_hand: int = 0
    points_by_hand: float = 0.0
    submissions: int = 0
    problem: str = ""
    made: tuple[Path, ...] = field(default=())


def import_course(course: Course, say: Callable[[str], None]) -> tuple[Found, ...]:
    """Make the tests that are still AUTOTEST lines, and say what each assignment holds.

    Args:
        course: the course; `source_with_tests/` is written where it is needed, and nothing else.
        say: called with a sentence before something slow begins.
    """
    found = []
    for name in course.assignments():
        made: tuple[Path, ...] = ()
        try:
            made = _make_tests(course, name, say)
            found.append(survey(course, load(course, name), made))
        except GraderError as error:
            found.append(Found(name, problem=str(error), made=made))
    return tuple(found)


def survey(course: Course, assignment: Assignment, made: tuple[Path, ...] = ()) -> Found:
    """Counts of cells, points and submissions of an assignment."""
    scored = [(notebook, cell) for notebook in assignment.notebooks for cell in notebook.scored]
    tests = [(notebook, cell) for notebook, cell in scored if source_notebook.is_test(cell)]
    people = [cell for _, cell in scored if source_notebook.by_hand(cell)]
    return Found(
        assignment.name,
        len(assignment.notebooks),
        len(tests),
        sum(notebook.is_hidden(cell) for notebook, cell in tests),
        sum(cell.role.points for _, cell in tests if cell.role),
        len(people),
        sum(cell.role.points for cell in people if cell.role),
        len(students_of(course, assignment.name)),
        made=made,
    )


def write_config(course: Course) -> Path | None:
    """Write `grader_config.py` beside nbgrader's, where there is none; the path, or None where there was one."""
    path = course.folder / CONFIG_FILE
    if path.exists():
        return None
    names = course.assignments()
    atomic_files.write(path, _CONFIG.format(title=course.title, assignments=names, first=names[0]).encode())
    return path


def _make_tests(course: Course, name: str, say: Callable[[str], None]) -> tuple[Path, ...]:
    """Have nbgrader write `source_with_tests/NAME/` for notebooks with AUTOTEST lines, where it is not there yet.

    Raises:
        InstructorError: nbgrader could not.
    """
    written = []
    for path in notebook_files(course.step(course.settings.source, name)):
        notebook = read_source(path)
        target = course.step(course.settings.source_with_tests, name) / path.name
        if not any(source_notebook.has_autotest(cell, course.settings) for cell in notebook.cells):
            continue
        if target.is_file() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        say(f"{name}/{path.name}: tests are made of its AUTOTEST lines; nbgrader runs the notebook for that.")
        _instantiate(course, path, target)
        written.append(target)
    return tuple(written)


def _instantiate(course: Course, path: Path, target: Path) -> None:
    """nbgrader's InstantiateTests on one notebook.

    Raises:
        InstructorError: it fails; its own words are in the sentence.
    """
    try:
        import nbformat
        from nbgrader.preprocessors import InstantiateTests
        from traitlets.config import Config
    except ImportError as error:
        raise InstructorError(f"{path} has AUTOTEST lines, and nbgrader is not installed here: {error}.") from None
    own = course.settings
    settings = Config(
        {
            "InstantiateTests": {
                "autotest_delimiter": own.autotest,
                "autotest_filename": own.autotest_file,
                "hashed_delimiter": own.hashed,
                "use_salt": own.use_salt,
            }
        }
    )
    notebook = nbformat.read(path, as_version=4)
    try:
        with chdir(course.root):
            InstantiateTests(config=settings).preprocess(notebook, {"metadata": {"path": str(path.parent)}})
    except Exception as error:  # noqa: BLE001  (a kernel, YAML, templates: anything may be raised)
        said = (str(error).strip() or type(error).__name__).splitlines()[-1][:300].rstrip(".")
        raise InstructorError(f"{path}: nbgrader makes no tests of its AUTOTEST lines: {said}.") from None
    text: str = nbformat.writes(notebook)
    atomic_files.write(target, (text if text.endswith("\n") else f"{text}\n").encode())
