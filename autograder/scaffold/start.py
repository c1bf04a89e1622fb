"""The three folders of a new assignment, written at once or not at all."""

from __future__ import annotations

import ast
import keyword
import math
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.assignment.given_files import OWN
from autograder.checks.errors import InstructorError, UsageError
from autograder.checks.local.kit import OURS
from autograder.isolation.packaged_data import uses_packaged_data
from autograder.markers import BEGIN, END, regions
from autograder.scaffold import blank
from autograder.scaffold.reference import (
    Progress,
    Recipe,
    as_module,
    imports_of,
    modules_of,
    refuse_paths,
    tests_of,
    traced,
    wanted_functions,
)
from autograder.scaffold.tracing import examples_in
from autograder.scaffold.writing import DraftedCheck, Question, assignment_text, handout_text
from autograder.settings import python_text

__all__ = [
    "Recipe",
    "Started",
    "check_name",
    "module_name",
    "refuse",
    "start_blank",
    "start_from",
    "title_of",
    "why_renamed",
    "write_all",
]

LEAST_SECONDS = 5.0
MOST_GIVEN_MIB = 100
PRELOADED = {"matplotlib": "matplotlib.pyplot", "torch": "torch", "sklearn": "sklearn", "pandas": "pandas"}


@dataclass(frozen=True, slots=True)
class Started:
    """What was written, and what there is to say about it: the checks, notes, and whether the example was cut.

    `renamed` says why the module is not called as the assignment is, or is "".
    """

    files: tuple[Path, ...]
    questions: int = 0
    checks: int = 0
    points: float = 0
    notes: tuple[str, ...] = ()
    example: str = ""
    cut: bool = False
    renamed: str = ""


def start_blank(root: Path, name: str) -> Started:
    """Write a tiny solved reference, its assignment.py and its handout.md.

    Raises:
        UsageError: the name is none for a folder, or something is there already.
    """
    check_name(name)
    module = module_name(name)
    words = {"title": title_of(name), "module": module}
    files = {
        root / "reference" / name / f"{module}.py": blank.REFERENCE.format(**words),
        root / "assignments" / name / "assignment.py": blank.ASSIGNMENT.format(**words),
        root / "assignments" / name / "handout.md": blank.HANDOUT.format(**words),
    }
    refuse(name, [root / "reference" / name, root / "assignments" / name])
    return Started(write_all(files), questions=1, checks=2, points=3, renamed=why_renamed(name))


def start_from(
    root: Path,
    name: str,
    recipe: Recipe,
    stand_in: Mapping[str, Any] | None = None,
    progress: Progress = lambda function, done, total: None,  # noqa: ARG005
) -> Started:
    """Make a first assignment from a solved reference, by running its own example.

    Args:
        root: folder of the course.
        name: the new assignment.
        recipe: the reference, and how its example is run.
        stand_in: data files that the example may ask for and that do not lie beside it: name to path or bytes.
        progress: called several times a second with the function that is being drafted ("" during the example), how
            many are done, and how many there are.

    Raises:
        UsageError: no such file, no name for a folder, or something is there already.
        InstructorError: no solution region, no example, or the example raised; with file and line.
    """
    refuse_paths(recipe)
    if recipe.source.suffix == ".ipynb":
        return _from_notebook(root, name, recipe, stand_in or {}, progress)
    return _started(root, name, recipe, stand_in or {}, progress)


def _from_notebook(root: Path, name: str, recipe: Recipe, stand_in: Mapping[str, Any], progress: Progress) -> Started:
    """The same from a notebook: drafted from a module with its code, handed out and graded as the notebook."""
    notebook = recipe.source.resolve()
    text = as_module(notebook)
    with tempfile.TemporaryDirectory(prefix="autograder-new-") as place:
        module = Path(place) / f"{module_name(re.sub(r'[^A-Za-z0-9_]', '_', notebook.stem))}.py"
        for path in notebook.parent.iterdir():
            if path.suffix != ".ipynb" and path.name not in ("__pycache__", module.name):
                (Path(place) / path.name).symlink_to(path)
        module.write_text(text, encoding="utf-8")
        return _started(root, name, replace(recipe, source=module), stand_in, progress, notebook)


