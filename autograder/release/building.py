"""Put a release together: every file as bytes first, then the folder in one go."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autograder.assignment.declaration import Assignment
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.local.kit import KIT, OURS, kit_files
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.variants import Variant, filled
from autograder.datasets import DataSet
from autograder.loader import Loaded, reference_notebook, template
from autograder.markers import cut, regions
from autograder.notebooks import read
from autograder.notebooks.markdown import solved_lines
from autograder.notebooks.source import source_of
from autograder.notebooks.stubs import release_notebook
from autograder.release.leaks import (
    Secret,
    Secrets,
    bare,
    numbers,
    refuse_leaks,
    refuse_model_answers,
    solution_lines,
    telling,
)
from autograder.release.predictions import examples_of, readme_of, refuse_labels
from autograder.release.public_tests import PublicTests
from autograder.release.writing import RECORD, record_of, write_release
from autograder.scoring import shown
from autograder.settings import python_text, utf8_text

__all__ = ["build", "contents", "stub_text"]

_PACKAGES = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "PyYAML", "cv2": "opencv-python"}
_INI = """\
[pytest]
testpaths = test_public.py
python_files = test_public.py
addopts = --tb=short
markers =
    question(id, title): the question of the handout that a test belongs to.
"""


def stub_text(source: str, file: str) -> str:
    """The stub of a module: see `autograder.markers.cut`."""
    return cut(source, file)


def build(
    loaded: Loaded, out: Path, dataset: DataSet | None = None, variant: Variant | None = None
) -> tuple[Path, ...]:
    """Write a release as a whole; what an earlier one wrote and this one does not is gone, what was added stays.

    Args:
        loaded: the assignment with its reference.
        out: the folder, such as ``release/backprop``; made if it is not there.
        dataset: the assignment's; students get the given and the public part of one of the course's own.
        variant: of the student that it is for; the example where it is for nobody.

    Returns:
        The files of the release, sorted.

    Raises:
        InstructorError: the release would show a solution or a hidden check, or cannot be made from the reference.
        UsageError: `out` holds something else than an earlier release, or cannot be written.
    """
    files = contents(loaded, dataset, variant)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "test_public.py").is_file())):
        raise UsageError(f"{out} is there and is no earlier release; name an empty folder, or remove it yourself.")
    write_release(files, out)
    return tuple(sorted(out / path for path in files))


def contents(loaded: Loaded, dataset: DataSet | None = None, variant: Variant | None = None) -> dict[str, bytes]:
    """Every file of a release, path to content, sorted by path; the same bytes from the same course.

    Of all variants it holds the student's own alone, or the example, which is nobody's.

    Raises:
        InstructorError: as `build`.
    """
    assignment = loaded.assignment
    variant = variant or loaded.example_variant
    drawn = variant.everything if variant else {}
    sources = {file: _module(loaded, file) for file in (*assignment.files, *assignment.given)}
    modules = {Path(file).stem for file in (*sources, *drawn)}
    for file in assignment.given:
        if found := regions(sources[file], file):
            raise InstructorError(
                f"{loaded.reference_folder / file}:{found[0].first}: a given file holds a solution; "
                "name it among the files to be handed in, or remove the markers."
            )
    own_data = dataset.handed_out if dataset else {}
    script = loaded.folder / "assignment.py"
    tests = PublicTests(
        python_text(script),
        str(script),
        assignment,
        loaded.interface.names,
        loaded.interface.classes,
        _packages(sources.values()) - modules,
    )
    own = {
        "README.md": _readme(assignment, tuple(own_data), variant),
        "conftest.py": _conftest(loaded.interface.names, assignment),
        "handout.md": filled(_handout(loaded), variant, "handout.md"),
        "pytest.ini": _INI,
        "requirements.txt": "".join(f"{name}\n" for name in _requirements(sources, tests.text(), modules)),
        "test_public.py": tests.text(),
        **{
            file: filled(stub_text(source, str(loaded.reference_folder / file)), variant, file)
            for file, source in sources.items()
            if not is_notebook(file)
        },
    }
    files = {path: text.encode() for path, text in own.items()}
    for file in filter(is_notebook, sources):
        content = reference_notebook(loaded, file, variant)
        files[file] = release_notebook(content, file, assignment.cells_of(file), tests.asked)
    files |= {file: template(loaded, file, variant).encode() for file in assignment.answers if file.endswith(".md")}
    files |= {file: (loaded.reference_folder / file).read_bytes() for file in assignment.extra_files}
    files |= drawn
    files |= examples_of(assignment.predictions)
    for file in own_data:
        if file in files or file.partition("/")[0] in OURS:
            raise InstructorError(f"A part of the data set {assignment.data!r} is called {file}, as another file is.")
    files |= own_data
    refuse_labels(files, assignment.predictions)
    refuse_leaks(files, _secrets(loaded, sources, tests, variant.module if variant else ""))
    refuse_model_answers(files, own["handout.md"], loaded, assignment.extra_files)
    return dict(sorted({**files, RECORD: record_of(files), **kit_files()}.items()))


def _module(loaded: Loaded, file: str) -> str:
    path = loaded.reference_folder / file
    if is_notebook(file):
        return source_of(read(path.read_bytes(), file)).text
    return python_text(path)


def _secrets(loaded: Loaded, sources: Mapping[str, str], tests: PublicTests, drawn: str) -> Secrets:
    """Telling lines of solutions, and all in assignment.py and hidden/ that is not public.

    Numbers among which variants are drawn are secret as well, but for those in `drawn`, the student's own.
    """
    secrets, given = solution_lines(sources)
    assignment = loaded.assignment
    hidden = {check.id for check in tests.assignment.checks if check.hidden}
    lines = tests.rows_without_hints
    shown = numbers("\n".join((*tests.lines, *given, drawn)))
    words: dict[str, Secret] = {}
    values: dict[float, Secret] = {}
    for statement in tests.private:
        name = getattr(statement, "name", "")
        what = "a hidden check" if name in hidden else "what only staff have"
        if name in hidden and "_" in name and name not in loaded.interface.names:
            words[name] = Secret(tests.file, statement.lineno, "the name of a hidden check")
        first = statement.lineno
        if name in hidden and isinstance(statement, ast.FunctionDef):  # its cases stand in its decorator
            first = min([first, *(each.lineno for each in statement.decorator_list)])
        for number in range(first, (statement.end_lineno or statement.lineno) + 1):
            line = bare(lines[number - 1])
            if telling(line) and line not in tests.lines and line not in given:
                secrets.setdefault(line, Secret(tests.file, number, what))
            for value in numbers(line) - shown:
                values.setdefault(value, Secret(tests.file, number, f"a number of {what}"))
    answers = [loaded.reference_folder / file for file in assignment.answers]
    for path in answers:
        if path.suffix == ".md":
            for number, line in solved_lines(utf8_text(path), path.name):
                if telling(bare(line)):
                    secrets.setdefault(bare(line), Secret(path.name, number, "the solution"))
    staff = sorted(path for path in (loaded.folder / "hidden").rglob("*") if path.is_file() and path.stat().st_size)
    staff += [path for path in answers if path.suffix == ".pdf" and path.is_file()]
    staff += [loaded.reference_folder / each.file for each in assignment.predictions]
    staff += [each.label_file for each in assignment.predictions if each.label_file]
    files = {path.read_bytes(): Secret(str(path), 1, "a file that only staff have") for path in staff}
    return Secrets(secrets, words, values, files)


def _handout(loaded: Loaded) -> str:
    path = loaded.folder / "handout.md"
    if not path.is_file():
        raise InstructorError(f"{path} does not exist; write what students read about the assignment there.")
    return utf8_text(path)


def _requirements(sources: Mapping[str, str], tests: str, own: set[str]) -> list[str]:
    """Packages that the modules and the tests import, by the names under which they are installed."""
    found = {"numpy", "pytest"} | (_packages((*sources.values(), tests)) - own)
    return sorted(_PACKAGES.get(name, name) for name in found)


def _packages(texts: Iterable[str]) -> frozenset[str]:
    """The packages that some texts of modules import."""
    found: set[str] = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            found |= {module.partition(".")[0] for module in modules}
    return frozenset(found - OURS - sys.stdlib_module_names)


def _conftest(names: Mapping[str, str], assignment: Assignment) -> str:
    seeded = "" if assignment.cell_seed is None else f", cell_seed={assignment.cell_seed}"
    ending = "" if assignment.run_on else ", run_on=False"
    table = "".join(f'    "{name}": "{file}",\n' for name, file in names.items())
    variant = _VARIANT if assignment.variants else ""
    return f'''"""What the tests are given: `student` (your code), `rng` (random numbers). Nothing to change here."""

from pathlib import Path

import pytest

try:
    import {KIT}  # beside this file
except ModuleNotFoundError:  # or else in the toolkit, if that is installed
    from autograder.checks.local.kit import use_installed

    use_installed()
from {KIT}.local import testing

FOLDER = Path(__file__).parent
NAMES = {{  # where each function and class is looked for
{table}}}


@pytest.fixture
def student():
    """Your code: `student.f(x)` calls your function f."""
    return testing.student_in(FOLDER, NAMES{seeded}{ending})


@pytest.fixture(autouse=True)
def rng(request):
    """Random numbers, the same in every run."""
    return testing.rng_for(request.node.name)

{variant}
@pytest.fixture
def attempted():
    """Fails for functions that are still to be written."""
    return lambda *solution: testing.attempted(FOLDER, NAMES, solution)


def pytest_pyfunc_call(pyfuncitem):
    """Tell in one sentence what is wrong."""
    return testing.call(pyfuncitem)
'''


_VARIANT = '''
@pytest.fixture
def variant():
    """What is yours in this assignment, as `variant.py` has it."""
    return testing.read_variant(FOLDER)

'''


def _readme(assignment: Assignment, data: Sequence[str], variant: Variant | None) -> str:
    files = "".join(f"- `{file}`: write your solution here and hand it in.\n" for file in assignment.files)
    files += "".join(f"- `{file}`: {_answers_in(file)}\n" for file in assignment.answers)
    files += "".join(
        f"- `{file}`: given; leave it as it is.\n" for file in (*assignment.given, *assignment.extra_files)
    )
    files += readme_of(assignment.predictions)
    files += "".join(f"- `{file}`: {_drawn(variant)}\n" for file in (variant.everything if variant else ()))
    folders = dict.fromkeys(f"{file.partition('/')[0]}/" if "/" in file else file for file in data)
    files += "".join(f"- `{file}`: data, with its labels.\n" for file in folders)
    return f"""# {assignment.title}