def _started(
    root: Path,
    name: str,
    recipe: Recipe,
    stand_in: Mapping[str, Any],
    progress: Progress,
    notebook: Path | None = None,
) -> Started:
    check_name(name)
    source = recipe.source.resolve()
    shown = notebook or recipe.source
    reference = (root / "reference" / name).resolve()
    folder = source if source.is_dir() else source.parent
    modules = modules_of(source)
    sources = {path.name: python_text(path) for path in modules}
    inside = (notebook.parent if notebook else folder) == reference
    refuse(name, [root / "assignments" / name, *([] if inside else [root / "reference" / name])])
    found = {file: regions(text, str(folder / file)) for file, text in sources.items()}
    expected, notes = wanted_functions(sources, found)
    if not any(found.values()):
        raise InstructorError(
            f"{shown} has no solution region, so there is nothing for students to write; "
            f"put '{BEGIN}' and '{END}' around what they shall write, each on a line of its own."
        )
    tests = tests_of(recipe.tests)
    if recipe.example is None and not tests and not any(map(examples_in, sources.values())):
        raise InstructorError(
            f"{shown} has no example to run; add a part 'if __name__ == \"__main__\":' that calls its "
            "functions, or name a script with --example, or tests with --tests."
        )
    home = notebook.parent if notebook else folder
    answer = traced(folder, home, sources, expected, recipe, stand_in, tests, progress)
    questions, more = _questions(answer, sources)
    copied, unfit = _given(home, answer["beside"], [notebook.name] if notebook else [])
    general = [*notes, *answer["notes"], *unfit]
    notes = [*general, *more]
    if not any(each.checks for each in questions):
        raise InstructorError(f"No check could be made from {shown}: {' '.join(notes)}")
    files = tuple(file for file, each in found.items() if each)
    given = (*(file for file in sources if file not in files), *copied)
    if notebook:
        files, given = (notebook.name,), copied
    cell = _cell_seconds(answer["example_seconds"]) if notebook and not answer["cut"] else 0
    title = title_of(name)
    text = assignment_text(
        title,
        questions,
        general,
        source=f"reference/{name} by `autograder new`",
        files=files,
        given=given,
        preload=_preload(sources),
        limits=_limits(sources, answer["seconds"], answer["mib"], cell),
        measured=_measured(answer, notebook),
        cell_seconds=cell,
        packaged_data=any(map(uses_packaged_data, sources.values())),
    )
    written: dict[Path, str | bytes] = {
        root / "assignments" / name / "assignment.py": text,
        root / "assignments" / name / "handout.md": handout_text(title, questions, sources, files),
    }
    if not inside and notebook:
        written[root / "reference" / name / notebook.name] = notebook.read_bytes()
    elif not inside:
        written |= {root / "reference" / name / file: each for file, each in sources.items()}
    if not inside:
        each_file = [path for file in copied for path in _files_of(home / file)]
        written |= {root / "reference" / name / path.relative_to(home): path.read_bytes() for path in each_file}
    return Started(
        write_all(written),
        sum(bool(each.checks) for each in questions),
        sum(len(each.checks) for each in questions),
        sum(each.points for each in questions),
        tuple(notes),
        answer["example"],
        answer["cut"],
    )


# --- what is there ---


def check_name(name: str) -> None:
    """Refuse what is no name for a folder of an assignment."""
    if not re.fullmatch(r"[A-Za-z][\w-]*", name):
        raise UsageError(
            f"{name!r} is no name for an assignment; begin with a letter, and use letters, digits, '-' and '_'."
        )


def module_name(name: str) -> str:
    """The name of an assignment's module, which hides none of Python's and of no installed package's."""
    module = name.replace("-", "_")
    return f"{module}_homework" if _what_it_would_be(module) else module


def why_renamed(name: str) -> str:
    """A sentence about a module that is not called as its assignment is; "" where it is."""
    module = name.replace("-", "_")
    what = _what_it_would_be(module)
    return f"The module is {module_name(name)}.py and not {module}.py, because {what}." if what else ""


def _what_it_would_be(module: str) -> str:
    """Why a file of the assignment cannot be called `module`; "" where it can."""
    if keyword.iskeyword(module):
        return f"{module!r} is a keyword of Python, which cannot be imported"
    if module in sys.stdlib_module_names:
        return f"it would hide the module {module!r} of Python's standard library"
    if module in (*packages_distributions(), "autograder"):
        return f"it would hide the installed package {module!r}"
    return ""


def title_of(name: str) -> str:
    """An assignment's name as words."""
    words = re.sub(r"[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def refuse(name: str, folders: Sequence[Path]) -> None:
    """Refuse to write into folders that hold something."""
    for folder in folders:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder} is there already; name another assignment than {name!r}, or remove it yourself."
            )


def _given(home: Path, files: Sequence[str], handed_in: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Files and folders beside the reference that are handed out as well, and a sentence where they cannot be."""
    fit = tuple(file for file in files if file not in (*OWN, *handed_in) and file.partition("/")[0] not in OURS)
    size = sum(path.stat().st_size for file in fit for path in _files_of(home / file)) / (1 << 20)
    if size > MOST_GIVEN_MIB:
        return (), [
            f"The reference reads {size:,.0f} MiB beside it ({', '.join(fit)}), more than the {MOST_GIVEN_MIB} MiB "
            "that a draft hands out: declare a Dataset, or name them in `given`."
        ]
    return fit, []


def _files_of(path: Path) -> list[Path]:
    return [each for each in sorted(path.iterdir()) if each.is_file()] if path.is_dir() else [path]


def _questions(answer: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[list[Question], list[str]]:
    questions, notes = [], []
    for each in answer["drafted"]:
        notes += each["notes"]
        own = tuple(note.removeprefix(f"{each['name']}: ") for note in each["notes"])
        checks = tuple(
            DraftedCheck(**{**check, "lines": tuple(check["lines"]), "parameters": tuple(check["parameters"])})
            for check in each["checks"]
        )
        if checks or own:
            questions.append(Question(each["name"], _about(each["name"], sources), checks, own))
    return questions, notes


def _about(name: str, sources: Mapping[str, str]) -> str:
    """A title for a question: the function's name, and the first words of its docstring where these are few."""
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name.rpartition(".")[2]:
                first = (ast.get_docstring(node) or "").split("\n\n")[0]
                text = re.split(r"(?<=\w)[.:;](?:\s|$)", " ".join(first.split()))[0].strip().rstrip(".")
                if 0 < len(text) <= 70:
                    return text
    return name


def _preload(sources: Mapping[str, str]) -> tuple[str, ...]:
    used = imports_of(sources)
    return ("numpy", *(package for name, package in PRELOADED.items() if name in used))


def _limits(sources: Mapping[str, str], seconds: float, mib: int, cell: int = 0) -> dict[str, float]:
    """Limits of a question: ten times what the reference took, and time to import packages where none is warm.

    With `cell` seconds for each cell of a notebook, two cells that never end leave as much time to all others.
    """
    heavy = 10 if imports_of(sources) & set(PRELOADED) else 0
    cpu = 5 * math.ceil((LEAST_SECONDS + heavy + 10 * seconds) / 5) + 3 * cell
    memory = max(256 * math.ceil(2 * mib / 256), 4096 if "torch" in imports_of(sources) else 1024)
    return {"wall_seconds": 4 * cpu, "cpu_seconds": cpu, "memory_mib": memory}


def _cell_seconds(example: float) -> int:
    """How long a cell may run: ten times what all cells of the reference took together, and never less than 5 s."""
    return 5 * math.ceil((LEAST_SECONDS + 10 * example) / 5)


def _measured(answer: Mapping[str, Any], notebook: Path | None) -> str:
    """What the limits were made from, in words."""
    cells = f" Its cells take {answer['example_seconds']:.2g} s." if notebook and not answer["cut"] else ""
    return f"The reference takes {answer['seconds']:.2g} s of CPU time and {answer['mib']} MiB in its checks.{cells}"


def write_all(files: Mapping[Path, str | bytes]) -> tuple[Path, ...]:
    """Write all files or none of them; their paths."""
    atomic_files.write_new({path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()})
    return tuple(files)