Read `handout.md` first.

{files}- `test_public.py`: the public tests; more tests are run when your work is graded.
- `{KIT}/`, `conftest.py`, `pytest.ini`: what the tests need; leave them as they are.

Install what is needed, then run the tests, in this folder:

    python -m pip install -r requirements.txt
    python -m pytest

{_in_notebook(assignment)}\
A question that is not written yet is reported as *not attempted*. To run the tests of one function only, name a word
of their names: `python -m pytest -k WORD`.
{_written(assignment)}"""


def _drawn(variant: Variant | None) -> str:
    """What a release says of a file that is one student's own."""
    if variant is None or variant.is_example:
        return "an example; every student is given other values, with which the work is graded."
    return "your own, with which your work is graded; leave it as it is, and hand in no other student's."


def _in_notebook(assignment: Assignment) -> str:
    """How to test a question in a notebook."""
    if not any(map(is_notebook, assignment.files)):
        return ""
    return """In the notebook, `check("a")` below question (a) runs the tests of that question on what its cells have
defined, and `check()` those of all questions; keep the notebook in this folder, beside all other files.

"""


def _answers_in(file: str) -> str:
    return "make it and hand it in." if file.endswith(".pdf") else "write your answers here and hand it in."


def _written(assignment: Assignment) -> str:
    """What people grade, and for what they give points."""
    if not assignment.written:
        return ""
    rows = []
    for each in assignment.written:
        items = "; ".join(f"{item.student} ({shown(item.points)})" for item in each.rubric)
        places = " or ".join(f"`{place}`" for place in each.places)
        rows.append(f"| {_cell(each.title)} | {places} | {shown(each.points)} | {_cell(items)} |\n")
    return f"""
## Written answers

People read these and give the points. Do not change the headings above your answers.

| answer | where | points | for |
|---|---|---|---|
{"".join(rows)}"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
